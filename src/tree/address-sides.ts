/**
 * One side of a direction (cold): where its sets lie -> address classes, from nothing (address-classes.ts) or from those of
 * the last build (changed-classes.ts).
 *
 * In:  the places of the sets, as the rules stand.  Out: a BuiltSide; what is the same as before is the same object.
 */
import { NUMBERS, union } from '../rules/intervals.js';
import { buildClasses } from './address-classes.js';
import { type ClassChange, changeClasses } from './changed-classes.js';
import { EGRESS_SUBJECT, INGRESS_SUBJECT } from './lookup.js';
import type { Partition, Ranges } from './partition.js';
import type { Place, SetPlaces } from './set-places.js';

/** A side whose sets do not change keeps its classes, wherever others cut the lines. */
export interface BuiltSide {
  readonly list: readonly Place[];
  readonly classOf: Int32Array;
  readonly firsts: Int32Array;
  /** Distinct ones, and the ranges of each. */
  readonly sets: readonly Place[];
  readonly rangesOf: readonly Ranges[];
  /** As the list stands; the same array for as long as the classes are the same. */
  readonly ranges: readonly Ranges[];
  readonly ofNodes: boolean;
  /** null where it was built from nothing. */
  readonly change: (ClassChange & { readonly before: readonly Ranges[] }) | null;
  /** Words in the ranges of all sets: now, and when it was last built from nothing. */
  readonly words: number;
  readonly wordsOnce: number;
}

export const isSubjectSide = (word: number): boolean => word === EGRESS_SUBJECT || word === INGRESS_SUBJECT;

/** Sets that have come since are not where they would be by themselves: a quarter more words is enough of that. */
export const canKeep = (word: number, { words, wordsOnce, ofNodes }: BuiltSide, now: boolean): boolean =>
  words <= wordsOnce * 1.25 + MOST_MORE && (ofNodes === now || !isSubjectSide(word));

const MOST_MORE = 256;

export function buildSide(
  list: readonly Place[],
  places: SetPlaces,
  partition: Partition,
  only: Uint8Array | null,
): Omit<BuiltSide, 'ofNodes'> {
  const classOf = new Int32Array(partition.count);
  const sets = places.distinct(list);
  const { firsts, ranges: rangesOf } = buildClasses(places.pairs, sets, partition, only, classOf);
  const words = wordsIn(rangesOf);
  const ranges = rangesOfList(list, rangesOf);
  return { list, classOf, firsts, sets, rangesOf, ranges, change: null, words, wordsOnce: words };
}

/** @param side of the intervals of now */
export function changeSide(
  side: BuiltSide,
  list: readonly Place[],
  places: SetPlaces,
  partition: Partition,
  only: Uint8Array | null,
): BuiltSide {
  if (isSameList(side.list, list)) return side;
  const classOf = side.classOf.slice();
  const sets = places.distinct(list);
  const rangesBefore: (Ranges | null)[] = sets.map(() => null);
  let left = 0;
  side.sets.forEach((set, i) => {
    if (!places.isNumbered(set)) return;
    rangesBefore[set.number] = side.rangesOf[i]!;
    left++;
  });
  const isLess = left < side.sets.length;
  const before = { classes: side.firsts.length, rangesOf: rangesBefore, isLess };
  const { firsts, rangesOf, starts, origin } = changeClasses(before, sets, places.pairs, partition, only, classOf);
  return {
    list,
    classOf,
    firsts,
    sets,
    rangesOf,
    ranges: rangesOfList(list, rangesOf),
    ofNodes: side.ofNodes,
    change: { starts, origin, before: side.ranges },
    words: wordsIn(rangesOf),
    wordsOnce: side.wordsOnce,
  };
}

/** @param rangesOf by number of a place */
function rangesOfList(list: readonly Place[], rangesOf: readonly Ranges[]): Ranges[] {
  const together = new Map<Place, Ranges>();
  return list.map(place => {
    if (place.parts === null) return rangesOf[place.number]!;
    let ranges = together.get(place);
    if (ranges === undefined) {
      ranges = union(
        place.parts.map(({ number }) => rangesOf[number]!),
        NUMBERS,
      );
      together.set(place, ranges);
    }
    return ranges;
  });
}

function wordsIn(all: readonly Ranges[]): number {
  let words = 0;
  for (const { length } of all) words += length;
  return words;
}

export function moveSide(side: BuiltSide, cameFrom: Int32Array, count: number): BuiltSide {
  const { classOf, firsts } = side;
  const moved = new Int32Array(count);
  const movedFirsts = new Int32Array(firsts.length);
  for (let i = count - 1; i >= 0; i--) {
    const cls = classOf[cameFrom[i]!]!;
    moved[i] = cls;
    if (cls >= 0) movedFirsts[cls] = i;
  }
  return { ...side, classOf: moved, firsts: movedFirsts };
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
