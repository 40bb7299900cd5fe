/**
 * Columns of a row as text (hot): cells that csv and lines of JSON are put together from.
 *
 * In:  a column and a form.  Out: a function that writes a row's cell. What hangs on a key is encoded once.
 */
import { wordsText } from '../packet/text.js';
import type { Value } from '../where/field.js';
import type { Column, KeyedSource } from './columns.js';
import { createTimeText } from './fields.js';
import type { LineBuffer } from './line-buffer.js';

/** How values look. */
export interface CellForm {
  readonly nothing: string;
  /** Stands around times and addresses. */
  readonly quote: string;
  text(value: Exclude<Value, null>): string;
}

/** Bytes that a line may have besides cells that reserve their own. */
export const LINE = 4096;

export type Cell<Row> = (line: LineBuffer, row: Row) => void;

/** A value that is an object, and hangs on a key: only JSON has a form for it. */
export interface ObjectColumn<Row> {
  readonly name: string;
  readonly from: 'object';
  key(row: Row): number;
  of(row: Row): object | null;
}

type Keyed<Row> = KeyedSource<Row> | ObjectColumn<Row>;

const encoder = new TextEncoder();

/**
 * The cells of a line in their order. Neighbours that hang on the same key are one cell.
 * @param before what stands before each column's value
 */
export function cellsOf<Row>(
  columns: readonly (Column<Row> | ObjectColumn<Row>)[],
  form: CellForm,
  before: (column: number) => string,
): readonly Cell<Row>[] {
  const cells: Cell<Row>[] = [];
  let at = 0;
  while (at < columns.length) {
    const column = columns[at]!;
    const text = before(at);
    at++;
    if (column.from !== 'key' && column.from !== 'object') {
      cells.push(fixedCell(text), cellOf(column, form));
      continue;
    }
    const alike: (readonly [string, Keyed<Row>])[] = [[text, column]];
    for (let next = columns[at]; at < columns.length; next = columns[++at]) {
      if ((next?.from !== 'key' && next?.from !== 'object') || next.key !== column.key) break;
      alike.push([before(at), next]);
    }
    cells.push(
      keyedCell(column.key, row => alike.map(([prefix, each]) => prefix + valueText(each, row, form)).join('')),
    );
  }
  return cells;
}

function valueText<Row>(column: Keyed<Row>, row: Row, form: CellForm): string {
  if (column.from === 'object') return JSON.stringify(column.of(row));
  const value = column.of(row);
  return value === null ? form.nothing : form.text(value);
}

function fixedCell<Row>(text: string): Cell<Row> {
  const bytes = encoder.encode(text);
  return line => line.piece(bytes);
}

function cellOf<Row>(column: Exclude<Column<Row>, KeyedSource<Row>>, form: CellForm): Cell<Row> {
  const nothing = encoder.encode(form.nothing);
  const { quote } = form;
  switch (column.from) {
    case 'number':
      return (line, row) => {
        const value = column.of(row);
        if (Number.isNaN(value)) line.piece(nothing);
        else line.number(value);
      };
    case 'time': {
      const timeOf = createTimeText();
      return (line, row) => {
        const text = timeOf(column.seconds(row), column.nanoseconds(row));
        if (text === null) line.piece(nothing);
        else line.ascii(quote + text + quote);
      };
    }
    case 'address':
      return (line, row) => {
        const family = column.family(row);
        if (family === 0) line.piece(nothing);
        else line.ascii(quote + addressOf(family, column.words(row), column.at(row)) + quote);
      };
  }
}

function keyedCell<Row>(keyOf: (row: Row) => number, textOf: (row: Row) => string): Cell<Row> {
  const pieces: Uint8Array[] = [];
  return (line, row) => {
    const key = keyOf(row);
    pieces[key] ??= encoder.encode(textOf(row));
    const piece = pieces[key];
    line.reserve(piece.length + LINE);
    line.piece(piece);
  };
}

const addressOf = (family: number, words: Int32Array, at: number): string =>
  wordsText(family, [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]);

/** A list in one cell. */
export const LIST_SEPARATOR = ';';
