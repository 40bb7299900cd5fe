/**
 * The normal form: everything any dialect can say (cold; the classifier is compiled from it).
 *
 * Per direction an ordered list of tiers; a tier is an ordered list of rules and an end. First match in a tier decides;
 * `pass` goes on to the next tier; at a tier's end: `deny` for the subjects that some policy of the tier isolates, else
 * the next tier; past the last tier: allow. A connection is allowed when every direction that has a subject allows.
 */
import type { Position } from '../documents/document.js';
import type { NameMatcher } from '../names/patterns.js';
import type { HttpRequest } from '../requests/request.js';

/**
 * A set of endpoints: sorted, disjoint, inclusive, non-adjacent intervals [lo, hi, lo, hi, ...].
 * `unaddressed` holds owner indices of pods that have no address yet (they can be asked about by name).
 */
export interface AddressSet {
  readonly v4: readonly number[];
  readonly v6: readonly bigint[];
  readonly unaddressed: readonly number[];
  /** Sets that together hold these addresses, where it was put together of large ones: theirs are looked up once for all. */
  readonly parts?: readonly AddressSet[];
}

/** Sorted, disjoint, inclusive, non-adjacent intervals of 0..65535, as [lo, hi, lo, hi, ...]. */
export type PortSet = readonly number[];

/** Egress is judged at the source's side, ingress at the destination's, forward once for the whole packet (plain rules). */
export type Direction = 'egress' | 'ingress' | 'forward';
export const DIRECTIONS: readonly Direction[] = ['egress', 'ingress', 'forward'];

export interface Origin {
  /** What kind of document: "NetworkPolicy", "RuleList", "ClassBench"; "Profile": none, a profile says so. */
  readonly kind: string;
  /** "shop/web"; a rule list's is its file name. */
  readonly policy: string;
  /** "ingress[0]"; of a plain rule its name or "rules[3]". */
  readonly rule: string;
  readonly position: Position;
}

/** Intervals of header values beside a rule's single ones (everything but one protocol, a range of ICMP types); all must hold. */
export interface HeaderRanges {
  /** Of 0..255; a packet whose protocol could not be read is in none. */
  readonly protocols?: PortSet;
  /** Of 0..255; only ICMP and ICMPv6 have them. */
  readonly icmpTypes?: PortSet;
  readonly icmpCodes?: PortSet;
}

export interface Rule {
  /** Index into Ruleset.rules: the rule's identity everywhere. */
  readonly index: number;
  readonly direction: Direction;
  readonly tier: number;
  /** The pods the rule is about: the source of egress, the destination of ingress. forward: the source. */
  readonly subjects: AddressSet;
  /** The other side. forward: the destination. */
  readonly peers: AddressSet;
  /** IANA protocol number; null = any. */
  readonly protocol: number | null;
  /** null = any (also of protocols without ports). With a set, packets without ports never match (16). */
  readonly sourcePorts: PortSet | null;
  readonly destinationPorts: PortSet | null;
  /** null = any; code null = any of the type. Needs protocol 1 or 58. */
  readonly icmp: { readonly type: number; readonly code: number | null } | null;
  /** What one number cannot say; absent = nothing more is asked. */
  readonly within?: HeaderRanges;
  /** `ambiguous`: policies of equal rank disagree; `unsupported`: it says what is not modelled. Both end as undecided. */
  readonly action: 'allow' | 'deny' | 'pass' | 'ambiguous' | 'unsupported';
  /** Only peers that DNS answers gave such a name. The rule's action is then `unsupported`, which is what holds where nobody
   *  listens; what it says of an address that has the name stands in the rule behind it, which matches nothing itself. */
  readonly names?: NameCondition;
  /** It opens the connection, and a proxy looks at what comes on it. The rule's action is then `unsupported`, which is what
   *  holds where nobody reads the requests; a replay does (verdict/requests.ts). */
  readonly layer7?: RequestCondition;
  /** Of a deny: what the sender is told; absent: nothing. */
  readonly answer?: Answer;
  /** It allows because a profile does not enforce policies here: reason `not-enforced`. `any`: invalid packets too (P18). */
  readonly unenforced?: 'valid' | 'any';
  readonly origin: Origin;
}

/**
 * What a refused packet is answered with: TCP's RST; ICMP 3/3 or ICMPv6 1/4; ICMP 3/10 or ICMPv6 1/1. `unknown`: rules of
 * equal rank refuse it, and only one of them would say so.
 */
export type Answer = 'tcp-reset' | 'icmp-port-unreachable' | 'icmp-admin-prohibited' | 'unknown';

/** How a plugin learns names. What one plugin has learned, rules of another do not know. */
export interface NameLearner {
  readonly name: string;
  /** Only replies of connections that the policies allow tell names; an answer to a question that nobody saw may be one. */
  readonly repliesOnly: boolean;
}

export interface NameCondition {
  /** As the policy writes them: `*.example.com`. */
  readonly patterns: readonly string[];
  /** One of the address's names must match. */
  readonly matches: NameMatcher;
  /** Absent: a proxy that sees every answer it hands on, and asks nothing itself. */
  readonly learner?: NameLearner;
  /** What must hold besides: of the address's names another one may be it. */
  readonly also?: NameCondition;
}

/** What a rule lets through of the requests on a connection. */
export type RequestCondition = {
  /**
   * `answered`: a proxy answers a refused request in the server's place, and of the tier's rules that match the connection
   * any one lets a request through. `dropped`: an engine ends the connection, and asks the one rule that decided on it.
   */
  readonly refusal: 'answered' | 'dropped';
  /** As the policy says it, a line a kind of request: `GET /public/.*`. */
  readonly texts: readonly string[];
} & (
  | {
      readonly protocol: 'HTTP';
      /** @returns null where it cannot be told */
      allows(request: HttpRequest): boolean | null;
    }
  | {
      readonly protocol: 'DNS';
      /** @param name that is asked for: lower case, without the dot at its end */
      allows(name: string): boolean | null;
    }
);

/** Whose DNS answers a plugin learns names from. */
export interface DnsListeners {
  /** The pods that ask. */
  readonly subjects: AddressSet;
  /** Whose answers count, as the policy sees them: behind a service its backends. */
  readonly peers: AddressSet;
  /** The names that are learned. */
  readonly matches: NameMatcher;
  /** As of the conditions that it tells. */
  readonly learner?: NameLearner;
}

/** One policy's isolation of its subjects in one direction of one tier. */
export interface Isolation {
  readonly direction: Direction;
  readonly tier: number;
  readonly subjects: AddressSet;
  readonly origin: Origin;
}

export interface Tier {
  readonly name: string;
  /** Rules in the order in which the first match decides. */
  readonly rules: readonly Rule[];
  readonly isolations: readonly Isolation[];
}

export interface Ruleset {
  /** All rules of all directions and tiers; rules[r.index] === r. */
  readonly rules: readonly Rule[];
  readonly egress: readonly Tier[];
  readonly ingress: readonly Tier[];
  readonly forward: readonly Tier[];
  /** (14): `to-pods`: a pod's traffic to its own node is judged as any other; absent: both ways are exempt. */
  readonly ownNode?: 'to-pods';
  /** Some subjects are nodes: a node's side is decided as a pod's is, but for what passes between it and itself. */
  readonly ofNodes?: true;
  /** Whose DNS answers tell the names that rules ask for; absent where no rule does. */
  readonly dns?: readonly DnsListeners[];
  /** (P17): what the sender of a packet is told that isolation denies; absent: nothing. */
  readonly denyAnswer?: Answer;
  /** (P18): what (14) exempts passes though connection tracking calls it invalid. */
  readonly ownNodeInvalid?: true;
}
