/**
 * policap diff on the command line: its options and its help. What it does (diff.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, addTrackingOptions, append, type CommonOptions, wholeNumber, wordList } from './options.js';
import type { Terminal } from './terminal.js';

const FINDINGS = ['newly-dropped', 'newly-allowed', 'undecided', 'different'] as const;

export interface DiffCommandOptions extends CommonOptions {
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  readonly mode: 'what-if' | 'dataplane';
  readonly output: 'text' | 'json' | 'markdown';
  readonly write?: string;
  readonly top?: number;
  readonly failOn?: readonly (typeof FINDINGS)[number][];
  readonly outside: boolean;
  readonly conntrack?: string;
  readonly timeout?: Readonly<Record<string, number>>;
  readonly maxConnections?: number;
  readonly tunnels: boolean;
  readonly duplicates: boolean;
}

const HELP = `
Each side is what -p and -c hold together with its own documents. A document of
--before or --after replaces the one of the same kind and name in -p and -c, as
if it were applied. Without --before, that side is -p and -c alone.

With captures: the connections whose verdict changes. Without: every pod pair
and port whose answer changes, exactly; pods that only one side has are left
out.

Examples:
  policap diff capture.pcapng -c cluster.yaml --before policies/ --after proposed/
      the connections that would be newly refused, and newly allowed, and why
  policap diff capture.pcapng -c cluster.yaml -p policies/ --after new-policy.yaml
      what one more policy, or a changed one, does to real traffic
  policap diff -c cluster.yaml --before policies/ --after proposed/
      without a capture: everything that changes between pods, and with outside
  policap diff node-*.pcap.gz -c cluster.yaml --before old/ --after new/ -o markdown --fail-on newly-dropped
      a comment for a pull request; exit code 1 where something would be refused

-p, -c, --before and --after take every path behind them, so captures come first.
`;

export function diffCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('diff')
    .summary('what changes between two sets of policies')
    .description(
      'Judges captures (or without any: all that pods may say) under two sets of policies, and prints what changes.',
    )
    .argument('[capture...]', 'pcap or pcapng, also gzip or zstd; - for standard input');
  addInputOptions(command)
    .addOption(
      new Option('--before <path...>', 'policies of the one side: the same kinds of paths as -p').argParser(append),
    )
    .addOption(new Option('--after <path...>', 'policies of the other side').argParser(append))
    .addOption(
      new Option('--mode <mode>', 'captures: as for replay').choices(['what-if', 'dataplane']).default('what-if'),
    )
    .option('--no-outside', 'without captures: leave out the addresses beyond the cluster')
    .addOption(
      new Option('-o, --output <format>', 'what is printed').choices(['text', 'json', 'markdown']).default('text'),
    )
    .addOption(new Option('-w, --write <file>', 'write it to a file'))
    .addOption(new Option('--top <n>', 'text: groups shown, 0 for all').argParser(wholeNumber(0, 1e9)))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    );
  addTrackingOptions(command, { timeout: 'override a timeout, as for replay; repeat' })
    .addHelpText('after', HELP)
    .action(async (captures: readonly string[], _options: unknown, called: Command) => {
      const { runDiff } = await import('./diff.js');
      finish(await runDiff(captures, called.optsWithGlobals<DiffCommandOptions>(), terminal));
    });
  return command;
}
