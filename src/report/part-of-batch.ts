/**
 * Part of a batch as a batch of its own (cold): views of the same memory.
 *
 * In:  a judged batch, and which packets.  Out: frames, packets and verdicts of from..to-1.
 */
import { partOfFrames } from '../capture/cut-at.js';
import type { FrameBatch } from '../capture/frame.js';
import { type PacketBatch, STRIDE } from '../packet/row.js';
import type { VerdictBatch } from '../verdict/verdict.js';

export interface PartOfBatch {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
}

export const partOf = (
  frames: FrameBatch,
  packets: PacketBatch,
  verdicts: VerdictBatch,
  from: number,
  to: number,
): PartOfBatch => ({
  frames: partOfFrames(frames, from, to),
  packets: packetsOf(packets, frames, from, to),
  verdicts: verdictsOf(verdicts, from, to),
});

export const packetsOf = (packets: PacketBatch, { original }: FrameBatch, from: number, to: number): PacketBatch => ({
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
