/**
 * Parquet's hybrid of runs and packed bits (hot: every row of every column that is no plain number passes here).
 *
 * In:  whole numbers of 24 bits at most: table[places[i]].  Out: their bytes, as
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/ says under RLE. They are taken in blocks of 32: equal blocks
 * one behind the other are a run, others are packed (bit-packing.ts), with a header of one byte before every 15 blocks.
 * What is returned stays as it is until release().
 */
import { BLOCK, OVERHANG, packBlock, packedEight } from './bit-packing.js';
import { STRETCH } from './stretches.js';

const GROUP = 8;
const BLOCK_GROUPS = BLOCK / GROUP;
/** Groups that one header counts in a byte, in whole blocks. */
const MOST_GROUPS = 60;
const NARROW = 4;
/** By bits: what a number is multiplied with to stand in a group eight times. */
const EIGHT_TIMES = [0, 0xff, 0x5555, 0o11111111, 0x11111111];

/** Places of a table that is taken in its order. */
const IN_ORDER = Int32Array.from({ length: BLOCK }, (_, i) => i);

export class RunLengths {
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  private used = 0;
  private start = 0;
  private bits = 0;
  /** Equal numbers that were not written yet, and which. */
  private pending = 0;
  private value = 0;
  /** Groups behind the last header, and where that stands; 0: the next group needs one. */
  private groups = 0;
  private headerAt = 0;
  private readonly rest = new Int32Array(BLOCK);

  /** Everything that was returned may be written over. */
  release(): void {
    this.used = 0;
  }

  /** @param lead bytes before them that the caller writes */
  encode(places: Int32Array, table: Int32Array, count: number, bits: number, lead = 0): Uint8Array {
    this.begin(bits, count, lead);
    const whole = bits === 0 ? 0 : count - (count % BLOCK);
    for (let from = 0; from < whole; from += STRETCH) {
      const to = Math.min(whole, from + STRETCH);
      if (bits <= NARROW) this.addNarrow(places, table, from, to);
      else this.addWide(places, table, from, to);
    }
    this.addRest(places, table, whole, count - whole);
    return this.end();
  }

  /** `count` times the same number. */
  same(value: number, count: number, bits: number, lead = 0): Uint8Array {
    this.begin(bits, 0, lead);
    this.run(value, count);
    return this.end();
  }

  private begin(bits: number, most: number, lead: number): void {
    // Packed blocks, a byte before some of them, and a run's header and value.
    const room = lead + 256 + OVERHANG + Math.ceil((most * (bits + 1)) / GROUP);
    if (this.used + room > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(2 * this.bytes.length, room));
      this.view = new DataView(this.bytes.buffer);
      this.used = 0;
    }
    this.start = this.used;
    this.used += lead;
    this.bits = bits;
    this.pending = 0;
    this.groups = 0;
  }

  private end(): Uint8Array {
    this.closeRun();
    this.closePacked();
    return this.bytes.subarray(this.start, this.used);
  }

  /** Fewer than a block, or all where they need no bits. */
  private addRest(places: Int32Array, table: Int32Array, from: number, count: number): void {
    if (count === 0) return;
    const { bits, rest } = this;
    const value = table[places[from]!]!;
    if (bits === 0 || isSame(places, table, from, from + count, value)) {
      this.addRun(value, count);
      return;
    }
    rest.fill(0);
    for (let i = 0; i < count; i++) rest[i] = table[places[from + i]!]!;
    this.pack(IN_ORDER, rest, 0, Math.ceil(count / GROUP));
  }

  private addNarrow(places: Int32Array, table: Int32Array, from: number, to: number): void {
    const { bits, view } = this;
    const times = EIGHT_TIMES[bits]!;
    for (let at = from; at < to; at += BLOCK) {
      const value = table[places[at]!]!;
      const same = Math.imul(value, times);
      const a = packedEight(places, table, at, bits);
      const b = packedEight(places, table, at + 8, bits);
      const c = packedEight(places, table, at + 16, bits);
      const d = packedEight(places, table, at + 24, bits);
      if (((a ^ same) | (b ^ same) | (c ^ same) | (d ^ same)) === 0) {
        this.addRun(value, BLOCK);
        continue;
      }
      this.openPacked();
      const { used } = this;
      view.setInt32(used, a, true);
      view.setInt32(used + bits, b, true);
      view.setInt32(used + 2 * bits, c, true);
      view.setInt32(used + 3 * bits, d, true);
      this.used = used + 4 * bits;
      this.count(BLOCK_GROUPS);
    }
  }

  private addWide(places: Int32Array, table: Int32Array, from: number, to: number): void {
    for (let at = from; at < to; at += BLOCK) {
      const value = table[places[at]!]!;
      if (table[places[at + 1]!] === value && isSame(places, table, at + 2, at + BLOCK, value))
        this.addRun(value, BLOCK);
      else this.pack(places, table, at, BLOCK_GROUPS);
    }
  }

  /** A block, or its first groups. */
  private pack(places: Int32Array, table: Int32Array, at: number, groups: number): void {
    const { bits, view } = this;
    this.openPacked();
    if (bits > NARROW) packBlock(places, table, at, bits, view, this.used);
    else
      for (let i = 0; i < groups; i++)
        view.setInt32(this.used + i * bits, packedEight(places, table, at + i * GROUP, bits), true);
    this.used += groups * bits;
    this.count(groups);
  }

  /** Whole blocks of the same number, or the last numbers. */
  private addRun(value: number, count: number): void {
    if (this.pending > 0 && this.value !== value) this.closeRun();
    if (this.pending === 0) this.closePacked();
    this.value = value;
    this.pending += count;
  }

  private closeRun(): void {
    if (this.pending > 0) this.run(this.value, this.pending);
    this.pending = 0;
  }

  private openPacked(): void {
    if (this.pending > 0) this.closeRun();
    if (this.groups === 0) this.headerAt = this.used++;
  }

  private count(groups: number): void {
    this.groups += groups;
    if (this.groups >= MOST_GROUPS) this.closePacked();
  }

  private closePacked(): void {
    if (this.groups > 0) this.bytes[this.headerAt] = this.groups * 2 + 1;
    this.groups = 0;
  }

  private run(value: number, length: number): void {
    let header = length * 2;
    while (header > 127) {
      this.bytes[this.used++] = (header & 127) | 128;
      header >>>= 7;
    }
    this.bytes[this.used++] = header;
    for (let shift = 0; shift < this.bits; shift += 8) this.bytes[this.used++] = (value >>> shift) & 255;
  }
}

function isSame(places: Int32Array, table: Int32Array, from: number, to: number, value: number): boolean {
  for (let i = from; i < to; i++) if (table[places[i]!] !== value) return false;
  return true;
}

/** Bits that numbers up to `most` need. */
export const bitsFor = (most: number): number => 32 - Math.clz32(most);
