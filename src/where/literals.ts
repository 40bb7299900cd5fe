/**
 * Words as values of a field (cold): what each type takes, and what is said where it takes something else.
 *
 * In:  a field and the tokens behind an operator.  Out: a Test.
 */
import { RE2JS } from 're2js';
import { nearest } from '../documents/suggest.js';
import { addressWords } from '../packet/text.js';
import type { Block, Range, Test } from './expression.js';
import { type Field, WhereError } from './field.js';
import type { Token } from './tokens.js';

/** @param isSet behind `in`: then addresses may be prefixes and numbers ranges */
export function oneOf(expression: string, field: Field, tokens: readonly Token[], isSet: boolean): Test {
  const wrong = (token: Token, hint: string): WhereError => wrongValue(expression, field, token, hint);
  switch (field.type) {
    case 'boolean':
      return { kind: 'is', values: tokens.map(token => booleanOf(token) ?? thrown(wrong(token, 'true or false'))) };
    case 'number':
      return { kind: 'within', ranges: tokens.map(token => numbersOf(expression, field, token, isSet)) };
    case 'time':
      return { kind: 'within', ranges: tokens.map(token => timesOf(expression, field, token)) };
    case 'address':
      return { kind: 'under', blocks: tokens.map(token => blockOf(expression, field, token, isSet)) };
    default:
      return { kind: 'is', values: tokens.map(token => textOf(expression, field, token)) };
  }
}

export function ordered(
  expression: string,
  field: Field,
  operator: '<' | '<=' | '>' | '>=',
  token: Token,
  position: number,
): Test {
  if (field.type !== 'number' && field.type !== 'time') {
    const problem = `${operator} compares numbers and times; ${field.name} is neither`;
    throw new WhereError(expression, position, problem, field.type === 'address' ? 'use in' : 'use ==, != or ~');
  }
  const { from, to } =
    field.type === 'time' ? timesOf(expression, field, token) : numbersOf(expression, field, token, false);
  const range: Range =
    operator === '<'
      ? { from: null, to: from! - 1n }
      : operator === '<='
        ? { from: null, to }
        : operator === '>'
          ? { from: to! + 1n, to: null }
          : { from, to: null };
  return { kind: 'within', ranges: [range] };
}

export function patternOf(expression: string, field: Field, token: Token, position: number): Test {
  if (field.type !== 'text' && field.type !== 'texts') {
    const hint = field.type === 'address' ? `${field.name} in 10.0.0.0/8` : 'use ==, !=, <, > or in';
    throw new WhereError(expression, position, `~ is for text; ${field.name} is none`, hint);
  }
  const { kind, text } = token;
  if (kind !== 'pattern' && !/[*?]/.test(text)) {
    const hint = `*${text}* where it may stand anywhere, == for the whole value, or /${text}/`;
    throw new WhereError(expression, token.position, `'${text}' has no * and no ?, so it is no pattern`, hint);
  }
  const pattern = kind === 'pattern' ? text : globPattern(text);
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const problem = `/${text}/ is no regular expression: ${(error as Error).message}`;
    throw new WhereError(
      expression,
      token.position,
      problem,
      "RE2's syntax: https://github.com/google/re2/wiki/Syntax",
    );
  }
  return { kind: 'matches', pattern };
}

/** `*` any characters, `?` one; the whole value. */
const globPattern = (glob: string): string =>
  `^(?s:${[...glob].map(it => (it === '*' ? '.*' : it === '?' ? '.' : RE2JS.quote(it))).join('')})$`;

const wrongValue = (expression: string, { name }: Field, { position, text }: Token, allowed: string): WhereError =>
  new WhereError(expression, position, `'${text}' is no value of ${name}`, allowed);

function thrown(error: WhereError): never {
  throw error;
}

const booleanOf = ({ text }: Token): boolean | undefined => ({ true: true, false: false })[text];

function textOf(expression: string, field: Field, token: Token): string {
  const { values } = field;
  if (values === undefined) return token.text;
  const known = values.find(value => value.toLowerCase() === token.text.toLowerCase()) ?? field.read?.(token.text);
  if (known !== undefined && known !== null) return known;
  const meant = nearest(token.text, values);
  const all = `one of ${values.join(', ')}`;
  throw wrongValue(expression, field, token, meant === null ? all : `did you mean ${meant}? ${all}`);
}

const RANGE = /^(-?\d{1,18})(?:-(\d{1,18}))?$/;

function numbersOf(expression: string, field: Field, token: Token, isSet: boolean): Range {
  const [, first, last] = RANGE.exec(token.text) ?? [];
  if (first === undefined || (last !== undefined && !isSet)) {
    throw wrongValue(
      expression,
      field,
      token,
      isSet ? 'whole numbers, and ranges such as 8000-8100' : 'a whole number',
    );
  }
  const from = BigInt(first);
  const to = BigInt(last ?? first);
  if (from > to) throw wrongValue(expression, field, token, `${last}-${first}: the smaller number first`);
  return { from, to };
}

/** An instant, or the day, minute or second that is all it says. */
const TIME = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const SECOND = 1_000_000_000n;

function timesOf(expression: string, field: Field, token: Token): Range {
  const [matched, day, minute, second, fraction, zone] = TIME.exec(token.text) ?? [];
  const text = `${day}T${minute ?? '00:00'}:${second ?? '00'}${zone ?? 'Z'}`;
  const milliseconds = matched === undefined ? Number.NaN : Date.parse(text);
  // Date.parse takes the 30th of February for the 1st of March.
  const isDay = !Number.isNaN(milliseconds) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day!);
  if (!isDay) {
    throw wrongValue(
      expression,
      field,
      token,
      'a time such as 2026-01-31, 2026-01-31T12:00Z or 2026-01-31T12:00:00.5Z',
    );
  }
  const digits = fraction ?? '';
  const from = BigInt(milliseconds / 1000) * SECOND + BigInt(digits.padEnd(9, '0'));
  const length =
    second !== undefined ? 10n ** BigInt(9 - digits.length) : (minute !== undefined ? 60n : 86_400n) * SECOND;
  return { from, to: from + length - 1n };
}

function blockOf(expression: string, field: Field, token: Token, isSet: boolean): Block {
  const [address = '', length, ...more] = token.text.split('/');
  const words = addressWords(address);
  const allowed = isSet ? 'addresses, and prefixes such as 10.0.0.0/8 or fe80::/10' : 'an address';
  if (words === null || more.length > 0) throw wrongValue(expression, field, token, allowed);
  const bits = words.family === 4 ? 32 : 128;
  if (length === undefined) return { ...words, length: bits };
  if (!isSet) throw wrongValue(expression, field, token, `a prefix needs in: ${field.name} in ${token.text}`);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) {
    throw wrongValue(expression, field, token, `a prefix length of 0 to ${bits}`);
  }
  return { ...words, length: Number(length) };
}
