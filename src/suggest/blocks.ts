/**
 * Addresses outside of the cluster -> as few blocks as a person would keep in a rule (cold).
 *
 * In:  addresses, how many blocks there may be, and what no block may cover: addresses of pods, nodes and services.
 * Out: disjoint blocks that cover all of the addresses, in order. Neighbours are joined, those first whose common block is the
 * smallest, until there are no more than `most`; more remain where a common block would cover the cluster.
 * Blocks that together are a block are written as one.
 */
import { type Block, formatAddress, parseAddress, parseBlock, WIDTH } from '../cluster/address.js';
import type { Inventory } from '../cluster/inventory.js';

export interface BlockOptions {
  readonly most: number;
  /** Length that addresses are widened to before anything else: 32 and 128 leave them as they are. */
  readonly length: { readonly 4: number; readonly 6: number };
}

export interface CoveringBlock {
  readonly cidr: string;
  readonly family: 4 | 6;
  /** Of the addresses that were given, how many it covers. */
  readonly seen: number;
  /** Addresses that it covers. */
  readonly size: bigint;
}

interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly seen: number;
}

/** Whether a range holds addresses of the cluster. */
export type IsOfCluster = (family: 4 | 6, first: bigint, last: bigint) => boolean;

export function createClusterRanges({ byAddress, nodes }: Inventory): IsOfCluster {
  const ranges: Record<4 | 6, { first: bigint; last: bigint }[]> = { 4: [], 6: [] };
  for (const text of byAddress.keys()) {
    const address = parseAddress(text);
    if (address !== null) ranges[address.family].push({ first: address.value, last: address.value });
  }
  for (const block of nodes.flatMap(({ podCIDRs }) => podCIDRs).map(parseBlock)) {
    if (block !== null) ranges[block.family].push({ first: block.first, last: lastOf(block) });
  }
  for (const family of [4, 6] as const) {
    ranges[family].sort((a, b) => compare(a.first, b.first));
    const joined: { first: bigint; last: bigint }[] = [];
    for (const range of ranges[family]) {
      const before = joined.at(-1);
      if (before === undefined || before.last < range.first) joined.push({ ...range });
      else if (range.last > before.last) before.last = range.last;
    }
    ranges[family] = joined;
  }
  return (family, first, last) => {
    const all = ranges[family];
    let low = 0;
    let high = all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (all[middle]!.last < first) low = middle + 1;
      else high = middle;
    }
    return low < all.length && all[low]!.first <= last;
  };
}

export function coverAddresses(
  addresses: Iterable<string>,
  { most, length }: BlockOptions,
  isOfCluster: IsOfCluster,
): CoveringBlock[] {
  const widened = new Map<string, Range>();
  for (const text of new Set(addresses)) {
    const { family, value } = parseAddress(text)!;
    const range = widen(family, value, length[family], isOfCluster);
    const key = `${family} ${range.first} ${range.last}`;
    widened.set(key, { ...range, seen: (widened.get(key)?.seen ?? 0) + 1 });
  }
  const ranges = [...widened.values()].sort(
    (a, b) => a.family - b.family || compare(a.first, b.first) || compare(b.last, a.last),
  );
  return joinHalves(joinUntil(outermost(ranges), most, isOfCluster)).map(({ family, first, last, seen }) => ({
    cidr: `${formatAddress(family, first)}/${WIDTH[family] - bitsOf(first, last)}`,
    family,
    seen,
    size: last - first + 1n,
  }));
}

/** Near the cluster, less wide. */
function widen(family: 4 | 6, value: bigint, length: number, isOfCluster: IsOfCluster): Omit<Range, 'seen'> {
  for (let bits = WIDTH[family] - length; bits > 0; bits--) {
    const range = around(value, value, bits);
    if (!isOfCluster(family, range.first, range.last)) return { family, ...range };
  }
  return { family, first: value, last: value };
}

/** Where a range less wide stands in another one, the other one counts it. */
function outermost(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const range of ranges) {
    const before = out.at(-1);
    if (before !== undefined && before.family === range.family && range.last <= before.last) {
      out[out.length - 1] = { ...before, seen: before.seen + range.seen };
    } else out.push(range);
  }
  return out;
}

/** In the order of what the common blocks cover, neighbours become one. */
function joinUntil(ranges: readonly Range[], most: number, isOfCluster: IsOfCluster): Range[] {
  const gaps = ranges
    .slice(1)
    .map((range, i) => ({
      at: i + 1,
      bits: bitsOf(ranges[i]!.first, range.last),
      isWithin: ranges[i]!.family === range.family,
    }))
    .filter(({ isWithin }) => isWithin)
    .sort((a, b) => a.bits - b.bits);
  const joined = new Set<number>();
  for (const { at, bits } of gaps) {
    if (ranges.length - joined.size <= most) break;
    const { family, first } = ranges[at]!;
    const block = around(first, first, bits);
    if (!isOfCluster(family, block.first, block.last)) joined.add(at);
  }
  const out: Range[] = [];
  for (const [i, range] of ranges.entries()) {
    const before = out.at(-1);
    if (!joined.has(i) || before === undefined) out.push(range);
    else {
      const block = around(before.first, range.last, bitsOf(before.first, range.last));
      out[out.length - 1] = { family: range.family, ...block, seen: before.seen + range.seen };
    }
  }
  return out;
}

/** Two halves of a block, again and again. */
function joinHalves(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  for (const range of ranges) {
    let last = range;
    for (let before = out.at(-1); before !== undefined && areHalves(before, last); before = out.at(-1)) {
      out.pop();
      last = { family: last.family, first: before.first, last: last.last, seen: before.seen + last.seen };
    }
    out.push(last);
  }
  return out;
}

function areHalves(a: Range, b: Range): boolean {
  const size = a.last - a.first + 1n;
  return a.family === b.family && b.last - b.first + 1n === size && a.last + 1n === b.first && (a.first & size) === 0n;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Host bits of the smallest block that holds both. */
const bitsOf = (first: bigint, last: bigint): number => (first === last ? 0 : (first ^ last).toString(2).length);

function around(first: bigint, last: bigint, bits: number): { readonly first: bigint; readonly last: bigint } {
  const host = (1n << BigInt(bits)) - 1n;
  return { first: first & ~host, last: last | host };
}

const lastOf = ({ family, first, length }: Block): bigint => first + (1n << BigInt(WIDTH[family] - length)) - 1n;
