/**
 * Conversations: refused packets -> a bounded set of distinct (who, whom, on what, why), counted (hot).
 *
 * In:  for a refused packet the numbers that tell conversations apart.  Out: a small whole number, the group's.
 * `shape` stands for the outcomes; an end that is no workload is told apart by its address.
 * Open addressing in typed arrays; nothing is allocated a packet. When `limit` groups exist, new ones are not made.
 */

/** shape, both workloads, protocol, service, and four words for each end's address. */
const KEY_WORDS = 13;
const ADDRESSES = 5;

/** Stands for an end that is told apart by its workload, not its address. */
export const NO_ADDRESS = -1;

export class Groups {
  /** Groups made so far; their numbers are 0..count-1. */
  count = 0;
  private readonly slots: Int32Array;
  private readonly keys: Int32Array;
  private readonly mask: number;
  private readonly key = new Int32Array(KEY_WORDS);

  constructor(readonly limit: number) {
    let size = 16;
    while (size < limit * 2) size *= 2;
    this.slots = new Int32Array(size).fill(-1);
    this.keys = new Int32Array(limit * KEY_WORDS);
    this.mask = size - 1;
  }

  /**
   * The group, made where it is new and there is room, else -1.
   * @param source word index in `rows` of the initiator's address (absolute), or NO_ADDRESS; `destination` likewise
   */
  find(
    rows: Int32Array,
    shape: number,
    sourceWorkload: number,
    destinationWorkload: number,
    protocol: number,
    service: number,
    source: number,
    destination: number,
  ): number {
    const { key, keys, mask, slots } = this;
    key[0] = shape;
    key[1] = sourceWorkload;
    key[2] = destinationWorkload;
    key[3] = protocol;
    key[4] = service;
    for (let word = 0; word < 4; word++) {
      key[ADDRESSES + word] = source === NO_ADDRESS ? 0 : rows[source + word]!;
      key[ADDRESSES + 4 + word] = destination === NO_ADDRESS ? 0 : rows[destination + word]!;
    }
    let hash = 0;
    for (let word = 0; word < KEY_WORDS; word++) {
      hash = Math.imul(hash ^ key[word]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const group = slots[slot]!;
      if (group < 0) {
        if (this.count === this.limit) return -1;
        slots[slot] = this.count;
        keys.set(key, this.count * KEY_WORDS);
        return this.count++;
      }
      let word = 0;
      while (word < KEY_WORDS && keys[group * KEY_WORDS + word] === key[word]) word++;
      if (word === KEY_WORDS) return group;
    }
  }
}
