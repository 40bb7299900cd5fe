/**
 * Direct tables (cold): address tables and header trees -> an image in which a lookup is a few loads. For batches
 * (tree/direct-lookup.ts).
 *
 * In:  the address table, the tables of egress and ingress.  Out: an image (direct-layout.ts).
 * - Addresses lead to records by hash tables and maps, as in crossings (address-index.ts); addresses that share owner and
 *   classes share a record.
 * - Headers that no tree of either direction tells apart are one class: a packet's class is found once for both directions.
 * - Each tree has its outcomes by header class, so nothing is walked.
 * - A pair of address classes leads to its tree's outcomes as in the pair tables; equal rows are one.
 * Policies name protocols and destination ports, and few different ones: the product of trees and classes is small. Where
 * it is not (MOST_OUTCOMES), or where trees ask for more, there are no direct tables.
 */
import { DPORT, PROTOCOL } from '../packet/row.js';
import { writeAddresses } from './address-index.js';
import type { AddressTable } from './address-table.js';
import { OUTCOME_NONE, OUTCOME_NOT_ISOLATED } from './classifier.js';
import * as layout from './direct-layout.js';
import { NODE_STRIDE, outcomeOf } from './header-trees.js';
import { createImage, type Image } from './image.js';
import { IntLists } from './int-lists.js';
import { ABSENT, DENSE, type DirectionTables, SPARSE } from './judge.js';
import * as address from './lookup.js';

/** 8 MB in each direction. */
const MOST_OUTCOMES = 1 << 21;

export function buildDirect(table: AddressTable, egress: DirectionTables, ingress: DirectionTables): Int32Array | null {
  const all = [egress, ingress];
  if (all.some(({ kind }) => kind !== ABSENT && kind !== DENSE && kind !== SPARSE)) return null;
  const headers = headersOf(all);
  const decided = headers === null ? [] : all.map(tables => decideTrees(tables, headers));
  const [leaving, entering] = decided;
  if (headers === null || !leaving || !entering) return null;
  const { protocols, ports, count } = headers;
  const { classOf, kept } = mergeColumns([leaving.outcomes, entering.outcomes], count);

  const image = createImage();
  image.reserve(layout.HEAD_WORDS, layout.RECORD_WORDS);
  const headersAt = append(image, classOf);
  const rowOfProtocol = protocols.classOf.map(cls => headersAt + cls * ports.firsts.length);
  const protocolsAt = append(image, rowOfProtocol);
  const portsAt = append(image, inHalves(ports.classOf));
  const rows = [writeRows(egress, leaving, kept, count, image), writeRows(ingress, entering, kept, count, image)];
  writeRecords(table, rows[0]!, rows[1]!, image);
  const words = image.words();
  words[layout.PROTOCOLS] = protocolsAt;
  words[layout.PORTS] = portsAt;
  words[layout.EGRESS_RUNS] = egress.kind === SPARSE ? 1 : 0;
  words[layout.INGRESS_RUNS] = ingress.kind === SPARSE ? 1 : 0;
  words[layout.TO_OWN_NODE] = table.toOwnNode ? 1 : 0;
  return image.done();
}

/** Two a word, the first in the lower half. */
const inHalves = (values: Int32Array): Int32Array =>
  Int32Array.from({ length: values.length / 2 }, (_, i) => values[2 * i]! | (values[2 * i + 1]! << 16));

function append(image: Image, values: ArrayLike<number>): number {
  const at = image.reserve(values.length);
  image.words().set(values, at);
  return at;
}

interface Headers {
  readonly protocols: HeaderClasses;
  readonly ports: HeaderClasses;
  /** Of both together. */
  readonly count: number;
}

/** null where trees ask for more than protocols and destination ports. */
function headersOf(all: readonly DirectionTables[]): Headers | null {
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
  for (let value = lowest; value <= highest; value++) {
    classOf[value - lowest] = firsts.length - 1;
    if (borders.has(value) && value < highest) firsts.push(value + 1);
  }
  return { classOf, firsts };
}

interface DecidedTrees {
  /** Of each pair or run, the number of its tree. */
  readonly numbers: Int32Array;
  /** Tree by tree, the outcome of every header. */
  readonly outcomes: Int32Array;
}

/** null where there would be too many outcomes. */
function decideTrees({ kind, peers, pairs, nodes }: DirectionTables, headers: Headers): DecidedTrees | null {
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

/** Where each subject's row is; behind the subjects' that of who is no pod. */
type Rows = Int32Array;

function writeRows(
  { kind, peers, pairs }: DirectionTables,
  { numbers, outcomes }: DecidedTrees,
  kept: readonly number[],
  count: number,
  image: Image,
): Rows {
  const trees = outcomes.length / count;
  const first = image.reserve((trees + 1) * kept.length);
  const words = image.words();
  for (let row = 0, to = first; row < outcomes.length; row += count) {
    for (const column of kept) words[to++] = outcomes[row + column]!;
  }
  const nothing = first + trees * kept.length;
  words.fill(OUTCOME_NONE, nothing, nothing + kept.length);
  const places = numbers.map(number => first + number * kept.length);
  if (kind === SPARSE) return writeRuns(pairs.rowStart, pairs.rowEnd, pairs.runPeer, places, nothing, image);
  const width = Math.max(1, peers);
  const lists = new IntLists();
  const written: number[] = [];
  const rows = new Int32Array(places.length / width + 1);
  for (let subject = 0; subject * width < places.length; subject++) {
    const row = places.subarray(subject * width, (subject + 1) * width);
    const number = lists.numberOf(row, 0, width);
    if (number === written.length) written.push(append(image, row));
    rows[subject] = written[number]!;
  }
  rows[rows.length - 1] = append(image, new Int32Array(width).fill(nothing));
  return rows;
}

/** @param rowStart subjects that have the same start share their runs */
function writeRuns(
  rowStart: Int32Array,
  rowEnd: Int32Array,
  runPeer: Int32Array,
  places: Int32Array,
  nothing: number,
  image: Image,
): Rows {
  const rows = new Int32Array(rowStart.length + 1);
  const written = new Map<number, number>();
  for (let subject = 0; subject < rowStart.length; subject++) {
    const [from, to] = [rowStart[subject]!, rowEnd[subject]!];
    let row = written.get(from);
    if (row === undefined) {
      row = append(image, [to - from]);
      append(image, runPeer.subarray(from, to));
      append(image, places.subarray(from, to));
      written.set(from, row);
    }
    rows[subject] = row;
  }
  rows[rowStart.length] = append(image, [1, 0, nothing]);
  return rows;
}

function writeRecords({ rows, starts4, starts6 }: AddressTable, egress: Rows, ingress: Rows, image: Image): void {
  const lists = new IntLists();
  const written: number[] = [];
  const recordOf = new Int32Array(rows.length / address.ADDRESS_STRIDE);
  for (let interval = 0; interval < recordOf.length; interval++) {
    const at = interval * address.ADDRESS_STRIDE;
    const number = lists.numberOf(rows, at, at + address.ADDRESS_STRIDE);
    if (number === written.length) {
      const record = image.reserve(layout.RECORD_WORDS, layout.RECORD_WORDS);
      image.words().set(recordFor(rows, at, number, egress, ingress), record);
      written.push(record);
    }
    recordOf[interval] = written[number]!;
  }
  const unflipped = (start: number): number => start ^ address.SIGN;
  const words4 = Uint32Array.from(starts4, unflipped);
  const words6 = Uint32Array.from(starts6, unflipped);
  writeAddresses(words4, words6, recordOf, layout.ADDRESSES, image);
}

/** Owners are fewer than 2^29. */
const NO_PLACE = 0x7ffffffe;
const EVERY_PLACE = 0x80000000 | 0;

function recordFor(rows: Int32Array, at: number, number: number, egress: Rows, ingress: Rows): Int32Array {
  const owner = rows[at + address.OWNER]!;
  const node = rows[at + address.NODE]!;
  const egressSubject = rows[at + address.EGRESS_SUBJECT]!;
  const ingressSubject = rows[at + address.INGRESS_SUBJECT]!;
  const record = new Int32Array(layout.RECORD_WORDS);
  record[layout.SELF] = egressSubject >= 0 ? owner * 2 : number * 2 + 1;
  record[layout.PLACE] =
    node === address.EVERY_NODE ? EVERY_PLACE : node < 0 ? NO_PLACE : node * 2 + (owner === node ? 1 : 0);
  record[layout.EGRESS_ROW] = egress[egressSubject >= 0 ? egressSubject : egress.length - 1]!;
  record[layout.INGRESS_ROW] = ingress[ingressSubject >= 0 ? ingressSubject : ingress.length - 1]!;
  record[layout.EGRESS_PEER] = rows[at + address.EGRESS_PEER]!;
  record[layout.INGRESS_PEER] = rows[at + address.INGRESS_PEER]!;
  record[layout.OWNER] = owner;
  record[layout.NODE] = node;
  return record;
}
