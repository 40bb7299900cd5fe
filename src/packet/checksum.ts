/**
 * Checksums, verified as Linux's connection tracking does (nf_conntrack_checksum).
 *
 * In:  the row of a packet with STATUS_OK.  Out: whether one of its checksums is wrong. What the capture cut, and the
 * transport checksum of a fragment, cannot be verified and counts as right.
 *
 * - IPv4 header: always (Linux drops such a packet before connection tracking sees it).
 * - TCP, UDP, UDP-Lite, ICMPv6: over the pseudo-header of the IP addresses in the header and all bytes of the IP payload,
 *   UDP-Lite over its coverage (RFC 3828; 0 is not allowed there). A UDP checksum of 0 is none, in both families.
 * - ICMP: over the message.  SCTP: CRC32c (RFC 9260 section 6.8).
 */
import {
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDP_LITE,
} from './packet.js';
import { END, FAMILY, FLAG_CUT, FLAGS, FRAG_LATER, FRAG_MORE, FRAGMENT, L3, L4, PROTOCOL } from './row.js';

const IPV4_SOURCE = 12;
const IPV6_SOURCE = 8;
const UDP_CHECKSUM = 6;
const UDP_LITE_COVERAGE = 4;
const SCTP_CHECKSUM = 8;

export function hasBadChecksum(view: DataView, rows: Int32Array, base: number): boolean {
  const l3 = rows[base + L3]!;
  const at = rows[base + L4]!;
  const isIpv4 = rows[base + FAMILY] === 4;
  if (isIpv4 && complement(sum(view, l3, l3 + ((view.getUint8(l3) & 15) << 2))) !== 0) return true;
  if ((rows[base + FLAGS]! & FLAG_CUT) !== 0 || (rows[base + FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) !== 0) return false;
  const end = rows[base + END]!;
  const protocol = rows[base + PROTOCOL]!;
  switch (protocol) {
    case PROTOCOL_UDP:
      if (view.getUint16(at + UDP_CHECKSUM) === 0) return false;
      return complement(pseudo(view, l3, isIpv4, protocol, end - at) + sum(view, at, end)) !== 0;
    case PROTOCOL_TCP:
    case PROTOCOL_ICMPV6:
      return complement(pseudo(view, l3, isIpv4, protocol, end - at) + sum(view, at, end)) !== 0;
    case PROTOCOL_UDP_LITE: {
      if (view.getUint16(at + UDP_CHECKSUM) === 0) return true;
      const coverage = view.getUint16(at + UDP_LITE_COVERAGE);
      const covered = coverage === 0 ? end : at + coverage;
      // Linux takes UDP's number into the pseudo-header, not UDP-Lite's: a right checksum is wrong to it.
      return complement(pseudo(view, l3, isIpv4, PROTOCOL_UDP, end - at) + sum(view, at, covered)) !== 0;
    }
    case PROTOCOL_ICMP:
      return complement(sum(view, at, end)) !== 0;
    case PROTOCOL_SCTP:
      return crc32c(view, at, end) !== view.getUint32(at + SCTP_CHECKSUM, true);
    default:
      return false;
  }
}

/** Sum of the 16-bit words, an odd last byte padded with zero (RFC 1071). Below 2^53 for any frame. */
function sum(view: DataView, from: number, to: number): number {
  let total = 0;
  let at = from;
  for (; at + 2 <= to; at += 2) total += view.getUint16(at);
  return at < to ? total + (view.getUint8(at) << 8) : total;
}

/** Addresses, protocol and length (RFC 9293 section 3.1, RFC 8200 section 8.1). */
function pseudo(view: DataView, l3: number, isIpv4: boolean, protocol: number, length: number): number {
  const addresses = isIpv4
    ? sum(view, l3 + IPV4_SOURCE, l3 + IPV4_SOURCE + 8)
    : sum(view, l3 + IPV6_SOURCE, l3 + IPV6_SOURCE + 32);
  return addresses + protocol + (length >>> 16) + (length & 0xffff);
}

/** The sum folded to 16 bits and inverted: 0 over bytes that hold their own right checksum. */
function complement(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return 0xffff - folded;
}

const CASTAGNOLI_REVERSED = 0x82f63b78;
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ CASTAGNOLI_REVERSED : crc >>> 1;
  return crc;
});

/** Over an SCTP packet with its checksum field taken as zero. */
function crc32c(view: DataView, from: number, to: number): number {
  let crc = -1;
  for (let at = from; at < to; at++) {
    const inChecksum = at >= from + SCTP_CHECKSUM && at < from + SCTP_CHECKSUM + 4;
    crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ (inChecksum ? 0 : view.getUint8(at))) & 255]!;
  }
  return ~crc >>> 0;
}
