/**
 * The connection table (hot).
 *
 * In:  keys (`key`, filled by flow/tuple.ts).  Out: slots, which stay the same for a connection's whole life.
 *
 * Entries lie in one array of WORDS words a slot. An index of slots, open addressing with linear probing, finds them: an
 * index word holds slot + 1 in its low bits and a piece of the hash above, so that a probe seldom touches a wrong entry.
 * Deletion shifts the followers of the probe chain back: no tombstones, so a chain is never longer than its entries.
 * There is one slot more than connections allowed: a new connection is built in place before it is known whether it stays.
 *
 * Memory a connection: 88 entry + 8 queue links + 4.2 expiry + 16 tags + 5 to 10 index = at most 126.2 bytes.
 * The hash is keyed with a constant: the same packets give the same table on every run.
 */
import { HIGH, KIND_MASK, LOW, META, PORTS, WORDS } from './entry.js';
import { TAGS } from './tracker.js';

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
  return Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
};
const finish = (hash: number): number => {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** Hash of the key at words[at .. at + META]; IPv6 only costs the words that IPv4 leaves 0. */
export const hashKey = (words: Int32Array, at: number): number => {
  const kind = words[at + META]! & KIND_MASK;
  let h = mix(SEED ^ kind, words[at + PORTS]!);
  h = mix(h, words[at + LOW]!);
  h = mix(h, words[at + HIGH]!);
  if (kind > 0xff) {
    for (let w = 1; w < 4; w++) {
      h = mix(h, words[at + LOW + w]!);
      h = mix(h, words[at + HIGH + w]!);
    }
  }
  return finish(h);
};

export class Table {
  /** (capacity + 1) * WORDS; see entry.ts. */
  readonly words: Int32Array;
  readonly tag: Int32Array;
  /** The key to look up: LOW, HIGH, PORTS, and META with the bits of KIND_MASK only. */
  readonly key = new Int32Array(META + 1);
  /** Connections in the table. */
  live = 0;

  private readonly index: Int32Array;
  /** Places in use - 1. Few connections use few places, which stay in the processor's cache. */
  private indexMask: number;
  /** Connections at which the places in use double. */
  private growAt = 0;
  private readonly slotMask: number;

  constructor(readonly capacity: number) {
    this.words = new Int32Array((capacity + 1) * WORDS);
    this.tag = new Int32Array((capacity + 1) * TAGS);
    const places = 2 ** Math.max(3, Math.ceil(Math.log2(capacity * INDEX_PER_CONNECTION + 1)));
    this.index = new Int32Array(places);
    this.indexMask = Math.min(places, SMALLEST_INDEX) - 1;
    this.growAt = places <= SMALLEST_INDEX ? capacity + 1 : SMALLEST_INDEX >> 1;
    this.slotMask = 2 ** Math.ceil(Math.log2(capacity + 2)) - 1;
  }

  /** Bytes of the entries, tags and index together. */
  get bytes(): number {
    return this.words.byteLength + this.tag.byteLength + this.index.byteLength;
  }

  /** @returns the slot of `key`, or -1. */
  find(): number {
    const { key, words, index, indexMask, slotMask } = this;
    const hash = hashKey(key, 0);
    const piece = hash & ~slotMask;
    const kind = key[META]!;
    let place = hash & indexMask;
    for (;;) {
      const found = index[place]!;
      if (found === 0) return -1;
      if ((found & ~slotMask) === piece) {
        const slot = (found & slotMask) - 1;
        const at = slot * WORDS;
        if (
          words[at + PORTS] === key[PORTS] &&
          words[at + LOW] === key[LOW] &&
          words[at + HIGH] === key[HIGH] &&
          (words[at + META]! & KIND_MASK) === kind &&
          (kind <= 0xff || sameTail(words, at, key))
        ) {
          return slot;
        }
      }
      place = (place + 1) & indexMask;
    }
  }

  /** Copies `key` into the slot's entry and clears the rest of it. */
  write(slot: number): void {
    const { key, words } = this;
    const at = slot * WORDS;
    for (let w = 0; w <= META; w++) words[at + w] = key[w]!;
    for (let w = META + 1; w < WORDS; w++) words[at + w] = 0;
  }

  /** Makes a written slot findable. The caller has made sure that there is room and no entry of the same key. */
  insert(slot: number): void {
    if (this.live >= this.growAt) this.grow();
    this.place(slot);
    this.live++;
  }

  private place(slot: number): void {
    const { index, indexMask } = this;
    const hash = hashKey(this.words, slot * WORDS);
    let place = hash & indexMask;
    while (index[place] !== 0) place = (place + 1) & indexMask;
    index[place] = (hash & ~this.slotMask) | (slot + 1);
  }

  /** Doubles the places in use; the memory is there already. */
  private grow(): void {
    const { index, slotMask } = this;
    const used = this.indexMask + 1;
    const slots = index.slice(0, used);
    index.fill(0, 0, used);
    this.indexMask = used * 2 - 1;
    this.growAt = used * 2 === index.length ? this.capacity + 1 : used;
    for (const found of slots) if (found !== 0) this.place((found & slotMask) - 1);
  }

  /** Takes a slot out of the index; its entry stays readable until it is written again. */
  remove(slot: number): void {
    const { index, indexMask, slotMask, words } = this;
    let hole = hashKey(words, slot * WORDS) & indexMask;
    while ((index[hole]! & slotMask) !== slot + 1) hole = (hole + 1) & indexMask;
    for (let place = (hole + 1) & indexMask; index[place] !== 0; place = (place + 1) & indexMask) {
      const home = hashKey(words, ((index[place]! & slotMask) - 1) * WORDS) & indexMask;
      // The follower may fill the hole unless its home lies cyclically in (hole, place].
      if (((place - home) & indexMask) >= ((place - hole) & indexMask)) {
        index[hole] = index[place]!;
        hole = place;
      }
    }
    index[hole] = 0;
    this.live--;
  }
}

const sameTail = (words: Int32Array, at: number, key: Int32Array): boolean =>
  words[at + 1] === key[1] &&
  words[at + 2] === key[2] &&
  words[at + 3] === key[3] &&
  words[at + 5] === key[5] &&
  words[at + 6] === key[6] &&
  words[at + 7] === key[7];
