/**
 * A capture as several network plugins would judge it, in one pass.
 *
 * In:  frames, the same documents compiled with several profiles, replay options.  Out: a Comparison: the connections on
 * which the profiles differ, each with every profile's reasons.
 */
import type { CaptureError, FrameSource } from './capture/frame.js';
import type { Compiled } from './compile.js';
import { timeoutsFor } from './flow/kinds.js';
import { createParser } from './packet/parse.js';
import { leastFrames, type ReplayOptions, type ReplayOutcome, replay } from './replay.js';
import { conntrackOf } from './replay-memory.js';
import { type Comparison, createComparison } from './report/comparison.js';
import type { Report } from './report/report.js';
import { tee } from './tee.js';

export interface CompareOutcome {
  readonly comparison: Comparison;
  readonly packets: number;
  readonly errors: readonly CaptureError[];
  readonly interrupted: boolean;
}

/**
 * @param compiled one a profile, over the same documents
 * @param options `conntrack`: for all of them, else each has its profile's table; `timeouts`: in every table that has the name
 */
export async function compareProfiles(
  source: FrameSource,
  compiled: readonly Compiled[],
  options: Omit<ReplayOptions, 'fastPath'>,
): Promise<CompareOutcome> {
  const comparing = createComparison(compiled, options);
  const { outcomes, ...rest } = await replayTogether(source, compiled, options, comparing.reports);
  return { comparison: comparing.result(outcomes.map(({ warnings }) => warnings)), ...rest };
}

/** Replays the frames once for each of what was compiled, all at the same time. @param reports one each @param ends likewise */
export async function replayTogether(
  source: FrameSource,
  compiled: readonly Compiled[],
  options: Omit<ReplayOptions, 'fastPath' | 'ends'>,
  reports: readonly Report[],
  ends: readonly ReplayOptions['ends'][] = [],
): Promise<Omit<CompareOutcome, 'comparison'> & { readonly outcomes: readonly ReplayOutcome[] }> {
  const least = Math.max(...compiled.map(it => leastFrames(options, it)));
  const { sources, leave } = tee(source, least, createParser(options, null), compiled.length);
  const { onProgress, ...rest } = options;
  const outcomes = await Promise.all(
    compiled.map((it, i) => {
      const timeouts = timeoutsFor(conntrackOf(options, it), options.timeouts);
      const own = {
        ...{ ...rest, timeouts },
        ...(i === 0 && onProgress !== undefined && { onProgress }),
        ...(ends[i] !== undefined && { ends: ends[i] }),
      };
      return replay(sources[i]!, it, own, [reports[i]!]).finally(() => leave(i));
    }),
  );
  const [{ packets, errors, interrupted }] = outcomes as [(typeof outcomes)[number]];
  return { packets, errors, interrupted, outcomes };
}
