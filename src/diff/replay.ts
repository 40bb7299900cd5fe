/**
 * A capture under two sets of policies, in one pass.
 *
 * In:  frames, the policies before and after, compiled; replay options.  Out: a Diff (connections.ts).
 */
import type { CaptureError, FrameSource } from '../capture/frame.js';
import { replayTogether } from '../compare.js';
import type { Compiled } from '../compile.js';
import type { ReplayOptions } from '../replay.js';
import { createDiff, type Diff } from './connections.js';

export interface DiffOutcome {
  readonly diff: Diff;
  readonly packets: number;
  readonly errors: readonly CaptureError[];
  readonly interrupted: boolean;
}

export async function diffReplays(
  source: FrameSource,
  before: Compiled,
  after: Compiled,
  options: Omit<ReplayOptions, 'fastPath'>,
): Promise<DiffOutcome> {
  const diffing = createDiff(before, after, options);
  const { outcomes, ...rest } = await replayTogether(source, [before, after], options, diffing.reports);
  return { diff: diffing.result(outcomes.map(({ warnings }) => warnings)), ...rest };
}
