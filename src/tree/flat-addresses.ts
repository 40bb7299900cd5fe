/**
 * The address table in one array (hot): who owns an address and which classes it has, for the fast path.
 *
 * In:  rows of packets.  Out: the owner's index, or the place of the address's row (lookup.ts) in `words`.
 */
import type { Inventory } from '../cluster/inventory.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { FAMILY } from '../packet/row.js';
import { type AddressTable, createAddressTables } from './address-table.js';
import type { Classifier } from './classifier.js';
import { ADDRESS_STRIDE, COUNT_BITS, MOST_SCANNED, OWNER, SIGN } from './lookup.js';
import type { Tree } from './tree.js';

export class FlatAddresses {
  readonly words: Int32Array;
  private readonly starts4At: number;
  private readonly starts6At: number;
  private readonly rowsAt: number;
  private readonly count6: number;
  private readonly first6: number;

  constructor({ entries4, starts4, starts6, rows, count6, first6 }: AddressTable, memory: Memory = OWN_MEMORY) {
    this.starts4At = entries4.length;
    this.starts6At = this.starts4At + starts4.length;
    this.rowsAt = this.starts6At + starts6.length;
    this.count6 = count6;
    this.first6 = first6;
    this.words = memory.int32(this.rowsAt + rows.length);
    // Only measured, the array is empty.
    if (this.words.length === 0) return;
    this.words.set(entries4);
    this.words.set(starts4, this.starts4At);
    this.words.set(starts6, this.starts6At);
    this.words.set(rows, this.rowsAt);
  }

  /** Owner index of the address at rows[base + word], -1 where nobody is known to own it, or it is none. */
  ownerOf(rows: Int32Array, base: number, word: number): number {
    const at = this.locate(rows, base, word);
    return at < 0 ? -1 : this.words[at + OWNER]!;
  }

  /** The place of the address's row, -1 where the packet has no address. */
  locate(rows: Int32Array, base: number, word: number): number {
    const family = rows[base + FAMILY]!;
    if (family === 4) return this.rowsAt + this.findV4(rows[base + word]!) * ADDRESS_STRIDE;
    if (family === 6) return this.rowsAt + (this.first6 + this.findV6(rows, base + word)) * ADDRESS_STRIDE;
    return -1;
  }

  /** As findV4 and findV6 of lookup.ts. */
  private findV4(address: number): number {
    const { words } = this;
    const starts = this.starts4At;
    let entry = words[address >>> 16]!;
    if (entry < 0) {
      entry = words[~entry + ((address >>> 8) & 255)]!;
      if (entry < 0) entry = words[~entry + (address & 255)]!;
    }
    let interval = entry >> COUNT_BITS;
    const flipped = address ^ SIGN;
    const last = interval + (entry & MOST_SCANNED);
    while (interval < last && words[starts + interval + 1]! <= flipped) interval++;
    return interval;
  }

  private findV6(rows: Int32Array, at: number): number {
    const { words } = this;
    const starts = this.starts6At;
    let lo = 0;
    let hi = this.count6;
    // Invariant: starts[lo] <= address < starts[hi].
    while (hi - lo > 1) {
      const mid = (lo + hi) >>> 1;
      let above = false;
      for (let word = 0; word < 4; word++) {
        const start = words[starts + mid * 4 + word]!;
        const mine = rows[at + word]! ^ SIGN;
        if (start !== mine) {
          above = start > mine;
          break;
        }
      }
      if (above) hi = mid;
      else lo = mid;
    }
    return lo;
  }
}

/** The classifier's addresses in a memory. The linear engine has no table of them: one with owners only is made. */
export const flattenAddresses = (
  classifier: Classifier,
  inventory: Inventory,
  memory: Memory = OWN_MEMORY,
): FlatAddresses => {
  const table = classifier.engine === 'tree' ? (classifier as Tree).table : createAddressTables(inventory)(new Map());
  return new FlatAddresses(table, memory);
};
