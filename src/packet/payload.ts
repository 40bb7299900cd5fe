/**
 * Where a packet's payload begins: behind the header of TCP or UDP (cold).
 *
 * In:  a row whose STATUS is STATUS_OK, and the bytes of its batch.  Out: an offset among these, at most END: the bytes as captured
 * lie between the two, and PAYLOAD says how many there were.
 */
import { END, L4, PROTOCOL } from './row.js';

const TCP = 6;
/** RFC 768. */
const UDP_HEADER = 8;
/** RFC 9293, 3.1: the data offset, in words of four bytes. */
const DATA_OFFSET = 12;

export function payloadAt(bytes: Uint8Array, rows: Int32Array, base: number): number {
  const l4 = rows[base + L4]!;
  const header = rows[base + PROTOCOL] === TCP ? (bytes[l4 + DATA_OFFSET]! >> 4) * 4 : UDP_HEADER;
  return Math.min(rows[base + END]!, l4 + header);
}
