/**
 * Antrea's own policies, tiers and groups, of crd.antrea.io, after validation (cold).
 *
 * Kinds are named as Antrea's own tools name them: another group has a ClusterNetworkPolicy and a NetworkPolicy, too.
 * Numbers (AN..) are facts of docs/dialects/antrea.md.
 */
import type { Position } from '../../documents/document.js';
import type { DialectObject } from '../dialects.js';
import type { LabelSelector } from '../policy.js';

export type AntreaObject = AntreaPolicy | AntreaTier | AntreaGroup;

export interface AntreaPolicy extends DialectObject {
  readonly kind: 'AntreaClusterNetworkPolicy' | 'AntreaNetworkPolicy';
  /** A tier's name, "application" where none is given. */
  readonly tier: string;
  /** 1 (first) .. 10000, fractions allowed. */
  readonly priority: number;
  readonly ingress: readonly AntreaRule[];
  readonly egress: readonly AntreaRule[];
}

export interface AntreaTier extends DialectObject {
  readonly kind: 'AntreaTier';
  readonly priority: number;
}

export interface AntreaGroup extends DialectObject {
  readonly kind: 'AntreaClusterGroup' | 'AntreaGroup';
  readonly members: GroupMembers;
}

export type GroupMembers =
  | SelectedPods
  | { readonly kind: 'blocks'; readonly blocks: readonly Block[] }
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'groups'; readonly names: readonly string[] }
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  | { readonly kind: 'externalEntities' }
  /** Without any field: no members. */
  | { readonly kind: 'none' };

export interface AntreaRule {
  /** "ingress[0]", and the rule's own name behind it where it has one. */
  readonly rule: string;
  /** Its place among the rules of its direction: part of its priority (AN4). */
  readonly index: number;
  /** Drop and Reject both deny. */
  readonly action: 'allow' | 'deny' | 'pass';
  /** It denies, and the sender is told. */
  readonly isReject?: true;
  /** Its own, or its policy's. */
  readonly appliedTo: readonly AppliedTo[];
  /** null = everybody. */
  readonly peers: readonly AntreaPeer[] | null;
  readonly toServices: readonly { readonly namespace: string; readonly name: string }[];
  /** null = every port of every protocol. */
  readonly headers: readonly AntreaHeader[] | null;
  /** What it allows, an engine looks into (AN14): a request must match one; `other`: of TLS, or of nothing; null: nobody does. */
  readonly layer7: readonly AntreaHttp[] | 'other' | null;
  readonly position: Position;
}

/** null: absent. Without namespaceSelector: of the own namespace, or of all where the kind is cluster-scoped. */
export interface SelectedPods {
  readonly kind: 'pods';
  readonly namespaceSelector: LabelSelector | null;
  readonly podSelector: LabelSelector | null;
}

/** Each may begin and end with `*`; null: any. */
export interface AntreaHttp {
  readonly host: string | null;
  readonly method: string | null;
  readonly path: string | null;
}

export interface Block {
  readonly cidr: string;
  readonly except: readonly string[];
}

export interface ServiceAccountName {
  readonly kind: 'serviceAccount';
  readonly namespace: string;
  readonly name: string;
}

export type AppliedTo =
  | SelectedPods
  | ServiceAccountName
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'externalEntities' };

export type AntreaPeer =
  | SelectedPods
  | ServiceAccountName
  | ({ readonly kind: 'block' } & Block)
  /** Pods of the subject's own namespace (sameLabels null), or of those that share its values of these labels. */
  | {
      readonly kind: 'related';
      readonly sameLabels: readonly string[] | null;
      readonly podSelector: LabelSelector | null;
    }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'fqdn'; readonly pattern: string }
  | { readonly kind: 'nodes'; readonly selector: LabelSelector }
  | { readonly kind: 'externalEntities' }
  /** Beside what it selects here: other clusters' pods. */
  | { readonly kind: 'clusterSet' };

export type AntreaHeader =
  | {
      readonly kind: 'ports';
      readonly protocol: 'TCP' | 'UDP' | 'SCTP';
      /** Inclusive; null = all; a string: a named port of the destination pod. */
      readonly destination: readonly [number, number] | string | null;
      readonly source: readonly [number, number] | null;
    }
  | { readonly kind: 'icmp'; readonly type: number | null; readonly code: number | null }
  | { readonly kind: 'igmp' };
