/**
 * Partition refinement (cold): intervals in classes, every set cuts those that it holds in part (address-classes.ts).
 *
 * In:  sets as pairs [first, behind the last] of interval numbers, one after the other.  Out: a class number an interval,
 * and the ranges of class numbers that each set is made of. An instance serves one side after the other: clear() or
 * resume(), split() set by set, number(), and then what heldBy() and startsOf() tell.
 */
/** Sorted, disjoint, inclusive ranges [lo, hi, lo, hi, ...] of class numbers or interval indices. */
export type Ranges = readonly number[];

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

  /**
   * Classes as they were numbered before, in their order; intervals without one are one more class behind them.
   * @param most is more than intervals and classes together
   */
  resume(classOf: Int32Array, classes: number): this {
    const { label, size, next, previous, nodeOf, parent } = this;
    const count = classOf.length;
    const labels = classes + 1;
    size.fill(0, 0, labels);
    for (let i = 0; i < count; i++) {
      const cls = classOf[i]! < 0 ? classes : classOf[i]!;
      label[i] = cls;
      size[cls]!++;
    }
    for (let cls = 0; cls < labels; cls++) {
      next[cls] = cls + 1 < labels ? cls + 1 : -1;
      previous[cls] = cls - 1;
      nodeOf[cls] = cls;
    }
    parent.fill(-1, 0, labels);
    this.count = count;
    this.heldFrom = [0];
    this.head = 0;
    this.labels = labels;
    this.nodes = labels;
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
      if (above < 0) continue;
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

  /** How many classes there are, or would be if all intervals counted. */
  get classes(): number {
    return this.labels;
  }

  /** Of intervals 0..count - 1, equal exactly within a class. */
  labelOf(interval: number): number {
    return this.label[interval]!;
  }

  /** The class that the first part of each resumed class became, or the next one's where nothing is left of it; the end. */
  startsOf(classes: number): Int32Array {
    const starts = new Int32Array(classes + 1);
    for (let cls = 0; cls < classes; cls++) starts[cls + 1] = Math.max(starts[cls]!, this.lastClass[cls]! + 1);
    return starts;
  }
}
