/**
 * policap fetch on the command line: its options and its help. What it does (fetch.ts) is loaded when it is asked for.
 */
import { Command } from 'commander';
import type { Finish } from './main.js';
import { addPartOptions, type MergeCommandOptions } from './merge-command.js';
import { queueOption, storeOption } from './queue-options.js';
import type { Terminal } from './terminal.js';

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

export function fetchCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('fetch')
    .summary('what the workers of a queue found')
    .description('Prints what a job of the queue found, of all its captures together.')
    .argument('<id>', 'of the job, as policap submit printed it')
    .addOption(queueOption())
    .addOption(storeOption('what policap submit was given: a folder, or s3://BUCKET[/PREFIX]'))
    .option('--wait', 'until the job is done');
  return addPartOptions(command)
    .addHelpText('after', HELP)
    .action(async (id: string, _options: unknown, called: Command) => {
      const { runFetch } = await import('./fetch.js');
      finish(await runFetch(id, called.optsWithGlobals<FetchCommandOptions>(), terminal));
    });
}
