/**
 * A report of the packets that an expression lets through (hot): for formats that know packets, not columns.
 *
 * In:  batches.  Out: to the report behind it, each stretch of packets that pass, one behind the other, as a batch of its own.
 */
import type { FrameBatch } from '../capture/frame.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import type { Expression } from '../where/expression.js';
import { PACKET_COLUMNS } from './packet-columns.js';
import { PacketRow } from './packet-row.js';
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
          await report.batch(
            framesOf(frames, from, to),
            packetsOf(packets, frames, from, to),
            verdictsOf(verdicts, from, to),
            first + from,
          );
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

const framesOf = (frames: FrameBatch, from: number, to: number): FrameBatch => ({
  count: to - from,
  bytes: frames.bytes,
  offset: frames.offset.subarray(from, to),
  captured: frames.captured.subarray(from, to),
  original: frames.original.subarray(from, to),
  seconds: frames.seconds.subarray(from, to),
  nanoseconds: frames.nanoseconds.subarray(from, to),
  interfaceIndex: frames.interfaceIndex.subarray(from, to),
});

const packetsOf = (packets: PacketBatch, { original }: FrameBatch, from: number, to: number): PacketBatch => ({
  count: to - from,
  rows: packets.rows.subarray(from * STRIDE, to * STRIDE),
  duplicateOf: packets.duplicateOf.subarray(from, to),
  mayHoldCopies: packets.mayHoldCopies,
  wireBytes: original.subarray(from, to).reduce((sum, length) => sum + length, 0),
});

const verdictsOf = (verdicts: VerdictBatch, from: number, to: number): VerdictBatch => ({
  count: to - from,
  code: verdicts.code.subarray(from, to),
  decision: verdicts.decision.subarray(from, to),
  connection: verdicts.connection.subarray(from, to),
  packet: verdicts.packet.subarray(from, to),
  marks: verdicts.marks.subarray(from, to),
});
