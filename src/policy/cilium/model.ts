/**
 * Cilium's policies after validation: the nouns of cilium.io/v2 (cold).
 *
 * In:  documents.  Out: CiliumPolicy and CiliumGroup objects. Numbers (CI..) are facts of docs/dialects/cilium.md.
 * The model says all that a rule says, names and HTTP requests too, although the rules cannot decide by them yet.
 */
import type { Selector } from '../../cluster/selector.js';
import type { Position } from '../../documents/document.js';
import type { DialectObject } from '../dialects.js';

export type CiliumObject = CiliumPolicy | CiliumGroup;

export interface CiliumPolicy extends DialectObject {
  readonly kind: 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';
  /** spec, then each of specs. */
  readonly specs: readonly CiliumSpec[];
}

/** CiliumCIDRGroup. */
export interface CiliumGroup extends DialectObject {
  readonly kind: 'CiliumCIDRGroup';
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
}

export interface CiliumSpec {
  readonly subject: { readonly kind: 'endpoints' | 'nodes'; readonly selector: CiliumSelector };
  /** (CI7): as written, or what follows from the rules. */
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean };
  readonly rules: readonly CiliumRule[];
  readonly position: Position;
}

export interface CiliumRule {
  readonly direction: 'ingress' | 'egress';
  readonly isDeny: boolean;
  /** "ingress[0]", "egressDeny[2]", "specs[1].ingress[0]". */
  readonly name: string;
  /** null: no member for peers is given; then rules with ports are about everybody, and others about nobody (CI5). */
  readonly peers: CiliumPeers | null;
  /** fromRequires, toRequires (CI17). */
  readonly requires: readonly CiliumSelector[];
  /** null: toPorts is absent or empty. */
  readonly ports: readonly CiliumPorts[] | null;
  /** null: icmps is absent or empty. */
  readonly icmps: readonly CiliumIcmp[] | null;
  readonly authentication: 'disabled' | 'required' | 'test-always-fail' | null;
  readonly position: Position;
}

/** `nobody`: a member that is given and empty (CI5). */
export type CiliumPeers =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'endpoints'; readonly selectors: readonly CiliumSelector[] }
  | { readonly kind: 'nodes'; readonly selectors: readonly CiliumSelector[] }
  | { readonly kind: 'entities'; readonly entities: readonly CiliumEntity[] }
  | { readonly kind: 'cidrs'; readonly blocks: readonly CiliumBlock[] }
  | { readonly kind: 'services'; readonly services: readonly CiliumService[] }
  | { readonly kind: 'names'; readonly names: readonly CiliumName[] }
  | { readonly kind: 'groups' };

export const ENTITIES = [
  'all',
  'world',
  'world-ipv4',
  'world-ipv6',
  'cluster',
  'host',
  'init',
  'ingress',
  'unmanaged',
  'remote-node',
  'health',
  'none',
  'kube-apiserver',
] as const;
export type CiliumEntity = (typeof ENTITIES)[number];

/** A selector of identities by their labels, each with the source that it asks for: `any`, `k8s`, `reserved`... All must hold. */
export interface CiliumSelector {
  readonly requirements: readonly CiliumRequirement[];
}

export interface CiliumRequirement {
  readonly source: string;
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
  /** It stood in matchLabels. */
  readonly isLabel?: true;
}

export type CiliumBlock = { readonly except: readonly string[] } & (
  | { readonly kind: 'cidr'; readonly cidr: string }
  | { readonly kind: 'group'; readonly name: string; readonly position: Position }
  | { readonly kind: 'groups'; readonly selector: Selector }
);

/** A namespace of '' is any (CI20). */
export type CiliumService =
  | { readonly kind: 'name'; readonly name: string; readonly namespace: string; readonly position: Position }
  | { readonly kind: 'labels'; readonly selector: Selector; readonly namespace: string; readonly position: Position };

/** A name, or a pattern with `*`; of toFQDNs and of DNS rules. Lower case, without the trailing dot. */
export interface CiliumName {
  readonly kind: 'name' | 'pattern';
  readonly text: string;
}

/** One entry of toPorts. */
export interface CiliumPorts {
  /** null: `ports` is absent or empty (CI24). */
  readonly ports: readonly CiliumPort[] | null;
  readonly layer7: CiliumLayer7 | null;
  /** What sends the connection to a proxy that may refuse it: `listener`, `terminatingTLS`, `originatingTLS`, `serverNames` (CI27). */
  readonly redirects: readonly string[];
  /** As serverNames has them, lower case. */
  readonly serverNames: readonly string[];
  readonly position: Position;
}

export interface CiliumPort {
  /** In lower case; null: a number or range. */
  readonly name: string | null;
  /** Inclusive; 0 to 65535 where the port is 0: every port. */
  readonly low: number;
  readonly high: number;
  /** `ANY`: TCP, UDP and SCTP. A number: an IP protocol without ports (CI23). */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'ANY' | number;
  /** endPort below port: what comes of it is not known. */
  readonly isUnclear: boolean;
}

export interface CiliumIcmp {
  readonly family: 4 | 6;
  readonly type: number;
}

export type CiliumLayer7 =
  | { readonly kind: 'http'; readonly rules: readonly CiliumHttp[] }
  | { readonly kind: 'dns'; readonly rules: readonly CiliumName[] }
  | { readonly kind: 'kafka' }
  | { readonly kind: 'other'; readonly protocol: string };

/** path, method and host are regular expressions of the whole value; null: any. */
export interface CiliumHttp {
  readonly path: string | null;
  readonly method: string | null;
  readonly host: string | null;
  readonly headers: readonly string[];
  readonly headerMatches: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly isSecret: boolean;
    readonly mismatch: 'LOG' | 'ADD' | 'DELETE' | 'REPLACE' | null;
  }[];
}
