/**
 * The records of a pcap file (hot): one frame after the other.
 *
 * In:  a window of bytes, view[from, to), and in `walk` how its file writes records (the format: pcap.ts).
 * Out: frames from walk[COUNT] on, and in `walk` how many there are then, and why it stopped: the batch is full, bytes are
 * missing (NEED, of the record's bytes in all), or the captured length is beyond LIMIT (DAMAGED).
 */
import { MAX_LENGTH } from './format.js';

/** Words of `walk`. The file's: whether little-endian, bytes of a record's header, nanoseconds a unit of its second word. */
export const LITTLE_ENDIAN = 0;
export const HEADER = 1;
export const UNIT = 2;
/** Greatest captured length; where it stands (the length on the wire is in the other of the two words at 8 and 12). */
export const LIMIT = 3;
export const CAPTURED_AT = 4;
/** The two lengths stand either way round. */
export const EITHER = 5;
export const INTERFACE = 6;
/** Frames in the batch, before and after; and why it stopped. */
export const COUNT = 7;
export const NEED = 8;
export const DAMAGED = 9;
export const WALK = 10;

const SECOND = 1e9;

/** @param room frames the batch has room for. @returns where the first record begins that was not taken */
export function walkRecords(
  view: DataView,
  from: number,
  to: number,
  room: number,
  walk: Int32Array,
  offset: Int32Array,
  captured: Int32Array,
  original: Int32Array,
  seconds: Float64Array,
  nanoseconds: Int32Array,
  interfaceIndex: Int32Array,
): number {
  const littleEndian = walk[LITTLE_ENDIAN] !== 0;
  const header = walk[HEADER]!;
  const unit = walk[UNIT]!;
  const perSecond = (SECOND / unit) | 0;
  const limit = walk[LIMIT]!;
  const capturedAt = walk[CAPTURED_AT]!;
  const originalAt = 20 - capturedAt;
  const either = walk[EITHER] !== 0;
  const index = walk[INTERFACE]!;
  let count = walk[COUNT]!;
  let at = from;
  walk[NEED] = 0;
  walk[DAMAGED] = 0;
  // Words are read as signed and checked as unsigned: the arithmetic stays in 32-bit integers.
  while (count < room) {
    if (((to - at) | 0) < header) {
      walk[NEED] = header;
      break;
    }
    let length = view.getInt32(at + capturedAt, littleEndian);
    let wire = view.getInt32(at + originalAt, littleEndian);
    if (either && length >>> 0 > wire >>> 0) {
      const swap = length;
      length = wire;
      wire = swap;
    }
    if (length >>> 0 > limit >>> 0) {
      walk[DAMAGED] = 1;
      break;
    }
    const data = (at + header) | 0;
    if (((to - data) | 0) < length) {
      walk[NEED] = header + length;
      break;
    }
    const fraction = view.getInt32(at + 4, littleEndian);
    seconds[count] = view.getUint32(at, littleEndian);
    if (fraction >>> 0 < perSecond >>> 0) {
      nanoseconds[count] = Math.imul(fraction, unit);
    } else {
      // Some writers let the fraction run over; the time meant is their sum.
      const over = ((fraction >>> 0) / perSecond) | 0;
      seconds[count] = seconds[count]! + over;
      nanoseconds[count] = Math.imul((fraction - Math.imul(over, perSecond)) | 0, unit);
    }
    offset[count] = data;
    captured[count] = length;
    original[count] = wire < 0 ? MAX_LENGTH : wire < length ? length : wire;
    interfaceIndex[count] = index;
    count++;
    at = (data + length) | 0;
  }
  walk[COUNT] = count;
  return at;
}
