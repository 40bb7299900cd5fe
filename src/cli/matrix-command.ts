/**
 * policap matrix on the command line: its options and its help. What it does (matrix.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import { LEVELS, type Level } from '../matrix/levels.js';
import { EXIT_DONE } from './errors.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

const FORMATS = ['text', 'json', 'csv', 'markdown', 'dot', 'svg'] as const;

export interface MatrixCommandOptions extends CommonOptions {
  readonly by: Level;
  readonly outside: boolean;
  readonly output: (typeof FORMATS)[number];
  readonly write?: string;
  readonly layout: 'auto' | 'grid' | 'list';
}

const HELP = `
Cells: "all" is every protocol and port, "-" nothing; after "some:" stands what
only some of the pods may, or only from some source ports, or of some types of
ICMP; after "IPv4 only:" and "IPv6 only:" what one address of dual-stack pods
may and the other may not; after "undecided:" what depends on a request or a
DNS name, or on what is not judged. "outside" is every address that nobody in
the cluster owns; blocks that rules tell apart stand in rows of their own.
Nodes, and pods on their network, are no rows; what a service mesh says is not
in it.

Examples:
  policap matrix -p policies/ -c cluster.yaml
  policap matrix -p policies/ -c cluster.yaml --by namespace
  policap matrix -p policies/ -c cluster.yaml --profile calico
  policap matrix -p policies/ -c cluster.yaml -o svg -w matrix.svg
  policap matrix -p policies/ -c cluster.yaml -o dot | dot -Tsvg > graph.svg
  policap matrix -p policies/ -c cluster.yaml -o json | jq '.cells[] | select(.to == "shop/StatefulSet/db")'
`;

export function matrixCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('matrix')
    .summary('who can talk to whom, on what')
    .description('Prints what every workload may say to every other, exactly, over all ports.');
  return addInputOptions(command)
    .addOption(new Option('--by <level>', 'what a row stands for').choices([...LEVELS]).default('workload'))
    .option('--no-outside', 'leave out the addresses beyond the cluster')
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices([...FORMATS]).default('text'))
    .addOption(new Option('-w, --write <file>', 'write it to a file'))
    .addOption(
      new Option('--layout <layout>', 'text: a grid, or a list of what is allowed')
        .choices(['auto', 'grid', 'list'])
        .default('auto'),
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runMatrix } = await import('./matrix.js');
      runMatrix(called.optsWithGlobals<MatrixCommandOptions>(), terminal);
      finish(EXIT_DONE);
    });
}
