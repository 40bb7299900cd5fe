/**
 * policap fetch on the command line: its options and its help. What it does (fetch.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import type { MergeCommandOptions } from './merge-command.js';
import { wholeNumber, wordList } from './options.js';
import { queueOption, storeOption } from './queue-options.js';
import type { Terminal } from './terminal.js';

const FORMATS = ['text', 'json', 'part'] as const;
const FINDINGS = ['dropped', 'undecided', 'warnings'] as const;

export interface FetchCommandOptions extends MergeCommandOptions {
  readonly queue: string;
  readonly store: string;
  readonly wait?: boolean;
}

const HELP = `
Examples:
  policap fetch j61ad5f0c23e8b97d104 --queue redis://queue:6379 --store /srv/store
      the summary of all captures, as policap replay prints it
  policap fetch j61ad5f0c23e8b97d104 --wait --queue redis://queue:6379 --store /srv/store
      when it is done
  policap fetch j61ad5f0c23e8b97d104 --queue redis://queue:6379 --store /srv/store -o json -w all.json
      as policap.summary/1, into a file

Captures that were set aside are missing in it: they are named, and the exit code is 3.
`;

export const fetchCommand = (terminal: Terminal, finish: Finish): Command =>
  new Command('fetch')
    .summary('what the workers of a queue found')
    .description('Prints what a job of the queue found, of all its captures together.')
    .argument('<id>', 'of the job, as policap submit printed it')
    .addOption(queueOption())
    .addOption(storeOption('the folder that policap submit was given'))
    .option('--wait', 'until the job is done')
    .addOption(new Option('-o, --output <format>', 'what is printed').choices([...FORMATS]).default('text'))
    .option('-w, --write <file>', 'write it to a file')
    .addOption(new Option('--top <n>', 'text: conversations shown, 0 for all').argParser(wholeNumber(0, 1e9)))
    .addOption(
      new Option('--fail-on <findings>', `exit with 1 on any of: ${FINDINGS.join(', ')}`).argParser(wordList(FINDINGS)),
    )
    .addHelpText('after', HELP)
    .action(async (id: string, _options: unknown, called: Command) => {
      const { runFetch } = await import('./fetch.js');
      finish(await runFetch(id, called.optsWithGlobals<FetchCommandOptions>(), terminal));
    });
