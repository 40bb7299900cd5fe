/**
 * pcapng Interface Description Blocks and the options in them (cold: once an interface).
 *
 * In:  a whole block.  Out: what it describes, or the damage in it.
 */
import type { Damage } from './format.js';

export const IF_NAME = 2;
export const IF_TSRESOL = 9;
export const IF_FCSLEN = 13;
export const IF_TSOFFSET = 14;

/** 10^-6 s: what timestamps count where if_tsresol is absent. */
const MICROSECONDS = 6;

export interface InterfaceDescription {
  readonly linkType: number;
  readonly snapLength: number;
  readonly name: string | undefined;
  readonly fcsLength: number;
  readonly resolution: number;
  /** Seconds. */
  readonly offset: bigint;
}

/** @param view view[at, at + length) is the block; length is at least 20 */
export function describeInterface(
  view: DataView,
  at: number,
  length: number,
  littleEndian: boolean,
): InterfaceDescription | Damage {
  const end = at + length - 4;
  let option = at + 16;
  let name: string | undefined;
  let fcsLength = 0;
  let resolution = MICROSECONDS;
  let offset = 0n;
  while (option + 4 <= end) {
    const code = view.getUint16(option, littleEndian);
    const size = view.getUint16(option + 2, littleEndian);
    const value = option + 4;
    if (code === 0) break;
    if (size > end - value) {
      const expected = `an option of at most ${end - value} bytes in an interface description`;
      return { at: option + 2, expected, found: String(size) };
    }
    if (code === IF_NAME) name = decodeName(view, value, size);
    // The specification counts it in bits and gives 4 as its example; Wireshark counts bytes. Both are meant here.
    else if (code === IF_FCSLEN && size === 1) fcsLength = fcsBytes(view.getUint8(value));
    else if (code === IF_TSRESOL && size === 1) resolution = view.getUint8(value);
    else if (code === IF_TSOFFSET && size === 8) offset = view.getBigInt64(value, littleEndian);
    option = value + ((size + 3) & ~3);
  }
  return {
    linkType: view.getUint16(at + 8, littleEndian),
    snapLength: view.getUint32(at + 12, littleEndian),
    name,
    fcsLength,
    resolution,
    offset,
  };
}

const fcsBytes = (value: number): number => (value > 8 ? value >> 3 : value);

/** Option strings are UTF-8 and need no end; writers that count one are forgiven. */
function decodeName(view: DataView, at: number, size: number): string {
  let end = at + size;
  while (end > at && view.getUint8(end - 1) === 0) end--;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, end - at));
}
