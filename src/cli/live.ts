/**
 * policap live: the packets of an interface, judged as they go by.
 *
 * Ctrl-C, SIGTERM and --duration end the capture in order: all that was taken is judged, then the results are printed. A
 * second Ctrl-C ends the process at once. Where the source ends by itself, what it gave is judged and the exit code is 3.
 * What it judges by is watched, and may change on the way (live-policies.ts).
 */
import { openCapture } from '../capture/open.js';
import { withPauses } from '../capture/pauses.js';
import { openClusterStream } from '../node/cluster-stream.js';
import type { LiveSource } from '../node/live-source.js';
import { isStandardOutput } from '../node/output.js';
import type { Rotation } from '../node/rotating-output.js';
import { reason } from '../node/sources.js';
import { createChangingSummary } from '../parts/changing.js';
import { conntrackOf } from '../replay-memory.js';
import { count, plural, type Style } from '../report/style.js';
import { createVerdictCount } from '../report/verdict-count.js';
import type { Counts, Metrics } from '../server/metrics.js';
import { compileInput } from './documents.js';
import { EXIT_DAMAGED, EXIT_INTERRUPTED, UsageError } from './errors.js';
import type { Listen, LiveCommandOptions } from './live-command.js';
import { createRefreshed } from './live-lines.js';
import { type LivePolicies, watchPolicies } from './live-policies.js';
import { openLive } from './live-source.js';
import { checkOptions, checkTable, judgeAll, trackerOptions, withoutStandardOutput } from './replay.js';
import type { ReplayCommandOptions } from './replay-command.js';
import { styleFor, type Terminal } from './terminal.js';

/** Milliseconds without a packet after which those before are judged without looking ahead any further. */
const PAUSE = 250;
/** Milliseconds between two looks at what was lost. */
const BETWEEN = 1000;
/** Refused conversations that a terminal is shown meanwhile. */
const REFUSED = 5;

export async function runLive(given: LiveCommandOptions, terminal: Terminal): Promise<number> {
  const options: ReplayCommandOptions = withoutStandardOutput({
    ...given,
    kernel: '6.18',
    records: 'packets',
    workers: 1,
  });
  checkOptions(options, terminal);
  checkRotation(given);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const changes = await policiesOf(given, options, terminal, errors);
  const enough = new AbortController();
  let release = (): void => {};
  release = terminal.onInterrupt(() => {
    enough.abort();
    release();
  }, ['SIGTERM']);
  try {
    const taken = await openLive(given, terminal, enough.signal);
    if (taken !== null) return await follow(taken, enough, changes, given, options, terminal);
    terminal.say('policap: interrupted before the first packet came');
    return EXIT_INTERRUPTED;
  } finally {
    release();
    changes.close();
  }
}

/** What is judged by: watched, but where it comes from standard input. */
async function policiesOf(
  { onPolicyChange, clusterStream }: LiveCommandOptions,
  options: ReplayCommandOptions,
  terminal: Terminal,
  style: Style,
): Promise<LivePolicies> {
  const { policies = [], cluster = [], rules = [] } = options;
  if ([...policies, ...cluster, ...rules].includes('-')) {
    if (clusterStream !== undefined) {
      throw new UsageError('documents from standard input cannot change', 'give them as files beside --cluster-stream');
    }
    const first = compileInput(options, terminal, style);
    checkTable(options, first);
    return { first, reevaluates: false, times: [], take: () => null, close() {} };
  }
  const stream = clusterStream === undefined ? null : openClusterStream(clusterStream);
  const reevaluates = onPolicyChange === 'reevaluate';
  return watchPolicies(
    options,
    reevaluates,
    stream,
    (compiled, first) => {
      checkTable(options, compiled);
      const [now, before] = [compiled, first ?? compiled].map(it => conntrackOf(trackerOptions(options), it));
      if (now === before) return;
      throw new UsageError(
        `the cluster now asks for connection table ${now}, and what is known stands in ${before}`,
        'start policap live again, or name the --profile or the table (--conntrack)',
      );
    },
    terminal,
    style,
  );
}

/** @param enough ends the source, and with it the replay, in order */
async function follow(
  taken: LiveSource,
  enough: AbortController,
  changes: LivePolicies,
  given: LiveCommandOptions,
  options: ReplayCommandOptions,
  terminal: Terminal,
): Promise<number> {
  // Without a fast path, whose memory is for one set of policies: plain JavaScript is faster than what takes the packets.
  const source = withPauses(openCapture(taken.source), PAUSE);
  const counted = createVerdictCount();
  const summary = createChangingSummary();
  const showsSummary = options.output === 'text' || options.write !== undefined;
  const refused = createRefreshed(() => (showsSummary ? summary.refused(REFUSED) : []), terminal.columns);
  const line = (): string =>
    `  ${count(counted.of('dropped'))} dropped  ${count(counted.of('undecided'))} undecided${refused()}`;
  const over = given.duration === undefined ? undefined : setTimeout(() => enough.abort(), given.duration * 1000);
  const losses = sayLosses(taken, terminal);
  let metrics: Metrics | null = null;
  try {
    metrics = await listen(given.listen, terminal, () => ({
      packets: counted.all(),
      lost: taken.lost,
      bytes: source.bytesRead,
    }));
    if (terminal.errIsTerminal) {
      terminal.say(`policap: judging ${given.interface}; Ctrl-C ends it and prints the summary`);
    }
    const stop = new AbortController();
    const live = { counted, line, summary, rotation: rotationOf(given), changes };
    const code = await judgeAll(source, null, changes.first, [given.interface], options, terminal, stop, live);
    if (stop.signal.aborted) return code;
    const why = await taken.ended();
    losses.last();
    if (why === null) return code;
    const style = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
    terminal.say(`policap: ${style('red', 'error:')} ${why}; above is what was judged until then`);
    return EXIT_DAMAGED;
  } finally {
    clearTimeout(over);
    losses.end();
    source.close();
    await metrics?.close();
  }
}

function rotationOf({ rotateSize, rotateSeconds, keep }: LiveCommandOptions): Rotation | null {
  if (rotateSize === undefined && rotateSeconds === undefined) return null;
  return {
    bytes: rotateSize && rotateSize * 1e6,
    milliseconds: rotateSeconds && rotateSeconds * 1000,
    keep,
  };
}

/** @throws UsageError */
function checkRotation({ rotateSize, rotateSeconds, keep, output, write }: LiveCommandOptions): void {
  const option = rotateSize !== undefined ? '--rotate-size' : rotateSeconds !== undefined ? '--rotate-seconds' : null;
  if (option === null) {
    if (keep === undefined) return;
    throw new UsageError('--keep is for files that rotate', 'give --rotate-size or --rotate-seconds, too');
  }
  if (write === undefined || isStandardOutput(write)) {
    throw new UsageError(
      `${option} needs files to write`,
      '-w packets.jsonl writes packets_00001_TIME.jsonl and so on',
    );
  }
  if (output === 'text' || output === 'json') {
    throw new UsageError(
      `${option} is for records, and -o ${output} is one result at the end`,
      'take -o jsonl, csv, hubble or pcapng',
    );
  }
}

async function listen(where: Listen | undefined, terminal: Terminal, counts: () => Counts): Promise<Metrics | null> {
  if (where === undefined) return null;
  const { serveMetrics } = await import('../server/metrics.js');
  try {
    const metrics = await serveMetrics(where.host, where.port, counts);
    terminal.say(`policap: ${metrics.url}/metrics for Prometheus, ${metrics.url}/healthz for probes`);
    return metrics;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(
      `--listen ${where.host}:${where.port}: ${reason(error)}`,
      'give an address of this machine and a free port; 0 is any',
    );
  }
}

/** Says on stderr when packets were lost, each time that more were. */
function sayLosses(taken: LiveSource, terminal: Terminal): { last(): void; end(): void } {
  let known = 0;
  const look = (): void => {
    const { lost, whoLost } = taken;
    if (lost <= known) return;
    known = lost;
    terminal.say(`policap: warning: ${plural(lost, 'packet')} went by unseen so far: ${whoLost}`);
  };
  const timer = setInterval(look, BETWEEN);
  return { last: look, end: () => clearInterval(timer) };
}
