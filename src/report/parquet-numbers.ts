/**
 * Numbers of a row group (hot): kept as they come, made Parquet's where the group is full. Those that count up by one are
 * DELTA_BINARY_PACKED (parquet-sequence.ts), all else is PLAIN.
 */
import type { NumberSource, PickedRows } from './columns.js';
import {
  bytesOf,
  type EncodedColumn,
  type Gathered,
  keepAllThere,
  levelsOf,
  NOTHING,
  nothingIn,
  runs,
  sameNumbers,
  wordsFor,
} from './parquet-columns.js';
import { isSequence, sequenceBytes } from './parquet-sequence.js';
import { leastNumber, leastOf, markNumbers, mostNumber, mostOf, STRETCH, splitNumbers, widen } from './stretches.js';

/** None is beyond 2^31, whatever the column's type says. */
export class NumberColumn<Row> implements Gathered<Row> {
  private readonly values: Int32Array;
  private there = 0;

  constructor(
    private readonly source: NumberSource<Row>,
    room: number,
  ) {
    this.values = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    const value = this.source.of(row);
    this.values[at] = Number.isNaN(value) ? NOTHING : value;
    if (!Number.isNaN(value)) this.there++;
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const there = this.source.fill!(row, from, to, this.values, at);
    if (there === 0) this.values.fill(NOTHING, at, at + to - from);
    this.there += there;
  }

  encode(count: number): Iterable<EncodedColumn> {
    const { there, source } = this;
    if (there === 0) return [nothingIn(count)];
    const levels = levelsOf(this.values, count, there);
    const known = there === count ? this.values : wordsFor(count);
    if (there < count) keepAllThere(this.values, count, known);
    let min = known[0]!;
    let max = min;
    for (let from = 0; from < there; from += STRETCH) {
      const to = Math.min(there, from + STRETCH);
      min = leastOf(known, from, to, min);
      max = mostOf(known, from, to, max);
    }
    const data = source.isSmall ? bytesOf(known, there) : widened(known, there);
    return [{ nulls: count - there, levels, encoding: 'PLAIN', dictionary: null, data, min, max }];
  }

  clear(): void {
    this.there = 0;
  }
}

/** Of 64 bits each. */
function widened(values: Int32Array, count: number): Uint8Array {
  const words = wordsFor(2 * count);
  for (let to = count; to > 0; to = Math.max(0, to - STRETCH)) widen(values, Math.max(0, to - STRETCH), to, words);
  return bytesOf(words, 2 * count);
}

/** Up to 2^53. */
export class WideNumberColumn<Row> implements Gathered<Row> {
  private readonly values: Float64Array;
  private there = 0;

  constructor(
    private readonly source: NumberSource<Row>,
    room: number,
  ) {
    this.values = new Float64Array(room);
  }

  add(row: Row, at: number): void {
    const value = this.source.of(row);
    this.values[at] = value;
    if (!Number.isNaN(value)) this.there++;
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const there = this.source.fillWide!(row, from, to, this.values, at);
    if (there === 0) this.values.fill(Number.NaN, at, at + to - from);
    this.there += there;
  }

  encode(count: number): Iterable<EncodedColumn> {
    const { there, values } = this;
    if (there === 0) return [nothingIn(count)];
    const levels = this.levels(count);
    const nulls = count - there;
    if (there === count && isSequence(values, count)) {
      const data = sequenceBytes(values[0]!, count);
      const [min, max] = [values[0]!, values[count - 1]!];
      return [{ nulls, levels, encoding: 'DELTA_BINARY_PACKED', dictionary: null, data, min, max }];
    }
    return [{ nulls, levels, encoding: 'PLAIN', dictionary: null, ...this.plain(count) }];
  }

  clear(): void {
    this.there = 0;
  }

  private levels(count: number): Uint8Array {
    if (this.there === count) return runs.same(1, count, 1);
    const { values } = this;
    const has = wordsFor(count);
    for (let from = 0; from < count; from += STRETCH) markNumbers(values, from, Math.min(count, from + STRETCH), has);
    return runs.encode(has, sameNumbers(2), count, 1);
  }

  private plain(count: number): Pick<EncodedColumn, 'data' | 'min' | 'max'> {
    const { values } = this;
    const words = wordsFor(2 * this.there);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    let place = 0;
    for (let from = 0; from < count; from += STRETCH) {
      const to = Math.min(count, from + STRETCH);
      place = splitNumbers(values, from, to, words, place);
      min = leastNumber(values, from, to, min);
      max = mostNumber(values, from, to, max);
    }
    return { data: bytesOf(words, place), min, max };
  }
}
