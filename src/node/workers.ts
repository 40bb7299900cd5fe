/**
 * How many threads a replay is worth.
 *
 * In:  captures by path.  Out: 2 where they are large files and there is a second core; else 1: a thread takes time to start.
 */
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Bytes of all captures together from which two threads are sooner done. */
const LARGE = 32 << 20;

export function workersFor(paths: readonly string[]): 1 | 2 {
  if (availableParallelism() < 2) return 1;
  let bytes = 0;
  for (const path of paths) {
    const status = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
    if (!status?.isFile()) return 1;
    bytes += status.size;
  }
  return bytes >= LARGE ? 2 : 1;
}
