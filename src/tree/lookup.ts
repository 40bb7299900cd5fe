/**
 * Address lookup, the hot half: an address -> its row in the address table. Typed arrays only, nothing is allocated.
 *
 * The address space is cut into elementary intervals: no rule and no owner tells two addresses of one interval apart.
 * IPv4: the top 16 bits index a table; a bucket with few interval starts is scanned, a crowded one has a block of 256
 * entries a byte deeper, of the same kind. At most three dependent loads and MOST_SCANNED comparisons, and memory is
 * bounded by the number of intervals (a block exists only where more than MOST_SCANNED of them begin).
 * IPv6: binary search over four words.
 *
 * Interval starts are kept with their top bit flipped, so that signed comparison orders them.
 */

/** Words a row of the address table. */
export const ADDRESS_STRIDE = 8;
/** Owner index, -1 for nobody. */
export const OWNER = 0;
/** Owner index of the node: of a pod the one it runs on, of a node itself; else -1. */
export const NODE = 1;
/** NODE of an address that is every node's own: each pod's node, as seen by that pod. */
export const EVERY_NODE = -2;
/** Address class a direction and side; of the subject sides -1 where the address is no pod's. */
export const EGRESS_SUBJECT = 2;
export const EGRESS_PEER = 3;
export const INGRESS_SUBJECT = 4;
export const INGRESS_PEER = 5;
export const FORWARD_SUBJECT = 6;
export const FORWARD_PEER = 7;

/** An entry is (first interval << COUNT_BITS) | starts inside, or ~block where there are more than MOST_SCANNED. */
export const COUNT_BITS = 3;
export const MOST_SCANNED = 7;
export const SIGN = 0x80000000 | 0;

export function findV4(entries: Int32Array, starts: Int32Array, address: number): number {
  let entry = entries[address >>> 16]!;
  if (entry < 0) {
    entry = entries[~entry + ((address >>> 8) & 255)]!;
    if (entry < 0) entry = entries[~entry + (address & 255)]!;
  }
  let interval = entry >> COUNT_BITS;
  const flipped = address ^ SIGN;
  for (const last = interval + (entry & MOST_SCANNED); interval < last; interval++) {
    if (starts[interval + 1]! > flipped) break;
  }
  return interval;
}

/** @param starts four words an interval @param count how many intervals there are (at least one, which begins at ::) */
export function findV6(starts: Int32Array, count: number, rows: Int32Array, at: number): number {
  const a = rows[at]! ^ SIGN;
  const b = rows[at + 1]! ^ SIGN;
  const c = rows[at + 2]! ^ SIGN;
  const d = rows[at + 3]! ^ SIGN;
  let lo = 0;
  let hi = count;
  // Invariant: starts[lo] <= address < starts[hi].
  while (hi - lo > 1) {
    const mid = (lo + hi) >>> 1;
    const m = mid * 4;
    let x = starts[m]!;
    let above: boolean;
    if (x !== a) above = x > a;
    else {
      x = starts[m + 1]!;
      if (x !== b) above = x > b;
      else {
        x = starts[m + 2]!;
        if (x !== c) above = x > c;
        else above = starts[m + 3]! > d;
      }
    }
    if (above) hi = mid;
    else lo = mid;
  }
  return lo;
}
