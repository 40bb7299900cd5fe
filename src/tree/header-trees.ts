/**
 * Header trees (cold): for one pair of address classes, the decision by protocol, ports and ICMP type and code.
 *
 * In:  the orders of the terms that hold for the pair, rising.  Out: the root of a binary decision diagram in `nodes`, four
 * words a node: [row word, threshold, child if value <= threshold, child if above]. A child from zero on is a node's offset,
 * below zero a leaf: leafOf(outcome). Equal subtrees are one (hash-consing), so pairs under the same rules share all of
 * it. Every path ends in the first matching term exactly.
 *
 * What the terms ask of headers repeats, whatever their outcomes are: the tree of such a shape (header-shapes.ts) is grown
 * once, and a pair's tree is its shape with the pair's own outcomes at the leaves.
 */
import { BudgetExceeded, type HeaderShapes, type ShapedTerm } from './header-shapes.js';
import { createImage } from './image.js';
import { IntLists } from './int-lists.js';
import { COVERS, DISJOINT } from './region.js';
import type { PairedTerm } from './terms.js';

export const NODE_STRIDE = 4;

/** Outcomes are whole numbers from a little below zero up; leaves are all below zero. */
const LEAF_BIAS = 1 << 20;
export const leafOf = (outcome: number): number => ~(outcome + LEAF_BIAS);
export const outcomeOf = (leaf: number): number => ~leaf - LEAF_BIAS;

export interface HeaderTrees {
  /** @throws BudgetExceeded */
  build(orders: ArrayLike<number>, count: number): number;
  /**
   * Trees of another build, with the outcomes of now.
   * @param isWanted by node; what is below comes with it
   * @param moved the index of each rule that is still among the outcomes
   * @throws BudgetExceeded
   */
  adopt(nodes: Int32Array, isWanted: Uint8Array, moved: Int32Array): AdoptedTrees;
  /** What all of it cost, in terms looked at. */
  steps(): number;
  nodes(): Int32Array;
  depth(): number;
}

export interface AdoptedTrees {
  /** @param root of the other build */
  rootOf(root: number): number;
}

/**
 * @param terms by order
 * @param nodesBefore how many nodes the trees have that are to be adopted
 * @param stepsBefore what those trees have cost
 */
export function createHeaderTrees(
  terms: readonly PairedTerm[],
  shapes: HeaderShapes,
  mostNodes: number,
  mostSteps: number,
  nodesBefore: number,
  stepsBefore: number,
): HeaderTrees {
  const lists = new IntLists();
  /** By number of list. */
  const roots: number[] = [];
  const kept: number[] = [];
  let keptCount = 0;
  const consed = createNodes(mostNodes, nodesBefore);
  const grown = new Set<object>();
  /** By header: the last list it stood in, and the one tier in which it hides equal ones, -1 where in all. */
  const planted: number[] = [];
  const reaches: number[] = [];
  let plants = 0;
  /** What plant() is about. */
  const shaped: ShapedTerm[] = [];
  const outcomes: number[] = [];
  const placed: number[] = [];
  let steps = stepsBefore;

  function spend(cost: number): void {
    steps += cost;
    if (steps > mostSteps) throw new BudgetExceeded();
  }

  /** The terms that can still decide something, in order: as trim() in region.ts does for the whole space of headers. */
  function keepDeciding(orders: ArrayLike<number>, count: number): void {
    keptCount = 0;
    let skipped = -1;
    let passing = -1;
    for (let i = 0; i < count; i++) {
      const order = orders[i]!;
      const { tier, pass } = terms[order]!;
      const { relation } = terms[order]!.header;
      if (tier === skipped || relation === DISJOINT) continue;
      if (relation === COVERS) {
        skipped = tier;
        if (pass && (keptCount === 0 || terms[kept[keptCount - 1]!]!.tier !== tier)) continue;
      }
      kept[keptCount++] = order;
      if (pass) passing = tier;
      else if (relation === COVERS && passing !== tier) break;
    }
  }

  /** Of two terms with one header the second is never reached: in one tier, or where no pass leads around the first. */
  function prepareShape(): void {
    shaped.length = 0;
    outcomes.length = 0;
    let passing = -1;
    plants++;
    for (let i = 0; i < keptCount; i++) {
      const term = terms[kept[i]!]!;
      const { tier, pass, outcome, header } = term;
      const { number } = header;
      if (pass) passing = tier;
      if (planted[number] === plants && (reaches[number] === tier || reaches[number]! < 0)) continue;
      planted[number] = plants;
      reaches[number] = passing === tier ? tier : -1;
      shaped.push(term);
      outcomes.push(leafOf(outcome));
    }
  }

  function plant(): number {
    prepareShape();
    const shape = shapes.shapeOf(shaped, mostNodes, mostSteps);
    if (!grown.has(shape)) {
      grown.add(shape);
      spend(shape.steps);
    }
    const { nodes, root } = shape;
    placed.length = 0;
    const childOf = (child: number): number => (child < 0 ? outcomes[~child]! : placed[child]!);
    for (let at = 0; at < nodes.length; at += NODE_STRIDE) {
      placed.push(consed.node(nodes[at]!, nodes[at + 1]!, childOf(nodes[at + 2]!), childOf(nodes[at + 3]!)));
    }
    return childOf(root);
  }

  return {
    build(orders, count) {
      spend(count);
      keepDeciding(orders, count);
      if (keptCount === 1) return leafOf(terms[kept[0]!]!.outcome);
      const number = lists.numberOf(kept, 0, keptCount);
      if (number === roots.length) roots.push(plant());
      return roots[number]!;
    },
    adopt(nodes, isWanted, moved) {
      // Children stand before their parents.
      const wanted = isWanted.slice();
      for (let node = wanted.length - 1; node >= 0; node--) {
        if (wanted[node] === 0) continue;
        for (let child = 2; child < NODE_STRIDE; child++) {
          const at = nodes[node * NODE_STRIDE + child]!;
          if (at >= 0) wanted[at / NODE_STRIDE] = 1;
        }
      }
      const adopted = new Int32Array(wanted.length);
      const rootOf = (root: number): number => {
        if (root >= 0) return adopted[root / NODE_STRIDE]!;
        const outcome = outcomeOf(root);
        return outcome < 0 ? root : leafOf(moved[outcome]!);
      };
      for (let node = 0; node < wanted.length; node++) {
        if (wanted[node] === 0) continue;
        const at = node * NODE_STRIDE;
        adopted[node] = consed.node(nodes[at]!, nodes[at + 1]!, rootOf(nodes[at + 2]!), rootOf(nodes[at + 3]!));
      }
      return { rootOf };
    },
    steps: () => steps,
    nodes: consed.done,
    depth: consed.depth,
  };
}

/** Nodes, each once. @param expected so many, and a few more */
function createNodes(most: number, expected: number) {
  const image = createImage(expected * NODE_STRIDE * 1.1);
  const depths: number[] = [];
  let slots = new Int32Array(Math.max(1024, 2 ** Math.ceil(Math.log2(expected * 2.2 + 1))));
  let deepest = 0;

  const depthOf = (child: number): number => (child < 0 ? 0 : depths[child / NODE_STRIDE]!);

  function rehash(): void {
    const words = image.words();
    slots = new Int32Array(slots.length * 4);
    const mask = slots.length - 1;
    for (let at = 0; at < image.length; at += NODE_STRIDE) {
      let slot = hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = at + 1;
    }
  }

  return {
    node(word: number, threshold: number, left: number, right: number): number {
      if (left === right) return left;
      const mask = slots.length - 1;
      let slot = hash(word, threshold, left, right) & mask;
      const words = image.words();
      for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const at = slots[slot]! - 1;
        if (words[at] === word && words[at + 1] === threshold && words[at + 2] === left && words[at + 3] === right)
          return at;
      }
      if (depths.length >= most) throw new BudgetExceeded();
      const at = image.reserve(NODE_STRIDE);
      const grown = image.words();
      grown[at] = word;
      grown[at + 1] = threshold;
      grown[at + 2] = left;
      grown[at + 3] = right;
      slots[slot] = at + 1;
      const depth = 1 + Math.max(depthOf(left), depthOf(right));
      depths.push(depth);
      deepest = Math.max(deepest, depth);
      if (depths.length * 2 > slots.length) rehash();
      return at;
    },
    done: () => image.done(),
    depth: () => deepest,
  };
}

function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b) ^ c;
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35) ^ d;
  h = Math.imul(h ^ (h >>> 13), 0x27d4eb2f);
  return h ^ (h >>> 16);
}
