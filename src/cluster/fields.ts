/**
 * Reading fields of cluster objects: plain values with findings instead of exceptions.
 *
 * Captures of a running cluster are well-formed; manifests and edited captures may not be. A value of a wrong type is
 * told once and read as absent.
 */
import type { Path } from '../documents/document.js';
import { type Findings, shown, typeName } from '../documents/findings.js';
import { parseAddress, parseBlock } from './address.js';
import type { Labels } from './inventory.js';

export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = {};

/** The value at a path, or undefined where something on the way is no object. */
export function valueAt(object: unknown, path: Path): unknown {
  let value = object;
  for (const step of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value ?? undefined;
}

/** One object, read by path. */
export class Reader {
  constructor(
    private readonly object: Fields,
    readonly findings: Findings,
    /** Whose part `object` is, and where in it. */
    private readonly parent: Reader | null = null,
    private readonly within: Path = [],
    private readonly index = -1,
  ) {}

  /** Where `object` stands in its document: asked for only where something is wrong. */
  private get base(): Path {
    const { parent, within, index } = this;
    return parent === null ? within : [...parent.base, ...within, ...(index < 0 ? [] : [index])];
  }

  private wrong(path: Path, value: unknown, type: string, hint?: string): undefined {
    this.findings.error(
      [...this.base, ...path],
      `cannot unmarshal ${typeName(value)} into a field of type ${type}`,
      hint,
    );
    return undefined;
  }

  /** A finding about a path of this object. */
  warn(path: Path, body: string, hint?: string): void {
    this.findings.warn([...this.base, ...path], body, hint);
  }

  string(...path: Path): string {
    const value = valueAt(this.object, path);
    if (value === undefined) return '';
    if (typeof value === 'string') return value;
    return this.wrong(path, value, 'string', quoteHint(value)) ?? '';
  }

  boolean(...path: Path): boolean {
    const value = valueAt(this.object, path);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    return this.wrong(path, value, 'bool') ?? false;
  }

  /** A port number, 0 where absent. */
  port(...path: Path): number {
    const value = valueAt(this.object, path);
    if (value === undefined) return 0;
    if (typeof value !== 'number') return this.wrong(path, value, 'int32') ?? 0;
    if (Number.isInteger(value) && value >= 1 && value <= 65535) return value;
    this.findings.error([...this.base, ...path], `Invalid value: ${value}: must be between 1 and 65535, inclusive`);
    return 0;
  }

  /** As port(), but 0 stands for "none", as in spec.ports[].nodePort. */
  nodePort(...path: Path): number {
    return valueAt(this.object, path) === 0 ? 0 : this.port(...path);
  }

  /** A number or the name of a container port; null where absent (or 0, which means the same). */
  targetPort(...path: Path): number | string | null {
    const value = valueAt(this.object, path);
    if (typeof value === 'string') return value === '' ? null : value;
    return value === undefined || value === 0 ? null : this.port(...path) || null;
  }

  list(...path: Path): readonly unknown[] {
    const value = valueAt(this.object, path);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    return this.wrong(path, value, 'list', 'begin each entry with "- "') ?? [];
  }

  /** The objects of a list, each with its own reader; elements that are no objects are told and left out. */
  objects(...path: Path): Reader[] {
    const readers: Reader[] = [];
    const list = this.list(...path);
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
        readers.push(new Reader(value as Fields, this.findings, this, path, i));
      } else if (value !== null) this.wrong([...path, i], value, 'object');
    }
    return readers;
  }

  /** A map of strings: labels, selectors, annotations. */
  strings(...path: Path): Labels {
    const value = valueAt(this.object, path);
    if (value === undefined) return {};
    if (typeof value !== 'object' || Array.isArray(value)) return this.wrong(path, value, 'map[string]string') ?? {};
    const entries = Object.entries(value as Fields);
    if (entries.every(([, element]) => typeof element === 'string')) return value as Labels;
    const strings: Record<string, string> = Object.create(null);
    for (const [key, element] of entries) {
      if (typeof element === 'string') strings[key] = element;
      else if (element === null) strings[key] = '';
      else this.wrong([...path, key], element, 'string', quoteHint(element));
    }
    return strings;
  }

  protocol(...path: Path): 'TCP' | 'UDP' | 'SCTP' | null {
    const given = this.string(...path);
    if (given === '') return 'TCP';
    if (given === 'TCP' || given === 'UDP' || given === 'SCTP') return given;
    const message = `Unsupported value: ${shown(given)}: supported values: "TCP", "UDP", "SCTP"`;
    this.findings.error([...this.base, ...path], message);
    return null;
  }

  /** Canonical text; '' where absent or no address: the latter is told. */
  address(...path: Path): string {
    const text = this.string(...path);
    if (text === '') return '';
    const address = parseAddress(text);
    if (address !== null) return address.text;
    this.warn(
      path,
      `Invalid value: ${shown(text)}: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      'it is left out',
    );
    return '';
  }

  /** An address that may carry its prefix length, as interfaces have it: 10.0.0.1/24. */
  interfaceAddress(...path: Path): string {
    const text = this.string(...path);
    if (text === '') return '';
    return parseAddress(text)?.text ?? parseBlock(text)?.address ?? '';
  }

  block(...path: Path): string {
    const text = this.string(...path);
    if (text === '') return '';
    const block = parseBlock(text);
    if (block !== null) return block.text;
    this.warn(
      path,
      `Invalid value: ${shown(text)}: must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
      'it is left out',
    );
    return '';
  }

  /** Seconds since 1970, NaN where absent or no time. */
  time(...path: Path): number {
    const text = this.string(...path);
    return text === '' ? Number.NaN : Date.parse(text) / 1000;
  }

  at(...path: Path): Reader {
    const value = valueAt(this.object, path);
    const fields =
      value !== undefined && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : NOTHING;
    if (fields === NOTHING && value !== undefined) this.wrong(path, value, 'object');
    return new Reader(fields, this.findings, this, path);
  }

  has(...path: Path): boolean {
    return valueAt(this.object, path) !== undefined;
  }
}

function quoteHint(value: unknown): string | undefined {
  if (typeof value === 'boolean')
    return 'unquoted, it is a boolean (true, false, yes, no, on, off, y, n all are): quote it';
  return typeof value === 'number' ? `quote it: "${value}"` : undefined;
}

/** Each once, without the empty. */
export const distinct = (texts: readonly string[]): string[] =>
  texts.length <= FEW
    ? texts.filter((text, i) => text !== '' && texts.indexOf(text) === i)
    : [...new Set(texts)].filter(text => text !== '');

/** A set of so many costs more than it saves. */
const FEW = 8;
