/**
 * policap matrix: who can talk to whom, on what.
 *
 * Exact, over all ports: see reach.ts. A cell of several pods holds what all of them may, and what only some may.
 */
import type { Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import { asPlugin, type Profile, profileField } from '../profile/profile.js';
import { ownerName, workloadName } from '../report/owners.js';
import { intersectPorts, subtractPorts, unionPorts } from '../rules/ports.js';
import { compileInput } from './documents.js';
import type { Level, MatrixCommandOptions } from './matrix-command.js';
import { matrixLines } from './matrix-text.js';
import { noticeText } from './notice.js';
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
import { styleFor, type Terminal } from './terminal.js';

export function runMatrix(options: MatrixCommandOptions, terminal: Terminal): void {
  const { color, output, layout } = options;
  const compiled = compileInput(options, terminal, styleFor(color, terminal.errIsTerminal, terminal.environment));
  const matrix = computeMatrix(compiled, options.by, options.outside);
  if (output === 'json') {
    terminal.write(matrixJson(matrix, options.by, compiled.profile));
    return;
  }
  const style = styleFor(color, terminal.outIsTerminal, terminal.environment);
  terminal.write(noticeText(compiled.profile, style));
  terminal.write(`${matrixLines(matrix, { style, layout, columns: terminal.columns }).join('\n')}\n`);
  const { profile, profileFrom } = compiled;
  if (profile.name === 'upstream') return;
  terminal.write(`${style('dim', `Policies ${asPlugin(profile)} (${profileFrom}).`)}\n`);
}

export interface Cell {
  readonly from: string;
  readonly to: string;
  /** What every pod of the one may with every pod of the other. */
  readonly all: Reach;
  /** What every pair may in the one address family, but not in the other. */
  readonly v4: Reach;
  readonly v6: Reach;
  /** What only some pods may. */
  readonly some: Reach;
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
    .flatMap(pair => [pair.all, pair.v4 ?? NOTHING, pair.v6 ?? NOTHING])
    .reduce((a, b) => mergeReach(a, b, unionPorts));
  return { from, to, all, v4, v6, some: without(any, all, v4, v6) };
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

function matrixJson({ names, cells }: Matrix, by: Level, profile: Profile): string {
  const shown = cells.flat().flatMap(cell => {
    if (cell === null) return [];
    const { from, to, all, v4, v6, some } = cell;
    const only = Object.entries({ ipv4: reachJson(v4), ipv6: reachJson(v6) }).filter(([, reach]) => reach.length > 0);
    return [{ from, to, allowed: reachJson(all), ...Object.fromEntries(only), some: reachJson(some) }];
  });
  return `${JSON.stringify({ schema: 'policap.matrix/1', ...profileField(profile), by, names, cells: shown }, null, 2)}\n`;
}

/** `{"protocol": "TCP", "ports": [[80, 80], [8000, 8100]]}`; `ports` null where the protocol has none. */
function reachJson(reach: Reach): { protocol: string; ports: [number, number][] | null }[] {
  const withoutPorts = (protocol: string): boolean => !['TCP', 'UDP', 'SCTP', 'UDPLite', '33'].includes(protocol);
  return [...reach].flatMap(([protocol, ports]): { protocol: string; ports: [number, number][] | null }[] => {
    if (ports.length === 0) return [];
    if (withoutPorts(protocol)) return [{ protocol, ports: null }];
    const ranges: [number, number][] = [];
    for (let i = 0; i < ports.length; i += 2) ranges.push([ports[i]!, ports[i + 1]!]);
    return [{ protocol, ports: ranges }];
  });
}
