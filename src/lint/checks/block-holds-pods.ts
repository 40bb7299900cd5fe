/** An ipBlock that holds addresses of the cluster's pods or services. */
import type { Inventory } from '../../cluster/inventory.js';
import { ownerName } from '../../report/owners.js';
import { plural } from '../../report/style.js';
import * as addresses from '../../rules/addresses.js';
import type { AddressSet } from '../../rules/ruleset.js';
import type { Check } from '../check.js';
import { pathOf, peersField, policyName } from '../context.js';
import { some } from '../hints.js';
import { addressesOf } from './except-covers-cidr.js';

export const blockHoldsPods: Check = {
  id: 'block-holds-pods',
  severity: 'warning',
  title: 'an ipBlock that holds addresses of pods or services',
  needsCluster: true,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const { inventory, profile } = context.compiled;
    const pods = heldBy('pod', inventory);
    const services = heldBy('service', inventory);
    for (const placed of context.rules) {
      const { policy, rule, direction } = placed;
      for (const [j, peer] of (rule.peers ?? []).entries()) {
        if (peer.kind !== 'ipBlock') continue;
        const block = addressesOf(peer);
        const inPods = pods.inside(block);
        const inServices = services.inside(block);
        if (inPods.count + inServices.count === 0) continue;
        const about = policyName(policy);
        const position = context.at(policy, pathOf(placed, peersField(direction), j, 'ipBlock', 'cidr'));
        // Of every address there is it was to be expected.
        const severity = peer.cidr.endsWith('/0') ? ('note' as const) : undefined;
        if (inPods.count > 0) {
          const what = `${peer.cidr} holds the addresses of ${plural(inPods.count, 'pod')} (${some(inPods.names, 3)})`;
          const means =
            profile.blockPeers === 'everybody'
              ? 'pods change their addresses, and whether an ipBlock matches them at all depends on the network plugin'
              : `to ${profile.title} an ipBlock matches no pod`;
          const fix =
            'name pods by podSelector and namespaceSelector; an except leaves the pods’ range out of the block';
          yield { position, about, message: `${what}: ${means}`, fix, ...(severity && { severity }) };
        } else {
          const message = `${peer.cidr} holds the addresses of ${plural(inServices.count, 'service')} (${some(inServices.names, 3)}): a policy is asked about the pod behind a service, so the block does not open it`;
          const fix = 'select the pods behind the service by their labels';
          yield { position, about, message, fix, ...(severity && { severity }) };
        }
      }
    }
  },
};

/** Addresses of a kind of owners, to be looked for in many blocks. */
function heldBy(kind: 'pod' | 'service', { byAddress }: Inventory) {
  const names = new Map<string, string>();
  for (const [address, owner] of byAddress) if (owner.kind === kind) names.set(address, ownerName(owner));
  const all = addresses.fromAddresses(names.keys());
  return {
    inside(block: AddressSet): { readonly count: number; readonly names: readonly string[] } {
      const inside = addresses.intersect(block, all);
      if (addresses.isEmpty(inside)) return { count: 0, names: [] };
      const found = new Set<string>();
      for (const [address, name] of names) {
        const v4 = addresses.parseV4(address);
        const isIn =
          v4 !== null ? addresses.containsV4(inside, v4) : addresses.containsV6(inside, addresses.parseV6(address)!);
        if (isIn) found.add(name);
      }
      return { count: found.size, names: [...found].slice(0, 4) };
    },
  };
}
