/**
 * Answers about several pairs of ends -> one answer, or groups that differ (cold). A part of answer.ts.
 *
 * In:  every pair that a question stands for, judged.  Out: groups by verdict. What makes the difference names them: the
 * pods, or the address family alone, or both.
 */
import type { DecisionOutcomes } from '../report/outcomes.js';
import type { Endpoint, Question } from '../tree/classifier.js';
import type { Reason, Verdict } from '../verdict/verdict.js';

/** Pods, or an address family, that get one answer. */
export interface AnswerGroup extends DecisionOutcomes {
  /** Where the address family alone makes the difference: this group's. */
  readonly family?: 4 | 6;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /**
   * Names of the ends that make the difference: `shop/web-1`, or `shop/web-1 -> shop/db-0` where both do; with the
   * addresses where a pod's two families get two answers.
   */
  readonly pods: readonly string[];
}

/** One end, ready to be asked about. */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly name: string;
  /** 4, 6, or 0 for a pod without an address. */
  readonly family: number;
  readonly port: number;
}

export interface Pair extends DecisionOutcomes {
  readonly source: Candidate;
  readonly destination: Candidate;
  readonly verdict: Verdict;
  readonly reason: Reason;
}

/** A pair, and what was asked of the linear engine. */
export interface JudgedPair extends Pair {
  readonly question: Question;
  /** Before requests are looked at: [egress, ingress, forward]. */
  readonly outcomes: readonly [egress: number, ingress: number, forward: number];
}

/** One group a verdict, in the order in which they come. */
export function groupByVerdict(pairs: readonly Pair[]): AnswerGroup[] {
  const manySources = new Set(pairs.map(({ source }) => source.name)).size > 1;
  const manyDestinations = new Set(pairs.map(({ destination }) => destination.name)).size > 1;
  const nameOf = ({ source, destination }: Pair): string => {
    if (manySources && manyDestinations) return `${source.name} -> ${destination.name}`;
    if (manySources) return source.name;
    if (manyDestinations) return destination.name;
    return addressesOf(source, destination);
  };
  const verdictsByName = new Map<string, Set<Verdict>>();
  for (const pair of pairs) {
    const name = nameOf(pair);
    verdictsByName.set(name, (verdictsByName.get(name) ?? new Set()).add(pair.verdict));
  }
  const verdicts = [...new Set(pairs.map(({ verdict }) => verdict))];
  const families = verdicts.map(verdict => familyOf(pairs.filter(pair => pair.verdict === verdict)));
  const byFamily = families.every(family => family !== null) && new Set(families).size === verdicts.length;
  return verdicts.map((verdict, i) => {
    const members = pairs.filter(pair => pair.verdict === verdict);
    const { reason, egress, ingress, forward } = members[0]!;
    const names = members.map(pair => {
      const name = nameOf(pair);
      const isSplit = !byFamily && verdictsByName.get(name)!.size > 1;
      const ends = addressesOf(pair.source, pair.destination);
      return isSplit && name !== ends ? `${name} (${ends})` : name;
    });
    const family = byFamily ? { family: families[i]! } : {};
    return { ...family, verdict, reason, pods: [...new Set(names)], egress, ingress, forward };
  });
}

const addressesOf = (source: Candidate, destination: Candidate): string =>
  `${source.endpoint.address ?? source.name} -> ${destination.endpoint.address ?? destination.name}`;

/** The one family of all these pairs, null for several or none. */
function familyOf(pairs: readonly Pair[]): 4 | 6 | null {
  const families = new Set(pairs.map(({ source, destination }) => source.family || destination.family));
  const [family] = families;
  return families.size === 1 && (family === 4 || family === 6) ? family : null;
}

/** Whether what is said of the first pair holds for all. */
export function isAlike(pairs: readonly Pair[]): boolean {
  const said = pairs.map(({ egress, ingress, forward }) =>
    JSON.stringify([egress, ingress, forward].map(outcome => outcome && { ...outcome, subject: '' })),
  );
  return said.every(it => it === said[0]);
}

/** What all pairs say alike; null where they differ. */
export function common(pairs: readonly Pair[]): DecisionOutcomes {
  const alike = <K extends keyof DecisionOutcomes>(key: K): DecisionOutcomes[K] => {
    const first = JSON.stringify(pairs[0]![key]);
    return pairs.every(pair => JSON.stringify(pair[key]) === first) ? pairs[0]![key] : null;
  };
  return { egress: alike('egress'), ingress: alike('ingress'), forward: alike('forward') };
}
