/**
 * Whether a packet is a tunnel's, and where the inner packet begins.
 *
 * In:  the row of a whole packet (STATUS_OK, no fragment).  Out: what follows (next.ts) with rows[base + END] and
 * rows[base + PAYLOAD] holding the inner ends, or NO_TUNNEL and an unchanged row.
 */

import { erspan, erspan3 } from './erspan.js';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS, ETHERTYPE_TEB, ethernet } from './ethernet.js';
import { geneve } from './geneve.js';
import { GRE_MIN_HEADER, GRE_PROTOCOL, GRE_SEQUENCE_PRESENT, greTunnelHeader } from './gre.js';
import { mpls } from './mpls.js';
import { KIND_IPV4, KIND_IPV6, NO_TUNNEL } from './next.js';
import { PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_IPV6, PROTOCOL_UDP } from './packet.js';
import { DPORT, END, L4, PAYLOAD, PROTOCOL } from './row.js';
import { vxlan } from './vxlan.js';

const PORT_VXLAN = 4789;
/** Linux's default port from before the assignment; flannel's and Cilium's still. */
const PORT_VXLAN_LINUX = 8472;
export const PORT_GENEVE = 6081;
/** Whether a UDP destination port is a tunnel's. */
export const isTunnelPort = (port: number): boolean =>
  port === PORT_VXLAN || port === PORT_VXLAN_LINUX || port === PORT_GENEVE;
const UDP_LENGTH = 4;
const UDP_HEADER = 8;

export const GRE_ERSPAN = 0x88be;
export const GRE_ERSPAN_3 = 0x22eb;

export function tunnel(view: DataView, rows: Int32Array, base: number): number {
  const at = rows[base + L4]!;
  const end = rows[base + END]!;
  switch (rows[base + PROTOCOL]) {
    case PROTOCOL_UDP:
      return inUdp(rows[base + DPORT]!, view, at, end, at + UDP_HEADER + rows[base + PAYLOAD]!, rows, base);
    case PROTOCOL_IPIP:
      rows[base + PAYLOAD] = at + rows[base + PAYLOAD]!;
      return (at << 2) | KIND_IPV4;
    case PROTOCOL_IPV6:
      rows[base + PAYLOAD] = at + rows[base + PAYLOAD]!;
      return (at << 2) | KIND_IPV6;
    case PROTOCOL_GRE:
      return inGre(view, at, end, at + rows[base + PAYLOAD]!, rows, base);
    default:
      return NO_TUNNEL;
  }
}

function inUdp(
  port: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  if (!isTunnelPort(port)) return NO_TUNNEL;
  // The datagram may end before its packet does; a length of 0 (offload, jumbogram) leaves the packet's end.
  const length = view.getUint16(at + UDP_LENGTH);
  const stop = length === 0 ? wire : at + length;
  const limit = stop < end ? stop : end;
  rows[base + END] = limit;
  rows[base + PAYLOAD] = stop;
  const inner =
    port === PORT_GENEVE
      ? geneve(view, at + UDP_HEADER, limit, stop, rows, base)
      : vxlan(view, at + UDP_HEADER, limit, stop, rows, base);
  if (inner === NO_TUNNEL) {
    rows[base + END] = end;
    rows[base + PAYLOAD] = wire - at - UDP_HEADER;
  }
  return inner;
}

function inGre(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + GRE_MIN_HEADER > end) return NO_TUNNEL;
  const flags = view.getUint16(at);
  const header = greTunnelHeader(flags);
  if (header < 0 || at + header > end) return NO_TUNNEL;
  const inner = at + header;
  rows[base + PAYLOAD] = wire;
  const sequenced = (flags & GRE_SEQUENCE_PRESENT) !== 0;
  let next = NO_TUNNEL;
  switch (view.getUint16(at + GRE_PROTOCOL)) {
    case ETHERTYPE_IPV4:
      next = (inner << 2) | KIND_IPV4;
      break;
    case ETHERTYPE_IPV6:
      next = (inner << 2) | KIND_IPV6;
      break;
    case ETHERTYPE_MPLS:
      next = mpls(view, inner, end, wire);
      break;
    case ETHERTYPE_TEB:
      next = ethernet(view, inner, end, wire, rows, base);
      break;
    case GRE_ERSPAN:
      next = erspan(sequenced, view, inner, end, wire, rows, base);
      break;
    case GRE_ERSPAN_3:
      next = erspan3(view, inner, end, wire, rows, base);
      break;
  }
  if (next === NO_TUNNEL) rows[base + PAYLOAD] = wire - at;
  return next;
}
