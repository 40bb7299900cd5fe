/**
 * The lanes of a batch (hot): which rows of a batch are of a family. Nothing is allocated.
 */
import { FAMILY, STRIDE } from '../packet/row.js';
import { OUT_AT, ROW_AT } from './batch-layout.js';
import { OUTCOMES } from './classifier.js';

/** `count` rows from R[base] on, at most LANES, their outcomes from `at` on: those of a family become lanes. Returns how many they are. */
export function pickFamily(
  W: Int32Array,
  R: Int32Array,
  base: number,
  count: number,
  at: number,
  family: number,
): number {
  let lanes = 0;
  let row = base;
  let out = at;
  for (let i = 0; i < count; i++) {
    W[ROW_AT + lanes] = row;
    W[OUT_AT + lanes] = out;
    lanes += R[row + FAMILY] === family ? 1 : 0;
    row += STRIDE;
    out += OUTCOMES;
  }
  return lanes;
}

/** Rows of neither family become lanes; returns how many they are. */
export function pickOthers(W: Int32Array, R: Int32Array, base: number, count: number, at: number): number {
  let lanes = 0;
  for (let i = 0; i < count; i++) {
    const row = base + i * STRIDE;
    W[ROW_AT + lanes] = row;
    W[OUT_AT + lanes] = at + i * OUTCOMES;
    lanes += R[row + FAMILY] === 4 || R[row + FAMILY] === 6 ? 0 : 1;
  }
  return lanes;
}
