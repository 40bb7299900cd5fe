/**
 * Header lists (cold): the terms of one pair of labels -> a list of records in an image, behind a tree where it is long.
 *
 * A record is four words, eight halves: the low ends of x (source port or ICMP type), y (destination port or ICMP code)
 * and protocol code, the low half of the order; the high ends, inverted, and the high half of the order with LAST in a
 * list's last record. So a packet is inside where no half is above the same half of its query (crossing-lookup.ts), which
 * holds its fields in the same places.
 * A tree's node is three words: [place of the field's half in the query << 20 | threshold, child if value <= threshold,
 * child if above]; a child from zero on is a list, below zero ~node. In front of the root stands the least order in it.
 * Trees are cut, as HyperSplit does (Qi et al., INFOCOM 2009), at the border that leaves the fewest records on the worse
 * side; behind a record that covers what is left nothing is kept. Copies are bounded: at most COPIES for each record.
 */
import type { Image } from './image.js';

/** Inclusive ranges of: source port or ICMP type, destination port or ICMP code, protocol code. */
export interface HeaderBox {
  readonly low: readonly [number, number, number];
  readonly high: readonly [number, number, number];
  readonly order: number;
}

export const RECORD_WORDS = 4;
/** In a record's last word. */
export const LAST = 0x80000000 | 0;
const NODE_WORDS = 3;
/** Where a node's field begins: field 2 is then the low half of the query's second word. */
const FIELD_SHIFT = 20;
const MOST_SCANNED = 4;
const COPIES = 64;

export const HIGHEST: readonly [number, number, number] = [65535, 65535, 256];

type Box = { low: readonly number[]; high: readonly number[] };
const WHOLE: Box = { low: [0, 0, 0], high: HIGHEST };

/** Boxes in the order in which they are tried -> reference: a record's offset, or below zero ~node's offset. */
export function writeHeaders(boxes: readonly HeaderBox[], image: Image): number {
  const kept = boxes.length === 1 ? boxes : reaching(boxes, WHOLE);
  if (kept.length <= MOST_SCANNED) return writeList(kept, image);
  const least = image.reserve(1);
  image.words()[least] = kept[0]!.order;
  return grow(kept, WHOLE, COPIES * kept.length);

  /** Each half may make its share of the copies: one that took them all would leave long lists to the other. */
  function grow(here: readonly HeaderBox[], region: Box, copies: number): number {
    if (here.length <= MOST_SCANNED) return writeList(here, image);
    const split = chooseSplit(here, region);
    if (split === null) return writeList(here, image);
    const { field, threshold } = split;
    const low: Box = { low: region.low, high: region.high.map((h, f) => (f === field ? threshold : h)) };
    const high: Box = { low: region.low.map((l, f) => (f === field ? threshold + 1 : l)), high: region.high };
    const [left, right] = [reaching(here, low), reaching(here, high)];
    const all = left.length + right.length;
    const remaining = copies - (all - here.length);
    if (remaining < 0) return writeList(here, image);
    const node = image.reserve(NODE_WORDS);
    const below = grow(left, low, (remaining * left.length) / all);
    const above = grow(right, high, (remaining * right.length) / all);
    const words = image.words();
    words[node] = (field << FIELD_SHIFT) | threshold;
    words[node + 1] = below;
    words[node + 2] = above;
    return ~node;
  }
}

function writeList(boxes: readonly HeaderBox[], image: Image): number {
  const at = image.reserve(RECORD_WORDS * Math.max(1, boxes.length), RECORD_WORDS);
  const words = image.words();
  // An empty list is a record that matches nothing.
  if (boxes.length === 0) words.set([0, 1, 0, 0xffff | LAST], at);
  boxes.forEach(({ low, high, order }, i) => {
    const record = at + i * RECORD_WORDS;
    words[record] = low[0] | (low[1] << 16);
    words[record + 1] = low[2] | (order << 16);
    words[record + 2] = ~(high[0] | (high[1] << 16));
    words[record + 3] = (~high[2] & 0xffff) | (order & 0x7fff0000) | (i === boxes.length - 1 ? LAST : 0);
  });
  return at;
}

/** What meets the region, in order, up to the first that covers it. */
function reaching(boxes: readonly HeaderBox[], { low, high }: Box): HeaderBox[] {
  const kept: HeaderBox[] = [];
  for (const box of boxes) {
    let covers = true;
    let meets = true;
    for (let f = 0; f < 3; f++) {
      if (box.low[f]! > high[f]! || box.high[f]! < low[f]!) meets = false;
      if (box.low[f]! > low[f]! || box.high[f]! < high[f]!) covers = false;
    }
    if (!meets) continue;
    kept.push(box);
    if (covers) break;
  }
  return kept;
}

/** At most so many borders of a field are weighed. */
const CANDIDATES = 8;

function chooseSplit(here: readonly HeaderBox[], { low, high }: Box): { field: number; threshold: number } | null {
  let best: { field: number; threshold: number } | null = null;
  let bestScore = Number.POSITIVE_INFINITY;
  for (let field = 0; field < 3; field++) {
    const borders = new Set<number>();
    for (const box of here) {
      if (box.low[field]! > low[field]!) borders.add(box.low[field]! - 1);
      if (box.high[field]! < high[field]!) borders.add(box.high[field]!);
    }
    const sorted = [...borders].sort((a, b) => a - b);
    const step = Math.max(1, sorted.length / CANDIDATES);
    for (let c = step / 2; c < sorted.length; c += step) {
      const threshold = sorted[Math.floor(c)]!;
      let left = 0;
      let right = 0;
      for (const box of here) {
        if (box.low[field]! <= threshold) left++;
        if (box.high[field]! > threshold) right++;
      }
      const score = 2 * Math.max(left, right) + left + right;
      if (Math.max(left, right) < here.length && score < bestScore) {
        bestScore = score;
        best = { field, threshold };
      }
    }
  }
  return best;
}
