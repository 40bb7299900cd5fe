/**
 * IPv6 (RFC 8200): header, extension header chain, fragments (RFC 6946 atomic ones too), jumbograms (RFC 2675).
 *
 * In:  a packet from its version nibble on (shape: next.ts).  Out: a STATUS_ value; FAMILY, PROTOCOL, SRC, DST, TTL,
 * IP_ID, FRAGMENT, L3, L4, END, PAYLOAD (all bytes behind the chain by the header's word), TAG (AH) and FLAGS in the row.
 *
 * The chain is walked as Linux's connection tracking walks it: hop-by-hop, routing, fragment, authentication and
 * destination options are stepped over; everything else, mobility, HIP, shim6, ESP and "no next header" too, is the
 * upper-layer protocol. Every step takes at least eight bytes, so the packet's length bounds the walk.
 */
import { MIN_ETHERNET_PAYLOAD } from './ipv4.js';
import { shortStatus } from './next.js';
import {
  DST,
  END,
  FAMILY,
  FLAG_AUTH_HEADER,
  FLAG_EXTENSIONS,
  FLAGS,
  FRAG_ATOMIC,
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
  TAG,
  TTL,
} from './row.js';

const VERSION = 0;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;
const HEADER = 40;

const HOP_BY_HOP = 0;
const TCP = 6;
const UDP = 17;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const AUTHENTICATION = 51;
const ICMPV6 = 58;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const SCTP = 132;
const UDP_LITE = 136;

const EXTENSION_NEXT = 0;
const EXTENSION_LENGTH = 1;
const MIN_EXTENSION = 8;
/** What a quote must hold of an extension header for Linux to step over it: its length, or a fragment's offset. */
const QUOTED_EXTENSION = 2;
const QUOTED_FRAGMENT = 4;
const FRAGMENT_OFFSET = 2;
const FRAGMENT_ID = 4;
const AUTHENTICATION_SPI = 4;

const OPTION_PAD1 = 0;
const OPTION_JUMBO = 0xc2;
const JUMBO_MINIMUM = 0x10000;

/** The wire end behind a first fragment's own: its datagram goes on in other frames, so nothing is too long for it. */
export const OPEN_END = 0x3fffffff;

export function ipv6(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return shortStatus(at + HEADER, wire);
  if (view.getUint8(at + VERSION) >>> 4 !== 6) return STATUS_MALFORMED;
  return ipv6Chain(view, at, end, wire, rows, base);
}

/** The same of 40 bytes that are there and whose version is known. A quote has OPEN_END for its wire end. */
export function ipv6Chain(
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  rows[base + FAMILY] = 6;
  for (let word = 0; word < 4; word++) {
    rows[base + SRC + word] = view.getInt32(at + SOURCE + 4 * word);
    rows[base + DST + word] = view.getInt32(at + DESTINATION + 4 * word);
  }
  rows[base + TTL] = view.getUint8(at + HOP_LIMIT);
  let next = view.getUint8(at + NEXT_HEADER);
  let length = view.getUint16(at + PAYLOAD_LENGTH);
  // What a quote's options say, nobody asks.
  if (next === HOP_BY_HOP && wire !== OPEN_END) {
    length = jumboLength(length, view, at + HEADER, end, wire);
    if (length < 0) return -length;
  } else if (length === 0 && (next === TCP || next === UDP) && wire - at - HEADER > MIN_ETHERNET_PAYLOAD) {
    // Segmentation left to the network card: 0 means "to the end of the frame" (see ipv4.ts).
    length = wire - at - HEADER;
  }
  const stop = at + HEADER + length;
  if (stop > wire) return STATUS_MALFORMED;
  const limit = stop < end ? stop : end;
  rows[base + END] = limit;

  const isQuote = wire === OPEN_END;
  let reach = stop;
  let offset = at + HEADER;
  let flags = 0;
  while (
    next === HOP_BY_HOP ||
    next === ROUTING ||
    next === FRAGMENT_HEADER ||
    next === AUTHENTICATION ||
    next === DESTINATION_OPTIONS
  ) {
    flags |= FLAG_EXTENSIONS;
    rows[base + FLAGS] = flags;
    rows[base + L4] = offset;
    rows[base + PAYLOAD] = stop - offset;
    const need = !isQuote ? MIN_EXTENSION : next === FRAGMENT_HEADER ? QUOTED_FRAGMENT : QUOTED_EXTENSION;
    if (offset + need > limit) return unread(rows, base, shortStatus(offset + need, reach));
    const isWhole = offset + MIN_EXTENSION <= limit;
    const following = view.getUint8(offset + EXTENSION_NEXT);
    let size = MIN_EXTENSION;
    if (next === FRAGMENT_HEADER) {
      const word = view.getUint16(offset + FRAGMENT_OFFSET);
      const more = word & 1;
      if (isWhole) rows[base + IP_ID] = view.getInt32(offset + FRAGMENT_ID);
      if (word >>> 3 !== 0) {
        rows[base + FRAGMENT] = ((word >>> 3) << 4) | FRAG_LATER | (more === 1 ? FRAG_MORE : 0);
        rows[base + PROTOCOL] = following;
        rows[base + L4] = offset + size;
        rows[base + PAYLOAD] = stop - offset - size;
        return STATUS_OK;
      }
      if (more === 1) {
        rows[base + FRAGMENT] = FRAG_MORE;
        reach = OPEN_END;
      } else if (rows[base + FRAGMENT] === 0) rows[base + FRAGMENT] = FRAG_ATOMIC;
    } else if (next === AUTHENTICATION) {
      size = (view.getUint8(offset + EXTENSION_LENGTH) + 2) << 2;
      if (isWhole) rows[base + TAG] = view.getInt32(offset + AUTHENTICATION_SPI);
      flags |= FLAG_AUTH_HEADER;
      rows[base + FLAGS] = flags;
    } else {
      size = (view.getUint8(offset + EXTENSION_LENGTH) + 1) << 3;
    }
    if (offset + size > limit) {
      const status = shortStatus(offset + size, reach);
      // Linux does not hold a header's length against the packet: what needs no header of its own may still follow.
      if ((status !== STATUS_MALFORMED && !isQuote) || !isHeaderless(following)) return unread(rows, base, status);
      size = limit - offset;
    }
    next = following;
    offset += size;
  }
  rows[base + PROTOCOL] = next;
  rows[base + L4] = offset;
  rows[base + PAYLOAD] = stop - offset;
  return STATUS_OK;
}

/** A protocol that a filter knows by its number alone. */
const isHeaderless = (protocol: number): boolean => HEADERLESS[protocol] === 1;
export const HEADERLESS = new Uint8Array(256).fill(1);
for (const protocol of [
  HOP_BY_HOP,
  TCP,
  UDP,
  ROUTING,
  FRAGMENT_HEADER,
  AUTHENTICATION,
  ICMPV6,
  NO_NEXT_HEADER,
  DESTINATION_OPTIONS,
  SCTP,
  UDP_LITE,
]) {
  HEADERLESS[protocol] = 0;
}

/** The chain broke off before its upper-layer protocol: PROTOCOL stays -1. */
function unread(rows: Int32Array, base: number, status: number): number {
  rows[base + PROTOCOL] = -1;
  return status;
}

/**
 * The payload length of a packet whose first extension is hop-by-hop options: the jumbo option's where the header says
 * 0, else the header's; or minus a STATUS_ value. RFC 2675 section 3: a jumbo length needs payload length 0 and more
 * than 65,535 bytes; Linux drops what breaks that.
 */
function jumboLength(length: number, view: DataView, at: number, end: number, wire: number): number {
  const reach = length === 0 ? wire : at + length;
  if (reach > wire) return -STATUS_MALFORMED;
  const limit = reach < end ? reach : end;
  if (at + MIN_EXTENSION > limit) return -shortStatus(at + MIN_EXTENSION, reach);
  const stop = at + ((view.getUint8(at + EXTENSION_LENGTH) + 1) << 3);
  if (stop > limit) return -shortStatus(stop, reach);
  let option = at + 2;
  while (option < stop) {
    const type = view.getUint8(option);
    if (type === OPTION_PAD1) {
      option++;
      continue;
    }
    if (option + 2 > stop) return -STATUS_MALFORMED;
    const size = view.getUint8(option + 1);
    if (option + 2 + size > stop) return -STATUS_MALFORMED;
    if (type === OPTION_JUMBO) {
      if (size !== 4 || length !== 0) return -STATUS_MALFORMED;
      const jumbo = view.getUint32(option + 2);
      if (jumbo < JUMBO_MINIMUM || jumbo > (wire - at) >>> 0) return -STATUS_MALFORMED;
      return jumbo;
    }
    option += 2 + size;
  }
  // Payload length 0 without a jumbo option leaves no room for the very header that was just read.
  return length === 0 ? -STATUS_MALFORMED : length;
}
