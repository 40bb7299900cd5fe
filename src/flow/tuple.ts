/**
 * Packet row -> the key of its connection and the side it comes from (hot).
 *
 * A connection is its two addresses, its protocol, and: ports (TCP, UDP, UDP-Lite, SCTP), identifier, type and code (ICMP
 * requests and their replies), call number (PPTP's GRE), nothing else (every other protocol). Both directions make the same
 * key: the lower end (address, then port) stands first; for ICMP, the requester.
 */
import { DPORT, DST, END, FAMILY, ICMP_CODE, ICMP_TYPE, L4, PROTOCOL, SPORT, SRC } from '../packet/row.js';
import { HIGH, KEY_TAIL, KIND_IPV6, LOW, META, PORTS } from './entry.js';

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const GRE = 47;
export const ICMPV6 = 58;
export const NO_NEXT_HEADER = 59;
export const SCTP = 132;
export const UDP_LITE = 136;

/** From which side of the key the packet comes. */
export const FROM_LOW_END = 0;
export const FROM_HIGH_END = 1;
/** Both ends are the same: the direction cannot be told from the packet. */
export const FROM_EITHER = 2;
/** No key: an ICMP message that is neither a request nor a reply. */
export const NO_TUPLE = -1;

/** Request type by the type of a request or its reply, + 1; 0 for others. Index: ICMP type, or 256 + ICMPv6 type. */
export const REQUEST_OF = new Uint8Array(512);
for (const [request, reply] of [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [256 + 128, 256 + 129],
  [256 + 139, 256 + 140],
] as const) {
  REQUEST_OF[request] = (request & 255) + 1;
  REQUEST_OF[reply] = (request & 255) + 1;
}

/** Whether (protocol, type) opens a connection: echo, timestamp, information, address mask; ICMPv6 echo, node query. */
export const isRequest = (protocol: number, type: number): boolean =>
  REQUEST_OF[(protocol === ICMPV6 ? 256 : 0) + type] === type + 1;

/** Which end of the row's connection stands first: FROM_LOW_END where the source does. */
export const compareEnds = (rows: Int32Array, base: number, sourcePort: number, destinationPort: number): number => {
  for (let w = 0; w < 4; w++) {
    const source = rows[base + SRC + w]! >>> 0;
    const destination = rows[base + DST + w]! >>> 0;
    if (source !== destination) return source < destination ? FROM_LOW_END : FROM_HIGH_END;
  }
  if (sourcePort === destinationPort) return FROM_EITHER;
  return sourcePort < destinationPort ? FROM_LOW_END : FROM_HIGH_END;
};

/** Writes both addresses at key[of]; `low` and `high` are where they stand in `rows`. */
export const writeEnds = (rows: Int32Array, low: number, high: number, key: Int32Array, of: number): void => {
  key[of + LOW] = rows[low]!;
  key[of + HIGH] = rows[high]!;
  for (let w = 0; w < 3; w++) {
    key[of + KEY_TAIL + w] = rows[low + 1 + w]!;
    key[of + KEY_TAIL + 3 + w] = rows[high + 1 + w]!;
  }
};

/**
 * Writes the key of the row's connection at key[of].
 * @returns FROM_LOW_END, FROM_HIGH_END, FROM_EITHER or NO_TUPLE. ICMP: a request comes from the low end, a reply from the high.
 */
export const writeKey = (rows: Int32Array, base: number, bytes: Uint8Array, key: Int32Array, of: number): number => {
  const protocol = rows[base + PROTOCOL]!;
  key[of + META] = protocol | (rows[base + FAMILY] === 6 ? KIND_IPV6 : 0);
  let sourcePort = 0;
  let destinationPort = 0;
  if (protocol === TCP || protocol === UDP || protocol === SCTP || protocol === UDP_LITE) {
    sourcePort = rows[base + SPORT]!;
    destinationPort = rows[base + DPORT]!;
  } else if (protocol === ICMP || protocol === ICMPV6) {
    return writeIcmpKey(rows, base, bytes, key, of);
  } else if (protocol === GRE) {
    // Version 1 (RFC 2637): the call number of the receiving end; the sender's own is not in the packet.
    const at = rows[base + L4]!;
    if (at + 8 <= rows[base + END]! && (bytes[at + 1]! & 7) === 1) {
      // Linux knows version 1 with PPP inside only.
      if (bytes[at + 2] !== 0x88 || bytes[at + 3] !== 0x0b) return NO_TUPLE;
      destinationPort = (bytes[at + 6]! << 8) | bytes[at + 7]!;
    }
  }
  const side = compareEnds(rows, base, sourcePort, destinationPort);
  if (side === FROM_HIGH_END) {
    writeEnds(rows, base + DST, base + SRC, key, of);
    key[of + PORTS] = (destinationPort << 16) | sourcePort;
  } else {
    writeEnds(rows, base + SRC, base + DST, key, of);
    key[of + PORTS] = (sourcePort << 16) | destinationPort;
  }
  return side;
};

const writeIcmpKey = (rows: Int32Array, base: number, bytes: Uint8Array, key: Int32Array, of: number): number => {
  const type = rows[base + ICMP_TYPE]!;
  const v6 = rows[base + PROTOCOL] === ICMPV6;
  const request = REQUEST_OF[(v6 ? 256 : 0) + type]! - 1;
  // ICMP in IPv6 and ICMPv6 in IPv4 are nobody's.
  if (request < 0 || v6 !== (rows[base + FAMILY] === 6)) return NO_TUPLE;
  const at = rows[base + L4]!;
  const identifier = (bytes[at + 4]! << 8) | bytes[at + 5]!;
  key[of + PORTS] = (identifier << 16) | (request << 8) | rows[base + ICMP_CODE]!;
  if (type === request) {
    writeEnds(rows, base + SRC, base + DST, key, of);
    return FROM_LOW_END;
  }
  writeEnds(rows, base + DST, base + SRC, key, of);
  return FROM_HIGH_END;
};
