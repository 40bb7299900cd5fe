/**
 * Address lookups of batches (hot): the addresses of a batch's lanes -> what they lead to. Nothing is allocated.
 *
 * In:  an image's address maps and host tables (address-map.ts, host-table.ts), packets' rows, the lanes' rows in the scratch.
 * Out: W[to + lane], the address's class. First all lanes ask the hosts' table; those that are no host go on to the map, a
 * level of it at a time. No loop branches on what it has loaded.
 */
import {
  HOSTS4,
  HOSTS4_MASK,
  HOSTS4_SHIFT,
  HOSTS6,
  HOSTS6_MASK,
  HOSTS6_SHIFT,
  MAP4,
  MAP4_SHIFT,
  MAP6,
  MAP6_SHIFT,
  MISSES,
  ROW_AT,
  WORD_AT,
} from './batch-layout.js';

/** Both ends of a hash are used, and low bits of a product come from low bits alone: so the high ones are mixed in. */
export function hashV4(address: number): number {
  const hash = Math.imul(address ^ (address >>> 15), 0x9e3779b1);
  return hash ^ (hash >>> 16);
}

export function hashV6(a: number, b: number, c: number, d: number): number {
  const sum = Math.imul(a, 0x85ebca6b) + Math.imul(b, 0xc2b2ae35) + Math.imul(c, 0x27d4eb2f) + Math.imul(d, 0x165667b1);
  const hash = Math.imul(sum ^ (sum >>> 15), 0x9e3779b1);
  return hash ^ (hash >>> 16);
}

/** @param side where the image describes the side's addresses  @param word SRC or DST */
export function findClasses(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  count: number,
  family: number,
  side: number,
  word: number,
  to: number,
): void {
  const is4 = family === 4;
  const misses = is4 ? findHosts4(T, W, R, count, side, word, to) : findHosts6(T, W, R, count, side, word, to);
  const root = T[side + (is4 ? MAP4 : MAP6)]!;
  const shift = T[side + (is4 ? MAP4_SHIFT : MAP6_SHIFT)]!;
  let left = 0;
  for (let m = 0; m < misses; m++) {
    const i = W[MISSES + m]!;
    const at = W[ROW_AT + i]! + word;
    const entry = T[root + (R[at]! >>> shift)]!;
    W[to + i] = entry;
    W[WORD_AT + i] = at;
    W[MISSES + left] = i;
    left += entry >>> 31;
  }
  while (left > 0) left = descend(T, W, R, left, to);
}

/** One table or node of every lane that has no class yet; returns how many still have none. */
function descend(T: Int32Array, W: Int32Array, R: Int32Array, left: number, to: number): number {
  let next = 0;
  for (let m = 0; m < left; m++) {
    const i = W[MISSES + m]!;
    const entry = W[to + i]!;
    const at = W[WORD_AT + i]! + ((entry >>> 29) & 1);
    const value = R[at]!;
    const inner = (entry << 1) >> 31;
    const node = (entry & inner & 0x1fffffff) << 3;
    // Keys count from the slot's first address; slots are aligned, so what is above the keys' bits is cut away.
    const low = (value & T[node + 3]!) >>> 0;
    const key =
      (T[node]! >>> 0 <= low ? 1 : 0) + (T[node + 1]! >>> 0 <= low ? 1 : 0) + (T[node + 2]! >>> 0 <= low ? 1 : 0);
    const below = (value >>> (entry & 31)) & ((2 << ((entry >>> 5) & 7)) - 1);
    const table = ((entry & 0x1fffff00) >>> 5) + below;
    const found = T[((node + 4 + key) & inner) | (table & ~inner)]!;
    W[to + i] = found;
    W[WORD_AT + i] = at;
    W[MISSES + next] = i;
    next += found >>> 31;
  }
  return next;
}

/** Classes of the hosts; returns how many lanes are MISSES. */
function findHosts4(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  count: number,
  side: number,
  word: number,
  to: number,
): number {
  const buckets = T[side + HOSTS4]!;
  const shift = T[side + HOSTS4_SHIFT]!;
  const mask = T[side + HOSTS4_MASK]!;
  let misses = 0;
  for (let i = 0; i < count; i++) {
    const address = R[W[ROW_AT + i]! + word]!;
    const hash = hashV4(address);
    const slot = T[buckets + (hash >>> shift)]! + ((hash & mask) << 1);
    const other = T[slot]! ^ address;
    const found = T[slot + 1]!;
    W[to + i] = found;
    W[MISSES + misses] = i;
    misses += (other | (0 - other) | found) >>> 31;
  }
  return misses;
}

function findHosts6(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  count: number,
  side: number,
  word: number,
  to: number,
): number {
  const buckets = T[side + HOSTS6]!;
  const shift = T[side + HOSTS6_SHIFT]!;
  const mask = T[side + HOSTS6_MASK]!;
  let misses = 0;
  for (let i = 0; i < count; i++) {
    const at = W[ROW_AT + i]! + word;
    const a = R[at]!;
    const b = R[at + 1]!;
    const c = R[at + 2]!;
    const d = R[at + 3]!;
    const hash = hashV6(a, b, c, d);
    const slot = T[buckets + (hash >>> shift)]! + (hash & mask) * 5;
    const other = (T[slot]! ^ a) | (T[slot + 1]! ^ b) | (T[slot + 2]! ^ c) | (T[slot + 3]! ^ d);
    const found = T[slot + 4]!;
    W[to + i] = found;
    W[MISSES + misses] = i;
    misses += (other | (0 - other) | found) >>> 31;
  }
  return misses;
}

/** Records of IPv4 addresses by a trie (address-trie.ts). */
export function findByTrie(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  count: number,
  root: number,
  word: number,
  to: number,
): void {
  for (let i = 0; i < count; i++) {
    const address = R[W[ROW_AT + i]! + word]!;
    const third = (address >>> 8) & 255;
    const fourth = address & 255;
    const block = T[root + (address >>> 16)]!;
    const inner = T[block + (block >= root ? third : 0)]!;
    W[to + i] = T[inner + (inner >= root ? fourth : 0)]!;
  }
}
