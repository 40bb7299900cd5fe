/**
 * Who goes first when the table is full (hot): two first-in-first-out queues over the slots, and the free slots.
 *
 * UNREPLIED: connections that saw one direction only, oldest first. SETTLED: both directions seen, but nothing that Linux
 * counts as assured, or a connection that is closing; in the order in which they came to be so. Connections in neither are
 * never evicted. A queue is a doubly linked list in two arrays; slots that came free are chained through the same array.
 */

import { type Memory, OWN_MEMORY } from '../memory/memory.js';

export const QUEUE_NONE = 0;
export const QUEUE_UNREPLIED = 1;
export const QUEUE_SETTLED = 2;

/** Queues.ends: the first slot by queue, -1 where it is empty; the last slot by queue; the first slot that
 *  came free; the first that was never taken. */
const FIRST = 0;
const LAST = 3;
const FREE = 6;
const FRESH = 7;
const ENDS = 8;

export class Queues {
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly ends: Int32Array;

  constructor(
    private readonly slots: number,
    memory: Memory = OWN_MEMORY,
  ) {
    this.next = memory.int32(slots);
    this.previous = memory.int32(slots);
    this.ends = memory.int32(ENDS).fill(-1);
    this.ends[FRESH] = 0;
  }

  get bytes(): number {
    return this.next.byteLength + this.previous.byteLength;
  }

  /** A free slot; there is always one, because the table has a slot more than it may hold connections. */
  take(): number {
    const { ends } = this;
    const slot = ends[FREE]!;
    if (slot >= 0) {
      ends[FREE] = this.next[slot]!;
      return slot;
    }
    const fresh = ends[FRESH]!;
    if (fresh >= this.slots) throw new Error('no free slot: the connection table holds more than it may');
    ends[FRESH] = fresh + 1;
    return fresh;
  }

  give(slot: number): void {
    this.next[slot] = this.ends[FREE]!;
    this.ends[FREE] = slot;
  }

  append(queue: number, slot: number): void {
    const { next, previous, ends } = this;
    const before = ends[LAST + queue]!;
    previous[slot] = before;
    next[slot] = -1;
    if (before < 0) ends[FIRST + queue] = slot;
    else next[before] = slot;
    ends[LAST + queue] = slot;
  }

  unlink(queue: number, slot: number): void {
    const { next, previous, ends } = this;
    const before = previous[slot]!;
    const after = next[slot]!;
    if (before < 0) ends[FIRST + queue] = after;
    else next[before] = after;
    if (after < 0) ends[LAST + queue] = before;
    else previous[after] = before;
  }

  /** The slot to evict: the oldest unreplied, else the oldest settled, else -1. */
  victim(): number {
    const unreplied = this.ends[FIRST + QUEUE_UNREPLIED]!;
    return unreplied >= 0 ? unreplied : this.ends[FIRST + QUEUE_SETTLED]!;
  }
}
