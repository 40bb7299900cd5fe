/**
 * Linux "cooked" captures, `tcpdump -i any`: version 1 (link type 113) and version 2 (276).
 * https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and LINKTYPE_LINUX_SLL2.html
 *
 * In:  a frame from its cooked header on.  Out: what follows (next.ts).
 * `sllInterface` and `sll2Interface` name the interface (or, version 1, at least the direction) a copy was seen on.
 */
import { etherPayload, isEtherType } from './ethernet.js';
import { NO_LENGTH } from './llc.js';
import { NEXT_NOT_IP, shortNext } from './next.js';

const SLL_PACKET_TYPE = 0;
const SLL_ARPHRD = 2;
const SLL_PROTOCOL = 14;
const SLL_HEADER = 16;

const SLL2_PROTOCOL = 0;
const SLL2_INTERFACE = 4;
const SLL2_ARPHRD = 8;
const SLL2_PACKET_TYPE = 10;
const SLL2_HEADER = 20;

/** With these device types the protocol field holds no EtherType (ARPHRD_NETLINK, ARPHRD_FRAD). */
const ARPHRD_NETLINK = 824;
const ARPHRD_FRAD = 770;
/** Protocol field: an 802.2 LLC header follows. */
const PROTOCOL_LLC = 4;

export function sll(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + SLL_HEADER > end) return shortNext(at + SLL_HEADER, wire);
  const device = view.getUint16(at + SLL_ARPHRD);
  return cooked(view.getUint16(at + SLL_PROTOCOL), device, view, at + SLL_HEADER, end, wire, rows, base);
}

export function sll2(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + SLL2_HEADER > end) return shortNext(at + SLL2_HEADER, wire);
  const device = view.getUint16(at + SLL2_ARPHRD);
  return cooked(view.getUint16(at + SLL2_PROTOCOL), device, view, at + SLL2_HEADER, end, wire, rows, base);
}

function cooked(
  protocol: number,
  device: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  if (device === ARPHRD_NETLINK || device === ARPHRD_FRAD) return NEXT_NOT_IP;
  if (isEtherType(protocol)) return etherPayload(protocol, view, at, end, wire, rows, base);
  if (protocol === PROTOCOL_LLC) return etherPayload(NO_LENGTH, view, at, end, wire, rows, base);
  return NEXT_NOT_IP;
}

/** Where a version 1 copy was seen, as far as its header tells: the packet type (0 to us .. 4 sent by us). Needs the
 *  whole header. */
export const sllPlace = (view: DataView, at: number): number => view.getUint16(at + SLL_PACKET_TYPE);

/** Where a version 2 copy was seen: interface index and direction in one number. Needs the whole header. */
export const sll2Place = (view: DataView, at: number): number =>
  (view.getInt32(at + SLL2_INTERFACE) << 3) | (view.getUint8(at + SLL2_PACKET_TYPE) & 7);
