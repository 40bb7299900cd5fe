/**
 * Verdicts: the three words and their reasons, as stable codes (hot) and strings (everywhere else).
 */

import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import type { Answer } from '../rules/ruleset.js';

/** One code a packet: the index into REASONS, 0 = not judged yet. */
export const PENDING = 0;
export const ALLOWED_NO_POLICY = 1;
export const ALLOWED_RULE = 2;
export const ALLOWED_ESTABLISHED = 3;
export const ALLOWED_RELATED = 4;
export const ALLOWED_LOOPBACK = 5;
export const ALLOWED_NODE = 6;
export const ALLOWED_NOT_IP = 7;
export const ALLOWED_NOT_ENFORCED = 8;
/** It carries a request that a proxy refuses: the packet passes, and the proxy answers in the server's place. */
export const ALLOWED_HTTP_DENIED = 9;
export const ALLOWED_DNS_DENIED = 10;
export const DROPPED_DEFAULT_DENY = 11;
export const DROPPED_RULE = 12;
export const DROPPED_INVALID_STATE = 13;
export const DROPPED_CONNECTION = 14;
export const DROPPED_TABLE_FULL = 15;
export const DROPPED_FRAGMENT = 16;
/** It carries a request that an engine refuses, and with it its connection. */
export const DROPPED_HTTP_DENIED = 17;
export const UNDECIDED_TRUNCATED = 18;
export const UNDECIDED_FRAGMENT = 19;
export const UNDECIDED_AMBIGUOUS = 20;
export const UNDECIDED_UNSUPPORTED = 21;
export const CODES = 22;

export type Verdict = 'allowed' | 'dropped' | 'undecided';
export type Reason =
  | 'no-policy'
  | 'rule'
  | 'established'
  | 'related'
  | 'loopback'
  | 'node'
  | 'not-ip'
  | 'not-enforced'
  | 'http-denied'
  | 'dns-denied'
  | 'default-deny'
  | 'invalid-state'
  | 'connection-dropped'
  | 'table-full'
  | 'truncated'
  | 'fragment'
  | 'ambiguous-policy'
  | 'unsupported';

const REASONS: readonly Reason[] = [
  'unsupported',
  'no-policy',
  'rule',
  'established',
  'related',
  'loopback',
  'node',
  'not-ip',
  'not-enforced',
  'http-denied',
  'dns-denied',
  'default-deny',
  'rule',
  'invalid-state',
  'connection-dropped',
  'table-full',
  'fragment',
  'http-denied',
  'truncated',
  'fragment',
  'ambiguous-policy',
  'unsupported',
];

export const verdictOf = (code: number): Verdict =>
  code < DROPPED_DEFAULT_DENY ? 'allowed' : code < UNDECIDED_TRUNCATED ? 'dropped' : 'undecided';
export const reasonOf = (code: number): Reason => REASONS[code]!;

/** Per-packet marks beside the code. */
export const MARK_MIDSTREAM = 1;
export const MARK_ONE_WAY = 2;
/** A copy on another interface of a packet judged already. */
export const MARK_DUPLICATE = 4;
/** Judged after service translation, or the far side of one: a view of a connection counted once. */
export const MARK_TRANSLATED = 8;
/** In the direction of the connection's first packet (else against it), where there is a connection. */
export const MARK_ORIGINAL = 16;
/** The packet that opened a connection that counts: exactly one a connection (a refused attempt in dataplane mode too). */
export const MARK_FIRST = 32;

/** Words of Tracker.tag: the decision; the connection's number; the number of the packet that opened it; marks of every
 *  packet, with MARK_ORIGINAL where the first packet seen came from the responder, and above them the decision's code:
 *  looked up in the list of decisions it would be two more misses of the cache a packet. */
export const TAG_DECISION = 0;
export const TAG_NUMBER = 1;
export const TAG_OPENED = 2;
export const TAG_MARKS = 3;
export const MARKS_MASK = 0x3f;
/** In TAG_MARKS: the rules saw IPv6's authentication header in place of what is behind it. */
export const TAG_AUTHENTICATED = 64;
/** In TAG_MARKS: the code is what the rules say of packets while no reply was seen; behind one they are not asked. */
export const TAG_WHILE_UNREPLIED = 128;
export const CODE_SHIFT = 8;

/** Protocol number of the authentication header (RFC 4302). */
export const AUTHENTICATION = 51;

/** Verdicts of a batch, parallel to its frames and rows. */
export interface VerdictBatch {
  count: number;
  code: Uint8Array;
  /** Index into Decisions, -1 where nothing was decided (not IP, invalid, undecided before classification). */
  decision: Int32Array;
  /** Connection number from 1, 0 for none. */
  connection: Int32Array;
  /** DROPPED_CONNECTION: the packet number at which its connection was refused. DUPLICATE: the first copy's. Else 0. */
  packet: Float64Array;
  marks: Uint8Array;
}

export function newVerdictBatch(capacity: number, memory: Memory = OWN_MEMORY): VerdictBatch {
  return {
    count: 0,
    code: memory.uint8(capacity),
    decision: memory.int32(capacity),
    connection: memory.int32(capacity),
    packet: memory.float64(capacity),
    marks: memory.uint8(capacity),
  };
}

/** What a direction's outcome says, ready to print: the shape of `egress` and `ingress` in every output. */
export interface OutcomeRecord {
  readonly subject: string;
  readonly isolated: boolean;
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** The policies that isolate the subject. */
  readonly policies: readonly string[];
  readonly policy: string | null;
  readonly rule: string | null;
  readonly source: string | null;
  /** The kind of the policy that decided, and its tier, where it is none of NetworkPolicy, plain rules or a profile. */
  readonly kind?: string;
  readonly tier?: string;
  /** What the sender of a refused packet is told; absent where it is dropped without a word. */
  readonly answer?: Answer;
}
