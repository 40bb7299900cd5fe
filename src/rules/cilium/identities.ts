/**
 * Identities: what an address is to Cilium, by who owns it (CI9 of docs/dialects/cilium.md) (cold).
 *
 * In:  the inventory.  Out: the addresses of nodes, of the API server and of the world, as sets that are the same objects every
 * time. A pod's identity is its labels (selectors.ts); its own node is `host`, every other one `remote-node`; whatever is no
 * pod's and no node's is `world`.
 */
import type { Inventory, Node } from '../../cluster/inventory.js';
import { everywhere, fromAddresses, fromCidr, intersect, isEmpty, NOWHERE, subtract, union } from '../addresses.js';
import { createOutsiders, type Outsiders } from '../outsiders.js';
import { heldAddresses } from '../pod-sets.js';
import type { AddressSet } from '../ruleset.js';

export interface Identities {
  readonly outsiders: Outsiders;
  readonly nodes: AddressSet;
  /** By name; undefined where the inventory has no such node. */
  nodeOf(name: string): AddressSet | undefined;
  /** Nodes for whose labels `asks` holds; `unknown`: those whose labels were not given. */
  nodesWhere(asks: (node: Node) => boolean): { readonly known: AddressSet; readonly unknown: AddressSet };
  readonly world: AddressSet;
  readonly world4: AddressSet;
  readonly world6: AddressSet;
  /** Endpoints of the service default/kubernetes; null where the inventory does not tell (CI13). */
  readonly apiServers: { readonly nodes: AddressSet; readonly world: AddressSet } | null;
  /** Free addresses of the nodes' pod blocks: health and ingress endpoints may have them, and pods that were not given (CI14). */
  readonly freePodAddresses: AddressSet;
  /** Some pod or node has addresses of both families: the world has two labels then. */
  readonly isDualStack: boolean;
  /** Of a prefix; the same object for the same text. */
  worldWithin(cidr: string, except: readonly string[]): AddressSet;
  /** Whether the prefix holds the node-local DNS address, and nobody else does (CI12). */
  holdsNodeLocal(cidr: string, except: readonly string[]): boolean;
}

export function createIdentities(inventory: Inventory): Identities {
  const outsiders = createOutsiders(inventory);
  const byName = new Map(inventory.nodes.map(node => [node.name, fromAddresses(heldAddresses(node, inventory))]));
  const nodes = union([...byName.values(), NOWHERE]);
  const world = outsiders.all();
  const blocks = new Map<string, { readonly set: AddressSet; readonly holdsNodeLocal: boolean }>();
  const block = (cidr: string, except: readonly string[]) => {
    const key = [cidr, ...except].join(' ');
    let found = blocks.get(key);
    if (found === undefined) {
      const whole = fromCidr(cidr) ?? NOWHERE;
      const outer = except.length === 0 ? whole : subtract(whole, union(except.map(hole => fromCidr(hole) ?? NOWHERE)));
      found = { set: outsiders.within(outer), holdsNodeLocal: outsiders.holdsNodeLocal(outer) };
      blocks.set(key, found);
    }
    return found;
  };
  return {
    outsiders,
    nodes,
    nodeOf: name => byName.get(name),
    nodesWhere(asks) {
      const known: AddressSet[] = [NOWHERE];
      const unknown: AddressSet[] = [NOWHERE];
      for (const node of inventory.nodes) {
        // Every Node object has labels (kubernetes.io/hostname): none means that only its pods were given.
        const isUnknown = Object.keys(node.labels).length === 0;
        if (isUnknown) unknown.push(byName.get(node.name)!);
        else if (asks(node)) known.push(byName.get(node.name)!);
      }
      return { known: union(known), unknown: union(unknown) };
    },
    world,
    world4: { ...NOWHERE, v4: world.v4 },
    world6: { ...NOWHERE, v6: world.v6 },
    apiServers: apiServersOf(inventory, nodes, outsiders),
    freePodAddresses: outsiders.within(
      union([NOWHERE, ...inventory.nodes.flatMap(node => node.podCIDRs.map(cidr => fromCidr(cidr) ?? NOWHERE))]),
    ),
    isDualStack: inventory.owners.some(
      owner =>
        owner.kind !== 'service' &&
        owner.addresses.some(address => address.includes(':')) &&
        owner.addresses.some(address => !address.includes(':')),
    ),
    worldWithin: (cidr, except) => block(cidr, except).set,
    holdsNodeLocal: (cidr, except) => block(cidr, except).holdsNodeLocal,
  };
}

/** (CI13): by address: a node with two has the identity at the one that the service names. */
function apiServersOf(inventory: Inventory, nodes: AddressSet, outsiders: Outsiders): Identities['apiServers'] {
  const service = inventory.services.find(it => it.namespace === 'default' && it.name === 'kubernetes');
  const addresses = (service?.backends ?? []).flatMap(list => list.map(({ address }) => address));
  if (addresses.length === 0) return null;
  const all = fromAddresses(addresses);
  return { nodes: intersect(all, nodes), world: outsiders.within(all) };
}

export const EVERY_ADDRESS = everywhere([]);
export const isNowhere = isEmpty;
