/**
 * The kinds of policies and what their documents may hold, by apiVersion and kind.
 */
import type { Path } from '../documents/document.js';
import { DIALECT_KINDS } from '../policy/dialects.js';
import { NETWORK_POLICY } from '../policy/kubernetes/fields.js';
import type { Schema } from '../policy/kubernetes/schema.js';

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly schema: Schema;
}

export const KINDS: readonly Kind[] = [
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', isNamespaced: true, schema: NETWORK_POLICY },
  ...DIALECT_KINDS.flatMap(({ group, versions, kind, isNamespaced, schema }) =>
    versions.map(version => ({ apiVersion: `${group}/${version}`, kind, isNamespaced, schema })),
  ),
];

/** Where one of both is not written yet, the first kind that the other allows. */
export const kindOf = (apiVersion: string, kind: string): Kind | undefined =>
  KINDS.find(it => it.apiVersion === apiVersion && it.kind === kind) ??
  KINDS.find(it => (kind === '' ? it.apiVersion === apiVersion : apiVersion === '' && it.kind === kind));

/** What stands at a path, undefined where nothing is known to. */
export function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let found: Schema | undefined = schema;
  for (const step of path) {
    if (found?.kind === 'list' && typeof step === 'number') found = found.element;
    else if (found?.kind === 'object') found = Object.hasOwn(found.fields, step) ? found.fields[step] : undefined;
    else return undefined;
  }
  return found;
}
