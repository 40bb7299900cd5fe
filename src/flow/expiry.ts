/**
 * When connections end (hot): slot -> expiry, and always the next one due.
 *
 * In:  expiries in milliseconds of the table's clock (the kernel's is as coarse: a jiffy of 1 to 10 ms).
 * Out: the slots that are due, exactly, before the next packet is looked up; so no dead entry is ever found or counted.
 *
 * A tree of lower bounds, 32 children a node, over the expiries. A later expiry (almost every packet sets one) writes one
 * word; only an earlier one lowers the bounds above it. The bounds of a refreshed entry are thus too early: when one comes
 * due, the walk finds nothing there and raises it. A connection is visited so about once a timeout, not once a packet.
 */

import { type Memory, OWN_MEMORY } from '../memory/memory.js';

/** No expiry: later than every time. */
export const NEVER = 0x7fffffff;
const SHIFT = 5;
const FANOUT = 1 << SHIFT;

/** Levels of bounds at most (32 to the sixth is more than a table can hold), and a word that only touch() writes. */
const MOST_LEVELS = 8;

export class Expiry {
  /** Milliseconds a slot, NEVER where the slot is free; and behind them the bounds, level by level, up to a single one. */
  readonly at: Int32Array;
  /** Where each level begins in `at`. */
  private readonly levels: Int32Array;
  private readonly top: number;
  private readonly last: number;

  constructor(slots: number, memory: Memory = OWN_MEMORY) {
    let size = Math.ceil(slots / FANOUT) * FANOUT;
    const begins = [0];
    let length = size;
    while (size > 1) {
      begins.push(length);
      const parents = size / FANOUT;
      size = parents === 1 ? 1 : Math.ceil(parents / FANOUT) * FANOUT;
      length += size;
    }
    this.at = memory.int32(length).fill(NEVER);
    this.levels = memory.int32(MOST_LEVELS);
    this.levels.set(begins.slice(0, this.levels.length));
    this.last = begins.length - 1;
    this.top = length - 1;
  }

  get bytes(): number {
    return this.at.byteLength;
  }

  /** A lower bound of all expiries: nothing is due before. */
  get earliest(): number {
    return this.at[this.top]!;
  }

  /** Reads what set() will write, for many slots at once. */
  touch(slots: Int32Array, count: number): void {
    const { at } = this;
    const bounds = this.levels[1]!;
    let touched = 0;
    for (let i = 0; i < count; i++) touched ^= at[slots[i]!]! ^ at[bounds + (slots[i]! >> SHIFT)]!;
    this.levels[MOST_LEVELS - 1] = touched;
  }

  set(slot: number, time: number): void {
    this.at[slot] = time;
    if (this.at[this.levels[1]! + (slot >> SHIFT)]! > time) this.lower(slot, time);
  }

  private lower(slot: number, time: number): void {
    const { at, levels, last } = this;
    let node = slot;
    for (let level = 1; level <= last; level++) {
      node >>= SHIFT;
      if (at[levels[level]! + node]! <= time) return;
      at[levels[level]! + node] = time;
    }
  }

  clear(slot: number): void {
    this.at[slot] = NEVER;
  }

  /** @returns a slot whose time has come, the earliest first as far as the bounds tell, or -1. The caller clears it. */
  due(now: number): number {
    const { at, levels, top, last } = this;
    for (;;) {
      if (at[top]! > now) return -1;
      let node = 0;
      let level = last;
      while (level > 0) {
        const children = levels[level - 1]!;
        const first = node << SHIFT;
        let least = NEVER;
        let child = first;
        for (let c = first; c < first + FANOUT; c++) {
          if (at[children + c]! < least) {
            least = at[children + c]!;
            child = c;
          }
        }
        if (least > now) {
          at[levels[level]! + node] = least;
          break;
        }
        node = child;
        level--;
      }
      if (level === 0) return node;
    }
  }

  /** Moves every expiry and bound `by` milliseconds towards zero (the clock has been moved back by as much). */
  rebase(by: number): void {
    const { at } = this;
    for (let i = 0; i < at.length; i++) if (at[i] !== NEVER) at[i] = Math.max(0, at[i]! - by);
  }
}
