/** An ipBlock whose except blocks together hold all of its cidr: it matches nobody. */
import { fromCidr, isEmpty, NOWHERE, subtract, union } from '../../rules/addresses.js';
import type { Check } from '../check.js';
import { type BlockPeer, pathOf, peersField, policyName } from '../context.js';

export const exceptCoversCidr: Check = {
  id: 'except-covers-cidr',
  severity: 'warning',
  title: 'an except that covers its cidr',
  needsCluster: false,
  kinds: ['NetworkPolicy'],
  *find(context) {
    for (const placed of context.rules) {
      const { policy, rule, direction } = placed;
      for (const [j, peer] of (rule.peers ?? []).entries()) {
        if (peer.kind !== 'ipBlock' || peer.except.length === 0 || !isEmpty(addressesOf(peer))) continue;
        const message = `except leaves nothing of ${peer.cidr}: ${peer.except.join(', ')} are all of it, so this peer matches nobody`;
        const fix = 'remove the entry, or the except that goes too far';
        const position = context.at(policy, pathOf(placed, peersField(direction), j, 'ipBlock', 'except'));
        yield { position, about: policyName(policy), message, fix };
      }
    }
  },
};

/** (8): cidr without except. */
export const addressesOf = ({ cidr, except }: BlockPeer) =>
  subtract(fromCidr(cidr) ?? NOWHERE, union(except.map(text => fromCidr(text) ?? NOWHERE)));
