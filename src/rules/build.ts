/**
 * Policies -> rules: NetworkPolicy v1 in the normal form (cold).
 *
 * In:  validated policies in document order, the inventory, plain rules for the forward direction, and a profile.
 * Out: a Ruleset with one tier "NetworkPolicy" a direction: its rules all allow (so their order decides only which of
 * several matching rules is reported: the first in document order), and a subject that some policy isolates is denied
 * what no rule allows. What a profile says whatever the policies do stands in a tier before it (profile-tier.ts).
 * Numbers are items of docs/semantics.md, (P..) decisions of profile/profile.ts.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { NetworkPolicy } from '../policy/policy.js';
import type { Profile } from '../profile/profile.js';
import { UPSTREAM } from '../profile/upstream.js';
import { intersect, isEmpty } from './addresses.js';
import { createMatches, type Match } from './matches.js';
import { createPodSets, type PodSets } from './pod-sets.js';
import { profileTier } from './profile-tier.js';
import { isRefused } from './profile-warnings.js';
import type { Isolation, Origin, Rule, Ruleset, Tier } from './ruleset.js';
import { createPodSelection, type PodSelection } from './selectors.js';

/** Rules of the forward direction, as rules/rule-files.ts reads them: indices count from 0 within `rules`. */
export interface ForwardRules {
  readonly tiers: readonly Tier[];
  readonly rules: readonly Rule[];
}

type Side = 'egress' | 'ingress';

export function buildRules(
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
  forward: ForwardRules = { tiers: [], rules: [] },
  profile: Profile = UPSTREAM,
): Ruleset {
  const rules: Rule[] = [];
  const selection = createPodSelection(inventory);
  const sets = createPodSets(inventory);
  // (P7)
  const enforced = policies.filter(policy => !isRefused(policy, profile));
  const build = (direction: Side): Tier[] => {
    const first = profileTier(direction, profile, inventory, sets.of(selection.all), rules);
    const before = first === null ? [] : [first];
    return [...before, buildTier(direction, before.length, enforced, rules, selection, sets, profile)];
  };
  const egress = build('egress');
  const ingress = build('ingress');
  const tiers = { rules, egress, ingress, forward: appendTiers(forward.tiers, rules) };
  return {
    ...tiers,
    ...(profile.toOwnNode === 'policy' && { ownNode: 'to-pods' as const }),
    ...(profile.invalidPasses.includes('node') && { ownNodeInvalid: true as const }),
  };
}

/** Rules that were numbered on their own get their place behind the others. */
function appendTiers(tiers: readonly Tier[], rules: Rule[]): Tier[] {
  return tiers.map(tier => {
    const numbered = tier.rules.map(rule => {
      const placed = { ...rule, index: rules.length };
      rules.push(placed);
      return placed;
    });
    return { ...tier, rules: numbered };
  });
}

function buildTier(
  direction: Side,
  tier: number,
  policies: readonly NetworkPolicy[],
  rules: Rule[],
  selection: PodSelection,
  sets: PodSets,
  profile: Profile,
): Tier {
  const tierRules: Rule[] = [];
  const isolations: Isolation[] = [];
  const matchesOf = createMatches(selection, sets, profile);
  const add = (match: Match, origin: Origin): void => {
    const fixed = { sourcePorts: null, icmp: null, action: 'allow', origin } as const;
    const rule: Rule = { index: rules.length, direction, tier, ...match, ...fixed };
    rules.push(rule);
    tierRules.push(rule);
  };

  for (const policy of policies) {
    const name = `${policy.namespace}/${policy.name}`;
    const origin = { kind: 'NetworkPolicy', policy: name, rule: direction, position: policy.position };
    const originOf = (side: Side, i: number): Origin => {
      const { position } = policy[side][i] ?? policy;
      return { ...origin, rule: `${side}[${i}]`, position };
    };
    const isIsolating = direction === 'egress' ? policy.isolatesEgress : policy.isolatesIngress;
    // (1)-(3): the loader has settled policyTypes; a direction that is not isolated has no rules that count.
    if (!isIsolating && profile.unlistedRules === 'ignored') continue;
    // (19), (20): hostNetwork pods are not among them, finished ones have no address.
    const subjects = selection.inNamespace(policy.namespace, policy.podSelector);
    if (!isIsolating) {
      // (P15): but for other policies' subjects.
      (policy.unlisted ?? []).forEach((rule, i) => {
        const unlisted = { ...origin, rule: `${direction}[${i}]`, position: rule.position };
        for (const match of matchesOf(direction, policy, rule, subjects)) add(match, unlisted);
      });
      continue;
    }
    isolations.push({ direction, tier, subjects: sets.of(subjects), origin });
    policy[direction].forEach((rule, i) => {
      for (const match of matchesOf(direction, policy, rule, subjects)) add(match, originOf(direction, i));
    });
    // (P16)
    if (!profile.oneChain || !policy.isolatesEgress || !policy.isolatesIngress) continue;
    const other = direction === 'egress' ? 'ingress' : 'egress';
    policy[other].forEach((rule, i) => {
      for (const match of matchesOf(other, policy, rule, subjects)) {
        const within = intersect(match.peers, sets.of(subjects));
        if (!isEmpty(within)) add({ ...match, subjects: within, peers: match.subjects }, originOf(other, i));
      }
    });
  }
  return { name: 'NetworkPolicy', rules: tierRules, isolations };
}
