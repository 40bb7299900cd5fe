/**
 * Completion: what may stand at a place of a policy's text.
 *
 * In:  the text as far as it is typed, an offset in it, and the cluster.  Out: fields by what policap's own validation knows of the kind
 * (one list: the schemas in policy/), values of fields that take few, and names, labels, ports and addresses of the cluster.
 * The text need not be valid. Nothing is ranked: what asks filters by what is typed.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { Path } from '../documents/document.js';
import type { ObjectSchema, Schema } from '../policy/kubernetes/schema.js';
import { clusterKeys, clusterValues, conditionStart, isExpression } from './cluster-values.js';
import { type Cursor, cursorAt, keysIn } from './cursor.js';
import { KINDS, kindOf, schemaAt } from './kinds.js';

export interface Completion {
  readonly label: string;
  /** What replaces the typed word. */
  readonly insert: string;
  readonly is: 'field' | 'value';
  /** What it is, or where in the cluster it comes from; '' for nothing. */
  readonly detail: string;
}

export interface Completions {
  /** Where the word begins that a completion replaces, up to the offset. */
  readonly from: number;
  readonly items: readonly Completion[];
}

const NOTHING: readonly Completion[] = [];
const BLANK = ' ';

/** @param inventory null while no cluster is known */
export function complete(text: string, offset: number, inventory: Inventory | null): Completions {
  const cursor = cursorAt(text, offset);
  if (cursor === null) return { from: offset, items: NOTHING };
  // Of a selector that is a text, the condition that is being typed.
  const skipped = cursor.at === 'value' && isExpression(cursor.path) ? conditionStart(cursor.typed) : 0;
  return { from: cursor.from + skipped, items: itemsAt(cursor, inventory) };
}

function itemsAt(cursor: Cursor, inventory: Inventory | null): readonly Completion[] {
  const { at, path, apiVersion, kind } = cursor;
  const step = path.at(-1);
  if (at === 'value' && path.length === 1 && (step === 'apiVersion' || step === 'kind'))
    return typeValues(step, cursor);
  const known = kindOf(apiVersion, kind);
  const root: Schema = known?.schema ?? KINDS[0]!.schema;
  // Of a kind that is not read, the name and the namespace are all that is known.
  if (known === undefined && kind !== '' && path[0] !== 'metadata') return NOTHING;
  const schema = schemaAt(root, path);
  if (at === 'key') return keys(schema, cursor, inventory);
  if (at === 'entry' && (schema?.kind === 'object' || schema?.kind === 'strings'))
    return keys(schema, cursor, inventory);
  return values(schema ?? labelSchema(root, path), cursor, inventory);
}

/** A label's value: of a map of strings no schema says the keys. */
const labelSchema = (root: Schema, path: Path): Schema | undefined =>
  schemaAt(root, path.slice(0, -1))?.kind === 'strings' ? { kind: 'string', type: 'string' } : undefined;

function keys(schema: Schema | undefined, cursor: Cursor, inventory: Inventory | null): readonly Completion[] {
  if (schema === undefined) return NOTHING;
  if (schema.kind === 'list') return elements(schema.element, cursor, inventory);
  const given = new Set(keysIn(cursor.entries, cursor.path).map(it => it.path.at(-1)));
  if (schema.kind === 'strings') {
    return clusterKeys(cursor, inventory)
      .filter(({ name }) => !given.has(name))
      .map(({ name, detail }) => ({ label: name, insert: `${name}: `, is: 'field', detail }));
  }
  if (schema.kind !== 'object') return NOTHING;
  return fieldsOf(schema)
    .filter(([name]) => !given.has(name))
    .map(([name, its]) => fieldItem(name, its, cursor.column));
}

/** What nobody reads, such as what the API server writes, comes last. */
const fieldsOf = ({ fields }: ObjectSchema): [string, Schema][] =>
  Object.entries(fields).sort(([, a], [, b]) => Number(a.kind === 'any') - Number(b.kind === 'any'));

/** A list's first or next entry, where its dash is not typed yet. */
function elements(element: Schema, cursor: Cursor, inventory: Inventory | null): readonly Completion[] {
  if (cursor.column < 0) return NOTHING;
  if (element.kind === 'object') {
    return fieldsOf(element).map(([name, its]) => {
      const item = fieldItem(name, its, cursor.column + 2);
      return { ...item, label: `- ${name}`, insert: `- ${item.insert}` };
    });
  }
  const inside = { ...cursor, path: [...cursor.path, 0] };
  return values(element, inside, inventory).map(it => ({ ...it, label: `- ${it.label}`, insert: `- ${it.insert}` }));
}

function fieldItem(name: string, schema: Schema, column: number): Completion {
  const isFlow = column < 0;
  const below = (first: string): string => `${name}:\n${BLANK.repeat(column + 2)}${first}`;
  const insert =
    isFlow || !(schema.kind === 'object' || schema.kind === 'strings' || schema.kind === 'list')
      ? `${name}: `
      : below(schema.kind === 'list' ? '- ' : '');
  return { label: name, insert, is: 'field', detail: typeText(schema) };
}

/** In a word or two. */
function typeText(schema: Schema): string {
  switch (schema.kind) {
    case 'object':
      return schema.noun;
    case 'list':
      return schema.element.kind === 'object' ? `list: ${schema.element.noun}` : 'list';
    case 'strings':
      return 'labels';
    case 'string':
      return (schema.values ?? []).slice(0, 4).join(', ');
    case 'int32':
    case 'number':
      return 'number';
    case 'intOrString':
      return 'number or name';
    case 'bool':
    case 'boolean':
      return 'true or false';
    case 'any':
      return '';
  }
}

function values(schema: Schema | undefined, cursor: Cursor, inventory: Inventory | null): readonly Completion[] {
  if (schema === undefined) return NOTHING;
  if (schema.kind === 'bool' || schema.kind === 'boolean') return ['true', 'false'].map(plain);
  if (schema.kind === 'int32') {
    return clusterValues(cursor, inventory)
      .filter(({ name }) => NUMBER.test(name))
      .map(({ name, detail }) => ({ ...plain(name), detail }));
  }
  if (schema.kind !== 'string' && schema.kind !== 'intOrString') return NOTHING;
  if (schema.values !== undefined) return schema.values.map(plain);
  const isText = schema.kind === 'string' && !isExpression(cursor.path);
  return clusterValues(cursor, inventory).map(({ name, detail }) => ({
    ...plain(name),
    insert: isExpression(cursor.path) ? name : quoted(name, isText),
    detail,
  }));
}

const NUMBER = /^[-+.0-9][-+.0-9_eExXobA-Fa-f]*$/;

const plain = (name: string): Completion => ({ label: name, insert: name, is: 'value', detail: '' });

/** Values that YAML would read as no text. @param isText a number is a text, too */
const quoted = (name: string, isText: boolean): string =>
  /^(?:true|false|yes|no|on|off|y|n|null|~|)$/i.test(name) ||
  /^[\s*&!%@`#{}[\],|>?-]|: |:$| #/.test(name) ||
  (isText && NUMBER.test(name))
    ? JSON.stringify(name)
    : name;

function typeValues(field: 'apiVersion' | 'kind', { apiVersion, kind }: Cursor): readonly Completion[] {
  const other = field === 'kind' ? 'apiVersion' : 'kind';
  const given = field === 'kind' ? apiVersion : kind;
  const fitting = KINDS.filter(it => it[other] === given);
  const byValue = new Map<string, string[]>();
  for (const it of fitting.length > 0 ? fitting : KINDS) {
    byValue.set(it[field], [...(byValue.get(it[field]) ?? []), it[other]]);
  }
  return [...byValue].map(([value, others]) => ({
    ...plain(value),
    detail: [...new Set(others)].slice(0, 3).join(', '),
  }));
}
