/**
 * First packets whose decision is known (hot): classified and opened without the slow path.
 *
 * In:  a packet that connection tracking calls new.  Out: its verdict and its connection's entry; or false, and nothing
 * done, where its decision was not met before or an end is watched; in what-if mode also where the source may not be the
 * initiator, the packet may be another view of a connection, or its destination may stand for a service. Decisions are
 * remembered by their outcomes, in a direct-mapped memory: what is forgotten is decided the slow way again, with the same
 * answer.
 */
import type { Tracker } from '../flow/tracker.js';
import { tagPlace } from '../flow/tracker.js';
import type { Float, Memory } from '../memory/memory.js';
import { EGRESS, FORWARD, INGRESS } from '../tree/classifier.js';
import { DESTINATION, type FlatTree, SOURCE } from '../tree/flat.js';
import { type Beginnings, MASQUERADES, TRANSLATES } from './beginnings.js';
import { type Decision, NOBODY } from './decisions.js';
import type { RecentConnections } from './recent.js';
import { INITIATOR_LOW, STRAY_CONNECTION, STRAY_DECISION, STRAY_MARKS, STRAY_OPENED, type Strays } from './strays.js';
import {
  CODE_SHIFT,
  DROPPED_DEFAULT_DENY,
  MARK_FIRST,
  MARK_ORIGINAL,
  TAG_DECISION,
  TAG_MARKS,
  TAG_NUMBER,
  TAG_OPENED,
  UNDECIDED_TRUNCATED,
} from './verdict.js';

/** Decisions remembered; a power of two. */
const PLACES = 1 << 13;
/** Words a decision: four that it is found by (the outcomes, and whether each end is known), its number + 1, its code. */
const WORDS = 8;
const ENDS = 3;
const NUMBER = 4;
const CODE = 5;

/** Whether somebody is known to own the source, and the destination, as bits. */
const knownEnds = (source: number, destination: number): number =>
  (source === NOBODY ? 0 : 1) | (destination === NOBODY ? 0 : 2);

/** What a connection is opened with in what-if mode (opening.ts). */
export interface WhatIfOpenings {
  readonly beginnings: Beginnings;
  readonly recent: RecentConnections;
  readonly strays: Strays;
}

export class KnownDecisions {
  private readonly words: Int32Array;
  private readonly beginnings: Beginnings;
  private readonly recent: RecentConnections;
  private readonly strays: Strays;

  /**
   * @param connections how many connections were opened so far, in its first word
   * @param watched by owner, 1 where the slow path must see its connections (observations.ts)
   */
  constructor(
    private readonly tree: FlatTree,
    private readonly tracker: Tracker,
    private readonly connections: Int32Array,
    private readonly watched: Int32Array,
    private readonly isWhatIf: boolean,
    { beginnings, recent, strays }: WhatIfOpenings,
    memory: Memory,
  ) {
    this.beginnings = beginnings;
    this.recent = recent;
    this.strays = strays;
    this.words = memory.int32(PLACES * WORDS);
  }

  /**
   * @param number of the packet @param now nanoseconds since the capture's first packet
   * @returns whether packet i is judged, and its connection opened or refused
   */
  open(
    rows: Int32Array,
    base: number,
    i: number,
    number: number,
    now: Float,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    marks: Uint8Array,
  ): boolean {
    const { tree, tracker, words, connections, watched, beginnings, recent } = this;
    if (this.isWhatIf && !beginnings.begins(rows, base, now)) return false;
    tree.classify(rows, base);
    const { found } = tree;
    const source = found[SOURCE]!;
    const destination = found[DESTINATION]!;
    if ((source >= 0 && watched[source] !== 0) || (destination >= 0 && watched[destination] !== 0)) return false;
    if (this.isWhatIf) {
      const { standsFor } = beginnings;
      if (destination >= 0 && (standsFor[destination]! & TRANSLATES) !== 0) return false;
      const masquerades = source >= 0 && (standsFor[source]! & MASQUERADES) !== 0;
      if (recent.isLike(rows, base, now, masquerades)) return false;
    }
    const ends = knownEnds(source, destination);
    const at = placeOf(found[EGRESS]!, found[INGRESS]!, found[FORWARD]!, ends);
    if (
      words[at + NUMBER] === 0 ||
      words[at] !== found[EGRESS] ||
      words[at + 1] !== found[INGRESS] ||
      words[at + 2] !== found[FORWARD] ||
      words[at + ENDS] !== ends
    ) {
      return false;
    }
    const decided = words[at + CODE]!;
    const opened = connections[0]! + 1;
    connections[0] = opened;
    code[i] = decided;
    decision[i] = words[at + NUMBER]! - 1;
    connection[i] = opened;
    marks[i] = MARK_ORIGINAL | MARK_FIRST;
    if (this.isWhatIf) this.remember(rows, base, now, number, opened, words[at + NUMBER]! - 1);
    else if (decided >= DROPPED_DEFAULT_DENY && decided < UNDECIDED_TRUNCATED) {
      tracker.discard();
      return true;
    }
    const { tag } = tracker;
    const place = tagPlace(tracker.confirm());
    tag[place + TAG_DECISION] = words[at + NUMBER]! - 1;
    tag[place + TAG_NUMBER] = opened;
    tag[place + TAG_OPENED] = number;
    tag[place + TAG_MARKS] = decided << CODE_SHIFT;
    return true;
  }

  /** As opening.ts does: another view may come, or packets when the entry is gone. */
  private remember(
    rows: Int32Array,
    base: number,
    now: Float,
    number: number,
    connection: number,
    decision: number,
  ): void {
    const { strays } = this;
    const { records } = strays;
    this.recent.add(rows, base, number, now, connection, decision);
    const at = strays.add(rows, base);
    records[at + STRAY_DECISION] = decision;
    records[at + STRAY_CONNECTION] = connection;
    records[at + STRAY_OPENED] = number;
    records[at + STRAY_MARKS] = strays.fromLow ? INITIATOR_LOW : 0;
  }

  /** What the slow path decided (cold). Behind a translation the same outcomes say something else. */
  learn(known: Decision, decision: number): void {
    const { egress, ingress, forward, source, destination, code, service, port, backends } = known;
    if (source >= 0 || destination >= 0 || service >= 0 || port >= 0 || backends !== null) return;
    const { words } = this;
    const ends = knownEnds(source, destination);
    const at = placeOf(egress, ingress, forward, ends);
    words[at] = egress;
    words[at + 1] = ingress;
    words[at + 2] = forward;
    words[at + ENDS] = ends;
    words[at + NUMBER] = decision + 1;
    words[at + CODE] = code;
  }
}

const placeOf = (egress: number, ingress: number, forward: number, ends: number): number => {
  const outcomes = Math.imul(egress, 0xc2b2ae35) ^ Math.imul(ingress, 0x27d4eb2f) ^ (forward << 2) ^ ends;
  const hash = Math.imul(outcomes ^ (outcomes >>> 15), 0x9e3779b1);
  return ((hash ^ (hash >>> 15)) & (PLACES - 1)) * WORDS;
};
