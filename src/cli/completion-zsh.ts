/**
 * The completion script for zsh: sourced behind compinit, or a file `_policap` in a folder of $fpath.
 */
import { type Place, steps, valuePlaces } from './completion-places.js';
import type { ValueReference } from './reference.js';

export function zshCompletion(places: readonly Place[]): string {
  return `#compdef policap
# zsh completion for policap: source <(policap completion zsh)

# at option -> kind, words and many of its value; kind is empty where it takes none
_policap_value() {
  kind='' many='' words_of=()
  case "$1:$2" in
${valuePlaces(places)
  .map(({ keys, value }) => `    ${keys.map(quote).join('|')}) ${valueWords(value)} ;;`)
  .join('\n')}
  esac
}

# at -> places (commands), flags (options), and the kind of what stands there without an option
_policap_place() {
  kind='' words_of=() places=() flags=()
  case "$1" in
${places.map(place => `    ${quote(place.at)})\n${placeLines(place)}\n      ;;`).join('\n')}
  esac
}

# at word -> at, of the command that the word is
_policap_step() {
  case "$1:$2" in
${steps(places)
  .map(({ from, name, to }) => `    ${quote(`${from}:${name}`)}) at=${to} ;;`)
  .join('\n')}
  esac
}

_policap() {
  local at='' option='' kind many word cur="$words[CURRENT]"
  local -a words_of places flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$word" in
      -?*)
        _policap_value "$at" "$word"
        option=''
        [[ -n "$kind" ]] && option="$word"
        ;;
      *)
        if [[ -n "$option" ]]; then
          _policap_value "$at" "$option"
          [[ -z "$many" ]] && option=''
        else
          _policap_step "$at" "$word"
        fi
        ;;
    esac
  done

  if [[ "$cur" == --*=* ]]; then
    compset -P '*='
    _policap_value "$at" "\${cur%%=*}"
  elif [[ -n "$option" && "$cur" != -?* ]]; then
    _policap_value "$at" "$option"
  else
    _policap_place "$at"
    if [[ "$cur" == -* ]]; then
      _describe -o option flags
      return
    elif (( $#places )); then
      _describe command places
      return
    fi
  fi
  case "$kind" in
    path) _files ;;
    directory) _files -/ ;;
    words) compadd -a words_of ;;
    list) compset -P '*,'; compadd -S '' -a words_of ;;
  esac
}

if [[ "$funcstack[1]" == _policap ]]; then _policap "$@"; else compdef _policap policap; fi
`;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const valueWords = ({ kind, words, many }: ValueReference): string =>
  [`kind=${kind}`, ...(words.length > 0 ? [`words_of=(${words.join(' ')})`] : []), ...(many ? ['many=1'] : [])].join(
    ' ',
  );

function placeLines({ commands, options, operand }: Place): string {
  const list = (name: string, items: readonly string[]): string =>
    items.length === 0 ? '' : `      ${name}=(\n${items.map(item => `        ${item}`).join('\n')}\n      )`;
  return [
    list(
      'flags',
      options.flatMap(({ names, description }) => names.map(name => quote(`${name}:${description}`))),
    ),
    list(
      'places',
      commands.map(({ name, says }) => quote(`${name}:${says}`)),
    ),
    operand === null ? '' : `      ${valueWords(operand)}`,
  ]
    .filter(line => line !== '')
    .join('\n');
}
