/**
 * Numbers of a few bits each, packed one behind the other, lowest bits first (hot).
 *
 * In:  blocks of 32 numbers of at most `bits` bits, 24 of them at most: table[places[i]].  Out: 4 * bits bytes of a view, from `to`
 * on. Whole words are written, up to OVERHANG bytes behind a block's own: the next block writes over them.
 * A table is looked up here, not before: storing what it says and loading it again took longer than packing it.
 */
export const BLOCK = 32;
export const OVERHANG = 8;

/** Four numbers of eight bits at most. */
function packedFour(places: Int32Array, table: Int32Array, at: number, bits: number): number {
  const first = table[places[at]!]! | (table[places[at + 1]!]! << bits);
  const second = table[places[at + 2]!]! | (table[places[at + 3]!]! << bits);
  return first | (second << (2 * bits));
}

/** Eight numbers of four bits at most. */
export const packedEight = (places: Int32Array, table: Int32Array, at: number, bits: number): number =>
  packedFour(places, table, at, bits) | (packedFour(places, table, at + 4, bits) << (4 * bits));

/** A block of numbers of five bits and more. */
export function packBlock(
  places: Int32Array,
  table: Int32Array,
  at: number,
  bits: number,
  view: DataView,
  to: number,
): void {
  if (bits <= 8) packByFours(places, table, at, bits, view, to);
  else if (bits <= 16) packByTwos(places, table, at, bits, view, to);
  else packOneByOne(places, table, at, bits, view, to);
}

/** Four fit into a word, eight into two. */
function packByFours(
  places: Int32Array,
  table: Int32Array,
  at: number,
  bits: number,
  view: DataView,
  to: number,
): void {
  const shift = 4 * bits;
  let place = to;
  for (let from = at; from < at + BLOCK; from += 8) {
    const low = packedFour(places, table, from, bits);
    const high = packedFour(places, table, from + 4, bits);
    view.setInt32(place, shift < 32 ? low | (high << shift) : low, true);
    view.setInt32(place + 4, shift < 32 ? high >>> (32 - shift) : high, true);
    place += bits;
  }
}

function packByTwos(places: Int32Array, table: Int32Array, at: number, bits: number, view: DataView, to: number): void {
  const both = 2 * bits;
  let place = to;
  let held = 0;
  let holds = 0;
  for (let from = at; from < at + BLOCK; from += 2) {
    const two = table[places[from]!]! | (table[places[from + 1]!]! << bits);
    held |= two << holds;
    holds += both;
    if (holds < 32) continue;
    view.setInt32(place, held, true);
    place += 4;
    holds -= 32;
    held = holds === 0 ? 0 : two >>> (both - holds);
  }
}

function packOneByOne(
  places: Int32Array,
  table: Int32Array,
  at: number,
  bits: number,
  view: DataView,
  to: number,
): void {
  let place = to;
  let held = 0;
  let holds = 0;
  for (let from = at; from < at + BLOCK; from++) {
    const value = table[places[from]!]!;
    held |= value << holds;
    holds += bits;
    if (holds < 32) continue;
    view.setInt32(place, held, true);
    place += 4;
    holds -= 32;
    held = value >>> (bits - holds);
  }
}
