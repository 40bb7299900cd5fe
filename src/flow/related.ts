/**
 * ICMP errors: which connection is one about? (hot)
 *
 * In:  an ICMP or ICMPv6 error's row and bytes.  Out: the slot of the connection it quotes, or -1.
 * The quote may be short: the IP header and the first 4 bytes behind it (the ports) are enough, 8 where the quote is ICMP.
 * An error goes back to whoever sent the quoted packet: to anyone else it is not related.
 */

import { parseQuoted } from '../packet/quoted.js';
import {
  DST,
  END,
  FAMILY,
  FRAG_LATER,
  FRAGMENT,
  ICMP_CODE,
  L4,
  SRC,
  STATUS,
  STATUS_OK,
  STRIDE,
  TTL,
} from '../packet/row.js';
import type { Table } from './table.js';
import { NO_TUPLE, writeKey } from './tuple.js';

/** The quote begins behind the error's type, code, checksum and one word. */
const ERROR_HEADER = 8;
/** ICMPv6 redirect (RFC 4861, 4.5): header, two addresses, then options of (type, length in 8 bytes, ...). */
const REDIRECT_HEADER = 40;
const OPTION_REDIRECTED = 4;
const OPTION_HEADER = 8;

/** The row of the quoted packet, written over by every call. */
const quoted = new Int32Array(STRIDE);

const sameAddress = (a: Int32Array, i: number, b: Int32Array, j: number): boolean =>
  a[i] === b[j] && a[i + 1] === b[j + 1] && a[i + 2] === b[j + 2] && a[i + 3] === b[j + 3];

/** @param offset where the quoted packet begins in `bytes`. */
const findAt = (table: Table, rows: Int32Array, base: number, bytes: Uint8Array, offset: number): number => {
  parseQuoted(bytes, offset, rows[base + END]!, rows[base + FAMILY]!, quoted, 0);
  if (quoted[STATUS] !== STATUS_OK || quoted[FAMILY] !== rows[base + FAMILY]) return -1;
  if ((quoted[FRAGMENT]! & FRAG_LATER) !== 0 || !sameAddress(rows, base + DST, quoted, SRC)) return -1;
  return writeKey(quoted, 0, bytes, table.key, 0) === NO_TUPLE ? -1 : table.find();
};

/** ICMP and ICMPv6 errors. */
export const findRelated = (table: Table, rows: Int32Array, base: number, bytes: Uint8Array): number =>
  findAt(table, rows, base, bytes, rows[base + L4]! + ERROR_HEADER);

/** ICMPv6 redirects, from a neighbour's link-local address only. */
export const findRedirected = (table: Table, rows: Int32Array, base: number, bytes: Uint8Array): number => {
  const options = rows[base + L4]! + REDIRECT_HEADER;
  if (rows[base + TTL] !== 255 || rows[base + SRC]! >>> 22 !== 0xfe80 >>> 6 || rows[base + ICMP_CODE] !== 0) return -1;
  if (options + OPTION_HEADER > rows[base + END]! || bytes[options] !== OPTION_REDIRECTED || bytes[options + 1] === 0)
    return -1;
  return findAt(table, rows, base, bytes, options + OPTION_HEADER);
};
