/**
 * Changed classes (cold): the classes of a side of the last build, and its sets now -> its classes now.
 *
 * In:  classes of intervals, and of what ranges of them each set was made; the sets of now.  Out: exactly as many classes as
 * buildClasses() makes of those sets, in the order of before: only sets that were not there cut intervals, and classes that
 * nothing tells apart any more are put together. Numbers move, and a ClassChange says where to.
 *
 * A build from nothing walks every interval of every set, two million of them for ten thousand policies over twenty
 * thousand pods; this walks those of the new sets, and of all others the ranges of classes, which are a tenth of that. The order of before
 * lets rows of pairs move with the numbers (kept-rows.ts). It suits the sets of before better than those of now, so sets may
 * come to have more ranges than they need: address-table.ts begins anew now and then.
 */
import type { Partition, Ranges } from './partition.js';

/** Of pairs [first, behind the last] of interval numbers, rising, those at..end. */
interface Span {
  readonly at: number;
  readonly end: number;
}

export interface ClassesBefore {
  readonly classes: number;
  /** Of each set of now, the ranges that it was made of; null where it was not there. */
  readonly rangesOf: readonly (Ranges | null)[];
  /** There were sets that are not there now. */
  readonly isLess: boolean;
}

/** How class numbers have moved. */
export interface ClassChange {
  /** Class of before -> the first class behind those that stood before it; at the end the number of classes. */
  readonly starts: Int32Array;
  /** Class -> one of before that was in the same sets, of those that there were before. */
  readonly origin: Int32Array;
}

export interface ChangedClasses extends ClassChange {
  readonly firsts: Int32Array;
  /** Set by set. */
  readonly rangesOf: readonly Ranges[];
}

/**
 * @param sets distinct ones
 * @param pairs where sets that were not there lie
 * @param only intervals that count, null for all
 * @param classOf the class of before of each interval; gets that of now
 */
export function changeClasses(
  { classes, rangesOf: before, isLess }: ClassesBefore,
  sets: readonly Span[],
  pairs: Int32Array,
  partition: Partition,
  only: Uint8Array | null,
  classOf: Int32Array,
): ChangedClasses {
  partition.resume(classOf, classes);
  sets.forEach(({ at, end }, i) => {
    if (before[i] === null) partition.split(pairs, at, end);
  });
  const firsts = partition.number(only, classOf);
  const starts = partition.startsOf(classes);
  const isStill = isIdentity(starts);
  let added = 0;
  const rangesOf = before.map(ranges => {
    if (ranges === null) return partition.heldBy(added++);
    return isStill ? ranges : moveRanges(ranges, starts);
  });
  const cut = { firsts, rangesOf, starts, origin: originOf(starts) };
  return isLess ? mergeClasses(cut, partition, classOf) : cut;
}

/** Sets are gone: classes that the others do not tell apart become one, where the first of them stands. */
function mergeClasses(cut: ChangedClasses, partition: Partition, classOf: Int32Array): ChangedClasses {
  const count = cut.firsts.length;
  partition.clear(count);
  let pairs = new Int32Array(256);
  for (const ranges of cut.rangesOf) {
    if (ranges.length > pairs.length) pairs = new Int32Array(2 * ranges.length);
    for (let i = 0; i < ranges.length; i += 2) {
      pairs[i] = ranges[i]!;
      pairs[i + 1] = ranges[i + 1]! + 1;
    }
    partition.split(pairs, 0, ranges.length);
  }
  if (partition.classes >= count) return cut;
  const numberOf = new Int32Array(partition.classes).fill(-1);
  const merged = new Int32Array(count);
  const moved = new Int32Array(count + 1);
  const kept: number[] = [];
  for (let cls = 0; cls < count; cls++) {
    const label = partition.labelOf(cls);
    moved[cls] = kept.length;
    if (numberOf[label]! < 0) numberOf[label] = kept.push(cls) - 1;
    merged[cls] = numberOf[label]!;
  }
  moved[count] = kept.length;
  const firsts = new Int32Array(kept.length);
  for (let i = classOf.length - 1; i >= 0; i--) {
    if (classOf[i]! < 0) continue;
    const cls = merged[classOf[i]!]!;
    classOf[i] = cls;
    firsts[cls] = i;
  }
  return {
    firsts,
    rangesOf: cut.rangesOf.map(ranges => moveRanges(ranges, moved)),
    starts: cut.starts.map(cls => moved[cls]!),
    origin: Int32Array.from(kept, cls => cut.origin[cls]!),
  };
}

/** A set holds a class that is left where it held the first of those that became it, and that one's place is inside of its ranges. */
function moveRanges(ranges: Ranges, starts: Int32Array): Ranges {
  // A copy is as long as it is: what is pushed has room for twice as much, for as long as the set is there.
  const moved = ranges.slice();
  let used = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const lo = starts[ranges[i]!]!;
    const hi = starts[ranges[i + 1]! + 1]! - 1;
    if (lo > hi) continue;
    if (used > 0 && moved[used - 1] === lo - 1) moved[used - 1] = hi;
    else {
      moved[used++] = lo;
      moved[used++] = hi;
    }
  }
  moved.length = used;
  return moved;
}

function isIdentity(starts: Int32Array): boolean {
  for (let i = 0; i < starts.length; i++) if (starts[i] !== i) return false;
  return true;
}

function originOf(starts: Int32Array): Int32Array {
  const classes = starts.length - 1;
  const origin = new Int32Array(starts[classes]!);
  for (let cls = 0; cls < classes; cls++) origin.fill(cls, starts[cls]!, starts[cls + 1]!);
  return origin;
}
