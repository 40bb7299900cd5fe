/**
 * Address tries (cold): IPv4 interval starts and where each leads -> tables that take an address there in three loads.
 *
 * In:  starts, rising, the first 0; for each the place of a record, whose first word is that place.  Out: the root's place.
 * 65,536 entries for the first two bytes, blocks of 256 for the third and the fourth. An entry below the root's place is a
 * record, any other a block. So that a lookup has no branch it takes all three steps, and a record leads to itself
 * (address-lookup.ts). It is for addresses that stand close together, as pods' do: a kilobyte for every 256 that are
 * told apart.
 */
import type { Image } from './image.js';

/** 4 MB: what is larger leaves the caches, and a hash table is smaller. */
const MOST_WORDS = 1 << 20;
const BLOCK = 256;

/** Returns 0 where there would be too many blocks. */
export function buildTrie(starts: Uint32Array, places: Int32Array, image: Image): number {
  if (wordsFor(starts) > MOST_WORDS) return 0;
  const root = image.reserve(65536);
  let interval = 0;
  fill(root, 65536, 0, 65536);
  return root;

  /** Entries at..at + count - 1, each for `size` addresses from `base` on. */
  function fill(at: number, count: number, base: number, size: number): void {
    for (let i = 0; i < count; i++) {
      const begin = base + i * size;
      while (interval + 1 < starts.length && starts[interval + 1]! <= begin) interval++;
      if (interval + 1 === starts.length || starts[interval + 1]! >= begin + size) {
        image.words()[at + i] = places[interval]!;
        continue;
      }
      const block = image.reserve(BLOCK);
      image.words()[at + i] = block;
      fill(block, BLOCK, begin, size / BLOCK);
    }
  }
}

function wordsFor(starts: Uint32Array): number {
  let words = 65536;
  for (const shift of [16, 8]) {
    let last = -1;
    for (const start of starts) {
      const block = start >>> shift;
      if (block === last || start % 2 ** shift === 0) continue;
      last = block;
      words += BLOCK;
    }
  }
  return words;
}
