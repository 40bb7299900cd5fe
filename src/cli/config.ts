/**
 * policap.yaml: a file -> values for options, as if they had been typed.
 *
 * A key is an option's long name. At the top stand the program's own options and those that say what is judged (options.ts),
 * for every command that has them; under a command's name, any option of that command, which goes before the top.
 * Values are read by the options' own parsers. Paths are relative to the file. Everything that is wrong is said at once.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { Command, InvalidArgumentError, type Option } from 'commander';
import type { Path, Problem } from '../documents/document.js';
import { formatPath } from '../documents/findings.js';
import { openSource, Source } from '../documents/source.js';
import { nearest } from '../documents/suggest.js';
import { readYaml } from '../documents/yaml.js';
import { reason } from '../node/sources.js';
import { DocumentError, UsageError } from './errors.js';
import { addInputOptions, suggestChoices } from './options.js';
import { optionValue, valueName } from './reference.js';

/** A value of an option, and the key that it stands under: `replay.fail-on`. */
export interface Setting {
  readonly option: Option;
  readonly key: string;
  readonly value: unknown;
}

export interface Settings {
  readonly file: string;
  get(command: Command): readonly Setting[] | undefined;
}

const MOST_BYTES = 1024 * 1024;
/** What a file that is found by itself must not decide. */
const COMMAND_LINE_ONLY = new Set(['help', 'version', 'config', 'write', 'force', 'queue', 'store']);

/** @throws UsageError, DocumentError */
export function readConfig(file: string, program: Command): Settings {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file}: ${reason(error)}`);
  }
  const source = openSource(bytes, file, MOST_BYTES);
  if (!(source instanceof Source)) throw new DocumentError([source]);
  const { trees, faults } = readYaml(source, 0, source.text.length);
  if (faults.length > 0) {
    throw new DocumentError(
      faults.map(({ offset, ...fault }) => ({ severity: 'error', position: source.position(offset), ...fault })),
    );
  }
  const [tree, second] = trees;
  const problems: Problem[] = [];
  const reader = new ConfigReader(dirname(file), (path, message, hint) => {
    const position = source.position((tree ?? second)!.locate(path));
    problems.push({ severity: 'error', position, message, ...(hint === undefined ? {} : { hint }) });
  });
  if (tree !== undefined) reader.read(tree.value, program);
  if (second !== undefined)
    reader.problem([], 'two documents in one file', 'settings are one document: remove the ---');
  if (problems.length > 0) throw new DocumentError(problems);
  return { file, get: command => reader.settings.get(command) };
}

/** Whether the file can say anything about a command. */
export const hasSettings = (command: Command): boolean =>
  command.options.some(isSettable) || command.commands.some(hasSettings);

const isSettable = (option: Option): boolean => !COMMAND_LINE_ONLY.has(keyOf(option));

/** `--no-tunnels` is the key `tunnels`. */
const keyOf = (option: Option): string => option.name().replace(/^no-/, '');

type Report = (path: Path, message: string, hint?: string) => void;

class ConfigReader {
  readonly settings = new Map<Command, Setting[]>();

  constructor(
    private readonly folder: string,
    readonly problem: Report,
  ) {}

  read(value: unknown, program: Command): void {
    if (!isMapping(value)) {
      this.problem([], 'not a mapping', 'settings are keys and values, e.g. policies: [policies/]');
      return;
    }
    const input = addInputOptions(new Command());
    suggestChoices(input);
    const shared = input.options;
    const own = program.options.filter(isSettable);
    const commands = program.commands.filter(hasSettings);
    for (const [key, given] of Object.entries(value)) {
      const command = commands.find(it => it.name() === key);
      if (command !== undefined) continue;
      const options = [...own, ...shared].filter(it => keyOf(it) === key);
      if (options.length === 0) this.unknown([key], [...own, ...shared].map(keyOf), commands);
      for (const option of options) this.readShared([key], option, given, program);
    }
    // The more special goes last, and so before the others.
    for (const command of commands) {
      if (Object.hasOwn(value, command.name())) this.readSection([command.name()], value[command.name()], command);
    }
  }

  private readSection(path: Path, value: unknown, command: Command): void {
    if (value === null) return;
    if (!isMapping(value)) {
      this.problem(path, `${formatPath(path)}: not a mapping`, 'options of the command and their values');
      return;
    }
    const options = command.options.filter(isSettable);
    for (const [key, given] of Object.entries(value)) {
      const inner = command.commands.find(it => it.name() === key);
      const option = options.find(it => keyOf(it) === key);
      if (inner !== undefined) this.readSection([...path, key], given, inner);
      else if (option !== undefined) this.set(command, [...path, key], option, given);
      else this.unknown([...path, key], options.map(keyOf), command.commands);
    }
  }

  /** For every command that has the option: the same name alone may mean something else there. */
  private readShared(path: Path, shared: Option, value: unknown, program: Command): void {
    const commands = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)];
    const before = this.valueOf(path, shared, value);
    if (before === undefined) return;
    for (const command of commands) {
      const option = command.options.find(({ flags }) => flags === shared.flags);
      if (option !== undefined) this.add(command, { option, key: formatPath(path), value: before });
    }
  }

  private set(command: Command, path: Path, option: Option, given: unknown): void {
    const value = this.valueOf(path, option, given);
    if (value !== undefined) this.add(command, { option, key: formatPath(path), value });
  }

  private add(command: Command, setting: Setting): void {
    const others = (this.settings.get(command) ?? []).filter(({ option }) => option !== setting.option);
    this.settings.set(command, [...others, setting]);
  }

  /** As the option's own parser reads it; undefined where that fails, which is said. */
  private valueOf(path: Path, option: Option, given: unknown): unknown {
    const fail = (message: string, at: Path = path, hint?: string): undefined => {
      this.problem(at, `${formatPath(at)}: ${message}`, hint);
    };
    if (option.isBoolean() || option.negate) {
      return typeof given === 'boolean'
        ? given
        : fail(`Invalid value: ${JSON.stringify(given)}: must be true or false`);
    }
    const { kind } = optionValue(option);
    const isList = option.variadic || kind === 'list' || isPairs(option);
    const items = isMapping(given) && isPairs(option) ? pairsOf(given) : Array.isArray(given) ? given : [given];
    if (!isList && Array.isArray(given)) return fail('a list, where the option takes one value');
    if (items.length === 0) return fail('an empty list', path, 'leave the key out');
    let value: unknown;
    for (const [i, item] of items.entries()) {
      const at = Array.isArray(given) ? [...path, i] : path;
      if (!['string', 'number', 'boolean'].includes(typeof item) || item === '') {
        return fail(`Invalid value: ${JSON.stringify(item)}: must be a value as the command line takes it`, at);
      }
      const text = kind === 'path' || kind === 'directory' ? this.pathOf(String(item)) : String(item);
      try {
        if (option.parseArg !== undefined) value = option.parseArg(text, value);
        else value = option.variadic ? [...((value as string[]) ?? []), text] : text;
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        const [message, ...hints] = error.message.split('\n');
        return fail(
          `Invalid value: ${JSON.stringify(item)}: ${message}`,
          at,
          hints.join(' ').replace(/^\(|\)$/g, '') || undefined,
        );
      }
    }
    return value;
  }

  private pathOf(path: string): string {
    return path === '-' || isAbsolute(path) ? path : join(this.folder, path);
  }

  private unknown(path: Path, options: readonly string[], commands: readonly Command[]): void {
    const key = String(path.at(-1));
    if (COMMAND_LINE_ONLY.has(key)) {
      this.problem(path, `${formatPath(path)}: not a setting`, `only the command line says --${key}`);
      return;
    }
    const known = [...options, ...commands.map(command => command.name())];
    const meant = nearest(key, known);
    const hint = meant === null ? `settings here are ${known.join(', ')}` : `did you mean ${meant}?`;
    this.problem(path, `${formatPath(path)}: not a setting`, hint);
  }
}

/** `name=seconds`: a mapping in a file. */
const isPairs = (option: Option): boolean => valueName(option).includes('=');

const pairsOf = (given: Record<string, unknown>): string[] =>
  Object.entries(given).map(([name, value]) => `${name}=${String(value)}`);

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
