/**
 * pcap (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap): a header of 24 bytes, then packet records.
 *
 *   header  magic 4, version 2+2, zone 4, sigfigs 4, snap length 4, link type 4 (with the FCS bits above)
 *   record  seconds 4, micro- or nanoseconds 4, captured length 4, length on the wire 4, the bytes
 *
 * The magic tells the byte order and the resolution; Kuznetzov's variant (0xa1b2cd34, old Red Hat libpcap) has 8 more
 * bytes in a record's header. Before version 2.3 the two lengths stand the other way round; in 2.3 either way.
 */
import { type Damage, type Format, type FormatOptions, MAX_LENGTH, MAX_PACKET } from './format.js';
import type { FrameBatch } from './frame.js';

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
  readonly #littleEndian: boolean;
  readonly #header: number;
  /** Nanoseconds a unit of the record's second word. */
  readonly #unit: number;
  readonly #limit: number;
  /** Where the captured length stands; the length on the wire is in the other of the two words at 8 and 12. */
  readonly #capturedAt: number;
  readonly #either: boolean;
  readonly #interface: number;

  /** @param view begins with the 24 bytes of the file's header */
  constructor(view: DataView, options: FormatOptions) {
    const littleEndian = isMagic(view.getUint32(0, true));
    const magic = view.getUint32(0, littleEndian);
    const major = view.getUint16(4, littleEndian);
    const minor = view.getUint16(6, littleEndian);
    const snapLength = view.getUint32(16, littleEndian);
    const link = view.getUint32(20, littleEndian);
    this.#littleEndian = littleEndian;
    this.#header = magic === KUZNETZOV ? 24 : 16;
    this.#unit = magic === NANO ? 1 : 1000;
    this.#capturedAt = major === 2 && minor < 3 ? 12 : 8;
    this.#either = major === 2 && minor === 3;
    this.#limit = Math.min(options.limit, Math.max(MAX_PACKET, snapLength));
    this.#interface = options.interfaces.length;
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
    const littleEndian = this.#littleEndian;
    const header = this.#header;
    const unit = this.#unit;
    const perSecond = 1e9 / unit;
    const limit = this.#limit;
    const capturedAt = this.#capturedAt;
    const originalAt = 20 - capturedAt;
    const either = this.#either;
    const { offset, captured, original, seconds, nanoseconds, interfaceIndex } = batch;
    const index = this.#interface;
    let count = batch.count;
    let at = from;
    this.need = 0;
    // Words are read as signed and checked as unsigned: the arithmetic stays in 32-bit integers.
    while (count < room) {
      if (((to - at) | 0) < header) {
        this.need = header;
        break;
      }
      let length = view.getInt32(at + capturedAt, littleEndian);
      let wire = view.getInt32(at + originalAt, littleEndian);
      if (either && length >>> 0 > wire >>> 0) {
        const swap = length;
        length = wire;
        wire = swap;
      }
      if (length >>> 0 > limit) {
        this.damage = {
          at: at + capturedAt,
          expected: `a captured length of at most ${limit}`,
          found: String(length >>> 0),
          hint: 'the capture is damaged from here on',
        };
        break;
      }
      const data = (at + header) | 0;
      if (((to - data) | 0) < length) {
        this.need = header + length;
        break;
      }
      const fraction = view.getInt32(at + 4, littleEndian);
      seconds[count] = view.getUint32(at, littleEndian);
      if (fraction >>> 0 < perSecond) {
        nanoseconds[count] = Math.imul(fraction, unit);
      } else {
        // Some writers let the fraction run over; the time meant is their sum.
        const over = Math.floor((fraction >>> 0) / perSecond);
        seconds[count] = view.getUint32(at, littleEndian) + over;
        nanoseconds[count] = ((fraction >>> 0) - over * perSecond) * unit;
      }
      offset[count] = data;
      captured[count] = length;
      original[count] = wire < 0 ? MAX_LENGTH : wire < length ? length : wire;
      interfaceIndex[count] = index;
      count++;
      at = (data + length) | 0;
    }
    batch.count = count;
    return at;
  }
}
