/**
 * Stepping through what is open: the worker's side of it.
 *
 * In:  the workspace with what was compiled of it, then packets' numbers.  Out: their documents. The stepper keeps its window until
 * something else is opened.
 */
import type { Compiled } from '../../src/compile.js';
import { createStepper, type Stepper } from '../../src/stepping/stepper.js';
import { replayOptions } from './judging.js';
import { EngineFault, type Progress, type Stepped, type Workspace } from './protocol.js';
import { openCaptures } from './sources.js';

export interface Stepping {
  /** @param compiled null where nothing can be judged */
  opened(workspace: Workspace, compiled: Compiled | null): void;
  step(number: number): Promise<Stepped>;
}

export function createStepping(onProgress: (progress: Progress) => void): Stepping {
  let stepper: Stepper | null = null;
  return {
    opened(workspace, compiled) {
      const { captures } = workspace;
      stepper?.close();
      if (compiled === null || captures.length === 0) {
        stepper = null;
        return;
      }
      const options = {
        ...replayOptions(workspace),
        onProgress: (packets: number, bytesRead: number, bytesTotal: number | undefined) =>
          onProgress({ packets, bytesRead, bytesTotal: bytesTotal ?? null }),
      };
      stepper = createStepper(() => openCaptures(captures), compiled, options);
    },
    async step(number) {
      if (stepper === null) throw new EngineFault('nothing is judged yet: give a capture, policies and a cluster');
      const { document, total, damage } = await stepper.step(number);
      return { document, total, damage: damage?.message ?? null };
    },
  };
}
