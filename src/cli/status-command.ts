/**
 * policap status on the command line: its options and its help. What it does (status.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { queueOption } from './queue-options.js';
import type { ColorChoice, Terminal } from './terminal.js';

const FORMATS = ['text', 'json'] as const;

export interface StatusCommandOptions {
  readonly color: ColorChoice;
  readonly queue: string;
  readonly output: (typeof FORMATS)[number];
}

const HELP = `
Examples:
  policap status --queue redis://queue:6379
      all jobs, the newest first, and how far each is
  policap status j61ad5f0c23e8b97d104 --queue redis://queue:6379
      one job, with every capture that was set aside, and why
  policap status --queue redis://queue:6379 -o json | jq '.jobs[] | select(.state == "done") | .id'
      for scripts: schema policap.status/1
`;

export const statusCommand = (terminal: Terminal, finish: Finish): Command =>
  new Command('status')
    .summary('how far the jobs of a queue are')
    .description('Prints the jobs of a queue: what is done, what goes on, and what was set aside.')
    .argument('[id]', 'of one job, as policap submit printed it')
    .addOption(queueOption())
    .addOption(new Option('-o, --output <format>', 'what is printed').choices([...FORMATS]).default('text'))
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, _options: unknown, called: Command) => {
      const { runStatus } = await import('./status.js');
      finish(await runStatus(id, called.optsWithGlobals<StatusCommandOptions>(), terminal));
    });
