/**
 * JSON text -> Trees. The path of big captures of a cluster: `kubectl get ... -o json`.
 *
 * A text of one value goes to JSON.parse at once; for others, and where anything is odd, one scan finds each top-level
 * value, its depth and how many keys it has. Where the parsed object has fewer keys than the text, a second reading finds
 * the duplicates. Positions are looked up by scanning to a path when somebody asks. All scans are iterative and linear.
 */
import type { Path } from './document.js';
import type { Source } from './source.js';
import { duplicateKey, type Fault, MAX_DEPTH, type Tree, tooDeep } from './tree.js';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_MAP = 123;
const CLOSE_MAP = 125;

/** Whether to try JSON first: `{` or `[` and then what JSON allows behind it. */
export const looksLikeJson = (text: string): boolean => /^\s*(?:\{\s*["}]|\[\s*[[{"\]])/.test(text);

export interface JsonResult {
  readonly trees: readonly Tree[];
  /** Semantic faults of well-formed JSON: duplicate keys, depth. */
  readonly faults: readonly Fault[];
  /** Where it stops being JSON, or null. */
  readonly syntax: Fault | null;
}

/** Reads one or more values, one behind the other as in JSON lines. */
export function readJson(source: Source): JsonResult {
  const { text } = source;
  const plain = readPlain(text);
  if (plain !== undefined) return { trees: [new JsonTree(text, skipSpace(text, 0), plain)], faults: [], syntax: null };
  const trees: Tree[] = [];
  const faults: Fault[] = [];
  for (let start = skipSpace(text, 0); start < text.length; ) {
    const extent = scan(text, start);
    if (extent.depth > MAX_DEPTH) return { trees, faults: [...faults, tooDeep(extent.deepAt)], syntax: null };
    let value: unknown;
    try {
      value = JSON.parse(start === 0 && extent.end === text.length ? text : text.slice(start, extent.end));
    } catch (error) {
      return { trees, faults, syntax: syntaxFault(String((error as Error).message), start, extent.end) };
    }
    const duplicates = countKeys(value, MAX_DEPTH) === extent.keys ? [] : findDuplicates(source, start, extent.end);
    if (duplicates.length > 0) faults.push(...duplicates);
    else trees.push(new JsonTree(text, start, value));
    start = skipSpace(text, extent.end);
  }
  return { trees, faults, syntax: null };
}

/** The one value of a text without anything odd; undefined where that is not sure at once. */
function readPlain(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const keys = countKeys(value, MAX_DEPTH);
  // Every key of the text is among these. As many as the value has are so many different ones.
  let most = 0;
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) most++;
  return keys === most ? value : undefined;
}

function syntaxFault(message: string, start: number, end: number): Fault {
  const at = /position (\d+)/.exec(message);
  const detail = message.replace(/ in JSON at position.*| \(line \d+ column \d+\)/s, '').replace(/,? *".*$/s, '');
  return {
    offset: at === null ? end : Math.min(end, start + Number(at[1])),
    message: `not valid JSON: ${detail}`,
    hint: 'was the file cut off, or edited by hand?',
  };
}

function skipSpace(text: string, i: number): number {
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
  }
  return i;
}

/** @returns the offset behind the closing quote of the string that opens at `i` */
function skipString(text: string, i: number): number {
  for (let end = text.indexOf('"', i + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === 92) before--;
    if ((end - before) % 2 === 1) return end + 1;
  }
  return text.length;
}

interface Extent {
  readonly end: number;
  readonly depth: number;
  /** Where the depth first passed MAX_DEPTH. */
  readonly deepAt: number;
  readonly keys: number;
}

/** The extent of the value at `start`, whose syntax is not checked: that is JSON.parse's. */
function scan(text: string, start: number): Extent {
  let depth = 0;
  let deepest = 0;
  let deepAt = start;
  let keys = 0;
  let i = start;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = skipString(text, i);
      if (depth === 0) break;
      continue;
    }
    if (c === OPEN_MAP || c === OPEN_LIST) {
      if (++depth > deepest) {
        deepest = depth;
        if (depth === MAX_DEPTH + 1) return { end: i, depth, deepAt: i, keys };
      }
    } else if (c === CLOSE_MAP || c === CLOSE_LIST) {
      if (--depth <= 0) {
        i++;
        break;
      }
    } else if (c === COLON) keys++;
    else if (depth === 0 && (c === 32 || c === 10 || c === 13 || c === 9)) break;
    i++;
  }
  deepAt = i;
  return { end: i, depth: deepest, deepAt, keys };
}

/** @returns NaN where it is nested deeper than `levels` */
function countKeys(value: unknown, levels: number): number {
  if (value === null || typeof value !== 'object') return 0;
  if (levels === 0) return Number.NaN;
  let keys = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) keys += countKeys(value[i], levels - 1);
  } else {
    // Own ones only: the value comes from JSON.parse.
    for (const key in value) keys += 1 + countKeys((value as Record<string, unknown>)[key], levels - 1);
  }
  return keys;
}

/** Walks well-formed JSON and compares the keys of each object. */
function findDuplicates(source: Source, start: number, end: number): Fault[] {
  const { text } = source;
  const faults: Fault[] = [];
  const stack: (Map<string, number> | null)[] = [];
  for (let i = start; i < end; ) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const behind = skipString(text, i);
      const keys = stack[stack.length - 1];
      if (keys && text.charCodeAt(skipSpace(text, behind)) === COLON) {
        const key = JSON.parse(text.slice(i, behind)) as string;
        const first = keys.get(key);
        if (first !== undefined) faults.push(duplicateKey(i, key, source.position(first).line));
        else keys.set(key, i);
      }
      i = behind;
      continue;
    }
    if (c === OPEN_MAP) stack.push(new Map());
    else if (c === OPEN_LIST) stack.push(null);
    else if (c === CLOSE_MAP || c === CLOSE_LIST) stack.pop();
    i++;
  }
  return faults;
}

/** Whether the string between two offsets, quotes included, is the key. */
function isKey(text: string, start: number, end: number, key: string | number): boolean {
  if (typeof key === 'string' && end - start - 2 === key.length && text.startsWith(key, start + 1)) {
    // A key that needs no escapes; one that does is longer in the text.
    return !key.includes('\\');
  }
  const written = text.slice(start, end);
  return written.includes('\\') && JSON.parse(written) === key;
}

class JsonTree implements Tree {
  /** Offsets of the elements of `items`: a List is asked about its items one by one. */
  private items: readonly number[] | null = null;

  constructor(
    private readonly text: string,
    private readonly start: number,
    readonly value: unknown,
  ) {}

  locate(path: Path): number {
    let at = this.start;
    let found = this.start;
    let from = 0;
    if (path.length >= 2 && path[0] === 'items' && typeof path[1] === 'number') {
      this.items ??= this.elements(this.locate(['items']));
      const item = this.items[path[1]];
      if (item !== undefined) {
        at = item;
        found = item;
        from = 2;
      }
    }
    for (let i = from; i < path.length; i++) {
      const next = this.step(at, path[i]!);
      if (next === null) return found;
      [found, at] = next;
    }
    return found;
  }

  /** Offsets of the elements of the list whose key stands at `key`. */
  private elements(key: number): number[] {
    const offsets: number[] = [];
    let at = skipSpace(this.text, skipSpace(this.text, skipString(this.text, key)) + 1);
    if (this.text.charCodeAt(at) !== OPEN_LIST) return offsets;
    for (at = skipSpace(this.text, at + 1); at < this.text.length && this.text.charCodeAt(at) !== CLOSE_LIST; ) {
      offsets.push(at);
      at = skipSpace(this.text, this.behind(at));
      if (this.text.charCodeAt(at) === COMMA) at = skipSpace(this.text, at + 1);
    }
    return offsets;
  }

  /** @returns where the key or element stands, and its value; null if the node has no such child */
  private step(at: number, key: string | number): [number, number] | null {
    const { text } = this;
    const open = text.charCodeAt(at);
    if (open !== (typeof key === 'number' ? OPEN_LIST : OPEN_MAP)) return null;
    let index = 0;
    for (let i = skipSpace(text, at + 1); i < text.length; index++) {
      const c = text.charCodeAt(i);
      if (c === CLOSE_LIST || c === CLOSE_MAP) return null;
      let value = i;
      if (open === OPEN_MAP) {
        const behind = skipString(text, i);
        value = skipSpace(text, skipSpace(text, behind) + 1);
        if (isKey(text, i, behind, key)) return [i, value];
      } else if (index === key) return [i, i];
      i = skipSpace(text, this.behind(value));
      if (text.charCodeAt(i) === COMMA) i = skipSpace(text, i + 1);
    }
    return null;
  }

  /** @returns the offset behind the value at `at` */
  private behind(at: number): number {
    const { text } = this;
    const c = text.charCodeAt(at);
    if (c === OPEN_MAP || c === OPEN_LIST || c === QUOTE) return scan(text, at).end;
    let i = at;
    for (; i < text.length; i++) {
      const d = text.charCodeAt(i);
      if (d === COMMA || d === CLOSE_LIST || d === CLOSE_MAP) break;
    }
    return i;
  }
}
