/**
 * Connections that were known, beside and beyond the connection table (what-if mode; hot).
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
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { DPORT, DST, FAMILY, ICMP_ID, PROTOCOL, SPORT, SRC } from '../packet/row.js';

/** Records, a power of two, and words of each: a line of the cache. */
export const RECORDS = 1 << 14;
export const RECORD = 16;
/** The words that a record is found by: both ends, the smaller one first, the ports, what else tells connections apart. */
const KEY = 11;
export const LOW_PORT = 8;
export const HIGH_PORT = 9;
export const KIND = 10;
/** What the judge keeps: the decision, the connection's number, the packet that opened it, marks of its own. */
export const STRAY_DECISION = 11;
export const STRAY_CONNECTION = 12;
export const STRAY_OPENED = 13;
export const STRAY_MARKS = 14;
/** STRAY_MARKS: the initiator is the end that the record calls low. */
export const INITIATOR_LOW = 1;
export const MIDSTREAM = 2;
export const TRANSLATED = 4;
/** And of ICMP the type and the code of the query, in a byte each. */
export const TYPE_SHIFT = 8;
export const TYPE_CODE_SHIFT = 16;
/** The record holds something. */
export const USED = 15;

/** Strays.side: whether the source of the row asked for last is the end that the record calls low. */
const FROM_LOW = 0;

export class Strays {
  /** Record r stands at r * 16; its STRAY_ words are the caller's. */
  readonly records: Int32Array;
  private readonly key: Int32Array;
  private readonly side: Int32Array;

  constructor(memory: Memory = OWN_MEMORY) {
    this.records = memory.int32(RECORDS * RECORD);
    this.key = memory.int32(KEY);
    this.side = memory.int32(1);
  }

  /** After find() or add(): the row's source is the end that the record calls low. */
  get fromLow(): boolean {
    return this.side[FROM_LOW] === 1;
  }

  /** @returns where the record of the row's two ends begins, or -1. */
  find(rows: Int32Array, base: number): number {
    const { records, key } = this;
    const at = this.place(rows, base);
    if (records[at + USED] === 0) return -1;
    for (let word = 0; word < KEY; word++) if (records[at + word] !== key[word]) return -1;
    return at;
  }

  /** A new record for them. @returns where it begins */
  add(rows: Int32Array, base: number): number {
    const { records, key } = this;
    const at = this.place(rows, base);
    for (let word = 0; word < KEY; word++) records[at + word] = key[word]!;
    records[at + USED] = 1;
    return at;
  }

  /** Writes `key` and answers its place. */
  private place(rows: Int32Array, base: number): number {
    const { key } = this;
    const reversed = isSourceAbove(rows, base);
    this.side[FROM_LOW] = reversed ? 0 : 1;
    const from = reversed ? DST : SRC;
    const to = reversed ? SRC : DST;
    for (let word = 0; word < 4; word++) {
      key[word] = rows[base + from + word]!;
      key[4 + word] = rows[base + to + word]!;
    }
    key[LOW_PORT] = reversed ? rows[base + DPORT]! : rows[base + SPORT]!;
    key[HIGH_PORT] = reversed ? rows[base + SPORT]! : rows[base + DPORT]!;
    key[KIND] = (rows[base + FAMILY]! << 24) | (rows[base + PROTOCOL]! << 16) | rows[base + ICMP_ID]!;
    let hash = 0;
    for (let word = 0; word < KEY; word++) hash = Math.imul(hash ^ key[word]!, 0x9e3779b1) ^ (hash >>> 13);
    return ((hash ^ (hash >>> 16)) & (RECORDS - 1)) * RECORD;
  }
}

/** Orders the two ends of a packet, so that both directions have one key. */
const isSourceAbove = (rows: Int32Array, base: number): boolean => {
  for (let word = 0; word < 4; word++) {
    const source = rows[base + SRC + word]!;
    const destination = rows[base + DST + word]!;
    if (source !== destination) return source > destination;
  }
  return rows[base + SPORT]! > rows[base + DPORT]!;
};
