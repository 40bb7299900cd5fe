/**
 * Address maps (cold): interval starts and their classes -> tables in an image that lead from an address to its class.
 *
 * An entry from zero on is a class. A node is eight words, half a cache line: three rising keys, the mask of the bits they
 * are compared with, four entries; a value goes to the entry after the last key that is not above it. Entries below zero that have bit 30 are
 * nodes, ~(offset / 8); those without are tables of 2^bits entries: TABLE | offset / 4 << 8 | (bits - 1) << 5 | shift,
 * which the address, shifted, indexes.
 *
 * IPv4: a root table over the first bits of the address; a slot in which three intervals or fewer begin is one node, one
 * with more a table of about as many entries, 256 at most, for the next bits. So an address takes a few loads, and
 * memory follows the intervals, however they crowd.
 * IPv6: word by word, nodes only. A tree over one word leads, for a value that is not yet decided, to a tree over the next
 * one. Entries below zero are ~(node * 2 + 1), and ~(node * 2) where the next word's turn has come. Keys are unsigned.
 */
import { BudgetExceeded } from './header-shapes.js';
import type { Image } from './image.js';
import { lastNotAbove } from './intervals-v4.js';

const NODE_WORDS = 8;
const KEYS = 3;
/** Word of a node; IPv6 keys are compared whole. */
const MASK = 3;
const NO_KEY = 0x7fffffff;

/** Bit 31 without bit 30. */
const TABLE = 0x80000000 | 0;
const MOST_TABLE_BITS = 8;
/** One cache line: fewer would make deeper maps, more would make larger ones. */
const LEAST_TABLE_BITS = 4;
/** Offsets of tables are written in 22 bits of 4 words each. */
const MOST_WORDS = 2 ** 24;

export interface Map4 {
  readonly root: number;
  /** address >>> shift indexes the root table. */
  readonly shift: number;
  /** Most tables behind the root's on a way. */
  readonly depth: number;
}

/** @throws BudgetExceeded where the image grows beyond what an entry can name */
export function buildMap4(starts: Float64Array, classOf: Int32Array, image: Image): Map4 {
  const bits = Math.min(16, Math.max(4, Math.ceil(Math.log2(starts.length)) - 1));
  const shift = 32 - bits;
  const root = image.reserve(2 ** bits, 4);
  let depth = 0;
  fill(root, bits, 0, shift, 0);
  return { root, shift, depth };

  /** Entries at..at + 2^bits - 1, each for 2^free addresses from `base` on. */
  function fill(at: number, bits: number, base: number, free: number, level: number): void {
    depth = Math.max(depth, level);
    let interval = lastNotAbove(starts, base);
    for (let slot = 0; slot < 2 ** bits; slot++) {
      const begin = base + slot * 2 ** free;
      const end = begin + 2 ** free;
      while (interval + 1 < starts.length && starts[interval + 1]! <= begin) interval++;
      const keys: number[] = [];
      const entries: number[] = [classOf[interval]!];
      while (interval + 1 < starts.length && starts[interval + 1]! < end) {
        interval++;
        if (classOf[interval] === entries[entries.length - 1]) continue;
        keys.push(starts[interval]! - begin);
        entries.push(classOf[interval]!);
      }
      // Before the words are asked for: the image may grow.
      const entry = entryOf(keys, entries, begin, free, level);
      image.words()[at + slot] = entry;
    }
  }

  function entryOf(keys: number[], entries: number[], begin: number, free: number, level: number): number {
    if (keys.length <= KEYS) {
      const entry = buildNodes(keys, entries, image, node => ~node, NO_KEY);
      if (entry < 0) image.words()[~entry * NODE_WORDS + MASK] = 2 ** free - 1;
      return entry;
    }
    const bits = Math.min(free, MOST_TABLE_BITS, Math.max(LEAST_TABLE_BITS, Math.ceil(Math.log2(keys.length))));
    const at = image.reserve(2 ** bits, 4);
    if (at >= MOST_WORDS) throw new BudgetExceeded();
    fill(at, bits, begin, free - bits, level + 1);
    return TABLE | (at << 6) | ((bits - 1) << 5) | (free - bits);
  }
}

/** The entry at which a lookup begins, with the first word's turn. */
export function buildMap6(starts: readonly bigint[], classOf: (interval: number) => number, image: Image): number {
  const words = new Uint32Array(starts.length * 4);
  starts.forEach((start, i) => {
    for (let w = 0; w < 4; w++) words[i * 4 + w] = Number((start >> BigInt(96 - 32 * w)) & 0xffffffffn);
  });
  const allZero = (i: number, from: number): boolean => {
    for (let w = from; w < 4; w++) if (words[i * 4 + w] !== 0) return false;
    return true;
  };

  /** The tree over word `w` for starts from..to - 1, which share the words before; `before`: the class in front. */
  function grow(from: number, to: number, w: number, before: number): { entry: number; leaf: boolean } {
    const keys: number[] = [];
    const entries: number[] = [before];
    let last = before;
    const put = (key: number, entry: number): void => {
      if (entry === entries[entries.length - 1]) return;
      if (key === 0) entries[0] = entry;
      else {
        keys.push(key);
        entries.push(entry);
      }
    };
    for (let i = from; i < to; ) {
      const value = words[i * 4 + w]!;
      let end = i;
      while (end < to && words[end * 4 + w] === value) end++;
      if (end === i + 1 && (w === 3 || allZero(i, w + 1))) put(value, classOf(i));
      else {
        const below = grow(i, end, w + 1, last);
        put(value, below.leaf ? below.entry : below.entry | NEXT_WORD);
        if (value < 0xffffffff) put(value + 1, classOf(end - 1));
      }
      last = classOf(end - 1);
      i = end;
    }
    const entry = buildNodes(keys, entries, image, node => ~(node * 2 + 1), -1);
    return { entry, leaf: keys.length === 0 && entry >= 0 };
  }

  return grow(0, starts.length, 0, classOf(0)).entry;
}

/** Within a tree of IPv6 an entry is ~(node * 2 + 1); with the low bit of the complement set, it is the next word's. */
const NEXT_WORD = 1;

/** A balanced tree over rising keys; entries[i] holds from keys[i - 1] on. */
function buildNodes(
  keys: readonly number[],
  entries: readonly number[],
  image: Image,
  reference: (node: number) => number,
  noKey: number,
): number {
  if (keys.length === 0) return entries[0]!;
  const node = image.reserve(NODE_WORDS, NODE_WORDS);
  const above: number[] = [];
  const children: number[] = [];
  if (keys.length <= KEYS) {
    above.push(...keys);
    children.push(...entries);
  } else {
    const size = entries.length / (KEYS + 1);
    for (let part = 0; part <= KEYS; part++) {
      const from = Math.round(part * size);
      const to = Math.round((part + 1) * size);
      if (part > 0) above.push(keys[from - 1]!);
      children.push(buildNodes(keys.slice(from, to - 1), entries.slice(from, to), image, reference, noKey));
    }
  }
  const words = image.words();
  for (let k = 0; k < KEYS; k++) words[node + k] = above[k] ?? noKey;
  for (let k = 0; k <= KEYS; k++) words[node + 4 + k] = children[k] ?? children[children.length - 1]!;
  return reference(node / NODE_WORDS);
}
