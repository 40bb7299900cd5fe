/**
 * The keys of the packets that come next, made in one pass (hot).
 *
 * In:  the rows from..to-1.  Out: Table.key filled from its second key on, with hash and side; rows without a key (headers
 * not whole, later fragments, ICMP errors) get side NO_TUPLE, which the tracker refuses or never asks for.
 *
 * TCP and UDP over IPv4 are written here in one piece; everything else takes writeKey(), which is the specification:
 * a property test holds both equal.
 */
import {
  DPORT,
  DST,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  PROTOCOL,
  SPORT,
  SRC,
  STATUS,
  STATUS_OK,
  STRIDE,
} from '../packet/row.js';
import { HIGH, LOW, META, PORTS } from './entry.js';
import { hashKey, hashKeyV4, KEY_HASH, KEY_SIDE, KEY_WORDS, type Table } from './table.js';
import { FROM_EITHER, FROM_HIGH_END, FROM_LOW_END, NO_TUPLE, TCP, UDP, writeKey } from './tuple.js';

/** Comparing signed numbers with the top bit turned compares the unsigned ones. */
const SIGN = 1 << 31;

/** @returns how many keys were written: to - from. */
export const prepareKeys = (table: Table, rows: Int32Array, bytes: Uint8Array, from: number, to: number): number => {
  const { key } = table;
  let at = KEY_WORDS;
  for (let i = from; i < to; i++) {
    const base = i * STRIDE;
    const protocol = rows[base + PROTOCOL]!;
    if (rows[base + STATUS] !== STATUS_OK || (rows[base + FRAGMENT]! & FRAG_LATER) !== 0) {
      key[at + KEY_SIDE] = NO_TUPLE;
    } else if (rows[base + FAMILY] === 4 && (protocol === TCP || protocol === UDP)) {
      writeKeyV4(rows, base, protocol, key, at);
    } else {
      const side = writeKey(rows, base, bytes, key, at);
      key[at + KEY_SIDE] = side;
      if (side !== NO_TUPLE) key[at + KEY_HASH] = hashKey(key, at);
    }
    at += KEY_WORDS;
  }
  return to - from;
};

const writeKeyV4 = (rows: Int32Array, base: number, protocol: number, key: Int32Array, at: number): void => {
  const source = rows[base + SRC]!;
  const destination = rows[base + DST]!;
  const sourcePort = rows[base + SPORT]!;
  const destinationPort = rows[base + DPORT]!;
  let side = FROM_LOW_END;
  if (source !== destination) {
    if ((source ^ SIGN) > (destination ^ SIGN)) side = FROM_HIGH_END;
  } else if (sourcePort === destinationPort) side = FROM_EITHER;
  else if (sourcePort > destinationPort) side = FROM_HIGH_END;
  const low = side === FROM_HIGH_END ? destination : source;
  const high = side === FROM_HIGH_END ? source : destination;
  const ports = side === FROM_HIGH_END ? (destinationPort << 16) | sourcePort : (sourcePort << 16) | destinationPort;
  key[at + LOW] = low;
  key[at + HIGH] = high;
  key[at + PORTS] = ports;
  key[at + META] = protocol;
  key[at + KEY_HASH] = hashKeyV4(protocol, ports, low, high);
  key[at + KEY_SIDE] = side;
};
