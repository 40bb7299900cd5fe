/**
 * The address table (cold): address sets and owners -> elementary intervals, each with its owner and address classes.
 *
 * In:  the address sets that stand on each of the six sides (subject and peer of egress, ingress and forward), and the
 * inventory.  Out: the lookup's arrays (tree/lookup.ts), and for every set the classes it is made of.
 *
 * A class is a set of addresses that no set of its side tells apart. Classes are found by partition refinement: every
 * distinct set splits the classes it cuts through. A set and its complement split alike, so the smaller of the two is
 * walked, and `0.0.0.0/0 except ...` over a hundred thousand pods costs what it leaves out. Classes are numbered by
 * their first interval: a set holds a class exactly when it holds the class's first interval, and the classes of a
 * prefix are mostly consecutive numbers. So a set becomes a few ranges of class numbers.
 */
import { type Inventory, NODE_LOCAL_DNS } from '../cluster/inventory.js';
import { MAX_V4, MAX_V6, parseV4, parseV6 } from '../rules/addresses.js';
import type { AddressSet } from '../rules/ruleset.js';
import { buildEntries, lastNotAbove } from './intervals-v4.js';
import { ADDRESS_STRIDE, EGRESS_SUBJECT, EVERY_NODE, INGRESS_SUBJECT, NODE, OWNER, SIGN } from './lookup.js';

/** Sets of one side; the same set may stand in it many times. */
export type SideSets = readonly AddressSet[];

/** Sorted, disjoint, inclusive ranges [lo, hi, lo, hi, ...] of class numbers or interval indices. */
export type Ranges = readonly number[];

export interface AddressTable {
  readonly entries4: Int32Array;
  readonly starts4: Int32Array;
  readonly starts6: Int32Array;
  readonly count6: number;
  /** The row of the first IPv6 interval. */
  readonly first6: number;
  readonly rows: Int32Array;
  /** (14): a pod's traffic to its own node is exempt, as the node's to its pods is. */
  readonly toOwnNode: boolean;
  /** Number of classes of side `word` (EGRESS_SUBJECT ...). */
  classes(word: number): number;
  /** The classes of side `word` that make up the set, which must be one of that side's. */
  classesOf(word: number, set: AddressSet): Ranges;
  /** First interval of a class, as text: `10.0.0.0` or `fd00::`-like words. For printing. */
  firstAddress(word: number, cls: number): bigint | number;
}

export function buildAddressTable(
  sides: ReadonlyMap<number, SideSets>,
  inventory: Inventory,
  toOwnNode = true,
): AddressTable {
  const distinct = new Map<number, AddressSet[]>();
  for (const [word, sets] of sides) distinct.set(word, distinctSets(sets));
  const owners4 = new Map<number, number>();
  const owners6 = new Map<bigint, number>();
  for (const [text, { owner }] of inventory.byAddress) {
    const v4 = parseV4(text);
    if (v4 !== null) owners4.set(v4, owner);
    else {
      const v6 = parseV6(text);
      if (v6 !== null) owners6.set(v6, owner);
    }
  }
  const nodeLocal = parseV4(NODE_LOCAL_DNS)!;
  const begin4 = collectStarts(
    0,
    MAX_V4,
    1,
    [...distinct.values()].flatMap(sets => sets.map(set => set.v4)),
    [...owners4.keys(), nodeLocal],
  );
  const begin6 = collectStarts(
    0n,
    MAX_V6,
    1n,
    [...distinct.values()].flatMap(sets => sets.map(set => set.v6)),
    owners6.keys(),
  );
  const first6 = begin4.length;
  const count = begin4.length + begin6.length;

  const rows = new Int32Array(count * ADDRESS_STRIDE).fill(-1);
  const nodeByName = new Map(inventory.nodes.map(node => [node.name, node.owner]));
  const isPod = new Uint8Array(count);
  const own = (interval: number, index: number): void => {
    const owner = inventory.owners[index]!;
    rows[interval * ADDRESS_STRIDE + OWNER] = index;
    if (owner.kind === 'node') rows[interval * ADDRESS_STRIDE + NODE] = index;
    if (owner.kind === 'pod') {
      rows[interval * ADDRESS_STRIDE + NODE] = nodeByName.get(owner.node) ?? -1;
      isPod[interval] = 1;
    }
  };
  if (!owners4.has(nodeLocal)) rows[lastNotAbove(begin4, nodeLocal) * ADDRESS_STRIDE + NODE] = EVERY_NODE;
  for (const [address, owner] of owners4) own(lastNotAbove(begin4, address), owner);
  for (const [address, owner] of owners6) own(first6 + lastNotAbove(begin6, address), owner);

  /** A set as ranges of interval indices: every border of it is the start of an interval. */
  const intervalsOf = (set: AddressSet): number[] => {
    const ranges: number[] = [];
    for (let i = 0; i < set.v4.length; i++) ranges.push(lastNotAbove(begin4, set.v4[i]!));
    for (let i = 0; i < set.v6.length; i++) ranges.push(first6 + lastNotAbove(begin6, set.v6[i]!));
    return ranges;
  };

  const firsts = new Map<number, Int32Array>();
  for (const [word, sets] of distinct) {
    const onlyPods = word === EGRESS_SUBJECT || word === INGRESS_SUBJECT;
    const parts = refine(count, sets, intervalsOf);
    firsts.set(word, numberClasses(parts, word, rows, onlyPods ? isPod : null));
  }

  const starts6 = new Int32Array(begin6.length * 4);
  begin6.forEach((start, i) => {
    for (let word = 0; word < 4; word++) {
      starts6[i * 4 + word] = Number((start >> BigInt(96 - 32 * word)) & 0xffffffffn) ^ SIGN;
    }
  });
  return {
    entries4: buildEntries(new Uint32Array(begin4)),
    starts4: Int32Array.from(begin4, start => start ^ SIGN),
    starts6,
    count6: begin6.length,
    first6,
    rows,
    toOwnNode,
    classes: word => firsts.get(word)?.length ?? 0,
    classesOf: (word, set) => classRanges(firsts.get(word)!, intervalsOf(set)),
    firstAddress(word, cls) {
      const interval = firsts.get(word)![cls]!;
      return interval < first6 ? begin4[interval]! : begin6[interval - first6]!;
    },
  };
}

/** By identity, then by content. */
function distinctSets(sets: SideSets): AddressSet[] {
  const byText = new Map<string, AddressSet>();
  for (const set of new Set(sets)) {
    const text = `${set.v4.join()} ${set.v6.join()}`;
    if (!byText.has(text)) byText.set(text, set);
  }
  return [...byText.values()];
}

function collectStarts<T extends number | bigint>(
  zero: T,
  max: T,
  one: T,
  sets: readonly (readonly T[])[],
  owners: Iterable<T>,
): T[] {
  const starts = new Set<T>([zero]);
  const after = (x: T): T => ((x as number) + (one as number)) as T;
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) {
      starts.add(set[i]!);
      if (set[i + 1]! < max) starts.add(after(set[i + 1]!));
    }
  }
  for (const address of owners) {
    starts.add(address);
    if (address < max) starts.add(after(address));
  }
  return [...starts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The partition of the intervals into classes: a label an interval, equal exactly within a class. */
function refine(count: number, sets: readonly AddressSet[], intervalsOf: (set: AddressSet) => number[]): Int32Array {
  const label = new Int32Array(count);
  let next = 1;
  for (const set of sets) {
    const inside = intervalsOf(set);
    let size = 0;
    for (let i = 0; i < inside.length; i += 2) size += inside[i + 1]! - inside[i]! + 1;
    const ranges = size * 2 <= count ? inside : complement(inside, count);
    const renamed = new Map<number, number>();
    for (let i = 0; i < ranges.length; i += 2) {
      for (let interval = ranges[i]!; interval <= ranges[i + 1]!; interval++) {
        const old = label[interval]!;
        let fresh = renamed.get(old);
        if (fresh === undefined) {
          fresh = next++;
          renamed.set(old, fresh);
        }
        label[interval] = fresh;
      }
    }
  }
  return label;
}

function complement(ranges: Ranges, count: number): number[] {
  const out: number[] = [];
  let from = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i]! > from) out.push(from, ranges[i]! - 1);
    from = ranges[i + 1]! + 1;
  }
  if (from < count) out.push(from, count - 1);
  return out;
}

/** Writes the class numbers into the rows; returns each class's first interval, in rising order. */
function numberClasses(labels: Int32Array, word: number, rows: Int32Array, only: Uint8Array | null): Int32Array {
  const numbers = new Map<number, number>();
  const firsts: number[] = [];
  for (let interval = 0; interval < labels.length; interval++) {
    if (only !== null && only[interval] === 0) continue;
    let cls = numbers.get(labels[interval]!);
    if (cls === undefined) {
      cls = firsts.length;
      firsts.push(interval);
      numbers.set(labels[interval]!, cls);
    }
    rows[interval * ADDRESS_STRIDE + word] = cls;
  }
  return new Int32Array(firsts);
}

/** The classes whose first interval lies in the ranges. */
function classRanges(firsts: Int32Array, ranges: Ranges): Ranges {
  const out: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const lo = firstNotBelow(firsts, ranges[i]!);
    const hi = firstNotBelow(firsts, ranges[i + 1]! + 1) - 1;
    if (lo > hi) continue;
    if (out.length > 0 && out[out.length - 1]! >= lo - 1) out[out.length - 1] = hi;
    else out.push(lo, hi);
  }
  return out;
}

function firstNotBelow(sorted: Int32Array, value: number): number {
  let lo = 0;
  let hi = sorted.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (sorted[mid]! < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
