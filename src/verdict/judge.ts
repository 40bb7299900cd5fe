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
import type { Inventory } from '../cluster/inventory.js';
import type { Fragments } from '../flow/fragments.js';
import {
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
  DST,
  FLAG_DARK,
  FLAG_DUPLICATE,
  FLAGS,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  type PacketBatch,
  SRC,
  STATUS,
  STATUS_NOT_IP,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import type { Classifier } from '../tree/classifier.js';
import type { Decisions } from './decisions.js';
import { createEnds, type Ends, type LookAhead } from './ends.js';
import {
  BEGINS,
  createInitiatorInference,
  type InitiatorInference,
  MIDSTREAM_DESTINATION,
  reverseRow,
} from './initiator.js';
import { createObservations, type Observations } from './observations.js';
import { createRecentConnections, type RecentConnections } from './recent.js';
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
  MARK_DUPLICATE,
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

export interface JudgeParts {
  readonly classifier: Classifier;
  readonly inventory: Inventory;
  readonly tracker: Tracker;
  readonly fragments: Fragments;
  readonly decisions: Decisions;
  readonly mode: 'what-if' | 'dataplane';
  /** Without connection tracking every packet is judged on its own, as it is. */
  readonly stateless: boolean;
}

/** Words of Tracker.tag: the decision; the connection's number; the number of the packet that opened it; TAG_ bits. */
const DECISION = 0;
const NUMBER = 1;
const OPENED = 2;
const BITS = 3;
/** The connection's first packet seen came from its responder. */
const TAG_REVERSED = 1;
/** Addressed to a service, or a translated view of a connection that counts elsewhere. */
const TAG_TRANSLATED = 2;
const TAG_MIDSTREAM = 4;

/** Verdicts kept for copies of packets (packet/duplicates.ts looks back milliseconds); a power of two. */
const HISTORY = 1 << 16;

export class Judge {
  /** Packets judged so far. */
  packets = 0;
  readonly observations: Observations;
  private readonly ends: Ends;
  private readonly initiators: InitiatorInference;
  private readonly recent: RecentConnections;
  private readonly strays = createStrays();
  private readonly invalid = createStrays();
  private readonly reversed = new Int32Array(STRIDE);
  private readonly ahead: LookAhead[] = [
    { rows: new Int32Array(0), from: 0, count: 0 },
    { rows: new Int32Array(0), from: 0, count: 0 },
  ];
  private readonly pastCode = new Uint8Array(HISTORY);
  private readonly pastDecision = new Int32Array(HISTORY);
  private readonly pastConnection = new Int32Array(HISTORY);
  private readonly pastMarks = new Uint8Array(HISTORY);
  private connections = 0;
  private startSeconds = Number.NaN;
  private now = 0;

  constructor(private readonly parts: JudgeParts) {
    this.ends = createEnds(parts.classifier, parts.inventory, parts.decisions);
    this.initiators = createInitiatorInference(parts.inventory);
    this.recent = createRecentConnections();
    this.observations = createObservations(parts.inventory);
  }

  /** Judges a batch. `next` is the batch behind it, null at the capture's end. */
  judge(frames: FrameBatch, packets: PacketBatch, next: PacketBatch | null, out: VerdictBatch): void {
    const { rows, count } = packets;
    const { bytes, seconds, nanoseconds, original } = frames;
    if (Number.isNaN(this.startSeconds) && count > 0) this.startSeconds = seconds[0]!;
    out.count = count;
    this.ahead[0]!.rows = rows;
    this.ahead[1]!.rows = next === null ? rows : next.rows;
    this.ahead[1]!.count = next === null ? 0 : next.count;
    for (let i = 0; i < count; i++) {
      const base = i * STRIDE;
      const number = ++this.packets;
      const past = number & (HISTORY - 1);
      // A capture's clock may step back: connection tracking's time then stands still.
      const time = (seconds[i]! - this.startSeconds) * 1e9 + nanoseconds[i]!;
      if (time > this.now) this.now = time;
      out.code[i] = PENDING;
      out.decision[i] = -1;
      out.connection[i] = 0;
      out.packet[i] = 0;
      out.marks[i] = 0;
      const flags = rows[base + FLAGS]!;
      if ((flags & (FLAG_DUPLICATE | FLAG_DARK)) !== 0) this.observeFlags(flags, original[i]!);

      const status = rows[base + STATUS]!;
      if (status === STATUS_NOT_IP) {
        out.code[i] = ALLOWED_NOT_IP;
      } else if ((flags & FLAG_DUPLICATE) !== 0 && number - packets.duplicateOf[i]! < HISTORY) {
        this.copyVerdict(packets.duplicateOf[i]!, i, out);
      } else if (status !== STATUS_OK) {
        out.code[i] = UNDECIDED_TRUNCATED;
      } else if ((rows[base + FRAGMENT]! & FRAG_LATER) !== 0) {
        this.judgeLaterFragment(rows, base, i, out);
      } else {
        this.ahead[0]!.from = i + 1;
        this.ahead[0]!.count = count - i - 1;
        this.judgePacket(rows, base, bytes, i, number, out);
        if ((rows[base + FRAGMENT]! & FRAG_MORE) !== 0) this.rememberFragment(rows, base, i, out);
      }
      this.pastCode[past] = out.code[i]!;
      this.pastDecision[past] = out.decision[i]!;
      this.pastConnection[past] = out.connection[i]!;
      this.pastMarks[past] = out.marks[i]!;
    }
  }

  private judgePacket(
    rows: Int32Array,
    base: number,
    bytes: Uint8Array,
    i: number,
    number: number,
    out: VerdictBatch,
  ): void {
    const { tracker } = this.parts;
    const tracked = tracker.track(rows, base, bytes, this.now);
    switch (tracked) {
      case TRACK_ORIGINAL:
      case TRACK_REPLY:
      case TRACK_ORIGINAL_UNREPLIED:
        this.ofConnection(tracker.slot, i, out, tracked);
        return;
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
    const decision = tag[at + DECISION]!;
    const bits = tag[at + BITS]!;
    const { code } = this.parts.decisions.list[decision]!;
    out.decision[i] = decision;
    out.connection[i] = tag[at + NUMBER]!;
    if (code >= UNDECIDED_TRUNCATED) {
      out.code[i] = code;
    } else if (code >= DROPPED_DEFAULT_DENY) {
      out.code[i] = DROPPED_CONNECTION;
      out.packet[i] = tag[at + OPENED]! >>> 0;
    } else {
      out.code[i] = tracked === TRACK_ORIGINAL_UNREPLIED ? code : ALLOWED_ESTABLISHED;
    }
    const fromInitiator = (tracked !== TRACK_REPLY) !== ((bits & TAG_REVERSED) !== 0);
    out.marks[i] =
      (fromInitiator ? MARK_ORIGINAL : 0) |
      ((bits & TAG_TRANSLATED) !== 0 ? MARK_TRANSLATED : 0) |
      ((bits & TAG_MIDSTREAM) !== 0 ? MARK_MIDSTREAM : 0);
  }

  /** The first packet of a connection: asked of the classifier, and kept or forgotten. */
  private judgeNew(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { tracker, classifier, decisions, mode, stateless, inventory } = this.parts;
    const { owners } = inventory;
    let bits = 0;
    let counts = true;
    let decision: number;
    let connection: number;
    if (mode === 'dataplane' || stateless) {
      decision = mode === 'dataplane' ? this.ends.decide(rows, base) : this.decideFrom(rows, base, false);
      connection = ++this.connections;
    } else {
      const source = classifier.ownerOf(rows, base, SRC);
      const destination = classifier.ownerOf(rows, base, DST);
      const inferred = this.initiators.infer(rows, base, source, destination, this.now, false);
      if (inferred !== BEGINS) bits |= TAG_MIDSTREAM;
      if (inferred === MIDSTREAM_DESTINATION) bits |= TAG_REVERSED;
      const stray = inferred === BEGINS ? -1 : this.strays.find(rows, base);
      const view = this.recent.findView(rows, base, this.now, source >= 0 && owners[source]!.kind !== 'pod');
      if (stray >= 0) {
        counts = false;
        decision = this.strays.decision[stray]!;
        connection = this.strays.connection[stray]!;
      } else if (view >= 0) {
        counts = false;
        bits |= TAG_TRANSLATED;
        decision = this.recent.decision[view]!;
        connection = this.recent.connection[view]!;
      } else {
        decision = this.decideFrom(rows, base, (bits & TAG_REVERSED) !== 0);
        connection = ++this.connections;
        const toService = decisions.list[decision]!.service >= 0;
        this.recent.add(rows, base, this.now, connection, decision, toService);
      }
    }
    const { code, service } = decisions.list[decision]!;
    out.code[i] = code;
    out.decision[i] = decision;
    out.connection[i] = connection;
    out.marks[i] =
      ((bits & TAG_REVERSED) !== 0 ? 0 : MARK_ORIGINAL) |
      ((bits & TAG_MIDSTREAM) !== 0 ? MARK_MIDSTREAM : 0) |
      ((bits & TAG_TRANSLATED) !== 0 || service >= 0 ? MARK_TRANSLATED : 0) |
      (counts ? MARK_FIRST : 0);
    if (counts) this.observations.connection(decisions.list[decision]!, this.startSeconds + this.now / 1e9);
    if (mode === 'dataplane' && code >= DROPPED_DEFAULT_DENY && code < UNDECIDED_TRUNCATED) {
      tracker.discard();
      return;
    }
    const at = tracker.confirm() * TAGS;
    tracker.tag[at + DECISION] = decision;
    tracker.tag[at + NUMBER] = connection;
    tracker.tag[at + OPENED] = number;
    tracker.tag[at + BITS] = bits | (service >= 0 ? TAG_TRANSLATED : 0);
  }

  private decideFrom(rows: Int32Array, base: number, reversed: boolean): number {
    if (!reversed) return this.ends.decideTranslated(rows, base, this.ahead);
    reverseRow(rows, base, this.reversed);
    return this.ends.decideTranslated(this.reversed, 0, NOTHING_AHEAD);
  }

  /**
   * Dataplane: dropped. What-if: a packet that only lacks what the capture did not see belongs to its connection: one that
   * began before the capture, or of which only one direction was captured.
   */
  private judgeInvalid(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { tracker, mode } = this.parts;
    const { slot, invalid } = tracker;
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
    const { classifier, decisions } = this.parts;
    const { strays } = this;
    const source = classifier.ownerOf(rows, base, SRC);
    const destination = classifier.ownerOf(rows, base, DST);
    const reversed = this.initiators.infer(rows, base, source, destination, this.now, true) === MIDSTREAM_DESTINATION;
    let stray = strays.find(rows, base);
    const isFirst = stray < 0;
    if (isFirst) {
      stray = strays.add(rows, base);
      strays.decision[stray] = this.decideFrom(rows, base, reversed);
      strays.connection[stray] = ++this.connections;
      strays.opened[stray] = number;
      this.observations.connection(decisions.list[strays.decision[stray]!]!, this.startSeconds + this.now / 1e9);
    }
    const decision = strays.decision[stray]!;
    const { code } = decisions.list[decision]!;
    out.decision[i] = decision;
    out.connection[i] = strays.connection[stray]!;
    out.marks[i] = MARK_MIDSTREAM | (reversed ? 0 : MARK_ORIGINAL) | (isFirst ? MARK_FIRST : 0);
    if (isFirst || code >= UNDECIDED_TRUNCATED) {
      out.code[i] = code;
    } else if (code >= DROPPED_DEFAULT_DENY) {
      out.code[i] = DROPPED_CONNECTION;
      out.packet[i] = strays.opened[stray]! >>> 0;
    } else {
      out.code[i] = ALLOWED_ESTABLISHED;
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

  private copyVerdict(first: number, i: number, out: VerdictBatch): void {
    const past = first & (HISTORY - 1);
    out.code[i] = this.pastCode[past]!;
    out.decision[i] = this.pastDecision[past]!;
    out.connection[i] = this.pastConnection[past]!;
    out.marks[i] = (this.pastMarks[past]! & ~MARK_FIRST) | MARK_DUPLICATE;
    out.packet[i] = first;
  }

  private observeFlags(flags: number, length: number): void {
    if ((flags & FLAG_DARK) !== 0) this.observations.dark(length);
  }
}

const NOTHING_AHEAD: readonly LookAhead[] = [];
