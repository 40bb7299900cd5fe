/**
 * Parquet's hybrid of runs and packed bits (hot: every row of every column passes here).
 *
 * In:  whole numbers of 24 bits at most.  Out: their bytes, as https://parquet.apache.org/docs/file-format/data-pages/encodings/ says
 * under RLE. Numbers are taken in groups of eight: equal groups one behind the other are a run, others are packed, with a
 * header of one byte before every 63 groups.
 */
const GROUP = 8;
/** A byte's worth of header. */
const MOST_GROUPS = 63;
/** Of fewer equal numbers the run and the next header are longer than their packed bits, or not much shorter. */
const LEAST_RUN = 32;

export class RunLengths {
  private bytes = new Uint8Array(1024);
  private used = 0;
  private packs = new Uint8Array(0);

  /** `count` times the same number. */
  same(value: number, count: number, bits: number): Uint8Array {
    this.used = 0;
    this.run(value, count, bits);
    return this.bytes.slice(0, this.used);
  }

  /** Zeros and ones: packed first, and then looked through for runs. */
  private encodeBits(values: Int32Array, count: number): Uint8Array {
    const whole = count >>> 3;
    if (this.packs.length < whole) this.packs = new Uint8Array(2 * whole);
    const { packs } = this;
    for (let group = 0, at = 0; group < whole; group++, at += GROUP) {
      packs[group] =
        values[at]! |
        (values[at + 1]! << 1) |
        (values[at + 2]! << 2) |
        (values[at + 3]! << 3) |
        (values[at + 4]! << 4) |
        (values[at + 5]! << 5) |
        (values[at + 6]! << 6) |
        (values[at + 7]! << 7);
    }
    let groups = 0;
    let header = 0;
    for (let at = 0; at < whole; ) {
      const pack = packs[at]!;
      let end = at + 1;
      if (pack === 0 || pack === 255) while (end < whole && packs[end] === pack) end++;
      if (end - at >= LEAST_RUN / GROUP) {
        this.run(pack & 1, (end - at) * GROUP, 1);
        groups = 0;
        at = end;
        continue;
      }
      if (groups === 0) header = this.used++;
      this.bytes[this.used++] = pack;
      groups++;
      this.bytes[header] = groups * 2 + 1;
      if (groups === MOST_GROUPS) groups = 0;
      at++;
    }
    this.rest(values, whole * GROUP, count, 1);
    return this.bytes.slice(0, this.used);
  }

  /** What is no whole group. */
  private rest(values: Int32Array, from: number, to: number, bits: number): void {
    if (from === to) return;
    this.header(3);
    this.packed(values, from, to - from, bits);
  }

  encode(values: Int32Array, count: number, bits: number): Uint8Array {
    if (bits === 0) return this.same(0, count, bits);
    // Packed groups, a byte before some of them, and a run's header and value.
    const most = 64 + Math.ceil((count * (bits + 1)) / GROUP);
    if (this.bytes.length < most) this.bytes = new Uint8Array(2 * most);
    this.used = 0;
    if (bits === 1) return this.encodeBits(values, count);
    const whole = count - (count % GROUP);
    let at = 0;
    let groups = 0;
    let header = 0;
    while (at < whole) {
      const end = this.runFrom(values, at, count);
      if (end > at) {
        this.run(values[at]!, end - at, bits);
        groups = 0;
        at = end;
        continue;
      }
      if (groups === 0) header = this.used++;
      if (bits > 4) this.packed(values, at, GROUP, bits);
      else this.packedNarrow(values, at, bits);
      groups++;
      this.bytes[header] = groups * 2 + 1;
      if (groups === MOST_GROUPS) groups = 0;
      at += GROUP;
    }
    this.rest(values, at, count, bits);
    return this.bytes.slice(0, this.used);
  }

  /** Where the run ends that begins at `at`: there too where none does. */
  private runFrom(values: Int32Array, at: number, count: number): number {
    const value = values[at]!;
    if (values[at + 1] !== value || values[at + 2] !== value || values[at + 3] !== value || values[at + 7] !== value) {
      return at;
    }
    let end = at + 4;
    while (end < count && values[end] === value) end++;
    if (end < count) end -= (end - at) % GROUP;
    return end - at < LEAST_RUN ? at : end;
  }

  private run(value: number, length: number, bits: number): void {
    this.header(length * 2);
    for (let shift = 0; shift < bits; shift += 8) this.bytes[this.used++] = (value >>> shift) & 255;
  }

  /** A group of `count` numbers; zeros fill it up. */
  private packed(values: Int32Array, from: number, count: number, bits: number): void {
    const { bytes } = this;
    let { used } = this;
    const end = used + bits;
    let held = 0;
    let holds = 0;
    for (let i = from; i < from + count; i++) {
      held |= values[i]! << holds;
      holds += bits;
      while (holds >= 8) {
        bytes[used++] = held & 255;
        held >>>= 8;
        holds -= 8;
      }
    }
    if (holds > 0) bytes[used++] = held & 255;
    while (used < end) bytes[used++] = 0;
    this.used = end;
  }

  /** A whole group of numbers of four bits at most. */
  private packedNarrow(values: Int32Array, from: number, bits: number): void {
    let group =
      values[from]! |
      (values[from + 1]! << bits) |
      (values[from + 2]! << (2 * bits)) |
      (values[from + 3]! << (3 * bits)) |
      (values[from + 4]! << (4 * bits)) |
      (values[from + 5]! << (5 * bits)) |
      (values[from + 6]! << (6 * bits)) |
      (values[from + 7]! << (7 * bits));
    for (let byte = 0; byte < bits; byte++) {
      this.bytes[this.used++] = group & 255;
      group >>>= 8;
    }
  }

  private header(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.bytes[this.used++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.used++] = rest;
  }
}

/** Bits that numbers up to `most` need. */
export const bitsFor = (most: number): number => 32 - Math.clz32(most);
