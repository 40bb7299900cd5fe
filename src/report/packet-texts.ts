/**
 * What an output says of packets beside what stands in them: up to four texts each (hot).
 *
 * In:  verdicts of a batch, some packets at a time.  Out: `found`: numbers of texts (memory/texts.ts), FOUND words a packet.
 * Most packets are of a connection met not long ago with the same verdict, which is remembered (direct-mapped); whoever
 * makes the texts is asked about the others. All are looked for before any is used, so that the waits for memory overlap.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import type { Texts } from '../memory/texts.js';
import { CODES } from '../verdict/verdict.js';

/** Packets that are looked for together. */
export const TOGETHER = 32;
/** Words a packet in `found`. */
export const FOUND = 4;
/** Connections that are remembered, a power of two; words of each: itself, decision, code, four texts. */
const RECENT = 1 << 18;
const RECENT_WORDS = 8;

export interface TextMaker {
  /** @cold Writes the texts of packet i of the batch to found[place..], and remembers them where it may. */
  makeTexts(i: number, place: number): void;
  /** @cold Texts take more than `limit` bytes: clears them, and all that was remembered. */
  clearTexts(): void;
}

export class PacketTexts {
  readonly found: Int32Array;
  /** By code: whether its packets are written. */
  readonly wanted: Uint8Array;
  /** By code: the first text of a packet without a decision, which has no other. */
  readonly bare: Int32Array;
  private readonly recent: Int32Array;
  /** Bytes of texts from which on they are cleared. */
  private readonly limit: number;

  /** @param most bytes that the texts of a packet take at most */
  constructor(
    private readonly texts: Texts,
    private readonly maker: TextMaker,
    most: number,
    memory: Memory = OWN_MEMORY,
  ) {
    this.found = memory.int32(TOGETHER * FOUND);
    this.wanted = memory.uint8(CODES);
    this.bare = memory.int32(CODES);
    this.recent = memory.int32(RECENT * RECENT_WORDS);
    this.limit = texts.room - TOGETHER * most;
  }

  /** Finds the texts of packets from..to-1, at most TOGETHER. */
  find(from: number, to: number, code: Uint8Array, decision: Int32Array, connection: Int32Array): void {
    const { found, recent, texts } = this;
    if (texts.used[0]! > this.limit) this.maker.clearTexts();
    for (let i = from; i < to; i++) {
      const c = code[i]!;
      if (this.wanted[c] === 0) continue;
      const place = (i - from) * FOUND;
      const number = connection[i]!;
      const at = (number & (RECENT - 1)) * RECENT_WORDS;
      if (decision[i]! < 0) {
        found[place] = this.bare[c]!;
        found[place + 1] = 0;
        found[place + 2] = 0;
        found[place + 3] = 0;
      } else if (number !== 0 && recent[at] === number && recent[at + 1] === decision[i] && recent[at + 2] === c) {
        found[place] = recent[at + 3]!;
        found[place + 1] = recent[at + 4]!;
        found[place + 2] = recent[at + 5]!;
        found[place + 3] = recent[at + 6]!;
      } else this.maker.makeTexts(i, place);
    }
  }

  /** The four texts at `place` are those of the connection's packets with this decision and code (cold). */
  remember(connection: number, decision: number, code: number, place: number): void {
    if (connection === 0) return;
    const { found, recent } = this;
    const at = (connection & (RECENT - 1)) * RECENT_WORDS;
    recent[at] = connection;
    recent[at + 1] = decision;
    recent[at + 2] = code;
    for (let word = 0; word < FOUND; word++) recent[at + 3 + word] = found[place + word]!;
  }

  /** Nothing is remembered any more (cold). */
  forget(): void {
    this.recent.fill(0);
  }
}
