/**
 * policap lint on the command line: its options and its help. What it does (lint.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import { SEVERITIES, type Severity } from '../lint/finding.js';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

export const LINT_OUTPUTS = ['text', 'json', 'sarif', 'github'] as const;

export interface LintCommandOptions extends CommonOptions {
  readonly output: (typeof LINT_OUTPUTS)[number];
  readonly write?: string;
  readonly failOn?: Severity;
  readonly only?: readonly string[];
  readonly ignore?: readonly string[];
  readonly fix?: 'write' | 'dry-run';
  readonly listChecks?: boolean;
}

const HELP = `
Each finding has a file and line, a sentence, and the next step. docs/lint has a
page for each check. A comment silences one, on its line or on the line above:
  - podSelector: {}   # policap-ignore: other-side-refuses - they come next week

Examples:
  policap lint -p policies/ -c cluster.yaml
  policap lint -p policies/                            what can be told without a cluster
  policap lint -p policies/ -c cluster.yaml --fail-on warning
      for pipelines: exit with 1 on a warning or an error
  policap lint -p policies/ -c cluster.yaml -o sarif -w policap.sarif
      for code scanning
  policap lint -p policies/ --fix=dry-run              which lines --fix would remove
  policap lint --list-checks
`;

/** Ids, with commas or repeated; which there are is said where they are read. */
const ids = (value: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  ...value.split(',').map(id => id.trim()),
];

export function lintCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('lint')
    .summary('mistakes in policies, found without a capture')
    .description('Looks for mistakes in policies: what selects nobody, opens nothing, or is not enforced.');
  return addInputOptions(command)
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices([...LINT_OUTPUTS]).default('text'))
    .option('-w, --write <file>', 'write it to a file')
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 on a finding that is so severe, or more').choices([
        ...SEVERITIES,
      ]),
    )
    .addOption(new Option('--only <ids>', 'only these checks').argParser(ids))
    .addOption(new Option('--ignore <ids>', 'all checks but these').argParser(ids))
    .addOption(
      new Option('--fix [how]', 'remove from the files what can go without any change of meaning; "dry-run" shows it')
        .choices(['write', 'dry-run'])
        .preset('write'),
    )
    .option('--list-checks', 'print the checks, and read nothing')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, called: Command) => {
      const { runLint } = await import('./lint.js');
      finish(runLint(called.optsWithGlobals<LintCommandOptions>(), terminal));
    });
}
