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
import type { FastPath } from '../memory/fast-path.js';
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { hasBadChecksum } from './checksum.js';
import { createDuplicates } from './duplicates.js';
import { LINK_WORDS, parseFrames, TOTALS, WIRE_BYTES } from './frames.js';
import { MAX_TUNNELS } from './open.js';
import { FLAG_BAD_CHECKSUM, FLAGS, type PacketBatch, STATUS, STATUS_OK, STRIDE } from './row.js';

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
  return { count: 0, rows, duplicateOf: new Float64Array(capacity), mayHoldCopies: false, wireBytes: 0 };
}

/** Interfaces there is room for at first. */
const FIRST_LINKS = 64;
/** Words of `links` in the fast path's memory; beyond them it is not asked. */
const MOST_LINKS = 1 << 15;

/** @param compiled the fast path, for batches that lie in its memory */
export function createParser(options: ParserOptions = {}, compiled: FastPath | null = null): PacketParser {
  const tunnels = options.tunnels === false ? 0 : MAX_TUNNELS;
  const duplicates = options.duplicates === false ? null : createDuplicates(options.duplicateWindow);
  const verify = options.verifyChecksums === true;
  const memory = compiled?.memory ?? OWN_MEMORY;
  const fastPath =
    compiled === null
      ? null
      : { buffer: compiled.buffer, parse: compiled.entry<typeof parseFrames>('packet_frames_parseFrames') };
  let view: DataView = new DataView(new ArrayBuffer(0));
  let links = memory.int32(FIRST_LINKS * LINK_WORDS);
  const totals = memory.float64(TOTALS);
  let described = 0;
  const describe = ({ linkType, fcsLength }: CaptureInterface): void => {
    if ((described + 1) * LINK_WORDS > links.length) {
      // Captures with more interfaces than this are none that a fast path is for.
      const wider = (links.length < MOST_LINKS ? memory : OWN_MEMORY).int32(links.length * 2);
      wider.set(links);
      links = wider;
    }
    links[described * LINK_WORDS] = linkType;
    links[described * LINK_WORDS + 1] = fcsLength;
    described++;
  };
  return {
    parse(frames, interfaces, out) {
      const { rows } = out;
      if (rows.length < frames.count * STRIDE)
        throw new RangeError(`${frames.count} frames for ${rows.length / STRIDE} rows`);
      const { bytes, count, offset, captured, original, interfaceIndex } = frames;
      if (view.buffer !== bytes.buffer || view.byteOffset !== bytes.byteOffset || view.byteLength !== bytes.byteLength)
        view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      while (described < interfaces.length) describe(interfaces[described]!);
      const parseBatch =
        fastPath?.buffer === bytes.buffer && links.buffer === fastPath.buffer ? fastPath.parse : parseFrames;
      parseBatch(count, view, offset, captured, original, interfaceIndex, links, tunnels, rows, totals);
      out.wireBytes = totals[WIRE_BYTES]!;
      out.count = frames.count;
      if (verify) verifyChecksums(view, frames.count, rows);
      out.mayHoldCopies = duplicates?.mark(frames, interfaces, view, out) ?? false;
    },
  };
}

function verifyChecksums(view: DataView, count: number, rows: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const base = i * STRIDE;
    if (rows[base + STATUS] === STATUS_OK && hasBadChecksum(view, rows, base))
      rows[base + FLAGS] = rows[base + FLAGS]! | FLAG_BAD_CHECKSUM;
  }
}
