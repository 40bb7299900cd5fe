/**
 * The judge: rows -> verdicts, a batch at a time, in capture order. What every packet takes is in loop.ts.
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
import type { Owner } from '../cluster/inventory.js';
import type { Fragments } from '../flow/fragments.js';
import type { Reassembly } from '../flow/reassembly.js';
import {
  INVALID_HEADER,
  INVALID_NO_ENTRY,
  INVALID_PROTOCOL,
  INVALID_STATE,
  INVALID_WINDOW,
  TRACK_FULL,
  TRACK_INVALID,
  TRACK_NEW,
  TRACK_ORIGINAL,
  TRACK_ORIGINAL_UNREPLIED,
  TRACK_RELATED,
  TRACK_UNTRACKED,
  type Tracker,
  tagPlace,
} from '../flow/tracker.js';
import type { FastPath } from '../memory/fast-path.js';
import { OWN_MEMORY } from '../memory/memory.js';
import {
  FLAG_AUTH_HEADER,
  FLAG_DARK,
  FLAG_DUPLICATE,
  FLAG_FOREIGN,
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
import type { FlatTree } from '../tree/flat.js';
import { type AskedAgain, askAgain } from './ask-again.js';
import { mayBeCutShort } from './cut.js';
import { Datagrams } from './datagrams.js';
import { EndOwners } from './end-owners.js';
import { type LookAhead, newLookAhead } from './ends.js';
import { judgeLaterFragment, rememberFragment } from './first-fragments.js';
import { HISTORY, History } from './history.js';
import { KnownDecisions } from './known.js';
import { DEADLINE, JudgeLoop, MILLISECONDS, NOW, type SlowPath, START } from './loop.js';
import { NameLearning } from './names.js';
import { createObservations, type Observations } from './observations.js';
import { Opening, type OpeningParts } from './opening.js';
import { invalidPasses } from './outcome.js';
import type { Share } from './share.js';
import { Strays } from './strays.js';
import {
  ALLOWED_ESTABLISHED,
  ALLOWED_NOT_ENFORCED,
  ALLOWED_NOT_IP,
  ALLOWED_RELATED,
  AUTHENTICATION,
  CODE_SHIFT,
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
  TAG_AUTHENTICATED,
  TAG_DECISION,
  TAG_MARKS,
  TAG_NUMBER,
  TAG_OPENED,
  UNDECIDED_FRAGMENT,
  UNDECIDED_TRUNCATED,
  type VerdictBatch,
} from './verdict.js';

export interface JudgeParts extends OpeningParts {
  readonly tracker: Tracker;
  readonly fragments: Fragments;
  /** Where datagrams are judged when they are whole, as Linux does: in dataplane mode with connection tracking. */
  readonly reassembly: Reassembly | null;
  /** Rules take a packet with IPv6's authentication header for one of that protocol. Default true. */
  readonly stopsAtAuthentication?: boolean;
  /** Whose packets are judged, of a divided capture point; null or absent: all. */
  readonly share?: Share | null;
  /** The classifier for the loop, null where it has no flat form: then every first packet takes the slow path. */
  readonly flat: FlatTree | null;
}

/** Never asked. */
const NOTHING_KNOWN = null as unknown as KnownDecisions;

/** A batch that was read and not judged yet. */
export interface BatchAhead {
  readonly frames: FrameBatch;
  readonly packets: PacketBatch;
}

export class Judge implements SlowPath {
  /** Packets judged so far: those of the batches before the one at hand. */
  packets = 0;
  readonly observations: Observations;
  /** Dataplane mode with connection tracking. */
  readonly datagrams: Datagrams | null;
  readonly opening: Opening;
  private readonly someInvalidPass: boolean;
  private readonly invalid: Strays;
  private readonly ahead: readonly [LookAhead, LookAhead] = [newLookAhead(), newLookAhead()];
  private readonly history: History;
  /** How many connections were opened, in its first word. */
  private readonly connections: Int32Array;
  private readonly loop: JudgeLoop;
  private readonly known: KnownDecisions | null;
  private readonly owners: EndOwners;
  /** null where no rule asks for names. */
  private readonly names: NameLearning | null;
  /** A row with nothing but a connection's addresses. */
  private readonly ends = new Int32Array(STRIDE);
  /** Of the batch at hand. */
  private frames!: FrameBatch;
  private batch!: PacketBatch;
  private out!: VerdictBatch;
  private hasStarted = false;
  private readonly run: JudgeLoop['run'];
  private readonly fastPath: { readonly buffer: ArrayBufferLike; readonly run: JudgeLoop['run'] } | null = null;

  /**
   * @param before a judge of the packets so far, with the same tracker and decisions but other policies: this one goes on where
   * it stands, and takes its place. It has no fast path, and neither has this one.
   */
  constructor(
    private readonly parts: JudgeParts,
    fastPath: FastPath | null = null,
    before: Judge | null = null,
  ) {
    const { ownNodeInvalid, rules } = parts.classifier.ruleset;
    this.someInvalidPass = ownNodeInvalid === true || rules.some(({ unenforced }) => unenforced === 'any');
    this.history = before?.history ?? new History();
    this.invalid = before?.invalid ?? new Strays();
    this.datagrams =
      before?.datagrams ?? (parts.reassembly === null ? null : new Datagrams(parts.reassembly, this.history));
    const memory = fastPath?.memory ?? OWN_MEMORY;
    this.observations = createObservations(parts.inventory, memory);
    this.owners = new EndOwners(parts.decisions.list, parts.classifier, parts.madeBy);
    const { ruleset } = parts.classifier;
    const asksNames = ruleset.rules.some(({ names }) => names !== undefined);
    this.names = asksNames
      ? new NameLearning(parts.classifier, parts.inventory, ruleset.dns ?? [], before?.names ?? null)
      : null;
    const flat = parts.stateless ? null : parts.flat;
    const connections = before?.connections ?? memory.int32(1);
    this.connections = connections;
    const classifier = this.names?.classifier ?? parts.classifier;
    this.opening = new Opening({ ...parts, classifier }, connections, memory, before?.opening ?? null);
    const { watched } = this.observations;
    const isWhatIf = parts.mode === 'what-if';
    const { tracker } = parts;
    this.known =
      flat === null ? null : new KnownDecisions(flat, tracker, connections, watched, isWhatIf, this.opening, memory);
    this.loop = new JudgeLoop(parts.tracker, this, this.known ?? NOTHING_KNOWN, flat !== null, memory);
    this.run = this.loop.run.bind(this.loop);
    if (before !== null) this.goOn(before);
    if (fastPath === null) return;
    fastPath.bind({
      JudgeLoop: this.loop,
      SlowPath: this,
      ...(this.known === null ? {} : { KnownDecisions: this.known, FlatTree: flat! }),
      Beginnings: this.opening.beginnings,
      RecentConnections: this.opening.recent,
      Strays: this.opening.strays,
    });
    this.fastPath = { buffer: fastPath.buffer, run: fastPath.entry('JudgeLoop_run') };
  }

  private goOn({ packets, hasStarted, loop }: Judge): void {
    this.packets = packets;
    this.hasStarted = hasStarted;
    this.loop.times.set(loop.times);
    if (hasStarted) this.observations.begin(loop.times[START]! + loop.times[NOW]! / 1e9);
  }

  /**
   * Judges a batch. `next` is the batch behind it, null at the capture's end. It should hold at least LOOK_AHEAD packets
   * unless it is the last: then verdicts do not depend on where the batches begin and end.
   */
  judge(frames: FrameBatch, packets: PacketBatch, next: BatchAhead | null, out: VerdictBatch): void {
    const { rows, count } = packets;
    const { bytes, seconds, nanoseconds } = frames;
    const { code, decision, connection, packet, marks } = out;
    if (!this.hasStarted && count > 0) {
      this.loop.times[START] = seconds[0]!;
      this.observations.begin(seconds[0]!);
      this.hasStarted = true;
    }
    out.count = count;
    this.datagrams?.begin(this.packets, out);
    this.frames = frames;
    this.batch = packets;
    this.out = out;
    this.names?.begin();
    const [here, behind] = this.ahead;
    here.rows = rows;
    here.seconds = seconds;
    here.nanoseconds = nanoseconds;
    behind.rows = next === null ? rows : next.packets.rows;
    behind.seconds = next === null ? seconds : next.frames.seconds;
    behind.nanoseconds = next === null ? nanoseconds : next.frames.nanoseconds;
    behind.count = next === null ? 0 : next.packets.count;
    const run = this.fastPath?.buffer === bytes.buffer ? this.fastPath.run : this.run;
    run(count, this.packets | 0, rows, bytes, seconds, nanoseconds, code, decision, connection, packet, marks);
    this.hear(count);
    if (packets.mayHoldCopies) this.history.add(this.packets, out);
    this.packets += count;
  }

  /**
   * Asks about the connections that are known again, of policies that have taken the place of others.
   * @param onlyUnreplied only those that no reply was seen of
   */
  askAgain(onlyUnreplied: boolean, ownersOf: (decision: number) => readonly Owner[]): AskedAgain {
    const { opening, owners, packets, parts } = this;
    const { tracker, decisions } = parts;
    return askAgain({ tracker, decisions, opening, ends: owners, ownersOf, onlyUnreplied, packet: packets + 1 });
  }

  judgeSpecial(i: number): boolean {
    const { out } = this;
    const { rows, duplicateOf } = this.batch;
    const base = i * STRIDE;
    const flags = rows[base + FLAGS]!;
    const fragment = rows[base + FRAGMENT]! & (FRAG_MORE | FRAG_LATER);
    const isForeign = (flags & FLAG_FOREIGN) !== 0;
    if ((flags & (FLAG_DARK | FLAG_FOREIGN)) === FLAG_DARK) this.observations.dark(this.frames.original[i]!);
    const status = rows[base + STATUS]!;
    if (status === STATUS_NOT_IP) {
      out.code[i] = ALLOWED_NOT_IP;
    } else if ((flags & FLAG_DUPLICATE) !== 0 && this.packets + i + 1 - duplicateOf[i]! < HISTORY) {
      this.copyVerdict(duplicateOf[i]!, i, out);
      if (out.code[i] === PENDING) this.datagrams?.addCopy(duplicateOf[i]!, this.packets + i + 1);
    } else if (this.datagrams?.isFragment(rows, base)) {
      this.judgeFragment(this.datagrams, rows, base, i);
    } else if (isForeign && (status !== STATUS_OK || (fragment & FRAG_LATER) === 0)) {
      // Without a verdict, as its later fragments shall be.
      if (fragment === FRAG_MORE) this.rememberFragment(i);
    } else if (status !== STATUS_OK) {
      // What the capture cut may have been fine; what contradicts itself is invalid to Linux.
      const isInvalid = status === STATUS_MALFORMED && this.parts.mode === 'dataplane';
      out.code[i] = isInvalid ? DROPPED_INVALID_STATE : UNDECIDED_TRUNCATED;
      // Its later fragments share its verdict, and not that of an older datagram of the same identification.
      if (fragment === FRAG_MORE) this.rememberFragment(i);
    } else if ((fragment & FRAG_LATER) !== 0) {
      // As its first one, in whatever share that is; by itself where nobody saw that.
      judgeLaterFragment(this.parts.fragments, rows, base, this.now, i, out);
      if (isForeign && out.code[i] === UNDECIDED_FRAGMENT) out.code[i] = PENDING;
    } else {
      return false;
    }
    return true;
  }

  judgeOther(tracked: number, i: number): void {
    this.judgeAny(tracked, this.batch.rows, i * STRIDE, this.frames.bytes, i);
  }

  expireFragments(): void {
    const { datagrams, loop } = this;
    datagrams!.expire(this.now);
    loop.times[DEADLINE] = datagrams!.deadline;
  }

  private judgeFragment(datagrams: Datagrams, rows: Int32Array, base: number, i: number): void {
    const isWhole = datagrams.add(rows, base, this.frames.bytes, this.now, this.packets + i + 1, i);
    this.loop.times[DEADLINE] = datagrams.deadline;
    if (!isWhole) return;
    if (this.parts.share?.holds(datagrams.rows, 0, datagrams.bytes) === false) {
      datagrams.leave();
      return;
    }
    this.judgeWhole(datagrams.rows, datagrams.bytes, i);
    datagrams.share(i);
  }

  /** A datagram put together, which is no frame of the batch. */
  private judgeWhole(rows: Int32Array, bytes: Uint8Array, i: number): void {
    const { tracker } = this.parts;
    const status = rows[STATUS]!;
    if (status !== STATUS_OK) {
      this.out.code[i] = status === STATUS_MALFORMED ? DROPPED_INVALID_STATE : UNDECIDED_TRUNCATED;
      return;
    }
    const tracked = tracker.track(rows, 0, bytes, this.loop.times[MILLISECONDS]!);
    if (tracked >= TRACK_ORIGINAL && tracked <= TRACK_ORIGINAL_UNREPLIED)
      this.ofConnection(tracker.slot, i, this.out, tracked);
    else this.judgeAny(tracked, rows, 0, bytes, i);
  }

  /** Whatever is not a packet of a connection in the table. */
  private judgeAny(tracked: number, rows: Int32Array, base: number, bytes: Uint8Array, i: number): void {
    const { out } = this;
    const number = this.packets + i + 1;
    const { tracker } = this.parts;
    const [here] = this.ahead;
    here.from = i + 1;
    here.count = this.batch.count - i - 1;
    switch (tracked) {
      case TRACK_NEW:
        this.judgeNew(rows, base, i, number, out);
        return;
      case TRACK_RELATED:
        this.ofConnection(tracker.slot, i, out, tracked);
        this.nameEnds(tracker.slot, i, out);
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
        this.judgeInvalid(rows, base, bytes, i, number, out);
        return;
      default:
        throw new Error(`unknown tracking code ${tracked}`);
    }
  }

  private ofConnection(slot: number, i: number, out: VerdictBatch, tracked: number): void {
    const { code, decision, connection, packet, marks } = out;
    this.loop.ofConnection(slot, i, tracked, code, decision, connection, packet, marks);
  }

  /** The first packet of a connection: asked of the classifier, and kept or forgotten. */
  private judgeNew(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { tracker, decisions, mode } = this.parts;
    const { opening } = this;
    const [{ seconds, nanoseconds }] = this.ahead;
    const authenticated = (rows[base + FLAGS]! & FLAG_AUTH_HEADER) !== 0 && this.parts.stopsAtAuthentication !== false;
    this.hear(i);
    const protocol = rows[base + PROTOCOL]!;
    // Connection tracking steps over IPv6's authentication header; the rules of iptables and nftables stop at it.
    if (authenticated) rows[base + PROTOCOL] = AUTHENTICATION;
    opening.begin(rows, base, number, this.now, this.ahead, seconds[i]!, nanoseconds[i]!);
    if (authenticated) rows[base + PROTOCOL] = protocol;
    const { code } = decisions.list[opening.decision]!;
    this.writeOpening(rows, base, i, code, out);
    if (opening.isLater) this.writeLater(i, code, opening.opened, ALLOWED_ESTABLISHED, out);
    this.learn(opening.decision);
    if (mode === 'dataplane' && code >= DROPPED_DEFAULT_DENY && code < UNDECIDED_TRUNCATED) {
      tracker.discard();
      return;
    }
    const at = tagPlace(tracker.confirm(code >= DROPPED_DEFAULT_DENY));
    tracker.tag[at + TAG_DECISION] = opening.decision;
    tracker.tag[at + TAG_NUMBER] = opening.connection;
    tracker.tag[at + TAG_OPENED] = opening.opened;
    const kept = out.marks[i]! & (MARK_MIDSTREAM | MARK_TRANSLATED);
    tracker.tag[at + TAG_MARKS] =
      (code << CODE_SHIFT) | (authenticated ? TAG_AUTHENTICATED : 0) | (opening.reversed ? kept | MARK_ORIGINAL : kept);
  }

  /** What only names decide is asked each time; what other policies decided says nothing of other connections. */
  private learn(decision: number): void {
    const { decisions } = this.parts;
    if (decisions.generationOf(decision) !== decisions.generation) return;
    const known = decisions.list[decision]!;
    const { rules } = this.parts.classifier.ruleset;
    const isNamed = (outcome: number): boolean => outcome >= 0 && rules[outcome]!.names !== undefined;
    if (this.names !== null && (isNamed(known.egress) || isNamed(known.ingress))) return;
    this.known?.learn(known, decision);
  }

  /** The names in the packets before packet i. */
  private hear(i: number): void {
    const { names, frames, batch, out } = this;
    if (names === null) return;
    const at = Math.min(i, batch.count - 1);
    if (at >= 0) names.advance(frames, batch, out, i, frames.seconds[at]! + frames.nanoseconds[at]! / 1e9);
  }

  /** The packet is about the connection, but its addresses, or the order of them, are not the connection's. */
  private nameEnds(slot: number, i: number, out: VerdictBatch): void {
    const { tracker, decisions } = this.parts;
    const { owners, ends } = this;
    tracker.writeEnds(slot, ends);
    const isReversed = (tracker.tag[tagPlace(slot) + TAG_MARKS]! & MARK_ORIGINAL) !== 0;
    owners.find(out.decision[i]!, ends, 0, !isReversed);
    out.decision[i] = decisions.withEnds(out.decision[i]!, owners.source, owners.destination);
  }

  private writeOpening(rows: Int32Array, base: number, i: number, code: number, out: VerdictBatch): void {
    const { opening, owners } = this;
    out.code[i] = code;
    out.decision[i] = opening.decision;
    out.connection[i] = opening.connection;
    out.marks[i] =
      (opening.reversed ? 0 : MARK_ORIGINAL) |
      (opening.midstream ? MARK_MIDSTREAM : 0) |
      (opening.translated ? MARK_TRANSLATED : 0) |
      (opening.isFirst ? MARK_FIRST : 0);
    if (!opening.isFirst) return;
    owners.find(opening.decision, rows, base, !opening.reversed);
    this.observations.connection(owners.source, owners.destination, this.loop.times[START]! + this.now / 1e9);
  }

  /**
   * Dataplane: dropped. What-if: a packet that only lacks what the capture did not see belongs to its connection: one that
   * began before the capture, or of which only one direction was captured.
   */
  private judgeInvalid(
    rows: Int32Array,
    base: number,
    bytes: Uint8Array,
    i: number,
    number: number,
    out: VerdictBatch,
  ): void {
    const { tracker, mode } = this.parts;
    const { slot, invalid } = tracker;
    if (invalid !== INVALID_PROTOCOL && mayBeCutShort(rows, base, bytes)) {
      out.code[i] = UNDECIDED_TRUNCATED;
      return;
    }
    out.code[i] = DROPPED_INVALID_STATE;
    if (mode === 'dataplane') {
      if (this.someInvalidPass) this.askInvalid(rows, base, i, out);
      return;
    }
    if (invalid === INVALID_NO_ENTRY) {
      // What answers an invalid packet (a RST to a Xmas scan) goes with it.
      if (this.invalid.find(rows, base) < 0) this.judgeStray(rows, base, i, number, out);
    } else if (slot >= 0 && (invalid === INVALID_STATE || invalid === INVALID_WINDOW) && !tracker.replied(slot)) {
      this.ofConnection(slot, i, out, TRACK_ORIGINAL);
      this.nameEnds(slot, i, out);
      out.marks[i] = out.marks[i]! | MARK_ONE_WAY;
    } else if (invalid === INVALID_HEADER) {
      this.invalid.add(rows, base);
    }
  }

  /** (P18): some plugins let pass what no policy comes between, whatever connection tracking says. */
  private askInvalid(rows: Int32Array, base: number, i: number, out: VerdictBatch): void {
    const { decisions, classifier } = this.parts;
    this.hear(i);
    const asked = this.opening.ask(rows, base);
    if (!invalidPasses(decisions.list[asked]!, classifier.ruleset)) return;
    out.code[i] = decisions.list[asked]!.code;
    out.decision[i] = asked;
    out.marks[i] = MARK_ORIGINAL;
  }

  /** A packet that cannot begin a connection, of one that the capture did not see begin. */
  private judgeStray(rows: Int32Array, base: number, i: number, number: number, out: VerdictBatch): void {
    const { opening } = this;
    this.hear(i);
    opening.stray(rows, base, number, this.now);
    const { code } = this.parts.decisions.list[opening.decision]!;
    this.writeOpening(rows, base, i, code, out);
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

  rememberFragment(i: number): void {
    rememberFragment(this.parts.fragments, this.batch.rows, i * STRIDE, this.now, i, this.out);
  }

  private copyVerdict(first: number, i: number, out: VerdictBatch): void {
    if (first > this.packets) this.history.copy(out, first - this.packets - 1, i, out);
    else this.history.copy(this.history.past, first & (HISTORY - 1), i, out);
    out.packet[i] = first;
  }

  /** Nanoseconds since the first packet's second. */
  private get now(): number {
    return this.loop.times[NOW]!;
  }
}
