/**
 * Pods -> AddressSets: the addresses they really hold, each selection's set made once (cold).
 *
 * In:  the inventory.  Out: interned sets. An address that two pods claim belongs to one of them only (20): the other
 * pod, if nothing is left to it, counts as a pod without an address.
 */
import type { Inventory, Owner, Pod } from '../cluster/inventory.js';
import { everywhere, fromAddresses } from './addresses.js';
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

/** Owner indices of the pods that hold no address. A hostNetwork pod has its node's, or none yet. */
export function unaddressedPods(inventory: Inventory): number[] {
  return inventory.pods.filter(pod => isUnaddressed(pod, inventory)).map(pod => pod.owner);
}

const isUnaddressed = (pod: Pod, inventory: Inventory): boolean =>
  pod.hostNetwork ? pod.addresses.length === 0 : heldAddresses(pod, inventory).length === 0;

export function createPodSets(inventory: Inventory): PodSets {
  const bySelection = new WeakMap<readonly Pod[], AddressSet>();
  const everyone = everywhere(unaddressedPods(inventory));
  return {
    everyone,
    of(pods) {
      let set = bySelection.get(pods);
      if (set === undefined) {
        const held = pods.map(pod => heldAddresses(pod, inventory));
        const unaddressed = pods.filter((_, i) => held[i]!.length === 0).map(pod => pod.owner);
        set = fromAddresses(held.flat(), unaddressed);
        bySelection.set(pods, set);
      }
      return set;
    },
  };
}
