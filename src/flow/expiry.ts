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

/** No expiry: later than every time. */
export const NEVER = 0x7fffffff;
const SHIFT = 5;
const FANOUT = 1 << SHIFT;

export class Expiry {
  /** Milliseconds a slot; NEVER where the slot is free. */
  readonly at: Int32Array;
  /** at, and the bounds over it; the last level is one word. */
  private readonly levels: Int32Array[];
  /** The bounds over 32 slots each; and the one over all. */
  private readonly lowest: Int32Array;
  private readonly top: Int32Array;

  constructor(slots: number) {
    let size = Math.ceil(slots / FANOUT) * FANOUT;
    this.at = new Int32Array(size).fill(NEVER);
    this.levels = [this.at];
    while (size > 1) {
      const parents = size / FANOUT;
      size = parents === 1 ? 1 : Math.ceil(parents / FANOUT) * FANOUT;
      this.levels.push(new Int32Array(size).fill(NEVER));
    }
    this.lowest = this.levels[1]!;
    this.top = this.levels[this.levels.length - 1]!;
  }

  get bytes(): number {
    return this.levels.reduce((sum, level) => sum + level.byteLength, 0);
  }

  /** A lower bound of all expiries: nothing is due before. */
  get earliest(): number {
    return this.top[0]!;
  }

  set(slot: number, time: number): void {
    this.at[slot] = time;
    if (this.lowest[slot >> SHIFT]! > time) this.lower(slot, time);
  }

  private lower(slot: number, time: number): void {
    const { levels } = this;
    let node = slot;
    for (let level = 1; level < levels.length; level++) {
      node >>= SHIFT;
      if (levels[level]![node]! <= time) return;
      levels[level]![node] = time;
    }
  }

  clear(slot: number): void {
    this.at[slot] = NEVER;
  }

  /** @returns a slot whose time has come, the earliest first as far as the bounds tell, or -1. The caller clears it. */
  due(now: number): number {
    const { levels, top } = this;
    for (;;) {
      if (top[0]! > now) return -1;
      let node = 0;
      let level = levels.length - 1;
      while (level > 0) {
        const children = levels[level - 1]!;
        const first = node << SHIFT;
        let least = NEVER;
        let child = first;
        for (let c = first; c < first + FANOUT; c++) {
          if (children[c]! < least) {
            least = children[c]!;
            child = c;
          }
        }
        if (least > now) {
          levels[level]![node] = least;
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
    for (const level of this.levels) {
      for (let i = 0; i < level.length; i++) if (level[i] !== NEVER) level[i] = Math.max(0, level[i]! - by);
    }
  }
}
