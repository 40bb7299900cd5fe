/**
 * Everything that pods may say under two sets of policies -> what changes, exactly (cold; the matrix of two rulesets).
 *
 * In:  both sides, compiled.  Out: a ReachDiff: for each pair of workloads (and blocks of addresses outside) the protocols and
 * ports whose answer changes, and the lines that decide before and after. As in the matrix, nodes are no ends.
 *
 * Work grows with classes, not with pods: for each destination the chains of all sources are found together (chains.ts), and
 * only chains that were not seen before are compared port by port (pairs.ts).
 */

import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import type { Family } from '../matrix/cells.js';
import { type ProfileName, profileField } from '../profile/profile.js';
import type { DecisionOutcomes } from '../report/outcomes.js';
import { listed } from '../report/reason-text.js';
import { outcomeRecord } from '../verdict/outcome.js';
import { type Reason, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import { createChains } from './chains.js';
import { CHANGES, type Change, type ChangeTotals } from './change.js';
import { createEnds, type Ends, type Member, type Row, type Ruled } from './ends.js';
import { type ChainPair, changesBetween, type PairChange, type SideOutcome, type Traffic } from './pairs.js';

export interface ReachAnswer extends Omit<DecisionOutcomes, 'forward'> {
  readonly verdict: Verdict;
  readonly reason: Reason;
}

export interface ReachChange {
  readonly change: Change;
  readonly from: string;
  readonly to: string;
  /** The one family that it is about; absent where it is about each in which the two can talk. */
  readonly family?: 4 | 6;
  readonly traffic: readonly Traffic[];
  /** Pairs of addresses (of different pods, in one family) that it is about, and all of the two rows. */
  readonly pairs: number;
  readonly of: number;
  /** Of one of the pairs. */
  readonly before: ReachAnswer;
  readonly after: ReachAnswer;
}

export interface ReachSide {
  readonly profile?: ProfileName;
  readonly notice?: string;
  readonly policies: number;
}

export interface ReachDiff {
  readonly schema: 'policap.reach-diff/1';
  readonly before: ReachSide;
  readonly after: ReachSide;
  /** Pairs of rows: all, and those of which something changes so. A pair may count as several kinds. */
  readonly pairs: ChangeTotals;
  /** Newly dropped ones first, then newly allowed ones; by name. */
  readonly changes: readonly ReachChange[];
  /** Changes beyond the first 10,000 of a kind. */
  readonly others: number;
  readonly warnings: readonly string[];
}

export interface ReachDiffOptions {
  readonly outside?: boolean;
  /** Called between destinations; may answer later, to let signals be served. */
  readonly onProgress?: (rows: number, of: number) => void | Promise<void>;
  /** Ends it early: what was found so far is the answer. */
  readonly signal?: AbortSignal;
}

/** Changes of a kind that are kept. */
const MOST_CHANGES = 10_000;

/** What is needed of what was compiled. */
export type ReachInput = Pick<Compiled, 'ruleset' | 'inventory' | 'profile' | 'policies' | 'objects' | 'problems'>;

export async function diffReach(
  before: ReachInput,
  after: ReachInput,
  options: ReachDiffOptions = {},
): Promise<ReachDiff> {
  const { outside = true, onProgress, signal } = options;
  const ends = createEnds([before, after], outside);
  const answers = createAnswers(before, after, ends);
  const changes = new Map<Change, ReachChange[]>(CHANGES.map(change => [change, []]));
  const pairs = { total: 0, newlyDropped: 0, newlyAllowed: 0, undecided: 0 };
  let others = 0;

  for (const [at, to] of ends.rows.entries()) {
    if (signal?.aborted) break;
    const column = answers.column(to);
    for (const from of ends.rows) {
      const { total, found } = between(ends, column, from, to);
      if (total > 0) pairs.total++;
      if (found.length === 0) continue;
      const kinds = new Set(found.map(({ change: { change } }) => change));
      for (const kind of kinds) pairs[TOTALS[kind]]++;
      for (const it of found) {
        const its = changes.get(it.change.change)!;
        if (its.length < MOST_CHANGES) its.push(answers.describe(it, from, to, total));
        else others++;
      }
    }
    await onProgress?.(at + 1, ends.rows.length);
  }
  const sideOf = ({ profile, policies, objects }: ReachInput): ReachSide => ({
    ...profileField(profile),
    policies: policies.length + Object.values(objects).reduce((sum, all) => sum + all.length, 0),
  });
  const problems = [before, after].flatMap(it => it.problems);
  const warnings = problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`);
  return {
    schema: 'policap.reach-diff/1',
    before: sideOf(before),
    after: sideOf(after),
    pairs,
    changes: CHANGES.flatMap(change => changes.get(change)!),
    others,
    warnings: [...new Set([...warnings, ...ends.warnings, ...meshWarnings([before, after])])],
  };
}

/** Said only over captures: it is about requests. */
function meshWarnings(sides: readonly ReachInput[]): string[] {
  const names = new Set(sides.flatMap(({ objects }) => objects.istio.map(it => `${it.namespace}/${it.name}`)));
  if (names.size === 0) return [];
  return [
    `AuthorizationPolicies left out, as what a service mesh says is compared over captures alone: ${listed([...names])}`,
  ];
}

const TOTALS = { 'newly-dropped': 'newlyDropped', 'newly-allowed': 'newlyAllowed', undecided: 'undecided' } as const;

/** One change between two rows. */
interface Found {
  readonly change: PairChange;
  /** Of both families: the ICMP of each. */
  readonly traffic: readonly Traffic[];
  readonly family: 4 | 6 | null;
  readonly pairs: number;
  /** Two classes that it is about. */
  readonly source: number;
  readonly destination: number;
}

/** What changes from all classes to those of a row: by destination class, then by source class; null where nothing does. */
type Column = ReadonlyMap<number, readonly (readonly PairChange[] | null)[]>;

/** What becomes a Found: the same change, by the families that it is about. */
interface Merged {
  readonly it: Omit<Found, 'pairs' | 'family' | 'traffic'>;
  readonly byFamily: Map<Family, number>;
  readonly traffic: Map<string, Traffic>;
}

/** What changes from a row to a row, and how many pairs of addresses they have. */
function between(ends: Ends, column: Column, from: Row, to: Row): { total: number; found: Found[] } {
  const found = new Map<string, Merged>();
  const totals = new Map<Family, number>();
  for (const { source, destination, count, family } of classPairs(ends, from, to)) {
    totals.set(family, (totals.get(family) ?? 0) + count);
    const changes = column.get(destination)?.[source] ?? null;
    for (const change of changes ?? []) {
      const key = keyOf(change);
      let known = found.get(key);
      if (known === undefined) {
        known = { it: { change, source, destination }, byFamily: new Map(), traffic: new Map() };
        found.set(key, known);
      }
      if (!known.byFamily.has(family)) for (const it of change.traffic) known.traffic.set(JSON.stringify(it), it);
      known.byFamily.set(family, (known.byFamily.get(family) ?? 0) + count);
    }
  }
  const isDual = totals.has(4) && totals.has(6);
  const sum = (counts: ReadonlyMap<Family, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
  return {
    total: sum(totals),
    found: [...found.values()].map(({ it, byFamily, traffic }) => {
      const [family = 0] = byFamily.keys();
      const its = [...traffic.values()];
      return {
        ...it,
        traffic: its,
        family: isDual && byFamily.size === 1 && family !== 0 ? family : null,
        pairs: sum(byFamily),
      };
    }),
  };
}

/** What is about ICMP in IPv4 and about ICMPv6 in IPv6 is one change of both families. */
const keyOf = ({ traffic, before, after }: PairChange): string =>
  JSON.stringify([traffic, before, after], (key, value: unknown) =>
    key === 'protocol' && value === 'ICMPv6' ? 'ICMP' : value,
  );

interface ClassPair {
  readonly source: number;
  readonly destination: number;
  readonly family: Family;
  /** Pairs of addresses, never a pod's with its own. */
  readonly count: number;
}

function classPairs({ classes }: Ends, from: Row, to: Row): ClassPair[] {
  const pairs: ClassPair[] = [];
  for (const [source, sent] of from.counts) {
    const a = classes[source]!;
    for (const [destination, received] of to.counts) {
      const b = classes[destination]!;
      if (!a.isPod && !b.isPod) continue;
      if (a.family !== b.family && a.family !== 0 && b.family !== 0) continue;
      const count = sent * received - (from === to ? ownPairs(from, source, destination) : 0);
      if (count > 0) pairs.push({ source, destination, count, family: a.family || b.family });
    }
  }
  return pairs;
}

/** Pairs of a pod with itself. */
const ownPairs = ({ members }: Row, source: number, destination: number): number =>
  members.reduce((sum, { classes }) => {
    const of = (cls: number): number => classes.filter(it => it === cls).length;
    return sum + of(source) * of(destination);
  }, 0);

/** Two numbers in one; there are fewer chains than this. */
const paired = (a: number, b: number): number => a * 2 ** 26 + b;

function createAnswers(before: Ruled, after: Ruled, ends: Ends) {
  const chains = [createChains(before.ruleset, ends, 0), createChains(after.ruleset, ends, 1)] as const;
  const rulesets = [before.ruleset, after.ruleset] as const;
  const interned = new Map<number, number>();
  const intern = (a: number, b: number): number => {
    const key = paired(a, b);
    const id = interned.get(key) ?? interned.size;
    if (id === interned.size) interned.set(key, id);
    return id;
  };
  const known: Readonly<Record<Family, Map<number, PairChange[] | null>>> = {
    0: new Map(),
    4: new Map(),
    6: new Map(),
  };

  function columnOf(destination: number): (PairChange[] | null)[] {
    const [was, is] = [chains[0].to(destination), chains[1].to(destination)];
    const to = ends.classes[destination]!.family;
    return ends.classes.map(({ family: from }, at) => {
      if (from !== to && from !== 0 && to !== 0) return null;
      const family = from || to;
      const key = paired(intern(was.egress[at]!, is.egress[at]!), intern(was.ingress[at]!, is.ingress[at]!));
      let changes = known[family].get(key);
      if (changes === undefined) {
        const pair = [was, is].map(({ egress, ingress }) => ({ egress: egress[at]!, ingress: ingress[at]! }));
        const found = changesBetween(chains, rulesets, pair as [ChainPair, ChainPair], family);
        changes = found.length === 0 ? null : found;
        known[family].set(key, changes);
      }
      return changes;
    });
  }

  function answerOf(side: 0 | 1, { egress, ingress, code }: SideOutcome, source: Member, to: Member): ReachAnswer {
    const { ruleset, inventory } = [before, after][side]!;
    return {
      ...{ verdict: verdictOf(code), reason: reasonOf(code) },
      egress: outcomeRecord('egress', egress, source.owners[side]!, ruleset, inventory),
      ingress: outcomeRecord('ingress', ingress, to.owners[side]!, ruleset, inventory),
    };
  }

  return {
    column: (to: Row): Column =>
      new Map([...to.counts.keys()].map(destination => [destination, columnOf(destination)])),
    describe(
      { change, traffic, family, pairs, source, destination }: Found,
      from: Row,
      to: Row,
      total: number,
    ): ReachChange {
      const member = ({ members }: Row, cls: number): Member => members.find(({ classes }) => classes.includes(cls))!;
      const [sender, receiver] = [member(from, source), member(to, destination)];
      return {
        ...{ change: change.change, from: from.name, to: to.name, ...(family !== null && { family }) },
        ...{ traffic, pairs, of: total },
        before: answerOf(0, change.before, sender, receiver),
        after: answerOf(1, change.after, sender, receiver),
      };
    },
  };
}
