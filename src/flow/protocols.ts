/**
 * Every protocol but TCP and UDP: a packet of a connection -> what becomes of it (hot).
 *
 * In:  the entry's words at `at`, the packet's direction in the connection, its row and bytes.
 * Out: the entry's timeout from now on in milliseconds, or an outcome below zero (outcome.ts).
 */
import { L4 } from '../packet/row.js';
import { grePacket } from './generic.js';
import { REFUSED } from './outcome.js';
import { sctpPacket } from './sctp.js';
import { TIMEOUT_GENERIC, TIMEOUT_ICMP, TIMEOUT_ICMPV6 } from './timeouts.js';
import { INVALID_HEADER } from './tracker.js';
import { GRE, ICMP, ICMPV6, SCTP, UDP_LITE } from './tuple.js';
import { udpLitePacket, udpLiteValid } from './udp.js';

/** @cold */
export function protocolPacket(
  protocol: number,
  words: Int32Array,
  at: number,
  direction: number,
  rows: Int32Array,
  base: number,
  bytes: Uint8Array,
  timeouts: Int32Array,
): number {
  switch (protocol) {
    case ICMP:
      return timeouts[TIMEOUT_ICMP]!;
    case ICMPV6:
      return timeouts[TIMEOUT_ICMPV6]!;
    case SCTP:
      return sctpPacket(words, at, direction, rows, base, bytes, timeouts);
    case GRE:
      return grePacket(words, at, timeouts);
    case UDP_LITE:
      return udpLiteValid(bytes, rows[base + L4]!) ? udpLitePacket(words, at, timeouts) : REFUSED - INVALID_HEADER;
    default:
      return timeouts[TIMEOUT_GENERIC]!;
  }
}
