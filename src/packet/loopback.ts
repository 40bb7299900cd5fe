/**
 * BSD loopback encapsulation: null (link type 0) and loop (108). Four bytes of protocol family, then the packet.
 *
 * In:  a frame from its family field on.  Out: what follows (next.ts).
 * Null holds the family in the byte order of the machine that captured, loop in network byte order; families are small
 * numbers, so the order of a null header shows in which half is zero.
 */
import { KIND_IPV4, KIND_IPV6, NEXT_NOT_IP, shortNext } from './next.js';

const HEADER = 4;
const AF_INET = 2;
/** AF_INET6 on Linux, NetBSD and OpenBSD (and Windows: 23), FreeBSD, macOS. */
const AF_INET6_LINUX = 10;
const AF_INET6_WINDOWS = 23;
const AF_INET6_BSD = 24;
const AF_INET6_FREEBSD = 28;
const AF_INET6_DARWIN = 30;

export function loopback(view: DataView, at: number, end: number, wire: number): number {
  if (at + HEADER > end) return shortNext(at + HEADER, wire);
  const network = view.getUint32(at);
  const family = network > 0xffff ? view.getUint32(at, true) : network;
  switch (family) {
    case AF_INET:
      return ((at + HEADER) << 2) | KIND_IPV4;
    case AF_INET6_LINUX:
    case AF_INET6_WINDOWS:
    case AF_INET6_BSD:
    case AF_INET6_FREEBSD:
    case AF_INET6_DARWIN:
      return ((at + HEADER) << 2) | KIND_IPV6;
    default:
      return NEXT_NOT_IP;
  }
}
