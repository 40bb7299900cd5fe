/**
 * Interval algebra: the set operations under AddressSet and PortSet (cold).
 *
 * In and out: flat, inclusive intervals [lo, hi, lo, hi, ...] over whole numbers or bigints. Results are canonical:
 * sorted, disjoint, non-adjacent. Operands of union, intersect, subtract and contains must be canonical; `canonical`
 * takes anything with lo <= hi. All operations sort or merge once: O(n log n) at most, whatever the overlap.
 */
export type Coordinate = number | bigint;

/** Steps along the line: what `+ 1` is for the type. */
export interface Line<T extends Coordinate> {
  after(x: T): T;
  before(x: T): T;
}

export const NUMBERS: Line<number> = { after: x => x + 1, before: x => x - 1 };
export const BIGINTS: Line<bigint> = { after: x => x + 1n, before: x => x - 1n };

/** Any intervals, in any order and overlapping -> the canonical form. */
export function canonical<T extends Coordinate>(flat: readonly T[], line: Line<T>): T[] {
  if (flat.length === 0) return [];
  const starts: number[] = [];
  for (let i = 0; i < flat.length; i += 2) starts.push(i);
  starts.sort((a, b) => (flat[a]! < flat[b]! ? -1 : flat[a]! > flat[b]! ? 1 : 0));
  const out: T[] = [];
  for (const i of starts) {
    const lo = flat[i]!;
    const hi = flat[i + 1]!;
    const last = out.length - 1;
    // Adjacent counts as overlapping: comparing `before(lo)` keeps the highest value of the line from overflowing.
    if (last > 0 && (lo <= out[last]! || line.before(lo) <= out[last]!)) {
      if (hi > out[last]!) out[last] = hi;
    } else {
      out.push(lo, hi);
    }
  }
  return out;
}

/** Whole numbers in any order -> the canonical form: typed arrays sort without asking. */
export function ofPoints(values: readonly number[]): number[] {
  const sorted = new Float64Array(values).sort();
  const out: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    const x = sorted[i]!;
    if (out.length > 0 && x <= out[out.length - 1]! + 1) out[out.length - 1] = x;
    else out.push(x, x);
  }
  return out;
}

/** Merged two by two, so that no set is sorted again. Of one set that is not empty it is that set. */
export function union<T extends Coordinate>(sets: readonly (readonly T[])[], line: Line<T>): readonly T[] {
  let left: (readonly T[])[] = sets.filter(set => set.length > 0);
  while (left.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i + 1 < left.length; i += 2) merged.push(merge(left[i]!, left[i + 1]!, line));
    left = left.length % 2 === 0 ? merged : [...merged, left[left.length - 1]!];
  }
  return left[0] ?? [];
}

function merge<T extends Coordinate>(a: readonly T[], b: readonly T[], line: Line<T>): T[] {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const isFirst = j >= b.length || (i < a.length && a[i]! <= b[j]!);
    const lo = isFirst ? a[i]! : b[j]!;
    const hi = isFirst ? a[i + 1]! : b[j + 1]!;
    if (isFirst) i += 2;
    else j += 2;
    const last = out.length - 1;
    // Adjacent counts as overlapping: comparing `before(lo)` keeps the highest value of the line from overflowing.
    if (last > 0 && (lo <= out[last]! || line.before(lo) <= out[last]!)) {
      if (hi > out[last]!) out[last] = hi;
    } else out.push(lo, hi);
  }
  return out;
}

export function intersect<T extends Coordinate>(a: readonly T[], b: readonly T[]): T[] {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const lo = a[i]! > b[j]! ? a[i]! : b[j]!;
    const hi = a[i + 1]! < b[j + 1]! ? a[i + 1]! : b[j + 1]!;
    if (lo <= hi) out.push(lo, hi);
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return out;
}

/** Whether any point is in both: the intervals of the smaller set are looked up in the larger. */
export function overlap<T extends Coordinate>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length > b.length) return overlap(b, a);
  let from = 0;
  for (let i = 0; i < a.length && from < b.length; i += 2) {
    from = firstEndingAt(b, a[i]!, from);
    if (from < b.length && b[from]! <= a[i + 1]!) return true;
  }
  return false;
}

/** Where the first interval begins, of those from a place on, that ends at x or behind it: in doubling steps, then halving. */
function firstEndingAt<T extends Coordinate>(set: readonly T[], x: T, from: number): number {
  const count = set.length / 2;
  let lo = from / 2;
  let step = 1;
  while (lo + step <= count && set[(lo + step) * 2 - 1]! < x) {
    lo += step;
    step *= 2;
  }
  let hi = Math.min(lo + step, count);
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (set[mid * 2 + 1]! < x) lo = mid + 1;
    else hi = mid;
  }
  return lo * 2;
}

/** a without b. */
export function subtract<T extends Coordinate>(a: readonly T[], b: readonly T[], line: Line<T>): T[] {
  const out: T[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let lo = a[i]!;
    const hi = a[i + 1]!;
    while (j < b.length && b[j + 1]! < lo) j += 2;
    let k = j;
    let gone = false;
    while (k < b.length && b[k]! <= hi) {
      if (b[k]! > lo) out.push(lo, line.before(b[k]!));
      if (b[k + 1]! >= hi) {
        gone = true;
        break;
      }
      lo = line.after(b[k + 1]!);
      k += 2;
    }
    if (!gone) out.push(lo, hi);
  }
  return out;
}

export function contains<T extends Coordinate>(set: readonly T[], x: T): boolean {
  let lo = 0;
  let hi = set.length / 2;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (set[mid * 2 + 1]! < x) lo = mid + 1;
    else hi = mid;
  }
  return lo * 2 < set.length && set[lo * 2]! <= x;
}
