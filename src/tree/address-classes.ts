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
 */

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
  for (const i of bySize) {
    const { at, end } = sets[i]!;
    if (sizes[i]! * 2 <= count) partition.split(pairs, at, end);
    else {
      const outside = complement(pairs, sets[i]!, count);
      partition.split(outside, 0, outside.length);
    }
  }
  const firsts = partition.number(only, classOf);
  const mark = new Int32Array(firsts.length);
  let stamp = 0;

  /** Class numbers that the intervals meet, each once, in any order. */
  function collect(pairs: Int32Array, at: number, end: number): number[] {
    const found: number[] = [];
    stamp++;
    for (let i = at; i < end; i += 2) {
      const last = pairs[i + 1]!;
      for (let interval = pairs[i]!; interval < last; interval++) {
        const cls = classOf[interval]!;
        if (cls < 0 || mark[cls] === stamp) continue;
        mark[cls] = stamp;
        found.push(cls);
      }
    }
    return found;
  }

  const ranges = sets.map((set, i) => {
    if (sizes[i]! * 2 <= count) return toRanges(collect(pairs, set.at, set.end));
    const outside = complement(pairs, set, count);
    return withoutRanges(toRanges(collect(outside, 0, outside.length)), firsts.length);
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

function toRanges(numbers: number[]): number[] {
  const sorted = numbers.length < 24 ? insertionSorted(numbers) : new Int32Array(numbers).sort();
  const out: number[] = [];
  for (const x of sorted) {
    if (out.length > 0 && out[out.length - 1] === x - 1) out[out.length - 1] = x;
    else out.push(x, x);
  }
  return out;
}

function insertionSorted(numbers: number[]): number[] {
  for (let i = 1; i < numbers.length; i++) {
    const x = numbers[i]!;
    let at = i;
    for (; at > 0 && numbers[at - 1]! > x; at--) numbers[at] = numbers[at - 1]!;
    numbers[at] = x;
  }
  return numbers;
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

/**
 * Labels of intervals, equal exactly within a class; the labels are a list in which halves stay together. Its arrays are
 * large, so one serves for one side after the other.
 */
export class Partition {
  private readonly label: Int32Array;
  private readonly size: Int32Array;
  /** How many intervals of a label the set at hand holds; 0 between sets. */
  private readonly inside: Int32Array;
  private readonly fresh: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly touched: Int32Array;
  private readonly first: Int32Array;
  private head = 0;
  private labels = 1;

  count = 0;

  /** @param most intervals */
  constructor(readonly most: number) {
    const count = most;
    this.label = new Int32Array(count);
    this.size = new Int32Array(count);
    this.inside = new Int32Array(count);
    this.fresh = new Int32Array(count);
    this.next = new Int32Array(count);
    this.previous = new Int32Array(count);
    this.touched = new Int32Array(count);
    this.first = new Int32Array(count);
  }

  /** All intervals in one class. */
  clear(count: number): this {
    this.count = count;
    this.label.fill(0, 0, count);
    this.size[0] = count;
    this.next[0] = -1;
    this.previous[0] = -1;
    this.head = 0;
    this.labels = 1;
    return this;
  }

  split(pairs: Int32Array, at: number, end: number): void {
    const { label, size, inside, fresh, touched } = this;
    let met = 0;
    for (let i = at; i < end; i += 2) {
      const last = pairs[i + 1]!;
      for (let interval = pairs[i]!; interval < last; interval++) {
        const old = label[interval]!;
        if (inside[old]!++ === 0) touched[met++] = old;
      }
    }
    const before = this.labels;
    for (let t = 0; t < met; t++) {
      const old = touched[t]!;
      fresh[old] = old;
      if (inside[old] !== size[old]) this.halve(old);
    }
    if (this.labels > before) {
      for (let i = at; i < end; i += 2) {
        const last = pairs[i + 1]!;
        for (let interval = pairs[i]!; interval < last; interval++) label[interval] = fresh[label[interval]!]!;
      }
    }
    for (let t = 0; t < met; t++) inside[touched[t]!] = 0;
    inside.fill(0, before, this.labels);
  }

  /** The half that the set holds stands beside the other, on the side where the list goes on with what the set holds. */
  private halve(old: number): void {
    const { next, previous, inside, size } = this;
    const half = this.labels++;
    this.fresh[old] = half;
    inside[half] = inside[old]!;
    size[half] = inside[old]!;
    size[old]! -= inside[old]!;
    const before = previous[old]!;
    const behind = next[old]!;
    const goesBefore = before >= 0 && inside[before]! > 0 && !(behind >= 0 && inside[behind]! > 0);
    const left = goesBefore ? before : old;
    const right = goesBefore ? old : behind;
    previous[half] = left;
    next[half] = right;
    if (left >= 0) next[left] = half;
    else this.head = half;
    if (right >= 0) previous[right] = half;
  }

  /** @returns the first interval of each class */
  number(only: Uint8Array | null, classOf: Int32Array): Int32Array {
    const { label, count, labels, first, next } = this;
    first.fill(-1, 0, labels);
    for (let interval = count - 1; interval >= 0; interval--) {
      if (only === null || only[interval] === 1) first[label[interval]!] = interval;
    }
    /** By label, where the list was that is done with. */
    const numbers = this.previous;
    const firsts = new Int32Array(labels);
    let classes = 0;
    for (let at = this.head; at >= 0; at = next[at]!) {
      numbers[at] = first[at]! < 0 ? -1 : classes;
      if (first[at]! >= 0) firsts[classes++] = first[at]!;
    }
    for (let i = 0; i < count; i++) classOf[i] = only === null || only[i] === 1 ? numbers[label[i]!]! : -1;
    return firsts.slice(0, classes);
  }
}
