/**
 * UDP (RFC 768) and UDP-Lite (RFC 3828).
 *
 * In:  a datagram from its source port on (shape: next.ts; PAYLOAD holds the bytes behind the IP headers).
 * Out: a STATUS_ value; SPORT, DPORT and PAYLOAD in the row.
 */
import { OPEN_END } from './ipv6.js';
import { shortStatus } from './next.js';
import { ports } from './ports.js';
import { DPORT, PAYLOAD, SPORT, STATUS_MALFORMED, STATUS_OK } from './row.js';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
/** UDP: the datagram's length. UDP-Lite: how many bytes the checksum covers. */
const LENGTH = 4;
const HEADER = 8;
const MAX_LENGTH = 65535;

export function udp(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) {
    ports(view, at, end, rows, base);
    return shortStatus(at + HEADER, wire);
  }
  rows[base + SPORT] = view.getUint16(at + SOURCE_PORT);
  rows[base + DPORT] = view.getUint16(at + DESTINATION_PORT);
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - HEADER;
  const length = view.getUint16(at + LENGTH);
  if (length < HEADER) {
    // Above 65,535 bytes the length does not fit and is 0 (RFC 2675 section 4; segmentation offload writes the same).
    return length === 0 && wire - at > MAX_LENGTH && wire !== OPEN_END ? STATUS_OK : STATUS_MALFORMED;
  }
  return at + length > wire ? STATUS_MALFORMED : STATUS_OK;
}

export function udpLite(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) {
    ports(view, at, end, rows, base);
    return shortStatus(at + HEADER, wire);
  }
  rows[base + SPORT] = view.getUint16(at + SOURCE_PORT);
  rows[base + DPORT] = view.getUint16(at + DESTINATION_PORT);
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - HEADER;
  const coverage = view.getUint16(at + LENGTH);
  return coverage === 0 || (coverage >= HEADER && at + coverage <= wire) ? STATUS_OK : STATUS_MALFORMED;
}
