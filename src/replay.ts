/**
 * capture -> verdicts: one line a stage.
 *
 * In:  a FrameSource (or parsed packets), compiled policies, options.  Out: every batch's verdicts to the reports, then a result.
 * The loop looks one batch ahead, so that a packet can be judged by its translated copy behind it. Where that matters a
 * batch holds at least LOOK_AHEAD packets, so that the verdicts are the same however the capture was read.
 */
import type { CaptureError, FrameSource } from './capture/frame.js';
import type { Compiled } from './compile.js';
import { createEbpfTracker } from './flow/ebpf.js';
import { createFragments } from './flow/fragments.js';
import { type ConntrackKind, checkTimeouts, fragmentTimeouts } from './flow/kinds.js';
import { Reassembly } from './flow/reassembly.js';
import { createStateless } from './flow/stateless.js';
import type { Tracker } from './flow/tracker.js';
import type { TrackerWatch } from './flow/watched.js';
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
import type { ReplayContext, ReplayResult, Report } from './report/report.js';
import { RequestTally } from './report/requests.js';
import { createWritings } from './report/writing.js';
import { createDecisions, type Decision, type Decisions } from './verdict/decisions.js';
import { EndOwners } from './verdict/end-owners.js';
import { type Ends, LOOK_AHEAD } from './verdict/ends.js';
import { Judge } from './verdict/judge.js';
import { Layer7, withRequestsJudged } from './verdict/layer7.js';
import { MeshLayer } from './verdict/mesh.js';
import { type Noticed, noticedWarnings } from './verdict/noticed.js';
import { OpenedConnections } from './verdict/opened.js';
import { type Listening, RequestStreams } from './verdict/request-streams.js';
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
  /** Whose packets are judged and counted, of a divided capture point; all are read. */
  readonly share?: Share | null;
  /** Ends the replay early; what was judged so far is reported. */
  readonly signal?: AbortSignal;
}

export interface ReplayOutcome extends ReplayResult {
  readonly packets: number;
  /** Damage, one a capture at most; every packet before it was judged. */
  readonly errors: readonly CaptureError[];
  readonly interrupted: boolean;
}

/** Frames a batch must hold at least, but the last: what is looked ahead; 0 where nothing is. */
export const leastFrames = ({ mode = 'what-if' }: ReplayOptions, { inventory }: Pick<Compiled, 'inventory'>): number =>
  mode === 'what-if' && inventory.services.length > 0 ? LOOK_AHEAD : 0;

/** @param source frames, or what another thread has parsed already */
export async function replay(
  source: FrameSource | PacketSource,
  given: Compiled,
  options: ReplayOptions,
  reports: readonly Report[],
): Promise<ReplayOutcome> {
  const started = performance.now();
  const mode = options.mode ?? 'what-if';
  const decisions = createDecisions();
  const compiled = openingRequests(given);
  const kind = conntrackOf(options, compiled);
  checkTimeouts(kind, options.timeouts);
  const stateless = kind === 'none';
  const fastPath = kind === 'linux' ? (options.fastPath ?? null) : null;
  const memory = memoryOf(kind, options, compiled, fastPath);
  const fragments = createFragments({ timeouts: fragmentTimeouts(options.timeouts) });
  const reassembly = mode === 'dataplane' && kind === 'linux' ? new Reassembly(options) : null;
  const ends = options.ends?.(decisions) ?? null;
  const flat = ends === null ? memory.flat : null;
  const tracker = options.watch?.wrap(memory.tracker) ?? memory.tracker;
  const share = options.share ?? null;
  const parts = { ...compiled, tracker, fragments, reassembly, decisions, mode, stateless, flat, ends, share };
  const parser = markingForeign(createParser(options, fastPath), share);
  // The rules of iptables and nftables stop at IPv6's authentication header; an eBPF program's do not.
  const looksInside = compiled.objects.istio.length > 0 || asksRequests(compiled);
  const judge = new Judge({ ...parts, looksInside, stopsAtAuthentication: kind === 'linux' || stateless }, fastPath);
  const { nextBatch, counting } = isParsed(source)
    ? { nextBatch: () => source.nextBatch(), counting: source.counting }
    : { ...parsing(source, leastFrames(options, compiled), parser, memory), counting: null };
  let totalBytes = 0;

  const requests = createRequests(compiled, decisions.list);
  const mesh = createMeshLayer(compiled, decisions.list);
  const context: ReplayContext = {
    compiled,
    source,
    decisions: decisions.list,
    ends: new EndOwners(decisions.list, compiled.classifier),
    requests: requests?.tally ?? null,
    mesh: mesh?.tally ?? null,
    newCounting: createCountings(compiled, memory.counters, fastPath, counting),
    newWriting: createWritings(fastPath),
    mode,
    captures: options.captures,
  };
  const inOrder = createInOrder(reports, judge.datagrams);
  for (const report of reports) report.begin(context);
  let batch = options.signal?.aborted ? null : await nextBatch();
  while (batch !== null) {
    const { frames, packets, verdicts } = batch;
    const first = judge.packets + 1;
    // Interrupted, it reads no more, and judges what it has.
    const ahead = options.signal?.aborted ? null : await nextBatch();
    options.watch?.batch(first, packets.rows, packets.count);
    judge.judge(frames, packets, ahead, verdicts);
    mesh?.streams.batch(frames, packets, verdicts, first);
    requests?.streams.batch(frames, packets, verdicts, first);
    await inOrder.batch(frames, packets, verdicts, first);
    totalBytes += packets.wireBytes;
    await options.onProgress?.(judge.packets, source.bytesRead, source.bytesTotal);
    batch = ahead;
  }

  await inOrder.end();
  requests?.streams.end();
  mesh?.streams.end();

  const noticed: Noticed = {
    ...judge.observations.observed(),
    bytes: totalBytes,
    givenUp: requests?.streams.givenUp ?? mesh?.streams.givenUp ?? 0,
    stepsBack: source.stepsBack,
  };
  const replayMs = performance.now() - started;
  const warnings = noticedWarnings(noticed);
  const result: ReplayResult = { tracker: tracker.counters(), replayMs, warnings, noticed };
  for (const report of reports) await report.end(result);
  return { ...result, packets: judge.packets, errors: source.errors, interrupted: options.signal?.aborted ?? false };
}

/** Rules that look at requests open connections here, as their requests are judged. */
function openingRequests(compiled: Compiled): Compiled {
  const ruleset = withRequestsJudged(compiled.ruleset);
  return ruleset === compiled.ruleset
    ? compiled
    : { ...compiled, ruleset, classifier: { ...compiled.classifier, ruleset } };
}

export const asksRequests = ({ ruleset }: Pick<Compiled, 'ruleset'>): boolean =>
  ruleset.rules.some(({ layer7 }) => layer7 !== undefined);

/** null where no rule looks at requests. */
function createRequests(compiled: Compiled, decisions: readonly Decision[]) {
  const { ruleset, inventory } = compiled;
  if (!asksRequests(compiled)) return null;
  const tally = new RequestTally(inventory);
  const layer7 = new Layer7(ruleset, inventory, judged => tally.add(judged));
  return { tally, streams: streamsFor(layer7, compiled, decisions) };
}

/** null where there are no policies of a mesh. */
function createMeshLayer(compiled: Compiled, decisions: readonly Decision[]) {
  const { mesh, objects, inventory } = compiled;
  if (objects.istio.length === 0) return null;
  const tally = new RequestTally(inventory);
  const layer = new MeshLayer(mesh, (judged, audited) => tally.add(judged, audited));
  return { tally, streams: streamsFor(layer, compiled, decisions) };
}

const streamsFor = (
  listening: Listening,
  { inventory, classifier }: Compiled,
  decisions: readonly Decision[],
): RequestStreams =>
  new RequestStreams(
    listening,
    decisions,
    new OpenedConnections(decisions, new EndOwners(decisions, classifier), inventory),
  );

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
