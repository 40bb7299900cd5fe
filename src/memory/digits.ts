/**
 * Whole numbers in decimal digits (hot).
 *
 * In:  a number, 0 or more, and where its digits go.  Out: the digits, and where they end.
 */
import type { Float } from './memory.js';

const ZERO = 48;
/** Digits of the largest number that is exact (2^53), and more. */
export const MOST_DIGITS = 19;
const NINE = 9;

/** @returns the place behind the last digit */
export function writeDigits(value: Float, to: Uint8Array, at: number): number {
  if (value < 1e9) return writeInteger(value | 0, to, at);
  const high = (value / 1e9) | 0;
  const end = writeInteger(high, to, at);
  writeNine((value - high * 1e9) | 0, to, end);
  return end + NINE;
}

/** A 32-bit number, 0 or more. */
export function writeInteger(value: number, to: Uint8Array, at: number): number {
  const end = at + digitsOf(value);
  let rest = value;
  let place = end;
  do {
    const next = ((rest | 0) / 10) | 0;
    place--;
    to[place] = ZERO + rest - Math.imul(next, 10);
    rest = next;
  } while (rest > 0);
  return end;
}

/** Nine digits, zeros in front: nanoseconds. */
export function writeNine(value: number, to: Uint8Array, at: number): void {
  let rest = value;
  for (let place = at + NINE - 1; place >= at; place--) {
    const next = ((rest | 0) / 10) | 0;
    to[place] = ZERO + rest - Math.imul(next, 10);
    rest = next;
  }
}

function digitsOf(value: number): number {
  if (value < 1000) return value < 10 ? 1 : value < 100 ? 2 : 3;
  if (value < 1000000) return value < 10000 ? 4 : value < 100000 ? 5 : 6;
  if (value < 100000000) return value < 10000000 ? 7 : 8;
  return value < 1000000000 ? 9 : 10;
}
