/**
 * Columns of a row as text (hot): cells that csv and lines of JSON are put together from.
 *
 * In:  a column and a form.  Out: a function that writes a row's cell. What hangs on a key is encoded once.
 */
import { wordsText } from '../packet/text.js';
import type { Value } from '../where/field.js';
import type { Column } from './columns.js';
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

const encoder = new TextEncoder();

export function cellOf<Row>(column: Column<Row>, form: CellForm): Cell<Row> {
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
    case 'key':
      return keyedCell(column.key, row => {
        const value = column.of(row);
        return value === null ? form.nothing : form.text(value);
      });
  }
}

export function keyedCell<Row>(keyOf: (row: Row) => number, textOf: (row: Row) => string): Cell<Row> {
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
