/**
 * Connections that are known when policies change, asked again (cold: once a change).
 *
 * In:  the connection table, what-if's other memories of connections (strays.ts, recent.ts), and an Opening of the new policies.
 * Out: the same memories with decisions of the new policies: from the next packet on a connection has its new verdict.
 * A connection is asked about as it was opened: from its initiator to its responder; behind a service to the pod that it
 * reached, where another entry of it shows that, else to every backend; behind a masquerade as coming from who it was
 * decided about. Entries that do not tell all that policies ask (Tracker.writeEnds) keep their decision.
 */
import type { Owner } from '../cluster/inventory.js';
import { type Tracker, tagPlace } from '../flow/tracker.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_ID, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { addressWords } from '../packet/text.js';
import type { Decisions } from './decisions.js';
import type { EndOwners } from './end-owners.js';
import { reverseRow } from './initiator.js';
import type { Opening } from './opening.js';
import {
  HIGH_PORT,
  INITIATOR_LOW,
  KIND,
  LOW_PORT,
  RECORD,
  STRAY_CONNECTION,
  STRAY_DECISION,
  STRAY_MARKS,
  STRAY_OPENED,
  TRANSLATED,
  TYPE_CODE_SHIFT,
  TYPE_SHIFT,
  USED,
} from './strays.js';
import {
  AUTHENTICATION,
  CODE_SHIFT,
  MARK_ORIGINAL,
  MARK_TRANSLATED,
  MARKS_MASK,
  TAG_AUTHENTICATED,
  TAG_DECISION,
  TAG_MARKS,
  TAG_NUMBER,
  TAG_OPENED,
  TAG_WHILE_UNREPLIED,
  verdictOf,
} from './verdict.js';

export interface AskAgain {
  readonly tracker: Tracker;
  readonly decisions: Decisions;
  /** Of the new policies. */
  readonly opening: Opening;
  readonly ends: EndOwners;
  /** What the owners of a decision are indices of. */
  ownersOf(decision: number): readonly Owner[];
  /** Only connections that no reply was seen of: others are let through by their entry alone. */
  readonly onlyUnreplied: boolean;
  /** The first packet behind the change: where a connection is refused from then on. */
  readonly packet: number;
}

/** Connections that were asked again, and of these whose verdict is another one now. */
export interface AskedAgain {
  readonly asked: number;
  readonly changed: number;
}

interface Answer {
  readonly decision: number;
  /** From the initiator, as the packet had it. */
  readonly row: Int32Array;
}

export function askAgain(given: AskAgain): AskedAgain {
  const { tracker, opening, onlyUnreplied } = given;
  const { strays, recent } = opening;
  const { tag } = tracker;
  const asking = new Asking(given);
  for (let at = 0; at < strays.records.length; at += RECORD) {
    if (strays.records[at + USED] !== 0) asking.wanted.add(strays.records[at + STRAY_CONNECTION]!);
  }
  for (const connection of recent.connection) asking.wanted.add(connection);
  /** By connection, the entries that are views of one: those of a service, and those behind a translation. */
  const views = new Map<number, number[]>();
  const isAsked = (slot: number): boolean => !onlyUnreplied || !tracker.replied(slot);
  for (let slot = tracker.next(-1); slot >= 0; slot = tracker.next(slot)) {
    const at = tagPlace(slot);
    if ((tag[at + TAG_MARKS]! & MARK_TRANSLATED) === 0 || !isAsked(slot)) continue;
    const number = tag[at + TAG_NUMBER]!;
    asking.wanted.add(number);
    views.set(number, [...(views.get(number) ?? []), slot]);
  }
  for (let slot = tracker.next(-1); slot >= 0; slot = tracker.next(slot)) {
    if ((tag[tagPlace(slot) + TAG_MARKS]! & MARK_TRANSLATED) === 0 && isAsked(slot)) asking.entry(slot);
  }
  for (const slots of views.values()) asking.views(slots);
  // What-if's other memories.
  for (let at = 0; at < strays.records.length; at += RECORD) if (strays.records[at + USED] !== 0) asking.stray(at);
  recent.connection.forEach((connection, entry) => {
    if (connection !== 0) asking.recent(connection, entry);
  });
  return { asked: asking.asked, changed: asking.changed };
}

class Asking {
  asked = 0;
  changed = 0;
  /** Connections whose answers are asked for once more, and those answers. */
  readonly wanted = new Set<number>();
  private readonly answers = new Map<number, Answer>();
  private readonly row = new Int32Array(STRIDE);
  private readonly reversed = new Int32Array(STRIDE);

  constructor(private readonly given: AskAgain) {}

  /** An entry that is a connection by itself. */
  entry(slot: number): void {
    const row = this.rowOf(slot);
    if (row !== null) this.answer(slot, this.given.opening.askKnown(row, 0, null), row);
  }

  /** Entries of one connection: to a service, or behind a translation. */
  views(slots: readonly number[]): void {
    const { opening, tracker } = this.given;
    const rows = slots.map(slot => this.rowOf(slot)?.slice() ?? null);
    const number = tracker.tag[tagPlace(slots[0]!) + TAG_NUMBER]!;
    const first = this.answers.has(number) ? -1 : rows.findIndex(it => it !== null && opening.isTranslated(it, 0));
    if (first >= 0) {
      const row = rows[first]!;
      const arrived = rows.find(it => it !== null && !opening.isTranslated(it, 0)) ?? null;
      this.answer(slots[first]!, opening.askKnown(row, 0, arrived), row);
    }
    for (const [i, slot] of slots.entries()) {
      const row = rows[i]!;
      if (i === first || row === null) continue;
      const decision = this.viewOf(number);
      if (decision < 0) this.answer(slot, this.askAlone(row, tracker.tag[tagPlace(slot) + TAG_DECISION]!), row);
      else this.set(slot, decision);
    }
  }

  /** @param at where the record of a connection stands that may be in the table no more */
  stray(at: number): void {
    const { records } = this.given.opening.strays;
    const number = records[at + STRAY_CONNECTION]!;
    const marks = records[at + STRAY_MARKS]!;
    const isView = (marks & TRANSLATED) !== 0;
    const known = this.answers.get(number);
    const answered = isView ? this.viewOf(number) : (known?.decision ?? -1);
    const old = records[at + STRAY_DECISION]!;
    const row = strayRow(records, at, this.row);
    const decision =
      answered >= 0 ? answered : isView ? this.askAlone(row, old) : this.given.opening.askKnown(row, 0, null);
    records[at + STRAY_DECISION] = decision;
    if (this.isRefusedNow(old, decision)) records[at + STRAY_OPENED] = this.given.packet;
    if (known !== undefined) return;
    this.count(old, decision);
    this.answers.set(number, { decision, row: row.slice() });
  }

  recent(connection: number, entry: number): void {
    const { recent } = this.given.opening;
    const answer = this.answers.get(connection);
    if (answer === undefined) return;
    if (this.isRefusedNow(recent.decision[entry]!, answer.decision)) recent.opened[entry] = this.given.packet;
    recent.decision[entry] = answer.decision;
  }

  /** What becomes of views of the connection: its decision, about its own ends; -1 where it was not asked. */
  private viewOf(connection: number): number {
    const { decisions, ends } = this.given;
    const answer = this.answers.get(connection);
    if (answer === undefined) return -1;
    ends.find(answer.decision, answer.row, 0, true);
    return decisions.withEnds(answer.decision, ends.source, ends.destination);
  }

  /** A view whose connection is known no more: it comes from who it was decided about. */
  private askAlone(row: Int32Array, old: number): number {
    const { decisions, ownersOf, opening } = this.given;
    const { source } = decisions.list[old]!;
    const owner = source < 0 ? undefined : ownersOf(old)[source];
    const address = owner?.addresses.find(it => it.includes(':') === (row[FAMILY] === 6));
    const words = address === undefined ? null : addressWords(address);
    if (words !== null) row.set(words.words, SRC);
    return opening.askKnown(row, 0, null);
  }

  /** The entry's connection from its initiator; null where the entry does not tell. */
  private rowOf(slot: number): Int32Array | null {
    const { tracker } = this.given;
    if (!tracker.writeEnds(slot, this.row)) return null;
    const marks = tracker.tag[tagPlace(slot) + TAG_MARKS]!;
    if ((marks & TAG_AUTHENTICATED) !== 0) this.row[PROTOCOL] = AUTHENTICATION;
    if ((marks & MARK_ORIGINAL) === 0) return this.row;
    reverseRow(this.row, 0, this.reversed);
    return this.reversed;
  }

  /** The answer of a connection. */
  private answer(slot: number, decision: number, row: Int32Array): void {
    const { tag } = this.given.tracker;
    const at = tagPlace(slot);
    const number = tag[at + TAG_NUMBER]!;
    this.count(tag[at + TAG_DECISION]!, decision);
    if (this.wanted.has(number)) this.answers.set(number, { decision, row: row.slice() });
    this.set(slot, decision);
  }

  private set(slot: number, decision: number): void {
    const { tracker, decisions, packet, onlyUnreplied } = this.given;
    const { tag } = tracker;
    const at = tagPlace(slot);
    if (this.isRefusedNow(tag[at + TAG_DECISION]!, decision)) tag[at + TAG_OPENED] = packet;
    tag[at + TAG_DECISION] = decision;
    const marks = tag[at + TAG_MARKS]! & (MARKS_MASK | TAG_AUTHENTICATED);
    const holds = onlyUnreplied ? TAG_WHILE_UNREPLIED : 0;
    tag[at + TAG_MARKS] = (decisions.list[decision]!.code << CODE_SHIFT) | holds | marks;
  }

  private count(old: number, decision: number): void {
    const { list } = this.given.decisions;
    this.asked++;
    if (verdictOf(list[old]!.code) !== verdictOf(list[decision]!.code)) this.changed++;
  }

  private isRefusedNow(old: number, decision: number): boolean {
    const { list } = this.given.decisions;
    return verdictOf(list[old]!.code) !== 'dropped' && verdictOf(list[decision]!.code) === 'dropped';
  }
}

/** From its initiator to its responder. */
function strayRow(records: Int32Array, at: number, row: Int32Array): Int32Array {
  const marks = records[at + STRAY_MARKS]!;
  const isLow = (marks & INITIATOR_LOW) !== 0;
  const kind = records[at + KIND]!;
  row.fill(0);
  row[FAMILY] = kind >>> 24;
  row[PROTOCOL] = (kind >>> 16) & 255;
  row[ICMP_ID] = kind & 0xffff;
  row[ICMP_TYPE] = (marks >>> TYPE_SHIFT) & 255;
  row[ICMP_CODE] = (marks >>> TYPE_CODE_SHIFT) & 255;
  row.set(records.subarray(at, at + 4), isLow ? SRC : DST);
  row.set(records.subarray(at + 4, at + 8), isLow ? DST : SRC);
  row[isLow ? SPORT : DPORT] = records[at + LOW_PORT]!;
  row[isLow ? DPORT : SPORT] = records[at + HIGH_PORT]!;
  return row;
}
