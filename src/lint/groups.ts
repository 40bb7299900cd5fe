/**
 * One direction by its subjects: pods that the same rules and isolations are about are one group (cold).
 *
 * In:  a direction's tiers, the pods.  Out: groups. What is asked of one pod of a group holds for all of them, so regions
 * (region.ts) need no subjects: a group's rules are those that hold it. A group's pods have addresses of the same families.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import { everywhere, MAX_V4, MAX_V6, NOWHERE, parseV4, parseV6 } from '../rules/addresses.js';
import { heldAddresses } from '../rules/pod-sets.js';
import type { AddressSet, Isolation, Rule, Tier } from '../rules/ruleset.js';
import { type Box, boxOf } from './region.js';

export interface BoxedRule {
  readonly rule: Rule;
  /** About any subject. */
  readonly box: Box;
}

export interface GroupTier {
  readonly rules: readonly BoxedRule[];
  readonly isolations: readonly Isolation[];
}

export interface Group {
  readonly pods: readonly Pod[];
  readonly tiers: readonly GroupTier[];
  /** A box with these peers, as far as the group's pods have their family. */
  box(peers: AddressSet, header: Box['header']): Box;
}

export interface Groups {
  readonly all: readonly Group[];
  /** Asked about the same list (by identity) once. */
  of(pods: readonly Pod[]): readonly Group[];
  /** The groups that a rule's or an isolation's subjects hold. */
  holding(subjects: AddressSet): readonly Group[];
}

/** Of any box that says nothing of subjects. */
const ANYBODY = everywhere([]);
const IN_V4: AddressSet = { ...NOWHERE, v4: [0, MAX_V4] };
const IN_V6: AddressSet = { ...NOWHERE, v6: [0n, MAX_V6] };

export function createGroups(tiers: readonly Tier[], inventory: Inventory): Groups {
  const sets = new Map<AddressSet, number>([
    [IN_V4, 0],
    [IN_V6, 1],
  ]);
  const parts = tiers.map(({ rules, isolations }) => ({
    rules: bySubjects(rules),
    isolations: bySubjects(isolations),
  }));
  for (const { rules, isolations } of parts) {
    for (const set of [...rules.keys(), ...isolations.keys()]) if (!sets.has(set)) sets.set(set, sets.size);
  }
  const distinct = [...sets.keys()];
  const boxes = new Map<Rule, BoxedRule>();

  function boxed(rule: Rule): BoxedRule {
    let it = boxes.get(rule);
    if (it === undefined) {
      it = { rule, box: { ...boxOf(rule), subjects: ANYBODY } };
      boxes.set(rule, it);
    }
    return it;
  }

  function groupOf(pods: readonly Pod[], held: readonly number[]): Group {
    const isV4 = held.includes(0);
    const isV6 = held.includes(1);
    const own = held.map(index => distinct[index]!);
    const collect = <T extends { readonly origin: object }>(map: ReadonlyMap<AddressSet, readonly T[]>): T[] =>
      own.flatMap(set => map.get(set) ?? []);
    return {
      pods,
      tiers: parts.map(({ rules, isolations }) => ({
        rules: collect(rules)
          .sort((a, b) => a.index - b.index)
          .map(boxed),
        isolations: collect(isolations),
      })),
      box: (peers, header) => ({
        subjects: ANYBODY,
        peers:
          isV4 === isV6
            ? peers
            : { v4: isV4 ? peers.v4 : [], v6: isV6 ? peers.v6 : [], unaddressed: peers.unaddressed },
        header,
      }),
    };
  }

  const pods = inventory.pods.filter(pod => !pod.hostNetwork);
  const byKey = new Map<string, { readonly pods: Pod[]; readonly held: readonly number[] }>();
  for (const [pod, held] of holdings(distinct, pods, inventory)) {
    const key = held.join();
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { pods: [pod], held });
    else known.pods.push(pod);
  }
  const ofPod = new Map<Pod, Group>();
  const ofSet = new Map<AddressSet, Group[]>(distinct.map(set => [set, []]));
  const all = [...byKey.values()].map(({ pods, held }) => {
    const group = groupOf(pods, held);
    for (const pod of pods) ofPod.set(pod, group);
    for (const index of held) ofSet.get(distinct[index]!)!.push(group);
    return group;
  });
  const known = new WeakMap<readonly Pod[], readonly Group[]>();
  return {
    all,
    of(pods) {
      let groups = known.get(pods);
      if (groups === undefined) {
        groups = [...new Set(pods.flatMap(pod => ofPod.get(pod) ?? []))];
        known.set(pods, groups);
      }
      return groups;
    },
    holding: subjects => ofSet.get(subjects) ?? [],
  };
}

function bySubjects<T extends { readonly subjects: AddressSet }>(all: readonly T[]): Map<AddressSet, T[]> {
  const found = new Map<AddressSet, T[]>();
  for (const it of all) {
    const known = found.get(it.subjects);
    if (known === undefined) found.set(it.subjects, [it]);
    else known.push(it);
  }
  return found;
}

/** For each pod the sets that hold it, ascending: each set is walked over the sorted addresses once. */
function holdings(sets: readonly AddressSet[], pods: readonly Pod[], inventory: Inventory): Map<Pod, number[]> {
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
  return held;
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
