/**
 * pcap (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap): a header of 24 bytes, then packet records.
 *
 *   header  magic 4, version 2+2, zone 4, sigfigs 4, snap length 4, link type 4 (with the FCS bits above)
 *   record  seconds 4, micro- or nanoseconds 4, captured length 4, length on the wire 4, the bytes
 *
 * The magic tells the byte order and the resolution; Kuznetzov's variant (0xa1b2cd34, old Red Hat libpcap) has 8 more
 * bytes in a record's header. Before version 2.3 the two lengths stand the other way round; in 2.3 either way.
 */
import { OWN_MEMORY } from '../memory/memory.js';
import { type Damage, type Format, type FormatOptions, MAX_PACKET } from './format.js';
import type { FrameBatch } from './frame.js';
import {
  CAPTURED_AT,
  COUNT,
  DAMAGED,
  EITHER,
  HEADER,
  INTERFACE,
  LIMIT,
  LITTLE_ENDIAN,
  NEED,
  UNIT,
  WALK,
  walkRecords,
} from './records.js';

const MICRO = 0xa1b2c3d4;
const NANO = 0xa1b23c4d;
const KUZNETZOV = 0xa1b2cd34;

export const PCAP_HEADER = 24;

const isMagic = (word: number): boolean => word === MICRO || word === NANO || word === KUZNETZOV;

/** Whether these first four bytes open a pcap file, in either byte order. */
export const isPcap = (view: DataView): boolean =>
  isMagic(view.getUint32(0, false)) || isMagic(view.getUint32(0, true));

export class Pcap implements Format {
  readonly name = 'pcap';
  readonly record = 'a packet record';
  need = 0;
  damage: Damage | null = null;
  readonly #walk: Int32Array;
  readonly #walkRecords: typeof walkRecords;

  /** @param view begins with the 24 bytes of the file's header */
  constructor(view: DataView, options: FormatOptions) {
    const littleEndian = isMagic(view.getUint32(0, true));
    const magic = view.getUint32(0, littleEndian);
    const major = view.getUint16(4, littleEndian);
    const minor = view.getUint16(6, littleEndian);
    const snapLength = view.getUint32(16, littleEndian);
    const link = view.getUint32(20, littleEndian);
    const walk = (options.memory ?? OWN_MEMORY).int32(WALK);
    walk[LITTLE_ENDIAN] = littleEndian ? 1 : 0;
    walk[HEADER] = magic === KUZNETZOV ? 24 : 16;
    walk[UNIT] = magic === NANO ? 1 : 1000;
    walk[CAPTURED_AT] = major === 2 && minor < 3 ? 12 : 8;
    walk[EITHER] = major === 2 && minor === 3 ? 1 : 0;
    walk[LIMIT] = Math.min(options.limit, Math.max(MAX_PACKET, snapLength));
    walk[INTERFACE] = options.interfaces.length;
    this.#walk = walk;
    this.#walkRecords = options.walkRecords ?? walkRecords;
    if (!(major === 2 && minor <= 4) && !(major === 543 && minor === 0)) {
      this.damage = {
        at: 4,
        expected: 'pcap version 2.0 to 2.4',
        found: `version ${major}.${minor}`,
        hint: 'the file is of another format, or its header is damaged',
      };
      return;
    }
    options.interfaces.push({
      linkType: link & 0xffff,
      // Bit 26: an FCS length is given, in the top four bits, in units of two bytes.
      fcsLength: link & 0x04000000 ? (link >>> 28) * 2 : 0,
      snapLength,
      capture: options.capture,
    });
  }

  parse(view: DataView, from: number, to: number, batch: FrameBatch, room: number): number {
    const { offset, captured, original, seconds, nanoseconds, interfaceIndex } = batch;
    const walk = this.#walk;
    walk[COUNT] = batch.count;
    // A buffer that has grown is of other memory.
    const run = view.buffer === walk.buffer ? this.#walkRecords : walkRecords;
    const at = run(view, from, to, room, walk, offset, captured, original, seconds, nanoseconds, interfaceIndex);
    batch.count = walk[COUNT]!;
    this.need = walk[NEED]!;
    if (walk[DAMAGED] !== 0) {
      const place = at + walk[CAPTURED_AT]!;
      this.damage = {
        at: place,
        expected: `a captured length of at most ${walk[LIMIT]}`,
        found: String(view.getUint32(place, walk[LITTLE_ENDIAN] !== 0)),
        hint: 'the capture is damaged from here on',
      };
    }
    return at;
  }
}
