/**
 * Address classes (cold): the sets of one side of a direction -> classes of intervals that none of the sets tells apart.
 *
 * In:  the number of intervals, and each distinct set as ranges of them.  Out: a class number an interval, -1 where it does not count, and for every
 * set the ranges of class numbers it is made of.
 *
 * Partition refinement: every set splits the classes it cuts through. A set and its complement split alike, so the smaller
 * of the two is walked, and `0.0.0.0/0 except ...` over a hundred thousand pods costs what it leaves out. Large sets go
 * first, and the two halves of a class stay neighbours in a list that the numbers follow in the end: so sets that nest,
 * as teams, namespaces and workloads do, are one range of numbers each, however their addresses are scattered.
 *
 * What becomes of a class stays together in that list, so a set is the classes that it held behind its own split, each of
 * them one range of numbers in the end: no interval of it is looked at again.
 */

import type { Partition } from './partition.js';

/** Of pairs [first, behind the last] of interval numbers, rising, those at..end. */
interface Span {
  readonly at: number;
  readonly end: number;
}

export interface Classes {
  /** The first interval of each class. */
  readonly firsts: Int32Array;
  /** Set by set: sorted, disjoint, inclusive ranges of class numbers. */
  readonly ranges: readonly (readonly number[])[];
}

/**
 * @param sets distinct ones
 * @param partition of as many intervals as there are; it is used up
 * @param only intervals that count, null for all
 * @param classOf gets the class of each interval
 */
export function buildClasses(
  pairs: Int32Array,
  sets: readonly Span[],
  partition: Partition,
  only: Uint8Array | null,
  classOf: Int32Array,
): Classes {
  const { count } = partition;
  const sizes = sets.map(set => sizeOf(pairs, set));
  const bySize = sets.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const isOutside = (i: number): boolean => sizes[i]! * 2 > count;
  for (const i of bySize) {
    const { at, end } = sets[i]!;
    if (!isOutside(i)) partition.split(pairs, at, end);
    else {
      const outside = complement(pairs, sets[i]!, count);
      partition.split(outside, 0, outside.length);
    }
  }
  const firsts = partition.number(only, classOf);
  const ranges: (readonly number[])[] = sets.map(() => []);
  bySize.forEach((i, split) => {
    const held = partition.heldBy(split);
    ranges[i] = isOutside(i) ? withoutRanges(held, firsts.length) : held;
  });
  return { firsts, ranges };
}

function sizeOf(pairs: Int32Array, { at, end }: Span): number {
  let size = 0;
  for (let i = at; i < end; i += 2) size += pairs[i + 1]! - pairs[i]!;
  return size;
}

function complement(pairs: Int32Array, { at, end }: Span, count: number): Int32Array {
  const out = new Int32Array(end - at + 2);
  let used = 0;
  let from = 0;
  for (let i = at; i < end; i += 2) {
    if (pairs[i]! > from) {
      out[used++] = from;
      out[used++] = pairs[i]!;
    }
    from = pairs[i + 1]!;
  }
  if (from < count) {
    out[used++] = from;
    out[used++] = count;
  }
  return out.subarray(0, used);
}

/** 0..classes - 1 without the ranges. */
function withoutRanges(ranges: readonly number[], classes: number): number[] {
  const out: number[] = [];
  let from = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i]! > from) out.push(from, ranges[i]! - 1);
    from = ranges[i + 1]! + 1;
  }
  if (from < classes) out.push(from, classes - 1);
  return out;
}
