/**
 * DNS messages for tests: a name and addresses -> the bytes of a response (RFC 1035) whose records all have the asked name.
 */
const words = (...parts: number[]): number[] => parts.flatMap(part => [part >> 8, part & 255]);
const labels = (name: string): number[] => [
  ...name.split('.').flatMap(label => [label.length, ...Buffer.from(label)]),
  0,
];
const octets = (address: string): number[] =>
  address.includes(':') ? [0x20, 1, 0xd, 0xb8, ...new Array(11).fill(0), 9] : address.split('.').map(Number);
/** @param ttl seconds, of every record */
export const dnsAnswer = (name: string, addresses: readonly string[], ttl: number): number[] => [
  ...words(7, 0x8180, 1, addresses.length, 0, 0),
  ...labels(name),
  ...words(1, 1),
  ...addresses.flatMap(address => [
    ...[0xc0, 12],
    ...words(address.includes(':') ? 28 : 1, 1, 0, ttl, octets(address).length),
    ...octets(address),
  ]),
];
export const dnsQuestion = (name: string): number[] => [
  ...words(7, 0x0100, 1, 0, 0, 0),
  ...labels(name),
  ...words(1, 1),
];
