/**
 * pcapng (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng): blocks, each `type 4, length 4, body, length 4`.
 *
 * A Section Header sets the byte order and forgets all interfaces; an Interface Description adds one; packets come in
 * Enhanced, Simple and (obsolete) Packet Blocks. All other blocks and all packet options are stepped over. A section's
 * own length word is not needed: the next Section Header ends it. A Simple Packet has no time: it gets the last one
 * seen in the capture.
 */
import { type Damage, type Format, type FormatOptions, hex, MAX_LENGTH } from './format.js';
import type { FrameBatch } from './frame.js';
import { describeInterface } from './pcapng-interface.js';
import { Timestamps } from './timestamp.js';

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 2;
const SIMPLE = 3;
const ENHANCED = 6;
const BYTE_ORDER = 0x1a2b3c4d;

/** A capture whose interfaces never end is no capture: each costs memory. */
const MAX_INTERFACES = 65536;
/** Bytes that tell how long a block is: type, length and, in a section header, the byte order. */
const BLOCK_START = 12;

/** Whether these first four bytes open a pcapng file: the same in either byte order. */
export const isPcapng = (view: DataView): boolean => view.getUint32(0, false) === SECTION;

/** The smallest block of each kind, bytes. */
const smallest = (type: number): number =>
  type === SECTION
    ? 28
    : type === INTERFACE
      ? 20
      : type === ENHANCED || type === PACKET
        ? 32
        : type === SIMPLE
          ? 16
          : 12;

const named = (type: number): string =>
  type === SECTION
    ? 'a section header'
    : type === INTERFACE
      ? 'an interface description'
      : type === ENHANCED
        ? 'an enhanced packet'
        : type === SIMPLE
          ? 'a simple packet'
          : type === PACKET
            ? 'a packet'
            : `a block of type ${hex(type)}`;

export class Pcapng implements Format {
  readonly name = 'pcapng';
  record = 'a pcapng block';
  need = 0;
  damage: Damage | null = null;
  readonly #options: FormatOptions;
  readonly #times = new Timestamps();
  #littleEndian = true;
  /** Where this section's interfaces begin in FormatOptions.interfaces, and how many it has so far. */
  #first = 0;
  #count = 0;
  #seconds = 0;
  #nanoseconds = 0;

  constructor(options: FormatOptions) {
    this.#options = options;
  }

  parse(view: DataView, from: number, to: number, batch: FrameBatch, room: number): number {
    const { limit } = this.#options;
    const { offset, captured, original, seconds, nanoseconds, interfaceIndex } = batch;
    const times = this.#times;
    let { units, multiply, divide, high: lastHigh, base, rest } = times;
    let littleEndian = this.#littleEndian;
    let lastSeconds = this.#seconds;
    let lastNanoseconds = this.#nanoseconds;
    let count = batch.count;
    let at = from;
    this.need = 0;
    this.record = 'a pcapng block';
    while (count < room) {
      if (to - at < BLOCK_START) {
        this.need = BLOCK_START;
        break;
      }
      const type = view.getUint32(at, littleEndian);
      if (type === SECTION) {
        const order = view.getUint32(at + 8, true);
        if (order === BYTE_ORDER) littleEndian = true;
        else if (view.getUint32(at + 8, false) === BYTE_ORDER) littleEndian = false;
        else {
          this.damage = { at: at + 8, expected: 'the byte-order magic 0x1a2b3c4d', found: hex(order) };
          break;
        }
      }
      const length = view.getUint32(at + 4, littleEndian);
      if (length < 12 || length > limit || (length & 3) !== 0 || length < smallest(type)) {
        this.#refuseLength(at, type, length);
        break;
      }
      if (to - at < length) {
        this.need = length;
        this.record = named(type);
        break;
      }
      const trailer = view.getUint32(at + length - 4, littleEndian);
      if (trailer !== length) {
        this.damage = {
          at: at + length - 4,
          expected: `the block's length ${length} again at the end of ${named(type)}`,
          found: String(trailer),
        };
        break;
      }
      if (type === ENHANCED || type === PACKET) {
        // The obsolete block has the interface in 16 bits; all other words of the two stand alike.
        const index = type === ENHANCED ? view.getUint32(at + 8, littleEndian) : view.getUint16(at + 8, littleEndian);
        if (index >= this.#count) {
          this.#refuseInterface(at + 8, index);
          break;
        }
        const high = view.getUint32(at + 12, littleEndian);
        const low = view.getUint32(at + 16, littleEndian);
        const size = view.getUint32(at + 20, littleEndian);
        const wire = view.getUint32(at + 24, littleEndian);
        if (size > length - 32) {
          const expected = `a captured length of at most ${length - 32} in ${named(type)} of ${length} bytes`;
          this.damage = { at: at + 20, expected, found: String(size) };
          break;
        }
        const perSecond = units[index]!;
        if (perSecond !== 0) {
          if (high !== lastHigh[index]!) times.turn(index, high);
          const x = rest[index]! + low;
          const whole = Math.floor(x / perSecond);
          lastSeconds = base[index]! + whole;
          lastNanoseconds = (x - whole * perSecond) * multiply[index]!;
          const divisor = divide[index]!;
          if (divisor !== 1) lastNanoseconds = Math.floor(lastNanoseconds / divisor);
        } else {
          times.slow(index, high, low);
          lastSeconds = times.slowSeconds;
          lastNanoseconds = times.slowNanoseconds;
        }
        seconds[count] = lastSeconds;
        nanoseconds[count] = lastNanoseconds;
        offset[count] = at + 28;
        captured[count] = size;
        original[count] = wire < size ? size : wire > MAX_LENGTH ? MAX_LENGTH : wire;
        interfaceIndex[count] = this.#first + index;
        count++;
      } else if (type === SIMPLE) {
        if (this.#count === 0) {
          this.#refuseInterface(at, 0);
          break;
        }
        const wire = view.getUint32(at + 8, littleEndian);
        const snapLength = this.#options.interfaces[this.#first]!.snapLength;
        let size = Math.min(wire, length - 16);
        if (snapLength !== 0 && size > snapLength) size = snapLength;
        seconds[count] = lastSeconds;
        nanoseconds[count] = lastNanoseconds;
        offset[count] = at + 12;
        captured[count] = size;
        original[count] = wire > MAX_LENGTH ? MAX_LENGTH : wire;
        interfaceIndex[count] = this.#first;
        count++;
      } else if (type === INTERFACE) {
        if (!this.#addInterface(view, at, length, littleEndian)) break;
        ({ units, multiply, divide, high: lastHigh, base, rest } = times);
      } else if (type === SECTION) {
        if (!this.#openSection(view, at, littleEndian)) break;
      }
      at += length;
    }
    this.#littleEndian = littleEndian;
    this.#seconds = lastSeconds;
    this.#nanoseconds = lastNanoseconds;
    batch.count = count;
    return at;
  }

  #openSection(view: DataView, at: number, littleEndian: boolean): boolean {
    const major = view.getUint16(at + 12, littleEndian);
    const minor = view.getUint16(at + 14, littleEndian);
    // 1.2 was written by some and means the same.
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      this.damage = { at: at + 12, expected: 'pcapng version 1.0', found: `version ${major}.${minor}` };
      return false;
    }
    this.#first = this.#options.interfaces.length;
    this.#count = 0;
    this.#times.clear();
    return true;
  }

  #addInterface(view: DataView, at: number, length: number, littleEndian: boolean): boolean {
    const { interfaces, capture } = this.#options;
    if (interfaces.length >= MAX_INTERFACES) {
      this.damage = { at, expected: `at most ${MAX_INTERFACES} interfaces`, found: 'one more' };
      return false;
    }
    const found = describeInterface(view, at, length, littleEndian);
    if ('expected' in found) {
      this.damage = found;
      return false;
    }
    const { linkType, fcsLength, snapLength, name } = found;
    interfaces.push({ linkType, fcsLength, snapLength, name, capture });
    this.#times.add(found.resolution, found.offset);
    this.#count++;
    return true;
  }

  #refuseLength(at: number, type: number, length: number): void {
    const least = smallest(type);
    const { limit } = this.#options;
    const expected =
      length < least
        ? `a length of at least ${least} for ${named(type)}`
        : length > limit
          ? `a length of at most ${limit} for ${named(type)}`
          : `a length divisible by 4 for ${named(type)}`;
    this.damage = { at: at + 4, expected, found: String(length), hint: 'the capture is damaged from here on' };
  }

  #refuseInterface(at: number, index: number): void {
    const known = this.#count;
    const expected =
      known === 0 ? 'an interface description before the first packet' : `an interface number below ${known}`;
    this.damage = { at, expected, found: known === 0 ? 'none' : String(index) };
  }
}
