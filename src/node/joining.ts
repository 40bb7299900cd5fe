/**
 * Joining a replay as one of its threads: the memory that all share, the ring in it, and counting in it.
 *
 * In:  Joining, from start-reading.ts.  Out: this thread's instance of the fast path, with a part of the memory for arrays of its
 * own; the ring; Count.
 */
import { FastPath } from '../memory/fast-path.js';
import type { Counters } from '../report/counters.js';
import type { Count } from '../threads/counting.js';
import { Ring } from '../threads/ring.js';

export interface Joining {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where the ring begins, its entries, and behind it where this thread's own arrays begin and end. */
  readonly ring: number;
  readonly entries: number;
  readonly from: number;
  readonly to: number;
}

export interface Joint {
  readonly fastPath: FastPath;
  readonly ring: Ring;
  readonly count: Count;
}

export function joinReplay({ module, memory, ring: at, entries, from, to }: Joining): Joint {
  const fastPath = new FastPath(module, { memory, from, to });
  const ring = new Ring(fastPath.memoryFrom(at), entries, fastPath.globals);
  const countAll = fastPath.entry<Counters['count']>('Counters_count');
  let isBound = false;
  return {
    fastPath,
    ring,
    count({ packets, verdicts }, count) {
      if (!isBound) fastPath.loadGlobals(ring.globals);
      isBound = true;
      const { code, decision, connection, marks } = verdicts;
      return countAll(0, count, packets.rows, code, decision, connection, marks);
    },
  };
}
