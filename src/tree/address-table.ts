/**
 * The address table (cold): address sets and owners -> elementary intervals, each with its owner and address classes.
 *
 * In:  the inventory, then for every build the address sets that stand on each of the six sides (subject and peer of
 * egress, ingress and forward).  Out: the lookup's arrays (tree/lookup.ts), and for every set the classes it is made of.
 *
 * A class is a set of addresses that no set of its side tells apart (address-classes.ts); the intervals are cut by owners
 * and sets (line.ts). What depends on the inventory alone is made once and kept for the next build, and so is where a set
 * lies that has been seen before.
 */
import { type Inventory, NODE_LOCAL_DNS } from '../cluster/inventory.js';
import { parseV4, parseV6 } from '../rules/addresses.js';
import type { AddressSet } from '../rules/ruleset.js';
import { type BuiltSide, buildSide, canKeep, changeSide, isSubjectSide, moveSide } from './address-sides.js';
import type { ClassChange } from './changed-classes.js';
import { buildEntries } from './intervals-v4.js';
import { FAMILY4, FAMILY6, Line } from './line.js';
import { ADDRESS_STRIDE, EVERY_NODE, NODE, OWNER, SIGN } from './lookup.js';
import { Partition, type Ranges } from './partition.js';
import { SetPlaces } from './set-places.js';

/** Sets of one side, as the rules stand; the same set may stand in it many times. */
export type SideSets = readonly AddressSet[];

export type { Ranges };

export interface AddressTable {
  readonly entries4: Int32Array;
  readonly starts4: Int32Array;
  readonly starts6: Int32Array;
  readonly count6: number;
  /** The row of the first IPv6 interval. */
  readonly first6: number;
  readonly rows: Int32Array;
  /** (14): a pod's traffic to its own node is exempt, as the node's to its pods is. */
  readonly toOwnNode: boolean;
  /** Number of classes of side `word` (EGRESS_SUBJECT ...). */
  classes(word: number): number;
  /** For each set given for side `word`, in their order, the classes that it is made of. */
  rangesOf(word: number): readonly Ranges[];
  /**
   * How class numbers of a side have moved since another build gave it those ranges; null: it was built from nothing since.
   * @param before what rangesOf() told then
   */
  changeSince(word: number, before: readonly Ranges[]): ClassChange | null;
  /** First interval of a class, as text: `10.0.0.0` or `fd00::`-like words. For printing. */
  firstAddress(word: number, cls: number): bigint | number;
}

/** @param ofNodes nodes are subjects as pods are */
export type AddressTables = (
  sides: ReadonlyMap<number, SideSets>,
  toOwnNode?: boolean,
  ofNodes?: boolean,
) => AddressTable;

/** Builds table after table over one inventory. */
export function createAddressTables(inventory: Inventory): AddressTables {
  const owned = ownersOf(inventory);
  const places = new SetPlaces(owned.line4, owned.line6);
  let cuts = cutsOf(owned);
  let partition = new Partition(0);
  let known: ReadonlyMap<number, BuiltSide> = new Map();
  let rows: Int32Array = EMPTY;

  return (sides, toOwnNode = true, ofNodes = false) => {
    const kept = new Map([...known].filter(([word, side]) => canKeep(word, side, ofNodes)));
    const placed = places.cut(sides, word => kept.has(word));
    const { starts: starts4 } = owned.line4;
    const { starts: starts6 } = owned.line6;
    const moved = cuts.starts4 !== starts4 || cuts.starts6 !== starts6;
    const before = cuts;
    if (moved) cuts = cutsOf(owned);
    const { count } = cuts;
    const isSubject = ofNodes ? cuts.isPodOrNode : cuts.isPod;
    const most = Math.max(0, ...[...kept.values()].map(({ firsts }) => firsts.length + 1)) + count;
    if (most > partition.most) partition = new Partition(Math.ceil(most * 1.1));
    /** Interval -> the one of the last build that it lies in. */
    const cameFrom = once(() => intervalsBefore(cuts, before));
    const built = new Map<number, BuiltSide>();
    for (const [word, list] of placed) {
      const side = kept.get(word);
      const only = isSubjectSide(word) ? isSubject : null;
      if (side === undefined) built.set(word, { ...buildSide(list, places, partition.clear(count), only), ofNodes });
      else built.set(word, changeSide(moved ? moveSide(side, cameFrom(), count) : side, list, places, partition, only));
    }
    rows = writeRows(cuts, built, known, moved ? EMPTY : rows);
    known = built;
    return tableOf(cuts, built, rows, toOwnNode);
  };
}

/** Apart from the builder: a table that outlives it holds nothing of what the next build would need. */
function tableOf(
  { entries, flipped4, flipped6, starts4, starts6, first6 }: Cuts,
  built: ReadonlyMap<number, BuiltSide>,
  rows: Int32Array,
  toOwnNode: boolean,
): AddressTable {
  const sides = new Map([...built].map(([word, { firsts, ranges, change }]) => [word, { firsts, ranges, change }]));
  return {
    entries4: entries,
    starts4: flipped4,
    starts6: flipped6,
    count6: starts6.length,
    first6,
    rows,
    toOwnNode,
    classes: word => sides.get(word)?.firsts.length ?? 0,
    rangesOf: word => sides.get(word)?.ranges ?? [],
    changeSince(word, before) {
      const change = sides.get(word)?.change ?? null;
      return change?.before === before ? change : null;
    },
    firstAddress(word, cls) {
      const interval = sides.get(word)!.firsts[cls]!;
      return interval < first6 ? starts4[interval]! : starts6[interval - first6]!;
    },
  };
}

function intervalsBefore(now: Cuts, before: Cuts): Int32Array {
  const cameFrom = new Int32Array(now.count);
  follow(now.starts4, before.starts4, cameFrom, 0, 0);
  follow(now.starts6, before.starts6, cameFrom, now.first6, before.first6);
  return cameFrom;
}

function follow<T>(now: readonly T[], before: readonly T[], out: Int32Array, at: number, offset: number): void {
  let last = 0;
  for (let i = 0; i < now.length; i++) {
    while (last + 1 < before.length && before[last + 1]! <= now[i]!) last++;
    out[at + i] = last + offset;
  }
}

function once<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** What is the same for all builds that cut the lines alike. */
interface Cuts {
  readonly starts4: readonly number[];
  readonly starts6: readonly bigint[];
  /** As the lookup has them. */
  readonly entries: Int32Array;
  readonly flipped4: Int32Array;
  readonly flipped6: Int32Array;
  readonly first6: number;
  /** Of both families. */
  readonly count: number;
  /** Owner and node an interval, as rows have them. */
  readonly owner: Int32Array;
  readonly node: Int32Array;
  readonly isPod: Uint8Array;
  readonly isPodOrNode: Uint8Array;
}

/** @param before rows of the same intervals with the sides of before, to copy what has not changed; or none */
function writeRows(
  { count, owner, node }: Cuts,
  sides: ReadonlyMap<number, BuiltSide>,
  sidesBefore: ReadonlyMap<number, BuiltSide>,
  before: Int32Array,
): Int32Array {
  const isCopy = before.length > 0;
  const rows = isCopy ? before.slice() : new Int32Array(count * ADDRESS_STRIDE);
  const columns: [word: number, column: Int32Array | null][] = [];
  for (let word = 0; word < ADDRESS_STRIDE; word++) {
    const side = sides.get(word);
    if (isCopy && side === sidesBefore.get(word)) continue;
    columns.push([word, word === OWNER ? owner : word === NODE ? node : (side?.classOf ?? null)]);
  }
  // A few intervals at a time, so that the rows stay in the cache.
  for (let from = 0; from < count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK);
    for (const [word, column] of columns) {
      for (let i = from; i < to; i++) rows[i * ADDRESS_STRIDE + word] = column === null ? -1 : column[i]!;
    }
  }
  return rows;
}

const CHUNK = 512;
const EMPTY = new Int32Array(0);

/** The lines of an inventory, and of each start among the owners' who owns its interval. */
interface Owned {
  readonly line4: Line<number>;
  readonly line6: Line<bigint>;
  readonly by4: Owners;
  readonly by6: Owners;
}

interface Owners {
  /** Owner and node a start, as a row has them. */
  readonly owner: Int32Array;
  readonly node: Int32Array;
  readonly isPod: Uint8Array;
}

function ownersOf(inventory: Inventory): Owned {
  const held4: number[] = [];
  const held6: bigint[] = [];
  const owners4: number[] = [];
  const owners6: number[] = [];
  for (const [text, { owner }] of inventory.byAddress) {
    const v4 = parseV4(text);
    if (v4 !== null) {
      held4.push(v4);
      owners4.push(owner);
      continue;
    }
    const v6 = parseV6(text);
    if (v6 === null) continue;
    held6.push(v6);
    owners6.push(owner);
  }
  const nodeLocal = parseV4(NODE_LOCAL_DNS)!;
  const line4 = new Line(FAMILY4, [...held4, nodeLocal]);
  const line6 = new Line(FAMILY6, held6);
  const places4 = held4.map(address => FAMILY4.find(line4.base, address, 0));
  const places6 = held6.map(address => FAMILY6.find(line6.base, address, 0));
  const by4 = ownersByStart(line4.base.length, places4, owners4, inventory);
  const everyNode = FAMILY4.find(line4.base, nodeLocal, 0);
  if (by4.owner[everyNode] === -1) by4.node[everyNode] = EVERY_NODE;
  return { line4, line6, by4, by6: ownersByStart(line6.base.length, places6, owners6, inventory) };
}

/** @param places of held addresses among the starts @param held by whom */
function ownersByStart(
  starts: number,
  places: readonly number[],
  held: readonly number[],
  { owners, nodes }: Inventory,
): Owners {
  const nodeByName = new Map(nodes.map(node => [node.name, node.owner]));
  const owner = new Int32Array(starts).fill(-1);
  const node = new Int32Array(starts).fill(-1);
  const isPod = new Uint8Array(starts);
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    const index = held[i]!;
    const one = owners[index]!;
    owner[place] = index;
    if (one.kind === 'node') node[place] = index;
    if (one.kind === 'pod') {
      node[place] = nodeByName.get(one.node) ?? -1;
      isPod[place] = 1;
    }
  }
  return { owner, node, isPod };
}

function cutsOf({ line4, line6, by4, by6 }: Owned): Cuts {
  const { starts: starts4 } = line4;
  const { starts: starts6 } = line6;
  const first6 = starts4.length;
  const count = first6 + starts6.length;
  const owner = new Int32Array(count).fill(-1);
  const node = new Int32Array(count).fill(-1);
  const isPod = new Uint8Array(count);
  const isPodOrNode = new Uint8Array(count);
  const own = (owners: Owners, shifted: Int32Array, offset: number): void => {
    for (let i = 0; i < owners.owner.length; i++) {
      const interval = shifted[i]! + offset;
      owner[interval] = owners.owner[i]!;
      node[interval] = owners.node[i]!;
      isPod[interval] = owners.isPod[i]!;
      const isNode = owners.owner[i]! >= 0 && owners.owner[i] === owners.node[i];
      isPodOrNode[interval] = isNode ? 1 : owners.isPod[i]!;
    }
  };
  own(by4, line4.shifted, 0);
  own(by6, line6.shifted, first6);
  const flipped4 = new Int32Array(first6);
  for (let i = 0; i < first6; i++) flipped4[i] = starts4[i]! ^ SIGN;
  const flipped6 = new Int32Array(starts6.length * 4);
  starts6.forEach((start, i) => {
    for (let word = 0; word < 4; word++) {
      flipped6[i * 4 + word] = Number((start >> BigInt(96 - 32 * word)) & 0xffffffffn) ^ SIGN;
    }
  });
  const entries = buildEntries(new Uint32Array(starts4));
  return { starts4, starts6, entries, flipped4, flipped6, first6, count, owner, node, isPod, isPodOrNode };
}
