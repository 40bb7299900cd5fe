/**
 * policap bench on the command line: its options and its help. What it does (bench.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions, wholeNumber } from './options.js';
import type { Terminal } from './terminal.js';

export interface BenchCommandOptions extends CommonOptions {
  readonly stages?: boolean;
  readonly seconds: number;
  readonly output: 'text' | 'json';
}

const HELP = `
Examples:
  policap bench -p policies/ -c cluster.yaml
      the tree, its longest lookup and the rules that make it so, and what a lookup costs by engine
  policap bench capture.pcapng -p policies/ -c cluster.yaml --stages
      lookups for the capture's own connections, and what a packet costs stage by stage
  policap bench --rules acl.rules --seconds 30 -o json
      plain rules, measured longer, for programs

-p and -c take every path behind them, so captures come first. Compare ratios: times are this machine's.
`;

export function benchCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('bench')
    .summary('what the policies cost')
    .description('Measures the classifier that the policies become, and what a packet of a capture costs.')
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd');
  return addInputOptions(command)
    .option('--stages', 'with a capture: the cost a packet of reading, parsing, tracking, judging, reporting')
    .addOption(new Option('--seconds <n>', 'how long it measures').argParser(wholeNumber(1, 3600)).default(5))
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runBench } = await import('./bench.js');
      finish(await runBench(captures, called.optsWithGlobals<BenchCommandOptions>(), terminal));
    });
}
