/**
 * The cluster administrators' policies of policy.networking.k8s.io, after validation (cold).
 *
 * ClusterNetworkPolicy and, of the older API, AdminNetworkPolicy and BaselineAdminNetworkPolicy are one model: a tier, a
 * priority, a subject, ordered rules. Numbers (A..) are facts of docs/dialects/admin.md.
 */
import type { Position } from '../../documents/document.js';
import type { DialectObject } from '../dialects.js';
import type { LabelSelector } from '../policy.js';

export type AdminKind = 'ClusterNetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy';

export interface AdminPolicy extends DialectObject {
  readonly kind: AdminKind;
  readonly tier: 'Admin' | 'Baseline';
  /** 0 (first) .. 1000; null: a BaselineAdminNetworkPolicy has none. */
  readonly priority: number | null;
  readonly subject: SelectedPods;
  readonly ingress: readonly AdminRule[];
  readonly egress: readonly AdminRule[];
}

/** All pods of the namespaces that match, hostNetwork pods apart; or those of them that match. */
export interface SelectedPods {
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

export interface AdminRule {
  /** "ingress[0]", and the rule's own name behind it where it has one. */
  readonly rule: string;
  readonly action: 'allow' | 'deny' | 'pass';
  readonly peers: readonly AdminPeer[];
  /** null = every port of every protocol. */
  readonly ports: readonly AdminPort[] | null;
  readonly position: Position;
}

export type AdminPeer =
  | ({ readonly kind: 'pods' } & SelectedPods)
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  /** Canonical prefixes. */
  | { readonly kind: 'networks'; readonly cidrs: readonly string[] }
  | { readonly kind: 'domainNames'; readonly names: readonly string[] }
  /** Of a field that is not known (A12). */
  | { readonly kind: 'unknown' };

export type AdminPort =
  | {
      readonly kind: 'numbers';
      readonly protocol: 'TCP' | 'UDP' | 'SCTP';
      /** Inclusive; null = all of them. */
      readonly range: readonly [low: number, high: number] | null;
    }
  /** Of the destination pod, whatever its protocol (A10). */
  | { readonly kind: 'name'; readonly name: string }
  /** Of a field that is not known (A13). */
  | { readonly kind: 'unknown' };
