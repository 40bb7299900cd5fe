/**
 * Connections that were known, beside and beyond the connection table (what-if mode).
 *
 * Two kinds of packets ask here. A SYN-ACK, FIN or RST whose beginning the capture does not show, an ICMP reply without
 * its query, SCTP without its INIT: the kernel's table begins nothing with them, yet they belong together and count as one
 * connection. And packets from the middle of a connection whose entry is gone, expired (of a connection seen in one
 * direction after two minutes), evicted or ended by a reset: it is the connection it was. The same memory, kept apart,
 * tells which answers belong to packets that were dropped as invalid.
 *
 * In:  rows.  Out: a record a pair of ends, the same for both directions.  Fixed memory: an older connection in the same
 * place goes. Called once a connection and for strays, never for packets of tracked connections.
 */
import { DPORT, DST, FAMILY, ICMP_ID, PROTOCOL, SPORT, SRC } from '../packet/row.js';

/** Records; a power of two. */
const RECORDS = 1 << 14;
const KEY = 11;

export interface Strays {
  /** The record of the row's two ends, or -1. */
  find(rows: Int32Array, base: number): number;
  /** A new record for them. */
  add(rows: Int32Array, base: number): number;
  /** After find() or add(): the row's source is the end that the record calls low. */
  fromLow(): boolean;
  /** What the judge keeps: the decision, the connection's number, the packet that opened it, marks of its own. */
  readonly decision: Int32Array;
  readonly connection: Int32Array;
  readonly opened: Int32Array;
  readonly marks: Uint8Array;
}

export function createStrays(): Strays {
  const keys = new Int32Array(RECORDS * KEY);
  const used = new Uint8Array(RECORDS);
  const key = new Int32Array(KEY);
  let low = false;

  /** Writes `key`, the smaller end first, and answers its place. */
  function place(rows: Int32Array, base: number): number {
    const reversed = compareEnds(rows, base) > 0;
    low = !reversed;
    const [from, to] = reversed ? [DST, SRC] : [SRC, DST];
    for (let word = 0; word < 4; word++) {
      key[word] = rows[base + from + word]!;
      key[4 + word] = rows[base + to + word]!;
    }
    key[8] = rows[base + (reversed ? DPORT : SPORT)]!;
    key[9] = rows[base + (reversed ? SPORT : DPORT)]!;
    key[10] = (rows[base + FAMILY]! << 24) | (rows[base + PROTOCOL]! << 16) | rows[base + ICMP_ID]!;
    let hash = 0;
    for (let word = 0; word < KEY; word++) hash = Math.imul(hash ^ key[word]!, 0x9e3779b1) ^ (hash >>> 13);
    return (hash ^ (hash >>> 16)) & (RECORDS - 1);
  }

  const holds = (at: number): boolean => {
    if (used[at] === 0) return false;
    for (let word = 0; word < KEY; word++) if (keys[at * KEY + word] !== key[word]) return false;
    return true;
  };

  return {
    decision: new Int32Array(RECORDS),
    connection: new Int32Array(RECORDS),
    opened: new Int32Array(RECORDS),
    marks: new Uint8Array(RECORDS),
    fromLow: () => low,
    find(rows, base) {
      const at = place(rows, base);
      return holds(at) ? at : -1;
    },
    add(rows, base) {
      const at = place(rows, base);
      keys.set(key, at * KEY);
      used[at] = 1;
      return at;
    },
  };
}

/** Orders the two ends of a packet, so that both directions have one key. */
function compareEnds(rows: Int32Array, base: number): number {
  for (let word = 0; word < 4; word++) {
    const order = rows[base + SRC + word]! - rows[base + DST + word]!;
    if (order !== 0) return order;
  }
  return rows[base + SPORT]! - rows[base + DPORT]!;
}
