/**
 * ERSPAN: mirrored Ethernet frames in GRE (draft-foschiano-erspan-03).
 *
 * In:  what stands behind a GRE header of type 0x88be (I and II) or 0x22eb (III).  Out: what follows (next.ts), or
 * NO_TUNNEL. Type I has no header of its own and is known by GRE's missing sequence number.
 */
import { ethernet } from './ethernet.js';
import { KIND_BY_VERSION, NO_TUNNEL, shortNext } from './next.js';

const VERSION = 0;
const TYPE_2_HEADER = 8;
const TYPE_3_HEADER = 12;
const TYPE_3_FLAGS = 10;
const SUBHEADER = 8;

const FRAME_ETHERNET = 0;
const FRAME_IP = 2;

/** @param sequenced whether the GRE header held a sequence number */
export function erspan(
  sequenced: boolean,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  rows: Int32Array,
  base: number,
): number {
  if (!sequenced) return ethernet(view, at, end, wire, rows, base);
  if (at + TYPE_2_HEADER > end) return at + TYPE_2_HEADER > wire ? NO_TUNNEL : shortNext(at + TYPE_2_HEADER, wire);
  if (view.getUint8(at + VERSION) >>> 4 !== 1) return NO_TUNNEL;
  return ethernet(view, at + TYPE_2_HEADER, end, wire, rows, base);
}

export function erspan3(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + TYPE_3_HEADER > end) return at + TYPE_3_HEADER > wire ? NO_TUNNEL : shortNext(at + TYPE_3_HEADER, wire);
  if (view.getUint8(at + VERSION) >>> 4 !== 2) return NO_TUNNEL;
  const flags = view.getUint16(at + TYPE_3_FLAGS);
  const inner = at + TYPE_3_HEADER + ((flags & 1) === 0 ? 0 : SUBHEADER);
  const frame = (flags >>> 10) & 0x1f;
  if (frame === FRAME_ETHERNET) return ethernet(view, inner, end, wire, rows, base);
  return frame === FRAME_IP ? (inner << 2) | KIND_BY_VERSION : NO_TUNNEL;
}
