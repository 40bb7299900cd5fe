/** A rule that opens every address of one family, while pods of both find the other one closed. */
import { NOWHERE } from '../../rules/addresses.js';
import { createClusterSets } from '../../rules/cluster-sets.js';
import type { AddressSet } from '../../rules/ruleset.js';
import type { Check } from '../check.js';
import { type PlacedRule, pathOf, peersField, policyName } from '../context.js';
import { rulesByOrigin } from '../origins.js';
import { Budget, boxOf } from '../region.js';
import { mayPass } from '../walk.js';

const WHOLE = { v4: '0.0.0.0/0', v6: '::/0' } as const;
const NAME = { v4: 'IPv4', v6: 'IPv6' } as const;
const BUDGET = 20_000_000;

export const oneFamilyOnly: Check = {
  id: 'one-family-only',
  severity: 'warning',
  title: '0.0.0.0/0 without ::/0 (or the reverse) for pods that have both families',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const { outside } = createClusterSets(context.compiled.inventory);
    const budget = new Budget(BUDGET);
    const entries = rulesByOrigin(context.compiled.ruleset);
    for (const placed of context.rules) {
      const { policy, rule, direction, index } = placed;
      const other = missingFamily(placed);
      if (other === null || !hasBoth(context.sets.of(context.subjects(policy)))) continue;
      const peers = { ...NOWHERE, [other]: outside[other] };
      // (11): what any rule opens is open.
      const isOpen = (entries.get(`${policy.namespace}/${policy.name} ${direction}[${index}]`) ?? []).some(entry =>
        context.groups[direction]
          .holding(entry.subjects)
          .some(group => mayPass(group, group.box(peers, boxOf(entry).header), budget)),
      );
      if (isOpen) continue;
      const given = other === 'v6' ? 'v4' : 'v6';
      const j = rule.peers!.findIndex(peer => peer.kind === 'ipBlock' && peer.cidr === WHOLE[given]);
      const position = context.at(policy, pathOf(placed, peersField(direction), j, 'ipBlock', 'cidr'));
      const message = `${WHOLE[given]} is every address of ${NAME[given]} alone: the pods have ${NAME[other]} too, and nothing outside of the cluster is open to them there`;
      const fix = `if ${NAME[other]} is meant too, add an entry with cidr: "${WHOLE[other]}"`;
      yield { position, about: policyName(policy), message, fix };
    }
  },
};

function missingFamily({ rule: { peers } }: PlacedRule): 'v4' | 'v6' | null {
  const cidrs = new Set((peers ?? []).flatMap(peer => (peer.kind === 'ipBlock' ? [peer.cidr] : [])));
  if (cidrs.has(WHOLE.v4) === cidrs.has(WHOLE.v6)) return null;
  return cidrs.has(WHOLE.v4) ? 'v6' : 'v4';
}

const hasBoth = ({ v4, v6 }: AddressSet): boolean => v4.length > 0 && v6.length > 0;
