/**
 * The connection table (hot).
 *
 * In:  keys (`key`, filled by flow/tuple.ts or flow/ahead.ts).  Out: slots, which stay the same for a connection's whole
 * life.
 *
 * Entries lie in one array of WORDS words a slot. An index of slots, open addressing with linear probing, finds them: an
 * index word holds slot + 1 in its low bits and a piece of the hash above, so that a probe seldom touches a wrong entry.
 * Deletion shifts the followers of the probe chain back: no tombstones, so a chain is never longer than its entries.
 * There is one slot more than connections allowed: a new connection is built in place before it is known whether it stays.
 *
 * Memory a connection: 80 entry (16 of them the judge's) + 24 tail + 8 queue links + 4.2 expiry + 5 to 10 index = at most
 * 126.2 bytes, of which a connection of IPv4 never touches the tail.
 * The hash is keyed with a constant: the same packets give the same table on every run.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { HIGH, IN_TABLE, KEY_TAIL, KIND_MASK, LOW, META, PORTS, TAIL_WORDS, WORDS } from './entry.js';
import { AHEAD } from './tracker.js';

/** Words a key in Table.key: LOW to META, IPv6's tail, its hash, and the side it comes from (flow/tuple.ts). */
export const KEY_WORDS = 12;
export const KEY_HASH = 10;
export const KEY_SIDE = 11;

/** The index has at least this many places a connection, and is a power of two. */
const INDEX_PER_CONNECTION = 1.25;
/** Places in use at first. */
const SMALLEST_INDEX = 2 ** 12;
/** Two words a direction change would alter are kept apart by the order of mixing; the constant is arbitrary. */
const SEED = 0x2c1b3c6d;

/** One word into the hash (the multiply-rotate step of MurmurHash3). */
const mix = (hash: number, word: number): number => {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const h = hash ^ Math.imul(k, 0x1b873593);
  // Without `| 0` the sum is no 32-bit integer, and comes back as an object.
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
};
const finish = (hash: number): number => {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** Hash of an IPv4 key. */
export const hashKeyV4 = (kind: number, ports: number, low: number, high: number): number =>
  finish(mix(mix(mix(SEED ^ kind, ports), low), high));

/** Hash of the key at key[at]; IPv6 only costs the words that IPv4 does not have. */
export const hashKey = (key: Int32Array, at: number): number => {
  const kind = key[at + META]! & KIND_MASK;
  return hashParts(kind, key[at + PORTS]!, key[at + LOW]!, key[at + HIGH]!, key, at + KEY_TAIL);
};
/** @param tails, at where the tail stands that a key of IPv6 has */
const hashParts = (kind: number, ports: number, low: number, high: number, tails: Int32Array, at: number): number => {
  if (kind <= 0xff) return hashKeyV4(kind, ports, low, high);
  let h = mix(mix(mix(SEED ^ kind, ports), low), high);
  for (let w = 0; w < 3; w++) {
    h = mix(h, tails[at + w]!);
    h = mix(h, tails[at + 3 + w]!);
  }
  return finish(h);
};

/** What changes, in Table.state: connections in the table; places in use - 1 (few connections use few places, which stay
 *  in the processor's cache); connections at which the places in use double; and what touch() read, of no use but that
 *  nobody can leave the reading out. */
const LIVE = 0;
const INDEX_MASK = 1;
const GROW_AT = 2;
const TOUCHED = 3;
const STATE = 4;

export class Table {
  /** (capacity + 1) * WORDS; see entry.ts. */
  readonly words: Int32Array;
  /** (capacity + 1) * TAIL_WORDS; of connections of IPv6. */
  readonly tails: Int32Array;
  /** Keys to look up: LOW, HIGH, PORTS, and META with the bits of KIND_MASK only. The first is a single packet's; behind it
   *  are those that were prepared, AHEAD of them. */
  readonly key: Int32Array;

  private readonly state: Int32Array;
  private readonly index: Int32Array;
  /** Slots that the last touch() read, by prepared key. */
  readonly candidates: Int32Array;
  private readonly slotMask: number;

  constructor(
    readonly capacity: number,
    memory: Memory = OWN_MEMORY,
  ) {
    this.words = memory.int32((capacity + 1) * WORDS);
    this.tails = memory.int32((capacity + 1) * TAIL_WORDS);
    this.key = memory.int32((1 + AHEAD) * KEY_WORDS);
    const places = 2 ** Math.max(3, Math.ceil(Math.log2(capacity * INDEX_PER_CONNECTION + 1)));
    this.index = memory.int32(places);
    this.candidates = memory.int32(AHEAD);
    this.state = memory.int32(STATE);
    this.state[INDEX_MASK] = Math.min(places, SMALLEST_INDEX) - 1;
    this.state[GROW_AT] = places <= SMALLEST_INDEX ? capacity + 1 : SMALLEST_INDEX >> 1;
    this.slotMask = 2 ** Math.ceil(Math.log2(capacity + 2)) - 1;
  }

  /** Connections in the table. */
  get live(): number {
    return this.state[LIVE]!;
  }

  /** Bytes of the entries, tags and index together. */
  get bytes(): number {
    return this.words.byteLength + this.tails.byteLength + this.index.byteLength;
  }

  /** @returns the slot of the first key, or -1. */
  find(): number {
    this.key[KEY_HASH] = hashKey(this.key, 0);
    return this.search(0);
  }

  /** As search(), of a key that touch() has seen: most entries are where they were then. @param index of the key's, from 0 */
  searchTouched(of: number, index: number): number {
    const { key, words } = this;
    const slot = this.candidates[index]!;
    const at = slot * WORDS;
    const kind = key[of + META]!;
    if (
      words[at + PORTS] === key[of + PORTS] &&
      words[at + LOW] === key[of + LOW] &&
      words[at + HIGH] === key[of + HIGH] &&
      (words[at + META]! & (KIND_MASK | IN_TABLE)) === (kind | IN_TABLE) &&
      (kind <= 0xff || this.sameTail(slot, of))
    ) {
      return slot;
    }
    return this.search(of);
  }

  /** @returns the slot of the key at key[of], whose hash is known, or -1. */
  search(of: number): number {
    const { key, words, index, slotMask } = this;
    const indexMask = this.state[INDEX_MASK]!;
    const hash = key[of + KEY_HASH]!;
    const piece = hash & ~slotMask;
    const ports = key[of + PORTS]!;
    const low = key[of + LOW]!;
    const high = key[of + HIGH]!;
    const kind = key[of + META]!;
    let place = hash & indexMask;
    for (;;) {
      const found = index[place]!;
      if (found === 0) return -1;
      if ((found & ~slotMask) === piece) {
        const slot = (found & slotMask) - 1;
        const at = slot * WORDS;
        if (
          words[at + PORTS] === ports &&
          words[at + LOW] === low &&
          words[at + HIGH] === high &&
          (words[at + META]! & KIND_MASK) === kind &&
          (kind <= 0xff || this.sameTail(slot, of))
        ) {
          return slot;
        }
      }
      place = (place + 1) & indexMask;
    }
  }

  /** Copies the key at key[of] into the slot's entry and clears the rest of it. */
  write(slot: number, of = 0): void {
    const { key, words } = this;
    const at = slot * WORDS;
    for (let w = 0; w <= META; w++) words[at + w] = key[of + w]!;
    for (let w = META + 1; w < WORDS; w++) words[at + w] = 0;
    if (key[of + META]! <= 0xff) return;
    for (let w = 0; w < TAIL_WORDS; w++) this.tails[slot * TAIL_WORDS + w] = key[of + KEY_TAIL + w]!;
  }

  /** Whether slot and key have the same tail. */
  private sameTail(slot: number, of: number): boolean {
    const { tails, key } = this;
    const at = slot * TAIL_WORDS;
    for (let w = 0; w < TAIL_WORDS; w++) if (tails[at + w] !== key[of + KEY_TAIL + w]) return false;
    return true;
  }

  private hashOf(slot: number): number {
    const { words, tails } = this;
    const at = slot * WORDS;
    const kind = words[at + META]! & KIND_MASK;
    return hashParts(kind, words[at + PORTS]!, words[at + LOW]!, words[at + HIGH]!, tails, slot * TAIL_WORDS);
  }

  /**
   * Reads what search() will read, for `count` prepared keys (of rows without a key, anything): first every place of the
   * index, then every entry. Loads that do not wait for one another take a tenth of the time of those that do. Between them
   * the probes are walked to the entry that search() will find: one in four does not stand at its first place.
   */
  touch(count: number): void {
    const { key, words, index, slotMask, candidates } = this;
    const indexMask = this.state[INDEX_MASK]!;
    let touched = 0;
    for (let i = 0; i < count; i++) touched ^= index[key[(i + 1) * KEY_WORDS + KEY_HASH]! & indexMask]!;
    for (let i = 0; i < count; i++) {
      const hash = key[(i + 1) * KEY_WORDS + KEY_HASH]!;
      let place = hash & indexMask;
      while (index[place] !== 0 && ((index[place]! ^ hash) & ~slotMask) !== 0) place = (place + 1) & indexMask;
      const found = index[place]! & slotMask;
      candidates[i] = found === 0 ? 0 : found - 1;
    }
    for (let i = 0; i < count; i++) {
      const at = candidates[i]! * WORDS;
      touched ^= words[at]! ^ words[at + WORDS - 1]!;
    }
    this.state[TOUCHED] = touched;
  }

  /** Makes a written slot findable. The caller has made sure that there is room and no entry of the same key. */
  insert(slot: number): void {
    if (this.state[LIVE]! >= this.state[GROW_AT]!) this.grow();
    this.place(slot);
    const at = slot * WORDS + META;
    this.words[at] = this.words[at]! | IN_TABLE;
    this.state[LIVE] = this.state[LIVE]! + 1;
  }

  private place(slot: number): void {
    const { index } = this;
    const indexMask = this.state[INDEX_MASK]!;
    const hash = this.hashOf(slot);
    let place = hash & indexMask;
    while (index[place] !== 0) place = (place + 1) & indexMask;
    index[place] = (hash & ~this.slotMask) | (slot + 1);
  }

  /** @cold Doubles the places in use; the memory is there already. */
  private grow(): void {
    const { index, slotMask, state } = this;
    const used = state[INDEX_MASK]! + 1;
    const slots = index.slice(0, used);
    index.fill(0, 0, used);
    state[INDEX_MASK] = used * 2 - 1;
    state[GROW_AT] = used * 2 === index.length ? this.capacity + 1 : used;
    for (const found of slots) if (found !== 0) this.place((found & slotMask) - 1);
  }

  /** Takes a slot out of the index; its entry stays readable until it is written again. */
  remove(slot: number): void {
    const { index, slotMask, words } = this;
    const indexMask = this.state[INDEX_MASK]!;
    let hole = this.hashOf(slot) & indexMask;
    while ((index[hole]! & slotMask) !== slot + 1) hole = (hole + 1) & indexMask;
    for (let place = (hole + 1) & indexMask; index[place] !== 0; place = (place + 1) & indexMask) {
      const home = this.hashOf((index[place]! & slotMask) - 1) & indexMask;
      // The follower may fill the hole unless its home lies cyclically in (hole, place].
      if (((place - home) & indexMask) >= ((place - hole) & indexMask)) {
        index[hole] = index[place]!;
        hole = place;
      }
    }
    index[hole] = 0;
    const at = slot * WORDS + META;
    words[at] = words[at]! & ~IN_TABLE;
    this.state[LIVE] = this.state[LIVE]! - 1;
  }
}
