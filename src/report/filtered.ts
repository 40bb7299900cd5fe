/**
 * A report of the packets that an expression lets through (hot): for formats that know packets, not columns.
 *
 * In:  batches.  Out: to the report behind it, each stretch of packets that pass, one behind the other, as a batch of its own.
 */
import type { Expression } from '../where/expression.js';
import { PACKET_COLUMNS } from './packet-columns.js';
import { PacketRow } from './packet-row.js';
import { partOf } from './part-of-batch.js';
import { rowTest } from './records.js';
import type { Report } from './report.js';

export function createFiltered(report: Report, where: Expression): Report {
  const wanted = rowTest(where, PACKET_COLUMNS);
  let row: PacketRow;
  return {
    begin(context) {
      row = new PacketRow(context);
      report.begin(context);
    },
    async batch(frames, packets, verdicts, first) {
      const { count } = verdicts;
      row.batch(frames, packets, verdicts, first);
      for (let from = 0; from < count; from++) {
        let to = from;
        while (to < count && passes(to)) to++;
        if (to === count && from === 0) await report.batch(frames, packets, verdicts, first);
        else if (to > from) {
          const part = partOf(frames, packets, verdicts, from, to);
          await report.batch(part.frames, part.packets, part.verdicts, first + from);
        }
        from = to;
      }
    },
    flush: () => report.flush?.(),
    end: result => report.end(result),
  };

  function passes(i: number): boolean {
    row.at(i);
    return wanted(row);
  }
}
