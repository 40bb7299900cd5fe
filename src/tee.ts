/**
 * One capture for several replays: every batch is read and parsed once, and goes to all of them.
 *
 * In:  a FrameSource, a parser, and how many replays take part.  Out: a PacketSource for each, with verdicts of its own.
 * Contract: the replays run at once, each awaiting its source. The next batch is read when all have asked for it, so that
 * nobody's batch is overwritten; who has ended says so with leave(), else the others wait for ever.
 */
import type { FrameSource } from './capture/frame.js';
import { GATHERED_FRAMES } from './capture/gather.js';
import { restOf } from './capture/rest-of.js';
import { newPacketBatch, type PacketParser } from './packet/parse.js';
import { type PacketSource, parsing, type ReadBatch } from './packets.js';
import { newVerdictBatch } from './verdict/verdict.js';

export interface Tee {
  readonly sources: readonly PacketSource[];
  leave(index: number): void;
}

/** @param least frames a batch, but the last: the most that any of the replays asks for */
export function tee(source: FrameSource, least: number, parser: PacketParser, count: number): Tee {
  const shared = newVerdictBatch(0);
  const { nextBatch } = parsing(source, least, parser, {
    packets: newPacketBatch(GATHERED_FRAMES),
    packetsAhead: newPacketBatch(GATHERED_FRAMES),
    verdicts: shared,
    adopt: frames => frames,
  });
  const present = new Set(Array.from({ length: count }, (_, i) => i));
  const verdicts = Array.from({ length: count }, () => newVerdictBatch(GATHERED_FRAMES));
  const waiting = new Map<number, { give(batch: ReadBatch | null): void; fail(error: unknown): void }>();

  async function readOn(): Promise<void> {
    if (waiting.size === 0 || waiting.size < present.size) return;
    const asked = [...waiting];
    waiting.clear();
    try {
      const batch = await nextBatch();
      for (const [i, { give }] of asked) give(batch === null ? null : { ...batch, verdicts: verdicts[i]! });
    } catch (error) {
      for (const [, { fail }] of asked) fail(error);
    }
  }

  const sourceOf = (i: number): PacketSource =>
    Object.assign(restOf(source), {
      counting: null,
      nextBatch: () =>
        new Promise<ReadBatch | null>((give, fail) => {
          waiting.set(i, { give, fail });
          void readOn();
        }),
    });
  return {
    sources: Array.from({ length: count }, (_, i) => sourceOf(i)),
    leave(i) {
      present.delete(i);
      void readOn();
    },
  };
}
