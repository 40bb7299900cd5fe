/**
 * Fragments of the random traffic: a conversation whose packets are cut up, and go astray as fragments do.
 *
 * In:  a talk.  Out: a talk of its packets in fragments: in order or not, one missing, one twice, one too many that
 * overlaps or contradicts the others; identifications are used again, also while a datagram of the same one waits.
 */
import type { Talk } from './generate.js';
import type { Random } from './random.js';

const FRAGMENT = 44;

interface Piece {
  readonly offset: number;
  readonly end: number;
  readonly more: boolean;
}

export function fragmenting(random: Random, talk: Talk): Talk {
  const waiting: Uint8Array[] = [];
  let identification = random.below(4000);
  return {
    next() {
      while (waiting.length === 0) {
        if (!random.chance(40)) identification = (identification + 1) & 0xffff;
        waiting.push(...cutUp(random, talk.next(), identification));
      }
      return waiting.shift()!;
    },
  };
}

function cutUp(random: Random, packet: Uint8Array, identification: number): Uint8Array[] {
  const front = frontOf(packet);
  const length = packet.length - front;
  if (length < 24 || random.chance(100)) return [packet];
  const pieces = piecesOf(random, length);
  const [a, b] = [random.below(pieces.length), random.below(pieces.length)];
  if (random.chance(250)) [pieces[a], pieces[b]] = [pieces[b]!, pieces[a]!];
  if (random.chance(80)) pieces.splice(random.below(pieces.length), 1);
  else if (random.chance(200)) pieces.splice(random.below(pieces.length + 1), 0, extra(random, length, pieces));
  const ecn = random.chance(50) ? random.below(4) : 0;
  return pieces.map(piece => fragment(packet, front, piece, identification, random.chance(500) ? ecn : 0));
}

/** Where the part that is cut up begins: behind the IP header; IPv6's extension headers are cut up too. */
const frontOf = (packet: Uint8Array): number => (packet[0]! >> 4 === 4 ? (packet[0]! & 15) * 4 : 40);

function piecesOf(random: Random, length: number): Piece[] {
  const units = Math.ceil(length / 8);
  const cuts = new Set([0]);
  for (let n = 1 + random.below(3); n > 0; n--) cuts.add((1 + random.below(units - 1)) * 8);
  const places = [...cuts].sort((a, b) => a - b);
  return places.map((offset, i) => ({
    offset,
    end: places[i + 1] ?? length,
    more: i + 1 < places.length,
  }));
}

/** One too many: a copy, a part of another, across two others, another end, beyond the end, no multiple of 8, empty. */
function extra(random: Random, length: number, pieces: readonly Piece[]): Piece {
  const of = random.pick(pieces);
  const offset = random.below(Math.ceil(length / 8)) * 8;
  const size = 8 * (1 + random.below(4));
  const within = Math.min(offset + size, length);
  switch (random.below(8)) {
    case 0:
    case 1:
      return of;
    case 2:
    case 3:
      return { offset, end: within, more: true };
    case 4:
      return { offset, end: within, more: false };
    case 5:
      return { offset: (length + 7) & ~7, end: ((length + 7) & ~7) + 8, more: random.chance(500) };
    case 6:
      return { offset, end: Math.min(offset + 5, length), more: true };
    default:
      return { offset, end: offset, more: random.chance(500) };
  }
}

function fragment(packet: Uint8Array, front: number, piece: Piece, identification: number, ecn: number): Uint8Array {
  const { offset, end, more } = piece;
  const data = new Uint8Array(end - offset);
  data.set(packet.subarray(front + offset, Math.min(front + end, packet.length)));
  return packet[0]! >> 4 === 4
    ? fragment4(packet.subarray(0, front), data, offset, more, identification, ecn)
    : fragment6(packet.subarray(0, front), data, offset, more, identification, ecn);
}

function fragment4(
  head: Uint8Array,
  data: Uint8Array,
  offset: number,
  more: boolean,
  identification: number,
  ecn: number,
): Uint8Array {
  const out = new Uint8Array(head.length + data.length);
  out.set(head);
  out.set(data, head.length);
  const view = new DataView(out.buffer);
  out[1] = (out[1]! & ~3) | ecn;
  view.setUint16(2, out.length);
  view.setUint16(4, identification);
  view.setUint16(6, (more ? 0x2000 : 0) | (offset >> 3));
  view.setUint16(10, 0);
  let sum = 0;
  for (let at = 0; at < head.length; at += 2) sum += view.getUint16(at);
  sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~(sum + (sum >>> 16)) & 0xffff);
  return out;
}

function fragment6(
  head: Uint8Array,
  data: Uint8Array,
  offset: number,
  more: boolean,
  identification: number,
  ecn: number,
): Uint8Array {
  const out = new Uint8Array(head.length + 8 + data.length);
  out.set(head);
  out.set(data, head.length + 8);
  const view = new DataView(out.buffer);
  out[1] = (out[1]! & ~0x30) | (ecn << 4);
  view.setUint16(4, out.length - 40);
  out[head.length] = out[6]!;
  out[6] = FRAGMENT;
  view.setUint16(head.length + 2, offset | (more ? 1 : 0));
  view.setUint32(head.length + 4, identification);
  return out;
}

/** Whether a packet is a fragment, so that what the network does to it is left to this file. */
export function isFragment(packet: Uint8Array): boolean {
  if (packet[0]! >> 4 === 4) return (((packet[6]! << 8) | packet[7]!) & 0x3fff) !== 0;
  return packet[6] === FRAGMENT;
}
