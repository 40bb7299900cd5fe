/**
 * A schema and its walker: is this object what the API server's decoder would take?
 *
 * In:  a plain value and a schema.  Out: the value with everything of a wrong type removed; a finding for each wrong
 * type (an error, in the decoder's words) and for each unknown field (a warning: the API server drops it; an error where
 * it belongs under an empty field beside it).
 *
 * A walker of its own rather than a validation library: what is wrong must be told by path, in the API server's words,
 * with the likely meant field; null must mean "absent" everywhere; and reading goes on behind every finding.
 */
import type { Path } from '../../documents/document.js';
import { type Findings, formatPath, shown, typeName } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';

export type Schema =
  /** `type` as the API names it: v1.Protocol; `values`: all that may be given, where these are few. */
  | { readonly kind: 'string'; readonly type: string; readonly values?: readonly string[] }
  | { readonly kind: 'int32'; readonly type: string }
  | { readonly kind: 'bool'; readonly type: string }
  | { readonly kind: 'intOrString'; readonly type: string; readonly values?: readonly string[] }
  | { readonly kind: 'number'; readonly type: string }
  | { readonly kind: 'boolean'; readonly type: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'strings'; readonly type: string }
  | { readonly kind: 'list'; readonly type: string; readonly element: Schema }
  | {
      readonly kind: 'object';
      readonly type: string;
      /** For operators: "an egress rule". */
      readonly noun: string;
      readonly fields: Readonly<Record<string, Schema>>;
      /** Fields that people write here and mean another one by. */
      readonly meant?: Readonly<Record<string, string>>;
      /** What comes of the object where it has an unknown field; by default the field is dropped and the rest applies. */
      readonly unknown?: string;
    };

export type ObjectSchema = Extract<Schema, { kind: 'object' }>;

export const oneOf = (type: string, values: readonly string[]): Schema => ({ kind: 'string', type, values });
export const list = (type: string, element: Schema): Schema => ({ kind: 'list', type: `[]${type}`, element });
export const object = (
  type: string,
  noun: string,
  fields: Readonly<Record<string, Schema>>,
  meant?: Readonly<Record<string, string>>,
): ObjectSchema => ({ kind: 'object', type, noun, fields, ...(meant && { meant }) });

const INT32 = 2 ** 31;

/** @returns the decoded value, undefined where it is null or of a wrong type; elements of a list that are null stay null */
export function decode(schema: Schema, value: unknown, path: Path, findings: Findings): unknown {
  return decodeAt(schema, value, [...path], findings);
}

/** One for a whole document: findings are told at once, and copy nothing of it. */
type MutablePath = (string | number)[];

function decodeAt(schema: Schema, value: unknown, path: MutablePath, findings: Findings): unknown {
  if (value === null || value === undefined) return undefined;
  switch (schema.kind) {
    case 'any':
      return value;
    case 'string':
      if (typeof value === 'string') return value;
      return wrongType(schema, value, path, findings, quoteHint(value));
    case 'bool':
      return typeof value === 'boolean'
        ? value
        : wrongType(schema, value, path, findings, 'write true or false, without quotes');
    case 'int32':
      return decodeInteger(schema, value, path, findings);
    case 'intOrString':
      return typeof value === 'string' ? value : decodeInteger(schema, value, path, findings);
    case 'number':
      return typeof value === 'number' ? value : wrongType(schema, value, path, findings, undefined);
    case 'boolean':
      return typeof value === 'boolean' ? value : wrongType(schema, value, path, findings, 'write true or false');
    case 'strings':
      return decodeStrings(schema, value, path, findings);
    case 'list':
      if (!Array.isArray(value)) return wrongType(schema, value, path, findings, listHint(path));
      return decodeList(schema.element, value, path, findings);
    case 'object':
      return decodeObject(schema, value, path, findings);
  }
}

/** `path` is as long as before when it returns. */
function decodeList(schema: Schema, list: readonly unknown[], path: MutablePath, findings: Findings): unknown[] {
  const decoded: unknown[] = [];
  for (let i = 0; i < list.length; i++) {
    path.push(i);
    decoded.push(list[i] === null ? null : decodeAt(schema, list[i], path, findings));
    path.pop();
  }
  return decoded;
}

type Of<K extends Schema['kind']> = Extract<Schema, { kind: K }>;

function decodeInteger(schema: Of<'int32' | 'intOrString'>, value: unknown, path: Path, findings: Findings): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && value >= -INT32 && value < INT32) return value;
  if (typeof value !== 'number') return wrongType(schema, value, path, findings, undefined);
  findings.error(path, `cannot unmarshal number ${value} into a field of type int32`, 'a whole number is expected');
  return undefined;
}

function decodeStrings(schema: Of<'strings'>, value: unknown, path: Path, findings: Findings): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) {
    return wrongType(schema, value, path, findings, `write \`${last(path)}\` as a map, e.g. ${last(path)}: {app: web}`);
  }
  const strings: Record<string, string> = Object.create(null);
  for (const [key, element] of Object.entries(value as Record<string, unknown>)) {
    const at = [...path, key];
    if (typeof element === 'string') strings[key] = element;
    else if (element === null) {
      findings.warn(path, `${JSON.stringify(key)} has no value and is read as ""`, 'write "" if that is meant', at);
      strings[key] = '';
    } else {
      const message = `cannot unmarshal ${typeName(element)} into a field of type string (key ${JSON.stringify(key)})`;
      findings.error(path, message, quoteHint(element), at);
    }
  }
  return strings;
}

function decodeObject(schema: Of<'object'>, value: unknown, path: MutablePath, findings: Findings): unknown {
  if (typeof value !== 'object' || Array.isArray(value)) {
    return wrongType(schema, value, path, findings, objectHint(schema, value, path));
  }
  const decoded: Record<string, unknown> = {};
  for (const [field, element] of Object.entries(value as Record<string, unknown>)) {
    const known = Object.hasOwn(schema.fields, field) ? schema.fields[field] : undefined;
    if (known !== undefined) {
      path.push(field);
      decoded[field] = decodeAt(known, element, path, findings);
      path.pop();
    } else unknownField(schema, field, path, value as Record<string, unknown>, findings);
  }
  return decoded;
}

/**
 * The empty field of `object` under which this one must stand: a document that lost its indentation. It has a meaning
 * even so, and a dangerous one (an empty spec selects every pod), so this is an error.
 */
function emptyParent(schema: Of<'object'>, field: string, object: Readonly<Record<string, unknown>>): string | null {
  const isEmpty = (name: string): boolean => Object.hasOwn(object, name) && object[name] === null;
  const holds = (it: Schema): boolean =>
    (it.kind === 'object' && Object.hasOwn(it.fields, field)) || (it.kind === 'list' && holds(it.element));
  return Object.keys(schema.fields).find(name => isEmpty(name) && holds(schema.fields[name]!)) ?? null;
}

function unknownField(
  schema: Of<'object'>,
  field: string,
  path: Path,
  object: Readonly<Record<string, unknown>>,
  findings: Findings,
): void {
  const parent = emptyParent(schema, field, object);
  if (parent !== null) {
    const message = `unknown field "${formatPath([...path, field])}": it belongs under "${formatPath([...path, parent])}", which is empty`;
    const hint = `the indentation is lost: write \`${field}\` two columns to the right of \`${parent}\``;
    findings.add('error', message, hint, [...path, field]);
    return;
  }
  const names = Object.keys(schema.fields);
  const meant = schema.meant?.[field] ?? nearest(field, names);
  const known =
    meant === null ? `it has ${names.map(name => `\`${name}\``).join(', ')}.` : `did you mean \`${meant}\`?`;
  const hint = `\`${field}\` is not a field of ${schema.noun}; ${known} ${schema.unknown ?? 'As it stands it is dropped and the rest applies without it'}`;
  const at = [...path, field];
  findings.add('warning', `unknown field "${formatPath(at)}"`, hint, at);
}

function wrongType(
  schema: Exclude<Schema, { kind: 'any' }>,
  value: unknown,
  path: Path,
  findings: Findings,
  hint: string | undefined,
): undefined {
  findings.error(path, `cannot unmarshal ${typeName(value)} into a field of type ${schema.type}`, hint);
  return undefined;
}

const last = (path: Path): string => String(path.findLast(step => typeof step === 'string') ?? 'it');

function quoteHint(value: unknown): string | undefined {
  if (typeof value === 'boolean') {
    return `unquoted, it is a boolean (true, false, yes, no, on, off, y, n all are): quote it`;
  }
  return typeof value === 'number' ? `quote it: "${value}"` : undefined;
}

const listHint = (path: Path): string => `\`${last(path)}\` is a list: begin each entry with "- "`;

function objectHint(schema: Of<'object'>, value: unknown, path: Path): string {
  const fields = Object.keys(schema.fields)
    .map(name => `\`${name}\``)
    .join(', ');
  if (Array.isArray(value)) return `\`${last(path)}\` is not a list: remove the "- "; ${schema.noun} has ${fields}`;
  return `${schema.noun} is a map with ${fields}; given is ${shown(value)}`;
}
