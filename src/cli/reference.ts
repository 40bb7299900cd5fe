/**
 * What the command line offers, as plain data: one source for completion, manual pages and the configuration file.
 *
 * In:  a commander command.  Out: its reference: arguments, options with what their values may be, the texts and
 * examples of its help, and the same of its commands. A command that is added to the program appears by itself.
 *
 * Values whose names are of a kind of path (`<file>`, `<path...>`) are paths; the parser of a list of words says which
 * words there are (WordListParser).
 */
import type { EventEmitter } from 'node:events';
import type { Argument, Command, Option } from 'commander';

/** `words`: one of them; `list`: several of them with commas; `text`: anything else. */
export interface ValueReference {
  readonly kind: 'words' | 'list' | 'path' | 'directory' | 'text';
  readonly words: readonly string[];
  /** Every word behind it is another value, up to the next option. */
  readonly many: boolean;
}

export interface OptionReference {
  /** `-p, --policies <path...>` */
  readonly flags: string;
  /** `-p` and `--policies`, as they are typed. */
  readonly names: readonly string[];
  /** As help says it, with choices and the default. */
  readonly description: string;
  /** Null where the option takes no value. */
  readonly value: ValueReference | null;
}

export interface ArgumentReference {
  readonly name: string;
  readonly description: string;
  readonly value: ValueReference;
}

/** What to type, and what it is for; '' where that needs no word. */
export interface Example {
  readonly command: string;
  readonly says: string;
}

/** A paragraph of help, or commands under a title (`Examples`). */
export type HelpPart = string | { readonly title: string; readonly examples: readonly Example[] };

export interface CommandReference {
  /** Behind the program's name: `['generate', 'rules']`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly description: string;
  /** `policap replay [options] [capture...]` */
  readonly usage: string;
  readonly arguments: readonly ArgumentReference[];
  readonly options: readonly OptionReference[];
  /** Options of the program, which every command takes. */
  readonly globalOptions: readonly OptionReference[];
  readonly help: readonly HelpPart[];
  readonly commands: readonly CommandReference[];
}

export function referenceOf(command: Command, path: readonly string[] = []): CommandReference {
  const help = command.createHelp();
  help.showGlobalOptions = true;
  const option = (it: Option): OptionReference => ({
    flags: it.flags,
    names: [it.short, it.long].filter(name => name !== undefined && name !== null),
    description: help.optionDescription(it),
    value: it.required || it.optional ? optionValue(it) : null,
  });
  return {
    path,
    summary: command.summary() || command.description(),
    description: command.description(),
    usage: help.commandUsage(command),
    arguments: command.registeredArguments.map(it => ({
      name: it.name(),
      description: help.argumentDescription(it),
      value: valueNamed(it.argChoices, it.name(), it.variadic),
    })),
    options: help.visibleOptions(command).map(option),
    globalOptions: help.visibleGlobalOptions(command).map(option),
    help: helpParts(helpText(command)),
    commands: help
      .visibleCommands(command)
      .map(inner =>
        inner.name() === 'help' ? helpCommand(command, inner, path) : referenceOf(inner, [...path, inner.name()]),
      ),
  };
}

/** Every command below one, itself first. */
export const allCommands = (command: CommandReference): CommandReference[] => [
  command,
  ...command.commands.flatMap(allCommands),
];

/** What commander makes of itself: `policap help replay`. */
function helpCommand(parent: Command, help: Command, path: readonly string[]): CommandReference {
  const names = parent.commands.map(command => command.name());
  const [argument] = help.registeredArguments as readonly [Argument];
  return {
    ...{ path: [...path, 'help'], summary: help.description(), description: help.description() },
    usage: `${['policap', ...path].join(' ')} help [command]`,
    arguments: [{ name: argument.name(), description: '', value: { kind: 'words', words: names, many: false } }],
    ...{ options: [], globalOptions: [], help: [], commands: [] },
  };
}

/** The name between the brackets: `--write <file>` -> file. */
export const valueName = (option: Option): string => /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';

export function optionValue(option: Option): ValueReference {
  const parser = option.parseArg as { readonly words?: readonly string[] } | undefined;
  if (option.argChoices === undefined && parser?.words !== undefined)
    return { kind: 'list', words: parser.words, many: option.variadic };
  return valueNamed(option.argChoices, valueName(option), option.variadic);
}

const PATHS = new Set(['path', 'file', 'capture']);
const DIRECTORIES = new Set(['directory', 'folder', 'dir']);

function valueNamed(choices: readonly string[] | undefined, name: string, many: boolean): ValueReference {
  if (choices !== undefined) return { kind: 'words', words: choices, many };
  const kind = PATHS.has(name) ? 'path' : DIRECTORIES.has(name) ? 'directory' : 'text';
  return { kind, words: [], many };
}

/** What addHelpText('after') put behind a command's help. */
function helpText(command: Command): string {
  let text = '';
  // A Command is an EventEmitter; its types say only `on`.
  (command as unknown as EventEmitter).emit('afterHelp', {
    error: false,
    command,
    write: (part: string) => {
      text += part;
    },
  });
  return text;
}

/** Lines under a line that ends with a colon are commands, and what stands deeper below each of them says what it is for. */
function helpParts(text: string): HelpPart[] {
  const lines = text.trim().split('\n');
  const parts: HelpPart[] = [];
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    if (paragraph.length > 0) parts.push(paragraph.join(' '));
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.endsWith(':') && lines[i + 1]?.startsWith('  ')) {
      endParagraph();
      const from = i + 1;
      while (i + 1 < lines.length && (lines[i + 1]!.startsWith('  ') || lines[i + 1] === '')) i++;
      parts.push({ title: line.slice(0, -1), examples: examplesOf(lines.slice(from, i + 1)) });
    } else if (line.trim() === '') endParagraph();
    else paragraph.push(line.trim());
  }
  endParagraph();
  return parts;
}

function examplesOf(lines: readonly string[]): Example[] {
  const examples: { command: string; says: string }[] = [];
  for (const line of lines) {
    const last = examples.at(-1);
    const text = line.trim();
    if (text === '') continue;
    if (last?.command.endsWith('\\')) last.command += `\n${line.slice(2)}`;
    else if (last === undefined || /^ {2}\S/.test(line)) examples.push({ command: text, says: '' });
    else last.says += last.says === '' ? text : ` ${text}`;
  }
  return examples;
}
