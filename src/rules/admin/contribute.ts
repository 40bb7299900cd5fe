/**
 * Administrators' policies -> contributions to the tiers before and behind NetworkPolicies (cold).
 *
 * In:  the policies of policy.networking.k8s.io.  Out: a contribution for each priority of a tier and direction, with the
 * rules of its policies in order; where several share it, resolved (rules/ambiguity.ts). No policy isolates by selecting:
 * what none of its rules matches goes on (A1), and so does what one passes (A18): to the next tier. What a rule accepts
 * is a connection, replies and errors with it (A17): the flow engine's business. Numbers are facts of docs/dialects/admin.md.
 */
import { type Problem, warning } from '../../documents/document.js';
import type { AdminPolicy } from '../../policy/admin/model.js';
import { createResolver, type Resolved } from '../ambiguity.js';
import {
  ADMIN_RANK,
  BASELINE_RANK,
  type ContributedRule,
  type Contribution,
  type Contributor,
  type RuleContext,
  type Side,
} from '../contribution.js';
import { createRulesOf } from './matches.js';

/** (A1) */
const RANKS = { Admin: ADMIN_RANK, Baseline: BASELINE_RANK } as const;
const SIDES: readonly Side[] = ['egress', 'ingress'];

interface Drafts {
  readonly egress: readonly ContributedRule[];
  readonly ingress: readonly ContributedRule[];
  readonly problems: readonly Problem[];
}

/** Policies whose order nothing tells, and what came of them the last time. */
interface Group {
  readonly policies: readonly AdminPolicy[];
  readonly contributions: readonly Contribution[];
  readonly problems: readonly Problem[];
}

export function createAdmin(context: RuleContext): Contributor<AdminPolicy> {
  const rulesOf = createRulesOf(context);
  const resolve = createResolver(context.sets.everyone);
  const known = new WeakMap<AdminPolicy, Drafts>();
  let before = new Map<string, Group>();

  function draftsOf(policy: AdminPolicy): Drafts {
    let drafts = known.get(policy);
    if (drafts === undefined) {
      const problems: Problem[] = [];
      const [egress = [], ingress = []] = SIDES.map(side =>
        policy[side].flatMap(rule => rulesOf(policy, side, rule, problems)),
      );
      problems.push(...ownNodeWarnings(policy));
      drafts = { egress, ingress, problems };
      known.set(policy, drafts);
    }
    return drafts;
  }

  function contribute(policies: readonly AdminPolicy[]): Group {
    const [{ tier, priority }] = policies as [AdminPolicy];
    const problems = policies.flatMap(policy => draftsOf(policy).problems);
    const contributions = SIDES.flatMap((direction): Contribution[] => {
      const { rules, problems: own } = resolveOf(policies, direction);
      problems.push(...own);
      if (rules.length === 0) return [];
      const name = policies.length === 1 ? policies[0]!.name : `${policies[0]!.name} and others`;
      const place = { tier: { name: tier, rank: RANKS[tier] }, order: priority ?? 0, name };
      return [{ direction, ...place, rules, isolations: [] }];
    });
    return { policies, contributions, problems };
  }

  /** (A4): a BaselineAdminNetworkPolicy has no priority: it may stand before or behind all others of its tier. */
  function resolveOf(policies: readonly AdminPolicy[], direction: Side): Resolved {
    const unplaced = policies.filter(({ priority }) => priority === null);
    const placed = policies.filter(({ priority }) => priority !== null);
    const problems: Problem[] = [];
    const lists: ContributedRule[] = [];
    for (const equal of byPriority(placed).values()) {
      const given = equal.map(policy => draftsOf(policy)[direction]).filter(rules => rules.length > 0);
      if (given.length === 0) continue;
      const resolved = resolve(given);
      problems.push(...resolved.problems);
      for (const rule of resolved.rules) lists.push(rule);
    }
    const all = [lists, ...unplaced.map(policy => draftsOf(policy)[direction])].filter(rules => rules.length > 0);
    if (all.length === 0) return { rules: [], problems };
    const { rules, problems: own } = resolve(all);
    return { rules, problems: [...problems, ...own] };
  }

  return policies => {
    const groups = new Map<string, Group>();
    for (const [key, group] of groupsOf(policies)) {
      const same = before.get(key);
      const isSame = same?.policies.length === group.length && group.every((it, i) => it === same.policies[i]);
      groups.set(key, isSame ? same! : contribute(group));
    }
    before = groups;
    const all = [...groups.values()];
    return {
      contributions: all.flatMap(({ contributions }) => contributions),
      problems: all.flatMap(({ problems }) => problems),
    };
  };
}

/** Tier and priority -> policies by name; the whole Baseline tier, where one of its policies has no priority. */
function groupsOf(policies: readonly AdminPolicy[]): ReadonlyMap<string, readonly AdminPolicy[]> {
  const hasUnplaced = policies.some(({ priority }) => priority === null);
  const groups = new Map<string, AdminPolicy[]>();
  for (const policy of policies) {
    const { tier, priority } = policy;
    const key = tier === 'Baseline' && hasUnplaced ? tier : `${tier} ${priority}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [policy]);
    else group.push(policy);
  }
  for (const group of groups.values()) group.sort(byName);
  return groups;
}

function byPriority(policies: readonly AdminPolicy[]): Map<number, AdminPolicy[]> {
  const groups = new Map<number, AdminPolicy[]>();
  for (const policy of [...policies].sort((a, b) => a.priority! - b.priority!)) {
    const group = groups.get(policy.priority!);
    if (group === undefined) groups.set(policy.priority!, [policy]);
    else group.push(policy);
  }
  return groups;
}

const byName = (a: AdminPolicy, b: AdminPolicy): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** (A14) */
const ownNodeWarnings = (policy: AdminPolicy): Problem[] =>
  policy.egress
    .filter(({ action, peers }) => action === 'deny' && peers.some(({ kind }) => kind === 'nodes'))
    .map(({ rule, position }) =>
      warning(
        position,
        `${policy.kind} ${policy.name} ${rule} denies nodes: what a pod sends to its own node is judged allowed all the same`,
        'whether such a rule holds there, the API leaves to the network plugin',
      ),
    );
