/**
 * A first file of cases, from the matrix (cold).
 *
 * In:  compiled policies, and what a row stands for.  Out: cases that hold now: for each pair of rows and each port that makes
 * a difference what is allowed and what is refused, put together where ends or ports say the same, and what was left out.
 *
 * The matrix (matrix/matrix.ts) tells where ports begin to matter; what is expected is what a question gets (query/answer.ts),
 * so that the cases pass as they are written. Undecided answers are no expectation: they are counted.
 */

import type { Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import type { Level } from '../matrix/levels.js';
import { type Cell, computeMatrix } from '../matrix/matrix.js';
import { outsideBlocks } from '../matrix/outside.js';
import { isAll } from '../matrix/reach.js';
import { addressWords } from '../packet/text.js';
import { createAnswers } from '../query/answer.js';
import { ownerName, workloadName } from '../report/owners.js';
import { plural } from '../report/style.js';
import { containsV4, containsV6, parseV4, parseV6 } from '../rules/addresses.js';
import type { AddressSet, PortSet } from '../rules/ruleset.js';
import type { Verdict } from '../verdict/verdict.js';

export interface ProposedCase {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly protocol: string;
  readonly ports: readonly number[];
  readonly expect: Verdict;
}

export interface Proposal {
  readonly cases: readonly ProposedCase[];
  /** Questions that they stand for. */
  readonly assertions: number;
  /** Sentences, one a kind of thing that is left out. */
  readonly leftOut: readonly string[];
}

/** Questions asked at most: a test of them stays a matter of seconds. */
const MOST_QUESTIONS = 5_000;
/** Cases written at most: what a person still reads through. */
const MOST_CASES = 300;
/** Where nobody listens and no rule names a port. */
const ANY_PORT = 80;
/** Addresses that nobody has (RFC 5737, RFC 3849), for who is outside. */
const EXAMPLES = ['203.0.113.10', '2001:db8::10'];

/** One question. */
interface Ask {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
}

type Compilation = Pick<Compiled, 'ruleset' | 'inventory' | 'mesh'>;

export function proposeCases(compiled: Compilation, by: Level, mostCases = MOST_CASES): Proposal {
  const ends = endsOf(compiled, by);
  const answers = createAnswers(compiled);
  const kept: (Ask & { readonly expect: Verdict })[] = [];
  const differing = new Set<string>();
  let asked = 0;
  let unasked = 0;
  for (const cell of computeMatrix(compiled, by, true).cells.flat()) {
    if (cell === null) continue;
    for (const ask of asksOf(cell, ends)) {
      if (asked === MOST_QUESTIONS) {
        unasked++;
        continue;
      }
      asked++;
      const { verdict, reason } = answers.answer(ask);
      if (reason === 'loopback') continue;
      if (verdict === 'undecided') differing.add(`${ask.from} ${ask.to}`);
      else kept.push({ ...ask, expect: verdict });
    }
  }
  const all = grouped(kept);
  const cases = all.slice(0, mostCases);
  const leftOut = [
    ...(differing.size > 0
      ? [
          `${plural(differing.size, 'pair')} whose pods or address families get different answers, or none that is decided`,
        ]
      : []),
    ...(all.length > cases.length
      ? [`${plural(all.length - cases.length, 'case')} beyond the first ${cases.length}`]
      : []),
    ...(unasked > 0 ? [`${plural(unasked, 'question')} beyond the first ${MOST_QUESTIONS}`] : []),
  ];
  const assertions = cases.reduce((sum, it) => sum + it.from.length * it.to.length * it.ports.length, 0);
  return { cases, assertions, leftOut };
}

interface End {
  /** As questions name it. */
  readonly names: readonly string[];
  readonly pods: readonly Pod[];
}

/** What the rows of the matrix are in questions: a namespace is its workloads, a block outside an address a family. */
function endsOf({ ruleset, inventory }: Compilation, by: Level): Map<string, End> {
  const ends = new Map<string, { names: string[]; pods: Pod[] }>();
  for (const pod of inventory.pods) {
    if (pod.hostNetwork) continue;
    const row = by === 'namespace' ? pod.namespace : by === 'pod' ? ownerName(pod) : workloadName(pod);
    const name = by === 'pod' ? ownerName(pod) : workloadName(pod);
    const end = ends.get(row) ?? { names: [], pods: [] };
    if (!end.names.includes(name)) end.names.push(name);
    end.pods.push(pod);
    ends.set(row, end);
  }
  const hasFamily = (family: number): boolean =>
    inventory.pods.some(({ addresses }) => addresses.length === 0 || addresses.some(it => familyOf(it) === family));
  const sets = new Set(ruleset.rules.flatMap(({ subjects, peers }) => [subjects, peers]));
  for (const { name, samples } of outsideBlocks(ruleset, inventory)) {
    const names = samples
      .filter(sample => hasFamily(familyOf(sample)))
      .map(sample => nicerOf(sample, sets, inventory.byAddress));
    ends.set(name, { names, pods: [] });
  }
  return ends;
}

const familyOf = (address: string): number => addressWords(address)?.family ?? 0;

/** An address for examples, where no rule tells it from the sample. */
function nicerOf(sample: string, sets: Iterable<AddressSet>, owned: ReadonlyMap<string, unknown>): string {
  const example = EXAMPLES.find(it => familyOf(it) === familyOf(sample))!;
  if (owned.has(example)) return sample;
  for (const set of sets) if (holds(set, example) !== holds(set, sample)) return sample;
  return example;
}

function holds(set: AddressSet, address: string): boolean {
  const v4 = parseV4(address);
  if (v4 !== null) return containsV4(set, v4);
  const v6 = parseV6(address);
  return v6 !== null && containsV6(set, v6);
}

/** The questions that a cell is worth. */
function asksOf(cell: Cell, ends: ReadonlyMap<string, End>): Ask[] {
  const source = ends.get(cell.from)!;
  const destination = ends.get(cell.to)!;
  const services = ['TCP', 'UDP', 'SCTP'].flatMap(protocol =>
    portsOf(cell, protocol, destination.pods).map(port => ({ protocol, port })),
  );
  const asked = services.length > 0 ? services : [{ protocol: 'TCP', port: ANY_PORT }];
  return source.names.flatMap(from =>
    destination.names
      .filter(to => isOneFamily(from, to) && !(source.pods.length === 0 && destination.pods.length === 0))
      .flatMap(to => asked.map(service => ({ from, to, ...service }))),
  );
}

/** Two addresses of different families cannot talk. */
function isOneFamily(from: string, to: string): boolean {
  const [a, b] = [familyOf(from), familyOf(to)];
  return a === 0 || b === 0 || a === b;
}

/** Where somebody listens, where a range that is allowed begins and ends, and the port behind it. */
function portsOf({ all, v4, v6, some, undecided }: Cell, protocol: string, pods: readonly Pod[]): number[] {
  const ports = new Set<number>();
  for (const pod of pods) for (const it of pod.ports) if (it.protocol === protocol) ports.add(it.port);
  for (const reach of [all, v4, v6, some, undecided]) {
    const ranges: PortSet = reach.get(protocol) ?? [];
    if (isAll(ranges)) continue;
    for (let i = 0; i < ranges.length; i += 2) {
      const [lo, hi] = [ranges[i]!, ranges[i + 1]!];
      if (lo === 0 && hi === 0) continue;
      ports.add(lo === 0 ? 1 : lo).add(hi);
      if (i === 0) ports.add(hi < 65535 ? hi + 1 : lo - 1);
    }
  }
  return [...ports].sort((a, b) => a - b);
}

/** Equal but for one field: first the ports, then the sources, then the destinations are put together. */
function grouped(all: readonly (Ask & { readonly expect: Verdict })[]): ProposedCase[] {
  const single = all.map(({ from, to, protocol, port, expect }) => ({
    from: [from],
    to: [to],
    protocol,
    ports: [port],
    expect,
  }));
  return (['ports', 'from', 'to'] as const).reduce<readonly ProposedCase[]>(merge, single) as ProposedCase[];
}

function merge(cases: readonly ProposedCase[], field: 'ports' | 'from' | 'to'): ProposedCase[] {
  const groups = new Map<string, ProposedCase>();
  for (const it of cases) {
    const key = JSON.stringify({ ...it, [field]: null });
    const group = groups.get(key);
    groups.set(key, group === undefined ? it : { ...group, [field]: [...group[field], ...it[field]] });
  }
  return [...groups.values()];
}
