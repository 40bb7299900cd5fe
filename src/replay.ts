/**
 * capture -> verdicts: one line a stage.
 *
 * In:  a FrameSource (or parsed packets), compiled policies, options.  Out: every batch's verdicts to the reports, then a result.
 * The loop looks one batch ahead, so that a packet can be judged by its translated copy behind it. Where that matters a
 * batch holds at least LOOK_AHEAD packets, so that the verdicts are the same however the capture was read.
 */
import type { CaptureError, FrameBatch, FrameSource } from './capture/frame.js';
import type { Compiled } from './compile.js';
import { createEbpfTracker } from './flow/ebpf.js';
import { createFragments } from './flow/fragments.js';
import { type ConntrackKind, checkTimeouts, fragmentTimeouts } from './flow/kinds.js';
import { Reassembly } from './flow/reassembly.js';
import { createStateless } from './flow/stateless.js';
import type { Tracker } from './flow/tracker.js';
import type { TrackerWatch } from './flow/watched.js';
import { Judgings } from './judging.js';
import type { FastPath } from './memory/fast-path.js';
import { createParser, type ParserOptions } from './packet/parse.js';
import { type PacketSource, parsing } from './packets.js';
import {
  conntrackOf,
  createReplayMemory,
  createReplayMemoryFor,
  type ReplayMemory,
  type TableOptions,
} from './replay-memory.js';
import { createCountings } from './report/countings.js';
import { createInOrder } from './report/in-order.js';
import type { ReplayResult, Report } from './report/report.js';
import { createDecisions, type Decisions } from './verdict/decisions.js';
import { type Ends, LOOK_AHEAD } from './verdict/ends.js';
import { type Noticed, noticedWarnings } from './verdict/noticed.js';
import { markingForeign, type Share } from './verdict/share.js';

export interface ReplayOptions extends TableOptions, ParserOptions {
  readonly mode?: 'what-if' | 'dataplane';
  /** Runs the hot loops (fast path.ts): made for this one replay, with these options. Without it they run as JavaScript, as
   *  they do with every connection table but Linux's. */
  readonly fastPath?: FastPath | null;
  /** The captures as the user named them. */
  readonly captures: readonly string[];
  /** Called between batches, some hundred times a second at most; may answer later, to let signals be served. */
  readonly onProgress?: (packets: number, bytesRead: number, bytesTotal: number | undefined) => void | Promise<void>;
  /** Asked what becomes of a connection, in place of the policies (kept/questions.ts); not beside the fast path. */
  readonly ends?: (decisions: Decisions) => Ends;
  /** Sees what connection tracking makes of packets (flow/watched.ts); not beside the fast path. */
  readonly watch?: TrackerWatch;
  /** Policies that change on the way; not beside the fast path. */
  readonly changes?: PolicyChanges;
  /** Whose packets are judged and counted, of a divided capture point; all are read. */
  readonly share?: Share | null;
  /** Ends the replay early; what was judged so far is reported. */
  readonly signal?: AbortSignal;
}

/** Asked between two batches. */
export interface PolicyChanges {
  /** Whether connections that are known are asked again; else they keep their verdicts. */
  readonly reevaluates: boolean;
  /** When something changes, as far as that is known: seconds since 1970, ascending. */
  readonly times: readonly number[];
  /** By what is judged from a packet of this time on; null where nothing has changed. Its connection table must be the same. */
  take(seconds: number): Compiled | null;
}

export interface ReplayOutcome extends ReplayResult {
  readonly packets: number;
  /** Damage, one a capture at most; every packet before it was judged. */
  readonly errors: readonly CaptureError[];
  readonly interrupted: boolean;
}

/** Seconds: more than the kernel's own timeouts of fragments. */
const FRAGMENTS = 60;

/** Frames a batch must hold at least, but the last: what is looked ahead; 0 where nothing is. Services may come later. */
export const leastFrames = (
  { mode = 'what-if', changes }: ReplayOptions,
  { inventory }: Pick<Compiled, 'inventory'>,
): number => (mode === 'what-if' && (inventory.services.length > 0 || changes !== undefined) ? LOOK_AHEAD : 0);

/** @param source frames, or what another thread has parsed already */
export async function replay(
  source: FrameSource | PacketSource,
  given: Compiled,
  options: ReplayOptions,
  reports: readonly Report[],
): Promise<ReplayOutcome> {
  const started = performance.now();
  const { changes, captures, mode = 'what-if' } = options;
  const decisions = createDecisions();
  const kind = conntrackOf(options, given);
  checkTimeouts(kind, options.timeouts);
  const fastPath = kind === 'linux' ? (options.fastPath ?? null) : null;
  const memory = memoryOf(kind, options, given, fastPath);
  const fragments = createFragments({ timeouts: fragmentTimeouts(options.timeouts) });
  const reassembly = mode === 'dataplane' && kind === 'linux' ? new Reassembly(options) : null;
  const ends = options.ends?.(decisions) ?? null;
  const tracker = options.watch?.wrap(memory.tracker) ?? memory.tracker;
  const share = options.share ?? null;
  const parser = markingForeign(createParser(options, fastPath), share);
  const { nextBatch, counting } = isParsed(source)
    ? { nextBatch: () => source.nextBatch(), counting: source.counting }
    : { ...parsing(source, leastFrames(options, given), parser, memory, changes?.times), counting: null };
  const longestFragment = Math.max(FRAGMENTS, ...Object.values(fragmentTimeouts(options.timeouts)));
  const lasting = {
    kind,
    longestFragment,
    tracker,
    fragments,
    reassembly,
    decisions,
    mode,
    ends,
    share,
    source,
    captures,
  };
  const { flat, counters } = memory;
  const tables = { flat, newCounting: createCountings(given, counters, fastPath, counting) };
  const judgings = new Judgings(lasting, given, tables, fastPath);
  let totalBytes = 0;

  const inOrder = createInOrder(reports, judgings.judge.datagrams);
  for (const report of reports) report.begin(judgings.context);
  let batch = options.signal?.aborted ? null : await nextBatch();
  while (batch !== null) {
    const { frames, packets, verdicts } = batch;
    const first = judgings.judge.packets + 1;
    // Interrupted, it reads no more, and judges what it has.
    const ahead = options.signal?.aborted ? null : await nextBatch();
    if (changes !== undefined && frames.count > 0) turn(judgings, changes, frames);
    options.watch?.batch(first, packets.rows, packets.count);
    judgings.judge.judge(frames, packets, ahead, verdicts);
    judgings.listen(frames, packets, verdicts, first);
    await inOrder.batch(frames, packets, verdicts, first);
    totalBytes += packets.wireBytes;
    await options.onProgress?.(judgings.judge.packets, source.bytesRead, source.bytesTotal);
    batch = ahead;
  }

  await inOrder.end();
  judgings.end();

  const noticed: Noticed = { ...judgings.noticed(), bytes: totalBytes, stepsBack: source.stepsBack };
  const replayMs = performance.now() - started;
  const warnings = noticedWarnings(noticed);
  const result: ReplayResult = { tracker: tracker.counters(), replayMs, warnings, noticed };
  for (const report of reports) await report.end(result);
  return {
    ...result,
    packets: judgings.judge.packets,
    errors: source.errors,
    interrupted: options.signal?.aborted ?? false,
  };
}

/** Judges by other policies from the batch on, where they have changed. */
function turn(judgings: Judgings, changes: PolicyChanges, { seconds, nanoseconds }: FrameBatch): void {
  const changed = changes.take(seconds[0]! + nanoseconds[0]! / 1e9);
  if (changed !== null) judgings.turn(changed, changes.reevaluates, seconds[0]!, nanoseconds[0]!);
}

function memoryOf(
  kind: ConntrackKind,
  options: ReplayOptions,
  compiled: Compiled,
  fastPath: FastPath | null,
): ReplayMemory<Tracker> {
  if (kind === 'linux') return createReplayMemory(options, compiled, fastPath);
  if (kind === 'none') return createReplayMemoryFor(createStateless(), options, compiled);
  // What-if: a connection that began before the capture has an entry, as it had on the host.
  const loose = options.mode !== 'dataplane';
  return createReplayMemoryFor(createEbpfTracker(kind, { ...options, loose }), options, compiled);
}

const isParsed = (source: FrameSource | PacketSource): source is PacketSource => 'nextBatch' in source;
