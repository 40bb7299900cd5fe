/**
 * Frames of generated packets: Ethernet, IPv4 or IPv6, and TCP, UDP or ICMP, written into a buffer.
 *
 * A frame is begun with its ends and ended by what it carries, which returns its length. Only headers are written: data
 * is whatever the buffer holds, and is cut off mostly.
 */
import type { Ends } from './ends.js';

const ETHERNET = 14;
const SYN_OPTIONS: readonly number[] = [2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 7];
const OPTIONS: readonly number[] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1];
const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ECHO_REQUEST = 8;

export interface Frames {
  /** A packet between two ends at an offset of the buffer. */
  begin(at: number, number: number, from: number, to: number, sourcePort: number, destinationPort: number): void;
  segment(flags: number, sequence: number, acknowledged: number, isOpening: boolean, data: number): number;
  datagram(data: number): number;
  echo(isRequest: boolean, identifier: number, sequence: number): number;
}

export function createFrames(bytes: Uint8Array, { ip, addresses }: Ends): Frames {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const size = ip === 4 ? 4 : 16;
  const header = ETHERNET + (ip === 4 ? 20 : 40);
  let at = 0;
  let number = 0;

  function copyAddress(end: number, to: number): void {
    for (let i = 0; i < size; i++) bytes[to + i] = addresses[end * size + i]!;
  }

  /** @returns the frame's length */
  function end(protocol: number, length: number): number {
    if (ip === 4) {
      view.setUint16(at + 12, 0x0800);
      bytes[at + 14] = 0x45;
      view.setUint16(at + 16, 20 + length);
      view.setUint16(at + 18, number & 0xffff);
      bytes[at + 22] = 64;
      bytes[at + 23] = protocol;
    } else {
      view.setUint16(at + 12, 0x86dd);
      bytes[at + 14] = 0x60;
      view.setUint16(at + 18, length);
      bytes[at + 20] = protocol;
      bytes[at + 21] = 64;
    }
    return header + length;
  }

  return {
    begin(place, count, from, to, sourcePort, destinationPort) {
      at = place;
      number = count;
      bytes.fill(0, at, at + header + 32);
      const addressed = at + ETHERNET + (ip === 4 ? 12 : 8);
      copyAddress(from, addressed);
      copyAddress(to, addressed + size);
      view.setUint16(at + header, sourcePort);
      view.setUint16(at + header + 2, destinationPort);
    },
    segment(flags, sequence, acknowledged, isOpening, data) {
      const options = isOpening ? SYN_OPTIONS : OPTIONS;
      const l4 = at + header;
      view.setInt32(l4 + 4, sequence);
      view.setInt32(l4 + 8, acknowledged);
      bytes[l4 + 12] = ((20 + options.length) / 4) << 4;
      bytes[l4 + 13] = flags;
      view.setUint16(l4 + 14, 0xfff0);
      for (let i = 0; i < options.length; i++) bytes[l4 + 20 + i] = options[i]!;
      return end(TCP, 20 + options.length + data);
    },
    datagram(data) {
      view.setUint16(at + header + 4, 8 + data);
      return end(UDP, 8 + data);
    },
    echo(isRequest, identifier, sequence) {
      const l4 = at + header;
      bytes[l4] = isRequest ? ECHO_REQUEST : 0;
      bytes[l4 + 1] = 0;
      view.setUint16(l4 + 4, identifier);
      view.setUint16(l4 + 6, sequence);
      return end(ICMP, 64);
    },
  };
}
