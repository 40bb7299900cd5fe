/**
 * Who goes first when the table is full (hot): two first-in-first-out queues over the slots, and the free slots.
 *
 * UNREPLIED: connections that saw one direction only, oldest first. SETTLED: both directions seen, but nothing that Linux
 * counts as assured, or a connection that is closing; in the order in which they came to be so. Connections in neither are
 * never evicted. A queue is a doubly linked list in two arrays; free slots are chained through the same array.
 */

export const QUEUE_NONE = 0;
export const QUEUE_UNREPLIED = 1;
export const QUEUE_SETTLED = 2;

export class Queues {
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** First and last slot by queue, -1 where it is empty. */
  private readonly first = new Int32Array(3).fill(-1);
  private readonly last = new Int32Array(3).fill(-1);
  private free: number;

  constructor(slots: number) {
    this.next = new Int32Array(slots);
    this.previous = new Int32Array(slots);
    for (let slot = 0; slot < slots; slot++) this.next[slot] = slot + 1 < slots ? slot + 1 : -1;
    this.free = slots > 0 ? 0 : -1;
  }

  get bytes(): number {
    return this.next.byteLength + this.previous.byteLength;
  }

  /** A free slot; there is always one, because the table has a slot more than it may hold connections. */
  take(): number {
    const slot = this.free;
    if (slot < 0) throw new Error('no free slot: the connection table holds more than it may');
    this.free = this.next[slot]!;
    return slot;
  }

  give(slot: number): void {
    this.next[slot] = this.free;
    this.free = slot;
  }

  append(queue: number, slot: number): void {
    const before = this.last[queue]!;
    this.previous[slot] = before;
    this.next[slot] = -1;
    if (before < 0) this.first[queue] = slot;
    else this.next[before] = slot;
    this.last[queue] = slot;
  }

  unlink(queue: number, slot: number): void {
    const before = this.previous[slot]!;
    const after = this.next[slot]!;
    if (before < 0) this.first[queue] = after;
    else this.next[before] = after;
    if (after < 0) this.last[queue] = before;
    else this.previous[after] = before;
  }

  /** The slot to evict: the oldest unreplied, else the oldest settled, else -1. */
  victim(): number {
    const unreplied = this.first[QUEUE_UNREPLIED]!;
    return unreplied >= 0 ? unreplied : this.first[QUEUE_SETTLED]!;
  }
}
