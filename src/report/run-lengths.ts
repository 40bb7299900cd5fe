/**
 * Parquet's hybrid of runs and packed bits (hot: every row of every column passes here).
 *
 * In:  whole numbers of 24 bits at most.  Out: their bytes, as https://parquet.apache.org/docs/file-format/data-pages/encodings/ says
 * under RLE: eight or more equal numbers are a run, others are packed in groups of eight.
 */
export class RunLengths {
  private bytes = new Uint8Array(1024);
  private used = 0;

  /** `count` times the same number. */
  same(value: number, count: number, bits: number): Uint8Array {
    this.used = 0;
    this.run(value, count, bits);
    return this.bytes.slice(0, this.used);
  }

  encode(values: Int32Array | Uint8Array, count: number, bits: number): Uint8Array {
    // Packed groups, a byte of each before them, and a run's header in the place of eight numbers.
    const most = 16 + Math.ceil((count * (bits + 8)) / 8);
    if (this.bytes.length < most) this.bytes = new Uint8Array(2 * most);
    this.used = 0;
    let packedFrom = 0;
    let at = 0;
    while (at < count) {
      const value = values[at]!;
      let end = at + 1;
      while (end < count && values[end] === value) end++;
      // A run may begin only where packed groups end.
      const start = at + ((8 - ((at - packedFrom) & 7)) & 7);
      if (end - start < 8) {
        at = end;
        continue;
      }
      if (start > packedFrom) this.packed(values, packedFrom, start, bits);
      this.run(value, end - start, bits);
      packedFrom = end;
      at = end;
    }
    if (count > packedFrom) this.packed(values, packedFrom, count, bits);
    return this.bytes.slice(0, this.used);
  }

  private run(value: number, length: number, bits: number): void {
    this.header(length * 2);
    for (let shift = 0; shift < bits; shift += 8) this.bytes[this.used++] = (value >>> shift) & 255;
  }

  /** Numbers from..to-1; zeros fill the last group. */
  private packed(values: Int32Array | Uint8Array, from: number, to: number, bits: number): void {
    const groups = Math.ceil((to - from) / 8);
    this.header(groups * 2 + 1);
    const { bytes } = this;
    let { used } = this;
    const end = used + groups * bits;
    let held = 0;
    let holds = 0;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      held |= value << holds;
      holds += bits;
      while (holds >= 8) {
        bytes[used++] = held & 255;
        held >>>= 8;
        holds -= 8;
      }
    }
    if (holds > 0) bytes[used++] = held & 255;
    if (used < end) bytes.fill(0, used, end);
    this.used = end;
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
