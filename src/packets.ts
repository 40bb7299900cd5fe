/**
 * Batches as the replay takes them: frames, their rows, and room for their verdicts.
 *
 * In:  a FrameSource and a parser, in this thread; or a source that another thread fills (threads/).  Out: a PacketSource.
 * Contract: a batch stays valid until the second nextBatch() after the one that returned it.
 */
import { cutAt } from './capture/cut-at.js';
import type { FrameBatch, FrameSource } from './capture/frame.js';
import { gatherFrames } from './capture/gather.js';
import type { PacketParser } from './packet/parse.js';
import type { PacketBatch } from './packet/row.js';
import type { ReplayMemory } from './replay-memory.js';
import type { LaterCounting } from './report/report.js';
import type { VerdictBatch } from './verdict/verdict.js';

export interface ReadBatch {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
  readonly verdicts: VerdictBatch;
}

/** A FrameSource whose frames are parsed already. */
export interface PacketSource extends Omit<FrameSource, 'next'> {
  /** As FrameSource.next. Rejects where the thread that reads has failed. */
  nextBatch(): ReadBatch | null | Promise<ReadBatch | null>;
  /** Counts batches beside this thread; null where only this one counts. */
  readonly counting: LaterCounting | null;
}

/**
 * @param least frames a batch, but the last: 0 as they come
 * @param times where a batch ends all the same (capture/cut-at.ts)
 */
export const nextFrames = (source: FrameSource, least: number, times: readonly number[] = []): FrameSource['next'] => {
  const { next } = least > 0 ? gatherFrames(source, least) : { next: () => source.next() };
  return times.length > 0 ? cutAt(next, times) : next;
};

/** What reads and parses in this thread, in turn with whoever asks. */
export function parsing(
  source: FrameSource,
  least: number,
  parser: PacketParser,
  { packets, packetsAhead, verdicts, adopt }: Pick<ReplayMemory, 'packets' | 'packetsAhead' | 'verdicts' | 'adopt'>,
  times: readonly number[] = [],
): Pick<PacketSource, 'nextBatch'> {
  const next = nextFrames(source, least, times);
  let [into, other] = [packets, packetsAhead];
  const take = (given: FrameBatch | null): ReadBatch | null => {
    if (given === null) return null;
    const frames = adopt(given);
    [into, other] = [other, into];
    parser.parse(frames, source.interfaces, into);
    return { frames, packets: into, verdicts };
  };
  return {
    nextBatch() {
      const pending = next();
      return pending instanceof Promise ? pending.then(take) : take(pending);
    },
  };
}
