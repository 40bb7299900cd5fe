/**
 * What the owners of addresses are called in reports (cold). The names are those that `policap query` takes.
 *
 * In:  an owner of the inventory.  Out: its own name, and that of the workload it is counted under.
 */
import type { Inventory, Owner } from '../cluster/inventory.js';

/** `shop/web-7d4f`, `node/worker-1`, `shop/service/web`. */
export function ownerName(owner: Owner): string {
  switch (owner.kind) {
    case 'pod':
      return `${owner.namespace}/${owner.name}`;
    case 'node':
      return `node/${owner.name}`;
    case 'service':
      return `${owner.namespace}/service/${owner.name}`;
  }
}

/** `shop/Deployment/web`; what has no workload is its own. */
export const workloadName = (owner: Owner): string =>
  owner.kind === 'pod' && owner.workload !== null ? `${owner.namespace}/${owner.workload}` : ownerName(owner);

/** The owner's address of a family (4 or 6), null where it has none. */
export function ownerAddress(owner: Owner, family: number): string | null {
  return owner.addresses.find(address => address.includes(':') === (family === 6)) ?? null;
}

/** The nodes' pod ranges: an address inside that no pod owns is a pod the cluster documents lack. */
export const podRanges = (inventory: Inventory): readonly { readonly cidr: string; readonly node: string }[] =>
  inventory.nodes.flatMap(node => node.podCIDRs.map(cidr => ({ cidr, node: node.name })));
