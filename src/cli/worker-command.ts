/**
 * policap worker on the command line: its options and its help. What it does (worker.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { wholeNumber } from './options.js';
import { queueOption, storeOption } from './queue-options.js';
import type { ColorChoice, Terminal } from './terminal.js';

export interface WorkerCommandOptions {
  readonly color: ColorChoice;
  readonly queue: string;
  readonly store: string;
  readonly concurrency: number;
  readonly stall: number;
  readonly lock: number;
}

const HELP = `
Examples:
  policap worker --queue redis://queue:6379 --store /srv/store
      takes captures from the queue until Ctrl-C, one at a time
  policap worker --queue redis://queue:6379 --store /srv/store --concurrency 8
      eight at a time, each in a thread of its own

Ctrl-C and SIGTERM end it when it is done with what it has; a second one gives that back to the queue
at once. A worker that dies or hangs loses its captures to the others after half a minute or a whole
one, and nothing is counted twice. A capture that cannot be read, or is none, is set aside with its
error (policap status), and the rest goes on. Any other fault is tried again, four times in all.

The documents and the captures of a job are those of whoever submitted it: let only people into the
queue and the store whose jobs may read what this machine can read.
`;

export const workerCommand = (terminal: Terminal, finish: Finish): Command =>
  new Command('worker')
    .summary('replay captures that others put in a queue')
    .description('Takes captures from a queue, replays them, and writes what it finds to the store, until it is ended.')
    .addOption(queueOption())
    .addOption(storeOption('what policap submit was given: a folder, or s3://BUCKET[/PREFIX]'))
    .addOption(
      new Option('--concurrency <n>', 'captures at a time, a thread and a core each')
        .argParser(wholeNumber(1, 256))
        .default(1),
    )
    .addOption(
      new Option('--stall <seconds>', 'without progress after which a capture is given up, and tried again')
        .argParser(wholeNumber(1, 86_400))
        .default(120),
    )
    .addOption(
      new Option('--lock <seconds>', 'after which a worker that is not heard of has lost its captures')
        .argParser(wholeNumber(1, 86_400))
        .default(30)
        .hideHelp(),
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runWorker } = await import('./worker.js');
      finish(await runWorker(called.optsWithGlobals<WorkerCommandOptions>(), terminal));
    });
