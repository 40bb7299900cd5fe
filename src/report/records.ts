/**
 * Records: rows that a format writes, one a packet or one a connection (hot: called once a packet).
 *
 * In:  batches.  Out: every packet, or those that an expression lets through, as a row to a RowWriter.
 */
import { compileWhere } from '../where/compile.js';
import type { Expression } from '../where/expression.js';
import { bindTest, type Column, type PickedRows } from './columns.js';
import { PACKET_COLUMNS } from './packet-columns.js';
import { PacketRow } from './packet-row.js';
import type { ReplayContext, Report } from './report.js';

/** One file a format. A row is moved on when row() returns. */
export interface RowWriter<Row> {
  begin(context: ReplayContext): void;
  row(row: Row): void;
  /** In the place of row(): the `count` rows that were picked of a batch. */
  rows?(row: Row & PickedRows, count: number): void;
  /** As Report.flush. */
  flush?(): void;
  end(): void;
}

export function createPacketRecords(writer: RowWriter<PacketRow>, where: Expression | null): Report {
  const wanted = where === null ? null : rowTest(where, PACKET_COLUMNS);
  let row: PacketRow;
  return {
    begin(context) {
      row = new PacketRow(context);
      writer.begin(context);
    },
    batch(frames, packets, verdicts, first) {
      row.batch(frames, packets, verdicts, first);
      if (writer.rows !== undefined) {
        pick(verdicts.count);
        if (row.pickedCount > 0) writer.rows(row, row.pickedCount);
        return;
      }
      for (let i = 0; i < verdicts.count; i++) {
        row.at(i);
        if (wanted === null || wanted(row)) writer.row(row);
      }
    },
    flush: () => writer.flush?.(),
    end() {
      writer.end();
    },
  };

  function pick(count: number): void {
    if (wanted === null) {
      row.pickAll();
      return;
    }
    for (let i = 0; i < count; i++) {
      row.at(i);
      if (wanted(row)) row.pick(i);
    }
  }
}

/** @param columns those that the expression was parsed with */
export function rowTest<Row>(where: Expression, columns: readonly Column<Row>[]): (row: Row) => boolean {
  const byName = new Map(columns.map(column => [column.name, column]));
  return compileWhere<Row>(where, ({ name }, test) => bindTest(byName.get(name)!, test));
}
