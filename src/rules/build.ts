/**
 * Policies -> rules: NetworkPolicy v1 in the normal form, and what other dialects add to it (cold).
 *
 * In:  validated policies in document order, the inventory, plain rules for the forward direction, a profile, and other
 * dialects' contributions (contribution.ts).
 * Out: a Ruleset. Of NetworkPolicies alone it has one tier a direction: its rules all allow (so their order decides only
 * which of several matching rules is reported: the first in document order), and a subject that some policy isolates is
 * denied what no rule allows. What a profile says whatever the policies do stands in a tier before all others
 * (profile-tier.ts).
 * Numbers are items of docs/semantics.md, (P..) decisions of profile/profile.ts.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { DialectObjects } from '../policy/dialects.js';
import type { NetworkPolicy } from '../policy/policy.js';
import type { Profile } from '../profile/profile.js';
import { UPSTREAM } from '../profile/upstream.js';
import { intersect, isEmpty } from './addresses.js';
import type { Contributed, Contribution, Side } from './contribution.js';
import { createDialects } from './dialects.js';
import { createMatches, type Match } from './matches.js';
import { createOutsiders, type Outsiders } from './outsiders.js';
import { createPodSets, type PodSets } from './pod-sets.js';
import { profileTier } from './profile-tier.js';
import { isRefused } from './profile-warnings.js';
import type { Isolation, Origin, Rule, Ruleset, Tier } from './ruleset.js';
import { createPodSelection, type PodSelection } from './selectors.js';
import { createPlaces, groupTiers } from './tiers.js';

/** Rules of the forward direction, as rules/rule-files.ts reads them: indices count from 0 within `rules`. */
export interface ForwardRules {
  readonly tiers: readonly Tier[];
  readonly rules: readonly Rule[];
}

/** A rule without its place among the others: the same for as long as its policy, the pods and the profile are. */
type Draft = Omit<Rule, 'index'>;

/** What one policy says in one direction. */
interface PolicyDrafts {
  readonly rules: readonly Draft[];
  readonly isolation: Isolation | null;
}

/** Written out: a copy of "all" takes several times as long, and a policy that is gone moves all rules behind it. */
function toRule(draft: Draft, index: number): Rule {
  const { direction, tier, subjects, peers, protocol, sourcePorts, destinationPorts, icmp, action, origin } = draft;
  const { within, unenforced, names, layer7, answer } = draft;
  const rule = {
    direction,
    tier,
    subjects,
    peers,
    protocol,
    destinationPorts,
    sourcePorts,
    icmp,
    action,
    origin,
    index,
  };
  if ((within ?? unenforced ?? names ?? layer7 ?? answer) === undefined) return rule;
  return {
    ...rule,
    ...(within && { within }),
    ...(unenforced && { unenforced }),
    ...(names && { names }),
    ...(layer7 && { layer7 }),
    ...(answer && { answer }),
  };
}

const NO_FORWARD: ForwardRules = { tiers: [], rules: [] };

export function buildRules(
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
  forward: ForwardRules = NO_FORWARD,
  profile: Profile = UPSTREAM,
): Ruleset {
  return createRuleBuilder(inventory, profile)(policies, forward);
}

export interface RuleBuilder {
  (policies: readonly NetworkPolicy[], forward?: ForwardRules, contributions?: readonly Contribution[]): Ruleset;
  /** What other dialects' objects add to the tiers. */
  contribute(objects: DialectObjects): Contributed;
}

/** Builds again and again over the same pods: of policies that it has seen (by identity) only the indices are made anew. */
export function createRuleBuilder(inventory: Inventory, profile: Profile = UPSTREAM): RuleBuilder {
  const selection = createPodSelection(inventory, profile.hiddenLabels);
  const sets = createPodSets(inventory);
  const outsiders = createOutsiders(inventory);
  const contribute = createDialects({ inventory, selection, sets, profile });
  const first = {
    egress: profileTier('egress', profile, inventory, sets.of(selection.all)),
    ingress: profileTier('ingress', profile, inventory, sets.of(selection.all)),
  };
  const drafts = {
    egress: createDrafts('egress', selection, sets, profile, outsiders),
    ingress: createDrafts('ingress', selection, sets, profile, outsiders),
  };
  /** (P20), (P22): whether a rule's meaning may not be known. */
  const mayDispute = profile.blockPeers === 'outsiders' || profile.egressNames === 'one';
  const placeContributed = createPlaces();
  let before: { readonly drafted: readonly Draft[]; readonly rules: readonly Rule[] } = { drafted: [], rules: [] };
  const build = (
    policies: readonly NetworkPolicy[],
    forward = NO_FORWARD,
    contributions: readonly Contribution[] = [],
  ): Ruleset => {
    const rules: Rule[] = [];
    const drafted: Draft[] = [];
    /** The rule of before, where it is the same and in the same place. */
    const place = (draft: Draft): Rule => {
      const index = rules.length;
      const rule = before.drafted[index] === draft ? before.rules[index]! : toRule(draft, index);
      rules.push(rule);
      drafted.push(draft);
      return rule;
    };
    // (P7)
    const enforced = policies.filter(policy => !isRefused(policy, profile));
    const buildSide = (direction: Side): Tier[] => {
      const fixed = first[direction];
      const tiers: Tier[] = fixed === null ? [] : [{ ...fixed, rules: fixed.rules.map(place), isolations: [] }];
      for (const { name, parts } of groupTiers(contributions.filter(it => it.direction === direction))) {
        const tier = tiers.length;
        const own: Rule[] = [];
        const isolations: Isolation[] = [];
        for (const part of parts) {
          if (part !== 'network-policies') {
            const contributed = placeContributed(part, tier);
            for (const rule of contributed.rules) own.push(place(rule));
            for (const isolation of contributed.isolations) isolations.push(isolation);
            continue;
          }
          for (const policy of enforced) {
            const { rules: given, isolation } = drafts[direction](policy, tier);
            if (isolation !== null) isolations.push(isolation);
            for (const draft of given) if (draft.action === 'allow') own.push(place(draft));
          }
          // What one policy surely allows is allowed, whatever is not known of another one.
          if (!mayDispute) continue;
          for (const policy of enforced) {
            for (const draft of drafts[direction](policy, tier).rules) {
              if (draft.action !== 'allow') own.push(place(draft));
            }
          }
        }
        tiers.push({ name, rules: own, isolations });
      }
      return tiers;
    };
    const egress = buildSide('egress');
    const ingress = buildSide('ingress');
    const placedForward = forward.tiers.map(tier => ({ ...tier, rules: tier.rules.map(place) }));
    before = { drafted, rules };
    const dns = contributions.flatMap(it => it.dns ?? []);
    return {
      rules,
      egress,
      ingress,
      forward: placedForward,
      ...(profile.toOwnNode === 'policy' && { ownNode: 'to-pods' as const }),
      ...(dns.length > 0 && { dns }),
      ...(contributions.some(({ ofNodes }) => ofNodes === true) && { ofNodes: true as const }),
      ...(profile.refusal !== 'drop' && { denyAnswer: profile.refusal }),
      ...(profile.invalidPasses.includes('node') && { ownNodeInvalid: true as const }),
    };
  };
  return Object.assign(build, { contribute });
}

/** @returns what a policy says in the direction, made once a policy */
function createDrafts(
  direction: Side,
  selection: PodSelection,
  sets: PodSets,
  profile: Profile,
  outsiders: Outsiders,
): (policy: NetworkPolicy, tier: number) => PolicyDrafts {
  const matchesOf = createMatches(selection, sets, profile, outsiders);
  let known = new WeakMap<NetworkPolicy, PolicyDrafts>();
  /** The tier that the known drafts stand in. */
  let tier = 0;
  const fixed = { sourcePorts: null, icmp: null, action: 'allow' } as const;

  function make(policy: NetworkPolicy): PolicyDrafts {
    const rules: Draft[] = [];
    const add = (match: Match, origin: Origin): void => {
      rules.push({ direction, tier, ...fixed, ...match, origin });
    };
    const name = `${policy.namespace}/${policy.name}`;
    const origin = { kind: 'NetworkPolicy', policy: name, rule: direction, position: policy.position };
    const originOf = (side: Side, i: number): Origin => {
      const { position } = policy[side][i] ?? policy;
      return { ...origin, rule: `${side}[${i}]`, position };
    };
    const isListed = direction === 'egress' ? policy.isolatesEgress : policy.isolatesIngress;
    // (P15)
    const own = isListed || profile.unlistedRules !== 'isolate' ? policy[direction] : (policy.unlisted ?? []);
    const isIsolating = isListed || own.length > 0;
    // (1)-(3): the loader has settled policyTypes; a direction that is not isolated has no rules that count.
    if (!isIsolating && profile.unlistedRules !== 'allow') return { rules, isolation: null };
    // (19), (20): hostNetwork pods are not among them, finished ones have no address.
    const subjects = selection.inNamespace(policy.namespace, policy.podSelector);
    if (!isIsolating) {
      // (P15): but for other policies' subjects.
      (policy.unlisted ?? []).forEach((rule, i) => {
        const unlisted = { ...origin, rule: `${direction}[${i}]`, position: rule.position };
        for (const match of matchesOf(direction, policy, rule, subjects)) add(match, unlisted);
      });
      return { rules, isolation: null };
    }
    const isolation = { direction, tier, subjects: sets.of(subjects), origin };
    own.forEach((rule, i) => {
      const named = { ...origin, rule: `${direction}[${i}]`, position: rule.position };
      for (const match of matchesOf(direction, policy, rule, subjects)) add(match, named);
    });
    // (P16)
    if (!profile.oneChain || !policy.isolatesEgress || !policy.isolatesIngress) return { rules, isolation };
    const other = direction === 'egress' ? 'ingress' : 'egress';
    policy[other].forEach((rule, i) => {
      for (const match of matchesOf(other, policy, rule, subjects)) {
        const within = intersect(match.peers, sets.of(subjects));
        if (!isEmpty(within)) add({ ...match, subjects: within, peers: match.subjects }, originOf(other, i));
      }
    });
    return { rules, isolation };
  }

  return (policy, wanted) => {
    if (wanted !== tier) {
      tier = wanted;
      known = new WeakMap();
    }
    let drafts = known.get(policy);
    if (drafts === undefined) {
      drafts = make(policy);
      known.set(policy, drafts);
    }
    return drafts;
  };
}
