/**
 * The program: the command line -> one command, and how it ends.
 *
 * In:  arguments and a Terminal.  Out: an exit code (errors.ts). A file a command; what the user can mend ends with one
 * clear message, what only policap's authors can mend with a request to report it.
 */
import { Command, CommanderError, Option } from 'commander';
import { CaptureError } from '../capture/frame.js';
import { optimizeLater } from '../node/optimizer.js';
import { OutputError } from '../node/output.js';
import { SourceError } from '../node/sources.js';
import { QueueError } from '../queue/errors.js';
import { benchCommand } from './bench-command.js';
import { compareCommand } from './compare-command.js';
import { compileCommand } from './compile-command.js';
import { completionCommand } from './completion-command.js';
import { addConfigOptions, readConfigBefore } from './config-options.js';
import { diffCommand } from './diff-command.js';
import {
  DocumentError,
  EXIT_CODES,
  EXIT_DAMAGED,
  EXIT_DONE,
  EXIT_INTERNAL,
  EXIT_USAGE,
  problemCount,
  problemLines,
  UsageError,
} from './errors.js';
import { explainCommand } from './explain-command.js';
import { fetchCommand } from './fetch-command.js';
import { generateCommand } from './generate.js';
import { initCommand } from './init-command.js';
import { learnCommand } from './learn-command.js';
import { lintCommand } from './lint-command.js';
import { liveCommand } from './live-command.js';
import { matrixCommand } from './matrix-command.js';
import { mergeCommand } from './merge-command.js';
import { suggestChoices } from './options.js';
import { queryCommand } from './query-command.js';
import { replayCommand } from './replay-command.js';
import { statusCommand } from './status-command.js';
import { submitCommand } from './submit-command.js';
import { suggestCommand } from './suggest-command.js';
import { type ColorChoice, processTerminal, styleFor, type Terminal } from './terminal.js';
import { testCommand } from './test-command.js';
import { uiCommand } from './ui-command.js';
import { version } from './version.js';
import { workerCommand } from './worker-command.js';

const ABOUT = `Tells which packets of real traffic a Kubernetes NetworkPolicy would drop, and why, before it is applied.`;

const EXAMPLES = `
Examples:
  policap replay capture.pcapng -p policies/ -c cluster.yaml
      which conversations of the capture would be refused
  policap query -p policies/ -c cluster.yaml --from shop/frontend-0 --to shop/db-0 --port 5432
      one connection, and why
  policap explain capture.pcapng#613 -p policies/ -c cluster.yaml
      one packet: which rule decided, and why not the others
  policap matrix -p policies/ -c cluster.yaml
      who can talk to whom, on what
  policap init -p policies/ -c cluster.yaml; policap test --watch
      what is so now as test cases, and what a change breaks
  policap lint -p policies/ -c cluster.yaml
      mistakes in policies, found without a capture
  policap ui capture.pcapng -p policies/ -c cluster.yaml
      the same in the browser; nothing is sent anywhere

The cluster as policap reads it:
  kubectl get ns,nodes,pods,svc,endpointslices -A -o yaml > cluster.yaml
  kubectl get networkpolicies -A -o yaml > policies.yaml

Exit codes:
${EXIT_CODES.map(([code, meaning]) => `  ${String(code).padEnd(3)}  ${meaning}`).join('\n')}
`;

/** A command's body: what it was given is bound by its own file; the answer is the exit code. */
export type Finish = (code: number) => void;

export function createProgram(terminal: Terminal, finish: Finish): Command {
  const program = new Command('policap')
    .description(ABOUT)
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .addOption(new Option('--color <when>', 'colours in text').choices(['auto', 'always', 'never']).default('auto'))
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(policap --help shows how it is used)')
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: text => {
        terminal.write(text);
      },
      writeErr: text => terminal.say(text.trimEnd()),
      outputError: (text, write) => write(`policap: ${text}`),
      getOutHelpWidth: () => Math.min(terminal.columns, 110),
      getErrHelpWidth: () => Math.min(terminal.columns, 110),
    });
  addConfigOptions(program);
  for (const command of [
    replayCommand(terminal, finish),
    liveCommand(terminal, finish),
    mergeCommand(terminal, finish),
    submitCommand(terminal, finish),
    workerCommand(terminal, finish),
    statusCommand(terminal, finish),
    fetchCommand(terminal, finish),
    compareCommand(terminal, finish),
    diffCommand(terminal, finish),
    queryCommand(terminal, finish),
    explainCommand(terminal, finish),
    matrixCommand(terminal, finish),
    testCommand(terminal, finish),
    initCommand(terminal, finish),
    lintCommand(terminal, finish),
    suggestCommand(terminal, finish),
    uiCommand(terminal, finish),
    learnCommand(terminal, finish),
    compileCommand(terminal, finish),
    benchCommand(terminal, finish),
    generateCommand(terminal, finish),
    completionCommand(terminal, finish),
  ]) {
    const inherit = (inner: Command, name: string): Command => {
      suggestChoices(inner);
      return inner.copyInheritedSettings(program).showHelpAfterError(`(policap ${name} --help shows how it is used)`);
    };
    program.addCommand(inherit(command, command.name()));
    for (const inner of command.commands) inherit(inner, `${command.name()} ${inner.name()}`);
  }
  suggestChoices(program);
  readConfigBefore(program, terminal);
  return program;
}

/** @param args without the program's own name */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = EXIT_DONE;
  const program = createProgram(terminal, ended => {
    code = ended;
  });
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return EXIT_USAGE;
    }
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, terminal, program.opts<{ readonly color: ColorChoice }>().color);
  }
}

/** What went wrong, in the user's terms. */
function explain(error: unknown, terminal: Terminal, color: ColorChoice): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
  const style = styleFor(color, terminal.errIsTerminal, terminal.environment);
  const say = (message: string, hint?: string): void => {
    terminal.say(`policap: ${style('red', 'error:')} ${message}`);
    if (hint !== undefined) terminal.say(`    ${hint}`);
  };
  if (error instanceof UsageError || error instanceof QueueError) {
    say(error.message, error.hint);
    return EXIT_USAGE;
  }
  if (error instanceof DocumentError) {
    terminal.say(problemLines(error.problems, style).join('\n'));
    say(`${problemCount(error.problems)} in the documents; nothing was judged`);
    return EXIT_USAGE;
  }
  if (error instanceof SourceError || error instanceof OutputError) {
    say(error.message);
    return EXIT_USAGE;
  }
  if (error instanceof CaptureError) {
    say(error.message);
    return EXIT_DAMAGED;
  }
  const debug = Boolean(terminal.environment['POLICAP_DEBUG']);
  say(
    `internal error: ${error instanceof Error ? error.message : String(error)}`,
    `This is a fault of policap ${version()}, not yours. Please report it${debug ? ':' : ', with what POLICAP_DEBUG=1 prints.'}`,
  );
  if (debug && error instanceof Error) terminal.say(error.stack ?? '');
  return EXIT_INTERNAL;
}

/** The whole process: arguments in, exit code out. */
export async function run(): Promise<void> {
  optimizeLater();
  process.stderr.on('error', () => {});
  process.exitCode = await main(process.argv.slice(2), processTerminal());
}
