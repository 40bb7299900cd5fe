/**
 * Partial results: what replays of single capture points found, so that it can be joined to what one run would have given.
 *
 * A capture point is where packets were taken: one capture, or the files of one rotation in their order (points.ts). Each has
 * a connection table of its own. The points of a run are numbered from 0; packets are numbered through them in this order.
 * A point may be divided again, into shares by flow (verdict/share.ts): each is a piece until all are there.
 * A Part is plain data, as it stands in a file (schema `policap.part/1`).
 */
import type { ProfileName } from '../profile/profile.js';
import type { Conversation, End } from '../report/conversations.js';
import type { RefusedRequests, RequestCounts } from '../report/requests.js';
import type { CaptureSummary, Summary } from '../report/summary.js';
import type { TextFacts } from '../report/text.js';
import type { Noticed } from '../verdict/noticed.js';

export const PART_SCHEMA = 'policap.part/1';

export interface Part {
  readonly schema: typeof PART_SCHEMA;
  /** Tells runs apart: policap's version, the documents, the options and the captures' names. Only parts of one run join. */
  readonly run: string;
  /** Capture points of the run. */
  readonly of: number;
  readonly about: About;
  /** In the order of their points; neighbours are joined. */
  readonly pieces: readonly Piece[];
}

/** What is the same for all parts of a run. */
export interface About {
  readonly mode: Summary['mode'];
  /** Absent where it is upstream. */
  readonly profile?: ProfileName;
  readonly notice?: string;
  readonly profileFrom: string;
  /** Of the documents. */
  readonly warnings: readonly string[];
  readonly facts: TextFacts;
  /** In the order of Found.hits. */
  readonly policies: readonly DeclaredPolicy[];
  readonly requests: boolean;
  readonly mesh: boolean;
}

export interface DeclaredPolicy {
  readonly kind: string;
  readonly policy: string;
  readonly source: string;
  readonly rules: readonly { readonly rule: string; readonly source: string }[];
}

/** What was found at points from..to-1, or in one share of one point. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly found: Found;
  /** Absent where it is all of the points. */
  readonly share?: PieceShare;
}

/** Which share of its point a piece is, from 0, and what only shares must know to be joined (shares.ts). */
export interface PieceShare {
  readonly index: number;
  readonly of: number;
  /** Connections in its table at once, at most; and how many there is room for. */
  readonly most: number;
  readonly room: number;
  /** By address of Found.unknown where it came first: twice the packet's number, one more for a destination. */
  readonly since: readonly number[];
}

export interface Found {
  /** Packets, and connections, by verdict code (verdict/verdict.ts). */
  readonly packets: readonly number[];
  readonly connections: readonly number[];
  /** In the order of their first packets. */
  readonly conversations: readonly CountedConversation[];
  /** Beyond those that are told apart. */
  readonly others: Summary['deniedOthers'];
  /** By policy: connections and packets of its default deny, then of each of its rules; empty where it decided nothing. */
  readonly hits: readonly (readonly number[])[];
  readonly requests: CountedRequests | null;
  readonly mesh: CountedRequests | null;
  /** Addresses nobody owns, as they came, with the connections they were seen in. */
  readonly unknown: readonly (readonly [address: string, connections: number])[];
  readonly unknownOthers: number;
  readonly observed: Summary['observed'];
  readonly captures: readonly CaptureSummary[];
  /** Of damaged captures. */
  readonly errors: readonly string[];
  readonly first: Time | null;
  readonly last: Time | null;
  readonly compileMs: number;
  readonly replayMs: number;
  readonly noticed: Noticed;
  /** Why it may not be what one run gives, a sentence each; absent where it is. Only of points that were divided. */
  readonly doubts?: readonly string[];
}

/** Seconds since 1970, nanoseconds. */
export type Time = readonly [seconds: number, nanoseconds: number];

/** A conversation, with what tells it apart in every part of the run. */
export interface CountedConversation extends Omit<Conversation, 'source' | 'destination'> {
  readonly key: string;
  readonly source: CountedEnd;
  readonly destination: CountedEnd;
}

export interface CountedEnd extends End {
  /** The pod of the first packet: it is named where no connection began. */
  readonly pod: string | null;
}

export interface CountedRequests {
  readonly counts: RequestCounts;
  /** As they came. */
  readonly refused: readonly RefusedRequests[];
  readonly others: number;
  /** Requests that a policy audits, in the order of the policies' first ones. */
  readonly audited: readonly (readonly [policy: string, requests: number])[];
}

/** Parts that are not of one run, or that cannot be told apart; the message is one sentence for the user. */
export class PartsDiffer extends Error {
  override readonly name = 'PartsDiffer';
}
