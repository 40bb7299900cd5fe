/**
 * A suggested NetworkPolicy: what is printed, with what its comments say (data).
 */
import type { Selector } from '../cluster/selector.js';
import type { RulePort } from './ports.js';

export type RulePeer =
  /** namespace null: the policy's own. podSelector null: every pod there. */
  | { readonly kind: 'pods'; readonly namespace: string | null; readonly selector: Selector | null }
  /** Every pod of every namespace. */
  | { readonly kind: 'everybody' }
  | { readonly kind: 'block'; readonly cidr: string };

export interface SuggestedRule {
  readonly peers: readonly RulePeer[];
  readonly ports: readonly RulePort[];
  /** Lines. */
  readonly comments: readonly string[];
}

export type Direction = 'Ingress' | 'Egress';

export interface SuggestedPolicy {
  readonly namespace: string;
  readonly name: string;
  /** The workloads it is for; none: all of the namespace. */
  readonly workloads: readonly string[];
  readonly selector: Selector;
  readonly types: readonly Direction[];
  readonly ingress: readonly SuggestedRule[];
  readonly egress: readonly SuggestedRule[];
  /** Beside existing policies: what these allow needs no rule. */
  readonly isAddition: boolean;
  /** Lines about the policy as a whole. */
  readonly comments: readonly string[];
}
