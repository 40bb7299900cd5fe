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
 * Memory a connection: 88 entry + 8 queue links + 4.2 expiry + 16 tags + 5 to 10 index = at most 126.2 bytes.
 * The hash is keyed with a constant: the same packets give the same table on every run.
 */
import { HIGH, KIND_MASK, LOW, META, PORTS, WORDS } from './entry.js';
import { AHEAD, TAGS } from './tracker.js';

/** Words a key in Table.key: LOW to META, its hash, and the side it comes from (flow/tuple.ts). */
export const KEY_WORDS = 12;
export const KEY_HASH = 10;
export const KEY_SIDE = 11;

/** The index has at least this many places a connection, and is a power of two. */
const INDEX_PER_CONNECTION = 1.25;
/** A word that lies a cache line of 64 bytes behind the first one, or just before it. */
const LINE = 15;
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

/** Hash of the key at words[at .. at + META]; IPv6 only costs the words that IPv4 leaves 0. */
export const hashKey = (words: Int32Array, at: number): number => {
  const kind = words[at + META]! & KIND_MASK;
  const ports = words[at + PORTS]!;
  const low = words[at + LOW]!;
  const high = words[at + HIGH]!;
  return kind <= 0xff ? hashKeyV4(kind, ports, low, high) : hashKeyV6(words, at, kind);
};
const hashKeyV6 = (words: Int32Array, at: number, kind: number): number => {
  let h = mix(SEED ^ kind, words[at + PORTS]!);
  h = mix(h, words[at + LOW]!);
  h = mix(h, words[at + HIGH]!);
  for (let w = 1; w < 4; w++) {
    h = mix(h, words[at + LOW + w]!);
    h = mix(h, words[at + HIGH + w]!);
  }
  return finish(h);
};

export class Table {
  /** (capacity + 1) * WORDS; see entry.ts. */
  readonly words: Int32Array;
  readonly tag: Int32Array;
  /** Keys to look up: LOW, HIGH, PORTS, and META with the bits of KIND_MASK only. The first is a single packet's; behind it
   *  are those that were prepared, AHEAD of them. */
  readonly key = new Int32Array((1 + AHEAD) * KEY_WORDS);
  /** Connections in the table. */
  live = 0;

  private readonly index: Int32Array;
  private readonly candidates = new Int32Array(AHEAD);
  /** Of no use but to touch(): what nobody keeps, the compiler does not read. */
  protected touched = 0;
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

  /** @returns the slot of the first key, or -1. */
  find(): number {
    this.key[KEY_HASH] = hashKey(this.key, 0);
    return this.search(0);
  }

  /** @returns the slot of the key at key[of], whose hash is known, or -1. */
  search(of: number): number {
    const { key, words, index, indexMask, slotMask } = this;
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
          (kind <= 0xff || sameTail(words, at, key, of))
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
  }

  /**
   * Reads what search() will read, for `count` prepared keys (of rows without a key, anything): first every place of the index, then
   * every entry. Loads that do not wait for one another take a tenth of the time of those that do.
   */
  touch(count: number): void {
    const { key, words, tag, index, indexMask, slotMask, candidates } = this;
    for (let i = 0; i < count; i++) candidates[i] = index[key[(i + 1) * KEY_WORDS + KEY_HASH]! & indexMask]! & slotMask;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const slot = candidates[i]! === 0 ? 0 : candidates[i]! - 1;
      const at = slot * WORDS;
      touched ^= words[at]! ^ words[at + LINE]! ^ words[at + WORDS - 1]! ^ tag[slot * TAGS]!;
    }
    this.touched = touched;
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

const sameTail = (words: Int32Array, at: number, key: Int32Array, of: number): boolean =>
  words[at + 1] === key[of + 1] &&
  words[at + 2] === key[of + 2] &&
  words[at + 3] === key[of + 3] &&
  words[at + 5] === key[of + 5] &&
  words[at + 6] === key[of + 6] &&
  words[at + 7] === key[of + 7];
