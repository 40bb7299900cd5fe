/**
 * The completion script for fish: a file in ~/.config/fish/completions.
 */
import { type Place, steps, valuePlaces } from './completion-places.js';
import type { OptionReference, ValueReference } from './reference.js';

export function fishCompletion(places: readonly Place[]): string {
  const paths = valuePlaces(places)
    .filter(({ value }) => value.kind === 'path' && value.many)
    .flatMap(({ keys }) => keys.map(key => key.slice(key.indexOf(':') + 1)));
  return `# fish completion for policap: policap completion fish > ~/.config/fish/completions/policap.fish

# Whether the words before the cursor lead to this command.
function __policap_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at:$word"
${steps(places)
  .map(({ from, name, to }) => `            case '${from}:${name}'\n                set at ${to}`)
  .join('\n')}
        end
    end
    test "$at" = "$argv[1]"
end

# Whether the last option before the cursor takes every path behind it.
function __policap_in_paths
    set -l options (string match -- '-?*' (commandline -opc))
    set -q options[1]; and contains -- $options[-1] ${[...new Set(paths)].join(' ')}
end

# Words of a list with commas, behind those that are written.
function __policap_list
    set -l token (string replace -r '^--[^=]*=' '' -- (commandline -ct))
    set -l before (string replace -r '[^,]*$' '' -- $token)
    printf '%s\\n' $before$argv
end

complete -c policap -f
complete -c policap -n __policap_in_paths -F
${places.map(placeLines).join('\n')}
`;
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function placeLines({ at, commands, options, operand }: Place): string {
  const here = `complete -c policap -n ${quote(`__policap_at ${at === '' ? '""' : at}`)}`;
  return [
    ...commands.map(({ name, says }) => `${here} -a ${name} -d ${quote(says)}`),
    ...(operand === null ? [] : [`${here} ${valueArguments(operand)}`]),
    ...options.map(option => `${here} ${optionArguments(option)}`),
  ].join('\n');
}

function optionArguments({ names, description, value }: OptionReference): string {
  const spelled = names.map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...spelled, ...(value === null ? [] : [`-r ${valueArguments(value)}`]), `-d ${quote(description)}`].join(' ');
}

function valueArguments({ kind, words }: ValueReference): string {
  switch (kind) {
    case 'words':
      return `-f -a ${quote(words.join(' '))}`;
    case 'list':
      return `-f -a ${quote(`(__policap_list ${words.join(' ')})`)}`;
    case 'path':
      return '-F';
    case 'directory':
      return `-f -a '(__fish_complete_directories)'`;
    case 'text':
      return '-f';
  }
}
