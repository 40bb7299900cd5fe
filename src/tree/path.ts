/**
 * The way of one header through the decision tree (cold): which classes its addresses are in, what was compared, and where
 * that ended.
 *
 * In:  a classifier and a row (packet/row.ts).  Out: per direction a DirectionPath that ends in the outcome that classify()
 * gives; null where the classifier is no tree.
 */
import * as row from '../packet/row.js';
import { DIRECTIONS, type Direction } from '../rules/ruleset.js';
import { type Classifier, EGRESS, FORWARD, INGRESS, OUTCOME_NOT_ISOLATED, OUTCOMES } from './classifier.js';
import { firstMatch, NO_MATCH } from './forest.js';
import { outcomeOf } from './header-trees.js';
import { CROSSING, DENSE, FOREST, locate, SPARSE } from './judge.js';
import { PASS } from './split.js';
import { COLUMNS, DIMENSIONS } from './terms.js';
import type { BuiltDirection, Tree } from './tree.js';

/** One comparison: `field <= threshold`, and whether it holds. */
export interface PathStep {
  readonly field: string;
  readonly value: number;
  readonly threshold: number;
  readonly holds: boolean;
  /** Where the side that was not taken ends, as classify() writes it; null where it asks more, or leads to a list. */
  readonly other: number | null;
}

export interface DirectionPath {
  readonly direction: Direction;
  /** `none`: no rules, or decided by who the ends are; `crossing`: pairs of address sets, which are not walked. */
  readonly kind: 'dense' | 'sparse' | 'forest' | 'crossing' | 'none';
  /** Class of the subject's and of the peer's address, of so many; -1 where it has none. */
  readonly subject: number;
  readonly subjects: number;
  readonly peer: number;
  readonly peers: number;
  readonly steps: readonly PathStep[];
  /** As classify() writes it. */
  readonly outcome: number;
}

const PLACES: Readonly<Record<Direction, number>> = { egress: EGRESS, ingress: INGRESS, forward: FORWARD };
const FIELDS: Readonly<Record<number, string>> = {
  [row.PROTOCOL]: 'protocol',
  [row.SPORT]: 'source port',
  [row.DPORT]: 'destination port',
  [row.ICMP_TYPE]: 'ICMP type',
  [row.ICMP_CODE]: 'ICMP code',
};
const DIMENSION_FIELDS = [
  'subject class',
  'peer class',
  'protocol',
  'source port',
  'destination port',
  'ICMP type',
  'ICMP code',
];

export function pathOf(classifier: Classifier, rows: Int32Array, base: number): DirectionPath[] | null {
  if (!isTree(classifier)) return null;
  const out = new Int32Array(OUTCOMES);
  classifier.classify(rows, base, out, 0);
  return DIRECTIONS.map((direction, i) =>
    walk(classifier, classifier.directions[i]!, direction, rows, base, out[PLACES[direction]]!),
  );
}

const isTree = (classifier: Classifier): classifier is Tree => classifier.engine === 'tree';

function walk(
  { table }: Tree,
  { subjects, tables }: BuiltDirection,
  direction: Direction,
  rows: Int32Array,
  base: number,
  outcome: number,
): DirectionPath {
  const [subjectWord, peerWord] = direction === 'ingress' ? [row.DST, row.SRC] : [row.SRC, row.DST];
  const classOf = (word: number, column: number): number => {
    const at = locate(table, rows, base, word);
    return at < 0 ? -1 : table.rows[at + column]!;
  };
  const common = { direction, subjects, peers: tables.peers, outcome };
  const none = { ...common, kind: 'none' as const, subject: -1, peer: -1, steps: [] };
  if (tables.kind === CROSSING) return { ...none, kind: 'crossing' };
  const subject = classOf(subjectWord, COLUMNS[direction].subject);
  const peer = classOf(peerWord, COLUMNS[direction].peer);
  const isWalked = tables.kind === DENSE || tables.kind === SPARSE || tables.kind === FOREST;
  if (!isWalked || subject < 0 || peer < 0) return none;
  const walked =
    tables.kind === FOREST
      ? walkForest(tables, subject, peer, rows, base)
      : walkPairs(tables, subject, peer, rows, base);
  // (13), (14): a pod and itself, a node and its pods: the tree was not asked.
  if (walked.outcome !== outcome) return none;
  const kind = tables.kind === FOREST ? 'forest' : tables.kind === DENSE ? 'dense' : 'sparse';
  return { ...common, kind, subject, peer, steps: walked.steps };
}

interface Walked {
  readonly steps: readonly PathStep[];
  readonly outcome: number;
}

function walkPairs(
  { kind, peers, pairs, nodes }: BuiltDirection['tables'],
  subject: number,
  peer: number,
  rows: Int32Array,
  base: number,
): Walked {
  const steps: PathStep[] = [];
  let at: number;
  if (kind === DENSE) at = pairs.dense[subject * peers + peer]!;
  else {
    let run = pairs.rowStart[subject]!;
    while (run + 1 < pairs.rowEnd[subject]! && pairs.runPeer[run + 1]! <= peer) run++;
    at = pairs.runRoot[run]!;
  }
  while (at >= 0) {
    const value = rows[base + nodes[at]!]!;
    const threshold = nodes[at + 1]!;
    const holds = value <= threshold;
    const other = holds ? nodes[at + 3]! : nodes[at + 2]!;
    steps.push({ field: FIELDS[nodes[at]!]!, value, threshold, holds, other: other < 0 ? outcomeOf(other) : null });
    at = holds ? nodes[at + 2]! : nodes[at + 3]!;
  }
  return { steps, outcome: outcomeOf(at) };
}

/** Only the way to the lists is told; what stands in them is rules, which are told in their order elsewhere. */
function walkForest(
  { forest }: BuiltDirection['tables'],
  subject: number,
  peer: number,
  rows: Int32Array,
  base: number,
): Walked {
  const key = new Int32Array(DIMENSIONS);
  key.set([
    subject,
    peer,
    ...[row.PROTOCOL, row.SPORT, row.DPORT, row.ICMP_TYPE, row.ICMP_CODE].map(word => rows[base + word]!),
  ]);
  const { nodes, lists, program, roots, stageEnd } = forest;
  const steps: PathStep[] = [];
  let from = 0;
  for (const to of stageEnd) {
    for (let tree = from; tree < to; tree++) {
      for (let at = roots[tree]!; at >= 0; ) {
        const value = key[nodes[at]!]!;
        const threshold = nodes[at + 1]!;
        const holds = value <= threshold;
        steps.push({ field: DIMENSION_FIELDS[nodes[at]!]!, value, threshold, holds, other: null });
        at = holds ? nodes[at + 2]! : nodes[at + 3]!;
      }
    }
    const place = firstMatch(nodes, lists, program, roots, from, to, key);
    if (place !== NO_MATCH && program[place] !== PASS) return { steps, outcome: program[place]! };
    from = to;
  }
  return { steps, outcome: OUTCOME_NOT_ISOLATED };
}
