/**
 * Contributions -> tiers, in order (cold). NetworkPolicies are one part among them (contribution.ts).
 */
import {
  type ContributedIsolation,
  type ContributedRule,
  type Contribution,
  NETWORK_POLICY_NAME,
  NETWORK_POLICY_ORDER,
  NETWORK_POLICY_RANK,
  type Side,
} from './contribution.js';
import type { Isolation, Rule } from './ruleset.js';

export interface TierParts {
  readonly name: string;
  /** In the order of their rules. */
  readonly parts: readonly (Contribution | 'network-policies')[];
}

const byOrder = (a: Place, b: Place): number => a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

type Place = Pick<Contribution, 'order' | 'name'>;
const NETWORK_POLICIES: Place = { order: NETWORK_POLICY_ORDER, name: NETWORK_POLICY_NAME };

/** The tier of NetworkPolicies is always among them. @param contributions of one direction */
export function groupTiers(contributions: readonly Contribution[]): TierParts[] {
  const byRank = new Map<number, Contribution[]>([[NETWORK_POLICY_RANK, []]]);
  for (const contribution of contributions) {
    const { rank } = contribution.tier;
    const group = byRank.get(rank);
    if (group === undefined) byRank.set(rank, [contribution]);
    else group.push(contribution);
  }
  return [...byRank]
    .sort(([a], [b]) => a - b)
    .map(([rank, group]) => {
      const sorted = group.sort(byOrder);
      if (rank !== NETWORK_POLICY_RANK) return { name: nameOf(group), parts: sorted };
      const after = sorted.findIndex(it => byOrder(it, NETWORK_POLICIES) > 0);
      const at = after < 0 ? sorted.length : after;
      const parts = [...sorted.slice(0, at), 'network-policies' as const, ...sorted.slice(at)];
      return { name: group.length === 0 ? NETWORK_POLICY_NAME : nameOf(group), parts };
    });
}

const nameOf = (group: readonly Contribution[]): string => [...new Set(group.map(({ tier }) => tier.name))].join(' + ');

/** What of a contribution stands in a tier, without the rules' indices. */
export interface Placed {
  readonly tier: number;
  readonly rules: readonly Omit<Rule, 'index'>[];
  readonly isolations: readonly Isolation[];
}

/**
 * Rules and isolations with their tier: the same object for as long as both are the same. Of most contributions everything is:
 * they are asked for as a whole.
 */
export function createPlaces(): (contribution: Contribution, tier: number) => Placed {
  const known = new WeakMap<Contribution, Placed>();
  const ofRules = createPlace<ContributedRule>();
  const ofIsolations = createPlace<ContributedIsolation>();
  return (contribution, tier) => {
    let placed = known.get(contribution);
    if (placed?.tier !== tier) {
      const { direction, rules, isolations } = contribution;
      placed = {
        tier,
        rules: rules.map(rule => ofRules(rule, direction, tier)),
        isolations: isolations.map(isolation => ofIsolations(isolation, direction, tier)),
      };
      known.set(contribution, placed);
    }
    return placed;
  };
}

function createPlace<T extends object>() {
  const known = new WeakMap<T, T & { readonly direction: Side; readonly tier: number }>();
  return (it: T, direction: Side, tier: number) => {
    let placed = known.get(it);
    if (placed === undefined || placed.tier !== tier || placed.direction !== direction) {
      placed = { ...it, direction, tier };
      known.set(it, placed);
    }
    return placed;
  };
}
