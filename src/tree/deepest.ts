/**
 * The longest way through a tree (cold): where a lookup can take the most steps, and which rules make it so long.
 *
 * In:  a tree.  Out: per direction with rules the most steps behind the two address lookups, an example of the two ends
 * (the first addresses of their classes), and the rules that are told apart there, in order. Of a forest the steps are
 * the sum of every tree's own worst, which no packet need take all; the rules are those of the longest way of one tree. Of a
 * crossing they are the most between first addresses of rules, without its loose terms.
 */
import type { Direction } from '../rules/ruleset.js';
import { deepestOfCrossing } from './crossing-steps.js';
import { NODE_STRIDE, outcomeOf } from './header-trees.js';
import { ABSENT, DENSE, FOREST } from './judge.js';
import type { Forest } from './split.js';
import { COLUMNS } from './terms.js';
import type { BuiltDirection, Tree } from './tree.js';

export interface Deepest {
  readonly direction: Direction;
  readonly steps: number;
  /** First addresses of the two classes: a number for IPv4, a bigint for IPv6; null for a forest, which has no one pair. */
  readonly subject: number | bigint | null;
  readonly peer: number | bigint | null;
  /** Indices into Ruleset.rules. */
  readonly rules: readonly number[];
}

export function findDeepest(tree: Tree): Deepest[] {
  return tree.directions.flatMap((built): Deepest[] => {
    const { direction, crossing, tables } = built;
    if (crossing !== null) {
      const rules = tree.ruleset[direction].flatMap(tier => tier.rules);
      return [{ direction, ...deepestOfCrossing(crossing, rules) }];
    }
    if (tables.kind === ABSENT) return [];
    return [tables.kind === FOREST ? deepestOfForest(built) : deepestOfPairs(built, tree)];
  });
}

/** Most steps of a whole lookup. The statistics know a crossing's address lookups alone. */
export function mostSteps(tree: Tree, deepest: readonly Deepest[]): number {
  const crossed = tree.directions.filter(({ crossing }) => crossing !== null).map(({ direction }) => direction);
  const behind = deepest.filter(({ direction }) => crossed.includes(direction)).map(({ steps }) => steps);
  return behind.reduce((sum, steps) => sum + steps, tree.stats().depth);
}

function deepestOfPairs({ direction, subjects, tables }: BuiltDirection, { table }: Tree): Deepest {
  const { pairs, nodes, peers } = tables;
  const depths = nodeDepths(nodes);
  let best = { steps: -1, subject: 0, peer: 0, root: -1 };
  const offer = (subject: number, peer: number, root: number, before: number): void => {
    const steps = before + (root < 0 ? 0 : depths[root / NODE_STRIDE]!);
    if (steps > best.steps) best = { steps, subject, peer, root };
  };
  for (let subject = 0; subject < subjects; subject++) {
    if (tables.kind === DENSE) {
      for (let peer = 0; peer < peers; peer++) offer(subject, peer, pairs.dense[subject * peers + peer]!, 1);
      continue;
    }
    const runs = pairs.rowEnd[subject]! - pairs.rowStart[subject]!;
    const halvings = 1 + Math.ceil(Math.log2(Math.max(1, runs)));
    for (let i = pairs.rowStart[subject]!; i < pairs.rowEnd[subject]!; i++)
      offer(subject, pairs.runPeer[i]!, pairs.runRoot[i]!, halvings);
  }
  const columns = COLUMNS[direction];
  return {
    direction,
    steps: best.steps,
    subject: table.firstAddress(columns.subject, best.subject),
    peer: table.firstAddress(columns.peer, best.peer),
    rules: rulesBelow(best.root, nodes),
  };
}

/** Children stand before their parents: a node is made when both are. */
function nodeDepths(nodes: Int32Array): Int32Array {
  const depths = new Int32Array(nodes.length / NODE_STRIDE);
  const depthOf = (child: number): number => (child < 0 ? 0 : depths[child / NODE_STRIDE]!);
  for (let i = 0; i < depths.length; i++) {
    const at = i * NODE_STRIDE;
    depths[i] = 1 + Math.max(depthOf(nodes[at + 2]!), depthOf(nodes[at + 3]!));
  }
  return depths;
}

function rulesBelow(root: number, nodes: Int32Array): number[] {
  const seen = new Set<number>([root]);
  const rules = new Set<number>();
  for (const at of seen) {
    if (at < 0) {
      if (outcomeOf(at) >= 0) rules.add(outcomeOf(at));
    } else seen.add(nodes[at + 2]!).add(nodes[at + 3]!);
  }
  return [...rules].sort((a, b) => a - b);
}

function deepestOfForest({ direction, tables }: BuiltDirection): Deepest {
  const { roots } = tables.forest;
  const ways = [...roots].map(root => longestWay(root, tables.forest));
  const longest = ways.reduce((a, b) => (b.steps > a.steps ? b : a));
  const steps = ways.reduce((sum, way) => sum + way.steps, 0);
  return { direction, steps, subject: null, peer: null, rules: longest.rules };
}

function longestWay(root: number, { nodes, lists, program }: Forest): { steps: number; rules: number[] } {
  let best = { steps: -1, leaf: -1 };
  const stack: [at: number, depth: number][] = [[root, 0]];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [at, depth] = next;
    if (at >= 0) stack.push([nodes[at + 2]!, depth + 1], [nodes[at + 3]!, depth + 1]);
    else if (depth + lists[~at]! > best.steps) best = { steps: depth + lists[~at]!, leaf: ~at };
  }
  const places = lists.subarray(best.leaf + 1, best.leaf + 1 + lists[best.leaf]!);
  return { steps: best.steps, rules: [...places].map(place => program[place]!).filter(outcome => outcome >= 0) };
}
