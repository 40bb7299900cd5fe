/**
 * Lines of JSON with chosen columns (hot): `{"packet":1,"verdict":"dropped"}`. The first line names the schema, and in `notice`
 * says where a profile enforces nothing.
 */
import { noticeOf } from '../profile/profile.js';
import { type CellForm, cellsOf, LINE, type ObjectColumn } from './cells.js';
import type { Column } from './columns.js';
import { LineBuffer } from './line-buffer.js';
import type { RowWriter } from './records.js';
import type { Output } from './report.js';

const JSON_FORM: CellForm = { nothing: 'null', quote: '"', text: value => JSON.stringify(value) };

export function createJsonRows<Row>(
  output: Output,
  schema: string,
  columns: readonly (Column<Row> | ObjectColumn<Row>)[],
): RowWriter<Row> {
  const line = new LineBuffer(output);
  const encoder = new TextEncoder();
  const cells = cellsOf(columns, JSON_FORM, i => `${i === 0 ? '' : ','}"${columns[i]!.name}":`);
  let first = '';
  return {
    begin({ compiled }) {
      const notice = noticeOf(compiled.profile);
      first = `"schema":"${schema}",${notice === null ? '' : `"notice":${JSON.stringify(notice)},`}`;
    },
    row(row) {
      line.reserve(LINE);
      line.ascii('{');
      if (first !== '') {
        const bytes = encoder.encode(first);
        line.reserve(bytes.length + LINE);
        line.piece(bytes);
        first = '';
      }
      for (let i = 0; i < cells.length; i++) cells[i]!(line, row);
      line.ascii('}\n');
    },
    flush: () => line.flush(),
    end() {
      line.flush();
    },
  };
}
