/**
 * A line of addresses (cold), one a family: where owners and sets of rules cut it.
 *
 * In:  the addresses of owners, then for every build the borders that sets put between.  Out: rising interval starts.
 * Starts that owners make are numbered once; a build only shifts them by what stands between.
 */
import type { Coordinate } from '../rules/intervals.js';

export interface Family<T extends Coordinate> {
  readonly zero: T;
  readonly max: T;
  /** Index of the last start that is not above x, at or behind `from`. */
  find(starts: readonly T[], x: T, from: number): number;
  /** Line.search() of a set. */
  findAll(starts: readonly T[], set: readonly T[], strange: T[]): Int32Array;
  after(x: T): T;
  /** The same array, sorted. */
  sorted(values: T[]): T[];
}

/** Numbers and bigints have a search each: one for both would compare as slowly as it can. */
function find4(starts: readonly number[], x: number, from: number): number {
  let lo = from;
  let hi = starts.length;
  for (let step = 1; lo + step < hi; step *= 2) {
    if (starts[lo + step]! > x) {
      hi = lo + step;
      break;
    }
    lo += step;
  }
  while (hi - lo > 1) {
    const mid = (lo + hi) >>> 1;
    if (starts[mid]! <= x) lo = mid;
    else hi = mid;
  }
  return lo;
}

function find6(starts: readonly bigint[], x: bigint, from: number): number {
  let lo = from;
  let hi = starts.length;
  while (hi - lo > 1) {
    const mid = (lo + hi) >>> 1;
    if (starts[mid]! <= x) lo = mid;
    else hi = mid;
  }
  return lo;
}

export const FAMILY4: Family<number> = {
  zero: 0,
  max: 0xffffffff,
  find: find4,
  findAll(starts, set, strange) {
    const pairs = new Int32Array(set.length);
    let from = 0;
    for (let i = 0; i < set.length; i++) {
      // Behind the last address of an interval; most are one address, and its end is the next start.
      const border = set[i]! + (i & 1);
      if (border > 0xffffffff) pairs[i] = starts.length;
      else {
        from = starts[from + 1] === border ? from + 1 : find4(starts, border, from);
        if (starts[from] !== border) strange.push(border);
        pairs[i] = from;
      }
    }
    return pairs;
  },
  after: x => x + 1,
  sorted(values) {
    const typed = new Float64Array(values).sort();
    for (let i = 0; i < typed.length; i++) values[i] = typed[i]!;
    return values;
  },
};

export const FAMILY6: Family<bigint> = {
  zero: 0n,
  max: (1n << 128n) - 1n,
  find: find6,
  findAll(starts, set, strange) {
    const pairs = new Int32Array(set.length);
    let from = 0;
    for (let i = 0; i < set.length; i++) {
      if ((i & 1) === 1 && set[i] === FAMILY6.max) {
        pairs[i] = starts.length;
        continue;
      }
      const border = (i & 1) === 1 ? set[i]! + 1n : set[i]!;
      from = find6(starts, border, from);
      if (starts[from] !== border) strange.push(border);
      pairs[i] = from;
    }
    return pairs;
  },
  after: x => x + 1n,
  sorted: values => values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
};

export class Line<T extends Coordinate> {
  /** What owners make. */
  readonly base: readonly T[];
  /** All of the last build; the same array where nothing has moved. */
  starts: readonly T[];
  /** Place among `base` -> among `starts`; the last entry stands for the end of the line. */
  shifted: Int32Array;
  private between: readonly T[] = [];

  /** @param addresses that are an interval of their own */
  constructor(
    private readonly family: Family<T>,
    addresses: Iterable<T>,
  ) {
    const starts: T[] = [family.zero];
    for (const address of addresses) {
      starts.push(address);
      if (address < family.max) starts.push(family.after(address));
    }
    this.base = distinct(family.sorted(starts));
    this.starts = this.base;
    this.shifted = new Int32Array(this.base.length + 1);
    for (let i = 0; i <= this.base.length; i++) this.shifted[i] = i;
  }

  /** @param borders that no owner makes, in any order: from here on they are starts, and those of before are not */
  cut(borders: T[]): void {
    const between = distinct(this.family.sorted(borders));
    if (between.length === this.between.length && between.every((x, i) => x === this.between[i])) return;
    this.between = between;
    const { base } = this;
    const starts: T[] = [];
    const shifted = new Int32Array(base.length + 1);
    let next = 0;
    for (let i = 0; i < base.length; i++) {
      while (next < between.length && between[next]! < base[i]!) starts.push(between[next++]!);
      shifted[i] = starts.length;
      starts.push(base[i]!);
    }
    while (next < between.length) starts.push(between[next++]!);
    shifted[base.length] = starts.length;
    this.starts = starts;
    this.shifted = shifted;
  }

  /**
   * The set's intervals among the starts, as pairs [first, behind the last].
   * @param strange gets the borders that are no start
   */
  search(starts: readonly T[], set: readonly T[], strange: T[]): Int32Array {
    return this.family.findAll(starts, set, strange);
  }
}

function distinct<T>(sorted: readonly T[]): T[] {
  const out: T[] = [];
  for (const x of sorted) if (out.length === 0 || out[out.length - 1] !== x) out.push(x);
  return out;
}
