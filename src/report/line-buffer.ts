/**
 * Lines as bytes, gathered in one buffer (hot): cached pieces are copied, numbers and ASCII written digit by digit, so that
 * a line costs neither a string nor its encoding.
 *
 * Contract: reserve() first, for all that is written until the next reserve(). The output is given the buffer itself, and
 * must have taken its bytes before write() returns.
 */
import type { Output } from './report.js';

const SIZE = 1 << 18;
const ZERO = 48;
/** Largest number whose digits come by 32-bit arithmetic. */
const SMALL = 2 ** 31;

export class LineBuffer {
  private bytes = new Uint8Array(SIZE);
  private used = 0;
  private readonly digits = new Uint8Array(10);

  constructor(private readonly output: Output) {}

  reserve(length: number): void {
    if (this.bytes.length - this.used >= length) return;
    this.flush();
    if (this.bytes.length < length) this.bytes = new Uint8Array(length * 2);
  }

  flush(): void {
    if (this.used > 0) this.output.write(this.bytes.subarray(0, this.used));
    this.used = 0;
  }

  piece(piece: Uint8Array): void {
    const { length } = piece;
    if (length < 48) {
      const { bytes, used } = this;
      for (let i = 0; i < length; i++) bytes[used + i] = piece[i]!;
    } else {
      this.bytes.set(piece, this.used);
    }
    this.used += length;
  }

  /** Characters below 128 only. */
  ascii(text: string): void {
    const { bytes } = this;
    let { used } = this;
    for (let i = 0; i < text.length; i++) bytes[used++] = text.charCodeAt(i);
    this.used = used;
  }

  /** A whole number, 0 or more. */
  number(value: number): void {
    if (value >= SMALL) {
      this.ascii(String(value));
      return;
    }
    const { bytes, digits } = this;
    let rest = value | 0;
    let count = 0;
    do {
      const next = (rest / 10) | 0;
      digits[count++] = ZERO + rest - next * 10;
      rest = next;
    } while (rest > 0);
    let { used } = this;
    while (count > 0) bytes[used++] = digits[--count]!;
    this.used = used;
  }
}
