/**
 * Where reports write a packet's output: in the fast path's memory for the first that asks, in memory of its own for others
 * (cold).
 *
 * In:  the fast path, or none.  Out: ReplayContext.newWriting.
 */
import type { FrameBatch } from '../capture/frame.js';
import type { FastPath, FastPathParts } from '../memory/fast-path.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import type { VerdictBatch } from '../verdict/verdict.js';

/** What one report takes at most, buffers and remembered texts; pages that are not touched cost nothing. */
export const WRITING_BYTES = 1 << 26;

export interface Writing {
  readonly memory: Memory;
  /**
   * A loop over batches, on the fast path where the batch lies in its memory.
   * @param name the loop's in the fast path
   * @param parts what it works on, made in `memory`, by class
   */
  loop<F extends (...given: never[]) => void>(
    name: string,
    parts: FastPathParts,
    plain: F,
  ): (frames: FrameBatch, verdicts: VerdictBatch) => F;
}

const PLAIN: Writing = { memory: OWN_MEMORY, loop: (_name, _parts, plain) => () => plain };

export function createWritings(fastPath: FastPath | null): () => Writing {
  let isTaken = false;
  return () => {
    if (fastPath === null || isTaken) return PLAIN;
    isTaken = true;
    return {
      memory: fastPath.memory,
      loop(name, parts, plain) {
        fastPath.bind(parts);
        const fast = fastPath.entry<typeof plain>(name);
        const { buffer } = fastPath;
        // A long record's buffer, and batches that were held back, are elsewhere.
        return ({ bytes, offset }, { code }) =>
          bytes.buffer === buffer && offset.buffer === buffer && code.buffer === buffer ? fast : plain;
      },
    };
  };
}
