/**
 * What a packet of the user's captures costs, stage by stage.
 *
 * In:  captures, the compiled policies, how long it may take.  Out: CPU nanoseconds a packet of each stage with all before
 * it, as a spread over rounds in which the stages take turns. The captures are read anew for each: small ones several
 * times a round, of large ones only as many packets as fit into the time; the first pass tells how many that are. What a
 * pass takes before its first packet (memory of its full size) is measured beside it and taken off.
 */
import { BATCH_FRAMES, type CaptureError } from '../capture/frame.js';
import { onFastPath } from '../capture/loops.js';
import { type Compiled, compile } from '../compile.js';
import { openCaptures } from '../node/captures.js';
import { loadFastPath } from '../node/fast-path.js';
import { createParser, newPacketBatch } from '../packet/parse.js';
import { replay } from '../replay.js';
import { createFastPath } from '../replay-memory.js';
import { createTextReport } from '../report/text.js';
import { cpuSince, type Spread, spreadOf } from './bench-lookups.js';

const STAGES = ['read', 'parse', 'track', 'judge', 'report'] as const;
export type Stage = (typeof STAGES)[number];

export interface StageFigures {
  readonly stage: Stage;
  /** The stage's own: the median with all before it, less the one before; 0 where noise makes it less. */
  readonly nanoseconds: number;
  readonly together: Spread;
}

export interface Staged {
  readonly packets: number;
  /** Of a whole replay, before its first packet. */
  readonly startMs: number;
  readonly stages: readonly StageFigures[];
  readonly errors: readonly CaptureError[];
}

interface Pass {
  readonly packets: number;
  readonly errors: readonly CaptureError[];
}

interface Work {
  readonly compiled: Compiled;
  /** No policies, no pods: a replay by it is connection tracking and hardly more. */
  readonly empty: Compiled;
  readonly module: WebAssembly.Module | null;
}

const ROUNDS = 3;
const MOST_PASSES = 50;

export async function measureStages(
  paths: readonly string[],
  compiled: Compiled,
  environment: Readonly<Record<string, string | undefined>>,
  milliseconds: number,
  onPass: (stage: Stage) => void,
): Promise<Staged> {
  const share = milliseconds / STAGES.length / (ROUNDS + 1) / 2;
  const work = { compiled, empty: compile([]).compiled!, module: loadFastPath(environment) };
  onPass('report');
  const began = performance.now();
  const { packets, errors } = await run('report', paths, work, () => performance.now() > began + share);
  if (packets === 0) return { packets, startMs: 0, stages: [], errors };
  const passes = Math.min(MOST_PASSES, Math.max(1, Math.floor(share / (performance.now() - began))));
  const taken = STAGES.map((): number[] => []);
  let start = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, stage] of STAGES.entries()) {
      onPass(stage);
      start = await cpuOf(stage, paths, work, passes, 0);
      const whole = await cpuOf(stage, paths, work, passes, packets);
      // What runs in the first round is compiled while it runs.
      if (round > 0) taken[i]!.push(Math.max(0, whole - start) / packets);
    }
  }
  const together = taken.map(spreadOf);
  const stages = STAGES.map((stage, i) => ({
    stage,
    nanoseconds: Math.max(0, together[i]!.median - (i === 0 ? 0 : together[i - 1]!.median)),
    together: together[i]!,
  }));
  return { packets, startMs: start / 1e6, stages, errors };
}

/** CPU nanoseconds of one of several passes over the first packets. */
async function cpuOf(stage: Stage, paths: readonly string[], work: Work, passes: number, packets: number) {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass++) await run(stage, paths, work, read => read >= packets);
  return cpuSince(before) / passes;
}

/** @param enough is asked before every batch with the packets so far */
async function run(
  stage: Stage,
  paths: readonly string[],
  { compiled, empty, module }: Work,
  enough: (packets: number) => boolean,
): Promise<Pass> {
  const judged = stage === 'track' ? empty : compiled;
  const fastPath = module === null ? null : createFastPath(module, {}, judged);
  const source = await openCaptures(paths, onFastPath(fastPath));
  try {
    if (stage !== 'read' && stage !== 'parse') {
      const stop = new AbortController();
      const onProgress = (packets: number): void => {
        if (enough(packets)) stop.abort();
      };
      onProgress(0);
      const reports = stage === 'report' ? [createTextReport({ write() {} })] : [];
      return await replay(source, judged, { captures: paths, fastPath, onProgress, signal: stop.signal }, reports);
    }
    const parser = createParser({}, fastPath);
    const batch = newPacketBatch(BATCH_FRAMES, fastPath?.memory);
    let packets = 0;
    while (!enough(packets)) {
      const frames = await source.next();
      if (frames === null) break;
      packets += frames.count;
      if (stage === 'parse') parser.parse(frames, source.interfaces, batch);
    }
    return { packets, errors: source.errors };
  } finally {
    source.close();
  }
}
