/**
 * The summary: what a replay found, as plain data (cold). The text and JSON reports print it.
 *
 * In:  the tally at the replay's end, and the names of things.  Out: a Summary, the shape of `policap.summary/1`
 * (json.ts renames nothing). Hits are counted by decision: a connection counts at the rule that decided on each side.
 */
import type { FrameBatch } from '../capture/frame.js';
import { formatPosition } from '../documents/document.js';
import type { PacketBatch } from '../packet/row.js';
import { protocolText } from '../packet/text.js';
import { type ProfileName, profileField } from '../profile/profile.js';
import { OUTCOME_NONE } from '../tree/classifier.js';
import type { Decision } from '../verdict/decisions.js';
import {
  type OutcomeRecord,
  type Reason,
  reasonOf,
  type Verdict,
  type VerdictBatch,
  verdictOf,
} from '../verdict/verdict.js';
import { MAX_CONVERSATIONS, OWNERS_KEPT } from './counters.js';
import { createTimeText, isIcmp } from './fields.js';
import { countHits, type PolicyHits } from './hits.js';
import { createOutcomes, type DecisionOutcomes, type Outcomes } from './outcomes.js';
import { ownerAddress, ownerName, workloadName } from './owners.js';
import type { ReplayContext, ReplayResult } from './report.js';
import { type GroupRecord, Tally } from './tally.js';

export interface Counts {
  readonly total: number;
  readonly allowed: number;
  readonly dropped: number;
  readonly undecided: number;
}

/** One end of a conversation. */
export interface End {
  /** What `policap query` takes: a workload, a lone pod, a node; null for an address nobody owns. */
  readonly workload: string | null;
  /** Pods of the workload that took part, at most 16. */
  readonly pods: readonly string[];
  /** Of the first packet; behind a service, of the pod that was judged. */
  readonly address: string;
}

/** A distinct refused (or undecided) conversation, from its initiator to its responder. */
export interface Conversation {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly source: End;
  readonly destination: End;
  /** The service that was addressed: `shop/service/web`. */
  readonly service: string | null;
  readonly protocol: string;
  /** Destination port; null for protocols without ports. */
  readonly port: number | null;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Which side refused: `forward` for plain rules, null where the backends disagree. */
  readonly side: 'egress' | 'ingress' | 'both' | 'forward' | null;
  readonly connections: number;
  readonly packets: number;
  /** The number of the first refused packet. */
  readonly firstPacket: number;
  readonly egress: OutcomeRecord | null;
  readonly ingress: OutcomeRecord | null;
  readonly forward?: OutcomeRecord;
  /** Ready backends of the service that disagree. */
  readonly backends?: { readonly allowed: readonly string[]; readonly dropped: readonly string[] };
}

export interface CaptureSummary {
  readonly name: string;
  readonly packets: number;
  /** Damage: byte offset, what was expected, what was found. */
  readonly error: { readonly offset: number; readonly message: string } | null;
}

export interface Summary {
  readonly schema: 'policap.summary/1';
  readonly mode: 'what-if' | 'dataplane';
  /** Absent where it is upstream. */
  readonly profile?: ProfileName;
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
  /** Of the documents first (as many as Compiled.problems), then of the replay, then damage. */
  readonly warnings: readonly string[];
}

export interface SummaryOptions {
  /** Distinct conversations kept; the rest is counted. Default 10,000. */
  readonly maxConversations?: number;
}

export interface SummaryCollector {
  begin(context: ReplayContext): void;
  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): void;
  end(result: ReplayResult): Summary;
}

export function createSummary(options: SummaryOptions = {}): SummaryCollector {
  let context: ReplayContext;
  let tally: Tally;
  return {
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
  const outcomes = createOutcomes(compiled);
  const conversations = tally.records
    .map((_, group) => describeConversation(context, outcomes, tally, group))
    .sort((a, b) => b.connections - a.connections || b.packets - a.packets || a.firstPacket - b.firstPacket);
  const timeText = createTimeText();
  const began = !Number.isNaN(tally.firstSeconds);
  return {
    schema: 'policap.summary/1',
    mode,
    ...profileField(compiled.profile),
    packets: countVerdicts(counters.packetsByCode),
    connections: countVerdicts(counters.connectionsByCode),
    reasons: countReasons(counters.packetsByCode),
    connectionReasons: countReasons(counters.connectionsByCode),
    denied: conversations.filter(({ verdict }) => verdict === 'dropped'),
    undecided: conversations.filter(({ verdict }) => verdict === 'undecided'),
    deniedOthers: tally.others,
    policies: countHits(context, tally),
    unknownAddresses: tally.unknown
      .map((address, i) => ({ address, connections: tally.unknownConnections[i]! }))
      .sort((a, b) => b.connections - a.connections),
    unknownOthers: tally.unknownOthers,
    observed: {
      midstreamConnections: tally.midstreamConnections,
      midstreamPackets: tally.midstreamPackets,
      oneWayPackets: tally.oneWay,
      duplicatePackets: tally.duplicates,
      translatedPackets: tally.translated,
      earlyEvictions: result.tracker.earlyEvictions,
    },
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
    warnings: [
      ...compiled.problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`),
      ...result.warnings,
      ...source.errors.map(error => error.message),
    ],
  };
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;

function countVerdicts(byCode: Float64Array): Counts {
  const counts = { total: 0, allowed: 0, dropped: 0, undecided: 0 };
  byCode.forEach((count, code) => {
    counts.total += count;
    counts[verdictOf(code)] += count;
  });
  return counts;
}

function countReasons(byCode: Float64Array): Record<string, number> {
  const reasons: Record<string, number> = {};
  byCode.forEach((count, code) => {
    if (count > 0) reasons[reasonOf(code)] = (reasons[reasonOf(code)] ?? 0) + count;
  });
  return reasons;
}

/** Of many conversations a text shows few: what takes long is found when it is asked for. */
function describeConversation(context: ReplayContext, outcomes: Outcomes, tally: Tally, group: number): Conversation {
  const { owners } = context.compiled.inventory;
  const { counters } = tally;
  const record = tally.records[group]!;
  const decision = context.decisions[record.decision]!;
  const { source, destination, sourceAddress, destinationAddress, family } = record;
  const behindService = decision.service >= 0 && decision.backends === null;
  const records = () => outcomes.of(decision, source, destination);
  return {
    verdict: verdictOf(decision.code),
    reason: reasonOf(decision.code),
    get source() {
      return describeEnd(context, source, counters.keptOf(group, false), sourceAddress, 0);
    },
    get destination() {
      const seen = counters.keptOf(group, true);
      return describeEnd(context, destination, seen, destinationAddress, behindService ? family : 0);
    },
    service: decision.service < 0 ? null : ownerName(owners[decision.service]!),
    protocol: protocolText(record.protocol),
    ...describeService(record),
    get side() {
      return refusingSide(decision, records());
    },
    connections: counters.connectionsByConversation[group]!,
    packets: counters.packetsByConversation[group]!,
    firstPacket: record.firstPacket,
    get egress() {
      return records().egress;
    },
    get ingress() {
      return records().ingress;
    },
    ...(decision.forward === OUTCOME_NONE ? {} : { forward: records().forward! }),
    ...(decision.backends === null ? {} : { backends: decision.backends }),
  };
}

/** @param family where the packet's address is a service's: the family of the owner's own address to show, else 0 */
function describeEnd(
  { compiled }: ReplayContext,
  owner: number,
  seen: readonly number[],
  address: string,
  family: number,
): End {
  if (owner < 0) return { workload: null, pods: [], address };
  const it = compiled.inventory.owners[owner]!;
  const shown = seen.length > 0 ? seen : [owner];
  return {
    workload: workloadName(it),
    pods: shown
      .map(index => compiled.inventory.owners[index]!)
      .filter(({ kind }) => kind === 'pod')
      .map(ownerName)
      .slice(0, OWNERS_KEPT),
    address: family === 0 ? address : (ownerAddress(it, family) ?? address),
  };
}

function describeService({ protocol, service }: GroupRecord): Pick<Conversation, 'port' | 'icmpType' | 'icmpCode'> {
  if (service < 0) return { port: null };
  return isIcmp(protocol) ? { port: null, icmpType: service >> 8, icmpCode: service & 255 } : { port: service };
}

function refusingSide({ backends }: Decision, { egress, ingress, forward }: DecisionOutcomes): Conversation['side'] {
  if (backends !== null) return null;
  if (egress?.verdict === 'dropped') return ingress?.verdict === 'dropped' ? 'both' : 'egress';
  if (ingress?.verdict === 'dropped') return 'ingress';
  return forward?.verdict === 'dropped' ? 'forward' : null;
}

function describeCaptures({ captures, source }: ReplayContext, tally: Tally): CaptureSummary[] {
  const packets = captures.map(() => 0);
  source.interfaces.forEach(({ capture }, i) => {
    packets[capture] = (packets[capture] ?? 0) + (tally.packetsByInterface[i] ?? 0);
  });
  return captures.map((name, i) => {
    const error = source.errors.find(({ capture }) => capture === name);
    return { name, packets: packets[i]!, error: error ? { offset: error.offset, message: error.message } : null };
  });
}
