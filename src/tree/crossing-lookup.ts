/**
 * Crossings, the hot half: rows of packets -> their forward outcomes. Nothing is allocated.
 *
 * `T` is the image that tree/crossing.ts writes, `W` scratch of SCRATCH_WORDS (crossing-layout.ts), `R` rows of packets, `O`
 * outcomes.
 *
 * A batch goes through one short loop after the other, one family at a time. Loads of a loop do not wait for each other, so a
 * processor has many of them under way at once; and no loop branches on what it has just loaded: a place that is not yet
 * known costs a wrong guess only where the next loop looks at it. So what does not go on is written where the next one
 * overwrites it. The fast path is compiled from these functions too (scripts/fast-path); batch-run.ts chooses.
 */
import { someHalfAbove } from '../memory/halves.js';
import { DPORT, DST, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { findClasses } from './address-lookup.js';
import { pickFamily, pickOthers } from './batch.js';
import { DESTINATION_CLASS, LANES, OUT_AT, ROW_AT, SOURCE_CLASS } from './batch-layout.js';
import { EGRESS, FORWARD, INGRESS, OUTCOME_NONE, OUTCOMES } from './classifier.js';
import {
  ALONE,
  BEST,
  CODES,
  DESTINATION_SIDE,
  EARLIER,
  EARLIER_ENTRIES,
  EARLIER_SHIFT,
  LAST_ORDER,
  LEFT_BITS,
  LEFT_LANE,
  LIST_AT,
  LIST_LANE,
  LOOSE,
  OUTCOMES_AT,
  PAIRS,
  QUERY,
  SOURCE_SIDE,
  TUPLES,
  WALK_AT,
  WALK_LANE,
} from './crossing-layout.js';
import { LAST_ICMP_CODE } from './header-codes.js';

/** What has no labels (crossing.ts): a forest, walked in plain JavaScript. */
export interface LooseTerms {
  /**
   * Lowers W[BEST + lane] to the first loose term that matches, where it is earlier.
   *
   * @cold
   */
  lower(W: Int32Array, R: Int32Array, lanes: number): void;
}

/** A lane's fields in the halves that records are held against (header-lists.ts): each once as it is, once inverted. */
export function writeQuery(W: Int32Array, lane: number, x: number, y: number, code: number): void {
  const at = QUERY + lane * 4;
  const ports = x | (y << 16);
  W[at] = ports;
  W[at + 1] = code | 0xffff0000;
  W[at + 2] = ~ports;
  W[at + 3] = ~code;
}

/** The forward outcomes of `count` rows from R[base] on, to O[at + FORWARD], OUTCOMES further on for each. */
export function crossRows(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  O: Int32Array,
  loose: LooseTerms,
  base: number,
  count: number,
  at: number,
): void {
  for (let first = 0; first < count; first += LANES) {
    const size = Math.min(count - first, LANES);
    const row = base + first * STRIDE;
    const out = at + first * OUTCOMES;
    const fours = pickFamily(W, R, row, size, out, 4);
    cross(T, W, R, O, loose, fours, 4);
    if (fours === size) continue;
    const sixes = pickFamily(W, R, row, size, out, 6);
    cross(T, W, R, O, loose, sixes, 6);
    if (fours + sixes === size) continue;
    const others = pickOthers(W, R, row, size, out);
    for (let i = 0; i < others; i++) O[W[OUT_AT + i]! + FORWARD] = OUTCOME_NONE;
    if (T[ALONE] !== 0) decideNothingElse(W, O, others);
  }
}

/** One family's lanes. */
function cross(
  T: Int32Array,
  W: Int32Array,
  R: Int32Array,
  O: Int32Array,
  loose: LooseTerms,
  count: number,
  family: number,
): void {
  findClasses(T, W, R, count, family, SOURCE_SIDE, SRC, SOURCE_CLASS);
  findClasses(T, W, R, count, family, DESTINATION_SIDE, DST, DESTINATION_CLASS);
  writeQueries(T, W, R, count);
  const walks = tryPairs(T, W, findLayers(T, W, count));
  let lists = walk(T, W, keepWalks(T, W, walks));
  while (lists > 0) lists = match(T, W, lists);
  if (T[LOOSE] !== 0) loose.lower(W, R, count);
  const outcomes = T[OUTCOMES_AT]!;
  for (let i = 0; i < count; i++) O[W[OUT_AT + i]! + FORWARD] = T[outcomes + W[BEST + i]!]!;
  if (T[ALONE] !== 0) decideNothingElse(W, O, count);
}

function decideNothingElse(W: Int32Array, O: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const out = W[OUT_AT + i]!;
    O[out + EGRESS] = OUTCOME_NONE;
    O[out + INGRESS] = OUTCOME_NONE;
  }
}

function writeQueries(T: Int32Array, W: Int32Array, R: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const row = W[ROW_AT + i]!;
    const code = T[CODES + 1 + R[row + PROTOCOL]!]!;
    // Type and code stand as far from each other as the ports do.
    const x = row + (code <= LAST_ICMP_CODE ? ICMP_TYPE : SPORT);
    writeQuery(W, i, R[x]!, R[x + (DPORT - SPORT)]!, code);
  }
}

/** The pairs of layers that both classes of a lane have labels in, to LEFT; returns how many words of them. */
function findLayers(T: Int32Array, W: Int32Array, count: number): number {
  const last = T[LAST_ORDER]!;
  let left = 0;
  for (let i = 0; i < count; i++) {
    const from = W[SOURCE_CLASS + i]!;
    const to = W[DESTINATION_CLASS + i]!;
    W[BEST + i] = last;
    const first = T[from]! & T[to]!;
    W[LEFT_BITS + left] = first;
    W[LEFT_LANE + left] = ((TUPLES + 31) << 8) | i;
    left += (first | (0 - first)) >>> 31;
    const second = T[from + 1]! & T[to + 1]!;
    W[LEFT_BITS + left] = second;
    W[LEFT_LANE + left] = ((TUPLES + 63) << 8) | i;
    left += (second | (0 - second)) >>> 31;
  }
  return left;
}

/**
 * The pairs of labels of every lane, one of each word at a time, and what the lists of those that some rule has say. Bits
 * stand in the order of their least orders: what cannot win any more is not asked for. Returns the number of walks.
 */
function tryPairs(T: Int32Array, W: Int32Array, words: number): number {
  let left = words;
  let walks = 0;
  let lists = 0;
  while (left > 0) {
    const hits = findHits(T, W, left, walks, lists);
    walks = hits >>> 16;
    lists = match(T, W, hits & 0xffff);
    left = keepEarlier(T, W, left);
  }
  while (lists > 0) lists = match(T, W, lists);
  return walks;
}

/**
 * One pair of each word. Where some rule has the pair, its headers are found in its slot: those that lead to a tree go to
 * WALK, the others to LIST. Returns the number of walks << 16 | of lists.
 */
function findHits(T: Int32Array, W: Int32Array, left: number, walksBefore: number, listsBefore: number): number {
  const pairs = T[PAIRS]!;
  let walks = walksBefore;
  let lists = listsBefore;
  for (let h = 0; h < left; h++) {
    const bits = W[LEFT_BITS + h]!;
    const place = W[LEFT_LANE + h]!;
    const lane = place & 0xff;
    const layers = T[(place >>> 8) - Math.clz32(bits & (0 - bits))]!;
    const row = T[W[SOURCE_CLASS + lane]! + (layers & 0xff)]!;
    const slot = pairs + ((row + T[W[DESTINATION_CLASS + lane]! + (layers >>> 8)]!) << 1);
    const headers = T[slot + 1]!;
    const other = T[slot]! ^ row;
    const hit = ((other | (0 - other)) >>> 31) ^ 1;
    const tree = headers >>> 31;
    W[WALK_LANE + walks] = lane;
    W[WALK_AT + walks] = headers;
    W[LIST_LANE + lists] = lane;
    W[LIST_AT + lists] = headers;
    walks += hit & tree;
    lists += hit & (tree ^ 1);
  }
  return (walks << 16) | lists;
}

/** Takes away the pairs that were tried and those that cannot win; returns how many words are left. */
function keepEarlier(T: Int32Array, W: Int32Array, left: number): number {
  const shift = T[EARLIER_SHIFT]!;
  let next = 0;
  for (let h = 0; h < left; h++) {
    const bits = W[LEFT_BITS + h]!;
    const place = W[LEFT_LANE + h]!;
    // A word's bits end 32 places behind those of the word before, its table EARLIER_ENTRIES.
    const table = EARLIER - (TUPLES + 31) * (EARLIER_ENTRIES / 32) + (place >>> 8) * (EARLIER_ENTRIES / 32);
    const rest = bits & (bits - 1) & T[table + (W[BEST + (place & 0xff)]! >>> shift)]!;
    W[LEFT_BITS + next] = rest;
    W[LEFT_LANE + next] = place;
    next += (rest | (0 - rest)) >>> 31;
  }
  return next;
}

/** Of the walks those whose tree has something earlier than what its lane has found. */
function keepWalks(T: Int32Array, W: Int32Array, walks: number): number {
  let kept = 0;
  for (let h = 0; h < walks; h++) {
    const lane = W[WALK_LANE + h]!;
    const at = W[WALK_AT + h]!;
    W[WALK_LANE + kept] = lane;
    W[WALK_AT + kept] = at;
    kept += (T[~at - 1]! - W[BEST + lane]!) >>> 31;
  }
  return kept;
}

/** One step of every walk at a time; those that have come to their list go to LIST. Returns the number of lists. */
function walk(T: Int32Array, W: Int32Array, walks: number): number {
  let left = walks;
  let done = 0;
  while (left > 0) {
    let next = 0;
    for (let h = 0; h < left; h++) {
      const lane = W[WALK_LANE + h]!;
      const node = ~W[WALK_AT + h]!;
      const test = T[node]!;
      const value = (W[QUERY + lane * 4 + (test >>> 21)]! >>> ((test >>> 16) & 16)) & 0xffff;
      const at = T[node + 1 + (((test & 0xffff) - value) >>> 31)]!;
      W[WALK_LANE + next] = lane;
      W[WALK_AT + next] = at;
      W[LIST_LANE + done] = lane;
      W[LIST_AT + done] = at;
      next += at >>> 31;
      done += (at >>> 31) ^ 1;
    }
    left = next;
  }
  return done;
}

/** A record of every list; returns how many lists go on. */
function match(T: Int32Array, W: Int32Array, lists: number): number {
  let next = 0;
  for (let h = 0; h < lists; h++) {
    const lane = W[LIST_LANE + h]!;
    const at = W[LIST_AT + h]!;
    const outside = someHalfAbove(T, at, W, QUERY + lane * 4);
    const high = T[at + 3]!;
    const order = (T[at + 1]! >>> 16) | (high & 0x7fff0000);
    const best = W[BEST + lane]!;
    const earlier = (order - best) >> 31;
    const better = earlier & (outside - 1);
    W[BEST + lane] = (order & better) | (best & ~better);
    W[LIST_LANE + next] = lane;
    W[LIST_AT + next] = at + 4;
    // Goes on where the record does not match, is not the last, and those behind it could still be earlier than the best.
    next += outside & earlier & ~(high >> 31);
  }
  return next;
}
