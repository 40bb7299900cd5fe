/**
 * A replay's memory: everything that is written a packet, side by side, so that the fast path can work on it too.
 *
 * In:  the replay's options, what it judges by, and the fast path's compiled module where it is to run in one.  Out: tracker,
 * batches, the classifier's tables for the loops, and counters.
 */
import { createAdoption } from './capture/adopt.js';
import { BATCH_FRAMES, type FrameBatch } from './capture/frame.js';
import { GATHERED_FRAMES } from './capture/gather.js';
import type { Compiled } from './compile.js';
import { type ConnectionTracker, capacityOf, createTracker } from './flow/conntrack.js';
import { type ConntrackKind, isEbpf } from './flow/kinds.js';
import type { Tracker, TrackerOptions } from './flow/tracker.js';
import { FastPath } from './memory/fast-path.js';
import { MeasuredMemory, type Memory, OWN_MEMORY } from './memory/memory.js';
import { newPacketBatch } from './packet/parse.js';
import type { PacketBatch } from './packet/row.js';
import { Counters, MAX_CONVERSATIONS } from './report/counters.js';
import { WRITING_BYTES } from './report/writing.js';
import { type FlatTree, flatten } from './tree/flat.js';
import { type FlatAddresses, flattenAddresses } from './tree/flat-addresses.js';
import { newVerdictBatch, type VerdictBatch } from './verdict/verdict.js';

/** Bytes of a batch from a source that has memory of its own; longer ones are judged outside the fast path. */
const ADOPTED_BYTES = 1 << 20;
/** What a capture reader's two slots and small things take. */
const READER_BYTES = 2 * (512 * 1024 + BATCH_FRAMES * 32);
const REST_BYTES = 1 << 23;
/** An owner's words in observations and in beginnings. */
const OWNER_BYTES = 8;

export interface TableOptions extends TrackerOptions {
  /** The connection table; by default the profile's. `none`: every packet on its own. */
  readonly conntrack?: ConntrackKind;
}

/** Which connection table a replay has. */
export const conntrackOf = (
  { conntrack }: TableOptions,
  { profile }: { readonly profile?: Compiled['profile'] },
): ConntrackKind => conntrack ?? profile?.conntrack ?? 'linux';

export interface ReplayMemory<T extends Tracker = ConnectionTracker> {
  readonly tracker: T;
  readonly packets: PacketBatch;
  readonly packetsAhead: PacketBatch;
  readonly verdicts: VerdictBatch;
  /** The classifier's tables for the hot loops, where they have that form. */
  readonly flat: FlatTree | null;
  readonly counters: Counters;
  /** The same frames in this memory, where they are not in it already. */
  readonly adopt: (frames: FrameBatch) => FrameBatch;
}

export type Judging = Pick<Compiled, 'classifier' | 'inventory'> & Partial<Pick<Compiled, 'profile'>>;

/** With Linux's connection table. @param fastPath binds what it works on; its memory is taken, else arrays have memory of
 *  their own */
export function createReplayMemory(options: TrackerOptions, judging: Judging, fastPath: FastPath | null): ReplayMemory {
  const memory = fastPath?.memory ?? OWN_MEMORY;
  const made = takeMemory(options, judging, memory, fastPath !== null, () => createTracker(options, memory));
  fastPath?.bind(made.tracker.fastPathParts());
  fastPath?.bind({ Counters: made.counters, Groups: made.counters.groups, FlatAddresses: made.addresses });
  return made;
}

/** With another connection table, which no fast path knows. */
export const createReplayMemoryFor = <T extends Tracker>(
  tracker: T,
  options: TrackerOptions,
  judging: Judging,
): ReplayMemory<T> => takeMemory(options, judging, OWN_MEMORY, false, () => tracker);

function takeMemory<T extends Tracker>(
  options: TrackerOptions,
  { classifier, inventory }: Judging,
  memory: Memory,
  adopts: boolean,
  newTracker: () => T,
): ReplayMemory<T> & { readonly addresses: FlatAddresses } {
  const addresses = flattenAddresses(classifier, inventory, memory);
  const tracker = newTracker();
  return {
    tracker,
    packets: newPacketBatch(GATHERED_FRAMES, memory),
    packetsAhead: newPacketBatch(GATHERED_FRAMES, memory),
    verdicts: newVerdictBatch(GATHERED_FRAMES, memory),
    addresses,
    flat: flatten(classifier, addresses, memory),
    counters: new Counters(addresses, inventory.owners.length, MAX_CONVERSATIONS, capacityOf(options), memory),
    adopt: adopts ? createAdoption(memory, GATHERED_FRAMES, ADOPTED_BYTES) : frames => frames,
  };
}

/**
 * A fast path for one replay with these options; null where its tables are larger than a WebAssembly memory, and where the
 * connection table is an eBPF one, which it does not know.
 * @param judging what the replay will judge by: its tables are copied
 * @param module dist/fast-path/fast-path.wasm, compiled; fast-path-shared.wasm where threads are to share the memory
 * @param shared bytes more, for what other threads work on; undefined where there are none
 */
export function createFastPath(
  module: WebAssembly.Module,
  options: TableOptions,
  judging: Judging,
  shared?: number,
): FastPath | null {
  if (isEbpf(conntrackOf(options, judging))) return null;
  const measured = new MeasuredMemory();
  takeMemory(options, judging, measured, true, () => createTracker(options, measured));
  const ownerBytes = judging.inventory.owners.length * OWNER_BYTES;
  const bytes = measured.bytes + READER_BYTES + WRITING_BYTES + REST_BYTES + ownerBytes;
  if (shared === undefined) return FastPath.fits(bytes) ? new FastPath(module, bytes) : null;
  return FastPath.fits(bytes + shared) ? new FastPath(module, { shared: bytes + shared }) : null;
}
