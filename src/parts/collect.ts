/**
 * A replay -> what it found, for a partial result (cold: the tally counts).
 *
 * In:  a replay's batches and its end.  Out: a Found, and what is the same for all parts of the run. Nothing is sorted and
 * nothing cut but what the tally cuts (10,000 conversations, addresses, requests), so that it can be joined. What a share of
 * a point must know to be joined with the others, too.
 */
import { profileField } from '../profile/profile.js';
import { type Conversation, describeConversations, type End } from '../report/conversations.js';
import { MAX_CONVERSATIONS } from '../report/counters.js';
import { countHits, type PolicyHits } from '../report/hits.js';
import { ownerName, workloadName } from '../report/owners.js';
import type { ReplayContext, ReplayResult, Report } from '../report/report.js';
import type { RequestTally } from '../report/requests.js';
import { describeCaptures, documentWarnings, observedOf } from '../report/summary.js';
import { Tally } from '../report/tally.js';
import { textFacts } from '../report/text.js';
import { PENDING } from '../verdict/verdict.js';
import type { About, CountedConversation, CountedEnd, CountedRequests, Found, PieceShare, Time } from './part.js';

export interface Collecting extends Report {
  /** After the replay's end. */
  readonly about: About;
  readonly found: Found;
  readonly facts: Pick<PieceShare, 'most' | 'since'>;
}

export function createCollecting(): Collecting {
  let context: ReplayContext;
  let tally: Tally;
  let about: About | null = null;
  let found: Found | null = null;
  let most = 0;
  return {
    get about() {
      return about!;
    },
    get found() {
      return found!;
    },
    get facts() {
      return { most, since: tally.unknownSince };
    },
    begin(begun) {
      context = begun;
      tally = new Tally(begun, MAX_CONVERSATIONS);
    },
    batch(frames, packets, verdicts, first) {
      tally.batch(frames, packets, verdicts, first);
    },
    end(result) {
      tally.settle();
      ({ most } = result.tracker);
      const policies = countHits(context, tally);
      about = describe(context, policies);
      found = collect(context, tally, policies, result);
    },
  };
}

export function describe({ compiled, mode, requests, mesh }: ReplayContext, policies: readonly PolicyHits[]): About {
  return {
    mode,
    ...profileField(compiled.profile),
    profileFrom: compiled.profileFrom,
    warnings: documentWarnings(compiled),
    facts: textFacts(compiled),
    policies: policies.map(({ kind, policy, source, rules }) => ({
      kind,
      policy,
      source,
      rules: rules.map(it => ({ rule: it.rule, source: it.source })),
    })),
    requests: requests !== null,
    mesh: mesh !== null,
  };
}

/** @param policies whose hits are wanted */
export function collect(
  context: ReplayContext,
  tally: Tally,
  policies: readonly PolicyHits[],
  result: Omit<ReplayResult, 'warnings'>,
): Found {
  const { compiled, source, requests, mesh } = context;
  const { counters } = tally;
  const began = !Number.isNaN(tally.firstSeconds);
  const time = (seconds: number, nanoseconds: number): Time | null => (began ? [seconds, nanoseconds] : null);
  return {
    // Those of other shares have no verdict.
    packets: Array.from(counters.packetsByCode, (packets, code) => (code === PENDING ? 0 : packets)),
    connections: [...counters.connectionsByCode],
    conversations: describeConversations(context, tally).map((it, group) => counted(context, tally, it, group)),
    others: tally.others,
    hits: policies.map(numbersOf),
    requests: requests === null ? null : countedRequests(requests),
    mesh: mesh === null ? null : countedRequests(mesh),
    unknown: tally.unknown.map((address, i) => [address, tally.unknownConnections[i]!]),
    unknownOthers: tally.unknownOthers,
    observed: observedOf(tally, result),
    captures: describeCaptures(context, tally),
    errors: source.errors.map(({ message }) => message),
    first: time(tally.firstSeconds, tally.firstNanoseconds),
    last: time(tally.lastSeconds, tally.lastNanoseconds),
    compileMs: compiled.compileMs,
    replayMs: result.replayMs,
    noticed: result.noticed,
  };
}

const numbersOf = ({ hits, defaultDeny, rules }: PolicyHits): number[] =>
  hits.packets === 0
    ? []
    : [defaultDeny, ...rules.map(rule => rule.hits)].flatMap(({ connections, packets }) => [connections, packets]);

const countedRequests = (tally: RequestTally): CountedRequests => ({
  counts: { ...tally.counts },
  refused: tally.inOrder(),
  others: tally.others,
  audited: [...tally.audited],
});

/** The same numbers in every part: what is compiled from the same documents is the same. */
function counted(context: ReplayContext, tally: Tally, it: Conversation, group: number): CountedConversation {
  const { owners } = context.compiled.inventory;
  const record = tally.records[group]!;
  const { egress, ingress, forward, code, service, backends } = context.decisions[record.decision]!;
  const end = (owner: number, { workload, address }: End, isDestination: boolean): CountedEnd => {
    const pod = owner >= 0 && owners[owner]!.kind === 'pod' ? ownerName(owners[owner]!) : null;
    const pods = tally.counters
      .keptOf(group, isDestination)
      .map(index => owners[index]!)
      .filter(({ kind }) => kind === 'pod')
      .map(ownerName);
    return { workload, address, pod, pods };
  };
  const whose = (owner: number, { address }: End): readonly string[] =>
    owner >= 0 ? [workloadName(owners[owner]!)] : ['', address];
  const shape = [egress, ingress, forward, code, service, backends];
  const who = [whose(record.source, it.source), whose(record.destination, it.destination)];
  return {
    ...it,
    key: JSON.stringify([shape, who, record.protocol, record.service]),
    source: end(record.source, it.source, false),
    destination: end(record.destination, it.destination, true),
  };
}
