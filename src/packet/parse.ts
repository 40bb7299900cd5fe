/**
 * The packet parser: a batch of frames into a batch of rows.
 *
 * In:  FrameBatch (capture/frame.ts) and the interfaces its frames came from.
 * Out: PacketBatch (row.ts), parallel to it: every word of rows 0..count-1 is written, every packet has a STATUS_.
 *
 * Hot: one pass a batch, nothing allocated a packet; link layers, network and transport headers are read through one
 * DataView a batch (a single bounds check and byte swap a field makes it three times as fast as byte by byte).
 * No input throws: whatever a frame claims, reads stay inside its captured bytes.
 */
import { BATCH_FRAMES, type CaptureInterface, type FrameBatch } from '../capture/frame.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { hasBadChecksum } from './checksum.js';
import { createDuplicates } from './duplicates.js';
import { fast } from './fast.js';
import { LINKTYPE_ETHERNET, link } from './link.js';
import { MAX_TUNNELS, open } from './open.js';
import {
  END,
  FLAG_BAD_CHECKSUM,
  FLAGS,
  OUTER_L3,
  PAYLOAD,
  type PacketBatch,
  PROTOCOL,
  STATUS,
  STATUS_OK,
  STRIDE,
} from './row.js';

export interface ParserOptions {
  /** Open VXLAN, Geneve, GRE, ERSPAN and IP-in-IP and judge what is inside. Default true. */
  readonly tunnels?: boolean;
  /** Mark what was seen already at another place (duplicates.ts). Default true. */
  readonly duplicates?: boolean;
  /** Nanoseconds in which a packet counts as a copy. Default 10,000,000. */
  readonly duplicateWindow?: number;
  /** Verify checksums (checksum.ts) and set FLAG_BAD_CHECKSUM. Default false: captures are full of packets whose
   *  checksums the network card was to fill in. */
  readonly verifyChecksums?: boolean;
}

export interface PacketParser {
  /** Writes rows 0..frames.count-1 of `out` (which must hold so many) and out.count. Batches come in order. */
  parse(frames: FrameBatch, interfaces: readonly CaptureInterface[], out: PacketBatch): void;
}

/** Rows for `capacity` packets. */
export function newPacketBatch(capacity: number = BATCH_FRAMES, memory: Memory = OWN_MEMORY): PacketBatch {
  const rows = memory.int32(capacity * STRIDE);
  return { count: 0, rows, duplicateOf: new Float64Array(capacity), mayHoldCopies: false };
}

/** No frame is longer: a wire length that lies must not overflow the 32-bit words it passes through. */
const MAX_LENGTH = 0x1fffffff;

/** Rows cleared at a time: 8 kB, so that they are still in the first-level cache when they are written. */
const BLOCK = 64;

export function createParser(options: ParserOptions = {}): PacketParser {
  const tunnels = options.tunnels === false ? 0 : MAX_TUNNELS;
  const duplicates = options.duplicates === false ? null : createDuplicates(options.duplicateWindow);
  const verify = options.verifyChecksums === true;
  return {
    parse(frames, interfaces, out) {
      const { rows } = out;
      if (rows.length < frames.count * STRIDE)
        throw new RangeError(`${frames.count} frames for ${rows.length / STRIDE} rows`);
      const { bytes } = frames;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let from = 0; from < frames.count; from += BLOCK) {
        const to = from + BLOCK < frames.count ? from + BLOCK : frames.count;
        rows.fill(0, from * STRIDE, to * STRIDE);
        parseBlock(frames, view, interfaces, from, to, tunnels, rows);
      }
      out.count = frames.count;
      if (verify) verifyChecksums(view, frames.count, rows);
      out.mayHoldCopies = duplicates?.mark(frames, interfaces, view, out) ?? false;
    },
  };
}

function parseBlock(
  frames: FrameBatch,
  view: DataView,
  interfaces: readonly CaptureInterface[],
  from: number,
  to: number,
  tunnels: number,
  rows: Int32Array,
): void {
  const { offset, captured, original, interfaceIndex } = frames;
  let index = -1;
  let linkType = 0;
  let fcs = 0;
  for (let i = from; i < to; i++) {
    if (interfaceIndex[i] !== index) {
      index = interfaceIndex[i]!;
      const at = interfaces[index]!;
      linkType = at.linkType;
      fcs = at.fcsLength;
    }
    const base = i * STRIDE;
    const at = offset[i]!;
    const kept = captured[i]!;
    const length = (original[i]! > kept ? (original[i]! < MAX_LENGTH ? original[i]! : MAX_LENGTH) : kept) - fcs;
    const wire = length > 0 ? at + length : at;
    const end = at + kept < wire ? at + kept : wire;
    if (linkType === LINKTYPE_ETHERNET && fast(view, at, end, wire, rows, base)) continue;
    rows[base + PROTOCOL] = -1;
    rows[base + OUTER_L3] = -1;
    const next = link(linkType, view, at, end, wire, rows, base);
    if (next >= 0) open(tunnels, next, view, rows[base + END]!, rows[base + PAYLOAD]!, rows, base);
    else noPacket(-next, rows, base);
  }
}

/** There is no network header: what the link layer left of its ends is no packet's. */
function noPacket(status: number, rows: Int32Array, base: number): void {
  rows[base + STATUS] = status;
  rows[base + END] = 0;
  rows[base + PAYLOAD] = 0;
}

function verifyChecksums(view: DataView, count: number, rows: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const base = i * STRIDE;
    if (rows[base + STATUS] === STATUS_OK && hasBadChecksum(view, rows, base))
      rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_BAD_CHECKSUM;
  }
}
