/**
 * GRE (RFC 2784, 2890; version 1 of PPTP: RFC 2637).
 *
 * In:  a header from its flags on (shape: next.ts).  Out: a STATUS_ value; TAG in the row: the key, for version 1 the
 * call identifier (what Linux's connection tracking takes), 0 without. greHeader() is the tunnel's side of it.
 */
import { shortStatus } from './next.js';
import { STATUS_OK, TAG } from './row.js';

const FLAG_BITS = 0;
export const GRE_PROTOCOL = 2;
export const GRE_MIN_HEADER = 4;

const CHECKSUM_PRESENT = 0x8000;
const ROUTING_PRESENT = 0x4000;
const KEY_PRESENT = 0x2000;
export const GRE_SEQUENCE_PRESENT = 0x1000;
const VERSION = 0x0007;

export function gre(view: DataView, at: number, end: number, wire: number, rows: Int32Array, base: number): number {
  if (at + GRE_MIN_HEADER > end) return shortStatus(at + GRE_MIN_HEADER, wire);
  const flags = view.getUint16(at + FLAG_BITS);
  const size = headerSize(flags);
  if (at + size > end) return shortStatus(at + size, wire);
  if ((flags & KEY_PRESENT) !== 0) {
    const key = view.getInt32(at + ((flags & (CHECKSUM_PRESENT | ROUTING_PRESENT)) === 0 ? GRE_MIN_HEADER : 8));
    rows[base + TAG] = (flags & VERSION) === 1 ? key & 0xffff : key;
  }
  return STATUS_OK;
}

/** Checksum and offset stand together where either is present (RFC 1701). */
const headerSize = (flags: number): number =>
  GRE_MIN_HEADER +
  ((flags & (CHECKSUM_PRESENT | ROUTING_PRESENT)) === 0 ? 0 : 4) +
  ((flags & KEY_PRESENT) === 0 ? 0 : 4) +
  ((flags & GRE_SEQUENCE_PRESENT) === 0 ? 0 : 4);

/** Bytes of a header that a tunnel can be opened behind, or -1: version 0 without source routing, as Linux takes it. */
export const greTunnelHeader = (flags: number): number =>
  (flags & (VERSION | ROUTING_PRESENT)) === 0 ? headerSize(flags) : -1;
