/**
 * policap merge on the command line: its options and its help. What it does (merge.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { wholeNumber, wordList } from './options.js';
import type { ColorChoice, Terminal } from './terminal.js';

const FORMATS = ['text', 'json', 'part'] as const;
const FINDINGS = ['dropped', 'undecided', 'warnings'] as const;

export interface MergeCommandOptions {
  readonly color: ColorChoice;
  readonly output: (typeof FORMATS)[number];
  readonly write?: string;
  readonly top?: number;
  readonly failOn?: readonly (typeof FINDINGS)[number][];
}

const HELP = `
Examples:
  policap replay node-*.pcap -p policies/ -c cluster.yaml -o part --shard 1/3 -w 1.part
  policap replay node-*.pcap -p policies/ -c cluster.yaml -o part --shard 2/3 -w 2.part
  policap replay node-*.pcap -p policies/ -c cluster.yaml -o part --shard 3/3 -w 3.part
      on three machines, with the same captures, documents and options in each command
  policap merge 1.part 2.part 3.part
      the summary of the whole
  policap merge 1.part 2.part -o part -w 1-2.part
      parts can be joined in any order, a few at a time

What is missing is said, and the exit code is 3. A part that comes twice counts once.
`;

/** How a part is printed. */
export const addPartOptions = (command: Command): Command =>
  command
    .addOption(new Option('-o, --output <format>', 'what is printed').choices([...FORMATS]).default('text'))
    .option('-w, --write <file>', 'write it to a file')
    .addOption(new Option('--top <n>', 'text: conversations shown, 0 for all').argParser(wholeNumber(0, 1e9)))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    );

export function mergeCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('merge')
    .summary('join what shards of a replay wrote')
    .description('Joins the partial results of policap replay -o part to what one run gives.')
    .argument('<part...>', 'files that policap replay -o part wrote');
  return addPartOptions(command)
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], _options: unknown, called: Command) => {
      const { runMerge } = await import('./merge.js');
      finish(runMerge(paths, called.optsWithGlobals<MergeCommandOptions>(), terminal));
    });
}
