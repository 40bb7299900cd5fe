/**
 * Conversations: refused packets -> a bounded set of distinct (who, whom, on what, why), counted (hot).
 *
 * In:  for a refused packet the numbers that tell conversations apart.  Out: a small whole number, the group's.
 * `shape` stands for the outcomes; an end that is no workload is told apart by its address.
 * Open addressing in typed arrays; nothing is allocated a packet. When `limit` groups exist, new ones are not made.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';

/** shape, both workloads, protocol, service, and four words for each end's address. */
const KEY_WORDS = 13;
const ADDRESSES = 5;

/** Stands for an end that is told apart by its workload, not its address. */
export const NO_ADDRESS = -1;

/** Groups.state: groups made so far, and the place where the key asked for last was missing. */
const COUNT = 0;
const MISSING_AT = 1;
const STATE = 2;

export class Groups {
  /** Group + 1 by place, 0 where there is none. */
  private readonly slots: Int32Array;
  private readonly keys: Int32Array;
  private readonly key: Int32Array;
  private readonly state: Int32Array;
  private readonly mask: number;

  constructor(
    readonly limit: number,
    memory: Memory = OWN_MEMORY,
  ) {
    let size = 16;
    while (size < limit * 2) size *= 2;
    this.slots = memory.int32(size);
    this.keys = memory.int32(limit * KEY_WORDS);
    this.key = memory.int32(KEY_WORDS);
    this.state = memory.int32(STATE);
    this.mask = size - 1;
  }

  /** Groups made so far; their numbers are 0..count-1. */
  get count(): number {
    return this.state[COUNT]!;
  }

  /** Whether no more are made. */
  get isFull(): boolean {
    return this.state[COUNT]! === this.limit;
  }

  /**
   * The group, or -1 where it was not met before: then add() makes it.
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
    const { key, keys, slots, mask } = this;
    key[0] = shape;
    key[1] = sourceWorkload;
    key[2] = destinationWorkload;
    key[3] = protocol;
    key[4] = service;
    // Words of zero leave the hash as it is: an absent address is the same as one of zeros.
    let hash =
      Math.imul(shape, 0x9e3779b1) ^
      Math.imul(sourceWorkload, 0xc2b2ae35) ^
      Math.imul(destinationWorkload, 0x27d4eb2f) ^
      Math.imul((protocol << 16) ^ service, 0x85ebca6b);
    for (let word = 0; word < 4; word++) {
      const from = source === NO_ADDRESS ? 0 : rows[source + word]!;
      const to = destination === NO_ADDRESS ? 0 : rows[destination + word]!;
      key[ADDRESSES + word] = from;
      key[ADDRESSES + 4 + word] = to;
      hash ^= Math.imul(from, 0xcc9e2d51 + 2 * word) ^ Math.imul(to, 0x1b873593 + 2 * word);
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash ^= hash >>> 13;
    let place = hash & mask;
    while (slots[place] !== 0) {
      const at = (slots[place]! - 1) * KEY_WORDS;
      let word = 0;
      while (word < KEY_WORDS && keys[at + word] === key[word]) word++;
      if (word === KEY_WORDS) return slots[place]! - 1;
      place = (place + 1) & mask;
    }
    this.state[MISSING_AT] = place;
    return -1;
  }

  /** Makes the group that find() has just missed (cold). @returns it, or -1 where there is no room */
  add(): number {
    const { state } = this;
    if (this.isFull) return -1;
    const group = state[COUNT]!;
    this.keys.set(this.key, group * KEY_WORDS);
    this.slots[state[MISSING_AT]!] = group + 1;
    state[COUNT] = group + 1;
    return group;
  }
}
