/**
 * A place in a YAML text -> what is being typed there.
 *
 * In:  the text of a file and an offset in it.  Out: the object around it (its kind, namespace and outline), the path, and whether a
 * key or a value is typed; null in comments, in block scalars, and where a document is too long to be looked through at each key.
 */
import type { Path } from '../documents/document.js';
import { type Entry, outlineOf } from './outline.js';

export interface Cursor {
  /** `key`: `path` is that of the map that will hold it; `value`: of the value itself; `entry`: of a list's element that is neither yet. */
  readonly at: 'key' | 'value' | 'entry';
  /** Within the object, as all paths here are. */
  readonly path: Path;
  /** Where what is typed begins, in the file. */
  readonly from: number;
  readonly typed: string;
  /** Column of the key that is typed; -1 in brackets. */
  readonly column: number;
  readonly apiVersion: string;
  readonly kind: string;
  /** '' where none is written. */
  readonly namespace: string;
  /** Everything else of the object. */
  readonly entries: readonly Entry[];
}

/** Stands where the cursor is: a letter of its own. */
const MARK = '\uE000';
const LONGEST = 512 * 1024;

export function cursorAt(file: string, offset: number): Cursor | null {
  const [start, end] = bounds(file, offset);
  if (end - start > LONGEST) return null;
  const text = `${file.slice(start, offset)}${MARK}${file.slice(offset, end)}`;
  const outline = outlineOf(text);
  const place = start === offset ? 0 : offset - start;
  const typed = outline.findLast(it => it.from <= place && place <= it.to && text.slice(it.from, it.to).includes(MARK));
  if (typed === undefined) return null;
  const others = outline.filter(it => it !== typed);
  // An entry of a List is an object by itself.
  const root = typed.path[0] === 'items' && typeof typed.path[1] === 'number' && isList(others) ? 2 : 0;
  const prefix = typed.path.slice(0, root);
  const entries = others
    .filter(({ path }) => path.length >= root && prefix.every((step, i) => path[i] === step))
    .map(it => ({ ...it, path: it.path.slice(root) }));
  return {
    ...placeOf({ ...typed, path: typed.path.slice(root) }, text, start, place),
    apiVersion: textAt(entries, ['apiVersion']),
    kind: textAt(entries, ['kind']),
    namespace: textAt(entries, ['metadata', 'namespace']),
    entries,
  };
}

function placeOf(
  { is, path, from, column, valueFrom, to }: Entry,
  text: string,
  start: number,
  place: number,
): Pick<Cursor, 'at' | 'path' | 'from' | 'typed' | 'column'> {
  const typing = (begin: number): Pick<Cursor, 'from' | 'typed'> => {
    const isQuoted = text[begin] === '"' || text[begin] === "'";
    const first = begin + (isQuoted && begin < place ? 1 : 0);
    return { from: start + first, typed: text.slice(first, place) };
  };
  if (is === 'word') return { at: 'key', path, column, ...typing(from) };
  if (is === 'element') {
    const inner = column < 0 ? -1 : column + valueFrom - from;
    return { at: 'entry', path, column: inner, ...typing(Math.min(valueFrom, to)) };
  }
  if (text.slice(from, valueFrom).includes(MARK))
    return { at: 'key', path: path.slice(0, -1), column, ...typing(from) };
  return { at: 'value', path, column, ...typing(valueFrom) };
}

const isList = (entries: readonly Entry[]): boolean => textAt(entries, ['kind']).endsWith('List');

/** The scalar at a path, '' where there is none. */
export function textAt(entries: readonly Entry[], path: Path): string {
  return entries.find(it => it.is === 'key' && isSame(it.path, path))?.text ?? '';
}

/** Keys of the map at a path. */
export const keysIn = (entries: readonly Entry[], path: Path): Entry[] =>
  entries.filter(it => it.is === 'key' && it.path.length === path.length + 1 && isSame(it.path.slice(0, -1), path));

const isSame = (a: Path, b: Path): boolean => a.length === b.length && a.every((step, i) => step === b[i]);

/** The YAML document around an offset. */
function bounds(text: string, offset: number): [start: number, end: number] {
  const before = text.lastIndexOf('\n---', offset - 1);
  const first = text.startsWith('---') && offset >= 3 ? Math.min(offset, endOfLine(text, 0) + 1) : 0;
  const start = before < 0 ? first : Math.min(offset, endOfLine(text, before + 1) + 1);
  const after = text.indexOf('\n---', Math.max(0, offset - 1));
  return [start, after < 0 ? text.length : Math.max(offset, after + 1)];
}

function endOfLine(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}
