/**
 * Protocols by name and number (IANA), and which of them have ports (cold).
 */
export const TCP = 6;
export const UDP = 17;
export const DCCP = 33;
export const SCTP = 132;
export const UDPLITE = 136;
export const ICMP = 1;
export const ICMPV6 = 58;

/** Only these carry ports in SPORT and DPORT; a rule with a port set never matches another protocol (16). */
export const PORT_PROTOCOLS: readonly number[] = [TCP, UDP, DCCP, SCTP, UDPLITE];
export const hasPorts = (protocol: number): boolean =>
  protocol === TCP || protocol === UDP || protocol === SCTP || protocol === UDPLITE || protocol === DCCP;

/** Names a rule may use, in lower case and without `-`. */
export const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['icmp', ICMP],
  ['igmp', 2],
  ['ipip', 4],
  ['tcp', TCP],
  ['udp', UDP],
  ['dccp', DCCP],
  ['ipv6', 41],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', ICMPV6],
  ['ospf', 89],
  ['pim', 103],
  ['vrrp', 112],
  ['l2tp', 115],
  ['sctp', SCTP],
  ['udplite', UDPLITE],
]);

const NAMES: ReadonlyMap<number, string> = new Map([
  [ICMP, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPIP'],
  [TCP, 'TCP'],
  [UDP, 'UDP'],
  [DCCP, 'DCCP'],
  [41, 'IPv6'],
  [47, 'GRE'],
  [50, 'ESP'],
  [51, 'AH'],
  [ICMPV6, 'ICMPv6'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [112, 'VRRP'],
  [115, 'L2TP'],
  [SCTP, 'SCTP'],
  [UDPLITE, 'UDP-Lite'],
]);

/** `TCP`, `ICMPv6`, or the number. */
export const protocolName = (protocol: number): string => NAMES.get(protocol) ?? `${protocol}`;
