/**
 * SCTP's common header (RFC 9260 section 3.1); the chunks behind it are read by the connection tracking.
 *
 * In:  a packet from its source port on (shape: next.ts; PAYLOAD holds the bytes behind the IP headers).
 * Out: a STATUS_ value; SPORT, DPORT, TAG (verification tag) and PAYLOAD (the chunks' bytes) in the row.
 */
import { shortStatus } from './next.js';
import { ports } from './ports.js';
import { DPORT, PAYLOAD, SPORT, STATUS_OK, TAG } from './row.js';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const VERIFICATION_TAG = 4;
const HEADER = 12;

export function sctp(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) {
    ports(view, at, end, rows, base);
    return shortStatus(at + HEADER, wire);
  }
  rows[base + SPORT] = view.getUint16(at + SOURCE_PORT);
  rows[base + DPORT] = view.getUint16(at + DESTINATION_PORT);
  rows[base + TAG] = view.getInt32(at + VERIFICATION_TAG);
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - HEADER;
  return STATUS_OK;
}
