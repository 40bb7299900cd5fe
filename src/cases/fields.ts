/**
 * Fields of a cases file, each read and checked where it stands (cold). A part of read.ts.
 *
 * In:  a plain object and its path.  Out: values of the right kind; what is wrong becomes a finding with its position, and
 * the value is left out, so that reading goes on and everything wrong is told at once.
 */
import type { Path } from '../documents/document.js';
import { type Findings, formatPath, shown } from '../documents/findings.js';
import { nearest } from '../documents/suggest.js';

export type Fields = Readonly<Record<string, unknown>>;

/** What a value must be, and how that is said. */
export interface Kind<T> {
  readonly is: (value: unknown) => value is T;
  readonly said: string;
}

export const TEXT: Kind<string> = {
  is: (value): value is string => typeof value === 'string' && value.trim() !== '',
  said: 'must be a text',
};
export const FLAG: Kind<boolean> = {
  is: (value): value is boolean => typeof value === 'boolean',
  said: 'must be true or false',
};
export const wholeUpTo = (highest: number): Kind<number> => ({
  is: (value): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= highest,
  said: highest === Number.MAX_SAFE_INTEGER ? 'must be a whole number' : `must be a whole number from 0 to ${highest}`,
});
export const PORT = wholeUpTo(65535);
export const BYTE = wholeUpTo(255);
export const COUNT = wholeUpTo(Number.MAX_SAFE_INTEGER);
export const PROTOCOL: Kind<string | number> = {
  is: (value): value is string | number => TEXT.is(value) || BYTE.is(value),
  said: "must be a protocol's name or number",
};
export const HEADERS: Kind<Record<string, string>> = {
  is: (value): value is Record<string, string> =>
    isFields(value) && Object.values(value).every(field => typeof field === 'string'),
  said: 'must be a map of texts',
};

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export class FieldReader {
  /** Something was wrong since the last look. */
  hasFailed = false;

  constructor(private readonly findings: Findings) {}

  error(path: Path, body: string, hint?: string): void {
    this.hasFailed = true;
    this.findings.error(path, body, hint);
  }

  /** @param what for operators: "a case"  @param meant what people write who mean a field */
  known(
    fields: Fields,
    path: Path,
    names: readonly string[],
    what: string,
    meant: Readonly<Record<string, string>>,
  ): void {
    for (const name of Object.keys(fields)) {
      if (names.includes(name)) continue;
      const near = Object.hasOwn(meant, name) ? meant[name]! : nearest(name, names);
      this.hasFailed = true;
      const hint = near === null ? `fields of ${what}: ${names.join(', ')}` : `did you mean "${near}"?`;
      this.findings.add('error', `unknown field "${formatPath([...path, name])}"`, hint, [...path, name]);
    }
  }

  map(fields: Fields, path: Path, name: string): Fields | undefined {
    const value = fields[name];
    if (value === undefined || value === null) return undefined;
    if (isFields(value)) return value;
    this.error([...path, name], `Invalid value: ${shown(value)}: must be a map`);
    return undefined;
  }

  one<T>(fields: Fields, path: Path, name: string, kind: Kind<T>): T | undefined {
    const value = fields[name];
    if (value === undefined || value === null) return undefined;
    if (kind.is(value)) return value;
    this.error([...path, name], `Invalid value: ${shown(value)}: ${kind.said}`);
    return undefined;
  }

  /** One or a list of them; [] where it is absent or wrong. */
  some<T>(fields: Fields, path: Path, name: string, kind: Kind<T>): T[] {
    const value = fields[name];
    if (!Array.isArray(value)) {
      const only = this.one(fields, path, name, kind);
      return only === undefined ? [] : [only];
    }
    if (value.length === 0)
      this.error([...path, name], 'Invalid value: []: an empty list asks nothing', 'leave it out');
    return value.flatMap((item: unknown, i) => {
      if (kind.is(item)) return [item];
      this.error([...path, name, i], `Invalid value: ${shown(item)}: ${kind.said}`);
      return [];
    });
  }

  /** One or a list of some words. */
  words<T extends string>(
    fields: Fields,
    path: Path,
    name: string,
    words: readonly T[],
    meant: Readonly<Record<string, T>> = {},
  ): T[] {
    return this.some(fields, path, name, TEXT).flatMap(given => {
      if ((words as readonly string[]).includes(given)) return [given as T];
      const near = Object.hasOwn(meant, given) ? meant[given]! : nearest(given, words);
      this.error(
        [...path, name],
        `Unsupported value: ${shown(given)}: supported values: ${words.map(word => `"${word}"`).join(', ')}`,
        near === null ? undefined : `did you mean "${near}"?`,
      );
      return [];
    });
  }

  required(fields: Fields, path: Path, name: string, hint: string): void {
    if (fields[name] === undefined || fields[name] === null) this.error([...path, name], 'Required value', hint);
  }
}
