/**
 * Headers: what reports and policies read of a packet's row, each distinct one kept once (hot: asked once a packet).
 *
 * In:  rows (packet/row.ts).  Out: a small whole number a header. All packets of a connection in one direction have one. A header is
 * the beginning of a row, up to END: whoever is given `words` and HEADER_WORDS * a header's number reads it as one. It has no
 * payload, sequence numbers or tunnel, and of the packet's bytes it says only how much of the transport header there is.
 */
import { END, FRAG_LATER, FRAGMENT, ICMP_CODE, L4, OUTER_L3 } from '../packet/row.js';
import { grown } from './grow.js';

export const HEADER_WORDS = END + 1;
/** The words that are kept as they are: STATUS to ICMP_CODE. */
const OWN_WORDS = ICMP_CODE + 1;
/** Of the transport header; more tell nothing more (report/fields.ts). */
const MOST_BYTES = 4;
/** Few, so that small captures meet in them, too. */
const FIRST_PLACES = 16;

export class Headers {
  count = 0;
  words = new Int32Array(0);
  /** Header + 1 by place, 0 where there is none: open addressing. */
  private places = new Int32Array(FIRST_PLACES);
  private readonly key = new Int32Array(HEADER_WORDS);

  /** The header's number, made where it is new. */
  find(rows: Int32Array, base: number): number {
    const { key } = this;
    for (let word = 0; word < OWN_WORDS; word++) key[word] = rows[base + word]!;
    key[FRAGMENT] = rows[base + FRAGMENT]! & FRAG_LATER;
    key[L4] = rows[base + L4]! > 0 ? 1 : 0;
    key[END] = key[L4] + Math.max(0, Math.min(MOST_BYTES, rows[base + END]! - rows[base + L4]!));
    const mask = this.places.length - 1;
    let place = hashOf(key, 0) & mask;
    for (; this.places[place] !== 0; place = (place + 1) & mask) {
      if (this.holds(this.places[place]! - 1)) return this.places[place]! - 1;
    }
    return this.add(place);
  }

  /** Writes a row: into one that is new, or that only this has written. */
  write(header: number, rows: Int32Array, base: number): void {
    const { words } = this;
    const at = header * HEADER_WORDS;
    for (let word = 0; word < OWN_WORDS; word++) rows[base + word] = words[at + word]!;
    rows[base + FRAGMENT] = words[at + FRAGMENT]!;
    rows[base + L4] = words[at + L4]!;
    rows[base + END] = words[at + END]!;
    rows[base + OUTER_L3] = -1;
  }

  get bytes(): number {
    return this.words.byteLength + this.places.byteLength;
  }

  /** No more are found: takes back what was reserved for them. */
  trim(): void {
    this.words = this.words.slice(0, this.count * HEADER_WORDS);
  }

  private holds(header: number): boolean {
    const { words, key } = this;
    const at = header * HEADER_WORDS;
    for (let word = 0; word < OWN_WORDS; word++) if (words[at + word] !== key[word]) return false;
    return words[at + FRAGMENT] === key[FRAGMENT] && words[at + L4] === key[L4] && words[at + END] === key[END];
  }

  /** @cold */
  private add(place: number): number {
    const header = this.count++;
    this.words = grown(this.words, this.count * HEADER_WORDS);
    this.words.set(this.key, header * HEADER_WORDS);
    this.places[place] = header + 1;
    if (this.count * 2 > this.places.length) this.widen();
    return header;
  }

  /** @cold */
  private widen(): void {
    const places = new Int32Array(2 * this.places.length);
    const mask = places.length - 1;
    for (let header = 0; header < this.count; header++) {
      let place = hashOf(this.words, header * HEADER_WORDS) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = header + 1;
    }
    this.places = places;
  }
}

function hashOf(words: Int32Array, at: number): number {
  let hash = words[at + END]! + words[at + FRAGMENT]!;
  for (let word = 0; word < OWN_WORDS; word++) hash = Math.imul(hash ^ words[at + word]!, 0x9e3779b1) ^ (hash >>> 15);
  return hash ^ (hash >>> 13);
}
