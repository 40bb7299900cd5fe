/**
 * What is offered where, for all shells: a reference -> a Place for each command.
 */
import { allCommands, type CommandReference, type OptionReference, type ValueReference } from './reference.js';

export interface Place {
  /** The command's path with slashes: `generate/rules`, '' for the program itself. */
  readonly at: string;
  readonly commands: readonly { readonly name: string; readonly says: string }[];
  readonly options: readonly OptionReference[];
  /** What stands there without an option; null where nothing may. */
  readonly operand: ValueReference | null;
}

export function placesOf(program: CommandReference): Place[] {
  return allCommands(program).map(({ path, commands, options, globalOptions, arguments: operands }) => ({
    at: path.join('/'),
    commands: commands.map(command => ({ name: command.path.at(-1)!, says: command.summary })),
    options: [...options, ...globalOptions],
    operand: operands[0]?.value ?? null,
  }));
}

export interface ValuePlace {
  readonly value: ValueReference;
  /** `replay:-p`, `replay:--policies`, ... */
  readonly keys: readonly string[];
}

/** Options that take values, those with equal ones together. */
export function valuePlaces(places: readonly Place[]): ValuePlace[] {
  const groups = new Map<string, { value: ValueReference; keys: string[] }>();
  for (const { at, options } of places) {
    for (const { value, names } of options) {
      if (value === null) continue;
      const same = JSON.stringify(value);
      const group = groups.get(same) ?? { value, keys: [] };
      groups.set(same, group);
      group.keys.push(...names.map(name => `${at}:${name}`));
    }
  }
  return [...groups.values()];
}

/** `''` -> `replay`: every command by the place it leads to, for walking the words. */
export const steps = (
  places: readonly Place[],
): { readonly from: string; readonly name: string; readonly to: string }[] =>
  places.flatMap(({ at, commands }) =>
    commands.map(({ name }) => ({ from: at, name, to: at === '' ? name : `${at}/${name}` })),
  );

export const optionNames = ({ options }: Place): string[] => options.flatMap(({ names }) => names);
