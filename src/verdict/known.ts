/**
 * First packets whose decision is known (hot, dataplane mode): classified and opened without the slow path.
 *
 * In:  a packet that connection tracking calls new.  Out: its verdict and its connection's entry; or false, and nothing
 * done, where its decision was not met before. Decisions are remembered by what makes them (outcomes and owners), in a
 * direct-mapped memory: what is forgotten is decided the slow way again, with the same answer.
 */
import type { Tracker } from '../flow/tracker.js';
import { tagPlace } from '../flow/tracker.js';
import type { Memory } from '../memory/memory.js';
import { EGRESS, FORWARD, INGRESS } from '../tree/classifier.js';
import { DESTINATION, type FlatTree, SOURCE } from '../tree/flat.js';
import type { Decision } from './decisions.js';
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
const PLACES = 1 << 17;
/** Words a decision: five that it is found by, its number + 1, its code. */
const WORDS = 8;
const NUMBER = 5;
const CODE = 6;

export class KnownDecisions {
  private readonly words: Int32Array;

  /**
   * @param tree null where there is no flat form: then nothing is known
   * @param connections how many connections were opened so far, in its first word
   */
  constructor(
    private readonly tree: FlatTree,
    private readonly tracker: Tracker,
    private readonly connections: Int32Array,
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
    const { tree, tracker, words, connections } = this;
    tree.classify(rows, base);
    const { found } = tree;
    const at = placeOf(found[EGRESS]!, found[INGRESS]!, found[FORWARD]!, found[SOURCE]!, found[DESTINATION]!);
    if (
      words[at + NUMBER] === 0 ||
      words[at] !== found[EGRESS] ||
      words[at + 1] !== found[INGRESS] ||
      words[at + 2] !== found[FORWARD] ||
      words[at + 3] !== found[SOURCE] ||
      words[at + 4] !== found[DESTINATION]
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

  /** What the slow path decided; the caller has made sure that an opening with it does nothing else. */
  remember({ egress, ingress, forward, source, destination, code }: Decision, decision: number): void {
    const { words } = this;
    const at = placeOf(egress, ingress, forward, source, destination);
    words[at] = egress;
    words[at + 1] = ingress;
    words[at + 2] = forward;
    words[at + 3] = source;
    words[at + 4] = destination;
    words[at + NUMBER] = decision + 1;
    words[at + CODE] = code;
  }
}

const placeOf = (egress: number, ingress: number, forward: number, source: number, destination: number): number => {
  const ends = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca6b);
  const outcomes = Math.imul(egress, 0xc2b2ae35) ^ Math.imul(ingress, 0x27d4eb2f) ^ forward;
  const hash = Math.imul(ends ^ (ends >>> 15) ^ outcomes, 0x9e3779b1);
  return ((hash ^ (hash >>> 15)) & (PLACES - 1)) * WORDS;
};
