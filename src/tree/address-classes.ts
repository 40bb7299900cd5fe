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

/**
 * Labels of intervals, equal exactly within a class; the labels are a list in which halves stay together. Its arrays are
 * large, so one serves for one side after the other.
 *
 * Every label stands for a node of the tree of splits: whole classes of some time, children behind their parents. A label
 * that is halved and its new half both get a new node, so that a node is what a class was at one time.
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
  /** By label. */
  private readonly nodeOf: Int32Array;
  /** By node, and in the end the classes that became of it: none where the last is before the first. */
  private readonly parent: Int32Array;
  private readonly firstClass: Int32Array;
  private readonly lastClass: Int32Array;
  /** Split by split, the nodes that its set is made of: held[heldFrom[split]..heldFrom[split + 1]). */
  private held = new Int32Array(1024);
  private heldFrom: number[] = [0];
  private head = 0;
  private labels = 1;
  private nodes = 1;

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
    this.nodeOf = new Int32Array(count);
    this.parent = new Int32Array(2 * count);
    this.firstClass = new Int32Array(2 * count);
    this.lastClass = new Int32Array(2 * count);
  }

  /** All intervals in one class. */
  clear(count: number): this {
    this.count = count;
    this.label.fill(0, 0, count);
    this.size[0] = count;
    this.next[0] = -1;
    this.previous[0] = -1;
    this.nodeOf[0] = 0;
    this.parent[0] = -1;
    this.heldFrom = [0];
    this.head = 0;
    this.labels = 1;
    this.nodes = 1;
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
    this.hold(met);
    for (let t = 0; t < met; t++) inside[touched[t]!] = 0;
    inside.fill(0, before, this.labels);
  }

  /** Notes what the set is made of. */
  private hold(met: number): void {
    const from = this.heldFrom[this.heldFrom.length - 1]!;
    if (from + met > this.held.length) {
      const larger = new Int32Array(2 * (from + met));
      larger.set(this.held);
      this.held = larger;
    }
    const { held, fresh, touched, nodeOf } = this;
    for (let t = 0; t < met; t++) held[from + t] = nodeOf[fresh[touched[t]!]!]!;
    this.heldFrom.push(from + met);
  }

  /** The half that the set holds stands beside the other, on the side where the list goes on with what the set holds. */
  private halve(old: number): void {
    const { next, previous, inside, size, nodeOf, parent } = this;
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
    parent[this.nodes] = nodeOf[old]!;
    parent[this.nodes + 1] = nodeOf[old]!;
    nodeOf[old] = this.nodes++;
    nodeOf[half] = this.nodes++;
  }

  /** @returns the first interval of each class */
  number(only: Uint8Array | null, classOf: Int32Array): Int32Array {
    const { label, count, labels, first, next, nodes, nodeOf, parent, firstClass, lastClass } = this;
    first.fill(-1, 0, labels);
    for (let interval = count - 1; interval >= 0; interval--) {
      if (only === null || only[interval] === 1) first[label[interval]!] = interval;
    }
    firstClass.fill(labels, 0, nodes);
    lastClass.fill(-1, 0, nodes);
    /** By label, where the list was that is done with. */
    const numbers = this.previous;
    const firsts = new Int32Array(labels);
    let classes = 0;
    for (let at = this.head; at >= 0; at = next[at]!) {
      if (first[at]! < 0) {
        numbers[at] = -1;
        continue;
      }
      numbers[at] = classes;
      firstClass[nodeOf[at]!] = classes;
      lastClass[nodeOf[at]!] = classes;
      firsts[classes++] = first[at]!;
    }
    for (let node = nodes - 1; node > 0; node--) {
      const above = parent[node]!;
      if (firstClass[node]! < firstClass[above]!) firstClass[above] = firstClass[node]!;
      if (lastClass[node]! > lastClass[above]!) lastClass[above] = lastClass[node]!;
    }
    for (let i = 0; i < count; i++) classOf[i] = only === null || only[i] === 1 ? numbers[label[i]!]! : -1;
    return firsts.slice(0, classes);
  }

  /** Sorted, disjoint, inclusive ranges of the class numbers of the set that was split so many splits behind the first. */
  heldBy(split: number): number[] {
    const { held, heldFrom, firstClass, lastClass } = this;
    const nodes: number[] = [];
    for (let i = heldFrom[split]!; i < heldFrom[split + 1]!; i++) {
      const node = held[i]!;
      if (lastClass[node]! >= 0) nodes.push(node);
    }
    // What a set is made of are different classes: no two have the same first one.
    if (nodes.length > 1) nodes.sort((a, b) => firstClass[a]! - firstClass[b]!);
    const out: number[] = [];
    for (const node of nodes) {
      if (out.length > 0 && out[out.length - 1] === firstClass[node]! - 1) out[out.length - 1] = lastClass[node]!;
      else out.push(firstClass[node]!, lastClass[node]!);
    }
    return out;
  }
}
