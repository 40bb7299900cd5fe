/**
 * Policies of equal priority: their rules as one list in which the first match decides (cold).
 *
 * In:  for each policy its rules, in order.  Out: one list; where policies disagree about a packet, `ambiguous` rules that
 * name them.
 *
 * What it means. Of every policy, the first rule that matches a packet is what that policy says. Policies without such a
 * rule say nothing. If one of those that speak says `unsupported`, nobody knows (`unsupported`); if all say the same, that
 * is it; else the specification leaves the answer open (`ambiguous`). Of a rule with names the peer has the name, or has
 * not, or nobody can tell: then the rule matches, or does not, or matches and says `unsupported`. Denies that answer the
 * sender in different ways all deny; what the sender is told is `unknown`.
 *
 * How. Two lists A and B become, for each a of A in order: for each b of B in order, what both match, with what comes of
 * the two; then a. At last all of B. The first entry that matches a packet is then that of A's first match and B's first
 * match, or of the one that there is. Entries behind the last one that says something else than a are left out: a says
 * the same. Further lists are added one by one.
 * Of two rules with names both conditions must hold: if one does not, neither does the entry; if one is not known, what comes
 * of the two is not known either, as the meaning above has it. An entry with names of b is never left out: a says the same
 * as it only where they are known. A rule with names is two (namedRules()), and so is every entry that it is part of.
 *
 * What it costs. Only policies that are connected by disagreements are joined; all others stand one behind the other. Of
 * those that are joined, policies without a common subject are one list from the start: no packet meets two of them. So
 * a thousand namespaces' policies and one that selects every pod are two lists, not a thousand and one. Pairs of rules are
 * counted: beyond the limits the subjects of more than one of the policies get one `unsupported` rule, and a warning says so.
 */
import type { Problem } from '../documents/document.js';
import { intersect, isEmpty, NOWHERE, union } from './addresses.js';
import { type ContributedRule, namedRules } from './contribution.js';
import { createSetIntersection, type IntersectSets, intersectConditions } from './intersection.js';
import { overlappingPairs } from './overlaps.js';
import type { AddressSet, NameCondition, Origin } from './ruleset.js';

type Rules = readonly ContributedRule[];

export interface Resolved {
  readonly rules: Rules;
  /** Warnings. */
  readonly problems: readonly Problem[];
}

export interface Limits {
  /** Pairs of rules that are compared. */
  readonly mostPairs?: number;
  /** Rules that come of one group of policies that disagree. */
  readonly mostRules?: number;
}

const MOST_PAIRS = 4_000_000;
const MOST_RULES = 50_000;

/** @param everyone every address, and every pod without one */
export function createResolver(everyone: AddressSet, limits: Limits = {}): (policies: readonly Rules[]) => Resolved {
  const sets = createSetIntersection();
  const { mostPairs = MOST_PAIRS, mostRules = MOST_RULES } = limits;
  return policies => {
    if (policies.length === 1) return { rules: policies[0]!, problems: [] };
    const rules: ContributedRule[] = [];
    const problems: Problem[] = [];
    for (const group of disagreeing(policies, sets, mostPairs)) {
      const joined = group.length === 1 ? group[0]! : join(group, sets, mostPairs, mostRules);
      if (joined === null) {
        const { rule, problem } = undecided(group, everyone);
        rules.push(rule);
        for (const own of group) rules.push(...own);
        problems.push(problem);
      } else for (const rule of joined) rules.push(rule);
    }
    return { rules, problems };
  };
}

const subjectsOf = (rules: Rules): AddressSet => {
  const sets = new Set(rules.map(({ subjects }) => subjects));
  const [only = NOWHERE] = sets;
  return sets.size <= 1 ? only : union([...sets]);
};

/** Policies that are connected by disagreements, in the order of their first; each other policy by itself. */
function disagreeing(policies: readonly Rules[], sets: IntersectSets, mostPairs: number): Rules[][] {
  const leader = policies.map((_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (leader[at] !== at) {
      leader[at] = leader[leader[at]!]!;
      at = leader[at]!;
    }
    return at;
  };
  /** The one thing that a policy's rules say. */
  const onlyAction = policies.map(rules => {
    const actions = new Set(rules.map(({ action, answer = '' }) => `${action} ${answer}`));
    return actions.size === 1 && rules.every(({ layer7 }) => layer7 === undefined) ? [...actions][0]! : null;
  });
  // All say the same, whoever they are about.
  if (onlyAction[0] !== null && onlyAction.every(action => action === onlyAction[0])) return policies.map(it => [it]);
  let pairs = 0;
  for (const pair of overlappingPairs(policies.map(subjectsOf))) {
    // Joined or not, the answer is the same: to join what need not be costs time alone.
    if (++pairs > mostPairs) return [[...policies]];
    if (pair === null) continue;
    const [i, j] = pair;
    const [a, b] = [find(i), find(j)];
    if (a === b || (onlyAction[i] !== null && onlyAction[i] === onlyAction[j])) continue;
    pairs += policies[i]!.length * policies[j]!.length;
    if (haveDisagreement(policies[i]!, policies[j]!, sets)) leader[Math.max(a, b)] = Math.min(a, b);
  }
  const groups = new Map<number, Rules[]>();
  policies.forEach((rules, i) => {
    const group = groups.get(find(i));
    if (group === undefined) groups.set(find(i), [rules]);
    else group.push(rules);
  });
  return [...groups.values()];
}

const haveDisagreement = (a: Rules, b: Rules, sets: IntersectSets): boolean =>
  a.some(x => b.some(y => mayDiffer(x, y) && intersectConditions(x, y, sets) !== null));

/** Whatever both say: of names it may not be known. */
const mayDiffer = (x: ContributedRule, y: ContributedRule): boolean =>
  x.action !== y.action ||
  x.answer !== y.answer ||
  x.layer7 !== y.layer7 ||
  x.names !== undefined ||
  y.names !== undefined;

/** @returns null where it takes too much */
function join(group: readonly Rules[], sets: IntersectSets, mostPairs: number, mostRules: number): Rules | null {
  const lists = apart(group, mostPairs);
  if (lists === null) return null;
  /** Of every rule's policy, its place: the earlier one is named first. */
  const places = new Map<Origin, number>();
  group.forEach((rules, place) => {
    for (const { origin } of rules) places.set(origin, place);
  });
  let joined: Rules = lists[0]!;
  let pairs = 0;
  for (const rules of lists.slice(1)) {
    pairs += joined.length * rules.length;
    if (pairs > mostPairs) return null;
    joined = joinTwo(joined, rules, sets, places);
    if (joined.length > mostRules) return null;
  }
  return joined;
}

/** Policies one behind the other where no two have a subject in common: as few lists as the first fit gives. */
function apart(group: readonly Rules[], mostPairs: number): Rules[] | null {
  const neighbours: number[][] = group.map(() => []);
  let pairs = 0;
  for (const pair of overlappingPairs(group.map(subjectsOf))) {
    if (++pairs > mostPairs) return null;
    if (pair !== null) neighbours[pair[1]]!.push(pair[0]);
  }
  const listOf: number[] = [];
  const lists: ContributedRule[][] = [];
  group.forEach((rules, i) => {
    const taken = new Set(neighbours[i]!.map(other => listOf[other]!));
    let list = 0;
    while (taken.has(list)) list++;
    listOf.push(list);
    if (list === lists.length) lists.push([]);
    for (const rule of rules) lists[list]!.push(rule);
  });
  return lists;
}

function joinTwo(a: Rules, b: Rules, sets: IntersectSets, places: ReadonlyMap<Origin, number>): Rules {
  const joined: ContributedRule[] = [];
  a.forEach((x, i) => {
    const saidByA = meaningOf(a, i);
    const both: ContributedRule[] = [];
    let needed = 0;
    b.forEach((y, j) => {
      const conditions = intersectConditions(x, y, sets);
      if (conditions === null) return;
      const meaning = decided(saidByA, meaningOf(b, j), places);
      const names = bothNames(x.names, y.names);
      if (names === undefined) both.push({ ...conditions, ...meaning });
      else {
        const [asked, known] = namedRules({ ...conditions, ...meaning }, names);
        // Of a rule without names it is known that it matches.
        both.push(
          { ...asked, origin: x.names === undefined && x.action !== 'unsupported' ? y.origin : x.origin },
          known,
        );
      }
      // Nobody knows which of two rules an engine asks.
      const isAsked = x.layer7 !== undefined;
      if (isAsked || y.names !== undefined || meaning.action !== saidByA.action || meaning.answer !== saidByA.answer) {
        needed = both.length;
      }
    });
    for (let k = 0; k < needed; k++) joined.push(both[k]!);
    joined.push(x);
  });
  for (const y of b) joined.push(y);
  return joined;
}

type Meaning = Pick<ContributedRule, 'action' | 'answer' | 'origin'>;

/** What it says where it matches: of a rule with names the one behind it knows. */
const meaningOf = (rules: Rules, i: number): Meaning => (rules[i]!.names === undefined ? rules[i]! : rules[i + 1]!);

/** All of the one, and then all of the other. */
function bothNames(a: NameCondition | undefined, b: NameCondition | undefined): NameCondition | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { ...a, also: bothNames(a.also, b) };
}

function decided(a: Meaning, b: Meaning, places: ReadonlyMap<Origin, number>): Meaning {
  if (b.action === 'unsupported' && a.action !== 'unsupported') return { action: b.action, origin: b.origin };
  if (a.action === 'unsupported' || a.action === 'ambiguous') return { action: a.action, origin: a.origin };
  if (a.action === b.action) {
    const { action, answer, origin } = a;
    if (answer === b.answer) return answer === undefined ? { action, origin } : { action, origin, answer };
    return { action, origin, answer: 'unknown' };
  }
  const isInOrder = places.get(a.origin)! <= places.get(b.origin)!;
  return {
    action: 'ambiguous',
    origin: isInOrder ? originOfBoth(a.origin, b.origin) : originOfBoth(b.origin, a.origin),
  };
}

/** Both are named; it stands where the first does. */
const originOfBoth = (a: Origin, b: Origin): Origin => ({
  kind: a.kind === b.kind ? a.kind : `${a.kind} and ${b.kind}`,
  policy: `${a.policy} and ${b.policy}`,
  rule: `${a.rule} and ${b.rule}`,
  position: a.position,
});

/** One rule for the subjects of more than one of them. */
function undecided(
  group: readonly Rules[],
  everyone: AddressSet,
): { readonly rule: ContributedRule; readonly problem: Problem } {
  let seen = NOWHERE;
  let shared = NOWHERE;
  for (const rules of group) {
    const own = subjectsOf(rules);
    const overlap = intersect(seen, own);
    if (!isEmpty(overlap)) shared = union([shared, overlap]);
    seen = union([seen, own]);
  }
  const [{ origin: first }] = group[0] as [ContributedRule];
  const [{ origin: second }] = group[1] as [ContributedRule];
  const others = group.length === 2 ? '' : ` and ${group.length - 2} more`;
  const policy = `${first.policy} and ${second.policy}`;
  const origin = { kind: first.kind, policy, rule: 'equal priority', position: first.position };
  const any = { protocol: null, sourcePorts: null, destinationPorts: null, icmp: null };
  return {
    rule: { subjects: shared, peers: everyone, ...any, action: 'unsupported', origin },
    problem: {
      severity: 'warning',
      position: first.position,
      message: `${policy}${others} have the same priority and disagree in more ways than can be told apart: what pods that two of them select send or receive is undecided`,
      hint: 'give each policy a priority of its own',
    },
  };
}
