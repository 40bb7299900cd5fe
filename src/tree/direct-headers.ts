/**
 * Headers of direct tables (cold): header trees -> classes of headers, and each tree's outcomes by class.
 *
 * In:  the tables of both directions.  Out: classes of protocols and of destination ports, which together are the classes of
 * headers; the outcome of every tree for each; and which of them all trees decide alike.
 */
import { DPORT, PROTOCOL } from '../packet/row.js';
import { OUTCOME_NOT_ISOLATED } from './classifier.js';
import { NODE_STRIDE, outcomeOf } from './header-trees.js';
import { ABSENT, DENSE, type DirectionTables } from './judge.js';

/** 8 MB in each direction. */
const MOST_OUTCOMES = 1 << 21;

export interface Headers {
  readonly protocols: HeaderClasses;
  readonly ports: HeaderClasses;
  /** Of both together. */
  readonly count: number;
}

/** null where trees ask for more than protocols and destination ports. */
export function headersOf(all: readonly DirectionTables[]): Headers | null {
  const protocolBorders = new Set<number>();
  const portBorders = new Set<number>();
  for (const { nodes } of all) {
    for (let at = 0; at < nodes.length; at += NODE_STRIDE) {
      if (nodes[at] === PROTOCOL) protocolBorders.add(nodes[at + 1]!);
      else if (nodes[at] === DPORT) portBorders.add(nodes[at + 1]!);
      else return null;
    }
  }
  const protocols = classesBetween(protocolBorders, -1, 255);
  const ports = classesBetween(portBorders, 0, 65535);
  return { protocols, ports, count: protocols.firsts.length * ports.firsts.length };
}

interface HeaderClasses {
  /** Value - lowest -> class. */
  readonly classOf: Int32Array;
  /** A value of each class. */
  readonly firsts: readonly number[];
}

/** Classes of lowest..highest; a border is the last value of one. */
function classesBetween(borders: ReadonlySet<number>, lowest: number, highest: number): HeaderClasses {
  const classOf = new Int32Array(highest - lowest + 1);
  const firsts = [lowest];
  for (const border of [...borders].sort((a, b) => a - b)) {
    if (border >= lowest && border < highest) firsts.push(border + 1);
  }
  firsts.forEach((first, cls) => {
    classOf.fill(cls, first - lowest);
  });
  return { classOf, firsts };
}

export interface DecidedTrees {
  /** Of each pair or run, the number of its tree. */
  readonly numbers: Int32Array;
  /** Tree by tree, the outcome of every header. */
  readonly outcomes: Int32Array;
}

/** null where there would be too many outcomes. */
export function decideTrees({ kind, peers, pairs, nodes }: DirectionTables, headers: Headers): DecidedTrees | null {
  if (kind === ABSENT) {
    // No rules, or no pods: no subject or one, and as many peers.
    const outcomes = new Int32Array(headers.count).fill(OUTCOME_NOT_ISOLATED);
    return { numbers: new Int32Array(Math.max(1, peers)), outcomes };
  }
  const roots = kind === DENSE ? pairs.dense : pairs.runRoot;
  const numberOf = new Map<number, number>();
  const numbers = new Int32Array(roots.length);
  for (let i = 0; i < roots.length; i++) {
    let number = numberOf.get(roots[i]!);
    if (number === undefined) {
      number = numberOf.size;
      numberOf.set(roots[i]!, number);
    }
    numbers[i] = number;
  }
  if (numberOf.size * headers.count > MOST_OUTCOMES) return null;
  const outcomes = new Int32Array(numberOf.size * headers.count);
  for (const [root, number] of numberOf) writeOutcomes(root, nodes, headers, outcomes, number * headers.count);
  return { numbers, outcomes };
}

function writeOutcomes(root: number, nodes: Int32Array, headers: Headers, out: Int32Array, to: number): void {
  let next = to;
  for (const protocol of headers.protocols.firsts) {
    for (const port of headers.ports.firsts) {
      let at = root;
      while (at >= 0) {
        const value = nodes[at] === PROTOCOL ? protocol : port;
        at = value <= nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 3]!;
      }
      out[next++] = outcomeOf(at);
    }
  }
}

/** Headers that every tree decides alike are one class: ports mean nothing to most protocols. */
export function mergeColumns(tables: readonly Int32Array[], count: number): { classOf: Int32Array; kept: number[] } {
  const classOf = new Int32Array(count);
  const kept: number[] = [];
  const byHash = new Map<number, number[]>();
  for (let column = 0; column < count; column++) {
    let hash = 0;
    for (const table of tables) {
      for (let at = column; at < table.length; at += count)
        hash = Math.imul(hash ^ table[at]!, 0x9e3779b1) ^ (hash >>> 13);
    }
    const known = byHash.get(hash) ?? [];
    let cls = known.find(other => isSameColumn(tables, kept[other]!, column, count));
    if (cls === undefined) {
      cls = kept.length;
      kept.push(column);
      byHash.set(hash, [...known, cls]);
    }
    classOf[column] = cls;
  }
  return { classOf, kept };
}

function isSameColumn(tables: readonly Int32Array[], a: number, b: number, count: number): boolean {
  for (const table of tables) {
    for (let row = 0; row < table.length; row += count) if (table[row + a] !== table[row + b]) return false;
  }
  return true;
}
