/**
 * The capture's clock, watched (hot): how often time runs backwards from one frame to the next.
 *
 * In:  frames' times, and in `last` the seconds and nanoseconds of the frame before them.  Out: how often, and `last` moved on.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import type { FrameBatch } from './frame.js';

export function countStepsBack(
  count: number,
  seconds: Float64Array,
  nanoseconds: Int32Array,
  last: Float64Array,
): number {
  let lastSeconds = last[0]!;
  let lastNanoseconds = last[1]!;
  let back = 0;
  for (let i = 0; i < count; i++) {
    const s = seconds[i]!;
    const n = nanoseconds[i]! + 0.0;
    if (s < lastSeconds || (s === lastSeconds && n < lastNanoseconds)) back++;
    lastSeconds = s;
    lastNanoseconds = n;
  }
  last[0] = lastSeconds;
  last[1] = lastNanoseconds;
  return back;
}

/** From batch to batch. */
export class Clock {
  stepsBack = 0;
  readonly #last: Float64Array;
  readonly #count: typeof countStepsBack;

  /** @param count the loop for arrays of that memory */
  constructor(memory: Memory = OWN_MEMORY, count = countStepsBack) {
    this.#last = memory.float64(2);
    this.#last[0] = Number.NEGATIVE_INFINITY;
    this.#count = count;
  }

  watch({ count, seconds, nanoseconds }: FrameBatch): void {
    const run = seconds.buffer === this.#last.buffer ? this.#count : countStepsBack;
    this.stepsBack += run(count, seconds, nanoseconds, this.#last);
  }
}
