/**
 * The classifier's hot path for many packets at once: what judge() gives for each (tree/judge.ts). Nothing is allocated.
 *
 * `T` is the image that tree/direct.ts writes, `W` scratch of SCRATCH_WORDS (direct-layout.ts), `R` rows of packets, `O`
 * outcomes; the forward direction decides nothing.
 *
 * A lookup is a few loads that wait for each other, and the processor does those of the next packets meanwhile, for as long
 * as it foresees every branch. So nothing is walked here, which nobody foresees, but looked up, and what can be computed
 * is not branched on: who may be exempt is decided as if he were not, and looked at again.
 * The fast path is compiled from these functions too (scripts/fast-path); batch-run.ts chooses.
 * Numbers are items of docs/semantics.md.
 */
import { DPORT, DST, PROTOCOL, SRC, STRIDE } from '../packet/row.js';
import { findByTrie, findClasses } from './address-lookup.js';
import { pickFamily, pickOthers } from './batch.js';
import { DESTINATION_CLASS, LANES, OUT_AT, ROW_AT, SOURCE_CLASS } from './batch-layout.js';
import { EGRESS, FORWARD, INGRESS, OUTCOME_LOOPBACK, OUTCOME_NODE, OUTCOME_NONE, OUTCOMES } from './classifier.js';
import {
  ADDRESSES,
  EGRESS_DEFAULT,
  EGRESS_PEER,
  EGRESS_ROW,
  EGRESS_RUNS,
  EXEMPT,
  HEADER_CLASS,
  INGRESS_DEFAULT,
  INGRESS_PEER,
  INGRESS_ROW,
  INGRESS_RUNS,
  NO_POD,
  NODE,
  OWNER,
  OWNER_WORDS,
  OWNERS,
  PLACE,
  PORTS,
  PROTOCOLS,
  RECORDS,
  RUN_COUNT,
  RUN_FIRST,
  RUN_LANE,
  TO_OWN_NODE,
  TRIE,
} from './direct-layout.js';
import { EVERY_NODE } from './lookup.js';

/** The outcomes of `count` rows from R[base] on, to O[at + ...], OUTCOMES further on for each. */
export function judgeRows(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  O: Int32Array,
  base: number,
  count: number,
  at: number,
): void {
  for (let first = 0; first < count; first += LANES) {
    const size = Math.min(count - first, LANES);
    const row = base + first * STRIDE;
    const out = at + first * OUTCOMES;
    const fours = pickFamily(W, R, row, size, out, 4);
    judgeLanes(T, W, R, O, fours, 4);
    if (fours === size) continue;
    const sixes = pickFamily(W, R, row, size, out, 6);
    judgeLanes(T, W, R, O, sixes, 6);
    if (fours + sixes < size) decideNothing(W, O, pickOthers(W, R, row, size, out));
  }
}

/** One family's lanes. */
function judgeLanes(T: Int32Array, W: Int32Array, R: Int32Array, O: Int32Array, count: number, family: number): void {
  const trie = T[TRIE]!;
  if (family === 4 && trie !== 0) {
    findByTrie(T, W, R, count, trie, SRC, SOURCE_CLASS);
    findByTrie(T, W, R, count, trie, DST, DESTINATION_CLASS);
  } else {
    findClasses(T, W, R, count, family, ADDRESSES, SRC, SOURCE_CLASS);
    findClasses(T, W, R, count, family, ADDRESSES, DST, DESTINATION_CLASS);
  }
  const some = decide(T, W, R, O, count);
  if (T[EGRESS_RUNS] !== 0) decideByRuns(T, W, O, count, SOURCE_CLASS, DESTINATION_CLASS, EGRESS);
  if (T[INGRESS_RUNS] !== 0) decideByRuns(T, W, O, count, DESTINATION_CLASS, SOURCE_CLASS, INGRESS);
  exempt(T, W, O, some);
}

function decideNothing(W: Int32Array, O: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const out = W[OUT_AT + i]!;
    O[out + EGRESS] = OUTCOME_NONE;
    O[out + INGRESS] = OUTCOME_NONE;
    O[out + FORWARD] = OUTCOME_NONE;
  }
}

/**
 * Header classes, and outcomes by pairs, whatever they are where a direction has runs. Lanes that (13) or (14) may hold for go
 * to EXEMPT: returns how many.
 */
function decide(T: Int32Array, W: Int32Array, R: Int32Array, O: Int32Array, count: number): number {
  const protocols = T[PROTOCOLS]! + 1;
  const ports = T[PORTS]!;
  let some = 0;
  for (let i = 0; i < count; i++) {
    const lane = W[ROW_AT + i]!;
    const out = W[OUT_AT + i]!;
    const from = W[SOURCE_CLASS + i]!;
    const to = W[DESTINATION_CLASS + i]!;
    const header = T[T[protocols + R[lane + PROTOCOL]!]! + T[ports + R[lane + DPORT]!]!]!;
    W[HEADER_CLASS + i] = header;

    const egressRow = T[from + EGRESS_ROW]!;
    const egressSlot = egressRow + T[to + EGRESS_PEER]!;
    const egressPlace = T[egressSlot + 1]!;
    const egressDefault = T[from + EGRESS_DEFAULT]!;
    O[out + EGRESS] = T[(T[egressSlot]! === egressRow ? egressPlace : egressDefault) + header]!;

    const ingressRow = T[to + INGRESS_ROW]!;
    const ingressSlot = ingressRow + T[from + INGRESS_PEER]!;
    const ingressPlace = T[ingressSlot + 1]!;
    const ingressDefault = T[to + INGRESS_DEFAULT]!;
    O[out + INGRESS] = T[(T[ingressSlot]! === ingressRow ? ingressPlace : ingressDefault) + header]!;
    O[out + FORWARD] = OUTCOME_NONE;

    const place = T[from + PLACE]!;
    const other = T[to + PLACE]!;
    // One record, or places that differ in the lowest bit: 1 is taken away from 0.
    W[EXEMPT + some] = i;
    some += (((from ^ to) - 1) | ((place ^ other ^ 1) - 1) | place | other) >>> 31;
  }
  return some;
}

/** Runs are halved a step of every lane at a time. */
function decideByRuns(
  T: Int32Array,
  W: Int32Array,
  O: Int32Array,
  count: number,
  subjects: number,
  peers: number,
  direction: number,
): void {
  let left = 0;
  for (let i = 0; i < count; i++) {
    const row = T[W[subjects + i]! + direction + EGRESS_DEFAULT]!;
    const runs = T[row]!;
    W[RUN_FIRST + i] = row + 1;
    W[RUN_COUNT + i] = runs;
    W[RUN_LANE + left] = i;
    left += (1 - runs) >>> 31;
  }
  while (left > 0) {
    let next = 0;
    for (let h = 0; h < left; h++) {
      const i = W[RUN_LANE + h]!;
      const peer = T[W[peers + i]! + direction + EGRESS_PEER]!;
      const runs = W[RUN_COUNT + i]!;
      const first = W[RUN_FIRST + i]!;
      const half = runs >>> 1;
      // All bits where the half's first peer is above.
      const above = (peer - T[first + half]!) >> 31;
      W[RUN_FIRST + i] = first + (half & ~above);
      W[RUN_COUNT + i] = above === 0 ? runs - half : half;
      W[RUN_LANE + next] = i;
      next += (1 - W[RUN_COUNT + i]!) >>> 31;
    }
    left = next;
  }
  for (let i = 0; i < count; i++) {
    const runs = T[T[W[subjects + i]! + direction + EGRESS_DEFAULT]!]!;
    O[W[OUT_AT + i]! + direction] = T[T[W[RUN_FIRST + i]! + runs]! + W[HEADER_CLASS + i]!]!;
  }
}

function exempt(T: Int32Array, W: Int32Array, O: Int32Array, count: number): void {
  for (let h = 0; h < count; h++) {
    const i = W[EXEMPT + h]!;
    const source = W[SOURCE_CLASS + i]!;
    const destination = W[DESTINATION_CLASS + i]!;
    const sender = ownersOf(T, source);
    const receiver = ownersOf(T, destination);
    const from = T[sender + OWNER]!;
    const to = T[receiver + OWNER]!;
    const node = T[sender + NODE]!;
    const otherNode = T[receiver + NODE]!;
    const toOwnNode = T[TO_OWN_NODE] === 1;
    let outcome = 0;
    // (13): both ends are one pod.
    if (from === to && from !== node && isSubject(T, source)) outcome = OUTCOME_LOOPBACK;
    // (14): same node, and one of the ends is the node; the source, where only that way is exempt.
    else if (
      (node >= 0 && node === otherNode && (from === node || (to === node && toOwnNode))) ||
      (node === EVERY_NODE && otherNode >= 0) ||
      (otherNode === EVERY_NODE && node >= 0 && (from === node || toOwnNode))
    ) {
      outcome = OUTCOME_NODE;
    }
    if (outcome === 0) continue;
    const out = W[OUT_AT + i]!;
    // No policy of the pod's comes between them; the node may have its own.
    const isLink = node !== otherNode || from === to;
    if (isLink || from !== node || !isSubject(T, source)) O[out + EGRESS] = outcome;
    if (isLink || to !== node || !isSubject(T, destination)) O[out + INGRESS] = outcome;
  }
}

const isSubject = (T: Int32Array, record: number): boolean => T[record + EGRESS_DEFAULT] !== T[NO_POD];

const ownersOf = (T: Int32Array, record: number): number => T[OWNERS]! + ((record - T[RECORDS]!) >> 3) * OWNER_WORDS;
