/**
 * The built fast path, for tests: a replay with it and one without must not differ in anything.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TrackerOptions } from '../../src/flow/tracker.js';
import type { FastPath } from '../../src/memory/fast-path.js';
import { createFastPath, type Judging } from '../../src/replay-memory.js';

const file = fileURLToPath(new URL('../../dist/fast-path/fast-path.wasm', import.meta.url));
if (!existsSync(file)) throw new Error(`${file} is missing: npm run build`);
export const fastPathModule = new WebAssembly.Module(readFileSync(file));

/** A fast path for one replay; with few connections where the options leave it open, since each has memory of its own. */
export function newFastPath(options: TrackerOptions, judging: Judging): FastPath {
  const made = createFastPath(fastPathModule, options, judging);
  if (made === null) throw new Error(`no fast path with ${options.maxConnections} connections`);
  return made;
}
