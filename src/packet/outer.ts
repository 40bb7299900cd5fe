/**
 * The outside of an opened tunnel, for reports. Cold.
 *
 * In:  a frame and the OUTER_L3 of its row.  Out: who sent it to whom, in what tunnel, and the tunnel's number.
 */
import type { FrameBatch } from '../capture/frame.js';
import { geneveNetwork } from './geneve.js';
import { GRE_PROTOCOL } from './gre.js';
import { KIND_BY_VERSION } from './next.js';
import { clearRow, PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_IPV6, packet } from './packet.js';
import { DPORT, DST, FAMILY, L4, PROTOCOL, SRC, STRIDE, TAG } from './row.js';
import { addressText } from './text.js';
import { GRE_ERSPAN, GRE_ERSPAN_3, PORT_GENEVE } from './tunnel.js';
import { vxlanNetwork } from './vxlan.js';

export interface OuterPacket {
  /** Canonical address text. */
  readonly src: string;
  readonly dst: string;
  readonly tunnel: 'VXLAN' | 'Geneve' | 'GRE' | 'ERSPAN' | 'IPIP' | '6in4' | '4in6' | '6in6';
  /** VXLAN and Geneve: 24 bits. */
  readonly vni?: number;
  /** GRE, where it has one: 32 bits. */
  readonly key?: number;
}

const UDP_HEADER = 8;

/** Of several tunnels in each other the outermost. `outerL3` is the row's OUTER_L3, not -1. */
export function describeOuter(frames: FrameBatch, i: number, outerL3: number): OuterPacket {
  const { bytes } = frames;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = new Int32Array(STRIDE);
  clearRow(rows, 0);
  const start = frames.offset[i]!;
  packet(KIND_BY_VERSION, view, outerL3, start + frames.captured[i]!, start + frames.original[i]!, rows, 0);
  const ends = { src: addressText(rows, 0, SRC), dst: addressText(rows, 0, DST) };
  const at = rows[L4]!;
  const outerV6 = rows[FAMILY] === 6;
  switch (rows[PROTOCOL]) {
    case PROTOCOL_IPIP:
      return { ...ends, tunnel: outerV6 ? '4in6' : 'IPIP' };
    case PROTOCOL_IPV6:
      return { ...ends, tunnel: outerV6 ? '6in6' : '6in4' };
    case PROTOCOL_GRE: {
      const type = view.getUint16(at + GRE_PROTOCOL);
      const tunnel = type === GRE_ERSPAN || type === GRE_ERSPAN_3 ? 'ERSPAN' : 'GRE';
      return rows[TAG] === 0 ? { ...ends, tunnel } : { ...ends, tunnel, key: rows[TAG]! >>> 0 };
    }
    default: {
      const geneve = rows[DPORT] === PORT_GENEVE;
      const tunnel = geneve ? 'Geneve' : 'VXLAN';
      const header = at + UDP_HEADER;
      // A header that the snap length cut has no number to tell.
      if (header + 8 > start + frames.captured[i]!) return { ...ends, tunnel };
      return { ...ends, tunnel, vni: geneve ? geneveNetwork(view, header) : vxlanNetwork(view, header) };
    }
  }
}
