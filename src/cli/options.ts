/**
 * Options that several commands take, and how their values are read.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nearest } from '../documents/suggest.js';
import { LONGEST_TIMEOUT, timeoutNames } from '../flow/timeouts.js';
import { PROFILE_NAMES } from '../profile/profile.js';
import type { InputOptions } from './documents.js';
import type { ColorChoice } from './terminal.js';

export interface CommonOptions extends InputOptions {
  readonly color: ColorChoice;
}

const append = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

/** -p, -c, --rules, --staged; --profile unless the command names several. */
export function addInputOptions(command: Command, { profile = true } = {}): Command {
  command
    .addOption(
      new Option('-p, --policies <path...>', 'NetworkPolicies: files, directories, or - for standard input').argParser(
        append,
      ),
    )
    .addOption(
      new Option('-c, --cluster <path...>', 'namespaces, nodes, pods, services: the same kinds of paths').argParser(
        append,
      ),
    )
    .addOption(
      new Option(
        '--rules <file...>',
        'ordered 5-tuple rules instead of policies: a RuleList, or ClassBench filters',
      ).argParser(append),
    )
    .addOption(new Option('--staged', "judge Calico's staged policies as if they were enforced"));
  if (!profile) return command;
  return command.addOption(
    new Option(
      '--profile <plugin>',
      'the network plugin that enforces the policies (default: the one the cluster runs, else upstream)',
    ).choices([...PROFILE_NAMES]),
  );
}

/** A whole number of a range, in decimal. */
export function wholeNumber(lowest: number, highest: number): (value: string) => number {
  return value => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= lowest && number <= highest)) {
      throw new InvalidArgumentError(`Give a whole number from ${lowest} to ${highest}.`);
    }
    return number;
  };
}

/** `name=seconds`, repeated; the names are those of flow/timeouts.ts. */
export function timeoutOption(
  value: string,
  before: Readonly<Record<string, number>> | undefined,
): Record<string, number> {
  const match = /^([^=]+)=(\d+(?:\.\d+)?)$/.exec(value);
  if (match === null) throw new InvalidArgumentError('Give name=seconds, for example tcp_established=3600.');
  const name = match[1]!;
  const names = timeoutNames();
  if (!names.includes(name)) {
    const meant = nearest(name, names);
    throw new InvalidArgumentError(
      `There is no timeout ${name}${meant === null ? '' : ` (did you mean ${meant}?)`}. The names: ${names.join(', ')}.`,
    );
  }
  const seconds = Number(match[2]);
  if (seconds < 0.001 || seconds > LONGEST_TIMEOUT) {
    throw new InvalidArgumentError(`Give 0.001 to ${LONGEST_TIMEOUT} seconds.`);
  }
  return { ...before, [name]: seconds };
}

/** A comma-separated list of known words, repeated. */
export function wordList<T extends string>(
  known: readonly T[],
): (value: string, before: readonly T[] | undefined) => T[] {
  return (value, before) => {
    const words = value.split(',').map(word => word.trim());
    for (const word of words) {
      if (!(known as readonly string[]).includes(word))
        throw new InvalidArgumentError(`Allowed are ${known.join(', ')}.`);
    }
    return [...(before ?? []), ...(words as T[])];
  };
}
