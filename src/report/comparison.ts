/**
 * Several profiles' verdicts on one capture -> the connections on which they differ (cold, but for a look at each packet).
 *
 * In:  every profile's report of every batch, in any order among the profiles.  Out: a Comparison. Connections are told by the
 * packet that opens them: where a packet opens one for any profile, all profiles' verdicts on it are held against each
 * other. Like differences between the same workloads are one entry.
 */
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import { DST, FAMILY, PROTOCOL, SRC, STRIDE } from '../packet/row.js';
import { protocolText, wordsText } from '../packet/text.js';
import { noticeOf, type ProfileName } from '../profile/profile.js';
import { MARK_FIRST, MARK_ORIGINAL, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import { isIcmp, serviceOf } from './fields.js';
import { createOutcomes, type DecisionOutcomes, type Outcomes } from './outcomes.js';
import { ownerName, workloadName } from './owners.js';
import type { ReplayContext, Report } from './report.js';

/** What one profile says of a connection. */
export interface ProfileAnswer extends DecisionOutcomes {
  readonly profile: ProfileName;
  readonly verdict: Verdict;
  readonly reason: Reason;
}

export interface ComparedEnd {
  /** What `policap query` takes; null for an address nobody owns. */
  readonly workload: string | null;
  /** Of the first connection. */
  readonly address: string;
}

export interface Difference {
  readonly source: ComparedEnd;
  readonly destination: ComparedEnd;
  readonly service: string | null;
  readonly protocol: string;
  /** Destination port; null for protocols without. */
  readonly port: number | null;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly connections: number;
  /** The packet that opened the first of them. */
  readonly firstPacket: number;
  /** In the order of Comparison.profiles. */
  readonly answers: readonly ProfileAnswer[];
}

export interface VerdictTotals {
  readonly allowed: number;
  readonly dropped: number;
  readonly undecided: number;
}

export interface ComparedProfile {
  readonly profile: ProfileName;
  readonly title: string;
  /** What must be said first: it enforces nothing. */
  readonly notice: string | null;
  readonly connections: VerdictTotals;
  readonly packets: VerdictTotals;
  readonly warnings: readonly string[];
}

export interface Comparison {
  readonly schema: 'policap.compare/1';
  readonly mode: 'what-if' | 'dataplane';
  readonly captures: readonly string[];
  readonly profiles: readonly ComparedProfile[];
  /** Connections that some profile counts, and those on which not all say the same. */
  readonly connections: { readonly total: number; readonly different: number };
  /** Packets of whatever connection on which not all say the same. */
  readonly packets: { readonly total: number; readonly different: number };
  /** Most connections first. */
  readonly differences: readonly Difference[];
  /** Connections of differences beyond the limit of distinct ones. */
  readonly others: number;
}

/** Distinct differences kept. */
const MOST_DIFFERENCES = 10_000;

/** A profile's verdicts of one batch. */
interface Seen {
  readonly code: Uint8Array;
  readonly decision: Int32Array;
  readonly marks: Uint8Array;
}

export interface Comparing {
  /** One a profile, as given. */
  readonly reports: readonly Report[];
  /** When all replays have ended. @param warnings of each profile's replay */
  result(warnings: readonly (readonly string[])[]): Comparison;
}

export function createComparison(
  compiled: readonly Compiled[],
  { mode = 'what-if', captures }: { readonly mode?: 'what-if' | 'dataplane'; readonly captures: readonly string[] },
): Comparing {
  const contexts: ReplayContext[] = [];
  const outcomes: readonly Outcomes[] = compiled.map(createOutcomes);
  const totals = compiled.map(() => ({ connections: noTotals(), packets: noTotals() }));
  const connections = { total: 0, different: 0 };
  const packets = { total: 0, different: 0 };
  const differences = new Map<string, { difference: Difference; connections: number }>();
  let others = 0;
  /** By a batch's first packet, what the profiles have said so far. */
  const pending = new Map<number, (Seen | undefined)[]>();

  function answerOf(profile: number, { code, decision, marks }: Seen, rows: Int32Array, i: number): ProfileAnswer {
    const { name } = compiled[profile]!.profile;
    const verdict = { profile: name, verdict: verdictOf(code[i]!), reason: reasonOf(code[i]!) };
    if (decision[i]! < 0) return { ...verdict, egress: null, ingress: null, forward: null };
    const { decisions, ends } = contexts[profile]!;
    ends.find(decision[i]!, rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
    return { ...verdict, ...outcomes[profile]!.of(decisions[decision[i]!]!, ends.source, ends.destination) };
  }

  /** Ends and port as the first profile that knows them sees them. */
  function describe(
    all: readonly Seen[],
    rows: Int32Array,
    i: number,
  ): Omit<Difference, 'connections' | 'firstPacket' | 'answers'> {
    const knows = Math.max(
      0,
      all.findIndex(({ decision }) => decision[i]! >= 0),
    );
    const { decision, marks } = all[knows]!;
    const { inventory } = compiled[knows]!;
    const base = i * STRIDE;
    const original = decision[i]! < 0 || (marks[i]! & MARK_ORIGINAL) !== 0;
    const decided = decision[i]! < 0 ? null : contexts[knows]!.decisions[decision[i]!]!;
    const { ends } = contexts[knows]!;
    if (decided !== null) ends.find(decision[i]!, rows, base, original);
    const end = (owner: number, word: number): ComparedEnd => ({
      workload: decided === null || owner < 0 ? null : workloadName(inventory.owners[owner]!),
      address: wordsText(rows[base + FAMILY]!, [...rows.subarray(base + word, base + word + 4)] as [
        number,
        number,
        number,
        number,
      ]),
    });
    const protocol = rows[base + PROTOCOL]!;
    const about = serviceOf(rows, base, original);
    const behind = decided !== null && decided.port >= 0 ? decided.port : about;
    return {
      source: end(ends.source, original ? SRC : DST),
      destination: end(ends.destination, original ? DST : SRC),
      service: decided === null || decided.service < 0 ? null : ownerName(inventory.owners[decided.service]!),
      protocol: protocolText(protocol),
      port: about < 0 || isIcmp(protocol) ? null : behind,
      ...(about >= 0 && isIcmp(protocol) && { icmpType: about >> 8, icmpCode: about & 255 }),
    };
  }

  function addDifference(all: readonly Seen[], rows: Int32Array, i: number, packet: number): void {
    const about = describe(all, rows, i);
    const answers = all.map((seen, profile) => answerOf(profile, seen, rows, i));
    const { source, destination, ...rest } = about;
    const ends = [source, destination].map(({ workload, address }) => workload ?? address);
    const key = JSON.stringify([ends, rest, answers.map(withoutSubjects)]);
    const known = differences.get(key);
    if (known !== undefined) known.connections++;
    else if (differences.size === MOST_DIFFERENCES) others++;
    else
      differences.set(key, { difference: { ...about, connections: 1, firstPacket: packet, answers }, connections: 1 });
  }

  function compare(all: readonly Seen[], rows: Int32Array, count: number, first: number): void {
    packets.total += count;
    for (let i = 0; i < count; i++) {
      let differ = false;
      let opens = false;
      const verdict = verdictOf(all[0]!.code[i]!);
      for (const [profile, { code, marks }] of all.entries()) {
        const own = verdictOf(code[i]!);
        differ ||= own !== verdict;
        totals[profile]!.packets[own]++;
        if ((marks[i]! & MARK_FIRST) === 0) continue;
        opens = true;
        totals[profile]!.connections[own]++;
      }
      if (differ) packets.different++;
      if (!opens) continue;
      connections.total++;
      if (!differ) continue;
      connections.different++;
      addDifference(all, rows, i, first + i);
    }
  }

  const reportOf = (profile: number): Report => ({
    begin(context) {
      contexts[profile] = context;
    },
    batch(_frames, { rows }, { code, decision, marks, count }, first) {
      const all = pending.get(first) ?? compiled.map(() => undefined);
      pending.set(first, all);
      all[profile] = { code: code.slice(0, count), decision: decision.slice(0, count), marks: marks.slice(0, count) };
      if (!all.every(seen => seen !== undefined)) return;
      pending.delete(first);
      compare(all, rows, count, first);
    },
    end() {},
  });

  return {
    reports: compiled.map((_, profile) => reportOf(profile)),
    result: warnings => ({
      schema: 'policap.compare/1',
      mode,
      captures,
      profiles: compiled.map(({ profile, problems }, i) => ({
        profile: profile.name,
        title: profile.title,
        notice: noticeOf(profile),
        ...totals[i]!,
        warnings: [
          ...problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`),
          ...warnings[i]!,
        ],
      })),
      connections,
      packets,
      differences: [...differences.values()]
        .map(({ difference, connections: number }) => ({ ...difference, connections: number }))
        .sort((a, b) => b.connections - a.connections || a.firstPacket - b.firstPacket),
      others,
    }),
  };
}

const noTotals = (): { -readonly [K in keyof VerdictTotals]: number } => ({ allowed: 0, dropped: 0, undecided: 0 });

/** Pods of one workload are told apart by their subjects alone. */
const withoutSubjects = (answer: ProfileAnswer): unknown =>
  JSON.parse(JSON.stringify(answer, (key, value: unknown) => (key === 'subject' ? undefined : value)));
