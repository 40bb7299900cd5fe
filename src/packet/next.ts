/**
 * What a link layer or a tunnel hands on: one number, so that nothing is allocated a packet.
 *
 *   >= 0   an IP packet follows: offset << 2 | kind (offsets stay below 2^29: a batch is a few hundred kB)
 *   <  0   none: minus the STATUS_ value that says why
 *
 * All parsers of this folder have one shape, (view, at, end, wire, rows, base):
 *   at    byte offset in `view` where the header begins
 *   end   where the captured bytes end (exclusive); never beyond `wire`
 *   wire  where the packet ended on the wire, by the enclosing layer's word (exclusive)
 * A header that does not fit below `end` is cut by the capture when it fits below `wire` (STATUS_TRUNCATED) and else
 * contradicts its packet (STATUS_MALFORMED). A link layer with a length of its own narrows both ends: it leaves them in
 * rows[base + END] and rows[base + PAYLOAD], which hold no packet's values yet at that time.
 */
import { STATUS_MALFORMED, STATUS_NOT_IP, STATUS_TRUNCATED } from './row.js';

export const KIND_IPV4 = 0;
export const KIND_IPV6 = 1;
/** IPv4 or IPv6 by the version nibble of its first byte. */
export const KIND_BY_VERSION = 2;

export const NEXT_NOT_IP = -STATUS_NOT_IP;
export const NEXT_TRUNCATED = -STATUS_TRUNCATED;
export const NEXT_MALFORMED = -STATUS_MALFORMED;
/** A tunnel's answer: this is not its packet. */
export const NO_TUNNEL = -16;

/** The status of a header that ends at `need` where the captured bytes end before. */
export const shortStatus = (need: number, wire: number): number => (need > wire ? STATUS_MALFORMED : STATUS_TRUNCATED);
/** The same as a link layer says it. */
export const shortNext = (need: number, wire: number): number => (need > wire ? NEXT_MALFORMED : NEXT_TRUNCATED);
