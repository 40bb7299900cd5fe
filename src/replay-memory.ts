/**
 * A replay's memory: everything that is written a packet, side by side, so that the fast path can work on it too.
 *
 * In:  the replay's options, and the fast path's compiled module where it is to run in one.  Out: tracker and batches.
 */
import { createAdoption } from './capture/adopt.js';
import { BATCH_FRAMES, type FrameBatch } from './capture/frame.js';
import { GATHERED_FRAMES } from './capture/gather.js';
import { type ConnectionTracker, createTracker } from './flow/conntrack.js';
import type { TrackerOptions } from './flow/tracker.js';
import { FastPath } from './memory/fast-path.js';
import { MeasuredMemory, type Memory } from './memory/memory.js';
import { newPacketBatch } from './packet/parse.js';
import type { PacketBatch } from './packet/row.js';
import type { Classifier } from './tree/classifier.js';
import { flatten } from './tree/flat.js';
import { newVerdictBatch, type VerdictBatch } from './verdict/verdict.js';

/** Bytes of a batch from a source that has memory of its own; longer ones are judged outside the fast path. */
const ADOPTED_BYTES = 1 << 20;
/** What a capture reader's two slots and small things take. */
const READER_BYTES = 2 * (512 * 1024 + BATCH_FRAMES * 32);
const REST_BYTES = 1 << 23;

export interface ReplayMemory {
  readonly tracker: ConnectionTracker;
  readonly packets: PacketBatch;
  readonly packetsAhead: PacketBatch;
  readonly verdicts: VerdictBatch;
  /** The same frames in this memory, where they are not in it already. */
  readonly adopt: (frames: FrameBatch) => FrameBatch;
}

export function createReplayMemory(options: TrackerOptions, memory: Memory, adopts: boolean): ReplayMemory {
  return {
    tracker: createTracker(options, memory),
    packets: newPacketBatch(GATHERED_FRAMES, memory),
    packetsAhead: newPacketBatch(GATHERED_FRAMES, memory),
    verdicts: newVerdictBatch(GATHERED_FRAMES, memory),
    adopt: adopts ? createAdoption(memory, GATHERED_FRAMES, ADOPTED_BYTES) : frames => frames,
  };
}

/**
 * A fast path for one replay with these options; null where its table is larger than a WebAssembly memory.
 * @param classifier what the replay will judge by: its tables are copied
 * @param module dist/fast-path/fast-path.wasm, compiled
 */
export function createFastPath(
  module: WebAssembly.Module,
  options: TrackerOptions,
  classifier: Classifier,
): FastPath | null {
  const measured = new MeasuredMemory();
  flatten(classifier, measured);
  createReplayMemory(options, measured, true);
  const bytes = measured.bytes + READER_BYTES + REST_BYTES;
  return FastPath.fits(bytes) ? new FastPath(module, bytes) : null;
}
