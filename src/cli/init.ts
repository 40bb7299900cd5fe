/**
 * policap init: policies and a cluster -> a first file of cases.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative } from 'node:path';
import { proposeCases } from '../cases/propose.js';
import { casesText } from '../cases/write.js';
import { openOutput } from '../node/output.js';
import { plural } from '../report/style.js';
import { compileInput } from './documents.js';
import { UsageError } from './errors.js';
import type { InitCommandOptions } from './init-command.js';
import { styleFor, type Terminal } from './terminal.js';

export function runInit(options: InitCommandOptions, terminal: Terminal): void {
  const { policies = [], cluster = [], rules, profile, staged, write } = options;
  if (rules !== undefined) {
    throw new UsageError('--rules: cases are proposed between pods', 'give policies with -p and the cluster with -c');
  }
  if ([...policies, ...cluster].includes('-')) {
    throw new UsageError('the cases name their documents by path', 'give the documents as files');
  }
  if (write !== '-' && options.force !== true && existsSync(write)) {
    throw new UsageError(`${write}: is there already`, 'give another name with -w, or --force to write over it');
  }
  const compiled = compileInput(
    options,
    terminal,
    styleFor(options.color, terminal.errIsTerminal, terminal.environment),
  );
  const proposal = proposeCases(compiled, options.by);
  const paths = (given: readonly string[]): string[] => given.map(path => relativeTo(write, path));
  const head = {
    policies: paths(policies),
    cluster: paths(cluster),
    ...(profile !== undefined && { profile }),
    ...(staged === true && { staged }),
  };
  const output = write === '-' ? terminal : openOutput(write);
  output.write(casesText(proposal, head));
  if ('close' in output) output.close();
  const { cases, assertions, leftOut } = proposal;
  terminal.say(
    `policap: ${plural(cases.length, 'case')}, ${plural(assertions, 'assertion')}${write === '-' ? '' : ` in ${write}`}`,
  );
  for (const sentence of leftOut) terminal.say(`    left out: ${sentence}`);
  if (write !== '-') terminal.say(`    policap test ${write}`);
}

/** As a file in that place names it: links on the way to either are followed, as opening a path follows them. */
function relativeTo(file: string, path: string): string {
  if (isAbsolute(path)) return path;
  const from = file === '-' ? '.' : dirname(file);
  const found = relative(realpathSync(from), realpathSync(path));
  return found === '' ? '.' : found;
}
