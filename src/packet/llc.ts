/**
 * IEEE 802.2 LLC with SNAP behind an 802.3 length (RFC 1042), or bare (Linux cooked protocol 4).
 *
 * In:  the frame from its LLC header on and the 802.3 length.  Out: what follows (next.ts), or SNAP - type where an
 * EtherType does, SNAP_HEADER bytes further on. The ends are narrowed to the 802.3 length, which alone tells data from
 * padding here.
 */
import { KIND_IPV4, NEXT_MALFORMED, NEXT_NOT_IP, shortNext } from './next.js';
import { END, PAYLOAD } from './row.js';

const DSAP_SSAP = 0;
const CONTROL = 2;
const OUI = 3;
const TYPE = 6;
const LLC_HEADER = 3;
export const SNAP_HEADER = 8;
export const SNAP = -0x10000;

const SAP_SNAP = 0xaaaa;
const SAP_IP = 0x0606;
const UNNUMBERED_INFORMATION = 0x03;
/** Encapsulated Ethernet: plain, and the bridge-tunnel encapsulation of IEEE 802.1H. */
const OUI_ETHERNET = 0x000000;
const OUI_BRIDGE_TUNNEL = 0x0000f8;

/** LLC without a length in front of it. */
export const NO_LENGTH = -1;

export function llc(
  length: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  const stop = length === NO_LENGTH ? wire : at + length;
  if (at + LLC_HEADER > end) {
    // A frame too short for LLC holds no IP, unless its length says that there was more.
    return at + LLC_HEADER > wire && stop <= wire ? NEXT_NOT_IP : shortNext(at + LLC_HEADER, wire);
  }
  const saps = view.getUint16(at + DSAP_SSAP);
  if (view.getUint8(at + CONTROL) !== UNNUMBERED_INFORMATION) return NEXT_NOT_IP;
  if (saps !== SAP_SNAP && saps !== SAP_IP) return NEXT_NOT_IP;
  if (stop > wire) return NEXT_MALFORMED;
  const limit = stop < end ? stop : end;
  rows[base + END] = limit;
  rows[base + PAYLOAD] = stop;
  if (saps === SAP_IP) return ((at + LLC_HEADER) << 2) | KIND_IPV4;
  if (at + SNAP_HEADER > limit) return shortNext(at + SNAP_HEADER, stop);
  const oui = view.getUint32(at + OUI - 1) & 0xffffff;
  if (oui !== OUI_ETHERNET && oui !== OUI_BRIDGE_TUNNEL) return NEXT_NOT_IP;
  return SNAP - view.getUint16(at + TYPE);
}
