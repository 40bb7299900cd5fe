/**
 * csv as RFC 4180 has it: a line of names, then a line a record, all ended by CR LF.
 *
 * A value that is not there is an empty cell; an empty text is `""`. Lists are joined by `;`.
 */
import type { Value } from '../where/field.js';
import { type CellForm, cellsOf, LINE, LIST_SEPARATOR } from './cells.js';
import type { Column } from './columns.js';
import { csvCell } from './csv-cell.js';
import { LineBuffer } from './line-buffer.js';
import type { RowWriter } from './records.js';
import type { Output } from './report.js';

const CSV: CellForm = { nothing: '', quote: '', text: value => csvText(value) };

function csvText(value: Exclude<Value, null>): string {
  const text = typeof value === 'object' ? value.join(LIST_SEPARATOR) : String(value);
  return text === '' ? '""' : csvCell(text);
}

export function createCsv<Row>(output: Output, columns: readonly Column<Row>[]): RowWriter<Row> {
  const line = new LineBuffer(output);
  const cells = cellsOf(columns, CSV, column => (column === 0 ? '' : ','));
  return {
    begin() {
      output.write(`${columns.map(({ name }) => name).join()}\r\n`);
    },
    row(row) {
      line.reserve(LINE);
      for (let i = 0; i < cells.length; i++) cells[i]!(line, row);
      line.ascii('\r\n');
    },
    flush: () => line.flush(),
    end() {
      line.flush();
    },
  };
}
