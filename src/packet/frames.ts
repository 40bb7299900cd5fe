/**
 * Every frame of a batch into its row (hot).
 *
 * In:  frames, and what each interface is.  Out: rows, every word of them, and what they are together.
 */
import { fast } from './fast.js';
import { LINKTYPE_ETHERNET, link } from './link.js';
import { open } from './open.js';
import { END, OUTER_L3, PAYLOAD, PROTOCOL, STATUS, STRIDE } from './row.js';

/** Words an interface in `links`: its link type, and bytes of frame check sequence. */
export const LINK_WORDS = 2;

/** Places of `totals`. */
export const WIRE_BYTES = 0;
export const TOTALS = 1;

/** No frame is longer: a wire length that lies must not overflow the 32-bit words it passes through. */
const MAX_LENGTH = 0x1fffffff;

/** Rows cleared at a time: 8 kB, so that they are still in the first-level cache when they are written. */
const BLOCK = 64;

export function parseFrames(
  count: number,
  view: DataView,
  offset: Int32Array,
  captured: Int32Array,
  original: Int32Array,
  interfaceIndex: Int32Array,
  links: Int32Array,
  tunnels: number,
  rows: Int32Array,
  totals: Float64Array,
): void {
  let wireBytes = 0.0;
  for (let i = 0; i < count; i++) {
    if ((i & (BLOCK - 1)) === 0) rows.fill(0, i * STRIDE, (i + BLOCK < count ? i + BLOCK : count) * STRIDE);
    const linkType = links[interfaceIndex[i]! * LINK_WORDS]!;
    const fcs = links[interfaceIndex[i]! * LINK_WORDS + 1]!;
    const base = i * STRIDE;
    const at = offset[i]!;
    const kept = captured[i]!;
    wireBytes = wireBytes + original[i]!;
    const length = (original[i]! > kept ? (original[i]! < MAX_LENGTH ? original[i]! : MAX_LENGTH) : kept) - fcs;
    const wire = length > 0 ? at + length : at;
    const end = at + kept < wire ? at + kept : wire;
    if (linkType === LINKTYPE_ETHERNET && fast(view, at, end, wire, rows, base)) continue;
    parseFrame(linkType, view, at, end, wire, tunnels, rows, base);
  }
  totals[WIRE_BYTES] = wireBytes;
}

/** Any frame. */
function parseFrame(
  linkType: number,
  view: DataView,
  at: number,
  end: number,
  wire: number,
  tunnels: number,
  rows: Int32Array,
  base: number,
): void {
  rows[base + PROTOCOL] = -1;
  rows[base + OUTER_L3] = -1;
  const next = link(linkType, view, at, end, wire, rows, base);
  if (next >= 0) {
    open(tunnels, next, view, rows[base + END]!, rows[base + PAYLOAD]!, rows, base);
    return;
  }
  // There is no network header: what the link layer left of its ends is no packet's.
  rows[base + STATUS] = -next;
  rows[base + END] = 0;
  rows[base + PAYLOAD] = 0;
}
