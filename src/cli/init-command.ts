/**
 * policap init on the command line: its options and its help. What it does (init.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import { LEVELS, type Level } from '../matrix/levels.js';
import { EXIT_DONE } from './errors.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

export interface InitCommandOptions extends CommonOptions {
  readonly by: Level;
  readonly write: string;
  readonly force?: boolean;
}

const HELP = `
Examples:
  policap init -p policies/ -c cluster.yaml
      policap-cases.yaml: what the policies allow and refuse now
  policap init -p policies/ -c cluster.yaml --by namespace -w - | less
  policap test
      whether it still is so
`;

export function initCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('init')
    .summary('write a first file of cases')
    .description('Writes what the policies allow and refuse now as cases for policap test.');
  addInputOptions(command)
    .addOption(new Option('--by <level>', 'what the cases are about').choices([...LEVELS]).default('workload'))
    .option('-w, --write <file>', 'the file; - for standard output', 'policap-cases.yaml')
    .option('--force', 'write over a file that is there')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runInit } = await import('./init.js');
      runInit(called.optsWithGlobals<InitCommandOptions>(), terminal);
      finish(EXIT_DONE);
    });
  return command;
}
