/**
 * Fixes: entries of lists taken out of YAML text, all else left byte for byte (cold).
 *
 * In:  the text of a file, and the entries to remove.  Out: the new text, what was removed, and what was left and why. In block
 * style the entry's lines go, in flow style the entry with the comma before it; comments on lines of their own stay.
 * The new text is read again and held against the old objects without those entries: where anything else differs, nothing
 * is changed.
 */
import { isMap, isSeq, type Node, parseAllDocuments, type YAMLMap, type YAMLSeq } from 'yaml';
import { formatPosition, type Path, type Position } from '../documents/document.js';
import { looksLikeJson } from '../documents/json.js';
import { readDocuments } from '../documents/read.js';
import { Source } from '../documents/source.js';
import type { Removable } from './finding.js';

export interface Cut {
  /** Offsets in the old text. */
  readonly start: number;
  readonly end: number;
}

export interface Fixed {
  readonly text: string;
  readonly removed: readonly Removable[];
  /** In order, none within another one. */
  readonly cuts: readonly Cut[];
  readonly left: readonly { readonly removable: Removable; readonly reason: string }[];
}

const BYTE_ORDER_MARK = '\uFEFF';

export function removeEntries(given: string, file: string, removables: readonly Removable[]): Fixed {
  const mark = given.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const text = given.slice(mark.length);
  const none = (reason: string): Fixed => ({
    text: given,
    removed: [],
    cuts: [],
    left: removables.map(removable => ({ removable, reason })),
  });
  if (looksLikeJson(text)) return none('the file is JSON, which programs write: mend it where it comes from');
  const source = new Source(file, text);
  const objects = objectsOf(text);
  const left: { removable: Removable; reason: string }[] = [];
  const removed: Removable[] = [];
  const cuts: Cut[] = [];
  for (const removable of removables) {
    const object = objects.find(node => isAt(source.position(node.range![0]), removable.document));
    const cut = object === undefined ? null : cutOf(object, removable.path, text);
    if (cut === null) {
      left.push({ removable, reason: 'it is not written in a way that can be cut out' });
      continue;
    }
    if (cuts.some(it => it.start < cut.end && cut.start < it.end)) continue;
    cuts.push(cut);
    removed.push(removable);
  }
  cuts.sort((a, b) => a.start - b.start);
  const changed = cuts.toReversed().reduce((it, { start, end }) => it.slice(0, start) + it.slice(end), text);
  if (!isOnlyWithout(text, changed, file, removed)) return none('without it the file would read otherwise');
  return {
    text: mark + changed,
    removed,
    cuts: cuts.map(({ start, end }) => ({ start: start + mark.length, end: end + mark.length })),
    left,
  };
}

const isAt = (a: Position, b: Position): boolean => a.line === b.line && a.column === b.column;

/** Every object of the text, those of Lists too. */
function objectsOf(text: string): YAMLMap[] {
  const documents = parseAllDocuments(text, { schema: 'failsafe', uniqueKeys: false, logLevel: 'silent' });
  const expand = (node: unknown): YAMLMap[] => {
    if (!isMap(node)) return [];
    const items = node.get('items', true);
    return isSeq(items) ? [node, ...items.items.flatMap(expand)] : [node];
  };
  return Array.isArray(documents) ? documents.flatMap(({ contents }) => expand(contents)) : [];
}

/** @returns null where the entry is not found, or stands beside something else */
function cutOf(object: YAMLMap, path: Path, text: string): Cut | null {
  const list = object.getIn(path.slice(0, -1), true);
  const index = path.at(-1);
  if (!isSeq(list) || typeof index !== 'number') return null;
  const entry = list.items[index] as Node | undefined;
  if (entry?.range === undefined || entry.range === null) return null;
  return list.flow === true ? flowCut(list, index, text) : blockCut(list, entry.range, text);
}

/** The first entry is never cut: what it would be the copy of stands before it. */
function flowCut(list: YAMLSeq, index: number, text: string): Cut | null {
  const before = (list.items[index - 1] as Node | undefined)?.range;
  const own = (list.items[index] as Node).range;
  if (!before || !own) return null;
  const between = text.slice(before[1], own[0]);
  return /^\s*,\s*$/.test(between) ? { start: before[1], end: own[1] } : null;
}

/** From the dash to the end of the entry's last line. */
function blockCut(list: YAMLSeq, [from, to]: readonly number[], text: string): Cut | null {
  const lineOf = (offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;
  const column = list.range![0] - lineOf(list.range![0]);
  let start = lineOf(from!);
  while (!(text[start + column] === '-' && text.slice(start, start + column).trim() === '')) {
    if (start <= list.range![0]) return null;
    start = lineOf(start - 1);
  }
  const last = to! - 1 - /\s*$/.exec(text.slice(from, to))![0].length;
  const lineEnd = text.indexOf('\n', Math.max(last, from!));
  return { start, end: lineEnd < 0 ? text.length : lineEnd + 1 };
}

function isOnlyWithout(before: string, after: string, file: string, removed: readonly Removable[]): boolean {
  const old = readDocuments(before, file).documents;
  const now = readDocuments(after, file);
  if (now.problems.length > 0 || now.documents.length !== old.length) return false;
  return old.every((document, i) => {
    const key = formatPosition(document.position);
    const own = removed.filter(it => formatPosition(it.document) === key);
    const expected = own.length === 0 ? document.object : structuredClone(document.object);
    // Later entries first: the places of the others stay.
    for (const { path } of own.toSorted((a, b) => comparePaths(b.path, a.path))) {
      const list = path
        .slice(0, -1)
        .reduce<unknown>((it, step) => (it as Record<string | number, unknown>)[step], expected);
      (list as unknown[]).splice(path.at(-1) as number, 1);
    }
    return JSON.stringify(expected) === JSON.stringify(now.documents[i]!.object);
  });
}

/** As their entries stand: of two entries of one list, or within two, the lower index first. */
function comparePaths(a: Path, b: Path): number {
  const at = a.findIndex((step, i) => step !== b[i]);
  if (at < 0) return a.length - b.length;
  const [x, y] = [a[at], b[at]];
  if (typeof x === 'number' && typeof y === 'number') return x - y;
  return `${x}` < `${y}` ? -1 : 1;
}
