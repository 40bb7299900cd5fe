/**
 * Tunnels: from an outer packet to the innermost one that can be read.
 *
 * In:  the kind and place of the outermost packet (next.ts) and a cleared row.  Out: the row of the inner packet, with
 * OUTER_L3 where a tunnel was opened.
 *
 * What is no frame after all (a VXLAN port used for something else, noise) leaves the packet around it judged. A
 * fragmented outer packet is judged as what it is, fragment by fragment: only its first part shows inner headers, and
 * the others would seem to have lost theirs.
 */
import { dark } from './dark.js';
import { NO_TUNNEL } from './next.js';
import { clearRow, PROTOCOL_TCP, PROTOCOL_UDP, packet } from './packet.js';
import {
  END,
  FAMILY,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  OUTER_L3,
  PAYLOAD,
  PROTOCOL,
  STATUS,
  STATUS_MALFORMED,
  STATUS_OK,
} from './row.js';
import { tunnel } from './tunnel.js';

/** Encapsulation layers that are opened at most. */
export const MAX_TUNNELS = 8;

export function open(
  tunnels: number,
  outermost: number,
  view: DataView,
  outermostEnd: number,
  outermostWire: number,
  rows: Int32Array,
  base: number,
): void {
  let next = outermost;
  let end = outermostEnd;
  let wire = outermostWire;
  packet(next & 3, view, next >> 2, end, wire, rows, base);
  const protocol = rows[base + PROTOCOL]!;
  if (protocol === PROTOCOL_TCP) return;
  for (let depth = 0; rows[base + STATUS] === STATUS_OK; depth++) {
    if ((rows[base + FRAGMENT]! & (FRAG_MORE | FRAG_LATER)) !== 0) return;
    const inner = depth < tunnels ? tunnel(view, rows, base) : NO_TUNNEL;
    if (inner === NO_TUNNEL) {
      if (rows[base + PROTOCOL] === PROTOCOL_UDP) dark(view, rows, base);
      return;
    }
    const innerEnd = rows[base + END]!;
    const innerWire = rows[base + PAYLOAD]!;
    const enclosing = rows[base + OUTER_L3]!;
    clearRow(rows, base);
    if (inner >= 0) packet(inner & 3, view, inner >> 2, innerEnd, innerWire, rows, base);
    else rows[base + STATUS] = -inner;
    if (rows[base + STATUS] === STATUS_MALFORMED && rows[base + FAMILY] === 0) {
      clearRow(rows, base);
      packet(next & 3, view, next >> 2, end, wire, rows, base);
      rows[base + OUTER_L3] = enclosing;
      return;
    }
    rows[base + OUTER_L3] = outermost >> 2;
    if (inner < 0) return;
    next = inner;
    end = innerEnd;
    wire = innerWire;
  }
}
