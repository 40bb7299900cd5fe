/**
 * The judge's loop (hot): what every packet of a batch takes, in capture order.
 *
 * In:  a batch's rows and times.  Out: verdicts of the packets whose connection is in the table; whatever else a packet is
 * goes to the slow path (judge.ts), in its turn.
 */

import {
  AHEAD,
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_REPLY,
  type Tracker,
  tagPlace,
} from '../flow/tracker.js';
import type { Memory } from '../memory/memory.js';
import {
  FLAG_AUTH_HEADER,
  FLAG_DARK,
  FLAG_DUPLICATE,
  FLAGS,
  FRAG_MORE,
  FRAGMENT,
  STATUS,
  STATUS_FOREIGN,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import type { KnownDecisions } from './known.js';
import {
  ALLOWED_ESTABLISHED,
  CODE_SHIFT,
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  MARK_ORIGINAL,
  MARKS_MASK,
  PENDING,
  TAG_DECISION,
  TAG_MARKS,
  TAG_NUMBER,
  TAG_OPENED,
  TAG_WHILE_UNREPLIED,
  UNDECIDED_TRUNCATED,
} from './verdict.js';

/** JudgeLoop.times: the first packet's second; nanoseconds since then, and whole milliseconds, of a clock that never
 *  steps back. */
export const START = 0;
export const NOW = 1;
export const MILLISECONDS = 2;
/** When fragments that wait must be given up; Infinity where none wait. */
export const DEADLINE = 3;
/** When the next millisecond begins. */
const NEXT_MILLISECOND = 4;
const TIMES = 5;

/** What becomes of the packets that the loop does not finish; `i` is the packet's place in the batch. */
export interface SlowPath {
  /** @cold A copy, a packet of a dark tunnel, a fragment, headers that are not whole. @returns whether it is settled. */
  judgeSpecial(i: number): boolean;
  /** @cold Not a packet of a connection in the table. */
  judgeOther(tracked: number, i: number): void;
  /** @cold A first fragment, judged. */
  rememberFragment(i: number): void;
  /** @cold DEADLINE has come. */
  expireFragments(): void;
}

export class JudgeLoop {
  readonly times: Float64Array;

  constructor(
    private readonly tracker: Tracker,
    private readonly slow: SlowPath,
    /** Asked about first packets where `knows` says so. */
    private readonly known: KnownDecisions,
    private readonly knows: boolean,
    memory: Memory,
  ) {
    this.times = memory.float64(TIMES);
    this.times[DEADLINE] = Number.POSITIVE_INFINITY;
  }

  /** Judges packets 0..count-1. @param before how many were judged before, of a large number the low bits */
  run(
    count: number,
    before: number,
    rows: Int32Array,
    bytes: Uint8Array,
    seconds: Float64Array,
    nanoseconds: Int32Array,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    packet: Float64Array,
    marks: Uint8Array,
  ): void {
    const { times, tracker, slow, known } = this;
    const start = times[START]!;
    let prepared = 0;
    for (let i = 0; i < count; i++) {
      const base = i * STRIDE;
      if ((i & (AHEAD - 1)) === 0) {
        prepared = i;
        tracker.prepare(rows, bytes, i, i + AHEAD < count ? i + AHEAD : count);
      }
      // A capture's clock may step back: connection tracking's time then stands still.
      const time = (seconds[i]! - start) * 1e9 + nanoseconds[i]!;
      if (time > times[NOW]!) {
        times[NOW] = time;
        if (time >= times[NEXT_MILLISECOND]!) {
          times[MILLISECONDS] = (seconds[i]! - start) * 1e3 + ((nanoseconds[i]! / 1e6) | 0);
          times[NEXT_MILLISECOND] = (times[MILLISECONDS]! + 1.0) * 1e6;
        }
        if (time >= times[DEADLINE]!) slow.expireFragments();
      }
      code[i] = PENDING;
      decision[i] = -1;
      connection[i] = 0;
      packet[i] = 0;
      marks[i] = 0;
      const fragment = rows[base + FRAGMENT]!;
      if (
        (rows[base + FLAGS]! & (FLAG_DUPLICATE | FLAG_DARK)) !== 0 ||
        rows[base + STATUS] !== STATUS_OK ||
        fragment !== 0
      ) {
        if (rows[base + STATUS] === STATUS_FOREIGN || slow.judgeSpecial(i)) continue;
      }
      const tracked = tracker.track(rows, base, bytes, times[MILLISECONDS]!, i - prepared);
      if (tracked >= TRACK_ORIGINAL && tracked <= TRACK_ORIGINAL_UNREPLIED) {
        this.ofConnection(tracker.slot, i, tracked, code, decision, connection, packet, marks);
      } else if (
        tracked !== TRACK_NEW ||
        !this.knows ||
        (rows[base + FLAGS]! & FLAG_AUTH_HEADER) !== 0 ||
        !known.open(rows, base, i, (before + i + 1) | 0, times[NOW]!, code, decision, connection, marks)
      ) {
        slow.judgeOther(tracked, i);
      }
      if ((fragment & FRAG_MORE) !== 0) slow.rememberFragment(i);
    }
  }

  /** A packet of a connection in the table. */
  ofConnection(
    slot: number,
    i: number,
    tracked: number,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    packet: Float64Array,
    marks: Uint8Array,
  ): void {
    const { tag } = this.tracker;
    const at = tagPlace(slot);
    const kept = tag[at + TAG_MARKS]!;
    const decided = kept >> CODE_SHIFT;
    decision[i] = tag[at + TAG_DECISION]!;
    connection[i] = tag[at + TAG_NUMBER]!;
    const allowed = tracked === TRACK_ORIGINAL_UNREPLIED ? decided : ALLOWED_ESTABLISHED;
    if (decided < DROPPED_DEFAULT_DENY) {
      code[i] = allowed;
    } else if ((kept & TAG_WHILE_UNREPLIED) !== 0) {
      code[i] = allowed;
    } else if (decided >= UNDECIDED_TRUNCATED) {
      code[i] = decided;
    } else {
      code[i] = DROPPED_CONNECTION;
      packet[i] = tag[at + TAG_OPENED]! >>> 0;
    }
    marks[i] = (kept & MARKS_MASK) ^ (tracked === TRACK_REPLY ? 0 : MARK_ORIGINAL);
  }
}
