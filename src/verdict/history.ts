/**
 * The last verdicts, for copies of packets (hot): a copy seen on another interface gets its first one's.
 *
 * In:  a batch of verdicts when it is done; a first packet's place.  Out: its verdict at another place of a batch.
 * A ring by packet number; batches enter it whole, so that a packet without copies costs nothing.
 */
import { MARK_DUPLICATE, MARK_FIRST, type VerdictBatch } from './verdict.js';

/** Verdicts kept (packet/duplicates.ts looks back milliseconds); a power of two, and more than a batch holds. */
export const HISTORY = 1 << 16;

type Verdicts = Pick<VerdictBatch, 'code' | 'decision' | 'connection' | 'marks'>;

export class History {
  /** Packet number n stands at n & (HISTORY - 1). */
  readonly past: Verdicts = {
    code: new Uint8Array(HISTORY),
    decision: new Int32Array(HISTORY),
    connection: new Int32Array(HISTORY),
    marks: new Uint8Array(HISTORY),
  };

  /** @param before number of the last packet before the batch */
  add(before: number, batch: VerdictBatch): void {
    for (let from = 0; from < batch.count; ) {
      const at = (before + 1 + from) & (HISTORY - 1);
      const to = Math.min(batch.count, from + HISTORY - at);
      this.past.code.set(batch.code.subarray(from, to), at);
      this.past.decision.set(batch.decision.subarray(from, to), at);
      this.past.connection.set(batch.connection.subarray(from, to), at);
      this.past.marks.set(batch.marks.subarray(from, to), at);
      from = to;
    }
  }

  /** Gives out[i] the verdict of from[at], as a copy's. */
  copy(from: Verdicts, at: number, i: number, out: VerdictBatch): void {
    out.code[i] = from.code[at]!;
    out.decision[i] = from.decision[at]!;
    out.connection[i] = from.connection[at]!;
    out.marks[i] = (from.marks[at]! & ~MARK_FIRST) | MARK_DUPLICATE;
  }
}
