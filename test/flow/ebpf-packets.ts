/**
 * Packets for the eBPF tables' tests: one plain description, and the row and bytes of it.
 */
import { addressWords } from '../../src/packet/text.js';
import { icmp, icmpv6, other, type Packet, tcp, udp } from './rows.js';

export interface Described {
  /** IP protocol number; what is TCP, UDP, ICMP and ICMPv6 has more fields. */
  readonly protocol: number;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  /** Letters of S, A, F, R, P, U. */
  readonly flags?: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly type?: number;
  readonly id?: number;
  /** ICMP errors: the packet they are about. */
  readonly quote?: Described;
}

export function packetOf(d: Described): Packet {
  const { protocol, src, dst, sport = 0, dport = 0, flags = '', seq = 0, ack = 0, type = 0, id = 0, quote } = d;
  const ends = { src, dst, sport, dport };
  switch (protocol) {
    case 6:
      return tcp({ ...ends, flags, seq, ack });
    case 17:
      return udp(ends);
    case 1:
      return src.includes(':')
        ? other(ends, 1, [type, 0, 0, 0, 0, 0, 0, 0])
        : icmp({ src, dst, type, id, body: quoteOf(quote) });
    case 58:
      return icmpv6({ src, dst, type, id, body: quoteOf(quote) });
    default:
      return other(ends, protocol, [0, 0, 0, 0, 0, 0, 0, 0]);
  }
}

/** An IP header and eight bytes. */
function quoteOf(quote: Described | undefined): Uint8Array {
  if (quote === undefined) return new Uint8Array();
  const { protocol, src, dst, sport = 0, dport = 0, type = 0, id = 0 } = quote;
  const isV6 = src.includes(':');
  const bytes = new Uint8Array((isV6 ? 40 : 20) + 8);
  const view = new DataView(bytes.buffer);
  const write = (address: string, at: number): void => {
    const { words } = addressWords(address)!;
    for (let w = 0; w < (isV6 ? 4 : 1); w++) view.setUint32(at + 4 * w, words[w]! >>> 0);
  };
  view.setUint8(0, isV6 ? 0x60 : 0x45);
  if (isV6) view.setUint16(4, 8);
  else view.setUint16(2, bytes.length);
  view.setUint8(isV6 ? 6 : 9, protocol);
  write(src, isV6 ? 8 : 12);
  write(dst, isV6 ? 24 : 16);
  const at = isV6 ? 40 : 20;
  if (protocol === 6 || protocol === 17) {
    view.setUint16(at, sport);
    view.setUint16(at + 2, dport);
  } else if (protocol === 1 || protocol === 58) {
    view.setUint8(at, type);
    view.setUint16(at + 4, id);
  }
  return bytes;
}
