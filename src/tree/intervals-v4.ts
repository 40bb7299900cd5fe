/**
 * The IPv4 lookup's tables (cold): interval starts -> entries for findV4 (tree/lookup.ts).
 *
 * In:  starts in rising order, the first 0.  Out: 65,536 entries and behind them the blocks of 256 they refer to.
 */
import { COUNT_BITS, MOST_SCANNED } from './lookup.js';

export function buildEntries(starts: Uint32Array): Int32Array {
  let entries = new Int32Array(65536);
  let used = entries.length;
  fill(0, 65536, 0, 65536);
  return entries.slice(0, used);

  /** Entries at..at+count-1, each for `size` addresses from `base` on. */
  function fill(at: number, count: number, base: number, size: number): void {
    let interval = lastNotAbove(starts, base);
    for (let i = 0; i < count; i++) {
      const begin = base + i * size;
      while (interval + 1 < starts.length && starts[interval + 1]! <= begin) interval++;
      let end = interval;
      while (end + 1 < starts.length && starts[end + 1]! < begin + size) {
        end++;
        if (end - interval > MOST_SCANNED) break;
      }
      if (end - interval <= MOST_SCANNED) {
        entries[at + i] = (interval << COUNT_BITS) | (end - interval);
      } else {
        const block = used;
        used += 256;
        if (used > entries.length) {
          const larger = new Int32Array(entries.length * 2);
          larger.set(entries);
          entries = larger;
        }
        entries[at + i] = ~block;
        fill(block, 256, begin, size / 256);
      }
    }
  }
}

/** Index of the last start that is not above the address. */
export function lastNotAbove<T extends number | bigint>(starts: ArrayLike<T>, address: T): number {
  let lo = 0;
  let hi = starts.length;
  while (hi - lo > 1) {
    const mid = (lo + hi) >>> 1;
    if (starts[mid]! <= address) lo = mid;
    else hi = mid;
  }
  return lo;
}
