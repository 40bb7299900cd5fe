/**
 * What a column of a row group is, gathered (hot) and then written as one of Parquet's column chunks.
 *
 * In:  rows, one by one or many of a batch at once; at most `room` of them until written.  Out: for each column an EncodedColumn.
 * Numbers and times are in parquet-numbers.ts, addresses in parquet-addresses.ts, what hangs on a key in parquet-keys.ts.
 */
import type { PickedRows } from './columns.js';
import { bitsFor, RunLengths } from './run-lengths.js';

export interface EncodedColumn {
  readonly nulls: number;
  /** Which rows have a value. */
  readonly levels: Uint8Array;
  readonly encoding: 'PLAIN' | 'RLE' | 'RLE_DICTIONARY';
  /** Texts that `data` numbers, as UTF-8. */
  readonly dictionary: readonly Uint8Array[] | null;
  /** Belongs to the column: written before it gathers again. */
  readonly data: Uint8Array;
  readonly min?: bigint | number;
  readonly max?: bigint | number;
}

export interface Gathered<Row> {
  /** Row `at` of the group. */
  add(row: Row, at: number): void;
  /** Rows from..to-1 of those that were picked, as rows `at` and behind: of columns that have a `fill`. */
  addAll(row: Row & PickedRows, from: number, to: number, at: number): void;
  /** Of rows 0..count-1: each column once, in turn. */
  encode(count: number): Iterable<EncodedColumn>;
  /** The next group begins. */
  clear(): void;
}

export const runs = new RunLengths();

/** Which of `count` rows have a value; `has` is looked at only where some have and some have not. */
export function levelsOf(has: Int32Array, count: number, there: number): Uint8Array {
  if (there === 0 || there === count) return runs.same(there === 0 ? 0 : 1, count, 1);
  return runs.encode(has, count, 1);
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export const nothingIn = (count: number): EncodedColumn => ({
  nulls: count,
  levels: runs.same(0, count, 1),
  encoding: 'PLAIN',
  dictionary: null,
  data: NO_BYTES,
});

export function dictionaryOf(
  dictionary: readonly Uint8Array[],
  numbers: Int32Array,
  count: number,
): Pick<EncodedColumn, 'encoding' | 'dictionary' | 'data'> {
  const bits = bitsFor(dictionary.length - 1);
  const encoded = runs.encode(numbers, count, bits);
  const data = new Uint8Array(1 + encoded.length);
  data[0] = bits;
  data.set(encoded, 1);
  return { encoding: 'RLE_DICTIONARY', dictionary, data };
}
