/**
 * Policies after validation: the nouns of NetworkPolicy v1 with every default filled in (cold).
 *
 * In:  KubernetesDocuments.  Out: NetworkPolicy objects and Problems.  Later dialects have their own folder and model.
 */
import type { Selector } from '../cluster/selector.js';
import type { Position } from '../documents/document.js';

export type LabelSelector = Selector;

/** Exactly one shape: selectors (either or both, null = absent), or an address block. */
export type Peer =
  | {
      readonly kind: 'pods';
      readonly podSelector: LabelSelector | null;
      readonly namespaceSelector: LabelSelector | null;
    }
  | { readonly kind: 'ipBlock'; readonly cidr: string; readonly except: readonly string[] };

export interface PolicyPort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** null = every port of the protocol; a string = a named port of the destination pod. */
  readonly port: number | string | null;
  /** Inclusive; null = just `port`. */
  readonly endPort: number | null;
}

export interface PolicyRule {
  /** null = every peer, external addresses included; [] never occurs (an empty list means the same as null). */
  readonly peers: readonly Peer[] | null;
  /** null = every port of every protocol. */
  readonly ports: readonly PolicyPort[] | null;
  readonly position: Position;
}

export interface NetworkPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly podSelector: LabelSelector;
  /** Whether the policy isolates the pods it selects in that direction (policyTypes with its defaults). */
  readonly isolatesIngress: boolean;
  readonly isolatesEgress: boolean;
  /** The rules that count: [] where the direction is not in policyTypes (items 1-3). */
  readonly ingress: readonly PolicyRule[];
  readonly egress: readonly PolicyRule[];
  /** The rules of the direction that is not in policyTypes, where there are any: only some profiles count them. */
  readonly unlisted?: readonly PolicyRule[];
  readonly position: Position;
}
