/**
 * ICMP (RFC 792, 950) and ICMPv6 (RFC 4443, 4620).
 *
 * In:  a message from its type on (shape: next.ts; PAYLOAD holds the bytes behind the IP headers).
 * Out: a STATUS_ value; ICMP_TYPE, ICMP_CODE, ICMP_ID (query messages) and PAYLOAD (behind the eight-byte header).
 * Linux's connection tracking takes no message below eight bytes, so none is whole here.
 */
import { shortStatus } from './next.js';
import { ICMP_CODE, ICMP_ID, ICMP_TYPE, PAYLOAD, STATUS_OK } from './row.js';

const TYPE = 0;
const CODE = 1;
const IDENTIFIER = 4;
const HEADER = 8;

const ECHO_REPLY = 0;
const ECHO = 8;
const TIMESTAMP = 13;
const ADDRESS_MASK_REPLY = 18;

const ECHO_REQUEST_V6 = 128;
const ECHO_REPLY_V6 = 129;
/** Node information (RFC 4620): its query type stands where echo has the identifier, and pairs query and reply too. */
const NODE_QUERY = 139;
const NODE_REPLY = 140;

export function icmp(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return shortStatus(at + HEADER, wire);
  const type = view.getUint8(at + TYPE);
  rows[base + ICMP_TYPE] = type;
  rows[base + ICMP_CODE] = view.getUint8(at + CODE);
  // 13 to 18: timestamp, information and address mask, each a request and its reply.
  if (type === ECHO_REPLY || type === ECHO || (type >= TIMESTAMP && type <= ADDRESS_MASK_REPLY))
    rows[base + ICMP_ID] = view.getUint16(at + IDENTIFIER);
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - HEADER;
  return STATUS_OK;
}

export function icmpv6(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return shortStatus(at + HEADER, wire);
  const type = view.getUint8(at + TYPE);
  rows[base + ICMP_TYPE] = type;
  rows[base + ICMP_CODE] = view.getUint8(at + CODE);
  if (type === ECHO_REQUEST_V6 || type === ECHO_REPLY_V6 || type === NODE_QUERY || type === NODE_REPLY)
    rows[base + ICMP_ID] = view.getUint16(at + IDENTIFIER);
  rows[base + PAYLOAD] = rows[base + PAYLOAD]! - HEADER;
  return STATUS_OK;
}
