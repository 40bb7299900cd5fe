/**
 * First packets whose decision is known (hot, dataplane mode): classified and opened without the slow path.
 *
 * In:  a packet that connection tracking calls new.  Out: its verdict and its connection's entry; or false, and nothing
 * done, where its decision was not met before or an end is watched. Decisions are remembered by their outcomes, in a
 * direct-mapped memory: what is forgotten is decided the slow way again, with the same answer.
 */
import type { Tracker } from '../flow/tracker.js';
import { tagPlace } from '../flow/tracker.js';
import type { Memory } from '../memory/memory.js';
import { EGRESS, FORWARD, INGRESS } from '../tree/classifier.js';
import { DESTINATION, type FlatTree, SOURCE } from '../tree/flat.js';
import { type Decision, NOBODY } from './decisions.js';
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

export class KnownDecisions {
  private readonly words: Int32Array;

  /**
   * @param connections how many connections were opened so far, in its first word
   * @param watched by owner, 1 where the slow path must see its connections (observations.ts)
   */
  constructor(
    private readonly tree: FlatTree,
    private readonly tracker: Tracker,
    private readonly connections: Int32Array,
    private readonly watched: Int32Array,
    memory: Memory,
  ) {
    this.words = memory.int32(PLACES * WORDS);
  }

  /** @param number of the packet. @returns whether packet i is judged, and its connection opened or refused */
  open(
    rows: Int32Array,
    base: number,
    i: number,
    number: number,
    code: Uint8Array,
    decision: Int32Array,
    connection: Int32Array,
    marks: Uint8Array,
  ): boolean {
    const { tree, tracker, words, connections, watched } = this;
    tree.classify(rows, base);
    const { found } = tree;
    const source = found[SOURCE]!;
    const destination = found[DESTINATION]!;
    if ((source >= 0 && watched[source] !== 0) || (destination >= 0 && watched[destination] !== 0)) return false;
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
    if (decided >= DROPPED_DEFAULT_DENY && decided < UNDECIDED_TRUNCATED) {
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

  /** What the slow path decided. */
  remember({ egress, ingress, forward, source, destination, code }: Decision, decision: number): void {
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
