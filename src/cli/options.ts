/**
 * Options that several commands take, and how their values are read.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { nearest } from '../documents/suggest.js';
import { MOST_CONNECTIONS } from '../flow/conntrack.js';
import { CONNTRACK_KINDS, type ConntrackKind, timeoutNamesOf } from '../flow/kinds.js';
import { LONGEST_TIMEOUT } from '../flow/timeouts.js';
import { PROFILE_NAMES } from '../profile/profile.js';
import type { InputOptions } from './documents.js';
import { UsageError } from './errors.js';
import type { ColorChoice } from './terminal.js';

export interface CommonOptions extends InputOptions {
  readonly color: ColorChoice;
}

export const append = (value: string, before: readonly string[] | undefined): string[] => [...(before ?? []), value];

/** -p, -c, --rules unless the command takes none, --staged; --profile unless it names several. */
export function addInputOptions(command: Command, { profile = true, rules = true } = {}): Command {
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
    );
  if (rules) {
    command.addOption(
      new Option(
        '--rules <file...>',
        'ordered 5-tuple rules instead of policies: a RuleList, or ClassBench filters',
      ).argParser(append),
    );
  }
  command.addOption(new Option('--staged', "judge Calico's staged policies as if they were enforced"));
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

/** `name=seconds`, repeated; the names are those of any connection table (flow/kinds.ts). */
export function timeoutOption(
  value: string,
  before: Readonly<Record<string, number>> | undefined,
): Record<string, number> {
  const match = /^([^=]+)=(\d+(?:\.\d+)?)$/.exec(value);
  if (match === null) throw new InvalidArgumentError('Give name=seconds, for example tcp_established=3600.');
  const name = match[1]!;
  const names = [...new Set(CONNTRACK_KINDS.flatMap(timeoutNamesOf))];
  if (!names.includes(name)) {
    const meant = nearest(name, names);
    const lists = CONNTRACK_KINDS.filter(kind => kind !== 'none').map(
      kind => `${kind}: ${timeoutNamesOf(kind).join(', ')}`,
    );
    throw new InvalidArgumentError(
      `There is no timeout ${name}${meant === null ? '' : ` (did you mean ${meant}?)`}. The names by connection table: ${lists.join('; ')}.`,
    );
  }
  const seconds = Number(match[2]);
  if (seconds < 0.001 || seconds > LONGEST_TIMEOUT) {
    throw new InvalidArgumentError(`Give 0.001 to ${LONGEST_TIMEOUT} seconds.`);
  }
  return { ...before, [name]: seconds };
}

/** Which kinds there are is said in full, with the next step, so the parser does not check it: help and completion list them. */
export const conntrackOption = (): Option =>
  Object.assign(new Option('--conntrack <kind>', "connection table (default: the profile's)"), {
    argChoices: [...CONNTRACK_KINDS],
  });

/** What commands that replay captures beside `replay` say of them, and of the connection table. @param timeout the option's sentence */
export function addTrackingOptions(command: Command, { timeout }: { readonly timeout: string }): Command {
  return command
    .addOption(conntrackOption())
    .addOption(new Option('--timeout <name=seconds>', timeout).argParser(timeoutOption))
    .addOption(
      new Option('--max-connections <n>', 'entries of each connection table (default: 1048576)').argParser(
        wholeNumber(1, MOST_CONNECTIONS),
      ),
    )
    .option('--no-tunnels', 'judge tunnels from outside, not what they carry')
    .option('--no-duplicates', 'judge each copy of a packet that was seen on several interfaces');
}

export function checkConntrack(kind: string | undefined): asserts kind is ConntrackKind | undefined {
  if (kind !== undefined && !(CONNTRACK_KINDS as readonly string[]).includes(kind)) {
    const meant = nearest(kind, CONNTRACK_KINDS);
    throw new UsageError(
      `--conntrack ${kind}: not known${meant === null ? '' : ` (did you mean ${meant}?)`}`,
      `give one of ${CONNTRACK_KINDS.join(', ')}`,
    );
  }
}

/** Whether one of the tables has each of the timeouts. @param why for people, after the table's name */
export function checkTimeoutsOf(
  tables: readonly { readonly kind: ConntrackKind; readonly why: string }[],
  timeouts: Readonly<Record<string, number>> = {},
): void {
  for (const name of Object.keys(timeouts)) {
    if (tables.some(({ kind }) => timeoutNamesOf(kind).includes(name))) continue;
    const others = CONNTRACK_KINDS.filter(kind => timeoutNamesOf(kind).includes(name));
    const lists = tables.map(({ kind }) => `${kind}: ${timeoutNamesOf(kind).join(', ')}`);
    throw new UsageError(
      `--timeout ${name}: connection table ${tables.map(({ kind, why }) => `${kind}${why}`).join(' or ')} has no such timeout, ${others.join(' and ')} has`,
      `the names of ${[...new Set(lists)].join('; ')}`,
    );
  }
}

/** Reads a comma-separated list; says which words there are, for completion and manuals. */
export interface WordListParser<T extends string> {
  (value: string, before: readonly T[] | undefined): T[];
  readonly words: readonly T[];
}

/** A comma-separated list of known words, repeated. */
export function wordList<T extends string>(known: readonly T[]): WordListParser<T> {
  const parse = (value: string, before: readonly T[] | undefined): T[] => {
    const words = value.split(',').map(word => word.trim());
    for (const word of words) {
      if (!(known as readonly string[]).includes(word))
        throw new InvalidArgumentError(`Allowed are ${known.join(', ')}.${didYouMean(word, known)}`);
    }
    return [...(before ?? []), ...(words as T[])];
  };
  return Object.assign(parse, { words: known });
}

/** As commander says it of commands and options; '' where no word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === null ? '' : `\n(Did you mean ${meant}?)`;
}

/** Options and arguments of a few choices say which one may be meant. */
export function suggestChoices(command: Command): void {
  for (const choosing of [...command.options, ...command.registeredArguments]) {
    const { argChoices: choices, parseArg: parse } = choosing;
    if (choices === undefined || parse === undefined) continue;
    choosing.parseArg = <T>(value: string, before: T): T => {
      if (choices.includes(value)) return parse(value, before);
      throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.${didYouMean(value, choices)}`);
    };
  }
}
