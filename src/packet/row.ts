/**
 * A parsed packet is one row of an Int32Array: what the parser writes, and all that flow, tree and verdict read.
 *
 * Contract (hot): STRIDE words a packet; word W of packet i is rows[i * STRIDE + W]. Every word is written for every
 * packet (0 where it does not apply), so rows are reused without clearing. Unsigned 32-bit values (addresses, sequence
 * numbers) are read with `>>> 0`. All values are in host order: 10.0.1.2 is 0x0a000102, port 80 is 80.
 * Where a tunnel is opened the row describes the inner packet; OUTER_L3 says where the outer one begins.
 */

export const STRIDE = 32;

/** One of the STATUS_ values. */
export const STATUS = 0;
/** 4 or 6; 0 where STATUS is STATUS_NOT_IP or the network header could not be read. */
export const FAMILY = 1;
/** The upper-layer protocol number after all IPv6 extension headers (IANA), -1 where it could not be read. */
export const PROTOCOL = 2;
/** Source address: IPv4 in the first word (the others 0), IPv6 in four words, most significant first. */
export const SRC = 3;
export const DST = 7;
/** TCP, UDP, UDP-Lite, SCTP, DCCP ports; 0 elsewhere and in fragments other than the first. */
export const SPORT = 11;
export const DPORT = 12;
/** ICMP and ICMPv6: type, code, and the identifier of query messages (echo, timestamp, information, address mask). */
export const ICMP_TYPE = 13;
export const ICMP_CODE = 14;
export const ICMP_ID = 15;
/** TCP: the low eight flag bits (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128). */
export const TCP_FLAGS = 16;
export const TCP_SEQ = 17;
export const TCP_ACK = 18;
/** Unscaled, 0..65535. */
export const TCP_WINDOW = 19;
/** Bits 0-7: window scale shift + 1 (0 = option absent); bit 8: SACK permitted; bit 9: options are malformed or cut. */
export const TCP_OPTIONS = 20;
/** The highest right edge of the SACK blocks; meaningful when bit 10 of TCP_OPTIONS is set. */
export const TCP_SACK = 21;
/** Bytes of payload after the transport header by the IP header's word (TCP: segment length without SYN and FIN). */
export const PAYLOAD = 22;
/** FRAG_ bits and, from bit 4 on, the fragment's offset in units of 8 bytes. 0 = not a fragment. */
export const FRAGMENT = 23;
/** IPv4 identification (16 bits) or the IPv6 fragment header's (32 bits). */
export const IP_ID = 24;
/** Byte offsets in FrameBatch.bytes: network header, transport header (or first byte after the IP headers), end of the
 *  IP packet as captured (exclusive; never beyond the frame). */
export const L3 = 25;
export const L4 = 26;
export const END = 27;
/** Byte offset of the outermost network header where a tunnel was opened, else -1. */
export const OUTER_L3 = 28;
/** Bit set of the FLAG_ values. */
export const FLAGS = 29;
/** IPv4 TTL or IPv6 hop limit. */
export const TTL = 30;
/** SCTP verification tag; GRE key (0 without); AH and ESP SPI. */
export const TAG = 31;

/** Headers are whole and consistent up to and with the transport header. */
export const STATUS_OK = 0;
/** ARP, LLDP, an unknown EtherType or link type: nothing for an L3/L4 filter. */
export const STATUS_NOT_IP = 1;
/** The capture's snap length (or a cut quote) ends before the headers do: the packet itself may be fine. */
export const STATUS_TRUNCATED = 2;
/** The packet contradicts itself (header length below the minimum, total length beyond the frame's own length on the
 *  wire, an extension header longer than the packet, a TCP data offset below 5 ...). */
export const STATUS_MALFORMED = 3;
/** Of another share of a divided capture point, and nothing of this share hangs on it: it stays without a verdict
 *  (verdict/share.ts). Those on which something may hang, copies and fragments, have FLAG_FOREIGN alone. */
export const STATUS_FOREIGN = 4;

/** FRAGMENT: more fragments follow. */
export const FRAG_MORE = 1;
/** FRAGMENT: not the first fragment (offset > 0): no transport header here. */
export const FRAG_LATER = 2;
/** FRAGMENT: an IPv6 fragment header with offset 0 and no more fragments (RFC 6946): whole, not a fragment. */
export const FRAG_ATOMIC = 4;

/** TCP_OPTIONS bits. */
export const OPTION_SACK_PERMITTED = 0x100;
export const OPTION_MALFORMED = 0x200;
export const OPTION_SACK = 0x400;

/** A copy of a packet seen already on another interface; judged once (packet/duplicates.ts). */
export const FLAG_DUPLICATE = 1;
/** The IPv6 chain holds an AH header / the packet holds IPv4 options or IPv6 extension headers. */
export const FLAG_AUTH_HEADER = 2;
export const FLAG_EXTENSIONS = 4;
/** Checksums were verified and one is wrong (only with verification on). */
export const FLAG_BAD_CHECKSUM = 8;
/** The frame was cut by the snap length behind the transport header: payload bytes are missing, headers are whole. */
export const FLAG_CUT = 16;
/** Encrypted tunnel seen from outside (WireGuard, ESP): the inner traffic stays dark. */
export const FLAG_DARK = 32;
/** Of another share of a divided capture point (verdict/share.ts). */
export const FLAG_FOREIGN = 64;

/** A batch of rows, parallel to a FrameBatch. */
export interface PacketBatch {
  count: number;
  rows: Int32Array;
  /** Packet number of the first copy where FLAG_DUPLICATE, else 0. */
  duplicateOf: Float64Array;
  /** Copies are looked for: later ones may name packets of this batch. Never false again once it was true. */
  mayHoldCopies: boolean;
  /** Length on the wire of all packets together. */
  wireBytes: number;
}
