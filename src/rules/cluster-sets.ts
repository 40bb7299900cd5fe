/**
 * Address sets of what is no pod: nodes by their labels, and all that the cluster does not hold (cold).
 *
 * In:  the inventory.  Out: interned sets, made when they are first asked for.
 */
import type { Inventory } from '../cluster/inventory.js';
import { gatewaysOf } from '../cluster/nodes.js';
import { matches } from '../cluster/selector.js';
import type { LabelSelector } from '../policy/policy.js';
import { everywhere, fromAddresses, subtract } from './addresses.js';
import { heldAddresses } from './pod-sets.js';
import type { AddressSet } from './ruleset.js';
import { selectorText } from './selectors.js';

export interface ClusterSets {
  /**
   * The addresses of the nodes whose labels match; so also hostNetwork pods' there (19).
   * @param which `announced`: without the node's end of its pod network, which no status lists
   */
  nodes(selector: LabelSelector, which: 'announced' | 'all'): AddressSet;
  /** Every address that no pod, node or service holds. */
  readonly outside: AddressSet;
}

export function createClusterSets(inventory: Inventory): ClusterSets {
  const bySelector = new Map<string, AddressSet>();
  let outside: AddressSet | null = null;
  return {
    nodes(selector, which) {
      const key = `${which} ${selectorText(selector)}`;
      let set = bySelector.get(key);
      if (set === undefined) {
        const selected = inventory.nodes.filter(({ labels }) => matches(selector, labels));
        set = fromAddresses(
          selected.flatMap(node => {
            const left = new Set(which === 'all' ? [] : gatewaysOf(node));
            return heldAddresses(node, inventory).filter(address => !left.has(address));
          }),
        );
        bySelector.set(key, set);
      }
      return set;
    },
    get outside() {
      outside ??= subtract(everywhere([]), fromAddresses(inventory.byAddress.keys()));
      return outside;
    },
  };
}
