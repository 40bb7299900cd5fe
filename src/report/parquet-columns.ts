/**
 * What a column of a row group is, gathered (hot) and then written as one of Parquet's column chunks.
 *
 * In:  rows, one by one or many of a batch at once; at most `room` of them until written.  Out: for each column an EncodedColumn,
 * valid until the next one's rows are encoded: its bytes are those of `runs`, or of arrays that all columns share.
 * Numbers are in parquet-numbers.ts, times in parquet-times.ts, addresses in parquet-addresses.ts, what hangs on a key in
 * parquet-keys.ts.
 */
import type { PickedRows } from './columns.js';
import { bitsFor, RunLengths } from './run-lengths.js';
import { keepThere, markThere, STRETCH } from './stretches.js';

export interface EncodedColumn {
  readonly nulls: number;
  /** Which rows have a value. */
  readonly levels: Uint8Array;
  readonly encoding: 'PLAIN' | 'RLE' | 'RLE_DICTIONARY' | 'DELTA_BINARY_PACKED';
  /** Texts that `data` numbers, as UTF-8. */
  readonly dictionary: readonly Uint8Array[] | null;
  readonly data: Uint8Array;
  readonly min?: bigint | number;
  readonly max?: bigint | number;
}

export interface Gathered<Row> {
  /** Row `at` of the group. */
  add(row: Row, at: number): void;
  /** Rows from..to-1 of those that were picked, as rows `at` and behind: of columns that have a `fill`. */
  addAll(row: Row & PickedRows, from: number, to: number, at: number): void;
  /** Of rows 0..count-1: each column once, in turn, to be written before the next. */
  encode(count: number): Iterable<EncodedColumn>;
  /** The next group begins. */
  clear(): void;
}

/** In the place of a number of a value. */
export const NOTHING = -1;

export const runs = new RunLengths();

/** By place in itself, as far as anyone asked: the table of numbers that are what they say. */
let identity = Int32Array.of(0, 1);

export function sameNumbers(length: number): Int32Array {
  if (identity.length < length)
    identity = Int32Array.from({ length: Math.max(length, 2 * identity.length) }, (_, i) => i);
  return identity;
}

/** Which of `count` rows have a value, where `there` have one: others are NOTHING. */
export function levelsOf(values: Int32Array, count: number, there: number): Uint8Array {
  if (there === 0 || there === count) return runs.same(there === 0 ? 0 : 1, count, 1);
  const has = wordsFor(count);
  for (let from = 0; from < count; from += STRETCH) markThere(values, from, Math.min(count, from + STRETCH), has);
  return runs.encode(has, sameNumbers(2), count, 1);
}

/** Writes those of `count` values that are there to `into`. */
export function keepAllThere(values: Int32Array, count: number, into: Int32Array): void {
  let at = 0;
  for (let from = 0; from < count; from += STRETCH) {
    at = keepThere(values, from, Math.min(count, from + STRETCH), into, at);
  }
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export const nothingIn = (count: number): EncodedColumn => ({
  nulls: count,
  levels: runs.same(0, count, 1),
  encoding: 'PLAIN',
  dictionary: null,
  data: NO_BYTES,
});

/** Bits of the numbers of a dictionary's texts; their bytes have one before them, which says so. */
export const dictionaryBits = (dictionary: readonly Uint8Array[]): number => bitsFor(dictionary.length - 1);
export const DICTIONARY_LEAD = 1;

/** @param data with a lead */
export function dictionaryOf(
  dictionary: readonly Uint8Array[],
  data: Uint8Array,
): Pick<EncodedColumn, 'encoding' | 'dictionary' | 'data'> {
  data[0] = dictionaryBits(dictionary);
  return { encoding: 'RLE_DICTIONARY', dictionary, data };
}

let words = new Int32Array(0);

/** At least `length` words for the values of the column that is encoded. */
export function wordsFor(length: number): Int32Array {
  if (words.length < length) words = new Int32Array(length);
  return words;
}

/** Words as they stand in memory, lowest byte first: so are Parquet's numbers. */
export const bytesOf = (values: Int32Array, length: number): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, 4 * length);
