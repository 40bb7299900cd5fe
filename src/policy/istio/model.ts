/**
 * Istio's AuthorizationPolicy after validation: the nouns of security.istio.io/v1 (cold).
 *
 * In:  documents.  Out: AuthorizationPolicy objects. Numbers (IS..) are facts of docs/dialects/istio.md.
 * A rule's fields and its `when` conditions ask about the same attributes of a connection or a request, so that both are
 * terms here; a list of terms is an AND, a list of lists an OR.
 */
import type { Labels } from '../../cluster/inventory.js';
import type { Position } from '../../documents/document.js';
import type { DialectObject } from '../dialects.js';

export const ACTIONS = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const;
export type IstioAction = (typeof ACTIONS)[number];

export interface AuthorizationPolicy extends DialectObject {
  readonly kind: 'AuthorizationPolicy';
  readonly action: IstioAction;
  /** matchLabels; null: every workload (IS1). */
  readonly selector: Labels | null;
  /** targetRef, targetRefs (IS3). */
  readonly targets: readonly IstioTarget[];
  /** Of the CUSTOM action; '' otherwise. */
  readonly provider: string;
  /** (IS6): its annotation says that nothing is enforced. */
  readonly isDryRun: boolean;
  /** [] where the field is absent, too (IS5). */
  readonly rules: readonly IstioRule[];
}

export interface IstioTarget {
  /** '' is the core group. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface IstioRule {
  /** "rules[2]". */
  readonly name: string;
  /** Each a source; [] where `from` is absent: everybody. */
  readonly from: readonly (readonly IstioTerm[])[];
  /** Each an operation; [] where `to` is absent: everything. */
  readonly to: readonly (readonly IstioTerm[])[];
  readonly when: readonly IstioTerm[];
  readonly position: Position;
}

export const ATTRIBUTES = [
  'source.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'remote.ip',
  'destination.ip',
  'destination.port',
  'host',
  'method',
  'path',
  'request.headers',
  'request.auth',
  'connection.sni',
  'experimental',
] as const;
export type IstioAttribute = (typeof ATTRIBUTES)[number];

/** The attribute has one of `values`, where there are any, and none of `notValues`. One of the two lists is not empty. */
export interface IstioTerm {
  readonly attribute: IstioAttribute;
  /** As it is written: `namespaces`, `request.headers[x-token]`. */
  readonly field: string;
  /** The header, in lower case; '' for other attributes. */
  readonly header: string;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}
