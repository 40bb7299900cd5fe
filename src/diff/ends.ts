/**
 * The ends of everything that two sets of policies are held against each other on (cold).
 *
 * In:  both sides' rulesets and inventories.  Out: rows (workloads, and blocks of addresses outside) of points (an address, or
 * a pod without one), and a class a point: points of one class are in the same address sets of both sides, so that no rule
 * of either tells them apart.
 */
import { type Inventory, NODE_LOCAL_DNS, type Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import type { Family } from '../matrix/cells.js';
import { outsideBlocks } from '../matrix/outside.js';
import { ownerName, workloadName } from '../report/owners.js';
import { listed } from '../report/reason-text.js';
import { plural } from '../report/style.js';
import { parseV4, parseV6 } from '../rules/addresses.js';
import { heldAddresses } from '../rules/pod-sets.js';
import type { AddressSet } from '../rules/ruleset.js';

export type Ruled = Pick<Compiled, 'ruleset' | 'inventory'>;

/** A pod, or a block outside. */
export interface Member {
  /** Owner indices by side; -1 outside. */
  readonly owners: readonly number[];
  /** The class of each of its points. */
  readonly classes: readonly number[];
}

export interface Row {
  readonly name: string;
  readonly members: readonly Member[];
  /** How many points of each class it has. */
  readonly counts: ReadonlyMap<number, number>;
}

export interface Class {
  readonly family: Family;
  readonly isPod: boolean;
  /** (14): the address that is every node's own. */
  readonly isNodeLocal: boolean;
  /** Whether its pods' nodes are known, by side. */
  readonly hasHost: readonly boolean[];
}

export interface Ends {
  readonly rows: readonly Row[];
  readonly classes: readonly Class[];
  /** The classes that a side's address set holds. */
  classesIn(side: number, set: AddressSet): readonly number[];
  /** About pods that are left out. */
  readonly warnings: readonly string[];
}

interface Point extends Class {
  readonly address: string | null;
  readonly owners: readonly number[];
}

export function createEnds(sides: readonly [Ruled, Ruled], withOutside: boolean): Ends {
  const points: Point[] = [];
  const { pods, warnings } = commonPods(sides.map(({ inventory }) => inventory) as [Inventory, Inventory]);
  const rows = new Map<string, number[][]>();
  const add = (point: Point): number => points.push(point) - 1;
  for (const { pair, held } of pods) {
    const pod = {
      isPod: true,
      isNodeLocal: false,
      hasHost: pair.map((it, side) => sides[side]!.inventory.nodes.some(({ name }) => name === it.node)),
      owners: pair.map(({ owner }) => owner),
    };
    const its =
      held.length === 0
        ? [add({ ...pod, address: null, family: 0 })]
        : held.map(address => add({ ...pod, address, family: familyOf(address) }));
    const name = workloadName(pair[1]);
    rows.set(name, [...(rows.get(name) ?? []), its]);
  }
  const inside = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const outside = (withOutside ? blocksOf(sides) : []).map(({ name, samples }): [string, number[][]] => {
    const its = samples.map(address =>
      add({
        ...{ isPod: false, hasHost: [false, false], owners: [-1, -1] },
        ...{ address, family: familyOf(address), isNodeLocal: address === NODE_LOCAL_DNS },
      }),
    );
    return [name, [its]];
  });
  const { classOf, ...classes } = classify(points, sides);
  const rowOf = ([name, members]: [string, number[][]]): Row => {
    const counts = new Map<number, number>();
    for (const point of members.flat()) counts.set(classOf[point]!, (counts.get(classOf[point]!) ?? 0) + 1);
    const its = members.map(own => ({ owners: points[own[0]!]!.owners, classes: own.map(point => classOf[point]!) }));
    return { name, members: its, counts };
  };
  return { rows: [...inside, ...outside].map(rowOf), warnings, ...classes };
}

const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);

/** Blocks that no rule of either side tells apart, of addresses that nobody owns on either side. */
const blocksOf = ([before, after]: readonly [Ruled, Ruled]) =>
  outsideBlocks(
    { rules: [...before.ruleset.rules, ...after.ruleset.rules] },
    { byAddress: new Map([...before.inventory.byAddress, ...after.inventory.byAddress]) },
  );

/** Pods that both sides have, with the same addresses; those on their node's network are no ends, as in the matrix. */
function commonPods([before, after]: readonly [Inventory, Inventory]) {
  const podsOf = ({ pods }: Inventory): Map<string, Pod> =>
    new Map(pods.filter(({ hostNetwork }) => !hostNetwork).map(pod => [ownerName(pod), pod]));
  const [was, is] = [podsOf(before), podsOf(after)];
  const pods: { readonly pair: readonly [Pod, Pod]; readonly held: readonly string[] }[] = [];
  const moved: string[] = [];
  for (const [name, pod] of is) {
    const earlier = was.get(name);
    if (earlier === undefined) continue;
    const held = heldAddresses(pod, after);
    if (held.join() === heldAddresses(earlier, before).join()) pods.push({ pair: [earlier, pod], held });
    else moved.push(name);
  }
  const lone = [...is.keys(), ...was.keys()].filter(name => !is.has(name) || !was.has(name));
  const warn = (names: readonly string[], why: string): string[] =>
    names.length === 0 ? [] : [`${plural(names.length, 'pod')} left out, ${why}: ${listed(names)}`];
  return {
    pods,
    warnings: [
      ...warn(lone, 'as only one side has them'),
      ...warn(moved, 'as the sides give them different addresses'),
    ],
  };
}

/** Partition refinement: every set splits the classes it cuts through. */
function classify(points: readonly Point[], sides: readonly Ruled[]) {
  const holds = sides.map((_, side) => createHolds(points, side));
  const byKind = new Map<string, number>();
  let count = 0;
  const classOf = Int32Array.from(points, ({ family, isPod, isNodeLocal, hasHost }) => {
    const kind = [family, isPod, isNodeLocal, hasHost].join();
    const known = byKind.get(kind);
    if (known !== undefined) return known;
    byKind.set(kind, count);
    return count++;
  });
  for (const [side, { ruleset }] of sides.entries()) {
    const isolations = [...ruleset.egress, ...ruleset.ingress].flatMap(tier => tier.isolations);
    const sets = new Set([
      ...isolations.map(({ subjects }) => subjects),
      ...ruleset.rules.flatMap(({ subjects, peers }) => [subjects, peers]),
    ]);
    for (const set of sets) {
      const split = new Map<number, number>();
      for (const point of holds[side]!(set)) {
        const old = classOf[point]!;
        const parted = split.get(old) ?? count++;
        split.set(old, parted);
        classOf[point] = parted;
      }
    }
  }
  const classes: Class[] = [];
  const numbers = new Map<number, number>();
  classOf.forEach((old, point) => {
    const number = numbers.get(old) ?? classes.push(points[point]!) - 1;
    numbers.set(old, number);
    classOf[point] = number;
  });
  const known = sides.map(() => new Map<AddressSet, readonly number[]>());
  return {
    classes,
    classOf,
    classesIn(side: number, set: AddressSet): readonly number[] {
      let its = known[side]!.get(set);
      if (its === undefined) {
        its = [...new Set(holds[side]!(set).map(point => classOf[point]!))];
        known[side]!.set(set, its);
      }
      return its;
    },
  };
}

/** The points that an address set of a side holds, each once. */
function createHolds(points: readonly Point[], side: number): (set: AddressSet) => number[] {
  const v4: [number, number][] = [];
  const v6: [bigint, number][] = [];
  const unaddressed = new Map<number, number>();
  points.forEach(({ address, owners }, point) => {
    const four = address === null ? null : parseV4(address);
    const six = address === null || four !== null ? null : parseV6(address);
    if (four !== null) v4.push([four, point]);
    else if (six !== null) v6.push([six, point]);
    else unaddressed.set(owners[side]!, point);
  });
  v4.sort(([a], [b]) => a - b);
  v6.sort(([a], [b]) => (a < b ? -1 : 1));
  return set => {
    const held: number[] = [];
    addHeld(set.v4, v4, held);
    addHeld(set.v6, v6, held);
    for (const owner of set.unaddressed) {
      const point = unaddressed.get(owner);
      if (point !== undefined) held.push(point);
    }
    return held;
  };
}

/** @param set intervals, @param sorted addresses in order, with their points */
function addHeld<T extends number | bigint>(
  set: readonly T[],
  sorted: readonly (readonly [T, number])[],
  held: number[],
): void {
  for (let i = 0; i < set.length; i += 2) {
    let lo = 0;
    let hi = sorted.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (sorted[mid]![0] < set[i]!) lo = mid + 1;
      else hi = mid;
    }
    for (; lo < sorted.length && sorted[lo]![0] <= set[i + 1]!; lo++) held.push(sorted[lo]![1]);
  }
}
