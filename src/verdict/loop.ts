/**
 * The judge's loop (hot): what every packet of a batch takes, in capture order.
 *
 * In:  a batch's rows and times.  Out: verdicts of the packets whose connection is in the table; whatever else a packet is
 * goes to the slow path (judge.ts), in its turn.
 */

import {
  AHEAD,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_REPLY,
  type Tracker,
  tagPlace,
} from '../flow/tracker.js';
import type { Memory } from '../memory/memory.js';
import { FLAG_DARK, FLAG_DUPLICATE, FLAGS, FRAG_MORE, FRAGMENT, STATUS, STATUS_OK, STRIDE } from '../packet/row.js';
import {
  ALLOWED_ESTABLISHED,
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  MARK_ORIGINAL,
  PENDING,
  UNDECIDED_TRUNCATED,
} from './verdict.js';

/** Words of Tracker.tag: the decision; the connection's number; the number of the packet that opened it; marks of every
 *  packet, with MARK_ORIGINAL where the first packet seen came from the responder, and above them the decision's code:
 *  looked up in the list of decisions it would be two more misses of the cache a packet. */
export const DECISION = 0;
export const NUMBER = 1;
export const OPENED = 2;
export const MARKS = 3;
export const MARKS_MASK = 0xff;
export const CODE_SHIFT = 8;

/** JudgeLoop.times: the first packet's second; nanoseconds since then, and whole milliseconds, of a clock that never
 *  steps back. */
export const START = 0;
export const NOW = 1;
export const MILLISECONDS = 2;
/** When fragments that wait must be given up; Infinity where none wait. */
export const DEADLINE = 3;
const TIMES = 4;

/** What becomes of the packets that the loop does not finish; `i` is the packet's place in the batch. */
export interface SlowPath {
  /** @cold A copy, a packet of a dark tunnel, a fragment, headers that are not whole. @returns whether it is judged. */
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
    memory: Memory,
  ) {
    this.times = memory.float64(TIMES);
    this.times[DEADLINE] = Number.POSITIVE_INFINITY;
  }

  /** Judges packets 0..count-1. */
  run(
    count: number,
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
    const { times, tracker, slow } = this;
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
        times[MILLISECONDS] = (seconds[i]! - start) * 1e3 + ((nanoseconds[i]! / 1e6) | 0);
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
        if (slow.judgeSpecial(i)) continue;
      }
      const tracked = tracker.track(rows, base, bytes, times[MILLISECONDS]!, i - prepared);
      if (tracked >= TRACK_ORIGINAL && tracked <= TRACK_ORIGINAL_UNREPLIED) {
        this.ofConnection(tracker.slot, i, tracked, code, decision, connection, packet, marks);
      } else {
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
    const kept = tag[at + MARKS]!;
    const decided = kept >> CODE_SHIFT;
    decision[i] = tag[at + DECISION]!;
    connection[i] = tag[at + NUMBER]!;
    const allowed = tracked === TRACK_ORIGINAL_UNREPLIED ? decided : ALLOWED_ESTABLISHED;
    if (decided >= UNDECIDED_TRUNCATED) {
      code[i] = decided;
    } else if (decided >= DROPPED_DEFAULT_DENY) {
      code[i] = DROPPED_CONNECTION;
      packet[i] = tag[at + OPENED]! >>> 0;
    } else {
      code[i] = allowed;
    }
    marks[i] = (kept & MARKS_MASK) ^ (tracked === TRACK_REPLY ? 0 : MARK_ORIGINAL);
  }
}
