/**
 * The completion script for bash: 3.2 (macOS) and later, without the bash-completion package.
 *
 * Files are left to readline (`complete -o default`), which knows about spaces, slashes and `~`. Where no file may
 * stand, it is told so, as far as this bash can (compopt came with 4.0).
 */
import { optionNames, type Place, steps, valuePlaces } from './completion-places.js';
import type { ValueReference } from './reference.js';

export function bashCompletion(places: readonly Place[]): string {
  return `# bash completion for policap: source <(policap completion bash)

# at option -> kind, words and many of its value; kind is empty where it takes none
_policap_value() {
  kind='' words='' many=''
  case "$1:$2" in
${valuePlaces(places)
  .map(({ keys, value }) => `    ${keys.join(' | ')}) ${valueWords(value)} ;;`)
  .join('\n')}
  esac
}

# at -> commands, options, and the kind of what stands there without an option
_policap_place() {
  commands='' options='' kind='' words=''
  case "$1" in
${places.map(place => `    ${quote(place.at)}) ${placeWords(place)} ;;`).join('\n')}
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
  local cur="\${COMP_WORDS[COMP_CWORD]}" at='' option='' kind words many commands options word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      # readline cuts --option=value into three words
      =) ;;
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
  [[ "$cur" == = ]] && cur=''

  if [[ -n "$option" && "$cur" != -?* ]]; then
    _policap_value "$at" "$option"
  else
    _policap_place "$at"
    if [[ "$cur" == -* ]]; then
      kind=words words="$options"
    elif [[ -n "$commands" ]]; then
      kind=words words="$commands"
    fi
  fi
  case "$kind" in
    path) return ;;
    directory) COMPREPLY=($(compgen -d -- "$cur")) ;;
    words) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    list) COMPREPLY=($(compgen -P "\${cur%"\${cur##*,}"}" -W "$words" -- "\${cur##*,}")) ;;
  esac
  compopt +o default 2>/dev/null
  return 0
}

complete -o default -F _policap policap
`;
}

const quote = (text: string): string => `'${text}'`;

const valueWords = ({ kind, words, many }: ValueReference): string =>
  [`kind=${kind}`, ...(words.length > 0 ? [`words=${quote(words.join(' '))}`] : []), ...(many ? ['many=1'] : [])].join(
    ' ',
  );

function placeWords(place: Place): string {
  const { commands, operand } = place;
  return [
    `options=${quote(optionNames(place).join(' '))}`,
    ...(commands.length > 0 ? [`commands=${quote(commands.map(({ name }) => name).join(' '))}`] : []),
    ...(operand === null ? [] : [valueWords(operand)]),
  ].join(' ');
}
