/**
 * policap compile on the command line: its options and its help. What it does (compile.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import { EXIT_DONE } from './errors.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

const STAGES = ['rules', 'tree', 'stats', 'nft'] as const;

export interface CompileCommandOptions extends CommonOptions {
  readonly emit: (typeof STAGES)[number];
  readonly engine: 'tree' | 'linear';
  readonly output: 'text' | 'json';
}

const HELP = `
Examples:
  policap compile -p policies/ -c cluster.yaml --emit rules
      every policy as ordered rules over address sets: the normal form
  policap compile -p policies/ -c cluster.yaml --emit tree
      the decision tree, as it is walked
  policap compile --rules acl.rules --emit stats -o json
      rules, address classes, nodes, depth, bytes, build time
  policap compile -p policies/ -c cluster.yaml --emit nft
      the same rules as an nftables ruleset, to check policap against a kernel
  policap compile -p policies/ -c cluster.yaml --emit nft --profile calico
      as Calico writes them: its chains, marks and order
`;

export function compileCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('compile')
    .summary('what the policies were compiled to')
    .description('Compiles the documents, and prints what was built.');
  return addInputOptions(command)
    .addOption(new Option('--emit <stage>', 'what is printed').choices([...STAGES]).default('stats'))
    .addOption(new Option('--engine <engine>', 'the classifier').choices(['tree', 'linear']).default('tree'))
    .addOption(
      new Option('-o, --output <format>', 'stats: how they are printed').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runCompile } = await import('./compile.js');
      runCompile(called.optsWithGlobals<CompileCommandOptions>(), terminal);
      finish(EXIT_DONE);
    });
}
