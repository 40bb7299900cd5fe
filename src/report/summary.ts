/**
 * The summary: what a replay found, as plain data (cold). The text and JSON reports print it.
 *
 * In:  the tally at the replay's end, and the names of things.  Out: a Summary, the shape of `policap.summary/1`
 * (json.ts renames nothing). Hits are counted by decision: a connection counts at the rule that decided on each side.
 */
import type { FrameBatch } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import type { PacketBatch } from '../packet/row.js';
import { type ProfileName, profileField } from '../profile/profile.js';
import { reasonOf, type VerdictBatch, verdictOf } from '../verdict/verdict.js';
import { type Conversation, listConversations } from './conversations.js';
import { MAX_CONVERSATIONS } from './counters.js';
import { createTimeText } from './fields.js';
import { countHits, type PolicyHits } from './hits.js';
import type { ReplayContext, ReplayResult } from './report.js';
import type { RefusedRequests, RequestCounts, RequestTally } from './requests.js';
import { Tally } from './tally.js';

export interface Counts {
  readonly total: number;
  readonly allowed: number;
  readonly dropped: number;
  readonly undecided: number;
}

export interface CaptureSummary {
  readonly name: string;
  readonly packets: number;
  /** Damage: byte offset, what was expected, what was found. */
  readonly error: { readonly offset: number; readonly message: string } | null;
}

export interface RequestSummary {
  readonly counts: RequestCounts;
  /** Those that would not pass, refused ones first. */
  readonly refused: readonly RefusedRequests[];
  /** Not told apart. */
  readonly others: number;
}

export interface Summary {
  readonly schema: 'policap.summary/1';
  readonly mode: 'what-if' | 'dataplane';
  /** Absent where it is upstream. */
  readonly profile?: ProfileName;
  /** Where the profile does not enforce anything. */
  readonly notice?: string;
  /** Why this profile: `asked for`, or what the cluster runs. */
  readonly profileFrom: string;
  readonly packets: Counts;
  readonly connections: Counts;
  /** Packets by reason, and connections by the reason of the packet that opened them. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly connectionReasons: Readonly<Record<string, number>>;
  /** Most frequent first. */
  readonly denied: readonly Conversation[];
  readonly undecided: readonly Conversation[];
  /** Refused or undecided conversations beyond the limit of distinct ones. */
  readonly deniedOthers: { readonly connections: number; readonly packets: number };
  /** Requests on connections whose rules look at them; absent where none do. */
  readonly requests?: RequestSummary;
  /** What the service mesh says of requests, and of connections where requests make no difference; absent without its policies. */
  readonly mesh?: RequestSummary & {
    readonly audited: readonly { readonly policy: string; readonly requests: number }[];
  };
  readonly policies: readonly PolicyHits[];
  /** Addresses that nobody in the cluster owns, most connections first. */
  readonly unknownAddresses: readonly { readonly address: string; readonly connections: number }[];
  readonly unknownOthers: number;
  readonly observed: {
    readonly midstreamConnections: number;
    readonly midstreamPackets: number;
    readonly oneWayPackets: number;
    readonly duplicatePackets: number;
    readonly translatedPackets: number;
    readonly earlyEvictions: number;
  };
  readonly captures: readonly CaptureSummary[];
  readonly time: { readonly first: string | null; readonly last: string | null; readonly seconds: number };
  readonly bytes: number;
  readonly timing: { readonly compileMs: number; readonly replayMs: number; readonly packetsPerSecond: number };
  /** Where policies changed on the way, oldest first: see src/parts/changing.ts. */
  readonly changes?: readonly PolicyChange[];
  /** Of the documents first (as many as Compiled.problems), then of the replay, then damage. */
  readonly warnings: readonly string[];
}

/** By what was judged from a packet on. */
export interface PolicyChange {
  readonly firstPacket: number;
  /** Of that packet. */
  readonly time: string | null;
  /** Connections that were known then and were asked again, and of these whose verdict became another. */
  readonly asked: number;
  readonly changed: number;
}

export interface SummaryOptions {
  /** Distinct conversations kept; the rest is counted. Default 10,000. */
  readonly maxConversations?: number;
}

export interface SummaryCollector {
  /** By what is judged now. */
  compiled(): Compiled;
  begin(context: ReplayContext): void;
  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): void;
  end(result: ReplayResult): Summary;
}

export function createSummary(options: SummaryOptions = {}): SummaryCollector {
  let context: ReplayContext;
  let tally: Tally;
  return {
    compiled: () => context.compiled,
    begin(begun) {
      context = begun;
      tally = new Tally(begun, options.maxConversations ?? MAX_CONVERSATIONS);
    },
    batch(frames, packets, verdicts, first) {
      tally.batch(frames, packets, verdicts, first);
    },
    end(result) {
      tally.settle();
      return summarize(context, tally, result);
    },
  };
}

function summarize(context: ReplayContext, tally: Tally, result: ReplayResult): Summary {
  const { compiled, source, mode } = context;
  const { counters } = tally;
  const timeText = createTimeText();
  const began = !Number.isNaN(tally.firstSeconds);
  return {
    schema: 'policap.summary/1',
    mode,
    ...profileField(compiled.profile),
    profileFrom: compiled.profileFrom,
    packets: countVerdicts(counters.packetsByCode),
    connections: countVerdicts(counters.connectionsByCode),
    reasons: countReasons(counters.packetsByCode),
    connectionReasons: countReasons(counters.connectionsByCode),
    denied: listConversations(context, tally, 'dropped'),
    undecided: listConversations(context, tally, 'undecided'),
    deniedOthers: tally.others,
    ...requestsOf(context),
    policies: countHits(context, tally),
    unknownAddresses: tally.unknown
      .map((address, i) => ({ address, connections: tally.unknownConnections[i]! }))
      .sort((a, b) => b.connections - a.connections),
    unknownOthers: tally.unknownOthers,
    observed: observedOf(tally, result),
    captures: describeCaptures(context, tally),
    time: {
      first: began ? timeText(tally.firstSeconds, tally.firstNanoseconds) : null,
      last: began ? timeText(tally.lastSeconds, tally.lastNanoseconds) : null,
      seconds: began
        ? tally.lastSeconds - tally.firstSeconds + (tally.lastNanoseconds - tally.firstNanoseconds) / 1e9
        : 0,
    },
    bytes: tally.bytes,
    timing: {
      compileMs: round(compiled.compileMs),
      replayMs: round(result.replayMs),
      packetsPerSecond: result.replayMs > 0 ? Math.round((tally.packets / result.replayMs) * 1000) : 0,
    },
    warnings: [...documentWarnings(compiled), ...result.warnings, ...source.errors.map(error => error.message)],
  };
}

export const observedOf = (tally: Tally, { tracker }: Pick<ReplayResult, 'tracker'>): Summary['observed'] => ({
  midstreamConnections: tally.midstreamConnections,
  midstreamPackets: tally.midstreamPackets,
  oneWayPackets: tally.oneWay,
  duplicatePackets: tally.duplicates,
  translatedPackets: tally.translated,
  earlyEvictions: tracker.earlyEvictions,
});

export const documentWarnings = ({ problems }: Pick<Compiled, 'problems'>): string[] =>
  problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`);

function requestsOf({ requests, mesh }: ReplayContext): Pick<Summary, 'requests' | 'mesh'> {
  return {
    ...(requests !== null && { requests: requestSummary(requests) }),
    ...(mesh !== null && {
      mesh: {
        ...requestSummary(mesh),
        audited: [...mesh.audited].map(([policy, times]) => ({ policy, requests: times })),
      },
    }),
  };
}

const requestSummary = (tally: RequestTally): RequestSummary => ({
  counts: { ...tally.counts },
  refused: tally.refused(),
  others: tally.others,
});

export const round = (ms: number): number => Math.round(ms * 1000) / 1000;

export function countVerdicts(byCode: ArrayLike<number>): Counts {
  const counts = { total: 0, allowed: 0, dropped: 0, undecided: 0 };
  Array.from(byCode).forEach((count, code) => {
    counts.total += count;
    counts[verdictOf(code)] += count;
  });
  return counts;
}

export function countReasons(byCode: ArrayLike<number>): Record<string, number> {
  const reasons: Record<string, number> = {};
  Array.from(byCode).forEach((count, code) => {
    if (count > 0) reasons[reasonOf(code)] = (reasons[reasonOf(code)] ?? 0) + count;
  });
  return reasons;
}

export function describeCaptures({ captures, source }: ReplayContext, tally: Tally): CaptureSummary[] {
  const packets = captures.map(() => 0);
  source.interfaces.forEach(({ capture }, i) => {
    packets[capture] = (packets[capture] ?? 0) + (tally.packetsByInterface[i] ?? 0);
  });
  return captures.map((name, i) => {
    const error = source.errors.find(({ capture }) => capture === name);
    return { name, packets: packets[i]!, error: error ? { offset: error.offset, message: error.message } : null };
  });
}
