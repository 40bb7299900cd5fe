/**
 * Why a peer of a NetworkPolicy's rule does not hold an address (cold): which label, which namespace, which block.
 *
 * In:  a rule's peers as the policy says them, and who the other end is.  Out: a sentence a peer. Only for those that do not
 * match; the rules' own address sets say which these are. Numbers are items of docs/semantics.md.
 */
import type { Inventory, Labels, Owner } from '../cluster/inventory.js';
import { matches, type Selector } from '../cluster/selector.js';
import type { NetworkPolicy, Peer } from '../policy/policy.js';
import { ownerName } from '../report/owners.js';
import { fromCidr } from '../rules/addresses.js';
import { isInside, pointOf } from './conditions.js';

/** @param owner whose the address is, undefined for nobody  @param address null for a pod without one */
export function peerReasons(
  policy: NetworkPolicy,
  peers: readonly Peer[],
  owner: Owner | undefined,
  address: string | null,
  inventory: Inventory,
): string[] {
  return peers.map(peer => peerReason(policy, peer, owner, address, inventory));
}

function peerReason(
  { namespace }: NetworkPolicy,
  peer: Peer,
  owner: Owner | undefined,
  address: string | null,
  { namespaces }: Inventory,
): string {
  if (peer.kind === 'ipBlock') {
    const { cidr, except } = peer;
    if (address === null) return `ipBlock ${cidr}: the pod has no address`;
    const holder = except.find(block => holds(block, address));
    if (holder !== undefined) return `ipBlock ${cidr}: its except ${holder} holds ${address}`;
    return holds(cidr, address)
      ? `ipBlock ${cidr}: the network plugin does not match it`
      : `ipBlock ${cidr} does not hold ${address}`;
  }
  const { podSelector, namespaceSelector } = peer;
  if (owner?.kind !== 'pod') {
    return `pods only, and ${owner === undefined ? `${address} is nobody's in the cluster` : `${ownerName(owner)} is none`}`;
  }
  if (owner.hostNetwork) return `pods only, and ${ownerName(owner)} is on the host network: it is its node`;
  if (namespaceSelector === null && owner.namespace !== namespace) {
    return `pods of namespace ${namespace} only, and ${ownerName(owner)} is in ${owner.namespace}`;
  }
  const labels = namespaces.get(owner.namespace)?.labels ?? {};
  if (namespaceSelector !== null && !matches(namespaceSelector, labels)) {
    return `namespaceSelector ${failing(namespaceSelector, labels, `namespace ${owner.namespace}`)}`;
  }
  if (podSelector !== null && !matches(podSelector, owner.labels)) {
    return `podSelector ${failing(podSelector, owner.labels, ownerName(owner))}`;
  }
  return 'the network plugin does not match it';
}

const holds = (cidr: string, address: string): boolean => {
  const block = fromCidr(cidr);
  return block !== null && isInside(block, pointOf({ owner: -1, address }));
};

/** The first requirement that fails: `asks app=web, and shop/db-0 has app=db`. */
function failing(selector: Selector, labels: Labels, name: string): string {
  const value = (key: string): string =>
    Object.hasOwn(labels, key) ? `has ${key}=${labels[key]}` : `has no label ${key}`;
  for (const [key, wanted] of Object.entries(selector.matchLabels)) {
    if (!Object.hasOwn(labels, key) || labels[key] !== wanted)
      return `asks ${key}=${wanted}, and ${name} ${value(key)}`;
  }
  for (const expression of selector.matchExpressions) {
    if (matches({ matchLabels: {}, matchExpressions: [expression] }, labels)) continue;
    const { key, operator, values } = expression;
    const list = values.length === 0 ? '' : ` (${values.join(', ')})`;
    return `asks ${key} ${operator}${list}, and ${name} ${value(key)}`;
  }
  return 'does not match';
}
