/**
 * IPv4 and IPv6 fragments are judged with their first one (hot).
 *
 * In:  rows of fragments, in capture order.  Out: indices of records, which belong to whoever judges.
 * The first fragment leaves a record under (source, destination, protocol, identification); later fragments find it for 30
 * (IPv4) or 60 (IPv6) seconds. A later fragment that comes before its first finds nothing. Memory is fixed: a ring of
 * records, the oldest making room, and an index of chains over them. An identification used anew replaces the old record.
 */
import { DST, FAMILY, IP_ID, PROTOCOL, SRC } from '../packet/row.js';
import { TIMEOUT_IP_FRAGMENT, TIMEOUT_IP6_FRAGMENT, timeoutTable } from './timeouts.js';

export interface FragmentsOptions {
  /** Datagrams remembered at once. Default 4096, a power of two. */
  readonly maxDatagrams?: number;
  /** Seconds by name: ip_fragment, ip6_fragment (flow/timeouts.ts). */
  readonly timeouts?: Readonly<Record<string, number>>;
}

export interface Fragments {
  /** 32-bit words a record: record[index * words + k]. */
  readonly words: number;
  /** Whatever the judge keeps of a first fragment's verdict. */
  readonly record: Int32Array;
  /** A first fragment: the index of its record, to be filled. @param now nanoseconds, as in Tracker.track. */
  remember(rows: Int32Array, base: number, now: number): number;
  /** A later fragment: the index of its first one's record, or -1. */
  find(rows: Int32Array, base: number, now: number): number;
}

/** Words of a record. */
export const FRAGMENT_WORDS = 6;
const KEY_WORDS = 10;
const EMPTY = -1;

class FragmentTable implements Fragments {
  readonly words = FRAGMENT_WORDS;
  readonly record: Int32Array;
  private readonly keys: Int32Array;
  /** Nanoseconds at which the record is no longer found. */
  private readonly until: Float64Array;
  /** Chains: first index by hash, next index by index. */
  private readonly heads: Int32Array;
  private readonly next: Int32Array;
  private readonly scratch = new Int32Array(KEY_WORDS);
  private readonly mask: number;
  private cursor = 0;
  private used = 0;

  constructor(
    private readonly size: number,
    private readonly lifetime4: number,
    private readonly lifetime6: number,
  ) {
    this.record = new Int32Array(size * FRAGMENT_WORDS);
    this.keys = new Int32Array(size * KEY_WORDS);
    this.until = new Float64Array(size);
    this.heads = new Int32Array(size).fill(EMPTY);
    this.next = new Int32Array(size).fill(EMPTY);
    this.mask = size - 1;
  }

  remember(rows: Int32Array, base: number, now: number): number {
    const place = this.hash(rows, base);
    const known = this.search(place, now);
    // A duplicate of the first fragment: the record stays, and so does its end.
    if (known >= 0) return known;
    const index = this.cursor;
    this.cursor = (index + 1) & this.mask;
    if (this.used === this.size) this.unlink(index);
    else this.used++;
    this.keys.set(this.scratch, index * KEY_WORDS);
    this.until[index] = now + (rows[base + FAMILY] === 6 ? this.lifetime6 : this.lifetime4);
    this.next[index] = this.heads[place]!;
    this.heads[place] = index;
    this.record.fill(0, index * FRAGMENT_WORDS, (index + 1) * FRAGMENT_WORDS);
    return index;
  }

  find(rows: Int32Array, base: number, now: number): number {
    return this.search(this.hash(rows, base), now);
  }

  /** Writes the key into scratch. @returns its place among the heads. */
  private hash(rows: Int32Array, base: number): number {
    const { scratch } = this;
    for (let w = 0; w < 4; w++) {
      scratch[w] = rows[base + SRC + w]!;
      scratch[4 + w] = rows[base + DST + w]!;
    }
    scratch[8] = rows[base + IP_ID]!;
    // IPv6 (RFC 8200, 4.5) leaves the protocol out: later fragments need not repeat the first one's.
    scratch[9] = rows[base + FAMILY] === 6 ? -1 : rows[base + PROTOCOL]!;
    return hashWords(scratch, 0) & this.mask;
  }

  private search(place: number, now: number): number {
    const { keys, scratch } = this;
    for (let index = this.heads[place]!; index !== EMPTY; index = this.next[index]!) {
      const at = index * KEY_WORDS;
      let w = 0;
      while (w < KEY_WORDS && keys[at + w] === scratch[w]) w++;
      if (w === KEY_WORDS) return now < this.until[index]! ? index : -1;
    }
    return -1;
  }

  private unlink(index: number): void {
    const place = hashWords(this.keys, index * KEY_WORDS) & this.mask;
    if (this.heads[place] === index) {
      this.heads[place] = this.next[index]!;
      return;
    }
    let before = this.heads[place]!;
    while (this.next[before] !== index) before = this.next[before]!;
    this.next[before] = this.next[index]!;
  }
}

const hashWords = (words: Int32Array, at: number): number => {
  let h = 0x2545f491;
  for (let w = 0; w < KEY_WORDS; w++) {
    h = Math.imul(h ^ words[at + w]!, 0x85ebca6b);
    h ^= h >>> 15;
  }
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** @throws RangeError, TimeoutError for options out of range. */
export const createFragments = (options: FragmentsOptions = {}): Fragments => {
  const size = options.maxDatagrams ?? 4096;
  if (!Number.isInteger(size) || size < 1 || size > 2 ** 20 || (size & (size - 1)) !== 0) {
    throw new RangeError(`maxDatagrams: ${size} is not a power of two from 1 to ${2 ** 20}`);
  }
  const timeouts = timeoutTable(options.timeouts);
  return new FragmentTable(size, timeouts[TIMEOUT_IP_FRAGMENT]! * 1e6, timeouts[TIMEOUT_IP6_FRAGMENT]! * 1e6);
};
