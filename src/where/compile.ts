/**
 * An Expression -> one function of a row (hot where it is called).
 *
 * In:  an expression, and who turns a test of one field into a function of a row.  Out: whether a row passes. Tests are bound
 * once; `&&` and `||` stop at the first part that decides.
 */
import type { Expression, Test } from './expression.js';
import type { Field, Value } from './field.js';
import { matchValue } from './match.js';

export type RowTest<Row> = (row: Row) => boolean;
export type BindTest<Row> = (field: Field, test: Test) => RowTest<Row>;

export function compileWhere<Row>(expression: Expression, bind: BindTest<Row>): RowTest<Row> {
  switch (expression.kind) {
    case 'test':
      return bind(expression.field, expression.test);
    case 'not': {
      const part = compileWhere(expression.part, bind);
      return row => !part(row);
    }
    case 'and': {
      const parts = expression.parts.map(part => compileWhere(part, bind));
      return row => {
        for (let i = 0; i < parts.length; i++) if (!parts[i]!(row)) return false;
        return true;
      };
    }
    case 'or': {
      const parts = expression.parts.map(part => compileWhere(part, bind));
      return row => {
        for (let i = 0; i < parts.length; i++) if (parts[i]!(row)) return true;
        return false;
      };
    }
  }
}

/** For rows whose values stand under the fields' names; one that is not there is null. */
export const bindNamed: BindTest<Readonly<Record<string, Value | undefined>>> = ({ name }, test) => {
  const matches = matchValue(test);
  return row => matches(row[name] ?? null);
};
