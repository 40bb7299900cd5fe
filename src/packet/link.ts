/**
 * Link types: from a frame to the network header in it.
 *
 * In:  a frame and its LINKTYPE_ value (https://www.tcpdump.org/linktypes.html).  Out: what follows (next.ts), with
 * rows[base + END] and rows[base + PAYLOAD] holding the captured and the wire end, narrowed where a link layer knows.
 */
import { ethernet } from './ethernet.js';
import { loopback } from './loopback.js';
import { KIND_BY_VERSION, KIND_IPV4, KIND_IPV6, NEXT_NOT_IP } from './next.js';
import { END, PAYLOAD } from './row.js';
import { sll, sll2 } from './sll.js';

const LINKTYPE_NULL = 0;
export const LINKTYPE_ETHERNET = 1;
/** LINKTYPE_RAW as some systems wrote it: their DLT_RAW. */
const LINKTYPE_RAW_12 = 12;
const LINKTYPE_RAW_14 = 14;
const LINKTYPE_RAW = 101;
const LINKTYPE_LOOP = 108;
export const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_IPV4 = 228;
const LINKTYPE_IPV6 = 229;
export const LINKTYPE_LINUX_SLL2 = 276;

export function link(
  linkType: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  rows[base + END] = end;
  rows[base + PAYLOAD] = wire;
  if (linkType === LINKTYPE_ETHERNET) return ethernet(view, at, end, wire, rows, base);
  switch (linkType) {
    case LINKTYPE_LINUX_SLL:
      return sll(view, at, end, wire, rows, base);
    case LINKTYPE_LINUX_SLL2:
      return sll2(view, at, end, wire, rows, base);
    case LINKTYPE_RAW:
    case LINKTYPE_RAW_12:
    case LINKTYPE_RAW_14:
      return (at << 2) | KIND_BY_VERSION;
    case LINKTYPE_IPV4:
      return (at << 2) | KIND_IPV4;
    case LINKTYPE_IPV6:
      return (at << 2) | KIND_IPV6;
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return loopback(view, at, end, wire);
    default:
      return NEXT_NOT_IP;
  }
}
