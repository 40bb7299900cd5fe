/**
 * An expression's text -> tokens (cold).
 *
 * Words need no quotes: whatever stands between white space, parentheses, commas and operators is one (`shop/web-*`,
 * `10.0.0.0/8`, `2026-01-01T00:00:00Z`, `ingress[0]`). Quotes, single or double, take the rest; a backslash in them stands
 * for the character behind it. Behind `~` and `!~` a slash begins a regular expression, up to the next slash.
 */
import { WhereError } from './field.js';

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~' | '&&' | '||' | '!' | '(' | ')' | ',';

export interface Token {
  readonly kind: 'operator' | 'word' | 'quoted' | 'pattern' | 'end';
  /** Of a quoted word and a pattern what is between the quotes. */
  readonly text: string;
  readonly position: number;
}

/** Longer ones first. */
const OPERATORS: readonly Operator[] = ['==', '!=', '<=', '>=', '!~', '&&', '||', '<', '>', '~', '!', '(', ')', ','];
const MEANT: Readonly<Record<string, string>> = { '=': '==', '&': '&&', '|': '||' };
const SPACE = /\s/;
const ENDS_WORD = /[\s()!,&|=<>~"']/;

export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const position = at;
    const character = text[at]!;
    if (SPACE.test(character)) {
      at++;
      continue;
    }
    const operator = OPERATORS.find(candidate => text.startsWith(candidate, at));
    const before = tokens.at(-1);
    if (operator !== undefined) {
      at += operator.length;
      tokens.push({ kind: 'operator', text: operator, position });
    } else if (character === '"' || character === "'") {
      const quoted = delimited(text, at, character);
      at = quoted.end;
      tokens.push({ kind: 'quoted', text: quoted.text.replace(/\\(.)/gs, '$1'), position });
    } else if (character === '/' && before?.kind === 'operator' && before.text.endsWith('~')) {
      const pattern = delimited(text, at, '/');
      at = pattern.end;
      tokens.push({ kind: 'pattern', text: pattern.text.replaceAll('\\/', '/'), position });
    } else if (MEANT[character] !== undefined) {
      throw new WhereError(text, at, `'${character}' is no operator`, `did you mean ${MEANT[character]}?`);
    } else {
      while (at < text.length && !ENDS_WORD.test(text[at]!)) at++;
      tokens.push({ kind: 'word', text: text.slice(position, at), position });
    }
  }
  tokens.push({ kind: 'end', text: '', position: text.length });
  return tokens;
}

/** From a delimiter to the next one that no backslash stands before. */
function delimited(text: string, from: number, delimiter: string): { readonly text: string; readonly end: number } {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === delimiter) return { text: text.slice(from + 1, at), end: at + 1 };
  }
  throw new WhereError(text, from, `what begins with ${delimiter} here does not end`, `close it with ${delimiter}`);
}
