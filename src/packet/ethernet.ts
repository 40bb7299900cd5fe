/**
 * Ethernet II and IEEE 802.3 (link type 1), and the EtherType dispatch every other link layer shares.
 *
 * In:  a frame from its destination MAC on, without frame check sequence.  Out: what follows (next.ts).
 * Padding behind a short IP packet needs no care here: the network header's own length ends the packet.
 */
import { llc, SNAP, SNAP_HEADER } from './llc.js';
import { mpls } from './mpls.js';
import { KIND_IPV4, KIND_IPV6, NEXT_NOT_IP, shortNext } from './next.js';
import { pppoe } from './pppoe.js';
import { END, PAYLOAD } from './row.js';
import { vlan } from './vlan.js';

const TYPE = 12;
const HEADER = 14;

/** Values from here on are EtherTypes, up to MAX_LENGTH they are IEEE 802.3 lengths (IEEE 802.3 clause 3.2.6). */
const MIN_ETHERTYPE = 0x600;
const MAX_LENGTH = 1500;

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
/** Transparent Ethernet bridging: an Ethernet frame in GRE or Geneve. */
export const ETHERTYPE_TEB = 0x6558;
const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_MPLS_UPSTREAM = 0x8848;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
/** 802.1ad, and what Q-in-Q used before it was a standard. */
const ETHERTYPE_QINQ = 0x88a8;
const ETHERTYPE_QINQ_9100 = 0x9100;

/** Needs rows[base + END] = end and rows[base + PAYLOAD] = wire, and may narrow them. */
export function ethernet(
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  if (at + HEADER > end) return shortNext(at + HEADER, wire);
  const type = view.getUint16(at + TYPE);
  if (type === ETHERTYPE_IPV4) return ((at + HEADER) << 2) | KIND_IPV4;
  if (type === ETHERTYPE_IPV6) return ((at + HEADER) << 2) | KIND_IPV6;
  return etherPayload(type, view, at + HEADER, end, wire, rows, base);
}

/** What an EtherType (or 802.3 length, or NO_LENGTH) at `at - 2` says of the bytes at `at`. */
export function etherPayload(
  first: number,
  view: DataView,
  at: number,
  frameEnd: number,
  frameWire: number,
  rows: Int32Array,
  base: number,
): number {
  let type = first;
  let offset = at;
  let end = frameEnd;
  let wire = frameWire;
  // Each turn takes a VLAN tag of four bytes or a SNAP header of eight off: the frame's length bounds the loop.
  for (;;) {
    switch (type) {
      case ETHERTYPE_IPV4:
        return (offset << 2) | KIND_IPV4;
      case ETHERTYPE_IPV6:
        return (offset << 2) | KIND_IPV6;
      case ETHERTYPE_VLAN:
      case ETHERTYPE_QINQ:
      case ETHERTYPE_QINQ_9100:
        type = vlan(view, offset, end, wire);
        if (type < 0) return type;
        offset += 4;
        break;
      case ETHERTYPE_MPLS:
      case ETHERTYPE_MPLS_UPSTREAM:
        return mpls(view, offset, end, wire);
      case ETHERTYPE_PPPOE_SESSION:
        return pppoe(view, offset, end, wire, rows, base);
      default: {
        // 1501..1535 is neither a length nor an EtherType; from there on it is one that holds no IP.
        if (type > MAX_LENGTH) return NEXT_NOT_IP;
        const next = llc(type, view, offset, end, wire, rows, base);
        if (next > SNAP) return next;
        type = SNAP - next;
        if (type < MIN_ETHERTYPE) return NEXT_NOT_IP;
        offset += SNAP_HEADER;
        end = rows[base + END]!;
        wire = rows[base + PAYLOAD]!;
      }
    }
  }
}

/** Whether a 16-bit type names an EtherType at all (Linux cooked headers use small numbers for other things). */
export const isEtherType = (type: number): boolean => type >= MIN_ETHERTYPE;
