/**
 * A PPPoE session frame (RFC 2516) and the PPP protocol field in it (RFC 1661, RFC 5072).
 *
 * In:  the frame from its PPPoE header on.  Out: what follows (next.ts); the ends are narrowed to the PPPoE length.
 */
import { KIND_IPV4, KIND_IPV6, NEXT_MALFORMED, NEXT_NOT_IP, shortNext } from './next.js';
import { END, PAYLOAD } from './row.js';

const VERSION_TYPE = 0;
const CODE = 1;
const LENGTH = 4;
const PROTOCOL = 6;
const PPPOE_HEADER = 6;
const HEADER = 8;

const VERSION_1_TYPE_1 = 0x11;
const CODE_SESSION = 0;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

export function pppoe(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + HEADER > end) return shortNext(at + HEADER, wire);
  if (view.getUint8(at + VERSION_TYPE) !== VERSION_1_TYPE_1 || view.getUint8(at + CODE) !== CODE_SESSION)
    return NEXT_NOT_IP;
  const stop = at + PPPOE_HEADER + view.getUint16(at + LENGTH);
  if (stop > wire || stop < at + HEADER) return NEXT_MALFORMED;
  rows[base + END] = stop < end ? stop : end;
  rows[base + PAYLOAD] = stop;
  const protocol = view.getUint16(at + PROTOCOL);
  if (protocol === PPP_IPV4) return ((at + HEADER) << 2) | KIND_IPV4;
  if (protocol === PPP_IPV6) return ((at + HEADER) << 2) | KIND_IPV6;
  return NEXT_NOT_IP;
}
