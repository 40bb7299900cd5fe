/**
 * Split forests, the cold half: terms -> trees and lists (layout in tree/forest.ts).
 *
 * In the manner of HyperSplit (Qi et al., INFOCOM 2009) with CutSplit's partitioning (Li et al., INFOCOM 2018): a term
 * that is wide in a dimension would be copied into both halves of every cut there, so terms are first parted by whether
 * their subjects and their peers are wide, and each part gets a tree that cuts where its terms are narrow. A node is cut
 * at a median border, in the dimension that leaves the fewest terms on the worse side; it becomes a leaf with a list
 * when few terms are left, when no cut separates them, or when the copies that cuts make have used up the budget. Nodes
 * are taken breadth first, so the budget goes to the large ones. So memory stays within COPIES times the terms whatever
 * they look like, and what cannot be separated within it is scanned.
 */
import type { Ranges } from './address-table.js';
import { bordersInside } from './header-shapes.js';
import { COVERS, cut, DISJOINT, type Region, relate, relateTerm } from './region.js';
import { DIMENSIONS, HEADER_HIGH, HEADER_LOW, PEER_DIM, SUBJECT_DIM, type Term } from './terms.js';

const LEAF_TERMS = 3;
const COPIES = 24;
/** Up to this many terms are one tree. */
const SINGLE_TREE = 64;
/** A term is wide where it holds more than this part of the classes. */
const WIDE = 1 / 16;
/** Borders are looked for in this many terms of a node. */
const SAMPLE = 256;

export interface Forest {
  readonly nodes: Int32Array;
  readonly lists: Int32Array;
  readonly program: Int32Array;
  readonly roots: Int32Array;
  /** Trees stageEnd[s - 1]..stageEnd[s] - 1 are stage s: stages are tried one after the other. */
  readonly stageEnd: Int32Array;
  readonly depth: number;
  readonly longestList: number;
}

/** An outcome that means: on to the next stage. */
export const PASS = -0x80000000;

export function buildForest(terms: readonly Term[], subjects: number, peers: number): Forest {
  const program: number[] = [];
  const places = new Int32Array(terms.length);
  for (const term of terms) {
    places[term.order] = program.length;
    writeTerm(term, program);
  }
  const builder = createBuilder(places);
  const roots: number[] = [];
  const stageEnd: number[] = [];
  const whole: Region = {
    low: HEADER_LOW,
    high: HEADER_HIGH.map((h, d) => (d === SUBJECT_DIM ? subjects - 1 : d === PEER_DIM ? peers - 1 : h)),
  };
  for (const stage of stagesOf(terms)) {
    for (const part of partition(stage, subjects, peers)) roots.push(builder.tree(part, whole));
    stageEnd.push(roots.length);
  }
  return {
    ...builder.done(),
    program: new Int32Array(program),
    roots: new Int32Array(roots),
    stageEnd: new Int32Array(stageEnd),
  };
}

/** Where nothing passes, the tiers are one list. Else a tier is a stage: a pass leaves it without a decision. */
function stagesOf(terms: readonly Term[]): Term[][] {
  if (!terms.some(term => term.pass)) return [[...terms]];
  const stages: Term[][] = [];
  for (const term of terms) {
    const last = stages[stages.length - 1];
    if (last !== undefined && last[0]!.tier === term.tier) last.push(term);
    else stages.push([term]);
  }
  return stages;
}

function partition(terms: readonly Term[], subjects: number, peers: number): Term[][] {
  if (terms.length <= SINGLE_TREE) return [[...terms]];
  const parts: Term[][] = [[], [], [], []];
  for (const term of terms) {
    const wideSubject = width(term.sets[SUBJECT_DIM]!, subjects) > WIDE ? 1 : 0;
    const widePeer = width(term.sets[PEER_DIM]!, peers) > WIDE ? 2 : 0;
    parts[wideSubject + widePeer]!.push(term);
  }
  return parts.filter(part => part.length > 0);
}

function width(set: Ranges | null, classes: number): number {
  if (set === null) return 1;
  return set.length === 0 ? 0 : (set[set.length - 1]! - set[0]! + 1) / classes;
}

function writeTerm({ outcome, pass, sets }: Term, program: number[]): void {
  const constrained = sets.flatMap((set, d) => (set === null ? [] : [{ d, set }]));
  program.push(pass ? PASS : outcome, constrained.length);
  for (const { d, set } of constrained) {
    program.push(d, set.length / 2);
    for (const x of set) program.push(x);
  }
}

interface Pending {
  readonly terms: readonly Term[];
  readonly region: Region;
  readonly depth: number;
  /** Where the child's reference is to be written; -1 for the root. */
  readonly slot: number;
}

function createBuilder(places: Int32Array) {
  const nodes: number[] = [];
  const lists: number[] = [];
  const knownLists = new Map<string, number>();
  let deepest = 0;
  let longestList = 0;

  function leaf(terms: readonly Term[]): number {
    const orders = terms.map(term => term.order);
    const key = orders.join();
    let at = knownLists.get(key);
    if (at === undefined) {
      at = lists.length;
      lists.push(orders.length);
      for (const order of orders) lists.push(places[order]!);
      knownLists.set(key, at);
      longestList = Math.max(longestList, orders.length);
    }
    return ~at;
  }

  return {
    /** The reference of the tree's root. */
    tree(terms: readonly Term[], whole: Region): number {
      let copiesLeft = COPIES * terms.length;
      let root = 0;
      const queue: Pending[] = [{ terms: reaching(terms, whole), region: whole, depth: 0, slot: -1 }];
      for (let next = 0; next < queue.length; next++) {
        const { terms: here, region, depth, slot } = queue[next]!;
        const split = here.length > LEAF_TERMS && copiesLeft > 0 ? chooseSplit(here, region) : null;
        let reference: number;
        if (split === null) {
          reference = leaf(here);
        } else {
          reference = nodes.length;
          nodes.push(split.dimension, split.threshold, 0, 0);
          copiesLeft -= split.left.length + split.right.length - here.length;
          const [low, high] = cut(region, split.dimension, split.threshold);
          queue.push({ terms: split.left, region: low, depth: depth + 1, slot: reference + 2 });
          queue.push({ terms: split.right, region: high, depth: depth + 1, slot: reference + 3 });
          deepest = Math.max(deepest, depth + 1);
        }
        if (slot < 0) root = reference;
        else nodes[slot] = reference;
        queue[next] = EMPTY;
      }
      return root;
    },
    done: () => ({ nodes: new Int32Array(nodes), lists: new Int32Array(lists), depth: deepest, longestList }),
  };
}

/** A node that is done lets go of its terms. */
const EMPTY: Pending = { terms: [], region: { low: [], high: [] }, depth: 0, slot: -1 };

/** In order; behind a term that covers the region nothing of the stage can be first. */
function reaching(terms: readonly Term[], region: Region): Term[] {
  const kept: Term[] = [];
  for (const term of terms) {
    const relation = relateTerm(term, region, SUBJECT_DIM);
    if (relation === DISJOINT) continue;
    kept.push(term);
    if (relation === COVERS) break;
  }
  return kept;
}

interface Split {
  readonly dimension: number;
  readonly threshold: number;
  readonly left: readonly Term[];
  readonly right: readonly Term[];
}

function chooseSplit(terms: readonly Term[], region: Region): Split | null {
  const step = Math.max(1, Math.floor(terms.length / SAMPLE));
  const sample = step === 1 ? terms : terms.filter((_, i) => i % step === 0);
  let best: { dimension: number; threshold: number; score: number } | null = null;
  for (let d = 0; d < DIMENSIONS; d++) {
    const borders = bordersInside(sample, d, region.low[d]!, region.high[d]!);
    if (borders.length === 0) continue;
    for (const part of [0.25, 0.5, 0.75]) {
      const threshold = borders[Math.floor(borders.length * part)]!;
      let left = 0;
      let right = 0;
      for (const term of sample) {
        const set = term.sets[d]!;
        if (relate(set, region.low[d]!, threshold) !== DISJOINT) left++;
        if (relate(set, threshold + 1, region.high[d]!) !== DISJOINT) right++;
      }
      // The worse side counts most; among equals the fewest copies.
      const score = Math.max(left, right) * 2 + left + right;
      if (Math.max(left, right) < sample.length && (best === null || score < best.score)) {
        best = { dimension: d, threshold, score };
      }
    }
  }
  if (best === null) return null;
  const [low, high] = cut(region, best.dimension, best.threshold);
  const left = reaching(terms, low);
  const right = reaching(terms, high);
  if (Math.max(left.length, right.length) >= terms.length) return null;
  return { dimension: best.dimension, threshold: best.threshold, left, right };
}
