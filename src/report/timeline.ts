/**
 * Traffic over time by verdict (hot): packets -> counts in at most BUCKETS spans of equal length.
 *
 * In:  batches in capture order.  Out: how many packets of each verdict each span has. How long a capture is nobody knows before
 * its end: when a packet comes behind the last span, spans are put together two by two until it fits. So memory does not
 * grow, and a capture fills half of the spans at least, unless it is shorter than them.
 */
import type { FrameBatch } from '../capture/frame.js';
import { CODES, type Verdict, type VerdictBatch, verdictOf } from '../verdict/verdict.js';

/** A power of two. */
export const BUCKETS = 256;
export const TIMELINE_VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];
const VERDICTS = 3;

export class Timeline {
  /** Of span `i` and verdict `v` (TIMELINE_VERDICTS): counts[i * 3 + v]. */
  readonly counts = new Float64Array(BUCKETS * VERDICTS);
  /** Of the first packet, in seconds since 1970, NaN before it; and its nanoseconds. */
  start = Number.NaN;
  startNanoseconds = 0;
  /** Of a span, in microseconds. */
  width = 1;
  /** Spans up to the last packet's. */
  used = 0;
  private readonly verdicts = Uint8Array.from({ length: CODES }, (_, code) =>
    TIMELINE_VERDICTS.indexOf(verdictOf(code)),
  );

  add(
    { seconds, nanoseconds }: Pick<FrameBatch, 'seconds' | 'nanoseconds'>,
    { code, count }: Pick<VerdictBatch, 'code' | 'count'>,
  ): void {
    if (count === 0) return;
    if (Number.isNaN(this.start)) {
      this.start = seconds[0]!;
      this.startNanoseconds = nanoseconds[0]!;
    }
    const { start, startNanoseconds, counts, verdicts } = this;
    let { width } = this;
    let last = this.used - 1;
    for (let i = 0; i < count; i++) {
      const after = (seconds[i]! - start) * 1e6 + (nanoseconds[i]! - startNanoseconds) / 1e3;
      let span = after > 0 ? Math.floor(after / width) : 0;
      if (span >= BUCKETS) {
        this.widen(span);
        width = this.width;
        last = this.used - 1;
        span = Math.floor(after / width);
      }
      if (span > last) {
        last = span;
        this.used = span + 1;
      }
      counts[span * VERDICTS + verdicts[code[i]!]!]!++;
    }
  }

  /** @param span of a packet, beyond the last one */
  private widen(span: number): void {
    const { counts } = this;
    for (let behind = span; behind >= BUCKETS; behind = Math.floor(behind / 2)) {
      for (let i = 0; i < BUCKETS / 2; i++) {
        for (let v = 0; v < VERDICTS; v++) {
          counts[i * VERDICTS + v] = counts[2 * i * VERDICTS + v]! + counts[(2 * i + 1) * VERDICTS + v]!;
        }
      }
      counts.fill(0, (BUCKETS / 2) * VERDICTS);
      this.width *= 2;
      this.used = Math.ceil(this.used / 2);
    }
  }
}
