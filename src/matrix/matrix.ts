/**
 * The matrix: who can talk to whom, on what (cold).
 *
 * In:  compiled policies, and what a row stands for.  Out: a cell for each pair of rows, exact over all ports (reach.ts). A
 * cell of several pods holds what all of them may, and what only some may.
 */
import type { Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import { ownerName, workloadName } from '../report/owners.js';
import { intersectPorts, subtractPorts, unionPorts } from '../rules/ports.js';
import type { Level } from './levels.js';
import { outsideBlocks } from './outside.js';
import {
  createReachTable,
  mergeReach,
  OTHER,
  type PairReach,
  type Reach,
  type ReachEnd,
  type ReachTable,
} from './reach.js';

export interface Cell {
  readonly from: string;
  readonly to: string;
  /** What every pod of the one may with every pod of the other. */
  readonly all: Reach;
  /** What every pair may in the one address family, but not in the other. */
  readonly v4: Reach;
  readonly v6: Reach;
  /** What only some pods may, or pods only from some source ports, or of some types of ICMP. */
  readonly some: Reach;
  /** What is not known of some pair: it depends on a request or a DNS name, or on what is not judged. */
  readonly undecided: Reach;
}

export interface Matrix {
  readonly names: readonly string[];
  /** cells[from][to]; null where nothing is to be said: outside to outside, a lone pod to itself. */
  readonly cells: readonly (readonly (Cell | null)[])[];
}

const NAME: Readonly<Record<Level, (pod: Pod) => string>> = {
  workload: workloadName,
  pod: ownerName,
  namespace: pod => pod.namespace,
};

export function computeMatrix(
  compiled: Pick<Compiled, 'ruleset' | 'inventory'>,
  by: Level,
  withOutside: boolean,
): Matrix {
  const blocks = withOutside ? outsideBlocks(compiled.ruleset, compiled.inventory) : [];
  const table = createReachTable(compiled, blocks);
  const rows = new Map<string, ReachEnd[]>();
  for (const { pod, end } of table.pods) {
    const name = NAME[by](pod);
    rows.set(name, [...(rows.get(name) ?? []), end]);
  }
  const inside = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const ends = [...inside, ...table.outside.map(({ block, end }): [string, ReachEnd[]] => [block.name, [end]])];
  return {
    names: ends.map(([name]) => name),
    cells: ends.map(([from, sources]) =>
      ends.map(([to, destinations]) => cellOf(table, from, sources, to, destinations)),
    ),
  };
}

function cellOf(
  table: ReachTable,
  from: string,
  sources: readonly ReachEnd[],
  to: string,
  destinations: readonly ReachEnd[],
): Cell | null {
  const pairs = classPairs(sources, destinations).map(([source, destination]) => table.between(source, destination));
  if (pairs.length === 0) return null;
  const every = (reachOf: (pair: PairReach) => Reach): Reach =>
    pairs.map(reachOf).reduce((a, b) => mergeReach(a, b, intersectPorts));
  const without = (reach: Reach, ...others: readonly Reach[]): Reach =>
    others.reduce((left, other) => mergeReach(left, other, subtractPorts), reach);
  const all = every(pair => pair.all);
  const v4 = without(
    every(pair => pair.v4 ?? NOTHING),
    all,
  );
  const v6 = without(
    every(pair => pair.v6 ?? NOTHING),
    all,
  );
  const any = pairs
    .flatMap(pair => [pair.all, pair.v4 ?? NOTHING, pair.v6 ?? NOTHING, pair.part])
    .reduce((a, b) => mergeReach(a, b, unionPorts));
  const undecided = pairs.map(pair => pair.undecided).reduce((a, b) => mergeReach(a, b, unionPorts));
  return { from, to, all, v4, v6, some: without(any, all, v4, v6), undecided };
}

const NOTHING: Reach = new Map([[OTHER, []]]);

/** One pair of ends for every pair of classes; never a pod and itself, nor two ends outside. */
function classPairs(sources: readonly ReachEnd[], destinations: readonly ReachEnd[]): [ReachEnd, ReachEnd][] {
  const pairs: [ReachEnd, ReachEnd][] = [];
  const targets = byClass(destinations);
  for (const [, members] of byClass(sources)) {
    for (const [, others] of targets) {
      const pair = members
        .flatMap(source => others.map((destination): [ReachEnd, ReachEnd] => [source, destination]))
        .find(([source, destination]) => source.owner !== destination.owner);
      if (pair !== undefined) pairs.push(pair);
    }
  }
  return pairs;
}

/** At most two ends of each class: so many that a pod and another can be told apart. */
function byClass(ends: readonly ReachEnd[]): Map<number, ReachEnd[]> {
  const classes = new Map<number, ReachEnd[]>();
  for (const end of ends) {
    const members = classes.get(end.cls);
    if (members === undefined) classes.set(end.cls, [end]);
    else if (members.length < 2) members.push(end);
  }
  return classes;
}
