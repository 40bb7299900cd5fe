/**
 * policap replay: captures and policies -> a verdict on every packet.
 */
import type { FrameSource } from '../capture/frame.js';
import { onFastPath } from '../capture/loops.js';
import type { Compiled } from '../compile.js';
import { type ConntrackKind, isEbpf } from '../flow/kinds.js';
import type { FastPath } from '../memory/fast-path.js';
import { openCaptures } from '../node/captures.js';
import { loadFastPath } from '../node/fast-path.js';
import { isStandardOutput, openOutput } from '../node/output.js';
import { openRotation, type Rotation } from '../node/rotating-output.js';
import { ringBytes, startReading } from '../node/start-reading.js';
import type { PacketSource } from '../packets.js';
import { createChangingSummary } from '../parts/changing.js';
import { type PolicyChanges, type ReplayOptions, replay } from '../replay.js';
import { conntrackOf, createFastPath, type TableOptions } from '../replay-memory.js';
import { LinkTypesDiffer } from '../report/pcap.js';
import type { Output, Report } from '../report/report.js';
import { createRotating } from '../report/rotating.js';
import { plural } from '../report/style.js';
import { createSummary, type SummaryCollector } from '../report/summary.js';
import { createTextReport } from '../report/text.js';
import { createVerdictCount, type VerdictCount } from '../report/verdict-count.js';
import { compileInput } from './documents.js';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_FINDING, EXIT_INTERRUPTED, UsageError } from './errors.js';
import { isUnenforced, noticeText } from './notice.js';
import { checkConntrack, checkTimeoutsOf } from './options.js';
import { createProgress } from './progress.js';
import type { ReplayCommandOptions } from './replay-command.js';
import { checkFormat, createReport, hasNoNotice } from './replay-formats.js';
import { styleFor, type Terminal } from './terminal.js';
import { workersFor } from './workers.js';

/** Milliseconds after an interrupt in which a replay ends by itself, unless it waits for packets. */
const PATIENCE = 200;
/** Milliseconds after which whoever reads the results of a stream along is given what there is. */
const FLUSH = 200;

export async function runReplay(
  paths: readonly string[],
  given: ReplayCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const options = withoutStandardOutput(given);
  check(paths, options, terminal);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const compiled = compileInput(options, terminal, errors);
  checkTable(options, compiled);
  const stop = new AbortController();
  let source: FrameSource | PacketSource | null = null;
  let wake: NodeJS.Timeout | undefined;
  // A second Ctrl-C finds no listener, and ends the process at once.
  let release = (): void => {};
  release = terminal.onInterrupt(() => {
    stop.abort();
    release();
    // A live capture may be silent: then nothing would ever wake the replay.
    wake = setTimeout(() => source?.close(), PATIENCE);
  });
  try {
    const opened = await open(paths, options, compiled, terminal.environment, stop.signal);
    ({ source } = opened);
    if (source !== null) return await judgeAll(source, opened.fastPath, compiled, paths, options, terminal, stop);
    terminal.say('policap: interrupted before the first packet came');
    return EXIT_INTERRUPTED;
  } finally {
    release();
    clearTimeout(wake);
    source?.close();
  }
}

/** Who follows live traffic. */
export interface Live {
  readonly counted: VerdictCount;
  /** What the progress line says beside the packets. */
  line(): string;
  /** Whose text is printed at the end. */
  readonly summary: SummaryCollector;
  /** Of the files of -w; null where it is one file. */
  readonly rotation: Rotation | null;
  readonly changes: PolicyChanges;
}

export async function judgeAll(
  source: FrameSource | PacketSource,
  fastPath: FastPath | null,
  compiled: Compiled,
  paths: readonly string[],
  options: ReplayCommandOptions,
  terminal: Terminal,
  stop: AbortController,
  live?: Live,
): Promise<number> {
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  let readerLeft = false;
  const results: Output = {
    write(chunk) {
      if (terminal.write(chunk)) return;
      readerLeft = true;
      stop.abort();
    },
  };
  const files = options.write === undefined || !live?.rotation ? null : openRotation(options.write, live.rotation);
  const file = files ?? (options.write === undefined ? null : openOutput(options.write));
  const notice = noticeText(compiled.profile, errors).trimEnd();
  if (file === null && notice !== '' && hasNoNotice(options)) terminal.say(notice);
  const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
  const newSummary = live === undefined ? createSummary : createChangingSummary;
  const summary = live?.summary ?? createSummary();
  const text = createTextReport(results, { style, top: options.top, columns: terminal.columns }, summary);
  const counted = live?.counted ?? createVerdictCount();
  const reports: Report[] = options.failOn === undefined && live === undefined ? [] : [counted];
  if (options.output === 'text')
    reports.push(file === null ? text : createTextReport(file, { top: options.top }, summary));
  else {
    const make = (): Promise<Report> => createReport(file ?? results, options, compiled, newSummary);
    reports.push(files === null ? await make() : await createRotating(make, files));
  }
  if (file !== null && options.output !== 'text') reports.push(text);

  let flushed = performance.now();
  const flush = (): void => {
    if (source.bytesTotal !== undefined || performance.now() - flushed < FLUSH) return;
    flushed = performance.now();
    for (const report of reports) report.flush?.();
  };
  const progress = createProgress(terminal, live?.line);
  try {
    const outcome = await replay(
      source,
      compiled,
      {
        ...replayOptions(paths, options),
        ...(live !== undefined && { changes: live.changes }),
        fastPath,
        onProgress: (...now) => {
          flush();
          return progress.update(...now);
        },
        signal: stop.signal,
      },
      [progress.report, ...reports],
    );
    file?.close();
    for (const error of outcome.errors) terminal.say(`policap: ${errors('red', 'error:')} ${error.message}`);
    if (outcome.errors.length > 0 && outcome.packets > 0) {
      const were = outcome.packets === 1 ? 'was' : 'were';
      terminal.say(`    ${plural(outcome.packets, 'packet')} before the damage ${were} judged`);
    }
    if (readerLeft) return EXIT_DONE;
    if (outcome.interrupted) {
      terminal.say(`policap: interrupted after ${plural(outcome.packets, 'packet')}; above is what was judged so far`);
      return EXIT_INTERRUPTED;
    }
    if (outcome.errors.length > 0) return EXIT_DAMAGED;
    const warned = outcome.warnings.length > 0 || compiled.problems.length > 0;
    const found = {
      dropped: counted.of('dropped') > 0,
      undecided: counted.of('undecided') > 0,
      warnings: warned,
      unenforced: isUnenforced(compiled),
      mesh: counted.ofMesh() > 0,
    };
    return options.failOn?.some(finding => found[finding]) ? EXIT_FINDING : EXIT_DONE;
  } catch (error) {
    file?.discard();
    if (error instanceof LinkTypesDiffer)
      throw new UsageError(error.message, 'write -o pcapng, which has room for both');
    throw error;
  } finally {
    progress.clear();
  }
}

/** The captures, read by other threads where that is asked for, or pays, and there is a fast path. */
async function open(
  paths: readonly string[],
  options: ReplayCommandOptions,
  compiled: Compiled,
  environment: Terminal['environment'],
  signal: AbortSignal,
): Promise<{ readonly source: FrameSource | PacketSource | null; readonly fastPath: FastPath | null }> {
  const threads = workersFor(paths, options.workers);
  if (conntrackOf(trackerOptions(options), compiled) === 'linux' && threads > 1) {
    const module = loadFastPath(environment, true);
    const shared = ringBytes(threads);
    const fastPath = module === null ? null : createFastPath(module, trackerOptions(options), compiled, shared);
    if (fastPath !== null) {
      const source = await startReading(paths, compiled, replayOptions(paths, options), fastPath, { threads, signal });
      return { source, fastPath };
    }
  }
  const module = loadFastPath(environment);
  const fastPath = module === null ? null : createFastPath(module, trackerOptions(options), compiled);
  return { source: await openCaptures(paths, onFastPath(fastPath), signal), fastPath };
}

/** What a profile's connection table has no use for. */
export function checkTable(options: ReplayCommandOptions, compiled: Compiled): void {
  const { conntrack, beLiberal, verifyChecksums, timeout } = options;
  const kind = conntrackOf(trackerOptions(options), compiled);
  const why = conntrack === undefined ? ` (of profile ${compiled.profile.name})` : '';
  checkTimeoutsOf([{ kind, why }], timeout);
  if (!isEbpf(kind)) return;
  if (beLiberal) {
    throw new UsageError(
      `--be-liberal: connection table ${kind}${why} has no windows`,
      'leave it out, or give --conntrack linux',
    );
  }
  if (verifyChecksums) {
    throw new UsageError(
      `--verify-checksums: connection table ${kind}${why} does not look at checksums`,
      'leave it out, or give --conntrack linux',
    );
  }
}

const replayOptions = (paths: readonly string[], options: ReplayCommandOptions): ReplayOptions => ({
  mode: options.mode,
  ...trackerOptions(options),
  verifyChecksums: options.verifyChecksums,
  tunnels: options.tunnels,
  duplicates: options.duplicates,
  captures: paths.map(path => (path === '-' ? 'standard input' : path)),
});

export const trackerOptions = (options: ReplayCommandOptions): TableOptions => ({
  conntrack: options.conntrack as ConntrackKind | undefined,
  timeouts: options.timeout,
  maxConnections: options.maxConnections,
  liberal: options.beLiberal,
  kernel: options.kernel,
});

/** `-w -`: one result goes there, as without -w, and no summary beside it. */
export const withoutStandardOutput = ({ write, ...others }: ReplayCommandOptions): ReplayCommandOptions =>
  write === undefined || isStandardOutput(write) ? others : { ...others, write };

export function check(paths: readonly string[], options: ReplayCommandOptions, terminal: Terminal): void {
  const { policies, cluster, rules } = options;
  if (paths.length === 0) {
    throw new UsageError(
      'no capture to replay',
      'captures come first, since -p and -c take every path behind them: policap replay capture.pcap -p policies/ -c cluster.yaml',
    );
  }
  if (paths.includes('-') && [policies, cluster, rules].some(documents => documents?.includes('-'))) {
    throw new UsageError('standard input can be read only once', 'give the capture or the documents as a file');
  }
  checkOptions(options, terminal);
}

export function checkOptions(options: ReplayCommandOptions, terminal: Terminal): void {
  checkConntrack(options.conntrack);
  checkFormat(options, terminal);
}
