/**
 * Calico's objects after validation (cold): the fields' own names, every default filled in.
 *
 * In:  documents of projectcalico.org/v3 or crd.projectcalico.org/v1 (the storage form).  Out: one of these each.
 */
import type { Labels } from '../../cluster/inventory.js';
import type { Position } from '../../documents/document.js';
import type { DialectObject } from '../dialects.js';
import type { NetworkPolicy } from '../policy.js';
import type { Expression } from './selector.js';

/** A port, a range with both ends, or the name of one. */
export type CalicoPort = readonly [low: number, high: number] | string;

export interface Icmp {
  readonly type: number;
  /** null = any. */
  readonly code: number | null;
}

/** One side of a rule; all that is not null must hold. */
export interface EntityRule {
  /** Canonical prefixes; null where there are none. */
  readonly nets: readonly string[] | null;
  readonly notNets: readonly string[] | null;
  readonly selector: Expression | null;
  readonly notSelector: Expression | null;
  readonly namespaceSelector: Expression | null;
  readonly serviceAccounts: { readonly names: readonly string[]; readonly selector: Expression | null } | null;
  readonly services: { readonly namespace: string; readonly name: string } | null;
  readonly ports: readonly CalicoPort[] | null;
  readonly notPorts: readonly CalicoPort[] | null;
}

export interface CalicoRule {
  readonly action: 'Allow' | 'Deny' | 'Log' | 'Pass';
  readonly ipVersion: 4 | 6 | null;
  readonly protocol: number | null;
  readonly notProtocol: number | null;
  /** The family that `protocol` names: ICMP is of IPv4, ICMPv6 of IPv6; null: a number, or another protocol. */
  readonly protocolVersion: 4 | 6 | null;
  readonly icmp: Icmp | null;
  readonly notICMP: Icmp | null;
  readonly source: EntityRule;
  readonly destination: EntityRule;
  /** Fields that are read and not modelled: what the rest could match is not decided. */
  readonly unsupported: readonly string[];
  /** "ingress[0]". */
  readonly name: string;
  readonly position: Position;
}

export interface CalicoPolicy extends DialectObject {
  readonly kind: 'NetworkPolicy' | 'GlobalNetworkPolicy' | 'StagedNetworkPolicy' | 'StagedGlobalNetworkPolicy';
  readonly tier: string;
  /** Infinity where there is none. */
  readonly order: number;
  readonly selector: Expression | null;
  readonly serviceAccountSelector: Expression | null;
  /** Of GlobalNetworkPolicy. */
  readonly namespaceSelector: Expression | null;
  readonly types: readonly ('Ingress' | 'Egress')[];
  /** [] where the direction is not among the types. */
  readonly ingress: readonly CalicoRule[];
  readonly egress: readonly CalicoRule[];
  readonly doNotTrack: boolean;
  readonly preDNAT: boolean;
  readonly applyOnForward: boolean;
  /** null: not staged. */
  readonly staged: StagedAction | null;
}

export type StagedAction = 'Set' | 'Delete' | 'Learn' | 'Ignore';

export interface StagedKubernetesNetworkPolicy extends DialectObject {
  readonly kind: 'StagedKubernetesNetworkPolicy';
  readonly staged: StagedAction;
  /** What it would be; null where the action is Delete. */
  readonly policy: NetworkPolicy | null;
}

export interface Tier extends DialectObject {
  readonly kind: 'Tier';
  /** Infinity where there is none. */
  readonly order: number;
  readonly defaultAction: 'Deny' | 'Pass';
}

export interface NetworkSet extends DialectObject {
  readonly kind: 'NetworkSet' | 'GlobalNetworkSet';
  readonly labels: Labels;
  /** Canonical prefixes. */
  readonly nets: readonly string[];
}

export interface HostEndpoint extends DialectObject {
  readonly kind: 'HostEndpoint';
  readonly labels: Labels;
  readonly node: string;
  /** '*': all of the node's interfaces; '': the one that has an expected address. */
  readonly interfaceName: string;
  /** Canonical addresses. */
  readonly expectedIPs: readonly string[];
  readonly profiles: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: number; readonly port: number }[];
}

export interface CalicoProfile extends DialectObject {
  readonly kind: 'Profile';
  readonly labelsToApply: Labels;
  readonly ingress: readonly CalicoRule[];
  readonly egress: readonly CalicoRule[];
}

export type CalicoObject =
  | CalicoPolicy
  | StagedKubernetesNetworkPolicy
  | Tier
  | NetworkSet
  | HostEndpoint
  | CalicoProfile;
