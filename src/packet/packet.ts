/**
 * One IP packet, network header to transport header, into one row.
 *
 * In:  a packet's kind and place (next.ts), and a row that is all zero but for PROTOCOL (-1) and OUTER_L3.
 * Out: the row. Tunnels are not opened here (open.ts).
 */
import { dccp } from './dccp.js';
import { gre } from './gre.js';
import { icmp, icmpv6 } from './icmp.js';
import { ah, esp } from './ipsec.js';
import { ipv4 } from './ipv4.js';
import { ipv6, OPEN_END } from './ipv6.js';
import { KIND_BY_VERSION, KIND_IPV4, KIND_IPV6, shortStatus } from './next.js';
import {
  END,
  FLAG_CUT,
  FLAGS,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  L3,
  L4,
  OUTER_L3,
  PAYLOAD,
  PROTOCOL,
  STATUS,
  STATUS_MALFORMED,
  STATUS_OK,
  STRIDE,
} from './row.js';
import { sctp } from './sctp.js';
import { tcp } from './tcp.js';
import { udp, udpLite } from './udp.js';

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IPIP = 4;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_DCCP = 33;
export const PROTOCOL_IPV6 = 41;
export const PROTOCOL_GRE = 47;
const PROTOCOL_ESP = 50;
const PROTOCOL_AH = 51;
export const PROTOCOL_ICMPV6 = 58;
export const PROTOCOL_SCTP = 132;
export const PROTOCOL_UDP_LITE = 136;

export function packet(
  kind: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): void {
  rows[base + L3] = at;
  rows[base + END] = end;
  rows[base + PAYLOAD] = 0;
  let version = kind;
  if (kind === KIND_BY_VERSION) {
    if (at + 1 > end) {
      rows[base + STATUS] = shortStatus(at + 1, wire);
      return;
    }
    const nibble = view.getUint8(at) >>> 4;
    version = nibble === 4 ? KIND_IPV4 : nibble === 6 ? KIND_IPV6 : -1;
  }
  let status = STATUS_MALFORMED;
  if (version === KIND_IPV4) status = ipv4(view, at, end, wire, rows, base);
  else if (version === KIND_IPV6) status = ipv6(view, at, end, wire, rows, base);
  if (status === STATUS_OK) {
    const fragment = rows[base + FRAGMENT]!;
    const transport = rows[base + L4]!;
    const limit = rows[base + END]!;
    let stop = transport + rows[base + PAYLOAD]!;
    if (stop > limit) rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_CUT;
    if ((fragment & FRAG_LATER) === 0) {
      // A first fragment may end inside its transport header: the rest travels in the next one (RFC 1858 knows it as an
      // attack, a filter that reassembles does not mind). It is cut, not contradictory.
      if ((fragment & FRAG_MORE) !== 0) stop = OPEN_END;
      status = upper(rows[base + PROTOCOL]!, view, transport, limit, stop, rows, base);
    }
  }
  rows[base + STATUS] = status;
}

function upper(
  protocol: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  if (protocol === PROTOCOL_TCP) return tcp(view, at, end, wire, rows, base);
  if (protocol === PROTOCOL_UDP) return udp(view, at, end, wire, rows, base);
  switch (protocol) {
    case PROTOCOL_ICMP:
      return icmp(view, at, end, wire, rows, base);
    case PROTOCOL_ICMPV6:
      return icmpv6(view, at, end, wire, rows, base);
    case PROTOCOL_SCTP:
      return sctp(view, at, end, wire, rows, base);
    case PROTOCOL_UDP_LITE:
      return udpLite(view, at, end, wire, rows, base);
    case PROTOCOL_DCCP:
      return needless(dccp(view, at, end, wire, rows, base));
    case PROTOCOL_GRE:
      return needless(gre(view, at, end, wire, rows, base));
    case PROTOCOL_ESP:
      return needless(esp(view, at, end, wire, rows, base));
    case PROTOCOL_AH:
      return needless(ah(view, at, end, wire, rows, base));
    default:
      return STATUS_OK;
  }
}

/** Linux tracks these by their addresses alone, whatever is wrong with the header behind them. */
const needless = (status: number): number => (status === STATUS_MALFORMED ? STATUS_OK : status);

/** Makes a row what packet() expects. */
export function clearRow(rows: Int32Array, base: number): void {
  rows.fill(0, base, base + STRIDE);
  rows[base + PROTOCOL] = -1;
  rows[base + OUTER_L3] = -1;
}
