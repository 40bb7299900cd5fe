/**
 * Batches that end where something changes.
 *
 * In:  what gives batches, and times.  Out: the same frames in the same order; no batch has frames from before a time and others
 * from it on, in the order of the frames: a time is over with the first frame that is not older.
 * Contract: the source's own; the parts of a batch are views of it.
 */
import type { FrameBatch, FrameSource } from './frame.js';

/** @param times seconds since 1970, ascending */
export function cutAt(next: FrameSource['next'], times: readonly number[]): FrameSource['next'] {
  let rest: FrameBatch | null = null;
  let passed = 0;

  function cut(batch: FrameBatch | null): FrameBatch | null {
    rest = null;
    if (batch === null) return null;
    const { seconds, nanoseconds, count } = batch;
    const time = (i: number): number => seconds[i]! + nanoseconds[i]! / 1e9;
    if (count > 0) while (passed < times.length && times[passed]! <= time(0)) passed++;
    if (passed === times.length) return batch;
    let end = 0;
    while (end < count && time(end) < times[passed]!) end++;
    if (end === count) return batch;
    rest = partOfFrames(batch, end, count);
    return partOfFrames(batch, 0, end);
  }

  return () => {
    if (rest !== null) return cut(rest);
    const pending = next();
    return pending instanceof Promise ? pending.then(cut) : cut(pending);
  };
}

/** Frames from..to-1: views of the same memory. */
export const partOfFrames = (batch: FrameBatch, from: number, to: number): FrameBatch => ({
  count: to - from,
  bytes: batch.bytes,
  offset: batch.offset.subarray(from, to),
  captured: batch.captured.subarray(from, to),
  original: batch.original.subarray(from, to),
  seconds: batch.seconds.subarray(from, to),
  nanoseconds: batch.nanoseconds.subarray(from, to),
  interfaceIndex: batch.interfaceIndex.subarray(from, to),
});
