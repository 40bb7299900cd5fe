/**
 * Connections -> the frames of a capture, as a network and who listens on it may deliver them.
 *
 * In:  connections with what the client sends, and what happens to it on the way.  Out: frames in order, with interfaces
 * and times; of each request the frame that completes its head.
 */
import { ethernet, ipv4, ipv6, type Segment, tcp, udp } from '../../support/frames.js';
import type { Sending } from './arbitrary.js';

export interface Captured {
  readonly frame: Uint8Array;
  readonly interface: number;
  /** Requests of the connection, by place, whose heads this frame completes. */
  readonly completes: readonly number[];
  /** It is a copy of the one before it. */
  readonly isCopy: boolean;
}

export interface Ends {
  readonly source: string;
  readonly destination: string;
  readonly sport: number;
}

interface Piece {
  readonly from: number;
  readonly to: number;
}

let identification = 1;

/** @param loses whether `lost` is about segments that the capture lacks */
export function captured(sending: Sending, { source, destination, sport }: Ends, loses: boolean): Captured[] {
  const { port, protocol, sent, isCopied, first } = sending;
  const packet = (src: string, dst: string, segment: Segment): Uint8Array =>
    ethernet(
      src.includes(':')
        ? ipv6({ src, dst, flowLabel: identification }, segment)
        : ipv4({ src, dst, id: identification++ & 0xffff }, segment),
    );
  const out: Captured[] = [];
  const emit = (frame: Uint8Array, completes: readonly number[] = []): void => {
    out.push({ frame, interface: 0, completes, isCopy: false });
    if (isCopied) out.push({ frame, interface: 1, completes: [], isCopy: true });
  };
  if (protocol === 'UDP') {
    for (const [i, { bytes }] of sent.entries()) {
      emit(packet(source, destination, udp({ sport, dport: port, payload: bytes })), [i]);
    }
    return out;
  }
  const all = Uint8Array.from(sent.flatMap(({ bytes }) => [...bytes]));
  const start = (first + 1) >>> 0;
  const up = (flags: string, at: number, payload?: Uint8Array): Uint8Array => {
    const fields = { sport, dport: port, seq: (start + at) >>> 0, ack: flags === 'S' ? 0 : 501, flags };
    return packet(source, destination, tcp(payload === undefined ? fields : { ...fields, payload }));
  };
  const down = (flags: string, at: number): Uint8Array =>
    packet(
      destination,
      source,
      tcp({ sport: port, dport: sport, seq: flags === 'SA' ? 500 : 501, ack: (start + at) >>> 0, flags }),
    );
  emit(up('S', -1));
  emit(down('SA', 0));
  emit(up('A', 0));
  let begins = 0;
  const heads = sent.map(({ bytes, head }) => {
    begins += bytes.length;
    return begins - bytes.length + head;
  });
  const seen = new Uint8Array(all.length);
  let whole = 0;
  for (const { from, to } of pieces(sending, all.length, loses)) {
    seen.fill(1, from, to);
    const before = whole;
    while (whole < all.length && seen[whole] === 1) whole++;
    const completes = heads.flatMap((head, i) => (head > before && head <= whole ? [i] : []));
    emit(up('PA', from, all.subarray(from, to)), completes);
  }
  emit(down('A', whole));
  emit(up('FA', all.length));
  return out;
}

function pieces({ cuts, swaps, again, lost }: Sending, length: number, loses: boolean): Piece[] {
  const at = [...new Set([0, ...cuts.map(cut => Math.floor((cut * length) / 1000)), length])].sort((a, b) => a - b);
  const all = at.slice(1).map((to, i) => ({ from: at[i]!, to }));
  const order = [...all];
  for (const swap of swaps) {
    const i = swap % order.length;
    if (i + 1 < order.length) order.splice(i, 2, order[i + 1]!, order[i]!);
  }
  // Sent again with more in front, as retransmissions may be.
  for (const it of again) {
    const piece = order[it % order.length]!;
    order.splice((it % order.length) + 1, 0, { from: Math.max(0, piece.from - 5), to: piece.to });
  }
  return loses ? order.filter((_, i) => !lost.some(it => it % order.length === i)) : order;
}
