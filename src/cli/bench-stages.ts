/**
 * What a packet of the user's captures costs, stage by stage.
 *
 * In:  captures, the compiled policies, how long it may take.  Out: CPU nanoseconds a packet of each stage with all before
 * it, as a spread over rounds in which the stages take turns. The captures are read anew for each: of large ones only as many
 * packets as fit into the time; the first pass tells how many that are. A small capture is repeated (bench-repeat.ts): what
 * a pass takes before its first packet (memory of its full size) is measured beside it and taken off, and some hundred
 * packets would be lost in the noise of that.
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
import { REPEATED_TIMEOUTS, repeatCapture, withClockGoingOn } from './bench-repeat.js';

const STAGES = ['read', 'parse', 'track', 'judge', 'report'] as const;
export type Stage = (typeof STAGES)[number];

export interface StageFigures {
  readonly stage: Stage;
  /** The stage's own: the median with all before it, less the one before; 0 where noise makes it less. */
  readonly nanoseconds: number;
  readonly together: Spread;
}

export interface Staged {
  /** Measured at a time: of a small capture, its packets so often as `repeated` says. */
  readonly packets: number;
  readonly repeated: number;
  /** Too few to tell what a packet costs. */
  readonly tooFew: boolean;
  /** Of a whole replay, before its first packet. */
  readonly startMs: number;
  readonly stages: readonly StageFigures[];
  readonly errors: readonly CaptureError[];
}

interface Pass {
  readonly packets: number;
  readonly errors: readonly CaptureError[];
}

/** What is read: the captures, or one of them many times over. */
interface Input {
  readonly paths: readonly string[];
  /** Packets of one repetition, 0 where nothing is repeated. */
  readonly repetition: number;
}

interface Work {
  readonly compiled: Compiled;
  /** No policies, no pods: a replay by it is connection tracking and hardly more. */
  readonly empty: Compiled;
  readonly module: WebAssembly.Module | null;
}

const ROUNDS = 3;
const MOST_PASSES = 50;
/** Packets that are read even where the time is over: a pass of fewer tells nothing. */
const LEAST = 50_000;
/** Packets of a capture that is repeated. */
const SMALL = 100_000;
/** A start takes as long as some ten thousand packets: fewer do not stand out. */
const FEW = 20_000;

export async function measureStages(
  paths: readonly string[],
  compiled: Compiled,
  environment: Readonly<Record<string, string | undefined>>,
  milliseconds: number,
  onPass: (stage: Stage) => void,
): Promise<Staged> {
  const share = milliseconds / STAGES.length / (ROUNDS + 1) / 2;
  const work = { compiled, empty: compile([]).compiled!, module: loadFastPath(environment) };
  onPass('read');
  const { packets: once, errors } = await run('read', { paths, repetition: 0 }, work, read => read >= SMALL);
  if (once === 0) return { packets: 0, repeated: 1, tooFew: true, startMs: 0, stages: [], errors };
  const isSmall = paths.length === 1 && errors.length === 0 && once < SMALL;
  const repeated = isSmall ? repeatCapture(paths[0]!, once) : null;
  try {
    if (repeated === null)
      return { ...(await measure({ paths, repetition: 0 }, Number.POSITIVE_INFINITY)), repeated: 1, errors };
    const input = { paths: [repeated.path], repetition: once };
    return { ...(await measure(input, once * repeated.times)), repeated: repeated.times, errors };
  } finally {
    repeated?.remove();
  }

  /** @param most packets that there are */
  async function measure(input: Input, most: number): Promise<Omit<Staged, 'repeated' | 'errors'>> {
    const start = performance.now();
    const { packets } = await run(
      'report',
      input,
      work,
      read => read >= most || (read >= LEAST && performance.now() > start + share),
    );
    const passes = Math.min(MOST_PASSES, Math.max(1, Math.floor(share / (performance.now() - start))));
    const taken = STAGES.map((): number[] => []);
    let before = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, stage] of STAGES.entries()) {
        onPass(stage);
        before = await cpuOf(stage, input, work, passes, 0);
        const whole = await cpuOf(stage, input, work, passes, packets);
        // What runs in the first round is compiled while it runs.
        if (round > 0) taken[i]!.push(Math.max(0, whole - before) / packets);
      }
    }
    const together = taken.map(spreadOf);
    const stages = STAGES.map((stage, i) => ({
      stage,
      nanoseconds: Math.max(0, together[i]!.median - (i === 0 ? 0 : together[i - 1]!.median)),
      together: together[i]!,
    }));
    return { packets, tooFew: packets * passes < FEW, startMs: before / 1e6, stages };
  }
}

/** CPU nanoseconds of one of several passes over the first packets. */
async function cpuOf(stage: Stage, input: Input, work: Work, passes: number, packets: number) {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass++) await run(stage, input, work, read => read >= packets);
  return cpuSince(before) / passes;
}

/** @param enough is asked before every batch with the packets so far */
async function run(
  stage: Stage,
  { paths, repetition }: Input,
  { compiled, empty, module }: Work,
  enough: (packets: number) => boolean,
): Promise<Pass> {
  const judged = stage === 'track' ? empty : compiled;
  const tracking = repetition > 0 ? { timeouts: REPEATED_TIMEOUTS } : {};
  const fastPath = module === null ? null : createFastPath(module, tracking, judged);
  const opened = await openCaptures(paths, onFastPath(fastPath));
  const source = repetition > 0 ? withClockGoingOn(opened, repetition) : opened;
  try {
    if (stage !== 'read' && stage !== 'parse') {
      const stop = new AbortController();
      const onProgress = (packets: number): void => {
        if (enough(packets)) stop.abort();
      };
      onProgress(0);
      const reports = stage === 'report' ? [createTextReport({ write() {} })] : [];
      return await replay(
        source,
        judged,
        { ...tracking, captures: paths, fastPath, onProgress, signal: stop.signal },
        reports,
      );
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
