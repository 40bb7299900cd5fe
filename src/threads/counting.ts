/**
 * Counting of judged batches, by a thread that does not judge.
 *
 * In:  the ring, and how to count in compiled code.  Out: whether there was something to count. One thread counts at a time, in
 * order. It stops at what only the judge's thread can count (shared-counting.ts).
 */
import {
  COUNTED,
  COUNTING,
  type Entry,
  JUDGE_BELL,
  NOBODY,
  OTHER,
  type Ring,
  STUCK,
  STUCK_AT,
  SUBMITTED,
} from './ring.js';

/** Counts the first `packets` of an entry. @returns the first that was not counted, or how many there are */
export type Count = (entry: Entry, packets: number) => number;

/** @returns whether there was a batch to count */
export function countNext(ring: Ring, count: Count): boolean {
  if (ring.between(SUBMITTED, COUNTED) <= 0 || !ring.exchange(COUNTING, NOBODY, OTHER)) return false;
  const task = ring.get(COUNTED);
  const isLeft = ring.between(SUBMITTED, COUNTED) > 0;
  let isStuck = false;
  if (isLeft) {
    const batch = ring.taskOf(task);
    const packets = ring.countOf(batch);
    const counted = count(ring.entry(batch), packets);
    isStuck = counted < packets;
    if (isStuck) ring.set(STUCK_AT, counted);
    else ring.set(COUNTED, task + 1);
  }
  ring.set(COUNTING, isStuck ? STUCK : NOBODY);
  ring.ring(JUDGE_BELL);
  return isLeft;
}
