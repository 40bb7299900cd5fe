/**
 * policap test: files of cases -> results, once or whenever something changes.
 */
import { existsSync } from 'node:fs';
import { resultsJson } from '../cases/json.js';
import type { TestCases } from '../cases/model.js';
import { readCases } from '../cases/read.js';
import { resultLines } from '../cases/text.js';
import { isStandardOutput, openOutput } from '../node/output.js';
import { createWatch } from '../node/watch.js';
import { countAssertions } from '../report/assertions.js';
import { githubText } from '../report/github.js';
import { junitText } from '../report/junit.js';
import { plain, type Style } from '../report/style.js';
import { tapText } from '../report/tap.js';
import { readFiles } from './documents.js';
import {
  DocumentError,
  EXIT_DAMAGED,
  EXIT_DONE,
  EXIT_FINDING,
  EXIT_INTERRUPTED,
  EXIT_USAGE,
  UsageError,
} from './errors.js';
import { createInputCompiler, type InputCompiler } from './recompile.js';
import { sayProblem } from './say-problem.js';
import { styleFor, type Terminal } from './terminal.js';
import type { TestCommandOptions } from './test-command.js';
import { type Outcome, pathsOf, runAll } from './test-run.js';

export const CASES_FILE = 'policap-cases.yaml';

export async function runTest(
  paths: readonly string[],
  options: TestCommandOptions,
  terminal: Terminal,
): Promise<number> {
  check(options);
  const files = casesFiles(paths);
  const style = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const compiler = createInputCompiler(terminal, style);
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  try {
    if (options.watch === true) return await watchFiles(files, options, compiler, terminal, style, stop.signal);
    const outcome = await runAll(readAll(files), options, compiler, terminal, stop.signal);
    print(outcome, options, terminal);
    return exitCode(outcome);
  } finally {
    release();
  }
}

async function watchFiles(
  files: readonly string[],
  options: TestCommandOptions,
  compiler: InputCompiler,
  terminal: Terminal,
  style: Style,
  signal: AbortSignal,
): Promise<number> {
  const watch = createWatch();
  try {
    watch.remember(files);
    for (;;) {
      try {
        const cases = readAll(files);
        watch.remember(cases.flatMap(it => pathsOf(it, options)));
        const outcome = await runAll(cases, options, compiler, terminal, signal);
        if (!outcome.isInterrupted) print(outcome, options, terminal);
      } catch (error) {
        sayProblem(error, terminal, style, 'nothing was tested; the last result stays');
      }
      terminal.say('policap: watching; Ctrl-C ends it');
      const changed = await watch.changed(signal);
      if (changed === null) return EXIT_DONE;
      terminal.say(`policap: changed: ${changed.join(', ')}`);
    }
  } finally {
    watch.close();
  }
}

function check({ policies, cluster, rules }: TestCommandOptions): void {
  if ([policies, cluster, rules].some(documents => documents?.includes('-'))) {
    throw new UsageError('a test reads no standard input', 'give the documents as files');
  }
}

function casesFiles(paths: readonly string[]): readonly string[] {
  if (paths.includes('-')) throw new UsageError('a test reads no standard input', 'give the cases as a file');
  if (paths.length > 0) return paths;
  if (existsSync(CASES_FILE)) return [CASES_FILE];
  throw new UsageError(
    `no cases: there is no ${CASES_FILE} here, and no other file is named`,
    'policap init -p policies/ -c cluster.yaml writes a first one',
  );
}

/** @throws DocumentError with all problems of all files */
function readAll(paths: readonly string[]): TestCases[] {
  const reads = readFiles(paths, () => new Uint8Array()).map(({ name, bytes }) => readCases(bytes, name));
  const problems = reads.flatMap(read => read.problems);
  if (problems.some(({ severity }) => severity === 'error')) throw new DocumentError(problems);
  return reads.flatMap(({ files }) => files);
}

function print(outcome: Outcome, options: TestCommandOptions, terminal: Terminal): void {
  const { results, isInterrupted } = outcome;
  const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
  const text = `${resultLines(results, style, terminal.columns).join('\n')}\n`;
  if (options.write === undefined || isStandardOutput(options.write))
    terminal.write(options.output === 'text' ? text : render(outcome, options.output));
  else {
    const output = openOutput(options.write);
    output.write(
      options.output === 'text' ? `${resultLines(results, plain, 100).join('\n')}\n` : render(outcome, options.output),
    );
    output.close();
    terminal.write(text);
  }
  if (isInterrupted) terminal.say('policap: interrupted; above is what was tested so far');
}

function render({ results, isInterrupted }: Outcome, format: Exclude<TestCommandOptions['output'], 'text'>): string {
  switch (format) {
    case 'tap':
      return tapText(results);
    case 'junit':
      return junitText(results);
    case 'github':
      return githubText(results);
    case 'json':
      return resultsJson(results, isInterrupted);
  }
}

function exitCode({ results, damaged, isInterrupted }: Outcome): number {
  if (isInterrupted) return EXIT_INTERRUPTED;
  const { failed, errors } = countAssertions(results);
  if (errors > damaged) return EXIT_USAGE;
  if (damaged > 0) return EXIT_DAMAGED;
  return failed > 0 ? EXIT_FINDING : EXIT_DONE;
}
