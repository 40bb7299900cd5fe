/**
 * Calico's policies, as pods are held to them -> contributions (cold).
 *
 * In:  a policy, its tier.  Out: what it says in each direction, made once a policy. Numbers are facts of
 * docs/dialects/calico.md.
 */
import type { CalicoPolicy } from '../../policy/calico/model.js';
import { objectName } from '../../policy/dialects.js';
import { isEmpty } from '../addresses.js';
import type { ContributedIsolation, ContributedRule, Contribution, Side } from '../contribution.js';
import type { PodSets } from '../pod-sets.js';
import type { Endpoints } from './endpoints.js';
import type { RuleMatches, RuleOwner } from './matches.js';
import { RANK_BEFORE, type RankedTier } from './ranks.js';
import { subjectOf } from './scope.js';
import type { Subject } from './sides.js';

export const SIDES = [
  ['ingress', 'Ingress'],
  ['egress', 'Egress'],
] as const;

export const ownerOf = (policy: CalicoPolicy): RuleOwner => ({
  kind: policy.kind,
  policy: objectName(policy),
  namespace: policy.namespace,
});

/** (C6): by order, then by name, namespace and kind; the tier's name before a policy's does not count. */
export function placeOf({ order, name, namespace, kind, tier }: CalicoPolicy): Pick<Contribution, 'order' | 'name'> {
  const short = name.startsWith(`${tier}.`) ? name.slice(tier.length + 1) : name;
  // (C10): NetworkPolicies are called knp.default.NAME there, and stand as one block by the name "NetworkPolicy".
  const block = short < 'knp.default.' ? 'A' : 'Z';
  return { order, name: `${block} ${short}/${namespace}/${kind}` };
}

/** A policy's end in its tier, for whom it applies to. */
export function isolationOf(
  direction: Side,
  policy: CalicoPolicy,
  { addresses }: Subject,
  end: RankedTier['end'],
): readonly ContributedIsolation[] {
  // (C8)
  if (end === 'Pass' || isEmpty(addresses)) return [];
  const { kind, policy: name } = ownerOf(policy);
  return [{ subjects: addresses, origin: { kind, policy: name, rule: direction, position: policy.position } }];
}

/** Of tiers whose Tier object is not given nobody knows where they stand, nor their end. */
const UNKNOWN_TIER = RANK_BEFORE(1_000_000);

export function createPodPolicies(endpoints: Endpoints, matches: RuleMatches, { everyone }: PodSets) {
  const known = new WeakMap<CalicoPolicy, Map<string, readonly Contribution[]>>();

  function make(policy: CalicoPolicy, tier: RankedTier | undefined): Contribution[] {
    // (C40): such policies are about hosts alone.
    if (policy.doNotTrack || policy.preDNAT) return [];
    const selected = endpoints.select(subjectOf(policy));
    const subject: Subject = { addresses: selected.podSet, named: selected };
    if (isEmpty(subject.addresses)) return [];
    const owner = ownerOf(policy);
    return SIDES.filter(([, type]) => policy.types.includes(type)).map(([direction]): Contribution => {
      const place = placeOf(policy);
      if (tier === undefined) {
        const origin = { kind: owner.kind, policy: owner.policy, rule: direction, position: policy.position };
        const anything = { protocol: null, sourcePorts: null, destinationPorts: null, icmp: null };
        const rules: ContributedRule[] = [
          { subjects: subject.addresses, peers: everyone, ...anything, action: 'unsupported', origin },
        ];
        return { direction, tier: { name: policy.tier, rank: UNKNOWN_TIER }, ...place, rules, isolations: [] };
      }
      return {
        direction,
        tier: { name: tier.name, rank: tier.rank },
        ...place,
        rules: policy[direction].flatMap(rule => matches(direction, rule, owner, subject)),
        isolations: isolationOf(direction, policy, subject, tier.end),
      };
    });
  }

  return (policy: CalicoPolicy, tier: RankedTier | undefined): readonly Contribution[] => {
    const key = tier === undefined ? '' : `${tier.rank} ${tier.end}`;
    const own = known.get(policy) ?? new Map<string, readonly Contribution[]>();
    known.set(policy, own);
    let made = own.get(key);
    if (made === undefined) {
      made = make(policy, tier);
      own.set(key, made);
    }
    return made;
  };
}
