/**
 * The classifier's hot path: two address lookups, then one decision a direction. Typed arrays only, nothing allocated.
 *
 * Numbers are items of docs/semantics.md, as in tree/linear.ts, whose answers these are.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC } from '../packet/row.js';
import type { AddressTable } from './address-table.js';
import {
  EGRESS,
  FORWARD,
  INGRESS,
  OUTCOME_LOOPBACK,
  OUTCOME_NODE,
  OUTCOME_NONE,
  OUTCOME_NOT_ISOLATED,
} from './classifier.js';
import { firstMatch, NO_MATCH } from './forest.js';
import { outcomeOf } from './header-trees.js';
import {
  ADDRESS_STRIDE,
  EGRESS_PEER,
  EGRESS_SUBJECT,
  EVERY_NODE,
  FORWARD_PEER,
  FORWARD_SUBJECT,
  findV4,
  findV6,
  INGRESS_PEER,
  INGRESS_SUBJECT,
  NODE,
  OWNER,
} from './lookup.js';
import type { PairTable } from './pair-table.js';
import { type Forest, PASS } from './split.js';
import { DIMENSIONS } from './terms.js';

/** How a direction is looked up. */
export const ABSENT = 0;
export const DENSE = 1;
export const SPARSE = 2;
export const FOREST = 3;
/** Forward only: judged by crossRows (crossing-lookup.ts), not here. */
export const CROSSING = 4;

/** One shape for every kind, so that the hot functions stay monomorphic; arrays of other kinds are empty. */
export interface DirectionTables {
  readonly kind: number;
  readonly peers: number;
  readonly pairs: PairTable;
  /** Header trees. */
  readonly nodes: Int32Array;
  readonly forest: Forest;
  /** The point that forests are walked with; scratch, overwritten by every call. */
  readonly key: Int32Array;
}

export const newKey = (): Int32Array => new Int32Array(DIMENSIONS);

/** Offset of the address's row in table.rows, -1 where the packet has no address. */
export function locate(table: AddressTable, rows: Int32Array, base: number, word: number): number {
  const family = rows[base + FAMILY];
  if (family === 4) return findV4(table.entries4, table.starts4, rows[base + word]!) * ADDRESS_STRIDE;
  if (family === 6) {
    return (table.first6 + findV6(table.starts6, table.count6, rows, base + word)) * ADDRESS_STRIDE;
  }
  return -1;
}

export function judge(
  table: AddressTable,
  egress: DirectionTables,
  ingress: DirectionTables,
  forward: DirectionTables,
  rows: Int32Array,
  base: number,
  out: Int32Array,
  at: number,
): void {
  const source = locate(table, rows, base, SRC);
  const destination = locate(table, rows, base, DST);
  if (source < 0) {
    out[at + EGRESS] = OUTCOME_NONE;
    out[at + INGRESS] = OUTCOME_NONE;
    out[at + FORWARD] = OUTCOME_NONE;
    return;
  }
  const addresses = table.rows;
  out[at + FORWARD] =
    forward.kind === ABSENT || forward.kind === CROSSING
      ? OUTCOME_NONE
      : decide(forward, addresses[source + FORWARD_SUBJECT]!, addresses[destination + FORWARD_PEER]!, rows, base);

  const egressSubject = addresses[source + EGRESS_SUBJECT]!;
  const ingressSubject = addresses[destination + INGRESS_SUBJECT]!;
  const from = addresses[source + OWNER]!;
  const to = addresses[destination + OWNER]!;
  const node = addresses[source + NODE]!;
  const otherNode = addresses[destination + NODE]!;
  // (13): both ends are one pod.
  if (from === to && egressSubject >= 0 && from !== node) {
    out[at + EGRESS] = OUTCOME_LOOPBACK;
    out[at + INGRESS] = OUTCOME_LOOPBACK;
    return;
  }
  // (14): same node, and one of the ends is the node; the source, where only that way is exempt.
  if (
    (node >= 0 && node === otherNode && (from === node || (to === node && table.toOwnNode))) ||
    (node === EVERY_NODE && otherNode >= 0) ||
    (otherNode === EVERY_NODE && node >= 0 && (from === node || table.toOwnNode))
  ) {
    out[at + EGRESS] = OUTCOME_NODE;
    out[at + INGRESS] = OUTCOME_NODE;
    // No policy of the pod's comes between them; the node may have its own.
    if (node !== otherNode || from === to) return;
    if (from === node && egressSubject >= 0)
      out[at + EGRESS] = decide(egress, egressSubject, addresses[destination + EGRESS_PEER]!, rows, base);
    if (to === node && ingressSubject >= 0)
      out[at + INGRESS] = decide(ingress, ingressSubject, addresses[source + INGRESS_PEER]!, rows, base);
    return;
  }
  // (12): a side that is no pod has no class as a subject, nor has a node where no policy is about nodes.
  out[at + EGRESS] =
    egressSubject < 0 ? OUTCOME_NONE : decide(egress, egressSubject, addresses[destination + EGRESS_PEER]!, rows, base);
  out[at + INGRESS] =
    ingressSubject < 0 ? OUTCOME_NONE : decide(ingress, ingressSubject, addresses[source + INGRESS_PEER]!, rows, base);
}

function decide(tables: DirectionTables, subject: number, peer: number, rows: Int32Array, base: number): number {
  if (tables.kind === FOREST) return decideForest(tables, subject, peer, rows, base);
  if (tables.kind === ABSENT) return OUTCOME_NOT_ISOLATED;
  let at =
    tables.kind === DENSE ? tables.pairs.dense[subject * tables.peers + peer]! : findRun(tables.pairs, subject, peer);
  const nodes = tables.nodes;
  while (at >= 0) at = rows[base + nodes[at]!]! <= nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 3]!;
  return outcomeOf(at);
}

function findRun({ rowStart, rowEnd, runPeer, runRoot }: PairTable, subject: number, peer: number): number {
  let lo = rowStart[subject]!;
  let hi = rowEnd[subject]!;
  while (hi - lo > 1) {
    const mid = (lo + hi) >>> 1;
    if (runPeer[mid]! <= peer) lo = mid;
    else hi = mid;
  }
  return runRoot[lo]!;
}

function decideForest(
  { forest, key }: DirectionTables,
  subject: number,
  peer: number,
  rows: Int32Array,
  base: number,
): number {
  key[0] = subject;
  key[1] = peer;
  key[2] = rows[base + PROTOCOL]!;
  key[3] = rows[base + SPORT]!;
  key[4] = rows[base + DPORT]!;
  key[5] = rows[base + ICMP_TYPE]!;
  key[6] = rows[base + ICMP_CODE]!;
  const { nodes, lists, program, roots, stageEnd } = forest;
  let from = 0;
  for (let stage = 0; stage < stageEnd.length; stage++) {
    const to = stageEnd[stage]!;
    const place = firstMatch(nodes, lists, program, roots, from, to, key);
    if (place !== NO_MATCH && program[place] !== PASS) return program[place]!;
    from = to;
  }
  return OUTCOME_NOT_ISOLATED;
}
