/**
 * Direct tables (cold): header trees -> one load. For batches of lookups (tree/judge-batch.ts).
 *
 * In:  the tables of egress and ingress.  Out: header classes, and for each tree the outcome of every class: headers that no
 * tree of either direction tells apart are one class, a packet's class is found once for both directions, and then
 * nothing is walked. Policies name protocols and destination ports, and few different ones: the product of trees and
 * classes is small. Where it is not (MOST_OUTCOMES), or where trees ask for more, there are no direct tables.
 */
import { DPORT, PROTOCOL } from '../packet/row.js';
import { OUTCOME_NOT_ISOLATED } from './classifier.js';
import { NODE_STRIDE, outcomeOf } from './header-trees.js';
import { ABSENT, DENSE, type DirectionTables, SPARSE } from './judge.js';

/** 8 MB in each direction. */
const MOST_OUTCOMES = 1 << 21;

export interface DirectTables {
  /** protocol + 1 -> its row in `headers`. */
  readonly protocols: Int32Array;
  /** Destination port -> its column there. */
  readonly ports: Uint16Array;
  /** The header's class. */
  readonly headers: Int32Array;
  readonly egress: DirectDirection;
  readonly ingress: DirectDirection;
}

export interface DirectDirection {
  readonly isDense: boolean;
  readonly peers: number;
  /** Of each pair (or run) the place of its tree's outcomes in `outcomes`; a header's class is added to it. */
  readonly places: Int32Array;
  /** As in PairTable; empty where dense. */
  readonly rowStart: Int32Array;
  readonly rowEnd: Int32Array;
  readonly runPeer: Int32Array;
  readonly outcomes: Int32Array;
}

export function buildDirect(egress: DirectionTables, ingress: DirectionTables): DirectTables | null {
  const all = [egress, ingress];
  if (all.some(({ kind }) => kind !== ABSENT && kind !== DENSE && kind !== SPARSE)) return null;
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
  const count = protocols.firsts.length * ports.firsts.length;
  const whole = all.map(tables => buildDirection(tables, { protocols, ports, count }));
  const [leaving, entering] = whole;
  if (!leaving || !entering) return null;
  const { classOf, kept } = mergeColumns([leaving.outcomes, entering.outcomes], count);
  return {
    protocols: protocols.classOf.map(cls => cls * ports.firsts.length),
    ports: Uint16Array.from(ports.classOf),
    headers: classOf,
    egress: withColumns(leaving, count, kept),
    ingress: withColumns(entering, count, kept),
  };
}

/** Headers that every tree decides alike are one class: ports mean nothing to most protocols. */
function mergeColumns(tables: readonly Int32Array[], count: number): { classOf: Int32Array; kept: number[] } {
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

function withColumns(direction: DirectDirection, count: number, kept: readonly number[]): DirectDirection {
  const { places, outcomes } = direction;
  const narrow = new Int32Array((outcomes.length / count) * kept.length);
  for (let row = 0, to = 0; row < outcomes.length; row += count) {
    for (const column of kept) narrow[to++] = outcomes[row + column]!;
  }
  return { ...direction, places: places.map(place => (place / count) * kept.length), outcomes: narrow };
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
  for (let value = lowest; value <= highest; value++) {
    classOf[value - lowest] = firsts.length - 1;
    if (borders.has(value) && value < highest) firsts.push(value + 1);
  }
  return { classOf, firsts };
}

interface Headers {
  readonly protocols: HeaderClasses;
  readonly ports: HeaderClasses;
  readonly count: number;
}

const EMPTY = new Int32Array(0);

/** null where there would be too many outcomes. */
function buildDirection({ kind, peers, pairs, nodes }: DirectionTables, headers: Headers): DirectDirection | null {
  const { rowStart, rowEnd, runPeer } = pairs;
  if (kind === ABSENT) {
    const outcomes = new Int32Array(headers.count).fill(OUTCOME_NOT_ISOLATED);
    // No rules, or no pods: no subject or one, and as many peers.
    const places = new Int32Array(Math.max(1, peers));
    return { isDense: true, peers, places, rowStart: EMPTY, rowEnd: EMPTY, runPeer: EMPTY, outcomes };
  }
  const roots = kind === DENSE ? pairs.dense : pairs.runRoot;
  const numbers = new Map<number, number>();
  const places = new Int32Array(roots.length);
  for (let i = 0; i < roots.length; i++) {
    let number = numbers.get(roots[i]!);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(roots[i]!, number);
    }
    places[i] = number * headers.count;
  }
  if (numbers.size * headers.count > MOST_OUTCOMES) return null;
  const outcomes = new Int32Array(numbers.size * headers.count);
  for (const [root, number] of numbers) writeOutcomes(root, nodes, headers, outcomes, number * headers.count);
  return { isDense: kind === DENSE, peers, places, rowStart, rowEnd, runPeer, outcomes };
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
