/**
 * The classifier's hot path for many packets at once: what judge() gives for each (tree/judge.ts). Typed arrays only,
 * nothing allocated.
 *
 * A lookup is a few loads that wait for each other, and the processor does those of the next packets meanwhile, for as long
 * as it foresees every branch. So nothing is walked here, which nobody foresees, but looked up in the direct tables
 * (tree/direct.ts), and what can be computed is not branched on.
 * Numbers are items of docs/semantics.md.
 */
import { DPORT, DST, FAMILY, PROTOCOL, SRC, STRIDE } from '../packet/row.js';
import type { AddressTable } from './address-table.js';
import { EGRESS, FORWARD, INGRESS, OUTCOME_LOOPBACK, OUTCOME_NODE, OUTCOME_NONE, OUTCOMES } from './classifier.js';
import type { DirectDirection, DirectTables } from './direct.js';
import { locate } from './judge.js';
import {
  ADDRESS_STRIDE,
  EGRESS_PEER,
  EGRESS_SUBJECT,
  EVERY_NODE,
  findV4,
  INGRESS_PEER,
  INGRESS_SUBJECT,
  NODE,
  OWNER,
} from './lookup.js';

/** Packets between two loops. */
const LANES = 64;

/** What a batch is judged with; overwritten by every call. */
export interface BatchScratch {
  /** Offsets of the ends' rows: of the sources, then of the destinations. */
  readonly ends: Int32Array;
  /** Classes of headers. */
  readonly classes: Int32Array;
}

export const newBatchScratch = (): BatchScratch => ({
  ends: new Int32Array(LANES * 2),
  classes: new Int32Array(LANES),
});

/** Outcomes to out[i * OUTCOMES + ...]; the forward direction decides nothing. */
export function judgeRows(
  table: AddressTable,
  direct: DirectTables,
  { ends, classes }: BatchScratch,
  rows: Int32Array,
  count: number,
  out: Int32Array,
): void {
  const { egress, ingress } = direct;
  // Short loops over few arrays: more packets are under way at once.
  for (let first = 0; first < count; first += LANES) {
    const lanes = Math.min(count - first, LANES);
    locateAll(table.entries4, table.starts4, ends, 0, rows, first, lanes, SRC);
    locateAll(table.entries4, table.starts4, ends, LANES, rows, first, lanes, DST);
    const others = classify(direct.protocols, direct.ports, direct.headers, classes, rows, first, lanes);
    if (others > 0) locateOthers(table, ends, rows, first, lanes);
    exempt(table.rows, table.toOwnNode, ends, out, first, lanes);
    const leaving = egress.isDense ? decideDense : decideSparse;
    leaving(egress, table.rows, ends, 0, EGRESS_SUBJECT, EGRESS_PEER, classes, first, lanes, out, EGRESS);
    const entering = ingress.isDense ? decideDense : decideSparse;
    entering(ingress, table.rows, ends, LANES, INGRESS_SUBJECT, INGRESS_PEER, classes, first, lanes, out, INGRESS);
  }
}

/** Offsets of the rows of IPv4 addresses. */
function locateAll(
  entries: Int32Array,
  starts: Int32Array,
  ends: Int32Array,
  to: number,
  rows: Int32Array,
  first: number,
  lanes: number,
  word: number,
): void {
  for (let lane = 0; lane < lanes; lane++) {
    ends[to + lane] = findV4(entries, starts, rows[(first + lane) * STRIDE + word]!) * ADDRESS_STRIDE;
  }
}

function locateOthers(table: AddressTable, ends: Int32Array, rows: Int32Array, first: number, lanes: number): void {
  for (let lane = 0; lane < lanes; lane++) {
    const base = (first + lane) * STRIDE;
    if (rows[base + FAMILY] === 4) continue;
    ends[lane] = locate(table, rows, base, SRC);
    ends[LANES + lane] = locate(table, rows, base, DST);
  }
}

/** @returns how many are not IPv4 */
function classify(
  protocols: Int32Array,
  ports: Uint16Array,
  headers: Int32Array,
  classes: Int32Array,
  rows: Int32Array,
  first: number,
  lanes: number,
): number {
  let others = 0;
  for (let lane = 0; lane < lanes; lane++) {
    const base = (first + lane) * STRIDE;
    classes[lane] = headers[protocols[rows[base + PROTOCOL]! + 1]! + ports[rows[base + DPORT]!]!]!;
    if (rows[base + FAMILY] !== 4) others++;
  }
  return others;
}

/** The rules decide. */
const DECIDED = 1;

/** What goes before the rules, or DECIDED. */
function exempt(
  addresses: Int32Array,
  toOwnNode: boolean,
  ends: Int32Array,
  out: Int32Array,
  first: number,
  lanes: number,
): void {
  for (let lane = 0; lane < lanes; lane++) {
    const source = ends[lane]!;
    const destination = ends[LANES + lane]!;
    let outcome = DECIDED;
    if (source < 0) outcome = OUTCOME_NONE;
    else {
      const from = addresses[source + OWNER]!;
      const to = addresses[destination + OWNER]!;
      const node = addresses[source + NODE]!;
      const otherNode = addresses[destination + NODE]!;
      // (13): both ends are one pod.
      if (from === to && addresses[source + EGRESS_SUBJECT]! >= 0) outcome = OUTCOME_LOOPBACK;
      // (14): same node, and one of the ends is the node; the source, where only that way is exempt.
      else if (
        (node >= 0 && node === otherNode && (from === node || (to === node && toOwnNode))) ||
        (node === EVERY_NODE && otherNode >= 0) ||
        (otherNode === EVERY_NODE && node >= 0 && (from === node || toOwnNode))
      ) {
        outcome = OUTCOME_NODE;
      }
    }
    const at = (first + lane) * OUTCOMES;
    out[at + EGRESS] = outcome;
    out[at + INGRESS] = outcome;
    out[at + FORWARD] = OUTCOME_NONE;
  }
}

/** @param subjectEnds where in `ends` those of the subjects begin; the peers' are the others */
function decideDense(
  { places, outcomes, peers }: DirectDirection,
  addresses: Int32Array,
  ends: Int32Array,
  subjectEnds: number,
  subjectWord: number,
  peerWord: number,
  classes: Int32Array,
  first: number,
  lanes: number,
  out: Int32Array,
  direction: number,
): void {
  const peerEnds = LANES - subjectEnds;
  for (let lane = 0; lane < lanes; lane++) {
    const at = (first + lane) * OUTCOMES + direction;
    if (out[at] !== DECIDED) continue;
    const subject = addresses[ends[subjectEnds + lane]! + subjectWord]!;
    const peer = addresses[ends[peerEnds + lane]! + peerWord]!;
    // (12): a side that is no pod has no class as a subject: -1 becomes OUTCOME_NONE, whatever is looked up beside it.
    const none = subject >> 31;
    out[at] = outcomes[places[(subject & ~none) * peers + peer]! + classes[lane]!]! | none;
  }
}

function decideSparse(
  { places, outcomes, rowStart, rowEnd, runPeer }: DirectDirection,
  addresses: Int32Array,
  ends: Int32Array,
  subjectEnds: number,
  subjectWord: number,
  peerWord: number,
  classes: Int32Array,
  first: number,
  lanes: number,
  out: Int32Array,
  direction: number,
): void {
  const peerEnds = LANES - subjectEnds;
  for (let lane = 0; lane < lanes; lane++) {
    const at = (first + lane) * OUTCOMES + direction;
    if (out[at] !== DECIDED) continue;
    const subject = addresses[ends[subjectEnds + lane]! + subjectWord]!;
    if (subject < 0) {
      out[at] = OUTCOME_NONE;
      continue;
    }
    const peer = addresses[ends[peerEnds + lane]! + peerWord]!;
    let lo = rowStart[subject]!;
    let hi = rowEnd[subject]!;
    while (hi - lo > 1) {
      const mid = (lo + hi) >>> 1;
      if (runPeer[mid]! <= peer) lo = mid;
      else hi = mid;
    }
    out[at] = outcomes[places[lo]! + classes[lane]!]!;
  }
}
