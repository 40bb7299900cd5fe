/**
 * Address maps (cold): interval starts and their classes -> tables in an image that lead from an address to its class.
 *
 * In:  the intervals that are no hosts of the host table (host-table.ts).  Out: the maps that address-lookup.ts walks.
 *
 * An entry from zero on is a class. A node is eight words, half a cache line: three rising keys, the mask of the bits they
 * are compared with, four entries; a value goes to the entry after the last key that is not above it. Entries below zero
 * that have bit 30 are nodes; those without are tables of 2^bits entries, which the address, shifted, indexes:
 * place / 8 << 8 | (bits - 1) << 5 | shift. Bit 29 says that the address's next word is meant.
 *
 * IPv4: a root table over the first bits of the address; a slot in which three intervals or fewer begin is one node, one
 * with more a table of about as many entries, 256 at most, for the next bits. So an address takes a few loads, and
 * memory follows the intervals, however they crowd.
 * IPv6: the same word by word: where a value of one word is not yet decided, its entry leads to a map over the next word.
 */
import { BudgetExceeded } from './header-shapes.js';
import type { Image } from './image.js';
import { lastNotAbove } from './intervals-v4.js';

const NODE_WORDS = 8;
const KEYS = 3;
/** Word of a node. */
const MASK = 3;
/** Keys are unsigned; nothing is told apart behind this one. */
const NO_KEY = 0xffffffff;

const TABLE = 0x80000000 | 0;
const NODE = 0xc0000000 | 0;
const NEXT_WORD = 1 << 29;
const MOST_TABLE_BITS = 8;
/** One cache line: fewer would make deeper maps, more would make larger ones. */
const LEAST_TABLE_BITS = 4;
/** Places of tables are written in 21 bits of 8 words each. */
const MOST_WORDS = 2 ** 24;

export interface AddressMap {
  readonly root: number;
  /** address >>> shift indexes the root table. */
  readonly shift: number;
  /** Most tables behind the root's on a way. */
  readonly depth: number;
}

/** Values of one word, rising, the first 0, and the entry that holds from each on. */
interface WordMap {
  readonly starts: ArrayLike<number>;
  readonly entries: ArrayLike<number>;
}

/** @throws BudgetExceeded where the image grows beyond what an entry can name */
export function buildMap4(starts: ArrayLike<number>, classes: ArrayLike<number>, image: Image): AddressMap {
  return buildRoot({ starts, entries: classes }, image);
}

/** @param words four a start */
export function buildMap6(words: Uint32Array, classes: ArrayLike<number>, image: Image): AddressMap {
  const allZero = (i: number, from: number): boolean => {
    for (let w = from; w < 4; w++) if (words[i * 4 + w] !== 0) return false;
    return true;
  };

  /** The map over word `w` for starts from..to - 1, which share the words before; `before`: the class in front. */
  function collect(from: number, to: number, w: number, before: number): { starts: number[]; entries: number[] } {
    const starts: number[] = [0];
    const entries: number[] = [before];
    let last = before;
    const put = (start: number, entry: number): void => {
      if (start === 0) entries[0] = entry;
      else if (entry !== entries[entries.length - 1]) {
        starts.push(start);
        entries.push(entry);
      }
    };
    for (let i = from; i < to; ) {
      const value = words[i * 4 + w]!;
      let end = i;
      while (end < to && words[end * 4 + w] === value) end++;
      if (end === i + 1 && (w === 3 || allZero(i, w + 1))) put(value, classes[i]!);
      else {
        const below = collect(i, end, w + 1, last);
        const entry = entryFor(below, image);
        put(value, entry < 0 ? entry | NEXT_WORD : entry);
        if (value < 0xffffffff) put(value + 1, classes[end - 1]!);
      }
      last = classes[end - 1]!;
      i = end;
    }
    return { starts, entries };
  }

  return buildRoot(collect(0, words.length / 4, 0, classes[0]!), image);
}

/** A word's map without a root: one entry. */
function entryFor(map: { starts: number[]; entries: number[] }, image: Image): number {
  return createFill(map, image).entryOf(map.starts.slice(1), map.entries, 0, 32, 0);
}

function buildRoot(map: WordMap, image: Image): AddressMap {
  const bits = Math.min(16, Math.max(4, Math.ceil(Math.log2(map.starts.length)) + 1));
  const shift = 32 - bits;
  const root = image.reserve(2 ** bits, 8);
  const filling = createFill(map, image);
  filling.fill(root, bits, 0, shift, 0);
  return { root, shift, depth: filling.depth() };
}

function createFill({ starts, entries: values }: WordMap, image: Image) {
  let depth = 0;

  /** Entries at..at + 2^bits - 1, each for 2^free addresses from `base` on. */
  function fill(at: number, bits: number, base: number, free: number, level: number): void {
    depth = Math.max(depth, level);
    let interval = lastNotAbove(starts, base);
    let words = image.words();
    for (let slot = 0; slot < 2 ** bits; slot++) {
      const begin = base + slot * 2 ** free;
      const end = begin + 2 ** free;
      while (interval + 1 < starts.length && starts[interval + 1]! <= begin) interval++;
      if (interval + 1 === starts.length || starts[interval + 1]! >= end) {
        words[at + slot] = values[interval]!;
        continue;
      }
      const keys: number[] = [];
      const entries: number[] = [values[interval]!];
      while (interval + 1 < starts.length && starts[interval + 1]! < end) {
        interval++;
        if (values[interval] === entries[entries.length - 1]) continue;
        keys.push(starts[interval]! - begin);
        entries.push(values[interval]!);
      }
      const entry = entryOf(keys, entries, begin, free, level);
      // The image may have grown.
      words = image.words();
      words[at + slot] = entry;
    }
  }

  function entryOf(
    keys: readonly number[],
    entries: readonly number[],
    begin: number,
    free: number,
    level: number,
  ): number {
    if (keys.length === 0) return entries[0]!;
    if (keys.length <= KEYS) return writeNode(keys, entries, 2 ** free - 1, image);
    const bits = Math.min(free, MOST_TABLE_BITS, Math.max(LEAST_TABLE_BITS, Math.ceil(Math.log2(keys.length))));
    const at = image.reserve(2 ** bits, 8);
    if (at >= MOST_WORDS) throw new BudgetExceeded();
    fill(at, bits, begin, free - bits, level + 1);
    return TABLE | (at << 5) | ((bits - 1) << 5) | (free - bits);
  }

  return { fill, entryOf, depth: () => depth };
}

function writeNode(keys: readonly number[], entries: readonly number[], mask: number, image: Image): number {
  const node = image.reserve(NODE_WORDS, NODE_WORDS);
  const words = image.words();
  for (let k = 0; k < KEYS; k++) words[node + k] = keys[k] ?? NO_KEY;
  words[node + MASK] = mask;
  for (let k = 0; k <= KEYS; k++) words[node + 4 + k] = entries[k] ?? entries[entries.length - 1]!;
  return NODE | (node / NODE_WORDS);
}
