/**
 * Files -> documents: the one door for text from outside.
 *
 * In:  the text or bytes of one file, YAML or JSON by content.
 * Out: the Kubernetes objects in it in order, and every problem of the file at once; never an exception.
 * Problems past MAX_PROBLEMS are counted, not listed: a file that is no YAML at all has one on every line.
 */
import type { KubernetesDocument, Path, Position, Problem } from './document.js';
import { looksLikeJson, readJson } from './json.js';
import { openSource, Source } from './source.js';
import { type Part, splitDocuments, splitItems } from './split.js';
import type { Fault, Tree } from './tree.js';
import { readYaml } from './yaml.js';

export interface ReadOptions {
  /** A bigger file is refused; default 256 MiB. */
  readonly maxBytes?: number;
  /** One YAML document or list item bigger than this is refused; default 16 MiB (etcd holds objects of 1.5 MiB). JSON has no such limit. */
  readonly maxYamlDocumentBytes?: number;
}

export interface ReadResult {
  readonly documents: readonly KubernetesDocument[];
  readonly problems: readonly Problem[];
}

const MIB = 1024 * 1024;
const MAX_PROBLEMS = 100;

/** @param file its name, for positions; it is not opened */
export function readDocuments(input: string | Uint8Array, file: string, options: ReadOptions = {}): ReadResult {
  const source = openSource(input, file, options.maxBytes ?? 256 * MIB);
  if (!(source instanceof Source)) return { documents: [], problems: [source] };
  const { trees, faults } = parse(source, options.maxYamlDocumentBytes ?? 16 * MIB);
  const documents: KubernetesDocument[] = [];
  const found: Fault[] = [...faults];
  for (const tree of trees) expand(source, tree, '', '', documents, found);
  return { documents, problems: toProblems(source, found) };
}

interface Trees {
  readonly trees: readonly Tree[];
  readonly faults: readonly Fault[];
}

function parse(source: Source, maxYaml: number): Trees {
  if (looksLikeJson(source.text)) {
    const json = readJson(source);
    if (json.syntax === null) return json;
    // Flow style YAML may look like JSON; what is neither is explained by the parser that got further.
    if (source.text.length > maxYaml) return { trees: json.trees, faults: [...json.faults, json.syntax] };
  }
  const control = CONTROL.exec(source.text);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
    return {
      trees: [],
      faults: [{ offset: control.index, message: `control characters are not allowed: U+${code}`, hint: 'remove it' }],
    };
  }
  const trees: Tree[] = [];
  const faults: Fault[] = [];
  for (const part of splitDocuments(source.text)) {
    const read = readPart(source, part, maxYaml);
    trees.push(...read.trees);
    faults.push(...(read.faults.length > 0 ? (templateFault(source, part) ?? read.faults) : []));
  }
  return { trees, faults };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function readPart(source: Source, part: Part, maxYaml: number): Trees {
  const list = splitItems(source.text, part);
  if (list !== null) {
    const items = list.items.map(item => readLimited(source, item, maxYaml));
    // An item that does not stand alone may use an anchor of another one.
    if (items.every(({ faults }) => faults.length === 0)) {
      const before = readLimited(source, list.before, maxYaml);
      const after = readLimited(source, list.after, maxYaml);
      const [head, tail] = [asMap(before), asMap(after)];
      if (head !== null && tail !== null) return { trees: [listTree(head, tail, items)], faults: [] };
    }
    if (part.end - part.start > maxYaml) {
      return { trees: [], faults: items.flatMap(({ faults }) => faults) };
    }
  }
  return readLimited(source, part, maxYaml);
}

function readLimited(source: Source, { start, end }: Part, maxYaml: number): Trees {
  if (end - start <= maxYaml) return readYaml(source, start, end);
  const fault: Fault = {
    offset: start,
    message: `a YAML document of ${end - start} characters, more than the limit of ${maxYaml}`,
    hint: 'give it as JSON (kubectl get ... -o json), which may be as big as the file limit',
  };
  return { trees: [], faults: [fault] };
}

/** The one mapping of a part; an empty part is an empty mapping. */
function asMap({ trees, faults }: Trees): { tree: Tree | null; map: Record<string, unknown> } | null {
  if (faults.length > 0 || trees.length > 1) return null;
  const tree = trees[0] ?? null;
  if (tree === null) return { tree, map: {} };
  return isObject(tree.value) ? { tree, map: tree.value } : null;
}

type Half = NonNullable<ReturnType<typeof asMap>>;

/** Puts the parts of a cut list together again; each item keeps its own positions. */
function listTree(head: Half, tail: Half, items: readonly Trees[]): Tree {
  const elements = items.map(({ trees }) => trees[0]);
  const value = {
    ...head.map,
    ...tail.map,
    // Each part is a list of one entry.
    items: elements.map(tree => (tree === undefined ? null : (tree.value as unknown[])[0])),
  };
  return {
    value,
    locate(path) {
      const [first, index, ...rest] = path;
      const element = first === 'items' && typeof index === 'number' ? elements[index] : undefined;
      if (element !== undefined) return element.locate([0, ...rest]);
      const half = first !== undefined && Object.hasOwn(tail.map, first) ? tail : head;
      return (half.tree ?? head.tree ?? tail.tree ?? elements[0])?.locate(path) ?? 0;
    },
  };
}

/** Helm charts and Go templates are the usual reason why a manifest is no YAML. */
function templateFault(source: Source, { start, end }: Part): Fault[] | null {
  const at = source.text.slice(start, end).indexOf('{{');
  if (at < 0) return null;
  return [
    {
      offset: start + at,
      message: 'a template ({{ ... }}), not a manifest',
      hint: 'render it first: helm template RELEASE CHART > rendered.yaml',
    },
  ];
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** One object of policap's own that has no apiVersion. */
const OWN_KIND = 'RuleList';

/** A tree -> its documents: a List is its items, which may lack the type a typed list names. */
function expand(
  source: Source,
  tree: Tree,
  listApiVersion: string,
  listKind: string,
  documents: KubernetesDocument[],
  faults: Fault[],
): void {
  const { value } = tree;
  if (!isObject(value)) {
    const what = Array.isArray(value) ? 'a list' : value === null ? 'nothing' : scalarText(value);
    faults.push({
      offset: tree.locate([]),
      message: `${what}, not a Kubernetes object`,
      hint: 'an object has apiVersion, kind and metadata',
    });
    return;
  }
  const apiVersion = value['apiVersion'] ?? listApiVersion;
  const kind = value['kind'] ?? listKind;
  const before = faults.length;
  for (const [field, given] of [
    ['apiVersion', apiVersion],
    ['kind', kind],
  ] as const) {
    if (typeof given !== 'string') {
      faults.push({
        offset: tree.locate([field]),
        message: `${field}: Invalid value: ${JSON.stringify(given)}: must be a string`,
      });
    } else if (given === '' && !(field === 'apiVersion' && kind === OWN_KIND)) {
      faults.push({
        offset: tree.locate([field]),
        message: `Object '${field === 'kind' ? 'Kind' : 'apiVersion'}' is missing`,
        hint:
          field === 'kind'
            ? 'name the kind, e.g. kind: NetworkPolicy'
            : 'name the version, e.g. apiVersion: networking.k8s.io/v1',
      });
    }
  }
  if (faults.length > before || typeof apiVersion !== 'string' || typeof kind !== 'string') return;
  const items = value['items'];
  if (kind.endsWith('List') && kind !== OWN_KIND && (Array.isArray(items) || items === null || items === undefined)) {
    const itemKind = kind.slice(0, -'List'.length);
    const itemVersion = itemKind === '' ? '' : apiVersion;
    (items ?? []).forEach((item: unknown, i: number) => {
      const itemTree: Tree = { value: item, locate: path => tree.locate(['items', i, ...path]) };
      expand(source, itemTree, itemVersion, itemKind, documents, faults);
    });
    return;
  }
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  documents.push(
    new SourceDocument(source, tree, apiVersion, kind, text(metadata['name']), text(metadata['namespace'])),
  );
}

const scalarText = (value: unknown): string => `the ${typeof value} ${JSON.stringify(value)?.slice(0, 40)}`;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

class SourceDocument implements KubernetesDocument {
  constructor(
    private readonly source: Source,
    private readonly tree: Tree,
    readonly apiVersion: string,
    readonly kind: string,
    readonly name: string,
    readonly namespace: string,
  ) {}

  get object(): Record<string, unknown> {
    return this.tree.value as Record<string, unknown>;
  }

  get position(): Position {
    return this.at([]);
  }

  at(path: Path): Position {
    return this.source.position(this.tree.locate(path));
  }
}

function toProblems(source: Source, faults: readonly Fault[]): Problem[] {
  const sorted = [...faults].sort((a, b) => a.offset - b.offset);
  const problems = sorted.slice(0, MAX_PROBLEMS).map(
    ({ offset, message, hint }): Problem => ({
      severity: 'error',
      position: source.position(offset),
      message,
      ...(hint === undefined ? {} : { hint }),
    }),
  );
  const more = sorted.length - problems.length;
  if (more > 0) {
    const position = source.position(sorted[MAX_PROBLEMS]!.offset);
    problems.push({
      severity: 'error',
      position,
      message: `and ${more} more problems in this file`,
      hint: 'mend the first ones and run again',
    });
  }
  return problems;
}
