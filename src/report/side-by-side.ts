/**
 * Several replays of one capture, batch by batch beside each other (cold, but for copying a batch).
 *
 * In:  every replay's report of every batch, in any order among the replays.  Out: when all have judged a batch, judged() is
 * given all verdicts of it; and what a replay says of the connection that a packet opens, in words.
 */
import type { Compiled } from '../compile.js';
import { DST, FAMILY, PROTOCOL, SRC, STRIDE } from '../packet/row.js';
import { protocolText, wordsText } from '../packet/text.js';
import { MARK_ORIGINAL, type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import { isIcmp, serviceOf } from './fields.js';
import { createOutcomes, type DecisionOutcomes } from './outcomes.js';
import { ownerName, workloadName } from './owners.js';
import type { ReplayContext, Report } from './report.js';

/** What one replay says of a connection. */
export interface ConnectionAnswer extends DecisionOutcomes {
  readonly verdict: Verdict;
  readonly reason: Reason;
}

export interface ComparedEnd {
  /** What `policap query` takes; null for an address nobody owns. */
  readonly workload: string | null;
  /** Of the first connection. */
  readonly address: string;
}

/** Who talks to whom on what. */
export interface ConnectionNames {
  readonly source: ComparedEnd;
  readonly destination: ComparedEnd;
  readonly service: string | null;
  readonly protocol: string;
  /** Destination port; null for protocols without. */
  readonly port: number | null;
  readonly icmpType?: number;
  readonly icmpCode?: number;
}

export interface VerdictTotals {
  readonly allowed: number;
  readonly dropped: number;
  readonly undecided: number;
}

export const noTotals = (): { -readonly [K in keyof VerdictTotals]: number } => ({
  allowed: 0,
  dropped: 0,
  undecided: 0,
});

/** A replay's verdicts of one batch. */
export interface Seen {
  readonly code: Uint8Array;
  readonly decision: Int32Array;
  readonly connection: Int32Array;
  readonly marks: Uint8Array;
}

export interface SideBySide {
  /** One a replay, as given. */
  readonly reports: readonly Report[];
  readonly contexts: readonly ReplayContext[];
  /** Ends and port of packet i's connection, as the first replay that knows them sees them. */
  names(all: readonly Seen[], rows: Int32Array, i: number): ConnectionNames;
  /** What a replay says of packet i's connection. */
  answer(side: number, all: readonly Seen[], rows: Int32Array, i: number): ConnectionAnswer;
}

/** @param judged is called in capture order; `first` is the packet number of index 0 */
export function createSideBySide(
  compiled: readonly Compiled[],
  judged: (all: readonly Seen[], rows: Int32Array, count: number, first: number) => void,
): SideBySide {
  const contexts: ReplayContext[] = [];
  const outcomes = compiled.map(createOutcomes);
  /** By a batch's first packet, what the replays have said so far. */
  const pending = new Map<number, (Seen | undefined)[]>();

  const reportOf = (side: number): Report => ({
    begin(context) {
      contexts[side] = context;
    },
    batch(_frames, { rows }, { code, decision, connection, marks, count }, first) {
      const all = pending.get(first) ?? compiled.map(() => undefined);
      pending.set(first, all);
      all[side] = {
        code: code.slice(0, count),
        decision: decision.slice(0, count),
        connection: connection.slice(0, count),
        marks: marks.slice(0, count),
      };
      if (!all.every(seen => seen !== undefined)) return;
      pending.delete(first);
      judged(all, rows, count, first);
    },
    end() {},
  });

  return {
    reports: compiled.map((_, side) => reportOf(side)),
    contexts,
    names(all, rows, i) {
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
    },
    answer(side, all, rows, i) {
      const { code, decision, marks } = all[side]!;
      const verdict = { verdict: verdictOf(code[i]!), reason: reasonOf(code[i]!) };
      if (decision[i]! < 0) return { ...verdict, egress: null, ingress: null, forward: null };
      const { decisions, ends } = contexts[side]!;
      ends.find(decision[i]!, rows, i * STRIDE, (marks[i]! & MARK_ORIGINAL) !== 0);
      return { ...verdict, ...outcomes[side]!.of(decisions[decision[i]!]!, ends.source, ends.destination) };
    },
  };
}

/** Like connections are one entry: pods of one workload are told apart by their subjects alone. */
export function likeKey(
  { source, destination, ...rest }: ConnectionNames,
  answers: readonly ConnectionAnswer[],
): string {
  const ends = [source, destination].map(({ workload, address }) => workload ?? address);
  return JSON.stringify([ends, rest, answers], (key, value: unknown) => (key === 'subject' ? undefined : value));
}
