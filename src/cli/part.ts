/**
 * policap replay -o part: captures -> a partial result, of all their points, or of a shard: some points, or a share of one.
 *
 * In:  captures and options of replay.  Out: one Part, written when all of its points are judged: one that is interrupted
 * writes nothing.
 */
import type { Compiled } from '../compile.js';
import { openOutput } from '../node/output.js';
import { type PointOptions, replayPoint, runOf } from '../node/replay-point.js';
import { undivided } from '../parts/divisible.js';
import { joinParts } from '../parts/join.js';
import type { Part } from '../parts/part.js';
import { capturePoints } from '../parts/points.js';
import { type Assigned, assignedTo } from '../parts/shard.js';
import { damageOf } from '../parts/shares.js';
import { conntrackOf } from '../replay-memory.js';
import type { ShareOf } from '../verdict/share.js';
import { compileInput, readFiles } from './documents.js';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_INTERRUPTED, UsageError } from './errors.js';
import { namesOf } from './over-captures.js';
import { createProgress } from './progress.js';
import { check, checkTable, trackerOptions, withoutStandardOutput } from './replay.js';
import type { ReplayCommandOptions } from './replay-command.js';
import { styleFor, type Terminal } from './terminal.js';
import { version } from './version.js';

/** Parts of points that are kept before they are joined. */
const KEPT = 64;

export async function runReplay(
  paths: readonly string[],
  given: ReplayCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const options = withoutStandardOutput(given);
  check(paths, options, terminal);
  const points = capturePoints(paths);
  if (options.failOn !== undefined) {
    throw new UsageError('--fail-on has no place beside -o part', 'ask the whole: policap merge ... --fail-on dropped');
  }
  if (options.workers !== undefined && options.workers > 1) {
    throw new UsageError(
      `--workers ${options.workers} has no place beside -o part`,
      'start as many shards beside each other: --shard 1/2, --shard 2/2',
    );
  }
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const run = runIdOf(points, options);
  const compiled = compileInput(options, terminal, errors);
  checkTable(options, compiled);
  const shard = options.shard ?? { index: 1, of: 1 };
  const assigned = assignedTo(shard, points.length).flatMap(it => {
    const whole =
      it.of === 1
        ? null
        : undivided(compiled, { mode: options.mode, table: conntrackOf(pointOptions(options), compiled) });
    if (whole === null) return it;
    const judge = `judged by shard ${it.first}/${shard.of}`;
    terminal.say(
      `policap: ${namesOf(points[it.point]!).join(', ')} is not divided but ${judge}: ${whole.why}; ${whole.instead}`,
    );
    return it.index === 0 ? { ...it, of: 1 } : [];
  });
  const stop = new AbortController();
  let release = (): void => {};
  release = terminal.onInterrupt(() => {
    stop.abort();
    release();
  });
  const progress = createProgress(terminal, () => `  point ${done + 1} of ${assigned.length}`);
  let done = 0;
  let parts: Part[] = [];
  try {
    for (const [i, it] of assigned.entries()) {
      const point = { captures: points[it.point]!, index: it.point, of: points.length, run, share: shareOf(it) };
      const hooks = { environment: terminal.environment, signal: stop.signal, onProgress: progress.update };
      const part = await replayPoint(point, compiled, pointOptions(options), hooks);
      if (part === null) {
        terminal.say(`policap: interrupted at point ${i + 1} of ${assigned.length}; nothing was written`);
        return EXIT_INTERRUPTED;
      }
      done++;
      parts.push(part);
      if (parts.length === KEPT) parts = [joinParts(parts)];
    }
  } finally {
    release();
    progress.clear();
  }
  if (parts.length === 0) parts.push(await emptyPart(points.length, run, compiled, options, terminal));
  const part = joinParts(parts);
  write(part, options, terminal);
  const damage = damageOf(part);
  for (const message of damage) terminal.say(`policap: ${errors('red', 'error:')} ${message}`);
  return damage.length > 0 ? EXIT_DAMAGED : EXIT_DONE;
}

const shareOf = ({ index, of }: Assigned): ShareOf | undefined => (of === 1 ? undefined : { index, of });

export const pointOptions = (options: ReplayCommandOptions): PointOptions => ({
  mode: options.mode,
  ...trackerOptions(options),
  verifyChecksums: options.verifyChecksums,
  tunnels: options.tunnels,
  duplicates: options.duplicates,
});

function runIdOf(points: readonly (readonly string[])[], options: ReplayCommandOptions): string {
  const { policies = [], cluster = [], rules = [], profile, staged } = options;
  const stdin = (): never => {
    throw new UsageError(
      'documents of a partial result cannot come from standard input',
      'give them as files: all parts of a run must have the same',
    );
  };
  const documents = [...readFiles([...policies, ...cluster], stdin), ...readFiles(rules, stdin)];
  return runOf(version(), points.map(namesOf), documents, { profile, staged, ...pointOptions(options) });
}

/** Of a shard without points. */
async function emptyPart(
  of: number,
  run: string,
  compiled: Compiled,
  options: ReplayCommandOptions,
  { environment }: Terminal,
): Promise<Part> {
  const part = await replayPoint({ captures: [], index: 0, of, run }, compiled, pointOptions(options), { environment });
  return { ...part!, pieces: [] };
}

function write(part: Part, { write: path }: ReplayCommandOptions, terminal: Terminal): void {
  const text = `${JSON.stringify(part)}\n`;
  if (path === undefined) {
    terminal.write(text);
    return;
  }
  const file = openOutput(path);
  file.write(text);
  file.close();
}
