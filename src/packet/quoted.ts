/**
 * The packet that an ICMP or ICMPv6 error quotes.
 *
 * In:  the quote's place: from behind the error's eight-byte header to its captured end.  Out: a row.
 * A quote is a beginning: eight bytes of the transport header as a rule (RFC 792), and routers have changed the length
 * fields before they quoted. So only what names the connection is asked for, as Linux does: four bytes with the ports,
 * or an ICMP message's first eight. STATUS_OK: that could be read. STATUS_TRUNCATED: the quote ends before. A later
 * fragment is STATUS_OK with FRAG_LATER and names no connection. PAYLOAD, the TCP words and the checksum flag stay 0.
 */
import { icmp, icmpv6 } from './icmp.js';
import { ipv4Fields } from './ipv4.js';
import { ipv6Chain, OPEN_END } from './ipv6.js';
import {
  clearRow,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDP_LITE,
} from './packet.js';
import { ports } from './ports.js';
import { END, FRAG_LATER, FRAGMENT, L3, L4, PAYLOAD, PROTOCOL, STATUS, STATUS_OK, STATUS_TRUNCATED } from './row.js';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

let view: DataView = new DataView(new ArrayBuffer(0));

/**
 * Every word of the row at `base` is written. `offset` and `end` count in `bytes`.
 * @param family 4 or 6: the error's own. Linux does not ask the quote for its version.
 */
export function parseQuoted(
  bytes: Uint8Array,
  offset: number,
  end: number,
  family: number,
  rows: Int32Array,
  base: number,
): void {
  // One view a batch: the frames of a batch share their bytes.
  if (view.buffer !== bytes.buffer || view.byteOffset !== bytes.byteOffset || view.byteLength !== bytes.byteLength)
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  clearRow(rows, base);
  rows[base + STATUS] = read(offset, end, family, rows, base);
  rows[base + L3] = offset;
  rows[base + END] = end;
  rows[base + PAYLOAD] = 0;
}

function read(at: number, end: number, family: number, rows: Int32Array, base: number): number {
  if (at + (family === 6 ? IPV6_HEADER : IPV4_HEADER) > end) return STATUS_TRUNCATED;
  if (family === 6) {
    const status = ipv6Chain(view, at, end, OPEN_END, rows, base);
    if (status !== STATUS_OK) return status;
  } else {
    // A header of fewer than five words is not refused either: the transport header then seems to begin inside it.
    ipv4Fields(view, at, rows, base);
    if (rows[base + L4]! > end) return STATUS_TRUNCATED;
  }
  if ((rows[base + FRAGMENT]! & FRAG_LATER) !== 0) return STATUS_OK;
  const transport = rows[base + L4]!;
  switch (rows[base + PROTOCOL]) {
    case PROTOCOL_TCP:
    case PROTOCOL_UDP:
    case PROTOCOL_SCTP:
    case PROTOCOL_UDP_LITE:
      ports(view, transport, end, rows, base);
      return transport + 4 > end ? STATUS_TRUNCATED : STATUS_OK;
    case PROTOCOL_ICMP:
      return icmp(view, transport, end, OPEN_END, rows, base);
    case PROTOCOL_ICMPV6:
      return icmpv6(view, transport, end, OPEN_END, rows, base);
    default:
      return STATUS_OK;
  }
}
