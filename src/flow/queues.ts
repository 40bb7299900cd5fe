/**
 * Who goes first when the table is full (hot): two first-in-first-out queues over the slots, and the free slots.
 *
 * UNREPLIED: connections that saw one direction only, oldest first. SETTLED: both directions seen, but nothing that Linux
 * counts as assured, or a connection that is closing; in the order in which they came to be so. Connections in neither are
 * never evicted. A queue is a doubly linked list; a slot's two links stand side by side, and slots that came free are chained
 * through the first.
 */

import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { META, QUEUE_MASK, WORDS } from './entry.js';

export const QUEUE_NONE = 0;
export const QUEUE_UNREPLIED = 1;
export const QUEUE_SETTLED = 2;

/** Queues.ends: the first slot by queue, -1 where it is empty; the last slot by queue; the first slot that
 *  came free; the first that was never taken. */
const FIRST = 0;
const LAST = 3;
const FREE = 6;
const FRESH = 7;
/** A word that only touch() writes. */
const TOUCHED = 8;
const ENDS = 9;

export class Queues {
  /** Of slot s the next one at 2 * s, the previous one behind it. */
  private readonly links: Int32Array;
  private readonly ends: Int32Array;

  constructor(
    private readonly slots: number,
    memory: Memory = OWN_MEMORY,
  ) {
    this.links = memory.int32(2 * slots);
    this.ends = memory.int32(ENDS).fill(-1);
    this.ends[FRESH] = 0;
  }

  get bytes(): number {
    return this.links.byteLength;
  }

  /** A free slot; there is always one, because the table has a slot more than it may hold connections. */
  take(): number {
    const { ends } = this;
    const slot = ends[FREE]!;
    if (slot >= 0) {
      ends[FREE] = this.links[2 * slot]!;
      return slot;
    }
    const fresh = ends[FRESH]!;
    if (fresh >= this.slots) throw new Error('no free slot: the connection table holds more than it may');
    ends[FRESH] = fresh + 1;
    return fresh;
  }

  give(slot: number): void {
    this.links[2 * slot] = this.ends[FREE]!;
    this.ends[FREE] = slot;
  }

  /** Reads what unlink() will, of those of the slots that stand in a queue. */
  touch(words: Int32Array, slots: Int32Array, count: number): void {
    const { links } = this;
    let touched = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      if ((words[slot * WORDS + META]! & QUEUE_MASK) !== 0) touched ^= links[2 * slot]!;
    }
    this.ends[TOUCHED] = touched;
  }

  append(queue: number, slot: number): void {
    const { links, ends } = this;
    const before = ends[LAST + queue]!;
    links[2 * slot + 1] = before;
    links[2 * slot] = -1;
    if (before < 0) ends[FIRST + queue] = slot;
    else links[2 * before] = slot;
    ends[LAST + queue] = slot;
  }

  unlink(queue: number, slot: number): void {
    const { links, ends } = this;
    const before = links[2 * slot + 1]!;
    const after = links[2 * slot]!;
    if (before < 0) ends[FIRST + queue] = after;
    else links[2 * before] = after;
    if (after < 0) ends[LAST + queue] = before;
    else links[2 * after + 1] = before;
  }

  /** The slot to evict: the oldest unreplied, else the oldest settled, else -1. */
  victim(): number {
    const unreplied = this.ends[FIRST + QUEUE_UNREPLIED]!;
    return unreplied >= 0 ? unreplied : this.ends[FIRST + QUEUE_SETTLED]!;
  }
}
