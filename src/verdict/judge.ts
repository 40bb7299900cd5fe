/**
 * The judge: rows -> verdicts, a batch at a time, in capture order (hot).
 *
 * In:  frames and rows of a batch, and those of the batch behind it (to see translated packets).
 * Out: one code, decision, connection and marks a packet (VerdictBatch).
 * The classifier is asked once a connection; every other packet takes the verdict of its connection from the table.
 *
 * Two modes. `dataplane`: each packet as it is offered to a Linux host with an empty table; a refused first packet leaves
 * no entry. `what-if`: the capture is what happened without the policy; a refused connection stays in the table and all
 * its packets are dropped with it, and a connection that began before the capture is judged from its inferred initiator.
 */
import type { FrameBatch } from '../capture/frame.js';
import type { Fragments } from '../flow/fragments.js';
import {
  AHEAD,
  INVALID_HEADER,
  INVALID_NO_ENTRY,
  INVALID_STATE,
  INVALID_WINDOW,
  TAGS,
  TRACK_FULL,
  TRACK_INVALID,
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_RELATED,
  TRACK_REPLY,
  TRACK_UNTRACKED,
  type Tracker,
} from '../flow/tracker.js';
import {
  FLAG_AUTH_HEADER,
  FLAG_DARK,
  FLAG_DUPLICATE,
  FLAGS,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  type PacketBatch,
  PROTOCOL,
  STATUS,
  STATUS_MALFORMED,
  STATUS_NOT_IP,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import { mayBeCutShort } from './cut.js';
import type { LookAhead } from './ends.js';
import { HISTORY, History } from './history.js';
import { createObservations, type Observations } from './observations.js';
import { Opening, type OpeningParts } from './opening.js';
import { createStrays } from './strays.js';
import {
  ALLOWED_ESTABLISHED,
  ALLOWED_NOT_ENFORCED,
  ALLOWED_NOT_IP,
  ALLOWED_RELATED,
  DROPPED_CONNECTION,
  DROPPED_DEFAULT_DENY,
  DROPPED_INVALID_STATE,
  DROPPED_TABLE_FULL,
  MARK_FIRST,
  MARK_MIDSTREAM,
  MARK_ONE_WAY,
  MARK_ORIGINAL,
  MARK_TRANSLATED,
  PENDING,
  UNDECIDED_FRAGMENT,
  UNDECIDED_TRUNCATED,
  type VerdictBatch,
} from './verdict.js';

export interface JudgeParts extends OpeningParts {
  readonly tracker: Tracker;
  readonly fragments: Fragments;
}

/** Words of Tracker.tag: the decision; the connection's number; the number of the packet that opened it; marks of every
 *  packet, with MARK_ORIGINAL where the first packet seen came from the responder, and above them the decision's code:
 *  looked up in the list of decisions it would be two more misses of the cache a packet. */
const DECISION = 0;
const NUMBER = 1;
const OPENED = 2;
const MARKS = 3;
const MARKS_MASK = 0xff;
const CODE_SHIFT = 8;

const newLookAhead = (): LookAhead => ({
  rows: new Int32Array(0),
  seconds: new Float64Array(0),
  nanoseconds: new Int32Array(0),
  from: 0,
  count: 0,
});

/** A batch that was read and not judged yet. */
export interface BatchAhead {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
}

/** Protocol number of the authentication header (RFC 4302). */
const AUTHENTICATION = 51;

export class Judge {
  /** Packets judged so far. */
  packets = 0;
  readonly observations: Observations;
  private readonly opening: Opening;
  private readonly invalid = createStrays();
  private readonly ahead: readonly [LookAhead, LookAhead] = [newLookAhead(), newLookAhead()];
  private readonly history = new History();
  /** Of the batch at hand. */
  private bytes: Uint8Array = new Uint8Array(0);
  private startSeconds = Number.NaN;
  /** Nanoseconds since the first packet's second, and whole milliseconds. */
  private now = 0;
  private milliseconds = 0;

  constructor(private readonly parts: JudgeParts) {
    this.opening = new Opening(parts);
    this.observations = createObservations(parts.inventory);
  }

  /**
   * Judges a batch. `next` is the batch behind it, null at the capture's end. It should hold at least LOOK_AHEAD packets
   * unless it is the last: then verdicts do not depend on where the batches begin and end.
   */
  judge(frames: FrameBatch, packets: PacketBatch, next: BatchAhead | null, out: VerdictBatch): void {
    const { rows, count, duplicateOf } = packets;
    const { bytes, seconds, nanoseconds, original } = frames;
    const { tracker } = this.parts;
    const dataplane = this.parts.mode === 'dataplane';
    const { code, decision, connection, packet, marks } = out;
    const before = this.packets;
    if (Number.isNaN(this.startSeconds) && count > 0) this.startSeconds = seconds[0]!;
    const start = this.startSeconds;
    out.count = count;
    this.bytes = bytes;
    const [here, behind] = this.ahead;
    here.rows = rows;
    here.seconds = seconds;
    here.nanoseconds = nanoseconds;
    behind.rows = next === null ? rows : next.packets.rows;
    behind.seconds = next === null ? seconds : next.frames.seconds;
    behind.nanoseconds = next === null ? nanoseconds : next.frames.nanoseconds;
    behind.count = next === null ? 0 : next.packets.count;
    let prepared = 0;
    for (let i = 0; i < count; i++) {
      const base = i * STRIDE;
      if ((i & (AHEAD - 1)) === 0) {
        prepared = i;
        tracker.prepare(rows, bytes, i, i + AHEAD < count ? i + AHEAD : count);
      }
      const number = ++this.packets;
      // A capture's clock may step back: connection tracking's time then stands still.
      const time = (seconds[i]! - start) * 1e9 + nanoseconds[i]!;
      if (time > this.now) {
        this.now = time;
        this.milliseconds = (seconds[i]! - start) * 1000 + ((nanoseconds[i]! / 1e6) | 0);
      }
      code[i] = PENDING;
      decision[i] = -1;
      connection[i] = 0;
      packet[i] = 0;
      marks[i] = 0;
      const flags = rows[base + FLAGS]!;
      if ((flags & (FLAG_DUPLICATE | FLAG_DARK)) !== 0) this.observeFlags(flags, original[i]!);

      const status = rows[base + STATUS]!;
      if (status === STATUS_NOT_IP) {
        code[i] = ALLOWED_NOT_IP;
      } else if ((flags & FLAG_DUPLICATE) !== 0 && number - duplicateOf[i]! < HISTORY) {
        this.copyVerdict(duplicateOf[i]!, before, i, out);
      } else if (status !== STATUS_OK) {
        // What the capture cut may have been fine; what contradicts itself is invalid to Linux.
        code[i] = status === STATUS_MALFORMED && dataplane ? DROPPED_INVALID_STATE : UNDECIDED_TRUNCATED;
        // Its later fragments share its verdict, and not that of an older datagram of the same identification.
        if ((rows[base + FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) === FRAG_MORE)
          this.rememberFragment(rows, base, i, out);
      } else if ((rows[base + FRAGMENT]! & FRAG_LATER) !== 0) {
        this.judgeLaterFragment(rows, base, i, out);
      } else {
        const tracked = tracker.track(rows, base, bytes, this.milliseconds, i - prepared);
        if (tracked >= TRACK_ORIGINAL && tracked <= TRACK_ORIGINAL_UNREPLIED) {
          this.ofConnection(tracker.slot, i, out, tracked);
        } else {
          here.from = i + 1;
          here.count = count - i - 1;
          this.judgeOther(tracked, rows, base, i, number, out);
        }
        if ((rows[base + FRAGMENT]! & FRAG_MORE) !== 0) this.rememberFragment(rows, base, i, out);
      }
    }
    if (packets.mayHoldCopies) this.history.add(before, out);
  }

  /** Whatever is not a packet of a connection in the table. */
  private judgeOther(
    tracked: number,
    rows: Int32Array,
    base: number,
    i: number,
    number: number,
    out: VerdictBatch,
  ): void {
    const { tracker } = this.parts;
    switch (tracked) {
      case TRACK_NEW:
        this.judgeNew(rows, base, i, number, out);
        return;
      case TRACK_RELATED:
        this.ofConnection(tracker.slot, i, out, tracked);
        if (out.code[i] === ALLOWED_ESTABLISHED) out.code[i] = ALLOWED_RELATED;
        return;
      case TRACK_UNTRACKED:
        // Neighbour discovery and the like keep the link alive; no policy is about them.
        out.code[i] = ALLOWED_NOT_ENFORCED;
        return;
      case TRACK_FULL:
        out.code[i] = DROPPED_TABLE_FULL;
        return;
      case TRACK_INVALID:
        this.judgeInvalid(rows, base, i, number, out);
        return;
      default:
        throw new Error(`unknown tracking code ${tracked}`);
    }
  }

  /** A packet of a connection in the table. */
  private ofConnection(slot: number, i: number, out: VerdictBatch, tracked: number): void {
    const { tag } = this.parts.tracker;
    const at = slot * TAGS;
    const kept = tag[at + MARKS]!;
    const code = kept >> CODE_SHIFT;
    out.decision[i] = tag[at + DECISION]!;
    out.connection[i] = tag[at + NUMBER]!;
    const allowed = tracked === TRACK_ORIGINAL_UNREPLIED ? code : ALLOWED_ESTABLISHED;
    this.writeLater(i, code, tag[at + OPENED]!, allowed, out);
    out.marks[i] = (kept & MARKS_MASK) ^ (tracked === TRACK_REPLY ? 0 : MARK_ORIGINAL);
  }

  /** The first packet of a connection: asked of the classifier, and kept or forgotten. */
  private judgeNew(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { tracker, decisions, mode } = this.parts;
    const { opening } = this;
    const [{ seconds, nanoseconds }] = this.ahead;
    const authenticated = (rows[base + FLAGS]! & FLAG_AUTH_HEADER) !== 0;
    const protocol = rows[base + PROTOCOL]!;
    // Connection tracking steps over IPv6's authentication header; the rules of iptables and nftables stop at it.
    if (authenticated) rows[base + PROTOCOL] = AUTHENTICATION;
    opening.begin(rows, base, number, this.now, this.ahead, seconds[i]!, nanoseconds[i]!);
    if (authenticated) rows[base + PROTOCOL] = protocol;
    const { code } = decisions.list[opening.decision]!;
    this.writeOpening(i, code, out);
    if (opening.isLater) this.writeLater(i, code, opening.opened, ALLOWED_ESTABLISHED, out);
    if (mode === 'dataplane' && code >= DROPPED_DEFAULT_DENY && code < UNDECIDED_TRUNCATED) {
      tracker.discard();
      return;
    }
    const at = tracker.confirm() * TAGS;
    tracker.tag[at + DECISION] = opening.decision;
    tracker.tag[at + NUMBER] = opening.connection;
    tracker.tag[at + OPENED] = opening.opened;
    const kept = out.marks[i]! & (MARK_MIDSTREAM | MARK_TRANSLATED);
    tracker.tag[at + MARKS] = (code << CODE_SHIFT) | (opening.reversed ? kept | MARK_ORIGINAL : kept);
  }

  private writeOpening(i: number, code: number, out: VerdictBatch): void {
    const { opening } = this;
    out.code[i] = code;
    out.decision[i] = opening.decision;
    out.connection[i] = opening.connection;
    out.marks[i] =
      (opening.reversed ? 0 : MARK_ORIGINAL) |
      (opening.midstream ? MARK_MIDSTREAM : 0) |
      (opening.translated ? MARK_TRANSLATED : 0) |
      (opening.isFirst ? MARK_FIRST : 0);
    if (!opening.isFirst) return;
    this.observations.connection(this.parts.decisions.list[opening.decision]!, this.startSeconds + this.now / 1e9);
  }

  /**
   * Dataplane: dropped. What-if: a packet that only lacks what the capture did not see belongs to its connection: one that
   * began before the capture, or of which only one direction was captured.
   */
  private judgeInvalid(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { tracker, mode } = this.parts;
    const { slot, invalid } = tracker;
    if (mayBeCutShort(rows, base, this.bytes)) {
      out.code[i] = UNDECIDED_TRUNCATED;
      return;
    }
    out.code[i] = DROPPED_INVALID_STATE;
    if (mode === 'dataplane') return;
    if (invalid === INVALID_NO_ENTRY) {
      // What answers an invalid packet (a RST to a Xmas scan) goes with it.
      if (this.invalid.find(rows, base) < 0) this.judgeStray(rows, base, i, number, out);
    } else if (slot >= 0 && (invalid === INVALID_STATE || invalid === INVALID_WINDOW) && !tracker.replied(slot)) {
      this.ofConnection(slot, i, out, TRACK_ORIGINAL);
      out.marks[i] = out.marks[i]! | MARK_ONE_WAY;
    } else if (invalid === INVALID_HEADER) {
      this.invalid.add(rows, base);
    }
  }

  /** A packet that cannot begin a connection, of one that the capture did not see begin. */
  private judgeStray(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { opening } = this;
    opening.stray(rows, base, number, this.now);
    const { code } = this.parts.decisions.list[opening.decision]!;
    this.writeOpening(i, code, out);
    if (opening.isLater) this.writeLater(i, code, opening.opened, ALLOWED_ESTABLISHED, out);
  }

  /** A packet behind the first of a connection that was decided with `code`. */
  private writeLater(i: number, code: number, opened: number, allowed: number, out: VerdictBatch): void {
    if (code >= UNDECIDED_TRUNCATED) {
      out.code[i] = code;
    } else if (code >= DROPPED_DEFAULT_DENY) {
      out.code[i] = DROPPED_CONNECTION;
      out.packet[i] = opened >>> 0;
    } else {
      out.code[i] = allowed;
    }
  }

  private judgeLaterFragment(rows: Int32Array, base: number, i: number, out: VerdictBatch): void {
    const { fragments } = this.parts;
    const found = fragments.find(rows, base, this.now);
    if (found < 0) {
      out.code[i] = UNDECIDED_FRAGMENT;
      return;
    }
    const at = found * fragments.words;
    out.code[i] = fragments.record[at]!;
    out.decision[i] = fragments.record[at + 1]!;
    out.connection[i] = fragments.record[at + 2]!;
    out.packet[i] = fragments.record[at + 3]! >>> 0;
    out.marks[i] = fragments.record[at + 4]!;
  }

  private rememberFragment(rows: Int32Array, base: number, i: number, out: VerdictBatch): void {
    const { fragments } = this.parts;
    const at = fragments.remember(rows, base, this.now) * fragments.words;
    fragments.record[at] = out.code[i]!;
    fragments.record[at + 1] = out.decision[i]!;
    fragments.record[at + 2] = out.connection[i]!;
    fragments.record[at + 3] = out.packet[i]!;
    fragments.record[at + 4] = out.marks[i]! & ~MARK_FIRST;
  }

  /** @param before number of the last packet before this batch */
  private copyVerdict(first: number, before: number, i: number, out: VerdictBatch): void {
    if (first > before) this.history.copy(out, first - before - 1, i, out);
    else this.history.copy(this.history.past, first & (HISTORY - 1), i, out);
    out.packet[i] = first;
  }

  private observeFlags(flags: number, length: number): void {
    if ((flags & FLAG_DARK) !== 0) this.observations.dark(length);
  }
}
