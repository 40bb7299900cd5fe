/**
 * Comments for packets, each kept once (hot where they are written).
 *
 * In:  texts.  Out: a small number a distinct text, and where its UTF-8 stands among the bytes of all.
 */
import { ViewOf } from './sink.js';

/** An option's length word has 16 bits, and its padding must fit too; so much is left for what stands behind a comment. */
const MOST_BYTES = 65532 - 64;
const FIRST_BYTES = 1 << 16;

/** No comment. */
export const NO_COMMENT = 0;

export class Comments {
  #bytes = new Uint8Array(FIRST_BYTES);
  #used = 0;
  /** By number: where it begins, and its length in bytes. */
  #places = new Int32Array(2 * 1024);
  readonly #numbers = new Map<string, number>([['', NO_COMMENT]]);
  readonly #encoder = new TextEncoder();
  readonly #view = new ViewOf();

  /** The text's number; whole characters of at most MOST_BYTES are kept. */
  add(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const most = Math.min(text.length * 3, MOST_BYTES);
    if (this.#bytes.length - this.#used < most) {
      const wider = new Uint8Array(2 * (this.#bytes.length + most));
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    const number = this.#numbers.size;
    if (2 * number === this.#places.length) {
      const wider = new Int32Array(2 * this.#places.length);
      wider.set(this.#places);
      this.#places = wider;
    }
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.#used, this.#used + most));
    this.#places[2 * number] = this.#used;
    this.#places[2 * number + 1] = written;
    this.#used += written;
    this.#numbers.set(text, number);
    return number;
  }

  /** All bytes, until the next add(). */
  get view(): DataView {
    return this.#view.get(this.#bytes);
  }

  at(number: number): number {
    return this.#places[2 * number]!;
  }

  /** Bytes. */
  length(number: number): number {
    return this.#places[2 * number + 1]!;
  }
}
