/**
 * Distinct sets (cold): address sets as rules name them -> each content once, numbered in the order of its first mention.
 */
import type { AddressSet } from '../rules/ruleset.js';

export interface DistinctSets {
  readonly sets: readonly AddressSet[];
  /** Place in the list -> index in `sets`. */
  readonly setOf: Int32Array;
}

export function distinctSets(list: readonly AddressSet[]): DistinctSets {
  const mask = 2 ** Math.ceil(Math.log2(2 * list.length + 2)) - 1;
  const table = new Int32Array(mask + 1);
  const sets: AddressSet[] = [];
  const setOf = new Int32Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const set = list[i]!;
    let slot = hashOf(set) & mask;
    while (table[slot] !== 0 && !isSame(sets[table[slot]! - 1]!, set)) slot = (slot + 1) & mask;
    if (table[slot] === 0) table[slot] = sets.push(set);
    setOf[i] = table[slot]! - 1;
  }
  return { sets, setOf };
}

/** Of the sizes and the outermost borders: sets of many ranges are told apart by comparison. */
function hashOf({ v4, v6 }: AddressSet): number {
  let hash = Math.imul(v4.length, 0x85ebca6b) ^ v6.length;
  if (v4.length > 0) hash = mix(mix(hash, v4[0]! | 0), v4[v4.length - 1]! | 0);
  if (v6.length > 0) hash = mix(mix(hash, fold(v6[0]!)), fold(v6[v6.length - 1]!));
  return hash ^ (hash >>> 15);
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 16);
}

const fold = (border: bigint): number => Number(BigInt.asIntN(32, border ^ (border >> 32n) ^ (border >> 64n)));

function isSame(a: AddressSet, b: AddressSet): boolean {
  return a === b || (haveSame(a.v4, b.v4) && haveSame(a.v6, b.v6));
}

function haveSame<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
