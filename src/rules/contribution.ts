/**
 * Contributions: what a dialect's policies add to the tiers of the normal form (cold).
 *
 * In:  a dialect's objects, the pods, a profile.  Out: Contributions, which rules/build.ts sorts into tiers, and problems.
 *
 * Tiers stand by `rank`, on Calico's scale of orders: 1,000 for the administrators' policies, 1,000,000 for NetworkPolicies,
 * 10,000,000 for the baseline. Contributions of one rank are one tier: their rules stand by `order`, then by `name`, and
 * whoever an isolation of any of them holds is denied at the tier's end.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Problem } from '../documents/document.js';
import type { Profile } from '../profile/profile.js';
import { NOWHERE } from './addresses.js';
import type { PodSets } from './pod-sets.js';
import type { DnsListeners, Isolation, NameCondition, Rule } from './ruleset.js';
import type { PodSelection } from './selectors.js';

export const ADMIN_RANK = 1_000;
export const NETWORK_POLICY_RANK = 1_000_000;
export const BASELINE_RANK = 10_000_000;
/** Where NetworkPolicies stand in their tier, as one block by this name. */
export const NETWORK_POLICY_ORDER = 1_000;
export const NETWORK_POLICY_NAME = 'NetworkPolicy';

export type Side = 'egress' | 'ingress';

/** A rule without its place: the same object for as long as what it comes from is the same. */
export type ContributedRule = Omit<Rule, 'index' | 'tier' | 'direction'>;
export type ContributedIsolation = Omit<Isolation, 'tier' | 'direction'>;

/** The two rules by which a rule says that its peers have one of some names. @param rule what it says of those that do */
export function namedRules(rule: ContributedRule, names: NameCondition): [ContributedRule, ContributedRule] {
  const { layer7: _, ...asked } = rule;
  return [
    { ...asked, action: 'unsupported', names },
    { ...rule, subjects: NOWHERE, peers: NOWHERE },
  ];
}

export interface Contribution {
  readonly direction: Side;
  readonly tier: { readonly name: string; readonly rank: number };
  readonly order: number;
  readonly name: string;
  /** In the order in which the first match decides. */
  readonly rules: readonly ContributedRule[];
  readonly isolations: readonly ContributedIsolation[];
  /** Pods from whose DNS answers names are learned (Rule.names). */
  readonly dns?: readonly DnsListeners[];
  /** Its subjects are nodes' addresses: then nodes' own sides are decided by the tiers, too. */
  readonly ofNodes?: true;
}

export interface RuleContext {
  readonly inventory: Inventory;
  readonly selection: PodSelection;
  readonly sets: PodSets;
  readonly profile: Profile;
}

export interface Contributed {
  readonly contributions: readonly Contribution[];
  /** Warnings: what is not modelled, what has no effect. */
  readonly problems: readonly Problem[];
}

/**
 * Made once for an inventory and a profile, then asked again and again as policies change: what is asked with the same
 * objects (by identity) should give the same contributions.
 */
export type Contributor<T> = (objects: readonly T[]) => Contributed;
