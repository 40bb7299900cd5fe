/**
 * IPv4 (RFC 791): header, options, fragments.
 *
 * In:  a packet from its version nibble on (shape: next.ts).  Out: a STATUS_ value; FAMILY, PROTOCOL, SRC, DST, TTL,
 * IP_ID, FRAGMENT, L3, L4, END, PAYLOAD (all bytes behind the IP header by its word) and FLAG_EXTENSIONS in the row.
 */
import { shortStatus } from './next.js';
import {
  DST,
  END,
  FAMILY,
  FLAG_EXTENSIONS,
  FLAGS,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  IP_ID,
  L4,
  PAYLOAD,
  PROTOCOL,
  SRC,
  STATUS_MALFORMED,
  STATUS_OK,
  TTL,
} from './row.js';

const VERSION_LENGTH = 0;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FLAGS_OFFSET = 6;
const TIME_TO_LIVE = 8;
const UPPER = 9;
const SOURCE = 12;
const DESTINATION = 16;
const HEADER = 20;

const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;

/** Ethernet's smallest payload: up to here the bytes behind a packet may be padding. */
export const MIN_ETHERNET_PAYLOAD = 46;

export function ipv4(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return shortStatus(at + HEADER, wire);
  const first = view.getUint8(at + VERSION_LENGTH);
  const header = (first & 15) << 2;
  if (first >>> 4 !== 4 || header < HEADER) return STATUS_MALFORMED;
  ipv4Fields(view, at, rows, base);
  let length = view.getUint16(at + TOTAL_LENGTH);
  // A sender that leaves segmentation to the network card captures packets before their length is filled in (and above
  // 65,535 bytes it does not fit): 0 then means "to the end of the frame", as the kernel itself reads it. Such a packet
  // is never as small as a padded frame, so a small one with length 0 is what it looks like: wrong.
  if (length === 0 && wire - at > MIN_ETHERNET_PAYLOAD) length = wire - at;
  const stop = at + length;
  if (length < header || stop > wire) return STATUS_MALFORMED;
  rows[base + END] = stop < end ? stop : end;
  rows[base + PAYLOAD] = length - header;
  if (header > HEADER) {
    rows[base + FLAGS] = FLAG_EXTENSIONS;
    if (at + header > end) return shortStatus(at + header, wire);
  }
  return STATUS_OK;
}

/** The fields of 20 bytes that are there, into the row. */
export function ipv4Fields(view: DataView, at: number, rows: Int32Array, base: number): void {
  rows[base + FAMILY] = 4;
  rows[base + PROTOCOL] = view.getUint8(at + UPPER);
  rows[base + SRC] = view.getInt32(at + SOURCE);
  rows[base + DST] = view.getInt32(at + DESTINATION);
  rows[base + TTL] = view.getUint8(at + TIME_TO_LIVE);
  rows[base + IP_ID] = view.getUint16(at + IDENTIFICATION);
  rows[base + L4] = at + ((view.getUint8(at + VERSION_LENGTH) & 15) << 2);
  const fragment = view.getUint16(at + FLAGS_OFFSET);
  const offset = fragment & OFFSET_MASK;
  rows[base + FRAGMENT] =
    (offset << 4) | ((fragment & MORE_FRAGMENTS) === 0 ? 0 : FRAG_MORE) | (offset === 0 ? 0 : FRAG_LATER);
}
