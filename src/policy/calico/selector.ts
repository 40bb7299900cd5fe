/**
 * Calico's selector expressions: text -> a tree (cold).
 *
 * In:  `app == 'web' && !has(canary)`.  Out: an Expression, or what is wrong and at which character.
 *
 *   or        = and { "||" and }
 *   and       = operation { "&&" operation }
 *   operation = { "!" } ( "has(" key ")" | "all()" | "global()" | "(" or ")" | key test )
 *   test      = ( "==" | "!=" | "contains" | "starts with" | "ends with" ) string | ( "in" | "not in" ) "{" [ strings ] "}"
 *
 * Strings stand in either quotes and know no escapes; between tokens stand spaces and tabs, no line breaks; the empty text
 * is all(). Depth is bounded: what is deeper is an error.
 */

export type Expression =
  | { readonly kind: 'all' }
  | { readonly kind: 'global' }
  | { readonly kind: 'has'; readonly key: string }
  | { readonly kind: '==' | '!='; readonly key: string; readonly value: string }
  | { readonly kind: 'in' | 'not in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'contains' | 'starts with' | 'ends with'; readonly key: string; readonly value: string }
  | { readonly kind: '!'; readonly of: Expression }
  | { readonly kind: '&&' | '||'; readonly of: readonly Expression[] };

export interface SelectorError {
  /** Index into the text. */
  readonly at: number;
  readonly message: string;
  readonly hint?: string;
}

export type ParsedSelector = { readonly expression: Expression } | { readonly error: SelectorError };

const DEEPEST = 200;
/** Fields of the API hold at most this much. */
export const LONGEST_SELECTOR = 1024;

class Wrong extends Error {
  constructor(readonly error: SelectorError) {
    super(error.message);
  }
}

export function parseSelector(text: string): ParsedSelector {
  try {
    const parser = new Parser(text);
    return { expression: parser.whole() };
  } catch (error) {
    if (error instanceof Wrong) return { error: error.error };
    throw error;
  }
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  whole(): Expression {
    this.skip();
    if (this.at === this.text.length) return { kind: 'all' };
    const expression = this.or();
    if (this.at < this.text.length)
      this.wrong(`unexpected content at end of selector: "${this.rest()}"`, this.joinHint());
    return expression;
  }

  private or(): Expression {
    const of = [this.and()];
    while (this.take('||')) of.push(this.and());
    return of.length === 1 ? of[0]! : { kind: '||', of };
  }

  private and(): Expression {
    const of = [this.operation()];
    while (this.take('&&')) of.push(this.operation());
    return of.length === 1 ? of[0]! : { kind: '&&', of };
  }

  private operation(): Expression {
    let negated = false;
    while (!this.text.startsWith('!=', this.at) && this.take('!')) negated = !negated;
    const expression = this.positive();
    return negated ? { kind: '!', of: expression } : expression;
  }

  private positive(): Expression {
    if (this.text[this.at] === '(') {
      if (++this.depth > DEEPEST) this.wrong(`parentheses nest deeper than ${DEEPEST}`);
      this.take('(');
      const inner = this.or();
      if (!this.take(')')) this.wrong('expected )');
      this.depth--;
      return inner;
    }
    for (const kind of ['all', 'global'] as const) {
      if (!this.take(`${kind}(`)) continue;
      if (!this.take(')')) this.wrong(`no closing ")" after ${kind}(`);
      return { kind };
    }
    if (this.take('has(')) {
      const key = this.key();
      if (key === '') this.wrong('no label name in has( expression', this.quoteHint());
      if (!this.take(')')) this.wrong('no closing ")" after has(');
      return { kind: 'has', key };
    }
    const key = this.key();
    if (key !== '') return this.test(key);
    if (this.at === this.text.length) this.wrong('unexpected end of string looking for an operation');
    return this.wrong(`unexpected characters: "${this.rest()}"`, this.quoteHint());
  }

  private test(key: string): Expression {
    for (const kind of ['==', '!=', 'contains'] as const) {
      if (this.take(kind)) return { kind, key, value: this.string() };
    }
    for (const [first, kind] of [
      ['starts', 'starts with'],
      ['ends', 'ends with'],
    ] as const) {
      if (!this.take(first)) continue;
      if (!this.take('with'))
        this.wrong(`unexpected characters after label "${key}", was expecting an operator`, `write ${kind}`);
      return { kind, key, value: this.string() };
    }
    if (this.take('not')) {
      if (!this.take('in'))
        this.wrong(`unexpected characters after label "${key}", was expecting an operator`, 'write not in');
      return { kind: 'not in', key, values: this.strings() };
    }
    if (this.take('in')) return { kind: 'in', key, values: this.strings() };
    if (this.at === this.text.length)
      this.wrong('unexpected end of string looking for op', `has(${key}) asks whether the label is there`);
    if (this.text[this.at] === '=') this.wrong('expected ==');
    return this.wrong(
      `unexpected characters after label "${key}", was expecting an operator: "${this.rest()}"`,
      'operators are ==, !=, in, not in, contains, starts with, ends with',
    );
  }

  private string(): string {
    const quote = this.text[this.at];
    if (quote !== '"' && quote !== "'") this.wrong('expected string', 'values stand in quotes');
    const end = this.text.indexOf(quote!, this.at + 1);
    if (end < 0) this.wrong('unterminated string');
    const value = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    this.skip();
    return value;
  }

  private strings(): string[] {
    if (!this.take('{')) this.wrong('expected set literal', 'write the values as { "a", "b" }');
    const values: string[] = [];
    while (this.text[this.at] === '"' || this.text[this.at] === "'") {
      values.push(this.string());
      if (!this.take(',')) break;
    }
    if (!this.take('}')) this.wrong('expected }', this.quoteHint());
    return values;
  }

  private key(): string {
    const [key] = /^[A-Za-z0-9_./-]*/.exec(this.text.slice(this.at, this.at + 513)) as unknown as [string];
    if (key.length > 512) this.wrong('a label name has at most 512 characters');
    this.at += key.length;
    this.skip();
    return key;
  }

  private take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    this.skip();
    return true;
  }

  private skip(): void {
    while (this.text[this.at] === ' ' || this.text[this.at] === '\t') this.at++;
  }

  private rest(): string {
    const rest = this.text.slice(this.at);
    return rest.length > 20 ? `${rest.slice(0, 17)}...` : rest;
  }

  private joinHint(): string | undefined {
    const next = this.text[this.at];
    if (next === '&' || next === '|') return `write ${next}${next}`;
    if (next === ',') return 'requirements are joined by &&';
    return next === '\n' || next === '\r' ? LINE_BREAK : undefined;
  }

  private quoteHint(): string | undefined {
    const next = this.text[this.at];
    if (next === '\n' || next === '\r') return LINE_BREAK;
    return next === '"' || next === "'" ? 'label names stand without quotes' : undefined;
  }

  private wrong(message: string, hint?: string): never {
    throw new Wrong(hint === undefined ? { at: this.at, message } : { at: this.at, message, hint });
  }
}

const LINE_BREAK = 'a selector is one line: fold it with ">-" in YAML';

/** Canonical text: equal text = equal selector. */
export function formatSelector(expression: Expression): string {
  switch (expression.kind) {
    case 'all':
    case 'global':
      return `${expression.kind}()`;
    case 'has':
      return `has(${expression.key})`;
    case 'in':
    case 'not in':
      return `${expression.key} ${expression.kind} {${[...new Set(expression.values)].sort().map(quoted).join(', ')}}`;
    case '!':
      return `!${formatSelector(expression.of)}`;
    case '&&':
    case '||':
      return `(${expression.of.map(formatSelector).join(` ${expression.kind} `)})`;
    default:
      return `${expression.key} ${expression.kind} ${quoted(expression.value)}`;
  }
}

/** A string has no escapes: it holds at most one kind of quotes. */
const quoted = (value: string): string => (value.includes('"') ? `'${value}'` : `"${value}"`);
