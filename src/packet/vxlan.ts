/**
 * VXLAN (RFC 7348), the group policy extension too: an Ethernet frame behind eight bytes.
 *
 * In:  a UDP payload that went to a VXLAN port.  Out: what follows (next.ts), or NO_TUNNEL.
 * Reserved bits must be zero: Linux drops other packets, and other traffic on the port is told apart by it.
 */
import { ethernet } from './ethernet.js';
import { NO_TUNNEL, shortNext } from './next.js';

const FLAG_BITS = 0;
const VNI_RESERVED = 4;
const HEADER = 8;

/** The VNI is valid; alone, or with the group policy bit. */
const FLAG_VNI = 0x08;
const FLAG_VNI_AND_GROUP = 0x88;

export function vxlan(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return at + HEADER > wire ? NO_TUNNEL : shortNext(at + HEADER, wire);
  const flags = view.getUint32(at + FLAG_BITS);
  if ((view.getUint32(at + VNI_RESERVED) & 0xff) !== 0) return NO_TUNNEL;
  if (flags >>> 24 !== FLAG_VNI_AND_GROUP && flags !== FLAG_VNI << 24) return NO_TUNNEL;
  return ethernet(view, at + HEADER, end, wire, rows, base);
}

/** The VXLAN network identifier; needs a whole header. */
export const vxlanNetwork = (view: DataView, at: number): number => view.getUint32(at + VNI_RESERVED) >>> 8;
