/**
 * Pods -> AddressSets: the addresses they really hold, each selection's set made once (cold).
 *
 * In:  the inventory.  Out: interned sets. An address that two pods claim belongs to one of them only (20): the other
 * pod, if nothing is left to it, counts as a pod without an address.
 */
import type { Inventory, Owner, Pod } from '../cluster/inventory.js';
import { everywhere, fromPoints, parseV4, parseV6 } from './addresses.js';
import type { AddressSet } from './ruleset.js';

export interface PodSets {
  /** The same object for the same selection. */
  of(pods: readonly Pod[]): AddressSet;
  /** Every address, and every pod without one. */
  readonly everyone: AddressSet;
}

/** The addresses that are the owner's after duplicates are settled; (21): of both families. */
export const heldAddresses = (owner: Owner, { byAddress }: Inventory): string[] =>
  owner.addresses.filter(address => byAddress.get(address)?.owner === owner.owner);

export function createPodSets(inventory: Inventory): PodSets {
  const bySelection = new WeakMap<readonly Pod[], AddressSet>();
  const held = holdings(inventory);
  const everyone = everywhere(inventory.pods.filter(pod => held.unaddressed(pod)).map(pod => pod.owner));
  return {
    everyone,
    of(pods) {
      let set = bySelection.get(pods);
      if (set === undefined) {
        set = held.set(pods);
        bySelection.set(pods, set);
      }
      return set;
    },
  };
}

/** Addresses of all pods as numbers: most have one, of IPv4. */
function holdings(inventory: Inventory) {
  const single = new Float64Array(inventory.owners.length).fill(-1);
  const others = new Map<number, { readonly v4: number[]; readonly v6: bigint[] }>();
  for (const pod of inventory.pods) {
    const [only] = pod.addresses;
    const texts =
      pod.addresses.length === 1 && inventory.byAddress.get(only!) === pod
        ? pod.addresses
        : heldAddresses(pod, inventory);
    const four = texts.length === 1 ? parseV4(texts[0]!) : null;
    if (four !== null) single[pod.owner] = four;
    else if (texts.length > 0) {
      const v4 = texts.map(parseV4).filter(address => address !== null);
      const v6 = texts.map(parseV6).filter(address => address !== null);
      others.set(pod.owner, { v4, v6 });
    }
  }
  return {
    unaddressed: (pod: Pod): boolean =>
      pod.hostNetwork ? pod.addresses.length === 0 : single[pod.owner]! < 0 && !others.has(pod.owner),
    set(pods: readonly Pod[]): AddressSet {
      const v4: number[] = [];
      const v6: bigint[] = [];
      const unaddressed: number[] = [];
      for (const { owner } of pods) {
        const other = others.get(owner);
        if (single[owner]! >= 0) v4.push(single[owner]!);
        else if (other === undefined) unaddressed.push(owner);
        else {
          v4.push(...other.v4);
          v6.push(...other.v6);
        }
      }
      return fromPoints(v4, v6, unaddressed);
    },
  };
}
