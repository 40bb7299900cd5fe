/**
 * policap replay on the command line: its options and its help. What it does (replay.ts) is loaded when it is asked for.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseShard, type Shard } from '../parts/shard.js';
import type { Verdict } from '../verdict/verdict.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions, wholeNumber, wordList } from './options.js';
import type { Terminal } from './terminal.js';
import { addVerdictOptions, modeOption, type VerdictOptions } from './verdict-options.js';

const FORMATS = [
  'text',
  'json',
  'jsonl',
  'csv',
  'parquet',
  'hubble',
  'pcapng',
  'pcap',
  'verdicts',
  'html',
  'part',
] as const;
const RECORDS = ['packets', 'connections'] as const;
const VERDICTS: readonly Verdict[] = ['allowed', 'dropped', 'undecided'];
const FINDINGS = ['dropped', 'undecided', 'warnings', 'unenforced', 'mesh'] as const;
/** More threads than this have nothing to do, and each takes memory. */
const MOST_WORKERS = 64;

export interface ReplayCommandOptions extends CommonOptions, VerdictOptions {
  readonly output: (typeof FORMATS)[number];
  readonly write?: string;
  readonly records: (typeof RECORDS)[number];
  readonly only?: Verdict;
  readonly where?: string;
  readonly fields?: readonly string[];
  readonly top?: number;
  readonly failOn?: readonly (typeof FINDINGS)[number][];
  /** As many as pay, where it is not given (workers.ts). */
  readonly workers?: number;
  readonly shard?: Shard;
}

const HELP = `
Examples:
  policap replay capture.pcapng -p policies/ -c cluster.yaml
      the refused conversations, and a summary
  policap replay node-*.pcap.gz -p policies/ -c cluster.yaml -o jsonl | jq 'select(.verdict == "dropped")'
      one line a packet; captures of several nodes are merged by time
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o pcapng -w marked.pcapng
      the same packets with their verdicts, for Wireshark: frame.verdict.ebpf_xdp == 1 are the dropped ones
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o csv --where 'verdict == dropped && dport in (53, 5432)' \
      --fields packet,src,dst,egress_policy,ingress_policy
      chosen fields of the packets that an expression lets through (docs/where.md)
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o parquet --records connections -w connections.parquet
      a row a connection, for DuckDB and the like
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o hubble | hubble observe --input-file -
      the verdicts as Cilium's flows, for tools that read these
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o html -w report.html
      one page that opens from disk: tables to filter, traffic over time, and the matrix
  policap replay capture.pcapng -p policies/ -c cluster.yaml -o verdicts -w verdicts.bin
      one byte a packet, behind a header that says what each byte means
  policap replay node-*.pcap -p policies/ -c cluster.yaml -o part --shard 1/3 -w 1.part
      a third of the captures, on one of three machines; policap merge 1.part 2.part 3.part joins them
      (with more shards than captures, a part of one capture's flows: docs/scale.md)
  policap replay capture.pcapng -p policies/ -c cluster.yaml --profile calico
      what Calico would refuse, where plugins read policies differently
  tcpdump -U -w - | policap replay - -p policies/ -c cluster.yaml --fail-on dropped
      from a pipe; exit code 1 when a packet would be dropped

-p and -c take every path behind them, so captures come first.
`;

function shardOption(value: string): Shard {
  const shard = parseShard(value);
  if (shard === null) throw new InvalidArgumentError('Give i/n, for example 2/8: the second of eight.');
  return shard;
}

const fieldNames = (text: string): readonly string[] => text.split(',').map(name => name.trim());

export function replayCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('replay')
    .summary('judge every packet of a capture')
    .description('Replays captures through the policies, statefully, and marks every packet allowed or dropped.')
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd; - for standard input');
  addInputOptions(command)
    .addOption(modeOption())
    .addOption(new Option('-o, --output <format>', 'what is printed').choices([...FORMATS]).default('text'))
    .option('-w, --write <file>', 'write it to a file; the text summary is printed beside it')
    .addOption(
      new Option('--records <what>', 'jsonl, csv, parquet, hubble: a line or row for each of the')
        .choices([...RECORDS])
        .default('packets'),
    )
    .addOption(new Option('--only <verdict>', 'packets or connections of one verdict').choices([...VERDICTS]))
    .option('--where <expression>', "those that it lets through, such as 'verdict == dropped && dport == 53'")
    .addOption(new Option('--fields <names>', 'jsonl, csv, parquet: these alone, in this order').argParser(fieldNames))
    .addOption(new Option('--top <n>', 'text: conversations shown, 0 for all').argParser(wholeNumber(0, 1e9)))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    );
  return addVerdictOptions(command)
    .addOption(
      new Option(
        '--workers <n>',
        'threads: one judges, the others read and parse, with the same result; by default as many as cores, up to 8, for captures of 64 MiB or more',
      ).argParser(wholeNumber(1, MOST_WORKERS)),
    )
    .addOption(
      new Option(
        '--shard <i/n>',
        'part: the i-th of n, by capture, then by flow; policap merge joins what they write',
      ).argParser(shardOption),
    )
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const options = called.optsWithGlobals<ReplayCommandOptions>();
      const { runReplay } = options.output === 'part' ? await import('./part.js') : await import('./replay.js');
      finish(await runReplay(captures, options, terminal));
    });
}
