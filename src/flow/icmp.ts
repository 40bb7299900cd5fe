/**
 * ICMP and ICMPv6 by type (hot): errors, requests and replies, neighbour discovery, and what is none of these.
 *
 * Only an echo, timestamp, information or address mask request opens a connection (ICMPv6: echo and node information,
 * RFC 4620); its reply has the same identifier and code. Errors belong to the connection they quote (related.ts).
 */
import { ICMP } from './tuple.js';

/** A request or a reply: tracked. */
export const ICMP_QUERY = 0;
/** Quotes a packet behind its 8-byte header. */
export const ICMP_ERROR = 1;
/** Neighbour and router discovery, multicast listeners: not tracked, and not invalid. */
export const ICMP_UNTRACKED = 2;
export const ICMP_UNKNOWN = 3;
/** ICMPv6 redirect: quotes a packet in an option. */
export const ICMP_REDIRECT6 = 4;

export const CLASSES = new Uint8Array(512).fill(ICMP_UNKNOWN);
const assign = (kind: number, base: number, types: readonly number[]): void => {
  for (const type of types) CLASSES[base + type] = kind;
};
assign(ICMP_QUERY, 0, [0, 8, 13, 14, 15, 16, 17, 18]);
// Destination unreachable, source quench, redirect, time exceeded, parameter problem.
assign(ICMP_ERROR, 0, [3, 4, 5, 11, 12]);
assign(ICMP_QUERY, 256, [128, 129, 139, 140]);
assign(
  ICMP_ERROR,
  256,
  Array.from({ length: 128 }, (_, type) => type),
);
// MLD, router and neighbour solicitations and advertisements, MLDv2 (RFC 3810), multicast router discovery (RFC 4286)
// without its termination (153), which Linux leaves out.
assign(ICMP_UNTRACKED, 256, [130, 131, 132, 133, 134, 135, 136, 143, 151, 152]);
assign(ICMP_REDIRECT6, 256, [137]);

/** One of ICMP_, by protocol number (1 or 58) and message type. */
export const icmpClass = (protocol: number, type: number): number =>
  CLASSES[(protocol === ICMP ? 0 : 256) + (type & 255)]!;
