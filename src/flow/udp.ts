/**
 * UDP and UDP-Lite (hot): a question and its answer live short, a stream longer.
 *
 * The first answer does not make a stream yet: the connection counts as answered from the packet after it on, and as a
 * stream only if it is still active more than two seconds after its first packet (so that DNS does not fill the table).
 */
import { ASSURED, META, REPLIED, STREAM_AT } from './entry.js';
import { TIMEOUT_UDP, TIMEOUT_UDP_STREAM } from './timeouts.js';

const STREAM_AFTER = 2000;

export const udpBegin = (words: Int32Array, at: number, clock: number): void => {
  words[at + STREAM_AT] = clock + STREAM_AFTER;
};

/** @param clock milliseconds of the table's clock. @returns the timeout in milliseconds. */
export const udpPacket = (words: Int32Array, at: number, clock: number, timeouts: Int32Array): number => {
  const meta = words[at + META]!;
  if ((meta & REPLIED) === 0 || clock <= words[at + STREAM_AT]!) return timeouts[TIMEOUT_UDP]!;
  words[at + META] = meta | ASSURED;
  return timeouts[TIMEOUT_UDP_STREAM]!;
};

/** RFC 3828, 3.1: the checksum is mandatory, and covers the header at least. `udp` is the header's place in bytes. */
export const udpLiteValid = (bytes: Uint8Array, udp: number): boolean => {
  const coverage = (bytes[udp + 4]! << 8) | bytes[udp + 5]!;
  return (bytes[udp + 6]! | bytes[udp + 7]!) !== 0 && (coverage === 0 || coverage >= 8);
};

/** UDP-Lite has no two-second rule. */
export const udpLitePacket = (words: Int32Array, at: number, timeouts: Int32Array): number => {
  const meta = words[at + META]!;
  if ((meta & REPLIED) === 0) return timeouts[TIMEOUT_UDP]!;
  words[at + META] = meta | ASSURED;
  return timeouts[TIMEOUT_UDP_STREAM]!;
};
