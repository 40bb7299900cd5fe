/**
 * ICMP types by the names that Cilium gives them: text or number -> type.
 * Source: https://github.com/cilium/cilium, pkg/policy/api/icmp.go; numbers of IANA.
 */
const V4: Readonly<Record<string, number>> = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  Redirect: 5,
  Echo: 8,
  EchoRequest: 8,
  RouterAdvertisement: 9,
  RouterSelection: 10,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
  Photuris: 40,
  'ExtendedEcho Request': 42,
  ExtendedEchoRequest: 42,
  'ExtendedEcho Reply': 43,
  ExtendedEchoReply: 43,
};

const V6: Readonly<Record<string, number>> = {
  DestinationUnreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  EchoRequest: 128,
  EchoReply: 129,
  MulticastListenerQuery: 130,
  MulticastListenerReport: 131,
  MulticastListenerDone: 132,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighborSolicitation: 135,
  NeighborAdvertisement: 136,
  RedirectMessage: 137,
  RouterRenumbering: 138,
  ICMPNodeInformationQuery: 139,
  ICMPNodeInformationResponse: 140,
  InverseNeighborDiscoverySolicitation: 141,
  InverseNeighborDiscoveryAdvertisement: 142,
  HomeAgentAddressDiscoveryRequest: 144,
  HomeAgentAddressDiscoveryReply: 145,
  MobilePrefixSolicitation: 146,
  MobilePrefixAdvertisement: 147,
  DuplicateAddressRequestCodeSuffix: 157,
  DuplicateAddressConfirmationCodeSuffix: 158,
  ExtendedEchoRequest: 160,
  ExtendedEchoReply: 161,
};

/** @returns null where there is no such type */
export function icmpTypeOf(given: number | string, family: 4 | 6): number | null {
  const names = family === 4 ? V4 : V6;
  if (typeof given === 'string' && Object.hasOwn(names, given)) return names[given]!;
  const number = typeof given === 'number' ? given : /^\d{1,3}$/.test(given) ? Number(given) : -1;
  return Number.isInteger(number) && number >= 0 && number <= 255 ? number : null;
}
