/**
 * Tokens -> an Expression (cold).
 *
 *   any    = all { ("||" | "or") all }
 *   all    = one { ("&&" | "and") one }
 *   one    = ("!" | "not") one | "(" any ")" | test
 *   test   = field                                       a field that is true or false
 *          | field ("==" | "!=") (value | "null")
 *          | field ("<" | "<=" | ">" | ">=") value       numbers and times
 *          | field ["not"] "in" (value | "(" value { "," value } ")")
 *          | field ("~" | "!~") pattern                  text
 */
import { nearest } from '../documents/suggest.js';
import type { Expression, Test } from './expression.js';
import { type Field, WhereError } from './field.js';
import { oneOf, ordered, patternOf } from './literals.js';
import { type Token, tokensOf } from './tokens.js';

/** Parentheses and negations in each other. */
const DEEPEST = 200;
const ORDERS = ['<', '<=', '>', '>='] as const;
const WORDS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!' };

/** @throws WhereError */
export function parseWhere(text: string, fields: readonly Field[]): Expression {
  const parser = new Parser(text, fields);
  return parser.parse();
}

class Parser {
  private readonly tokens: readonly Token[];
  private readonly fields: ReadonlyMap<string, Field>;
  private next = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    fields: readonly Field[],
  ) {
    this.tokens = tokensOf(text);
    this.fields = new Map(fields.map(field => [field.name, field]));
  }

  parse(): Expression {
    const expression = this.joined('||');
    const { kind, text, position } = this.peek();
    if (kind !== 'end') throw this.error(position, `'${text}' stands where && or || would go on, or the end`);
    return expression;
  }

  private joined(operator: '||' | '&&'): Expression {
    const parts: Expression[] = [];
    do parts.push(operator === '||' ? this.joined('&&') : this.one());
    while (this.take(operator));
    return parts.length === 1 ? parts[0]! : { kind: operator === '||' ? 'or' : 'and', parts };
  }

  private one(): Expression {
    if (++this.depth > DEEPEST) throw this.error(this.peek().position, `more than ${DEEPEST} in each other`);
    try {
      if (this.take('!')) return { kind: 'not', part: this.one() };
      if (!this.take('(')) return this.test();
      const inside = this.joined('||');
      this.expect(')');
      return inside;
    } finally {
      this.depth--;
    }
  }

  private test(): Expression {
    const field = this.field();
    const { text, kind, position } = this.peek();
    const operator = kind === 'operator' || kind === 'word' ? text : '';
    if (operator === '==' || operator === '!=') {
      this.next++;
      const value = this.value(field);
      const test: Test = isNull(value) ? { kind: 'null' } : oneOf(this.text, field, [value], false);
      return negatedIf(operator === '!=', { kind: 'test', field, test });
    }
    const order = ORDERS.find(it => it === operator);
    if (order !== undefined) {
      this.next++;
      return { kind: 'test', field, test: ordered(this.text, field, order, this.value(field), position) };
    }
    if (operator === '~' || operator === '!~') {
      this.next++;
      const test = patternOf(this.text, field, this.value(field), position);
      return negatedIf(operator === '!~', { kind: 'test', field, test });
    }
    const isNegated = operator === 'not' && this.tokens[this.next + 1]?.text === 'in';
    if (isNegated) this.next++;
    if (isNegated || operator === 'in') {
      this.next++;
      return negatedIf(isNegated, { kind: 'test', field, test: oneOf(this.text, field, this.values(field), true) });
    }
    if (field.type === 'boolean') return { kind: 'test', field, test: { kind: 'is', values: [true] } };
    throw this.error(position, `${field.name} is ${article(field)}: an operator must follow`, operatorsOf(field));
  }

  private field(): Field {
    const { kind, text, position } = this.peek();
    if (kind !== 'word') {
      throw this.error(position, `${kind === 'end' ? 'the end' : `'${text}'`} stands where a field would`);
    }
    const field = this.fields.get(text);
    if (field === undefined) {
      const meant = nearest(text, this.fields.keys());
      const names = `fields: ${[...this.fields.keys()].join(', ')}`;
      throw this.error(
        position,
        `there is no field '${text}'`,
        meant === null ? names : `did you mean ${meant}? ${names}`,
      );
    }
    this.next++;
    return field;
  }

  private values(field: Field): Token[] {
    if (!this.take('(')) return [this.value(field)];
    const values: Token[] = [];
    do values.push(this.value(field));
    while (this.take(','));
    this.expect(')');
    const none = values.find(isNull);
    if (none !== undefined) {
      const { name } = field;
      throw this.error(none.position, 'null is no value of a list', `write ${name} == null || ${name} in (...)`);
    }
    return values;
  }

  private value(field: Field): Token {
    const token = this.peek();
    if (token.kind === 'operator' || token.kind === 'end') {
      const found = token.kind === 'end' ? 'the end' : `'${token.text}'`;
      throw this.error(token.position, `${found} stands where a value of ${field.name} would`);
    }
    this.next++;
    return token;
  }

  private peek(): Token {
    return this.tokens[this.next]!;
  }

  private take(operator: string): boolean {
    const { kind, text } = this.peek();
    const found = kind === 'operator' ? text : kind === 'word' ? WORDS[text] : undefined;
    if (found !== operator) return false;
    this.next++;
    return true;
  }

  private expect(operator: string): void {
    if (this.take(operator)) return;
    const { kind, text, position } = this.peek();
    throw this.error(position, `${kind === 'end' ? 'the end' : `'${text}'`} stands where '${operator}' would`);
  }

  private error(position: number, problem: string, hint?: string): WhereError {
    return new WhereError(this.text, position, problem, hint);
  }
}

const isNull = ({ kind, text }: Token): boolean => kind === 'word' && text === 'null';

const negatedIf = (isNegated: boolean, part: Expression): Expression => (isNegated ? { kind: 'not', part } : part);

const article = ({ type }: Field): string =>
  type === 'address' ? 'an address' : type === 'texts' ? type : `a ${type}`;

const operatorsOf = ({ type }: Field): string =>
  type === 'number' || type === 'time'
    ? '==, !=, <, <=, >, >= or in'
    : type === 'address'
      ? '==, != or in'
      : '==, !=, ~, !~ or in';
