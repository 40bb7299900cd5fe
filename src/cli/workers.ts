/**
 * How many threads a replay has.
 *
 * In:  the captures, and what the user asks for.  Out: a number; 1 where more do not pay (docs/performance.md).
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Bytes of captures, as they lie on disk, from which on starting threads pays. */
const LARGE = 64 << 20;
/** Where nobody says otherwise: a thread more takes memory, and one judges all the same. */
const MOST_UNASKED = 8;

export function workersFor(paths: readonly string[], asked: number | undefined): number {
  if (asked !== undefined) return asked;
  const bytes = paths.reduce((sum, path) => sum + bytesOf(path), 0);
  return bytes < LARGE ? 1 : Math.min(availableParallelism(), MOST_UNASKED);
}

/** 0 for what has no size: pipes, and what cannot be opened. */
function bytesOf(path: string): number {
  try {
    const found = statSync(path);
    return path !== '-' && found.isFile() ? found.size : 0;
  } catch {
    return 0;
  }
}
