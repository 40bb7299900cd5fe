/**
 * An MPLS label stack (RFC 3032): four bytes a label, the last one marked.
 *
 * In:  the frame from its first label on.  Out: what follows (next.ts).
 * The stack does not say what it carries: as routers do, the first nibble behind it tells IPv4 (4) and IPv6 (6). Any
 * other value is a pseudowire or an associated channel (RFC 4385) and is not opened.
 */
import { KIND_IPV4, KIND_IPV6, NEXT_NOT_IP, shortNext } from './next.js';

const BOTTOM_OF_STACK = 2;
const LABEL = 4;

export function mpls(view: DataView, at: number, end: number, wire: number): number {
  let offset = at;
  for (;;) {
    if (offset + LABEL > end) return shortNext(offset + LABEL, wire);
    const bottom = view.getUint8(offset + BOTTOM_OF_STACK) & 1;
    offset += LABEL;
    if (bottom === 1) break;
  }
  if (offset + 1 > end) return shortNext(offset + 1, wire);
  const version = view.getUint8(offset) >>> 4;
  if (version === 4) return (offset << 2) | KIND_IPV4;
  if (version === 6) return (offset << 2) | KIND_IPV6;
  return NEXT_NOT_IP;
}
