/**
 * Dialects: the kinds of policies beside NetworkPolicy, and what they refer to, each in a folder of its own (cold).
 *
 * In:  one document.  Out: an object of the dialect's own model (policy/DIALECT/model.ts), with Problems where it is wrong.
 * What an object means is the business of rules/DIALECT: here is only what it says.
 */
import type { KubernetesDocument, Position, Problem } from '../documents/document.js';
import type { AdminPolicy } from './admin/model.js';
import { ADMIN_KINDS } from './admin/read.js';
import { ANTREA_KINDS } from './antrea/kinds.js';
import type { AntreaObject } from './antrea/model.js';
import type { CalicoObject } from './calico/model.js';
import { CALICO_KINDS } from './calico/read.js';
import { CIDR_GROUP_KIND } from './cilium/cidr-group.js';
import type { CiliumObject } from './cilium/model.js';
import { POLICY_KINDS as CILIUM_KINDS } from './cilium/policy.js';
import type { AuthorizationPolicy } from './istio/model.js';
import { AUTHORIZATION_POLICY_KIND } from './istio/policy.js';
import type { Schema } from './kubernetes/schema.js';

/** By dialect, what was read of it, in document order. A dialect stands here when its reader, its rules and its tests do. */
export interface DialectObjects {
  readonly admin: readonly AdminPolicy[];
  readonly antrea: readonly AntreaObject[];
  readonly calico: readonly CalicoObject[];
  readonly cilium: readonly CiliumObject[];
  readonly istio: readonly AuthorizationPolicy[];
}

export type DialectName = keyof DialectObjects;

/** A service mesh's dialects: a layer of their own (src/mesh), judged behind the plugin's and reported apart. */
export type MeshDialect = 'istio';
export type PluginDialect = Exclude<DialectName, MeshDialect>;
export const isMeshDialect = (name: string): name is MeshDialect => name === 'istio';

/** What every model's objects have. */
export interface DialectObject {
  readonly kind: string;
  /** '' where the kind is cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  readonly position: Position;
  /** A policy's rules by the names that decisions give them (Origin.rule); absent where the object is no policy. */
  readonly declares?: readonly { readonly rule: string; readonly position: Position }[];
}

/** One kind of documents. */
export interface DialectKind<T extends DialectObject = DialectObject> {
  readonly dialect: DialectName;
  readonly group: string;
  readonly versions: readonly string[];
  readonly kind: string;
  readonly isNamespaced: boolean;
  /** The fields of its documents. */
  readonly schema: Schema;
  /** @param problems gets what is wrong @returns null where that holds an error of this document */
  read(document: KubernetesDocument, problems: Problem[]): T | null;
}

/** Every kind that is read. */
export const DIALECT_KINDS: readonly DialectKind[] = [
  ...ADMIN_KINDS,
  ...ANTREA_KINDS,
  ...CALICO_KINDS,
  ...CILIUM_KINDS,
  CIDR_GROUP_KIND,
  AUTHORIZATION_POLICY_KIND,
];

const BY_NAME = new Map(DIALECT_KINDS.map(it => [`${it.group}/${it.kind}`, it]));

/** The kind by its group, whatever its version. */
export const dialectKindOf = (group: string, kind: string): DialectKind | undefined => BY_NAME.get(`${group}/${kind}`);

/** "shop/web", or "web" where the kind is cluster-scoped: Origin.policy. */
export const objectName = ({ namespace, name }: Pick<DialectObject, 'namespace' | 'name'>): string =>
  namespace === '' ? name : `${namespace}/${name}`;

/** Nothing of any dialect. */
export const noObjects = (): { -readonly [D in DialectName]: DialectObjects[D][number][] } => ({
  admin: [],
  antrea: [],
  calico: [],
  cilium: [],
  istio: [],
});
