/**
 * Frames of a capture -> the IP packets that policap judges, as they can be put on a wire again.
 *
 * In:  a frame and its row.  Out: an IP packet of the length its header says, or why there is none.
 * What the snap length cut off behind the headers is filled with zeros, a length that the sender left to its network card
 * is filled in, and the IPv4 header checksum is written anew: captures often lack it, and Linux refuses a wrong one.
 */
import {
  END,
  FAMILY,
  FRAG_LATER,
  FRAG_MORE,
  FRAGMENT,
  L3,
  STATUS,
  STATUS_NOT_IP,
  STATUS_OK,
} from '../../src/packet/row.js';

/** The longest packet that a port takes in one piece. */
const LONGEST = 65_521;

export type LeftOut = 'not-ip' | 'headers cut or malformed' | 'longer than a port takes';

export function wirePacket(rows: Int32Array, base: number, bytes: Uint8Array): Uint8Array | LeftOut {
  if (rows[base + STATUS] === STATUS_NOT_IP) return 'not-ip';
  if (rows[base + STATUS] !== STATUS_OK) return 'headers cut or malformed';
  const l3 = rows[base + L3]!;
  const captured = bytes.subarray(l3, rows[base + END]!);
  return rows[base + FAMILY] === 4 ? wire4(captured) : wire6(captured);
}

function wire4(captured: Uint8Array): Uint8Array | LeftOut {
  const view = new DataView(captured.buffer, captured.byteOffset, captured.length);
  const length = view.getUint16(2) || captured.length;
  if (length > LONGEST) return 'longer than a port takes';
  const packet = new Uint8Array(length);
  packet.set(captured);
  const written = new DataView(packet.buffer);
  written.setUint16(2, length);
  written.setUint16(10, 0);
  let sum = 0;
  for (let at = 0; at < (packet[0]! & 15) * 4; at += 2) sum += written.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  written.setUint16(10, ~(sum + (sum >>> 16)) & 0xffff);
  return packet;
}

function wire6(captured: Uint8Array): Uint8Array | LeftOut {
  const view = new DataView(captured.buffer, captured.byteOffset, captured.length);
  const length = view.getUint16(4) === 0 ? captured.length : 40 + view.getUint16(4);
  if (length > LONGEST) return 'longer than a port takes';
  const packet = new Uint8Array(length);
  packet.set(captured);
  new DataView(packet.buffer).setUint16(4, length - 40);
  return packet;
}

export const isFragment = (rows: Int32Array, base: number): boolean =>
  (rows[base + FRAGMENT]! & (FRAG_LATER | FRAG_MORE)) !== 0;
