/**
 * Packets of the property tests (ends, protocol, ports, ICMP type) as the bytes of first packets.
 */
import {
  chunk,
  dccp,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  type Payload,
  sctp,
  sctpInit,
  segment,
  tcp,
  udp,
  udpLite,
} from '../support/frames.js';
import type { PacketLiteral } from '../tree/packets.js';

function message({ protocol = 6, sport = 0, dport = 0, icmpType = 0, icmpCode = 0 }: PacketLiteral): Payload {
  switch (protocol) {
    case 6:
      return tcp({ sport, dport });
    case 17:
      return udp({ sport, dport });
    case 132:
      return sctp({ sport, dport, chunks: [chunk(1, 0, sctpInit(7))] });
    case 136:
      return udpLite({ sport, dport });
    case 33:
      return dccp({ sport, dport });
    case 1:
      return icmp({ type: icmpType, code: icmpCode });
    case 58:
      return icmpv6({ type: icmpType, code: icmpCode });
    default:
      return segment(protocol, new Uint8Array(16));
  }
}

export function literalPacket(packet: PacketLiteral): Uint8Array {
  const { source: src, destination: dst } = packet;
  return (src.includes(':') ? ipv6 : ipv4)({ src, dst }, message(packet));
}
