/**
 * The decision tree in one array (hot): the same lookups as tree/judge.ts, for the fast path.
 *
 * In:  a tree whose directions are pair tables.  Out: outcomes of a packet, and the owners of its ends. Rules that need a
 * forest or a crossing have no flat form: flatten() answers null.
 * Numbers are items of docs/semantics.md.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { DST, SRC } from '../packet/row.js';
import {
  type Classifier,
  EGRESS,
  FORWARD,
  INGRESS,
  OUTCOME_LOOPBACK,
  OUTCOME_NODE,
  OUTCOME_NONE,
  OUTCOME_NOT_ISOLATED,
} from './classifier.js';
import type { FlatAddresses } from './flat-addresses.js';
import { outcomeOf } from './header-trees.js';
import { ABSENT, CROSSING, DENSE, FOREST } from './judge.js';
import {
  EGRESS_PEER,
  EGRESS_SUBJECT,
  EVERY_NODE,
  FORWARD_PEER,
  FORWARD_SUBJECT,
  INGRESS_PEER,
  INGRESS_SUBJECT,
  NODE,
  OWNER,
} from './lookup.js';
import type { Tree } from './tree.js';

/** Words a direction in FlatTree.directions: how it is looked up, its number of peer classes, and where its arrays begin. */
const KIND = 0;
const PEERS = 1;
const DENSE_AT = 2;
const ROW_START_AT = 3;
const ROW_END_AT = 4;
const RUN_PEER_AT = 5;
const RUN_ROOT_AT = 6;
const NODES_AT = 7;
const DIRECTION = 8;

/** FlatTree.found: the outcomes by direction (EGRESS ...), then the owners of source and destination. */
export const SOURCE = 3;
export const DESTINATION = 4;
const FOUND = 5;

export class FlatTree {
  readonly words: Int32Array;
  readonly directions: Int32Array;
  /** What classify() found; written over by the next call. */
  readonly found: Int32Array;
  private readonly toOwnNode: boolean;

  constructor(
    readonly addresses: FlatAddresses,
    { table, directions }: Tree,
    memory: Memory = OWN_MEMORY,
  ) {
    const arrays: Int32Array[] = [];
    let length = 0;
    const add = (array: Int32Array): number => {
      arrays.push(array);
      length += array.length;
      return length - array.length;
    };
    this.toOwnNode = table.toOwnNode;
    const described = directions.flatMap(({ tables: { kind, peers, pairs, nodes } }) => [
      kind,
      peers,
      add(pairs.dense),
      add(pairs.rowStart),
      add(pairs.rowEnd),
      add(pairs.runPeer),
      add(pairs.runRoot),
      add(nodes),
    ]);
    this.directions = memory.int32(described.length);
    this.found = memory.int32(FOUND);
    this.words = memory.int32(length);
    // Only measured, the arrays are empty.
    if (this.words.length === 0) return;
    this.directions.set(described);
    let at = 0;
    for (const array of arrays) {
      this.words.set(array, at);
      at += array.length;
    }
  }

  classify(rows: Int32Array, base: number): void {
    const { addresses, found } = this;
    const { words } = addresses;
    const source = addresses.locate(rows, base, SRC);
    const destination = addresses.locate(rows, base, DST);
    found[EGRESS] = OUTCOME_NONE;
    found[INGRESS] = OUTCOME_NONE;
    found[FORWARD] = OUTCOME_NONE;
    found[SOURCE] = -1;
    found[DESTINATION] = -1;
    if (source < 0) return;
    const from = words[source + OWNER]!;
    const to = words[destination + OWNER]!;
    found[SOURCE] = from;
    found[DESTINATION] = to;
    if (this.directions[FORWARD * DIRECTION + KIND] !== ABSENT) {
      const subject = words[source + FORWARD_SUBJECT]!;
      found[FORWARD] = this.decide(FORWARD * DIRECTION, subject, words[destination + FORWARD_PEER]!, rows, base);
    }
    const egressSubject = words[source + EGRESS_SUBJECT]!;
    const ingressSubject = words[destination + INGRESS_SUBJECT]!;
    const node = words[source + NODE]!;
    const otherNode = words[destination + NODE]!;
    // (13): both ends are one pod.
    if (from === to && egressSubject >= 0 && from !== node) {
      found[EGRESS] = OUTCOME_LOOPBACK;
      found[INGRESS] = OUTCOME_LOOPBACK;
      return;
    }
    // (14): same node, and one of the ends is the node; the source, where only that way is exempt.
    if (
      (node >= 0 && node === otherNode && (from === node || (to === node && this.toOwnNode))) ||
      (node === EVERY_NODE && otherNode >= 0) ||
      (otherNode === EVERY_NODE && node >= 0 && (from === node || this.toOwnNode))
    ) {
      found[EGRESS] = OUTCOME_NODE;
      found[INGRESS] = OUTCOME_NODE;
      // No policy of the pod's comes between them; the node may have its own.
      if (node !== otherNode || from === to) return;
      if (from === node && egressSubject >= 0)
        found[EGRESS] = this.decide(EGRESS * DIRECTION, egressSubject, words[destination + EGRESS_PEER]!, rows, base);
      if (to === node && ingressSubject >= 0)
        found[INGRESS] = this.decide(INGRESS * DIRECTION, ingressSubject, words[source + INGRESS_PEER]!, rows, base);
      return;
    }
    // (12): a side that is no pod has no class as a subject, nor has a node where no policy is about nodes.
    if (egressSubject >= 0)
      found[EGRESS] = this.decide(EGRESS * DIRECTION, egressSubject, words[destination + EGRESS_PEER]!, rows, base);
    if (ingressSubject >= 0)
      found[INGRESS] = this.decide(INGRESS * DIRECTION, ingressSubject, words[source + INGRESS_PEER]!, rows, base);
  }

  private decide(direction: number, subject: number, peer: number, rows: Int32Array, base: number): number {
    const { words, directions } = this;
    const kind = directions[direction + KIND]!;
    if (kind === ABSENT) return OUTCOME_NOT_ISOLATED;
    let at = 0;
    if (kind === DENSE) {
      at = words[directions[direction + DENSE_AT]! + subject * directions[direction + PEERS]! + peer]!;
    } else {
      let lo = words[directions[direction + ROW_START_AT]! + subject]!;
      let hi = words[directions[direction + ROW_END_AT]! + subject]!;
      while (hi - lo > 1) {
        const mid = (lo + hi) >>> 1;
        if (words[directions[direction + RUN_PEER_AT]! + mid]! <= peer) lo = mid;
        else hi = mid;
      }
      at = words[directions[direction + RUN_ROOT_AT]! + lo]!;
    }
    const nodes = directions[direction + NODES_AT]!;
    while (at >= 0) {
      const node = nodes + at;
      at = rows[base + words[node]!]! <= words[node + 1]! ? words[node + 2]! : words[node + 3]!;
    }
    return outcomeOf(at);
  }
}

/** The tree's flat form in a memory, null for other classifiers, forests and crossings. @param addresses its own */
export function flatten(
  classifier: Classifier,
  addresses: FlatAddresses,
  memory: Memory = OWN_MEMORY,
): FlatTree | null {
  if (classifier.engine !== 'tree') return null;
  const tree = classifier as Tree;
  const hasFlatForm = tree.directions.every(({ tables }) => tables.kind !== FOREST && tables.kind !== CROSSING);
  return hasFlatForm ? new FlatTree(addresses, tree, memory) : null;
}
