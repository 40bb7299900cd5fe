/**
 * DCCP's generic header (RFC 4340 section 5.1): ports, and whether its data offset makes sense.
 *
 * In:  a packet from its source port on (shape: next.ts; PAYLOAD holds the bytes behind the IP headers).
 * Out: a STATUS_ value; SPORT, DPORT and PAYLOAD in the row.
 */
import { shortStatus } from './next.js';
import { ports } from './ports.js';
import { DPORT, PAYLOAD, SPORT, STATUS_MALFORMED, STATUS_OK } from './row.js';

const SOURCE_PORT = 0;
const DESTINATION_PORT = 2;
const DATA_OFFSET = 4;
const TYPE_X = 8;
/** Generic header with 24-bit (X = 0) and with 48-bit (X = 1) sequence numbers. */
const HEADER = 12;
const LONG_HEADER = 16;

export function dccp(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) {
    ports(view, at, end, rows, base);
    return shortStatus(at + HEADER, wire);
  }
  rows[base + SPORT] = view.getUint16(at + SOURCE_PORT);
  rows[base + DPORT] = view.getUint16(at + DESTINATION_PORT);
  const header = view.getUint8(at + DATA_OFFSET) << 2;
  const least = (view.getUint8(at + TYPE_X) & 1) === 1 ? LONG_HEADER : HEADER;
  if (header < least || at + header > wire) return STATUS_MALFORMED;
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - header;
  return at + header > end ? shortStatus(at + header, wire) : STATUS_OK;
}
