/**
 * Enhanced Packet Blocks of a pcapng section, one behind the other in a buffer (hot).
 *
 * In:  frames, and what their comments and verdicts are.  Out: blocks in `bytes`, little-endian, from 0 to state[USED].
 *
 * Contract: a block must find room in the empty buffer: frames of at most MOST_FRAME bytes do. Whoever made the buffer
 * empties it when it is told to (flush). Blocks begin at multiples of four.
 */
import { copyBytes } from '../memory/copy.js';
import { MOST_DIGITS, writeDigits } from '../memory/digits.js';
import { type Float, type Memory, OWN_MEMORY } from '../memory/memory.js';
import { NO_TEXT, TEXT, type Texts } from '../memory/texts.js';

export const OPTION_COMMENT = 1;
const OPTION_VERDICT = 7;
/** Bytes of epb_verdict's value: who said it, and 64 bits. */
const VERDICT_BYTES = 9;
const VERDICT_XDP = 2;

/** Values of epb_verdict, type 2: Linux XDP's XDP_DROP and XDP_PASS. 0 writes none. */
export const VERDICT_NONE = 0;
export const VERDICT_DROP = 1;
export const VERDICT_PASS = 2;

const ENHANCED_PACKET = 6;
const HEADER = 28;
/** What a block has besides its header, the frame and the comment, at most. */
const REST = 64;

const SIZE = 256 * 1024;
/** Of a frame in a buffer of that size. */
export const MOST_FRAME = 128 * 1024;

/** Words of `state`: bytes used; the first nanosecond of the second that `second` names, counted from 1970 in 64 bits. */
export const USED = 0;
export const TIME_LOW = 1;
export const TIME_HIGH = 2;
const STATE = 3;

/** Interfaces whose numbers are kept here. */
export const INTERFACES = 1024;

export interface BlockOwner {
  /** @cold Empties the buffer: state[USED] is 0 then. */
  flush(): void;
  /** @cold Describes the interface, if it is not yet. @returns its number in the section */
  describe(source: number): number;
  /** @cold Sets the words of time, and `second` where they are good for its other packets too. */
  startSecond(seconds: Float, nanoseconds: number): void;
}

export class PacketBlocks {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly state: Int32Array;
  readonly second: Float64Array;
  /** By interface of the source its number in the section, -1 before its first frame. */
  readonly ids: Int32Array;

  constructor(
    readonly texts: Texts,
    private readonly owner: BlockOwner,
    memory: Memory = OWN_MEMORY,
    readonly size = SIZE,
  ) {
    this.bytes = memory.uint8(size);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.state = memory.int32(STATE);
    this.second = memory.float64(1).fill(Number.NaN);
    this.ids = memory.int32(INTERFACES).fill(-1);
  }

  /** Bytes of a block with such a frame and comment, at most. */
  roomFor(frame: number, comment: number): number {
    return frame + comment + HEADER + REST;
  }

  /**
   * Frame i, with a comment of up to four texts, or none where the first is NO_TEXT.
   * @param more, number stand behind the comment, where `more` is no NO_TEXT
   * @param verdict VERDICT_NONE, VERDICT_DROP or VERDICT_PASS
   */
  put(
    i: number,
    first: number,
    second: number,
    third: number,
    fourth: number,
    more: number,
    number: Float,
    verdict: number,
    frames: Uint8Array,
    offset: Int32Array,
    captured: Int32Array,
    original: Int32Array,
    seconds: Float64Array,
    nanoseconds: Int32Array,
    interfaceIndex: Int32Array,
  ): void {
    const { bytes, view, state, owner, texts } = this;
    const source = interfaceIndex[i]!;
    let id = source < INTERFACES ? this.ids[source]! : -1;
    if (id < 0) id = owner.describe(source);
    const length = captured[i]!;
    const comment = texts.lengthOf(first) + texts.lengthOf(second) + texts.lengthOf(third) + texts.lengthOf(fourth);
    const added = texts.lengthOf(more) + MOST_DIGITS;
    if (((this.size - state[USED]!) | 0) < this.roomFor(length, comment + added)) owner.flush();
    if (seconds[i]! !== this.second[0]!) owner.startSecond(seconds[i]!, nanoseconds[i]!);
    const nanosecond = nanoseconds[i]!;
    const low = (state[TIME_LOW]! + nanosecond) | 0;
    const carry = low >>> 0 < nanosecond >>> 0 ? 1 : 0;
    const start = state[USED]!;
    view.setInt32(start, ENHANCED_PACKET, true);
    view.setInt32(start + 8, id, true);
    view.setInt32(start + 12, state[TIME_HIGH]! + carry, true);
    view.setInt32(start + 16, low, true);
    view.setInt32(start + 20, length, true);
    view.setInt32(start + 24, original[i]!, true);
    copyBytes(frames, offset[i]!, bytes, start + HEADER, length);
    let at = this.padded(start + HEADER + length);
    if (first !== NO_TEXT) {
      const option = at;
      at = this.text(first, option + 4);
      if (second !== NO_TEXT) at = this.text(second, at);
      if (third !== NO_TEXT) at = this.text(third, at);
      if (fourth !== NO_TEXT) at = this.text(fourth, at);
      if (more !== NO_TEXT) at = writeDigits(number, bytes, this.text(more, at));
      view.setInt32(option, OPTION_COMMENT | ((at - option - 4) << 16), true);
      at = this.padded(at);
    }
    if (verdict !== VERDICT_NONE) {
      view.setInt32(at, OPTION_VERDICT | (VERDICT_BYTES << 16), true);
      view.setInt32(at + 4, VERDICT_XDP | (verdict << 8), true);
      view.setInt32(at + 8, 0, true);
      view.setInt32(at + 12, 0, true);
      at += 16;
    }
    if (first !== NO_TEXT || verdict !== VERDICT_NONE) {
      view.setInt32(at, 0, true);
      at += 4;
    }
    const total = at + 4 - start;
    view.setInt32(at, total, true);
    view.setInt32(start + 4, total, true);
    state[USED] = at + 4;
  }

  private text(text: number, at: number): number {
    const { texts } = this;
    const length = texts.lengthOf(text);
    copyBytes(texts.bytes, text + TEXT, this.bytes, at, length);
    return at + length;
  }

  /** Zero bytes up to the next multiple of four. */
  private padded(at: number): number {
    this.view.setInt32(at, 0, true);
    return (at + 3) & ~3;
  }
}
