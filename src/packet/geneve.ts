/**
 * Geneve (RFC 8926): a frame or packet behind eight bytes and options.
 *
 * In:  a UDP payload that went to port 6081.  Out: what follows (next.ts), or NO_TUNNEL (another version, a control
 * message, a payload that is neither Ethernet nor IP).
 */
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_TEB, ethernet } from './ethernet.js';
import { KIND_IPV4, KIND_IPV6, NO_TUNNEL, shortNext } from './next.js';

const VERSION_LENGTH = 0;
const FLAG_BITS = 1;
const PROTOCOL_TYPE = 2;
const VNI = 4;
const HEADER = 8;

/** Option length in words in the low six bits, version above. */
const OPTION_WORDS = 0x3f;
const CONTROL = 0x80;

export function geneve(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return at + HEADER > wire ? NO_TUNNEL : shortNext(at + HEADER, wire);
  const first = view.getUint8(at + VERSION_LENGTH);
  if (first > OPTION_WORDS || (view.getUint8(at + FLAG_BITS) & CONTROL) !== 0) return NO_TUNNEL;
  const inner = at + HEADER + ((first & OPTION_WORDS) << 2);
  if (inner > wire) return NO_TUNNEL;
  switch (view.getUint16(at + PROTOCOL_TYPE)) {
    case ETHERTYPE_TEB:
      return ethernet(view, inner, end, wire, rows, base);
    case ETHERTYPE_IPV4:
      return (inner << 2) | KIND_IPV4;
    case ETHERTYPE_IPV6:
      return (inner << 2) | KIND_IPV6;
    default:
      return NO_TUNNEL;
  }
}

/** The virtual network identifier; needs a whole header. */
export const geneveNetwork = (view: DataView, at: number): number => view.getUint32(at + VNI) >>> 8;
