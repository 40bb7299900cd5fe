/**
 * Header shapes (cold): what a list of terms asks of headers, and the tree that tells which of them is the first to match.
 *
 * In:  the header sets of terms (protocol, ports, ICMP type and code), in their order.  Out: headers and shapes, equal ones
 * one object, and for a shape a tree whose leaves are places in the list: [row word, threshold, child if value <=
 * threshold, child if above] a node, a child from zero on a node's number, below zero ~place. Children stand before their
 * parents. Nothing here depends on addresses or outcomes: shapes are kept from one build to the next.
 *
 * The tree is cut at the borders of the terms' ranges until one term covers what is left.
 */
import * as row from '../packet/row.js';
import type { PortSet, Rule } from '../rules/ruleset.js';
import type { Ranges } from './address-table.js';
import { IntLists } from './int-lists.js';
import { cut, PARTIAL, type Region, relate, relateTerm, trim } from './region.js';
import { HEADER_HIGH, HEADER_LOW, headerSets, PROTOCOL_DIM, type Term } from './terms.js';

export interface Header {
  readonly number: number;
  /** All dimensions, the addresses' null. */
  readonly sets: readonly (Ranges | null)[];
  /** To all headers there are. */
  readonly relation: number;
}

/** A rule without addresses. */
export type HeaderOfRule = Pick<Rule, 'protocol' | 'sourcePorts' | 'destinationPorts' | 'icmp' | 'within'>;

export interface ShapedTerm {
  readonly header: Header;
  readonly tier: number;
  readonly pass: boolean;
}

export interface Shape {
  readonly nodes: readonly number[];
  readonly root: number;
  /** What growing it cost, in terms looked at. */
  readonly steps: number;
}

export interface HeaderShapes {
  headerOf(rule: HeaderOfRule): Header;
  /** @throws BudgetExceeded where the tree takes more nodes or steps */
  shapeOf(terms: readonly ShapedTerm[], mostNodes: number, mostSteps: number): Shape;
}

/** A set of rules is too tangled for tables of this kind: another structure is built instead. */
export class BudgetExceeded extends Error {}

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

export function createHeaderShapes(): HeaderShapes {
  const headers = new Map<string, Header>();
  const lists = new IntLists();
  /** By number of list. */
  const shapes: (Shape | undefined)[] = [];
  const key: number[] = [];
  const plain = new Map<PortSet | null, Map<number | null, Header>>();

  function headerOfSets(sets: readonly (Ranges | null)[]): Header {
    const key = sets.map(set => (set === null ? '*' : set.join())).join(';');
    let header = headers.get(key);
    if (header === undefined) {
      const all = [null, null, ...sets];
      header = { number: headers.size, sets: all, relation: relateTerm({ sets: all }, WHOLE, PROTOCOL_DIM) };
      headers.set(key, header);
    }
    return header;
  }

  return {
    headerOf(rule) {
      const { protocol, sourcePorts, destinationPorts, icmp, within } = rule;
      // Rules of one policy, and of like ones, share their ports.
      const isPlain = sourcePorts === null && icmp === null && within === undefined;
      let byProtocol = isPlain ? plain.get(destinationPorts) : undefined;
      let header = byProtocol?.get(protocol);
      if (header !== undefined) return header;
      header = headerOfSets(headerSets(rule));
      if (!isPlain) return header;
      if (byProtocol === undefined) {
        byProtocol = new Map();
        plain.set(destinationPorts, byProtocol);
      }
      byProtocol.set(protocol, header);
      return header;
    },
    shapeOf(terms, mostNodes, mostSteps) {
      const { length } = terms;
      for (let i = 0; i < length; i++) {
        const { header, tier, pass } = terms[i]!;
        // Tiers matter only by where they change.
        const begins = i > 0 && tier !== terms[i - 1]!.tier;
        key[i] = header.number * 4 + (begins ? 2 : 0) + (pass ? 1 : 0);
      }
      const number = lists.numberOf(key, 0, length);
      // A list that was too much before has a number and no shape.
      const shape = shapes[number] ?? growShape(terms, mostNodes, mostSteps);
      shapes[number] = shape;
      // One that is known costs what it did: a build must not depend on those before it.
      if (shape.nodes.length > mostNodes * 4 || shape.steps > mostSteps) throw new BudgetExceeded();
      return shape;
    },
  };
}

function growShape(shaped: readonly ShapedTerm[], mostNodes: number, mostSteps: number): Shape {
  const nodes: number[] = [];
  const known = new Map<string, number>();
  let steps = 0;

  function node(word: number, threshold: number, left: number, right: number): number {
    if (left === right) return left;
    const key = `${word} ${threshold} ${left} ${right}`;
    let number = known.get(key);
    if (number === undefined) {
      number = nodes.length / 4;
      nodes.push(word, threshold, left, right);
      known.set(key, number);
    }
    return number;
  }

  function grow(terms: readonly Term[], region: Region): number {
    const left = trim(terms, region, PROTOCOL_DIM);
    steps += terms.length;
    if (steps > mostSteps || nodes.length > mostNodes * 4) throw new BudgetExceeded();
    const border = chooseBorder(left, region);
    // No border inside the region: the first term covers it.
    if (border === null) return ~left[0]!.order;
    const [low, high] = cut(region, border.dimension, border.threshold);
    return node(ROW_WORDS[border.dimension]!, border.threshold, grow(left, low), grow(left, high));
  }

  const terms = shaped.map(
    ({ header, tier, pass }, order): Term => ({ order, tier, pass, outcome: order, sets: header.sets }),
  );
  const root = grow(terms, WHOLE);
  return { nodes, root, steps };
}

/** The protocol first (ports mean something only within one), then where most borders lie; the median of those. */
function chooseBorder(terms: readonly Term[], region: Region): { dimension: number; threshold: number } | null {
  let best: { dimension: number; borders: readonly number[] } | null = null;
  for (let d = PROTOCOL_DIM; d < region.low.length; d++) {
    const borders = bordersInside(terms, d, region.low[d]!, region.high[d]!);
    if (borders.length > 0 && (best === null || borders.length > best.borders.length)) best = { dimension: d, borders };
    if (d === PROTOCOL_DIM && best !== null) break;
  }
  if (best === null) return null;
  return { dimension: best.dimension, threshold: best.borders[best.borders.length >> 1]! };
}

/** Thresholds t with lo <= t < hi such that some range ends at t or begins at t + 1; sorted and distinct. */
export function bordersInside(terms: readonly Term[], dimension: number, lo: number, hi: number): readonly number[] {
  let borders: number[] | null = null;
  for (const term of terms) {
    const set = term.sets[dimension]!;
    if (set === null || relate(set, lo, hi) !== PARTIAL) continue;
    borders ??= [];
    for (let i = 0; i < set.length; i += 2) {
      if (set[i]! > lo && set[i]! <= hi) borders.push(set[i]! - 1);
      if (set[i + 1]! >= lo && set[i + 1]! < hi) borders.push(set[i + 1]!);
    }
  }
  return borders === null ? NO_BORDERS : distinct(borders.sort((a, b) => a - b));
}

const NO_BORDERS: readonly number[] = [];

/** In place. */
function distinct(sorted: number[]): readonly number[] {
  let used = 0;
  for (const x of sorted) if (used === 0 || sorted[used - 1] !== x) sorted[used++] = x;
  sorted.length = used;
  return sorted;
}
