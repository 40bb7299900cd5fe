/**
 * Header trees (cold): for one pair of address classes, the decision by protocol, ports and ICMP type and code.
 *
 * In:  the terms that hold for the pair, in order.  Out: the root of a binary decision diagram in `nodes`, four words a
 * node: [row word, threshold, child if value <= threshold, child if above]. A child from zero on is a node's offset,
 * below zero a leaf: leafOf(outcome). Equal subtrees are one (hash-consing), so pairs under the same rules share all of
 * it. Every path ends in the first matching term exactly: the tree is cut at the borders of the terms' ranges until one
 * term covers what is left.
 */
import * as row from '../packet/row.js';
import { cut, PARTIAL, type Region, relate, trim } from './region.js';
import { HEADER_HIGH, HEADER_LOW, PROTOCOL_DIM, type Term } from './terms.js';

export const NODE_STRIDE = 4;

/** Outcomes are whole numbers from a little below zero up; leaves are all below zero. */
const LEAF_BIAS = 1 << 20;
export const leafOf = (outcome: number): number => ~(outcome + LEAF_BIAS);
export const outcomeOf = (leaf: number): number => ~leaf - LEAF_BIAS;

const ROW_WORDS: readonly number[] = [
  row.SRC,
  row.DST,
  row.PROTOCOL,
  row.SPORT,
  row.DPORT,
  row.ICMP_TYPE,
  row.ICMP_CODE,
];

const WHOLE: Region = { low: HEADER_LOW, high: HEADER_HIGH };

/** A set of rules is too tangled for tables of this kind: another structure is built instead. */
export class BudgetExceeded extends Error {}

export interface HeaderTrees {
  /** @throws BudgetExceeded */
  build(terms: readonly Term[]): number;
  nodes(): Int32Array;
  depth(): number;
}

export function createHeaderTrees(mostNodes: number, mostSteps: number): HeaderTrees {
  const nodes: number[] = [];
  const depths: number[] = [];
  const byContent = new Map<string, number>();
  const byTerms = new Map<string, number>();
  let deepest = 0;
  let steps = 0;

  const depthOf = (child: number): number => (child < 0 ? 0 : depths[child / NODE_STRIDE]!);

  function node(word: number, threshold: number, left: number, right: number): number {
    if (left === right) return left;
    const key = `${word} ${threshold} ${left} ${right}`;
    let at = byContent.get(key);
    if (at === undefined) {
      if (depths.length >= mostNodes) throw new BudgetExceeded();
      at = nodes.length;
      nodes.push(word, threshold, left, right);
      const depth = 1 + Math.max(depthOf(left), depthOf(right));
      depths.push(depth);
      deepest = Math.max(deepest, depth);
      byContent.set(key, at);
    }
    return at;
  }

  function grow(terms: readonly Term[], region: Region): number {
    const left = trim(terms, region, PROTOCOL_DIM);
    steps += terms.length;
    if (steps > mostSteps) throw new BudgetExceeded();
    const border = chooseBorder(left, region);
    // No border inside the region: the first term covers it.
    if (border === null) return leafOf(left[0]!.outcome);
    const [low, high] = cut(region, border.dimension, border.threshold);
    return node(ROW_WORDS[border.dimension]!, border.threshold, grow(left, low), grow(left, high));
  }

  return {
    build(terms) {
      steps += terms.length;
      const deciding = trim(terms, WHOLE, PROTOCOL_DIM);
      const key = deciding.map(term => term.order).join();
      let root = byTerms.get(key);
      if (root === undefined) {
        root = grow(deciding, WHOLE);
        byTerms.set(key, root);
      }
      return root;
    },
    nodes: () => new Int32Array(nodes),
    depth: () => deepest,
  };
}

/** The protocol first (ports mean something only within one), then where most borders lie; the median of those. */
function chooseBorder(terms: readonly Term[], region: Region): { dimension: number; threshold: number } | null {
  let best: { dimension: number; borders: number[] } | null = null;
  for (let d = PROTOCOL_DIM; d < region.low.length; d++) {
    const borders = bordersInside(terms, d, region.low[d]!, region.high[d]!);
    if (borders.length > 0 && (best === null || borders.length > best.borders.length)) best = { dimension: d, borders };
    if (d === PROTOCOL_DIM && best !== null) break;
  }
  if (best === null) return null;
  return { dimension: best.dimension, threshold: best.borders[best.borders.length >> 1]! };
}

/** Thresholds t with lo <= t < hi such that some range ends at t or begins at t + 1; sorted and distinct. */
export function bordersInside(terms: readonly Term[], dimension: number, lo: number, hi: number): number[] {
  const borders = new Set<number>();
  for (const term of terms) {
    const set = term.sets[dimension]!;
    if (set === null || relate(set, lo, hi) !== PARTIAL) continue;
    for (let i = 0; i < set.length; i += 2) {
      if (set[i]! > lo && set[i]! <= hi) borders.add(set[i]! - 1);
      if (set[i + 1]! >= lo && set[i + 1]! < hi) borders.add(set[i + 1]!);
    }
  }
  return [...borders].sort((a, b) => a - b);
}
