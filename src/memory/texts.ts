/**
 * Texts that are written again and again, each kept once as UTF-8 (hot where they are read).
 *
 * In:  texts.  Out: a small number a distinct text: where it stands in `bytes`, its length in four bytes before it.
 *
 * Contract: the room is fixed. Who adds texts asks `used` first, and calls clear() where much is used: numbers given
 * before are void then, but for NO_TEXT.
 */
import { type Memory, OWN_MEMORY } from './memory.js';

/** The empty text. */
export const NO_TEXT = 0;
/** The text's first byte, from its number on. */
export const TEXT = 4;

export class Texts {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes used, in a word. */
  readonly used: Int32Array;
  private readonly numbers = new Map<string, number>();
  private readonly encoder = new TextEncoder();

  /** @param room bytes for all @param most bytes a text may have, in whole characters: more are cut off */
  constructor(
    readonly room: number,
    private readonly most: number,
    memory: Memory = OWN_MEMORY,
  ) {
    this.bytes = memory.uint8(room);
    this.used = memory.int32(1);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.clear();
  }

  /** The text's number. @throws RangeError where there is no room */
  add(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.used[0]!;
    const from = number + TEXT;
    const to = from + Math.min(text.length * 3, this.most);
    if (to + TEXT > this.room) throw new RangeError('no room for another text');
    const { written } = this.encoder.encodeInto(text, this.bytes.subarray(from, to));
    this.view.setInt32(number, written, true);
    this.used[0] = (from + written + 3) & ~3;
    this.numbers.set(text, number);
    return number;
  }

  /** Bytes of the text. */
  lengthOf(number: number): number {
    return this.view.getInt32(number, true);
  }

  /** Forgets all. */
  clear(): void {
    this.numbers.clear();
    this.numbers.set('', NO_TEXT);
    this.used[0] = TEXT;
    if (this.room > 0) this.view.setInt32(NO_TEXT, 0, true);
  }
}
