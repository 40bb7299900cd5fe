/**
 * Outside: the addresses beyond the cluster, in blocks that no rule tells apart (cold). Ends of `policap matrix`.
 *
 * In:  the ruleset's address sets and the inventory.  Out: blocks that together are every address nobody owns. Between two
 * neighbouring bounds of all sets every address is in the same sets, so one sample stands for all.
 */
import type { Inventory } from '../cluster/inventory.js';
import { ipv4Text, ipv6Text } from '../packet/text.js';
import * as addresses from '../rules/addresses.js';
import type { AddressSet, Ruleset } from '../rules/ruleset.js';

export interface OutsideBlock {
  /** `outside 10.0.0.0/8`, or `outside` for the block that holds the most. */
  readonly name: string;
  /** One address a family, nobody's. */
  readonly samples: readonly string[];
}

interface Family<T extends number | bigint> {
  readonly highest: T;
  readonly bounds: (set: AddressSet) => readonly T[];
  readonly contains: (set: AddressSet, address: T) => boolean;
  readonly parse: (text: string) => T | null;
  readonly text: (address: T) => string;
  readonly after: (address: T) => T;
  readonly before: (address: T) => T;
  readonly bits: number;
}

const V4: Family<number> = {
  highest: addresses.MAX_V4,
  bounds: set => set.v4,
  contains: addresses.containsV4,
  parse: addresses.parseV4,
  text: ipv4Text,
  after: address => address + 1,
  before: address => address - 1,
  bits: 32,
};

const word = (address: bigint, index: number): number => Number((address >> BigInt(96 - index * 32)) & 0xffffffffn) | 0;

const V6: Family<bigint> = {
  highest: addresses.MAX_V6,
  bounds: set => set.v6,
  contains: addresses.containsV6,
  parse: text => addresses.parseV6(text),
  text: address => ipv6Text(word(address, 0), word(address, 1), word(address, 2), word(address, 3)),
  after: address => address + 1n,
  before: address => address - 1n,
  bits: 128,
};

interface Block {
  sample: string;
  /** Neighbouring segments count as one where only owned addresses lie between them. */
  readonly ranges: [string, string, number | bigint, number | bigint][];
  size: number;
  readonly bits: number;
}

/** Prefixes shown in a block's name. */
const NAMED = 2;

export function outsideBlocks(
  ruleset: Pick<Ruleset, 'rules'>,
  inventory: Pick<Inventory, 'byAddress'>,
): OutsideBlock[] {
  const sets = allSets(ruleset);
  const v4 = blocksOf(V4, sets, inventory);
  const v6 = blocksOf(V6, sets, inventory);
  const signatures = [...new Set([...v4.keys(), ...v6.keys()])];
  const sizeOf = (signature: string): number => (v4.get(signature)?.size ?? 0) / 2 + (v6.get(signature)?.size ?? 0) / 2;
  const largest = signatures.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a), signatures[0] ?? '');
  return signatures.map(signature => {
    const blocks = [v4.get(signature), v6.get(signature)].filter(block => block !== undefined);
    return {
      name: signature === largest ? 'outside' : `outside ${blockName(blocks)}`,
      samples: blocks.map(({ sample }) => sample),
    };
  });
}

function allSets(ruleset: Pick<Ruleset, 'rules'>): AddressSet[] {
  const sets = new Set<AddressSet>();
  for (const { subjects, peers } of ruleset.rules) {
    sets.add(subjects);
    sets.add(peers);
  }
  return [...sets];
}

/** Segments by the sets that hold them. */
function blocksOf<T extends number | bigint>(
  family: Family<T>,
  sets: readonly AddressSet[],
  inventory: Pick<Inventory, 'byAddress'>,
): Map<string, Block> {
  const { highest, bounds, contains, parse, text, after, before, bits } = family;
  const zero = (typeof highest === 'bigint' ? 0n : 0) as T;
  const starts = new Set<T>([zero]);
  for (const set of sets) {
    bounds(set).forEach((bound, i) => {
      if (i % 2 === 0) starts.add(bound);
      else if (bound < highest) starts.add(after(bound));
    });
  }
  const owned = new Set<T>();
  for (const address of inventory.byAddress.keys()) {
    const parsed = parse(address);
    if (parsed !== null) owned.add(parsed);
  }
  const sorted = [...starts].sort((a, b) => (a < b ? -1 : 1));
  const blocks = new Map<string, Block>();
  let last: string | null = null;
  sorted.forEach((lo, i) => {
    const next = sorted[i + 1];
    const hi = next === undefined ? highest : before(next);
    let sample = lo;
    while (sample < hi && owned.has(sample)) sample = after(sample);
    if (owned.has(sample)) return;
    const signature = sets.flatMap((set, index) => (contains(set, sample) ? [index] : [])).join();
    let block = blocks.get(signature);
    if (block === undefined) {
      block = { sample: text(sample), ranges: [], size: 0, bits };
      blocks.set(signature, block);
    }
    const range = block.ranges.at(-1);
    if (last === signature && range !== undefined) {
      range[1] = text(hi);
      range[3] = hi;
    } else {
      block.ranges.push([text(lo), text(hi), lo, hi]);
    }
    block.size += (Number(hi) - Number(lo) + 1) / 2 ** bits;
    last = signature;
  });
  return blocks;
}

function blockName(blocks: readonly Block[]): string {
  const names = blocks.flatMap(({ ranges, bits }) =>
    ranges.map(([first, last, lo, hi]) => prefixOf(first, BigInt(lo), BigInt(hi), bits) ?? `${first}-${last}`),
  );
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ');
}

/** The prefix that the range is, null where it is none. */
function prefixOf(text: string, lo: bigint, hi: bigint, bits: number): string | null {
  const size = hi - lo + 1n;
  if ((size & (size - 1n)) !== 0n || (lo & (size - 1n)) !== 0n) return null;
  const length = bits - (size.toString(2).length - 1);
  return length === bits ? text : `${text}/${length}`;
}
