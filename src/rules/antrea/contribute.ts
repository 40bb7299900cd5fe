/**
 * Antrea's policies -> contributions to its tiers (cold).
 *
 * In:  policies, tiers and groups of crd.antrea.io.  Out: a contribution for each tier and direction. No policy isolates by
 * selecting: what no rule matches goes on (AN1). Numbers are facts of docs/dialects/antrea.md.
 *
 * Order. A rule's priority is its tier's, its policy's, and its own place in the policy (AN4): so policies of equal priority
 * are taken in levels, all first rules, then all second ones, and only rules of one level can contradict each other.
 *
 * Pass (AN5) goes to NetworkPolicies past every tier between, while the normal form's goes to the next tier. So each later
 * tier in front of NetworkPolicies begins with a copy of the passing rules of those before it: a packet that was passed
 * comes there and matches the copy; one that met another rule first never comes; one that matched none of them does
 * not match the copy. So also of names: where nobody can tell whether a passing rule matches, the packet was undecided before.
 */
import { type Problem, warning } from '../../documents/document.js';
import type { AntreaGroup, AntreaObject, AntreaPolicy, AntreaTier } from '../../policy/antrea/model.js';
import { BASELINE_TIER, STATIC_TIERS } from '../../policy/antrea/tier-names.js';
import { objectName } from '../../policy/dialects.js';
import { createResolver } from '../ambiguity.js';
import {
  ADMIN_RANK,
  BASELINE_RANK,
  type ContributedRule,
  type Contribution,
  type Contributor,
  type RuleContext,
  type Side,
} from '../contribution.js';
import type { DnsListeners } from '../ruleset.js';
import { createDraftRule, type Drafted } from './matches.js';
import { createSelections } from './selections.js';

/** (AN3): tiers below 250 stand before administrators' policies, baseline behind NetworkPolicies and before their baseline. */
const BASELINE_TIER_RANK = BASELINE_RANK - 1;
const rankOf = (tier: string, priority: number): number => (tier === BASELINE_TIER ? BASELINE_TIER_RANK : priority);
/** A tier that was not given may be any: before all others. */
const UNKNOWN_RANK = -1;

const SIDES: readonly Side[] = ['egress', 'ingress'];

interface Drafts {
  readonly egress: readonly Drafted[];
  readonly ingress: readonly Drafted[];
  readonly problems: readonly Problem[];
}

interface Tier {
  readonly name: string;
  readonly rank: number;
  readonly policies: AntreaPolicy[];
}

/** Policies of equal priority, and what came of them the last time. */
interface Resolved {
  readonly policies: readonly AntreaPolicy[];
  readonly rules: readonly ContributedRule[];
  readonly problems: readonly Problem[];
  readonly ofNodes: boolean;
  readonly dns: readonly DnsListeners[];
}

export function createAntrea(context: RuleContext): Contributor<AntreaObject> {
  const selections = createSelections(context);
  const resolve = createResolver(context.sets.everyone);
  const draftRule = createDraftRule(context, selections);
  const copies = new WeakMap<ContributedRule, Map<number, ContributedRule>>();
  let groups: readonly AntreaGroup[] = [];
  let known = new WeakMap<AntreaPolicy, Drafts>();
  let before = new Map<string, Resolved>();
  let draft = draftRule;

  function draftsOf(policy: AntreaPolicy): Drafts {
    let drafts = known.get(policy);
    if (drafts === undefined) {
      const problems: Problem[] = [];
      const [egress = [], ingress = []] = SIDES.map(side =>
        policy[side].map(rule => draft(policy, side, rule, problems)),
      );
      drafts = { egress, ingress, problems };
      known.set(policy, drafts);
    }
    return drafts;
  }

  /** (AN4) */
  function resolveLevels(policies: readonly AntreaPolicy[], side: Side): Resolved {
    const drafted = policies.map(policy => draftsOf(policy)[side]);
    const problems: Problem[] = [];
    const rules: ContributedRule[] = [];
    const levels = Math.max(...drafted.map(({ length }) => length));
    for (let level = 0; level < levels; level++) {
      const equal = drafted.map(own => own[level]?.rules ?? []).filter(own => own.length > 0);
      if (equal.length === 0) continue;
      const resolved = resolve(equal);
      problems.push(...resolved.problems);
      for (const rule of resolved.rules) rules.push(rule);
    }
    return { policies, rules, problems, ...aboutAll(drafted.flat()) };
  }

  /** A copy for a later tier: one object for as long as the rule is. */
  function copyFor(rule: ContributedRule, rank: number): ContributedRule {
    let byRank = copies.get(rule);
    if (byRank === undefined) {
      byRank = new Map();
      copies.set(rule, byRank);
    }
    let copy = byRank.get(rank);
    if (copy === undefined) {
      copy = { ...rule };
      byRank.set(rank, copy);
    }
    return copy;
  }

  return objects => {
    const given = objects.filter(isGroup);
    if (given.length !== groups.length || given.some((group, i) => group !== groups[i])) {
      groups = given;
      selections.setGroups(groups);
      known = new WeakMap();
      before = new Map();
      draft = createDraftRule(context, selections);
    }
    const { tiers, unplaced, problems } = tiersOf(objects);
    const now = new Map<string, Resolved>();
    const contributions = SIDES.flatMap((direction): Contribution[] => {
      const sides: Contribution[] = [];
      const passing: ContributedRule[] = [];
      const contribute = (
        tier: Pick<Tier, 'name' | 'rank'>,
        own: readonly ContributedRule[],
        { ofNodes, dns }: About,
      ): void => {
        const passed = tier.rank < BASELINE_TIER_RANK ? passing.map(rule => copyFor(rule, tier.rank)) : [];
        const rules = [...passed, ...own];
        const place = { tier: { name: tier.name, rank: tier.rank }, order: tier.rank === ADMIN_RANK ? -1 : 0 };
        const contribution = { direction, ...place, name: 'Antrea', rules, isolations: [] };
        if (rules.length === 0) return;
        sides.push({ ...contribution, ...(ofNodes && { ofNodes }), ...(dns.length > 0 && { dns }) });
      };
      const undecided = unplaced.flatMap(policy => draftsOf(policy)[direction]);
      const doubts = undecided.flatMap(({ rules }) => rules.map(rule => doubtOf(rule)));
      contribute({ name: 'a tier that was not given', rank: UNKNOWN_RANK }, doubts, aboutAll(undecided));
      let isAdminPassed = false;
      const passAdmin = (): void => {
        if (!isAdminPassed) contribute({ name: 'Admin', rank: ADMIN_RANK }, [], aboutAll([]));
        isAdminPassed = true;
      };
      for (const tier of tiers) {
        if (tier.rank > ADMIN_RANK) passAdmin();
        const own: ContributedRule[] = [];
        const all: Resolved[] = [];
        for (const [priority, equal] of byPriority(tier.policies)) {
          const key = `${direction} ${tier.rank} ${priority}`;
          const last = before.get(key);
          const isSame = last?.policies.length === equal.length && equal.every((it, i) => it === last.policies[i]);
          const resolved = isSame ? last! : resolveLevels(equal, direction);
          now.set(key, resolved);
          problems.push(...resolved.problems);
          all.push(resolved);
          for (const rule of resolved.rules) own.push(rule);
        }
        contribute(tier, own, aboutAll(all));
        passing.push(...passingOf(own));
      }
      passAdmin();
      return sides;
    });
    before = now;
    for (const object of objects) if (isPolicy(object)) problems.push(...draftsOf(object).problems);
    return { contributions, problems };
  };
}

type About = Pick<Resolved, 'ofNodes' | 'dns'>;

const aboutAll = (all: readonly About[]): About => ({
  ofNodes: all.some(({ ofNodes }) => ofNodes),
  dns: all.flatMap(({ dns }) => dns),
});

/** With names both of the two rules (namedRules()): what the condition leaves is passed on, and so is met again. */
const passingOf = (rules: readonly ContributedRule[]): ContributedRule[] =>
  rules.flatMap((rule, i) => {
    if (rule.names !== undefined) return rules[i + 1]!.action === 'pass' ? [rule, rules[i + 1]!] : [];
    return rule.action === 'pass' && rules[i - 1]?.names === undefined ? [rule] : [];
  });

const doubts = new WeakMap<ContributedRule, ContributedRule>();

function doubtOf(rule: ContributedRule): ContributedRule {
  let doubt = doubts.get(rule);
  if (doubt === undefined) {
    const { layer7: _, ...rest } = rule;
    doubt = { ...rest, action: 'unsupported' };
    doubts.set(rule, doubt);
  }
  return doubt;
}

const isPolicy = (object: AntreaObject): object is AntreaPolicy =>
  object.kind === 'AntreaClusterNetworkPolicy' || object.kind === 'AntreaNetworkPolicy';

const isGroup = (object: AntreaObject): object is AntreaGroup =>
  object.kind === 'AntreaClusterGroup' || object.kind === 'AntreaGroup';

/** (AN2): the tiers that have policies, in order. */
function tiersOf(objects: readonly AntreaObject[]): {
  readonly tiers: readonly Tier[];
  readonly unplaced: readonly AntreaPolicy[];
  readonly problems: Problem[];
} {
  const priorities = new Map(STATIC_TIERS);
  const problems: Problem[] = [];
  const taken = new Map<number, AntreaTier>();
  for (const object of objects) {
    if (object.kind !== 'AntreaTier') continue;
    const other = taken.get(object.priority);
    if (other !== undefined) {
      const message = `tier ${object.name} priority ${object.priority} overlaps with existing Tier ${other.name}: they are read as one tier`;
      problems.push(warning(object.position, message, 'give it a priority of its own'));
    }
    taken.set(object.priority, object);
    priorities.set(object.name, object.priority);
  }
  const byRank = new Map<number, Tier>();
  const unplaced: AntreaPolicy[] = [];
  for (const policy of objects) {
    if (!isPolicy(policy)) continue;
    const priority = priorities.get(policy.tier);
    if (priority === undefined) {
      unplaced.push(policy);
      const message = `${policy.kind} ${objectName(policy)}: tier ${policy.tier} does not exist in what was given: what its rules match is undecided`;
      problems.push(warning(policy.position, message, 'give the Tier with -p or -c'));
      continue;
    }
    const rank = rankOf(policy.tier, priority);
    const tier = byRank.get(rank);
    if (tier === undefined) byRank.set(rank, { name: policy.tier, rank, policies: [policy] });
    else tier.policies.push(policy);
  }
  return { tiers: [...byRank.values()].sort((a, b) => a.rank - b.rank), unplaced, problems };
}

function byPriority(policies: readonly AntreaPolicy[]): (readonly [number, AntreaPolicy[]])[] {
  const groups = new Map<number, AntreaPolicy[]>();
  for (const policy of policies) {
    const group = groups.get(policy.priority);
    if (group === undefined) groups.set(policy.priority, [policy]);
    else group.push(policy);
  }
  for (const group of groups.values()) group.sort(byName);
  return [...groups].sort(([a], [b]) => a - b);
}

const nameOf = (policy: AntreaPolicy): string => `${policy.kind} ${objectName(policy)}`;
const byName = (a: AntreaPolicy, b: AntreaPolicy): number =>
  nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;
