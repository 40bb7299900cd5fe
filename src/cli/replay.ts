/**
 * policap replay: captures and policies -> a verdict on every packet.
 */
import { Command, Option } from 'commander';
import type { FrameSource } from '../capture/frame.js';
import { onFastPath } from '../capture/loops.js';
import type { Compiled } from '../compile.js';
import { MOST_CONNECTIONS } from '../flow/conntrack.js';
import type { TrackerOptions } from '../flow/tracker.js';
import type { FastPath } from '../memory/fast-path.js';
import { openCaptures } from '../node/captures.js';
import { loadFastPath } from '../node/fast-path.js';
import { openOutput } from '../node/output.js';
import { replay } from '../replay.js';
import { createFastPath } from '../replay-memory.js';
import { createJsonReport } from '../report/json.js';
import { createJsonlReport } from '../report/jsonl.js';
import { createPcapngReport } from '../report/pcapng.js';
import type { Output, Report } from '../report/report.js';
import { plural } from '../report/style.js';
import { createTextReport } from '../report/text.js';
import { createVerdictCount } from '../report/verdict-count.js';
import { createVerdictsReport } from '../report/verdicts.js';
import type { Verdict } from '../verdict/verdict.js';
import { compileInput } from './documents.js';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_FINDING, EXIT_INTERRUPTED, UsageError } from './errors.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions, timeoutOption, wholeNumber, wordList } from './options.js';
import { createProgress } from './progress.js';
import { styleFor, type Terminal } from './terminal.js';

const FORMATS = ['text', 'json', 'jsonl', 'pcapng', 'verdicts'] as const;
const VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];
const FINDINGS = ['dropped', 'undecided', 'warnings'] as const;

const KERNELS = ['6.12', '6.18'] as const;

/** Milliseconds after an interrupt in which a replay ends by itself, unless it waits for packets. */
const PATIENCE = 200;

interface ReplayCommandOptions extends CommonOptions {
  readonly output: (typeof FORMATS)[number];
  readonly write?: string;
  readonly mode: 'what-if' | 'dataplane';
  readonly conntrack: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  readonly verifyChecksums?: boolean;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
  readonly kernel: (typeof KERNELS)[number];
  readonly beLiberal?: boolean;
  readonly only?: Verdict;
  readonly top?: number;
  readonly failOn?: readonly (typeof FINDINGS)[number][];
}

const HELP = `
Examples:
  policap replay capture.pcapng -p policies/ -c cluster.yaml
      the refused conversations, and a summary
  policap replay node-*.pcap.gz -p policies/ -c cluster.yaml -o jsonl | jq 'select(.verdict == "dropped")'
      one line a packet; captures of several nodes are merged by time
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o pcapng -w marked.pcapng
      the same packets with their verdicts, for Wireshark: frame.verdict.ebpf_xdp == 1 are the dropped ones
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o verdicts -w verdicts.bin
      one byte a packet, behind a header that says what each byte means
  policap replay capture.pcapng -p policies/ -c cluster.yaml --profile calico
      what Calico would refuse, where plugins read policies differently
  tcpdump -U -w - | policap replay - -p policies/ -c cluster.yaml --fail-on dropped
      from a pipe; exit code 1 when a packet would be dropped

-p and -c take every path behind them, so captures come first.
`;

export function replayCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('replay')
    .summary('judge every packet of a capture')
    .description('Replays captures through the policies, statefully, and marks every packet allowed or dropped.')
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd; - for standard input');
  addInputOptions(command)
    .addOption(
      new Option(
        '--mode <mode>',
        'what-if: a refused connection is refused whole; dataplane: packet for packet, as a Linux host',
      )
        .choices(['what-if', 'dataplane'])
        .default('what-if'),
    )
    .addOption(new Option('-o, --output <format>', 'what is printed').choices([...FORMATS]).default('text'))
    .option('-w, --write <file>', 'write it to a file; the text summary is printed beside it')
    .addOption(new Option('--only <verdict>', 'jsonl and pcapng: packets of one verdict').choices([...VERDICTS]))
    .addOption(new Option('--top <n>', 'text: conversations shown, 0 for all').argParser(wholeNumber(0, 1e9)))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    )
    .option('--conntrack <kind>', 'connection tracking: linux, or none', 'linux')
    .addOption(
      new Option(
        '--timeout <name=seconds>',
        "override one of Linux's timeouts, e.g. tcp_established=3600; repeat",
      ).argParser(timeoutOption),
    )
    .addOption(
      new Option('--max-connections <n>', 'entries of the connection table (default: 1048576)').argParser(
        wholeNumber(1, MOST_CONNECTIONS),
      ),
    )
    .addOption(
      new Option('--kernel <version>', 'where Linux kernels differ: an inexact TCP reset leaves 300 or 10 seconds')
        .choices([...KERNELS])
        .default('6.18'),
    )
    .option('--be-liberal', 'TCP segments out of the window are not invalid')
    .option('--verify-checksums', 'wrong checksums are invalid (captures are full of offloaded ones)')
    .option('--no-tunnels', 'judge tunnels from outside, not what they carry')
    .option('--no-duplicates', 'judge each copy of a packet that was seen on several interfaces')
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      finish(await runReplay(captures, called.optsWithGlobals<ReplayCommandOptions>(), terminal));
    });
  return command;
}

async function runReplay(paths: readonly string[], options: ReplayCommandOptions, terminal: Terminal): Promise<number> {
  check(paths, options, terminal);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const compiled = compileInput(options, terminal, errors);
  const stop = new AbortController();
  let source: FrameSource | null = null;
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
    const module = loadFastPath(terminal.environment);
    const fastPath = module === null ? null : createFastPath(module, trackerOptions(options), compiled);
    source = await openCaptures(paths, onFastPath(fastPath), stop.signal);
    if (source !== null) return await judgeAll(source, fastPath, compiled, paths, options, terminal, stop);
    terminal.say('policap: interrupted before the first packet came');
    return EXIT_INTERRUPTED;
  } finally {
    release();
    clearTimeout(wake);
    source?.close();
  }
}

async function judgeAll(
  source: FrameSource,
  fastPath: FastPath | null,
  compiled: Compiled,
  paths: readonly string[],
  options: ReplayCommandOptions,
  terminal: Terminal,
  stop: AbortController,
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
  const file = options.write === undefined ? null : openOutput(options.write);
  const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
  const text = createTextReport(results, { style, top: options.top, columns: terminal.columns });
  const counted = createVerdictCount();
  const reports: Report[] = options.failOn === undefined ? [] : [counted];
  if (file === null) reports.push(options.output === 'text' ? text : createReport(results, options));
  else
    reports.push(
      options.output === 'text' ? createTextReport(file, { top: options.top }) : createReport(file, options),
    );
  if (file !== null && options.output !== 'text') reports.push(text);

  const progress = createProgress(terminal);
  try {
    const outcome = await replay(
      source,
      compiled,
      {
        mode: options.mode,
        conntrack: options.conntrack as 'linux' | 'none',
        ...trackerOptions(options),
        fastPath,
        verifyChecksums: options.verifyChecksums,
        tunnels: options.tunnels,
        duplicates: options.duplicates,
        captures: paths.map(path => (path === '-' ? 'standard input' : path)),
        onProgress: progress.update,
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
    const found = { dropped: counted.of('dropped') > 0, undecided: counted.of('undecided') > 0, warnings: warned };
    return options.failOn?.some(finding => found[finding]) ? EXIT_FINDING : EXIT_DONE;
  } catch (error) {
    file?.discard();
    throw error;
  } finally {
    progress.clear();
  }
}

const trackerOptions = (options: ReplayCommandOptions): TrackerOptions => ({
  timeouts: options.timeout,
  maxConnections: options.maxConnections,
  liberal: options.beLiberal,
  kernel: options.kernel,
});

function createReport(output: Output, { output: format, only }: ReplayCommandOptions): Report {
  switch (format) {
    case 'json':
      return createJsonReport(output);
    case 'jsonl':
      return createJsonlReport(output, { only });
    case 'pcapng':
      return createPcapngReport(output, { only });
    case 'verdicts':
      return createVerdictsReport(output);
    case 'text':
      return createTextReport(output);
  }
}

const LATER = ['cilium', 'calico-ebpf', 'ovs', 'vpp'];

function check(
  paths: readonly string[],
  { conntrack, output, write, only, policies, cluster, rules }: ReplayCommandOptions,
  terminal: Terminal,
): void {
  if (paths.length === 0) {
    throw new UsageError(
      'no capture to replay',
      'captures come first, since -p and -c take every path behind them: policap replay capture.pcap -p policies/ -c cluster.yaml',
    );
  }
  if (paths.includes('-') && [policies, cluster, rules].some(documents => documents?.includes('-'))) {
    throw new UsageError('standard input can be read only once', 'give the capture or the documents as a file');
  }
  if (LATER.includes(conntrack)) {
    throw new UsageError(`--conntrack ${conntrack} is not there yet`, 'linux and none are; linux is the default');
  }
  if (conntrack !== 'linux' && conntrack !== 'none') {
    throw new UsageError(`--conntrack ${conntrack}: not known`, 'give linux or none');
  }
  if (only !== undefined && output === 'verdicts') {
    throw new UsageError(
      `--only ${only} leaves packets out, and the place of a byte of -o verdicts is its packet's number`,
      'take all of them, or -o jsonl or -o pcapng',
    );
  }
  if (only !== undefined && output !== 'jsonl' && output !== 'pcapng') {
    throw new UsageError(`--only ${only} is for packets: it needs -o jsonl or -o pcapng`);
  }
  if (output === 'pcapng' && write === undefined && terminal.outIsTerminal) {
    throw new UsageError('a capture would garble the terminal', 'write it to a file: -o pcapng -w marked.pcapng');
  }
  if (output === 'verdicts' && write === undefined && terminal.outIsTerminal) {
    throw new UsageError('bytes would garble the terminal', 'write them to a file: -o verdicts -w verdicts.bin');
  }
}
