/**
 * YAML text -> Trees, one for each document of the text.
 *
 * The `yaml` package reads the syntax; what the scalars mean is decided here, as the Kubernetes tools do (scalar.ts).
 * Hostile text: the parser's own stack is watched while it reads, so that depth is refused before anything recurses;
 * aliases share what they repeat and may stand for at most MAX_ALIASED nodes; keys are compared in one Map a mapping.
 */
import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Path } from './document.js';
import { resolvePlain } from './scalar.js';
import type { Source } from './source.js';
import { duplicateKey, type Fault, MAX_DEPTH, setKey, type Tree, tooDeep } from './tree.js';

/** Nodes that aliases and merge keys may add to what is written. */
export const MAX_ALIASED = 100_000;

export interface YamlResult {
  readonly trees: readonly Tree[];
  readonly faults: readonly Fault[];
}

type Parsed = Document.Parsed<ParsedNode>;

const COMPOSER_OPTIONS = {
  version: '1.2',
  schema: 'failsafe',
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const;

/** Reads the documents between two offsets of the source. */
export function readYaml(source: Source, start: number, end: number): YamlResult {
  const text = start === 0 && end === source.text.length ? source.text : source.text.slice(start, end);
  const composed = compose(text);
  if (!Array.isArray(composed)) return { trees: [], faults: [{ ...composed, offset: start + composed.offset }] };
  const trees: Tree[] = [];
  const faults: Fault[] = [];
  composed.forEach((document, index) => {
    if (document.errors.length > 0) {
      for (const error of document.errors) faults.push(syntaxFault(start + error.pos[0], error.message));
      return;
    }
    if (document.contents === null) return;
    const reader = new Reader(source, start);
    const value = reader.read(document.contents);
    if (reader.faults.length > 0) faults.push(...reader.faults);
    else if (value !== null) trees.push(new YamlTree(source, start, end, index, document.contents, value));
  });
  return { trees, faults };
}

/** The documents, or the fault that stopped the parser. */
function compose(text: string): Parsed[] | Fault {
  const lexer = new Lexer();
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of lexer.lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH) return tooDeep(parser.offset);
  }
  for (const token of parser.end()) tokens.push(token);
  return [...new Composer<ParsedNode, true>(COMPOSER_OPTIONS).compose(tokens, false, text.length)];
}

function syntaxFault(offset: number, message: string): Fault {
  const tabs = /tab/i.test(message);
  const hint = tabs ? 'indent with spaces' : undefined;
  return { offset, message: `not valid YAML: ${message}`, hint };
}

interface Anchored {
  readonly value: unknown;
  readonly size: number;
}

/** Nodes -> plain data, in document order: an alias means the last anchor of its name before it. */
class Reader {
  readonly faults: Fault[] = [];
  private readonly anchors = new Map<string, Anchored>();
  private size = 0;
  private aliased = 0;

  constructor(
    private readonly source: Source,
    private readonly start: number,
  ) {}

  read(node: Node | null | undefined): unknown {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.readAlias(node);
    const before = this.size++;
    const value = isMap(node)
      ? this.readMap(node)
      : isSeq(node)
        ? node.items.map(item => this.read(item as Node))
        : this.readScalar(node as Scalar);
    const { anchor } = node as Scalar;
    if (anchor !== undefined) this.anchors.set(anchor, { value, size: this.size - before });
    if (!isScalar(node)) this.checkCollectionTag(node);
    return value;
  }

  private fault(node: Node, message: string, hint?: string): void {
    this.faults.push({ offset: this.start + (node.range?.[0] ?? 0), message, hint });
  }

  private readAlias(node: Alias): unknown {
    const anchored = this.anchors.get(node.source);
    if (anchored === undefined) {
      this.fault(
        node,
        `unknown anchor ${JSON.stringify(node.source)} referenced`,
        'an anchor (&name) must stand before its aliases (*name), and not around them',
      );
      return null;
    }
    return this.count(node, anchored.size) ? anchored.value : null;
  }

  private count(node: Node, size: number): boolean {
    const before = this.aliased;
    this.aliased += size;
    this.size += size;
    if (this.aliased <= MAX_ALIASED) return true;
    if (before <= MAX_ALIASED) {
      this.fault(
        node,
        `document contains excessive aliasing: aliases stand for more than ${MAX_ALIASED} nodes`,
        'write the repeated parts out, or split the document',
      );
    }
    return false;
  }

  private readScalar(node: Scalar): unknown {
    const text = typeof node.value === 'string' ? node.value : String(node.value ?? '');
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag !== undefined && tag !== '!' && !STRING_TAGS.has(tag)) return this.readTagged(node, tag, text);
    if (tag !== undefined || node.type !== 'PLAIN') return text;
    return this.finite(node, resolvePlain(text));
  }

  private finite(node: Node, value: unknown): unknown {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.fault(node, 'a number that JSON cannot hold', 'quote it if it is meant as text');
    }
    return value;
  }

  private readTagged(node: Scalar, tag: string, text: string): unknown {
    const type = SCALAR_TAGS.get(tag);
    if (type === undefined) {
      this.fault(
        node,
        `tag ${tag} is not known to Kubernetes`,
        'use plain YAML: strings, numbers, booleans, lists and maps',
      );
      return null;
    }
    const value = resolvePlain(text);
    const ok = type === 'integer' ? Number.isInteger(value) : value === null ? type === 'null' : typeof value === type;
    if (!ok) this.fault(node, `cannot decode ${JSON.stringify(text)} as a ${tag}`);
    return this.finite(node, value);
  }

  private checkCollectionTag(node: Node): void {
    const tag = (node as YAMLMap).tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag === undefined || tag === (isMap(node) ? '!!map' : '!!seq')) return;
    this.fault(
      node,
      `tag ${tag} is not known to Kubernetes`,
      'use plain YAML: strings, numbers, booleans, lists and maps',
    );
  }

  private readMap(node: YAMLMap): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const seen = new Map<string, Node>();
    const merges: { readonly node: Node; readonly value: unknown }[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      if (isScalar(keyNode) && keyNode.type === 'PLAIN' && keyNode.value === '<<') {
        merges.push({ node: keyNode, value: this.read(pair.value as Node | null) });
        continue;
      }
      const key = this.readKey(keyNode);
      const value = this.read(pair.value as Node | null);
      if (key === null) continue;
      const first = seen.get(key);
      if (first !== undefined) {
        const line = this.source.position(this.start + first.range![0]).line;
        this.faults.push(duplicateKey(this.start + keyNode.range![0], key, line));
        continue;
      }
      seen.set(key, keyNode);
      setKey(object, key, value);
    }
    for (const merge of merges) this.merge(object, merge.node, merge.value);
    return object;
  }

  /** JSON has string keys only: numbers and booleans are written out, as the Kubernetes tools do. */
  private readKey(node: Node | null): string | null {
    const value = this.read(node);
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    const at = node ?? ({ range: [0, 0, 0] } as unknown as Node);
    if (value === null) this.fault(at, 'a map key without text', 'quote the key, or remove the line');
    else this.fault(at, 'a map key must be a string, not a list or a map', 'is this a template? render it first');
    return null;
  }

  /** Merge keys (YAML 1.1): keys of the map itself win, then the earlier of several merged maps. */
  private merge(object: Record<string, unknown>, node: Node, value: unknown): void {
    // Past the limit aliases are null; that is told already.
    if (this.aliased > MAX_ALIASED) return;
    for (const part of Array.isArray(value) ? value : [value]) {
      if (part === null || typeof part !== 'object' || Array.isArray(part)) {
        this.fault(node, 'map merge requires map or sequence of maps as the value');
        return;
      }
      const keys = Object.keys(part);
      if (!this.count(node, keys.length)) return;
      for (const key of keys) {
        if (!Object.hasOwn(object, key)) setKey(object, key, (part as Record<string, unknown>)[key]);
      }
    }
  }
}

const STRING_TAGS = new Set(['!!str', '!!binary']);

const SCALAR_TAGS = new Map<string, 'integer' | 'number' | 'boolean' | 'null' | 'string'>([
  ['!!int', 'integer'],
  ['!!float', 'number'],
  ['!!bool', 'boolean'],
  ['!!null', 'null'],
  ['!!timestamp', 'string'],
]);

class YamlTree implements Tree {
  private readonly root: number;
  /** Of a list: a document cut out of a List is one of one entry, asked about more often than anything in it. */
  private readonly firstElement: number;

  constructor(
    private readonly source: Source,
    private readonly start: number,
    private readonly end: number,
    private readonly index: number,
    contents: ParsedNode,
    readonly value: unknown,
  ) {
    this.root = start + contents.range[0];
    const first = isSeq(contents) ? (contents.items[0] as Node | undefined) : undefined;
    this.firstElement = start + (first?.range?.[0] ?? contents.range[0]);
  }

  locate(path: Path): number {
    if (path.length === 0) return this.root;
    if (path.length === 1 && path[0] === 0) return this.firstElement;
    const document = parsedAgain(this.source, this.start, this.end)[this.index]!;
    let node: Node | null = document.contents;
    let found: number = node?.range?.[0] ?? 0;
    for (const key of path) {
      const next = step(document, node, key);
      if (next === null) break;
      [found, node] = next;
    }
    return this.start + found;
  }
}

/** Positions are asked for in runs about one document: the last one read again is kept. */
let latest: { readonly source: Source; readonly start: number; readonly documents: readonly Parsed[] } | null = null;

function parsedAgain(source: Source, start: number, end: number): readonly Parsed[] {
  if (latest?.source !== source || latest.start !== start) {
    latest = { source, start, documents: compose(source.text.slice(start, end)) as Parsed[] };
  }
  return latest.documents;
}

/** @returns where the child's key (or element) stands, and the child */
function step(document: Parsed, node: Node | null, key: string | number): [number, Node | null] | null {
  const target = isAlias(node) ? (node.resolve(document) as Node | undefined) : node;
  if (isSeq(target) && typeof key === 'number') {
    const item = target.items[key] as Node | undefined;
    return item === undefined ? null : [item.range?.[0] ?? 0, item];
  }
  if (!isMap(target)) return null;
  for (const pair of target.items) {
    const name = pair.key as Node | null;
    if (isScalar(name) && keyText(name) === String(key)) return [name.range?.[0] ?? 0, pair.value as Node | null];
  }
  for (const pair of target.items) {
    if (!isScalar(pair.key) || pair.key.value !== '<<') continue;
    const value = pair.value as Node | null;
    const merged = isAlias(value) ? (value.resolve(document) as Node | undefined) : value;
    for (const part of isSeq(merged) ? (merged.items as Node[]) : [value]) {
      const found = step(document, part, key);
      if (found !== null) return found;
    }
  }
  return null;
}

const keyText = (key: Scalar): string => {
  const text = String(key.value ?? '');
  return key.type === 'PLAIN' ? String(resolvePlain(text)) : text;
};
