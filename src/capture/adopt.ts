/**
 * Batches moved into a memory that others share: what a reader with memory of its own gives to the fast path.
 *
 * In:  a batch.  Out: the same frames in that memory; as it is where it lies there already, or where it is too long for it.
 * Two copies alternate, as a reader's slots do: one stays valid until the second batch after it.
 */
import type { Memory } from '../memory/memory.js';
import type { FrameBatch } from './frame.js';

/** Arrays of `frames` frames with `length` bytes, in a memory. */
export const newFrameBatch = (memory: Memory, frames: number, length: number): FrameBatch => ({
  count: 0,
  bytes: memory.uint8(length),
  offset: memory.int32(frames),
  captured: memory.int32(frames),
  original: memory.int32(frames),
  seconds: memory.float64(frames),
  nanoseconds: memory.int32(frames),
  interfaceIndex: memory.int32(frames),
});

/** Where the last frame's bytes end. */
export const endOfFrames = ({ count, offset, captured }: FrameBatch): number =>
  count === 0 ? 0 : offset[count - 1]! + captured[count - 1]!;

/** All but the bytes. */
export function copyFrames(from: FrameBatch, to: FrameBatch): void {
  const { count } = from;
  to.count = count;
  to.offset.set(from.offset.subarray(0, count));
  to.captured.set(from.captured.subarray(0, count));
  to.original.set(from.original.subarray(0, count));
  to.seconds.set(from.seconds.subarray(0, count));
  to.nanoseconds.set(from.nanoseconds.subarray(0, count));
  to.interfaceIndex.set(from.interfaceIndex.subarray(0, count));
}

export function createAdoption(memory: Memory, frames: number, length: number): (batch: FrameBatch) => FrameBatch {
  const copies = [newFrameBatch(memory, frames, length), newFrameBatch(memory, frames, length)] as const;
  let turn = 0;
  return batch => {
    const { count } = batch;
    const copy = copies[turn]!;
    if (count === 0 || batch.offset.buffer === copy.offset.buffer) return batch;
    const end = endOfFrames(batch);
    if (end > length || count > frames) return batch;
    turn = 1 - turn;
    copy.bytes.set(batch.bytes.subarray(0, end));
    copyFrames(batch, copy);
    return copy;
  };
}
