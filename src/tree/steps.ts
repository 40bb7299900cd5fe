/**
 * Steps of one lookup (cold): how many loads of tables and comparisons the tree takes for a packet.
 *
 * In:  a tree and a packet's row.  Out: the count. It walks what tree/judge.ts walks, the exemptions of pods and nodes left out: both directions are always counted.
 */
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC } from '../packet/row.js';
import type { AddressTable } from './address-table.js';
import type { Crossing } from './crossing.js';
import { CODES } from './crossing-layout.js';
import { crossingSteps } from './crossing-steps.js';
import { LAST_ICMP_CODE } from './header-codes.js';
import { ABSENT, DENSE, FOREST, locate } from './judge.js';
import { COUNT_BITS, MOST_SCANNED, SIGN } from './lookup.js';
import type { Forest } from './split.js';
import { COLUMNS } from './terms.js';
import type { BuiltDirection, Tree } from './tree.js';

export function countSteps({ table, directions }: Tree, rows: Int32Array, base: number): number {
  const source = locate(table, rows, base, SRC);
  const destination = locate(table, rows, base, DST);
  if (source < 0) return 0;
  let steps = 0;
  let lookups = false;
  for (const built of directions) {
    if (built.crossing !== null) {
      steps += crossedSteps(built.crossing, rows, base);
      continue;
    }
    const reversed = built.direction === 'ingress';
    const own = directionSteps(
      built,
      table,
      reversed ? destination : source,
      reversed ? source : destination,
      rows,
      base,
    );
    lookups ||= own > 0;
    steps += own;
  }
  if (!lookups) return steps;
  return steps + addressSteps(table, rows, base, SRC) + addressSteps(table, rows, base, DST);
}

function crossedSteps(crossing: Crossing, rows: Int32Array, base: number): number {
  const address = (word: number): Int32Array => rows.subarray(base + word, base + word + 4);
  const code = crossing.image[CODES + 1 + rows[base + PROTOCOL]!]!;
  const icmp = code <= LAST_ICMP_CODE;
  const x = rows[base + (icmp ? ICMP_TYPE : SPORT)]!;
  const y = rows[base + (icmp ? ICMP_CODE : DPORT)]!;
  const family = rows[base + FAMILY]!;
  const found = crossingSteps(crossing, address(SRC), address(DST), family, [x, y, code]);
  if (crossing.loose === null) return found.steps;
  return found.steps + forestSteps(crossing.loose, found.sourceClass, found.destinationClass, rows, base);
}

/** IPv4: one to three loads and what is scanned behind them; IPv6: halvings. */
function addressSteps(table: AddressTable, rows: Int32Array, base: number, word: number): number {
  if (rows[base + FAMILY] !== 4) return Math.ceil(Math.log2(table.count6 + 1));
  const address = rows[base + word]!;
  let steps = 1;
  let entry = table.entries4[address >>> 16]!;
  for (const byte of [(address >>> 8) & 255, address & 255]) {
    if (entry >= 0) break;
    entry = table.entries4[~entry + byte]!;
    steps++;
  }
  const first = entry >> COUNT_BITS;
  for (let i = first; i < first + (entry & MOST_SCANNED); i++) {
    steps++;
    if (table.starts4[i + 1]! > (address ^ SIGN)) break;
  }
  return steps;
}

function directionSteps(
  { direction, tables }: BuiltDirection,
  table: AddressTable,
  subjectRow: number,
  peerRow: number,
  rows: Int32Array,
  base: number,
): number {
  const subject = table.rows[subjectRow + COLUMNS[direction].subject]!;
  const peer = table.rows[peerRow + COLUMNS[direction].peer]!;
  if (tables.kind === ABSENT || subject < 0) return 0;
  if (tables.kind === FOREST) return forestSteps(tables.forest, subject, peer, rows, base);
  const { dense, rowStart, rowEnd, runPeer, runRoot } = tables.pairs;
  let steps = 1;
  let at: number;
  if (tables.kind === DENSE) at = dense[subject * tables.peers + peer]!;
  else {
    let low = rowStart[subject]!;
    let high = rowEnd[subject]!;
    for (; high - low > 1; steps++) {
      const middle = (low + high) >>> 1;
      if (runPeer[middle]! <= peer) low = middle;
      else high = middle;
    }
    at = runRoot[low]!;
  }
  for (; at >= 0; steps++) {
    const nodes = tables.nodes;
    at = rows[base + nodes[at]!]! <= nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 3]!;
  }
  return steps;
}

/** Every tree is walked to its leaf; of a leaf's list, the terms that stand before the first match of all trees so far. */
function forestSteps(forest: Forest, subject: number, peer: number, rows: Int32Array, base: number): number {
  const header = [PROTOCOL, SPORT, DPORT, ICMP_TYPE, ICMP_CODE].map(word => rows[base + word]!);
  const key = [subject, peer, ...header];
  const { nodes, lists, program, roots } = forest;
  let steps = 0;
  let best = Number.POSITIVE_INFINITY;
  for (const root of roots) {
    let at = root;
    for (; at >= 0; steps++) at = key[nodes[at]!]! <= nodes[at + 1]! ? nodes[at + 2]! : nodes[at + 3]!;
    for (let item = ~at + 1; item <= ~at + lists[~at]!; item++) {
      if (lists[item]! >= best) break;
      steps++;
      if (!matches(program, lists[item]!, key)) continue;
      best = lists[item]!;
      break;
    }
  }
  return steps;
}

function matches(program: Int32Array, term: number, key: readonly number[]): boolean {
  let at = term + 2;
  for (let left = program[term + 1]!; left > 0; left--) {
    const value = key[program[at]!]!;
    const end = at + 2 + program[at + 1]! * 2;
    let inside = false;
    for (at += 2; at < end; at += 2) if (value >= program[at]! && value <= program[at + 1]!) inside = true;
    if (!inside) return false;
  }
  return true;
}
