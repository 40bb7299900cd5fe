/**
 * Headers: what reports and policies read of a packet's row, each distinct one kept once (hot: asked once a packet).
 *
 * In:  rows (packet/row.ts).  Out: a small whole number a header, and rows made of headers again. All packets of a connection in one
 * direction have one. A row that is made again has no payload, sequence numbers or tunnel, and its bytes are elsewhere.
 */
import { END, FRAG_LATER, FRAGMENT, ICMP_CODE, L4, OUTER_L3, STRIDE } from '../packet/row.js';
import { grown } from './grow.js';

/** The words of a row from STATUS to ICMP_CODE, and one that says what of the transport header there is. */
const ROW_WORDS = ICMP_CODE + 1;
const WORDS = ROW_WORDS + 1;
/** The last word: FRAG_LATER, and above it how many bytes of the transport header the packet holds, up to MOST_BYTES, + 1; 0: none. */
const BYTES_SHIFT = 4;
/** More tell nothing more (report/fields.ts). */
const MOST_BYTES = 4;
const FIRST_PLACES = 1 << 12;

export class Headers {
  count = 0;
  private words = new Int32Array(0);
  /** Header + 1 by place, 0 where there is none: open addressing. */
  private places = new Int32Array(FIRST_PLACES);
  private readonly key = new Int32Array(WORDS);

  /** The header's number, made where it is new. */
  find(rows: Int32Array, base: number): number {
    const { key } = this;
    for (let word = 0; word < ROW_WORDS; word++) key[word] = rows[base + word]!;
    key[ROW_WORDS] = transportWord(rows, base);
    const mask = this.places.length - 1;
    let place = hashOf(key, 0) & mask;
    for (; this.places[place] !== 0; place = (place + 1) & mask) {
      if (this.holds(this.places[place]! - 1)) return this.places[place]! - 1;
    }
    return this.add(place);
  }

  /** Writes a whole row. */
  write(header: number, rows: Int32Array, base: number): void {
    const { words } = this;
    const at = header * WORDS;
    for (let word = 0; word < ROW_WORDS; word++) rows[base + word] = words[at + word]!;
    for (let word = ROW_WORDS; word < STRIDE; word++) rows[base + word] = 0;
    const transport = words[at + ROW_WORDS]!;
    rows[base + FRAGMENT] = transport & FRAG_LATER;
    const bytes = (transport >> BYTES_SHIFT) - 1;
    if (bytes >= 0) {
      rows[base + L4] = 1;
      rows[base + END] = 1 + bytes;
    }
    rows[base + OUTER_L3] = -1;
  }

  get bytes(): number {
    return this.words.byteLength + this.places.byteLength;
  }

  private holds(header: number): boolean {
    const { words, key } = this;
    const at = header * WORDS;
    for (let word = 0; word < WORDS; word++) if (words[at + word] !== key[word]) return false;
    return true;
  }

  /** @cold */
  private add(place: number): number {
    const header = this.count++;
    this.words = grown(this.words, this.count * WORDS);
    this.words.set(this.key, header * WORDS);
    this.places[place] = header + 1;
    if (this.count * 2 > this.places.length) this.widen();
    return header;
  }

  /** @cold */
  private widen(): void {
    const places = new Int32Array(2 * this.places.length);
    const mask = places.length - 1;
    for (let header = 0; header < this.count; header++) {
      let place = hashOf(this.words, header * WORDS) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = header + 1;
    }
    this.places = places;
  }
}

function transportWord(rows: Int32Array, base: number): number {
  const later = rows[base + FRAGMENT]! & FRAG_LATER;
  if (rows[base + L4]! <= 0) return later;
  const bytes = Math.max(0, Math.min(MOST_BYTES, rows[base + END]! - rows[base + L4]!));
  return later | ((bytes + 1) << BYTES_SHIFT);
}

function hashOf(words: Int32Array, at: number): number {
  let hash = 7;
  for (let word = 0; word < WORDS; word++) hash = Math.imul(hash ^ words[at + word]!, 0x9e3779b1) ^ (hash >>> 15);
  return hash ^ (hash >>> 13);
}
