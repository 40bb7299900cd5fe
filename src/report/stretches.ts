/**
 * Loops over a stretch of a column's rows (hot).
 *
 * In:  rows from..to-1 of an array, a stretch at a time.  Out: another array.
 * A column is gone through once a row group: a function whose loop runs so long in one call is made machine code in the middle of it,
 * which V8 throws away where the loop ends, every time. Called for STRETCH rows it stays.
 */
export const STRETCH = 4096;

/** Which have a value: others are below 0. */
export function markThere(values: Int32Array, from: number, to: number, into: Int32Array): void {
  for (let i = from; i < to; i++) into[i] = (values[i]! >>> 31) ^ 1;
}

/** Which are numbers. */
export function markNumbers(values: Float64Array, from: number, to: number, into: Int32Array): void {
  for (let i = from; i < to; i++) into[i] = Number.isNaN(values[i]!) ? 0 : 1;
}

/** Those that have a value to into[at..]. @returns the place behind them */
export function keepThere(values: Int32Array, from: number, to: number, into: Int32Array, at: number): number {
  let place = at;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    into[place] = value;
    place += (value >>> 31) ^ 1;
  }
  return place;
}

/** Those of which `isKept` says 1 to into[at..]. @returns the place behind them */
export function keepSome(
  values: Int32Array,
  isKept: Int32Array,
  from: number,
  to: number,
  into: Int32Array,
  at: number,
): number {
  let place = at;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    into[place] = value;
    place += isKept[value]!;
  }
  return place;
}

export function leastOf(values: Int32Array, from: number, to: number, than: number): number {
  let least = than;
  for (let i = from; i < to; i++) if (values[i]! < least) least = values[i]!;
  return least;
}

export function mostOf(values: Int32Array, from: number, to: number, than: number): number {
  let most = than;
  for (let i = from; i < to; i++) if (values[i]! > most) most = values[i]!;
  return most;
}

/** Two words each, where `into` may be `values`: stretches are taken from the last one on. */
export function widen(values: Int32Array, from: number, to: number, into: Int32Array): void {
  for (let i = to - 1; i >= from; i--) {
    into[2 * i] = values[i]!;
    into[2 * i + 1] = 0;
  }
}

const WORD = 2 ** 32;

/** Two words of each number to into[at..]. @returns the place behind them */
export function splitNumbers(values: Float64Array, from: number, to: number, into: Int32Array, at: number): number {
  let place = at;
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    into[place++] = value;
    into[place++] = value < WORD ? 0 : Math.floor(value / WORD);
  }
  return place;
}

export function leastNumber(values: Float64Array, from: number, to: number, than: number): number {
  let least = than;
  for (let i = from; i < to; i++) if (values[i]! < least) least = values[i]!;
  return least;
}

export function mostNumber(values: Float64Array, from: number, to: number, than: number): number {
  let most = than;
  for (let i = from; i < to; i++) if (values[i]! > most) most = values[i]!;
  return most;
}

/** Whether they count up by one from `first`, which is at 0. */
export function countsUp(values: Float64Array, from: number, to: number, first: number): boolean {
  for (let i = from; i < to; i++) if (values[i] !== first + i) return false;
  return true;
}
