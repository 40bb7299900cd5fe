/**
 * What both parsers (yaml.ts, json.ts) give: a value that knows where its nodes stand.
 *
 * `value` is plain data, nested at most MAX_DEPTH deep. Offsets are looked up in the text when somebody asks, by
 * reading it again: no tree of positions is kept for the many nodes nobody asks about.
 */
import type { Path } from './document.js';

export interface Tree {
  readonly value: unknown;
  /** Offset of the key that holds the node (of the element, in a list); of its nearest existing parent if it does not exist. */
  locate(path: Path): number;
}

/** Something wrong at an offset of the text. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** Deeper than any Kubernetes object (custom resource definitions reach 60), far from any stack limit. */
export const MAX_DEPTH = 200;

export const tooDeep = (offset: number): Fault => ({
  offset,
  message: `nested deeper than ${MAX_DEPTH} levels`,
  hint: 'no Kubernetes object nests so deep: is this the right file?',
});

export const duplicateKey = (offset: number, key: string, firstLine: number): Fault => ({
  offset,
  message: `key ${JSON.stringify(key)} already set in map`,
  hint: `it is first set in line ${firstLine}; remove one of them`,
});

/** Sets a key as JSON.parse does: `__proto__` is a key like any other. */
export function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
