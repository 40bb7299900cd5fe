/**
 * Steps in a crossing (cold): how many loads of tables and comparisons a header takes, and where the most are.
 *
 * In:  a crossing.  Out: the count for one header, with the outcome that the same walk finds; and the pair of rules' address
 * sets whose packets can take the most steps. It walks what tree/crossing-lookup.ts walks, one header at a time, as plainly
 * as can be: a load of a table and a comparison with a key are a step each.
 */

import { someHalfAbove } from '../memory/halves.js';
import type { Rule } from '../rules/ruleset.js';
import { hashV4, hashV6 } from './address-lookup.js';
import {
  HOSTS4,
  HOSTS4_MASK,
  HOSTS4_SHIFT,
  HOSTS6,
  HOSTS6_MASK,
  HOSTS6_SHIFT,
  MAP4,
  MAP4_SHIFT,
  MAP6,
  MAP6_SHIFT,
} from './batch-layout.js';
import { type Crossing, classNumber, outcomeOf } from './crossing.js';
import { DESTINATION_SIDE, LAST_ORDER, PAIRS, QUERY, ROW_BITS, SOURCE_SIDE, TUPLES } from './crossing-layout.js';
import { writeQuery } from './crossing-lookup.js';

/** An address as four unsigned or signed words, IPv4 in the first alone. */
type Words = ArrayLike<number>;

/** x, y and code as crossing-lookup.ts makes them of a packet. */
export type Fields = readonly [x: number, y: number, code: number];

const KEYS = 3;
const RECORD = 4;

interface Hits {
  readonly steps: number;
  /** Of these, the two address lookups'. */
  readonly addressSteps: number;
  readonly sourceClass: number;
  readonly destinationClass: number;
  /** Where the headers of a pair stand: a list, below zero a tree. */
  readonly headers: readonly number[];
}

/** Steps and the outcome, loose terms left out. */
export function crossingSteps(crossing: Crossing, source: Words, destination: Words, family: number, fields: Fields) {
  const T = crossing.image;
  const { headers, steps: before, ...lookups } = hitsOf(T, source, destination, family);
  let steps = before;
  let order = T[LAST_ORDER]!;
  const query = new Int32Array(QUERY + 4);
  writeQuery(query, 0, ...fields);
  for (const start of headers) {
    let at = start;
    for (; at < 0; steps++) {
      const test = T[~at]!;
      at = T[~at + 1 + ((test & 0xffff) < fields[test >>> 20]! ? 1 : 0)]!;
    }
    for (;;) {
      steps++;
      if (someHalfAbove(T, at, query, QUERY) === 0) {
        order = Math.min(order, orderOf(T, at));
        break;
      }
      if (isLast(T, at)) break;
      at += RECORD;
    }
  }
  return { ...lookups, steps, order };
}

/** The most steps, behind the address lookups, of packets between any rule's two sets, by their first addresses, and the rules told apart there. */
export function deepestOfCrossing(crossing: Crossing, rules: readonly Rule[]) {
  const T = crossing.image;
  const below = new Map<number, { steps: number; orders: readonly number[] }>();
  let best = { steps: -1, source: 0 as number | bigint, destination: 0 as number | bigint, orders: [] as number[] };
  for (const { subjects, peers } of rules) {
    for (const family of [4, 6] as const) {
      const source = family === 4 ? subjects.v4[0] : subjects.v6[0];
      const destination = family === 4 ? peers.v4[0] : peers.v6[0];
      if (source === undefined || destination === undefined) continue;
      const hits = hitsOf(T, wordsOf(source), wordsOf(destination), family);
      const ways = hits.headers.map(at => {
        if (!below.has(at)) below.set(at, longestBelow(T, at));
        return below.get(at)!;
      });
      const steps = ways.reduce((sum, way) => sum + way.steps, hits.steps - hits.addressSteps);
      if (steps > best.steps) best = { steps, source, destination, orders: ways.flatMap(way => way.orders) };
    }
  }
  const outcomes = [...new Set(best.orders)].sort((a, b) => a - b).map(order => outcomeOf(crossing, order));
  const { steps, source: subject, destination: peer } = best;
  return { steps, subject, peer, rules: outcomes.filter(outcome => outcome >= 0) };
}

function hitsOf(T: Int32Array, source: Words, destination: Words, family: number): Hits {
  const from = findClass(T, SOURCE_SIDE, source, family);
  const to = findClass(T, DESTINATION_SIDE, destination, family);
  const [fromRow, toRow] = [from.row, to.row];
  const headers: number[] = [];
  let steps = from.steps + to.steps;
  for (let word = 0; word < ROW_BITS; word++) {
    const bits = T[fromRow + word]! & T[toRow + word]!;
    steps++;
    for (let bit = 0; bit < 32; bit++) {
      if (((bits >>> bit) & 1) === 0) continue;
      steps++;
      const layers = T[TUPLES + word * 32 + bit]!;
      const row = T[fromRow + (layers & 0xff)]!;
      const slot = T[PAIRS]! + 2 * (row + T[toRow + (layers >>> 8)]!);
      if (T[slot] === row) headers.push(T[slot + 1]!);
    }
  }
  return {
    steps,
    addressSteps: from.steps + to.steps,
    headers,
    sourceClass: classNumber(T, SOURCE_SIDE, fromRow),
    destinationClass: classNumber(T, DESTINATION_SIDE, toRow),
  };
}

/** The row of a host's class by its slot, else what the map says: tables and nodes, IPv6 word by word. */
function findClass(T: Int32Array, side: number, words: Words, family: number) {
  const [a, b, c, d] = [words[0]! | 0, words[1]! | 0, words[2]! | 0, words[3]! | 0];
  const is4 = family === 4;
  const address = is4 ? [a] : [a, b, c, d];
  const hash = is4 ? hashV4(a) : hashV6(a, b, c, d);
  const bucket = T[side + (is4 ? HOSTS4 : HOSTS6)]! + (hash >>> T[side + (is4 ? HOSTS4_SHIFT : HOSTS6_SHIFT)]!);
  const column = hash & T[side + (is4 ? HOSTS4_MASK : HOSTS6_MASK)]!;
  const slot = T[bucket]! + column * (address.length + 1);
  const host = T[slot + address.length]!;
  if (host >= 0 && address.every((word, w) => T[slot + w] === word)) return { row: host, steps: 2 };
  let entry = T[T[side + (is4 ? MAP4 : MAP6)]! + (a >>> T[side + (is4 ? MAP4_SHIFT : MAP6_SHIFT)]!)]!;
  let steps = 3;
  let word = 0;
  while (entry < 0) {
    if ((entry & (1 << 29)) !== 0) word++;
    const value = address[word]!;
    if ((entry & (1 << 30)) === 0) {
      const bits = (value >>> (entry & 31)) & ((2 << ((entry >>> 5) & 7)) - 1);
      entry = T[((entry & 0x1fffff00) >>> 5) + bits]!;
      steps++;
    } else {
      const node = (entry & 0x1fffffff) << 3;
      const low = (value & T[node + 3]!) >>> 0;
      let key = 0;
      for (let i = 0; i < KEYS; i++) key += T[node + i]! >>> 0 <= low ? 1 : 0;
      entry = T[node + 4 + key]!;
      steps += KEYS;
    }
  }
  return { row: entry, steps };
}

const isLast = (T: Int32Array, at: number): boolean => T[at + 3]! < 0;

const orderOf = (T: Int32Array, at: number): number => (T[at + 1]! >>> 16) | (T[at + 3]! & 0x7fff0000);

function longestBelow(T: Int32Array, at: number): { steps: number; orders: readonly number[] } {
  if (at >= 0) {
    const orders: number[] = [];
    for (let record = at; ; record += RECORD) {
      orders.push(orderOf(T, record));
      if (isLast(T, record)) return { steps: orders.length, orders };
    }
  }
  const below = [longestBelow(T, T[~at + 1]!), longestBelow(T, T[~at + 2]!)];
  const longer = below[0]!.steps >= below[1]!.steps ? below[0]! : below[1]!;
  return { steps: longer.steps + 1, orders: longer.orders };
}

function wordsOf(address: number | bigint): number[] {
  if (typeof address === 'number') return [address, 0, 0, 0];
  return [96n, 64n, 32n, 0n].map(shift => Number((address >> shift) & 0xffffffffn));
}
