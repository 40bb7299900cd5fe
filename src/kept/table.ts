/**
 * Tables: packets and connections as rows that can be asked for by number, with the columns of the command line (cold).
 *
 * In:  a table, names of columns, row numbers.  Out: cells as text, those of csv without its quotes; null where there is no value.
 */
import { wordsText } from '../packet/text.js';
import { LIST_SEPARATOR } from '../report/cells.js';
import { type Column, chooseColumns } from '../report/columns.js';
import { createTimeText } from '../report/fields.js';

export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  /** Rows, from 0. */
  readonly count: number;
  /** The row, until the next call. Rows one behind the other come soonest. */
  moveTo(i: number): Row;
}

export type CellText = string | null;

/** A name that is no column's, or is there twice. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  constructor(
    readonly problem: string,
    readonly hint: string,
  ) {
    super(`${problem}; ${hint}`);
  }
}

export function columnsOf<Row>({ columns }: Table<Row>, names: readonly string[]): readonly Column<Row>[] {
  const chosen = chooseColumns(columns, names);
  if ('problem' in chosen) throw new FieldError(chosen.problem, chosen.hint);
  return chosen;
}

/** @param rows their numbers, in the order that is wanted */
export function cellsOf<Row>(table: Table<Row>, names: readonly string[], rows: Iterable<number>): CellText[][] {
  const texts = columnsOf(table, names).map(textOf);
  const cells: CellText[][] = [];
  for (const i of rows) {
    const row = table.moveTo(i);
    cells.push(texts.map(text => text(row)));
  }
  return cells;
}

function textOf<Row>(column: Column<Row>): (row: Row) => CellText {
  switch (column.from) {
    case 'number':
      return row => {
        const value = column.of(row);
        return Number.isNaN(value) ? null : String(value);
      };
    case 'time': {
      const timeOf = createTimeText();
      return row => timeOf(column.seconds(row), column.nanoseconds(row));
    }
    case 'address':
      return row => {
        const family = column.family(row);
        const [words, at] = [column.words(row), column.at(row)];
        return family === 0 ? null : wordsText(family, [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]);
      };
    case 'key':
      return row => {
        const value = column.of(row);
        if (value === null) return null;
        return typeof value === 'object' ? value.join(LIST_SEPARATOR) : String(value);
      };
  }
}
