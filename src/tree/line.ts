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
  after(x: T): T;
  /** The same array, sorted. */
  sorted(values: T[]): T[];
}

/** Numbers and bigints have a search each: one for both would compare as slowly as it can. */
export const FAMILY4: Family<number> = {
  zero: 0,
  max: 0xffffffff,
  find(starts, x, from) {
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
  find(starts, x, from) {
    let lo = from;
    let hi = starts.length;
    while (hi - lo > 1) {
      const mid = (lo + hi) >>> 1;
      if (starts[mid]! <= x) lo = mid;
      else hi = mid;
    }
    return lo;
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
    const { family } = this;
    const pairs = new Int32Array(set.length);
    let from = 0;
    for (let i = 0; i < set.length; i += 2) {
      const lo = set[i]!;
      from = family.find(starts, lo, from);
      if (starts[from] !== lo) strange.push(lo);
      pairs[i] = from;
      if (set[i + 1]! === family.max) {
        pairs[i + 1] = starts.length;
        continue;
      }
      const behind = family.after(set[i + 1]!);
      // Most sets are single addresses.
      from = starts[from + 1] === behind ? from + 1 : family.find(starts, behind, from);
      if (starts[from] !== behind) strange.push(behind);
      pairs[i + 1] = from;
    }
    return pairs;
  }
}

function distinct<T>(sorted: readonly T[]): T[] {
  const out: T[] = [];
  for (const x of sorted) if (out.length === 0 || out[out.length - 1] !== x) out.push(x);
  return out;
}
