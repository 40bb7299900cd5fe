/**
 * Pods that the same sets hold: what is asked of one of them holds for all (cold).
 *
 * In:  sets of subjects, pods.  Out: groups of pods; two pods are in one group exactly where every set holds both or neither.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import { parseV4, parseV6 } from '../rules/addresses.js';
import { heldAddresses } from '../rules/pod-sets.js';
import type { AddressSet } from '../rules/ruleset.js';

export interface PodGroup {
  readonly pods: Pod[];
  /** Indices of the sets that hold them, ascending. */
  readonly sets: readonly number[];
}

/** Distinct sets are walked over the sorted addresses once each. */
export function groupPods(sets: readonly AddressSet[], pods: readonly Pod[], inventory: Inventory): PodGroup[] {
  const held = new Map<Pod, number[]>(pods.map(pod => [pod, []]));
  const v4: [number, Pod][] = [];
  const v6: [bigint, Pod][] = [];
  const byOwner = new Map<number, Pod>();
  for (const pod of pods) {
    byOwner.set(pod.owner, pod);
    for (const address of heldAddresses(pod, inventory)) {
      const four = parseV4(address);
      if (four !== null) v4.push([four, pod]);
      else v6.push([parseV6(address)!, pod]);
    }
  }
  v4.sort(([a], [b]) => a - b);
  v6.sort(([a], [b]) => (a < b ? -1 : 1));
  sets.forEach((set, i) => {
    const add = (pod: Pod): void => {
      const own = held.get(pod)!;
      if (own.at(-1) !== i) own.push(i);
    };
    eachWithin(v4, set.v4, add);
    eachWithin(v6, set.v6, add);
    for (const owner of set.unaddressed) {
      const pod = byOwner.get(owner);
      if (pod !== undefined) add(pod);
    }
  });
  const groups = new Map<string, PodGroup>();
  for (const [pod, own] of held) {
    const key = own.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { pods: [pod], sets: own });
    else group.pods.push(pod);
  }
  return [...groups.values()];
}

function eachWithin<T extends number | bigint>(
  sorted: readonly (readonly [T, Pod])[],
  intervals: readonly T[],
  found: (pod: Pod) => void,
): void {
  for (let i = 0; i < intervals.length; i += 2) {
    for (let at = firstFrom(sorted, intervals[i]!); at < sorted.length; at++) {
      const [address, pod] = sorted[at]!;
      if (address > intervals[i + 1]!) break;
      found(pod);
    }
  }
}

function firstFrom<T extends number | bigint>(sorted: readonly (readonly [T, Pod])[], from: T): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]![0] < from) low = middle + 1;
    else high = middle;
  }
  return low;
}
