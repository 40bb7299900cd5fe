/**
 * A batch's packets into a marked capture (hot): blocks, comments and verdicts.
 *
 * In:  frames and their verdicts.  Out: blocks (capture/packet-blocks.ts) of those that are wanted, in their order.
 */
import { MOST_FRAME, type PacketBlocks } from '../capture/packet-blocks.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { CODES, DROPPED_CONNECTION, MARK_DUPLICATE } from '../verdict/verdict.js';
import { FOUND, type PacketTexts, TOGETHER } from './packet-texts.js';

export interface LongFrames {
  /** @cold Frame i of the batch is longer than a buffer of blocks has room for. @param more as PacketBlocks.put takes it */
  writeLong(i: number, more: number): void;
}

/** Words of MarkLoop.numbered: texts that a number stands behind. */
export const COPY = 0;
export const REFUSED = 1;
const NUMBERED = 2;

export class MarkLoop {
  /** By code, the verdict's number in epb_verdict. */
  readonly xdp: Uint8Array;
  readonly numbered: Int32Array;

  constructor(
    private readonly texts: PacketTexts,
    private readonly blocks: PacketBlocks,
    private readonly long: LongFrames,
    memory: Memory = OWN_MEMORY,
  ) {
    this.xdp = memory.uint8(CODES);
    this.numbered = memory.int32(NUMBERED);
  }

  /** Writes packets 0..count-1. */
  run(
    count: number,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    packet: Float64Array,
    marks: Uint8Array,
    bytes: Uint8Array,
    offset: Int32Array,
    captured: Int32Array,
    original: Int32Array,
    seconds: Float64Array,
    nanoseconds: Int32Array,
    interfaceIndex: Int32Array,
  ): void {
    const { texts, blocks, long, xdp, numbered } = this;
    const { found, wanted } = texts;
    for (let from = 0; from < count; from += TOGETHER) {
      const to = from + TOGETHER < count ? from + TOGETHER : count;
      texts.find(from, to, code, decision, connection);
      for (let i = from; i < to; i++) {
        const c = code[i]!;
        if (wanted[c] === 0) continue;
        let more = 0;
        if ((marks[i]! & MARK_DUPLICATE) !== 0) more = numbered[COPY]!;
        else if (c === DROPPED_CONNECTION) more = numbered[REFUSED]!;
        if (captured[i]! > MOST_FRAME) {
          long.writeLong(i, more);
          continue;
        }
        const place = (i - from) * FOUND;
        blocks.put(
          i,
          found[place]!,
          found[place + 1]!,
          found[place + 2]!,
          found[place + 3]!,
          more,
          packet[i]!,
          xdp[c]!,
          bytes,
          offset,
          captured,
          original,
          seconds,
          nanoseconds,
          interfaceIndex,
        );
      }
    }
  }
}
