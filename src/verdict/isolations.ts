/**
 * Who isolates whom (cold).
 *
 * In:  a ruleset and the inventory.  Out: of every owner the isolations of a direction that hold it through any of its
 * addresses, in order. Owners that the same ones hold share a list: thousands of pods have some dozens of them.
 */
import type { Inventory } from '../cluster/inventory.js';
import { parseV4, parseV6 } from '../rules/addresses.js';
import type { AddressSet, Direction, Isolation, Ruleset } from '../rules/ruleset.js';

export interface Isolations {
  /** By owner, which of the lists is its own. */
  readonly listOf: Int32Array;
  readonly lists: readonly (readonly Isolation[])[];
}

type Side = Exclude<Direction, 'forward'>;

/** Records are printed a packet at a time; who isolates whom is found once. */
const known = new WeakMap<Ruleset, Partial<Record<Side, Isolations>>>();

export function isolationsBy(direction: Side, ruleset: Ruleset, inventory: Inventory): Isolations {
  const found = known.get(ruleset) ?? {};
  known.set(ruleset, found);
  found[direction] ??= index(
    ruleset[direction].flatMap(({ isolations }) => isolations),
    inventory,
  );
  return found[direction];
}

/** What isolates the subject in a direction, in order. @param subject an owner, ignored for forward; -1 for nobody */
export function isolationsOf(
  direction: Direction,
  subject: number,
  ruleset: Ruleset,
  inventory: Inventory,
): readonly Isolation[] {
  if (direction === 'forward') return ruleset.forward.flatMap(tier => tier.isolations);
  const { listOf, lists } = isolationsBy(direction, ruleset, inventory);
  return lists[listOf[subject] ?? 0]!;
}

/** List 0 is empty. Set after set of subjects, its owners go over from the lists they had to longer ones. */
function index(isolations: readonly Isolation[], inventory: Inventory): Isolations {
  const bySubjects = new Map<AddressSet, number[]>();
  isolations.forEach(({ subjects }, i) => {
    const places = bySubjects.get(subjects);
    if (places === undefined) bySubjects.set(subjects, [i]);
    else places.push(i);
  });
  const ownersOf = createOwnersOf(inventory);
  const listOf = new Int32Array(inventory.owners.length);
  /** By list, the one it extends and the places in `isolations` it adds. */
  const extended = [0];
  const added: (readonly number[])[] = [[]];
  for (const [subjects, places] of bySubjects) {
    const longer = new Map<number, number>();
    for (const owner of ownersOf(subjects)) {
      const old = listOf[owner]!;
      let list = longer.get(old);
      if (list === undefined) {
        list = extended.length;
        longer.set(old, list);
        extended.push(old);
        added.push(places);
      }
      listOf[owner] = list;
    }
  }
  const lists: Isolation[][] = [];
  for (const list of new Set([0, ...listOf])) {
    const places: number[] = [];
    for (let at = list; at !== 0; at = extended[at]!) places.push(...added[at]!);
    lists[list] = places.sort((a, b) => a - b).map(place => isolations[place]!);
  }
  return { listOf, lists };
}

/** @returns what finds the owners of a set's addresses, each once */
function createOwnersOf({ byAddress }: Inventory): (subjects: AddressSet) => Set<number> {
  const held4: [number, number][] = [];
  const held6: [bigint, number][] = [];
  for (const [address, { owner }] of byAddress) {
    const v4 = parseV4(address);
    const v6 = v4 === null ? parseV6(address) : null;
    if (v4 !== null) held4.push([v4, owner]);
    if (v6 !== null) held6.push([v6, owner]);
  }
  held4.sort(([a], [b]) => a - b);
  held6.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return ({ v4, v6, unaddressed }) => {
    const owners = new Set(unaddressed);
    addOwners(v4, held4, owners);
    addOwners(v6, held6, owners);
    return owners;
  };
}

/** @param set intervals, @param held addresses in order, with their owners */
function addOwners<T extends number | bigint>(
  set: readonly T[],
  held: readonly (readonly [T, number])[],
  owners: Set<number>,
): void {
  for (let i = 0; i < set.length; i += 2) {
    let lo = 0;
    let hi = held.length;
    while (lo < hi) {
      const mid = (lo + hi) >>> 1;
      if (held[mid]![0] < set[i]!) lo = mid + 1;
      else hi = mid;
    }
    for (; lo < held.length && held[lo]![0] <= set[i + 1]!; lo++) owners.add(held[lo]![1]);
  }
}
