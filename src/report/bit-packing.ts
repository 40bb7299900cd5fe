/**
 * Numbers of a few bits each, packed one behind the other, lowest bits first (hot).
 *
 * In:  blocks of 32 numbers of at most `bits` bits, 24 of them at most.  Out: 4 * bits bytes of a view, from `to` on.
 * Whole words are written, up to OVERHANG bytes behind a block's own: the next block writes over them.
 */
export const BLOCK = 32;
export const OVERHANG = 8;

/** Eight numbers of four bits at most. */
export const packedEight = (values: Int32Array, at: number, bits: number): number =>
  values[at]! |
  (values[at + 1]! << bits) |
  (values[at + 2]! << (2 * bits)) |
  (values[at + 3]! << (3 * bits)) |
  (values[at + 4]! << (4 * bits)) |
  (values[at + 5]! << (5 * bits)) |
  (values[at + 6]! << (6 * bits)) |
  (values[at + 7]! << (7 * bits));

const packedFour = (values: Int32Array, at: number, bits: number): number =>
  values[at]! | (values[at + 1]! << bits) | (values[at + 2]! << (2 * bits)) | (values[at + 3]! << (3 * bits));

/** A block of numbers of five bits and more. */
export function packBlock(values: Int32Array, at: number, bits: number, view: DataView, to: number): void {
  if (bits <= 8) packByFours(values, at, bits, view, to);
  else if (bits <= 16) packByTwos(values, at, bits, view, to);
  else packOneByOne(values, at, bits, view, to);
}

/** Four fit into a word, eight into two. */
function packByFours(values: Int32Array, at: number, bits: number, view: DataView, to: number): void {
  const shift = 4 * bits;
  let place = to;
  for (let from = at; from < at + BLOCK; from += 8) {
    const low = packedFour(values, from, bits);
    const high = packedFour(values, from + 4, bits);
    view.setInt32(place, shift < 32 ? low | (high << shift) : low, true);
    view.setInt32(place + 4, shift < 32 ? high >>> (32 - shift) : high, true);
    place += bits;
  }
}

function packByTwos(values: Int32Array, at: number, bits: number, view: DataView, to: number): void {
  const both = 2 * bits;
  let place = to;
  let held = 0;
  let holds = 0;
  for (let from = at; from < at + BLOCK; from += 2) {
    const two = values[from]! | (values[from + 1]! << bits);
    held |= two << holds;
    holds += both;
    if (holds < 32) continue;
    view.setInt32(place, held, true);
    place += 4;
    holds -= 32;
    held = holds === 0 ? 0 : two >>> (both - holds);
  }
}

function packOneByOne(values: Int32Array, at: number, bits: number, view: DataView, to: number): void {
  let place = to;
  let held = 0;
  let holds = 0;
  for (let from = at; from < at + BLOCK; from++) {
    const value = values[from]!;
    held |= value << holds;
    holds += bits;
    if (holds < 32) continue;
    view.setInt32(place, held, true);
    place += 4;
    holds -= 32;
    held = value >>> (bits - holds);
  }
}
