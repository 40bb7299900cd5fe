/**
 * policap test on the command line: its options and its help. What it does (test.ts) is loaded when it is asked for.
 */
import { Command, Option } from 'commander';
import type { Finish } from './main.js';
import { addInputOptions, type CommonOptions } from './options.js';
import type { Terminal } from './terminal.js';

const FORMATS = ['text', 'tap', 'junit', 'github', 'json'] as const;

export interface TestCommandOptions extends CommonOptions {
  readonly output: (typeof FORMATS)[number];
  readonly write?: string;
  readonly watch?: boolean;
}

const HELP = `
A cases file (policap init writes a first one):

  apiVersion: policap/v1
  kind: TestCases
  policies: [policies/]            # relative to this file
  cluster: [cluster.yaml]
  cases:
    - from: shop/Deployment/web
      to: shop/Deployment/api
      port: 8080
      expect: allowed
    - from: tools/debug-shell
      to: [shop/db-0, shop/Deployment/cache]
      port: [5432, 6379]
      expect: dropped
      reason: default-deny
    - capture: capture.pcapng
      expect: { dropped: 0 }

-p, -c, --rules and --profile stand in the place of what the files name.

Examples:
  policap test
      policap-cases.yaml, or the files that are named
  policap test cases/*.yaml -o junit -w results.xml
  policap test cases.yaml -p changed-policies/
      the same cases with other policies
  policap test cases.yaml --watch
      again whenever a policy, the cluster, a capture or a case changes; Ctrl-C ends it

Exit: 0 all passed; 1 an assertion failed; 2 a file is wrong, or a case cannot be asked; 3 a damaged capture.
`;

export function testCommand(terminal: Terminal, finish: Finish): Command {
  const command = new Command('test')
    .summary('hold policies to a file of cases')
    .description('Asks whether connections and captures get the verdicts that a file of cases expects.')
    .argument('[cases...]', 'files of kind TestCases (default: policap-cases.yaml)');
  addInputOptions(command)
    .addOption(new Option('-o, --output <format>', 'how results are printed').choices([...FORMATS]).default('text'))
    .option('-w, --write <file>', 'write them to a file; the text is printed beside it')
    .option('--watch', 'run again whenever a file changes')
    .addHelpText('after', HELP)
    .action(async (cases: readonly string[], _options: unknown, called: Command) => {
      const { runTest } = await import('./test.js');
      finish(await runTest(cases, called.optsWithGlobals<TestCommandOptions>(), terminal));
    });
  return command;
}
