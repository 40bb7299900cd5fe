/**
 * Reports: verdicts -> what people and programs read. One file a format, all of this shape.
 *
 * A report sees every batch in capture order and then the end. What batch() is given is reused after it returns.
 */
import type { FrameBatch, FrameSource } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import type { TrackerCounters } from '../flow/tracker.js';
import type { PacketBatch } from '../packet/row.js';
import type { Decision } from '../verdict/decisions.js';
import type { EndOwners } from '../verdict/end-owners.js';
import type { Noticed } from '../verdict/noticed.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import type { Counters } from './counters.js';
import type { RequestTally } from './requests.js';
import type { Writing } from './writing.js';

export interface ReplayContext {
  readonly compiled: Compiled;
  readonly source: Pick<FrameSource, 'interfaces' | 'errors'>;
  /** Grows during the replay; VerdictBatch.decision indexes it. */
  readonly decisions: readonly Decision[];
  /** Whose decision it is: this context, or where policies change that of those which made it. */
  of(decision: number): ReplayContext;
  /** Whether it is this one's. */
  isOwn(decision: number): boolean;
  /** Of the policies in force. */
  current(): ReplayContext;
  /** Who the ends of a packet's connection are: owners of the inventory that its decision was made by. */
  readonly ends: EndOwners;
  /** Counters of a report's own. @param conversations how many are told apart at most */
  newCounting(conversations: number): Counting;
  /** Memory to write packets in, and loops that see it. */
  newWriting(): Writing;
  readonly mode: 'what-if' | 'dataplane';
  /** What was judged of the requests on connections; null where no rule looks at any. */
  readonly requests: RequestTally | null;
  /** What the service mesh says of connections and requests; null where no policy of it is given. */
  readonly mesh: RequestTally | null;
  /** The captures as the user named them, in order. */
  readonly captures: readonly string[];
  /** Grows where policies change; the same of all contexts of a replay. */
  readonly changes: readonly ContextChange[];
}

/** Policies that took the place of others. */
export interface ContextChange {
  /** The first packet that was judged when they were in force, and its time. */
  readonly firstPacket: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Connections that were known then and were asked again, and of these whose verdict became another. */
  readonly asked: number;
  readonly changed: number;
}

/** Counters, and how they count a batch: as they are, or on the fast path. */
export interface Counting {
  readonly counters: Counters;
  readonly count: Counters['count'];
  /** Where another thread counts too. */
  readonly later?: LaterCounting | null;
}

/** Batches that are counted while the next ones are judged, in order, and each before its memory is used again. */
export interface LaterCounting {
  /**
   * @param rest counts the batch from a packet on; called in its turn with what is left of it, unless nothing is
   * @returns false where it must be counted at once, by the caller; then all that came before is
   */
  later(verdicts: VerdictBatch, rest: (from: number) => void): boolean;
  /** Returns when everything is counted. */
  settle(): void;
}

export interface ReplayResult {
  readonly tracker: TrackerCounters;
  readonly replayMs: number;
  /** Problems found on the way (clock steps, dark tunnels, addresses that may be someone else's). */
  readonly warnings: readonly string[];
  /** The same, counted. */
  readonly noticed: Noticed;
}

export interface Report {
  begin(context: ReplayContext): void;
  /** `first` is the packet number (from 1) of index 0. */
  batch(frames: FrameBatch, packets: PacketBatch, verdicts: VerdictBatch, first: number): void | Promise<void>;
  /** Gives what is written so far to the output: between two batches, for who reads along. */
  flush?(): void;
  end(result: ReplayResult): void | Promise<void>;
}

/**
 * Where a report writes. Text goes through it in large pieces; back-pressure is the edge's business. Bytes are written over
 * once write() has returned: who keeps them copies them.
 */
export interface Output {
  write(chunk: string | Uint8Array): void;
}
