/**
 * A YAML text -> its outline: keys and list entries with their paths, told by indentation and brackets alone.
 *
 * In:  the text of one YAML document (or JSON), valid or not yet: the line that is being typed may be anything.
 * Out: every entry in order, with where its key and its value stand. A line that makes no sense is a `word`: what may become a key
 * or an element. Nothing is decoded but quotes; anchors, tags and complex keys are taken as plain words.
 */
import type { Path } from '../documents/document.js';
import { MAX_DEPTH } from '../documents/tree.js';

export interface Entry {
  readonly path: Path;
  /**
   * `key`: `path` ends with the key; `element`: of a list, `path` ends with its index; `word`: neither yet: `path` is that of what
   * holds it.
   */
  readonly is: 'key' | 'element' | 'word';
  /** Of the key, the element or the word. */
  readonly from: number;
  /** The column of the key, the dash or the word; -1 in brackets. */
  readonly column: number;
  /** Of a key: where its value begins, behind the blanks. */
  readonly valueFrom: number;
  /** Where the value ends, as far as it stands in this line; of an element or a word, where it ends. */
  readonly to: number;
  /** A scalar as it reads without quotes; '' where there is none, or where the value is a map or a list. */
  readonly text: string;
}

interface Open {
  readonly column: number;
  readonly step: string | number;
  readonly isDash: boolean;
}

const KEY =
  /(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*'|(?:[^\s#{}[\],&*!|>'"%@`-]|-(?=[^\s:#]))(?:[^\n:#]|:(?=\S)|(?<=\S)#)*?)(?=[ \t]{0,20}:(?:[ \t]|\n|$))/y;
const BLANKS = /[ \t]*/y;
const DASH = /-(?=[ \t]|\n|$)/y;
/** `|`, `>-`, `|2+`. */
const BLOCK = /^[|>][-+0-9]*\s*(?:#.*)?$/;

export function outlineOf(text: string): Entry[] {
  return new Outline(text).read();
}

class Outline {
  private readonly entries: Entry[] = [];
  private readonly open: Open[] = [];
  private at = 0;

  constructor(private readonly text: string) {}

  read(): Entry[] {
    while (this.at < this.text.length) this.line();
    return this.entries;
  }

  private line(): void {
    const { text } = this;
    const start = this.at;
    const end = endOfLine(text, start);
    let at = start + lengthOf(BLANKS, text, start);
    this.at = end + 1;
    if (at >= end || text[at] === '#' || text[at] === '%') return;
    while (this.open.length < MAX_DEPTH) {
      const column = at - start;
      if (lengthOf(DASH, text, at) > 0) {
        this.dash(column);
        const from = at;
        at += 1;
        at += lengthOf(BLANKS, text, at);
        const next = at >= end || text[at] === '#' ? '' : text[at]!;
        const isMore = next !== '' && (lengthOf(DASH, text, at) > 0 || lengthOf(KEY, text, at) > 0);
        const isFlow = next === '{' || next === '[';
        const scalar = isMore || isFlow || next === '' ? '' : text.slice(at, endOfScalar(text, at, end));
        const to = next === '' ? Math.min(at, end) : at + scalar.length;
        this.add('element', this.path(), from, column, at, to, unquoted(scalar));
        if (isFlow) return void this.flow(at, column, this.path());
        if (BLOCK.test(scalar)) return void this.skipBlock(column);
        if (!isMore) return;
        continue;
      }
      const key = lengthOf(KEY, text, at);
      if (key > 0) return void this.key(at, key, column, start, end);
      if (text[at] === '{' || text[at] === '[') return void this.flow(at, column - 1, this.pathAbove(column));
      const to = endOfScalar(text, at, end);
      // The rest of a scalar that goes over several lines is one too: harmless.
      this.add('word', this.pathAbove(column), at, column, at, to, text.slice(at, to));
      return;
    }
  }

  private key(from: number, length: number, column: number, start: number, end: number): void {
    const { text } = this;
    const name = unquoted(text.slice(from, from + length));
    while (this.open.length > 0 && this.open.at(-1)!.column >= column) this.open.pop();
    this.open.push({ column, step: name, isDash: false });
    const colon = text.indexOf(':', from + length);
    const value = colon + 1 + lengthOf(BLANKS, text, colon + 1);
    const first = value >= end || text[value] === '#' ? '' : text[value]!;
    const isFlow = first === '{' || first === '[';
    const to = first === '' || isFlow ? value : endOfScalar(text, value, end);
    const scalar = text.slice(value, to);
    this.add('key', this.path(), from, column, value, to, unquoted(scalar));
    if (isFlow) return void this.flow(value, indentOf(text, start), this.path());
    if (BLOCK.test(scalar)) this.skipBlock(column);
  }

  private dash(column: number): void {
    while (this.open.length > 0 && this.open.at(-1)!.column > column) this.open.pop();
    const top = this.open.at(-1);
    let index = 0;
    if (top?.column === column && top.isDash) {
      index = (top.step as number) + 1;
      this.open.pop();
    }
    this.open.push({ column, step: index, isDash: true });
  }

  /** Maps and lists in brackets, up to the last bracket, or to a line that stands too far left to belong to them. */
  private flow(from: number, column: number, path: Path): void {
    const { text } = this;
    /** Of each open bracket: its path, and of a list the next index. */
    const brackets: { readonly isList: boolean; readonly path: Path; index: number }[] = [];
    let under: Path = path;
    let at = from;
    let key: { readonly path: Path; readonly from: number } | null = null;
    const element = (): Path => {
      const top = brackets.at(-1)!;
      return top.isList ? [...top.path, top.index] : top.path;
    };
    while (at < text.length) {
      const char = text[at]!;
      if (char === '\n') {
        const next = at + 1;
        const indent = indentOf(text, next);
        const isBlank = /^[ \t]*(?:#.*)?$/.test(text.slice(next, endOfLine(text, next)));
        // Closing brackets may stand under the key.
        const isCloser = /[}\]]/.test(text[next + indent] ?? '');
        if (!isBlank && !isCloser && indent <= column) break;
        at++;
      } else if (char === '{' || char === '[') {
        if (path.length + brackets.length >= MAX_DEPTH) break;
        const isKeyed = key !== null;
        const its = brackets.length === 0 ? path : isKeyed ? under : element();
        if (key !== null) this.add('key', key.path, key.from, -1, at, at, '');
        else if (brackets.at(-1)?.isList) this.add('element', element(), at, -1, at, at, '');
        key = null;
        brackets.push({ isList: char === '[', path: its, index: 0 });
        at++;
      } else if (char === '}' || char === ']') {
        if (key !== null) this.add('key', key.path, key.from, -1, at, at, '');
        key = null;
        brackets.pop();
        at++;
        if (brackets.length === 0) break;
      } else if (char === ',') {
        if (key !== null) this.add('key', key.path, key.from, -1, at, at, '');
        key = null;
        const top = brackets.at(-1)!;
        top.index++;
        at++;
      } else if (char === '#' && /\s/.test(text[at - 1] ?? '\n')) at = endOfLine(text, at);
      else if (/\s/.test(char) || char === ':') at++;
      else {
        const to = endOfFlowScalar(text, at);
        const word = unquoted(text.slice(at, to));
        const colon = to + lengthOf(BLANKS, text, to);
        const top = brackets.at(-1)!;
        const isKey = text[colon] === ':' && key === null;
        if (isKey) {
          // `[a: b]` is a list of maps of one key.
          under = [...element(), word];
          key = { path: under, from: at };
          at = colon + 1;
        } else if (key !== null) {
          this.add('key', key.path, key.from, -1, at, to, word);
          key = null;
          at = to;
        } else {
          if (top.isList) this.add('element', element(), at, -1, at, to, word);
          else this.add('word', top.path, at, -1, at, to, word);
          at = to;
        }
      }
    }
    if (key !== null) this.add('key', key.path, key.from, -1, at, at, '');
    this.at = endOfLine(text, Math.max(from, at - 1)) + 1;
  }

  private skipBlock(column: number): void {
    const { text } = this;
    while (this.at < text.length) {
      const end = endOfLine(text, this.at);
      const isBlank = text.slice(this.at, end).trim() === '';
      if (!isBlank && indentOf(text, this.at) <= column) return;
      this.at = end + 1;
    }
  }

  private add(
    is: Entry['is'],
    path: Path,
    from: number,
    column: number,
    valueFrom: number,
    to: number,
    text: string,
  ): void {
    this.entries.push({ is, path, from, column, valueFrom, to, text: BLOCK.test(text) ? '' : text });
  }

  private path(): Path {
    return this.open.map(({ step }) => step);
  }

  /** Of what holds something that stands at a column. */
  private pathAbove(column: number): Path {
    return this.open.filter(it => it.column < column).map(({ step }) => step);
  }
}

const endOfLine = (text: string, at: number): number => {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
};

const indentOf = (text: string, at: number): number => lengthOf(BLANKS, text, at);

function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** Before a comment and the blanks at the end. */
function endOfScalar(text: string, from: number, end: number): number {
  const quote = text[from];
  if (quote === '"' || quote === "'") {
    for (let at = from + 1; at < end; at++) {
      if (quote === '"' && text[at] === '\\') at++;
      else if (text[at] === quote) return at + 1;
    }
    return end;
  }
  const line = text.slice(from, end);
  return from + line.replace(/\s+#.*$/, '').trimEnd().length;
}

function endOfFlowScalar(text: string, from: number): number {
  const end = endOfLine(text, from);
  if (text[from] === '"' || text[from] === "'") return endOfScalar(text, from, end);
  let at = from;
  while (at < end && !/[,[\]{}]/.test(text[at]!)) {
    if (text[at] === ':' && /[\s,[\]{}]|^$/.test(text[at + 1] ?? '')) break;
    if (text[at] === '#' && /\s/.test(text[at - 1]!)) break;
    at++;
  }
  while (at > from && /\s/.test(text[at - 1]!)) at--;
  return Math.max(at, from + 1);
}

/** A scalar without its quotes; one that does not end is taken as far as it goes. */
export function unquoted(scalar: string): string {
  const quote = scalar[0];
  if (quote !== '"' && quote !== "'") return scalar;
  const inner = scalar.slice(1, scalar.length > 1 && scalar.endsWith(quote) ? -1 : undefined);
  return quote === '"' ? inner.replace(/\\(.)/g, '$1') : inner.replaceAll("''", "'");
}
