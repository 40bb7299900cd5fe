/**
 * Regions (cold): boxes of the packet space, and how a term lies in one. Shared by the builders of both kinds of tree.
 */
import type { Ranges } from './address-table.js';
import type { Term } from './terms.js';

export const DISJOINT = 0;
export const PARTIAL = 1;
export const COVERS = 2;

/** low[d]..high[d] inclusive in every dimension. */
export interface Region {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export function cut(region: Region, dimension: number, threshold: number): [Region, Region] {
  const high = [...region.high];
  const low = [...region.low];
  high[dimension] = threshold;
  low[dimension] = threshold + 1;
  return [
    { low: region.low, high },
    { low, high: region.high },
  ];
}

/** How the set lies in lo..hi. */
export function relate(set: Ranges | null, lo: number, hi: number): number {
  if (set === null) return COVERS;
  const i = firstEndingAt(set, lo);
  if (i >= set.length || set[i]! > hi) return DISJOINT;
  return set[i]! <= lo && set[i + 1]! >= hi ? COVERS : PARTIAL;
}

/** Index of the first range that ends at or behind x. */
export function firstEndingAt(set: Ranges, x: number): number {
  let a = 0;
  let b = set.length >> 1;
  while (a < b) {
    const mid = (a + b) >>> 1;
    if (set[mid * 2 + 1]! < x) a = mid + 1;
    else b = mid;
  }
  return a * 2;
}

export function relateTerm(term: Pick<Term, 'sets'>, { low, high }: Region, from: number): number {
  let result = COVERS;
  for (let d = from; d < low.length; d++) {
    const relation = relate(term.sets[d]!, low[d]!, high[d]!);
    if (relation === DISJOINT) return DISJOINT;
    if (relation === PARTIAL) result = PARTIAL;
  }
  return result;
}

/**
 * The terms that can still decide in the region, in order. What is disjoint goes. Behind a term that covers the region
 * nothing of its tier can decide; and nothing at all, where it decides itself and no `pass` of its tier stands before it
 * that could lead around it. A `pass` that covers has no effect itself where nothing of its tier stands before it.
 * @param from the first dimension that counts: the ones before it are known to match
 */
export function trim(terms: readonly Term[], region: Region, from: number): Term[] {
  const kept: Term[] = [];
  let skipped = -1;
  let passing = -1;
  for (const term of terms) {
    if (term.tier === skipped) continue;
    const relation = relateTerm(term, region, from);
    if (relation === DISJOINT) continue;
    if (relation === COVERS) {
      skipped = term.tier;
      if (term.pass && (kept.length === 0 || kept[kept.length - 1]!.tier !== term.tier)) continue;
    }
    kept.push(term);
    if (term.pass) passing = term.tier;
    else if (relation === COVERS && passing !== term.tier) break;
  }
  return kept;
}
