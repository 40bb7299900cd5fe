/**
 * Outsiders: the addresses that are neither a pod's nor a node's (cold).
 *
 * In:  the inventory.  Out: that set, and what of it lies within another. The address on which node-local DNS caches answer
 * is left out where nobody in the inventory holds it: whether a plugin takes it for a node or for an outsider depends on
 * which of the two started first, so that whoever asks must say it is not known.
 *
 * A cluster's pods cut the set into as many intervals as there are pods. `within` finds its way into them by halving, so
 * that ten thousand blocks cost what they cover.
 */
import { type Inventory, NODE_LOCAL_DNS } from '../cluster/inventory.js';
import { containsV4, everywhere, fromAddresses, parseV4, subtract } from './addresses.js';
import type { AddressSet } from './ruleset.js';

export interface Outsiders {
  /** The same object every time. */
  all(): AddressSet;
  /** Equal sets are not one object: who asks often keeps what it got. */
  within(set: AddressSet): AddressSet;
  /** Whether the set holds the node-local DNS address, and nobody in the inventory does. */
  holdsNodeLocal(set: AddressSet): boolean;
  /** That address; empty where somebody in the inventory holds it. */
  readonly nodeLocal: AddressSet;
}

const NODE_LOCAL = fromAddresses([NODE_LOCAL_DNS]);

export function createOutsiders(inventory: Inventory): Outsiders {
  const isFree = !inventory.byAddress.has(NODE_LOCAL_DNS);
  let all: AddressSet | null = null;
  const outsiders: Outsiders = {
    all() {
      if (all === null) {
        const owned: string[] = [];
        for (const [address, { kind }] of inventory.byAddress) if (kind !== 'service') owned.push(address);
        if (isFree) owned.push(NODE_LOCAL_DNS);
        all = subtract(everywhere([]), fromAddresses(owned));
      }
      return all;
    },
    within(set) {
      const { v4, v6 } = outsiders.all();
      return { v4: cut(v4, set.v4), v6: cut(v6, set.v6), unaddressed: [] };
    },
    holdsNodeLocal: set => isFree && containsV4(set, parseV4(NODE_LOCAL_DNS)!),
    nodeLocal: isFree ? NODE_LOCAL : fromAddresses([]),
  };
  return outsiders;
}

/** The parts of `line` within `windows`; both canonical, and so is what comes out. */
function cut<T extends number | bigint>(line: readonly T[], windows: readonly T[]): readonly T[] {
  const out: T[] = [];
  for (let w = 0; w < windows.length; w += 2) {
    const lo = windows[w]!;
    const hi = windows[w + 1]!;
    if (line.length > 0 && lo <= line[0]! && hi >= line[line.length - 1]!) return line;
    for (let i = firstEndingAt(line, lo); i < line.length && line[i]! <= hi; i += 2) {
      out.push(line[i]! < lo ? lo : line[i]!, line[i + 1]! > hi ? hi : line[i + 1]!);
    }
  }
  return out;
}

/** Where the first interval begins that ends at or behind `x`. */
function firstEndingAt<T extends number | bigint>(line: readonly T[], x: T): number {
  let lo = 0;
  let hi = line.length / 2;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (line[mid * 2 + 1]! < x) lo = mid + 1;
    else hi = mid;
  }
  return lo * 2;
}
