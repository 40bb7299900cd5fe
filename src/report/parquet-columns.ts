/**
 * Columns of a row group, gathered row by row (hot) and then written as Parquet's column chunks.
 *
 * In:  rows; at most `room` of them until written.  Out: for each column an EncodedColumn. Columns that hang on the same key share
 * one list of keys, which has as many bits as the group has different ones: their values are dictionaries over it.
 */
import { wordsText } from '../packet/text.js';
import type { Value } from '../where/field.js';
import { LIST_SEPARATOR } from './cells.js';
import type { AddressSource, Column, KeyedSource, NumberSource, TimeSource } from './columns.js';
import { bitsFor, RunLengths } from './run-lengths.js';

export interface EncodedColumn {
  readonly nulls: number;
  /** Which rows have a value. */
  readonly levels: Uint8Array;
  readonly encoding: 'PLAIN' | 'RLE' | 'RLE_DICTIONARY';
  /** Texts that `data` numbers. */
  readonly dictionary: readonly string[] | null;
  readonly data: Uint8Array;
  readonly min?: bigint | number;
  readonly max?: bigint | number;
}

export interface Gathered<Row> {
  /** Row `at` of the group. */
  add(row: Row, at: number): void;
  /** Of rows 0..count-1: each column once, in turn. */
  encode(count: number): Iterable<EncodedColumn>;
  /** The next group begins. */
  clear(): void;
}

const runs = new RunLengths();

/** Which of `count` rows have a value; `has` is looked at only where some have and some have not. */
function levelsOf(has: Uint8Array, count: number, there: number): Uint8Array {
  if (there === 0 || there === count) return runs.same(there === 0 ? 0 : 1, count, 1);
  return runs.encode(has, count, 1);
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

const nothingIn = (count: number): EncodedColumn => ({
  nulls: count,
  levels: runs.same(0, count, 1),
  encoding: 'PLAIN',
  dictionary: null,
  data: NO_BYTES,
});

export class NumberColumn<Row> implements Gathered<Row> {
  private readonly values: Float64Array;
  private readonly has: Uint8Array;

  constructor(
    private readonly source: NumberSource<Row>,
    room: number,
  ) {
    this.values = new Float64Array(room);
    this.has = new Uint8Array(room);
  }

  add(row: Row, at: number): void {
    this.values[at] = this.source.of(row);
  }

  encode(count: number): Iterable<EncodedColumn> {
    return [this.encoded(count)];
  }

  private encoded(count: number): EncodedColumn {
    const { values, has, source } = this;
    const bytes = source.isSmall ? 4 : 8;
    const data = new Uint8Array(bytes * count);
    const view = new DataView(data.buffer);
    let used = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const value = values[i]!;
      const isThere = !Number.isNaN(value);
      has[i] = isThere ? 1 : 0;
      if (!isThere) continue;
      if (value < min) min = value;
      if (value > max) max = value;
      view.setUint32(used, value >>> 0, true);
      if (bytes === 8) view.setUint32(used + 4, Math.floor(value / 2 ** 32), true);
      used += bytes;
    }
    const there = used / bytes;
    return {
      nulls: count - there,
      levels: levelsOf(has, count, there),
      encoding: 'PLAIN',
      dictionary: null,
      data: data.subarray(0, used),
      ...(used > 0 && { min, max }),
    };
  }

  clear(): void {}
}

/** Seconds within what 64 bits of nanoseconds hold. */
const MOST_SECONDS = 9_223_372_036;

export class TimeColumn<Row> implements Gathered<Row> {
  private readonly seconds: Float64Array;
  private readonly nanoseconds: Int32Array;
  private readonly has: Uint8Array;

  constructor(
    private readonly source: TimeSource<Row>,
    room: number,
  ) {
    this.seconds = new Float64Array(room);
    this.nanoseconds = new Int32Array(room);
    this.has = new Uint8Array(room);
  }

  add(row: Row, at: number): void {
    this.seconds[at] = this.source.seconds(row);
    this.nanoseconds[at] = this.source.nanoseconds(row);
  }

  encode(count: number): Iterable<EncodedColumn> {
    return [this.encoded(count)];
  }

  private encoded(count: number): EncodedColumn {
    const { seconds, nanoseconds, has } = this;
    const data = new Uint8Array(8 * count);
    const view = new DataView(data.buffer);
    let used = 0;
    let second = Number.NaN;
    let low = 0;
    let high = 0;
    let min = -1;
    let max = -1;
    for (let i = 0; i < count; i++) {
      const at = seconds[i]!;
      has[i] = Math.abs(at) < MOST_SECONDS ? 1 : 0;
      if (has[i] === 0) continue;
      if (at !== second) {
        const whole = BigInt(at) * 1_000_000_000n;
        low = Number(BigInt.asUintN(32, whole));
        high = Number(whole >> 32n);
        second = at;
      }
      const words = low + nanoseconds[i]!;
      view.setUint32(used, words >>> 0, true);
      view.setInt32(used + 4, words > 0xffffffff ? high + 1 : high, true);
      used += 8;
      if (min < 0 || isBefore(seconds, nanoseconds, i, min)) min = i;
      if (max < 0 || isBefore(seconds, nanoseconds, max, i)) max = i;
    }
    const instant = (i: number): bigint => BigInt(seconds[i]!) * 1_000_000_000n + BigInt(nanoseconds[i]!);
    const there = used / 8;
    return {
      nulls: count - there,
      levels: levelsOf(has, count, there),
      encoding: 'PLAIN',
      dictionary: null,
      data: data.subarray(0, used),
      ...(used > 0 && { min: instant(min), max: instant(max) }),
    };
  }

  clear(): void {}
}

const isBefore = (seconds: Float64Array, nanoseconds: Int32Array, a: number, b: number): boolean =>
  seconds[a]! < seconds[b]! || (seconds[a]! === seconds[b]! && nanoseconds[a]! < nanoseconds[b]!);

/** Keys of a group: numbered as they come. */
class Numbering {
  readonly numbers: Int32Array;
  /** By key, its number + 1. */
  private numberOf = new Int32Array(256);
  readonly keys: number[] = [];

  constructor(room: number) {
    this.numbers = new Int32Array(room);
  }

  /** @returns whether the key is new to the group */
  add(key: number, at: number): boolean {
    if (key >= this.numberOf.length) {
      const wider = new Int32Array(2 * key);
      wider.set(this.numberOf);
      this.numberOf = wider;
    }
    const known = this.numberOf[key]!;
    if (known !== 0) {
      this.numbers[at] = known - 1;
      return false;
    }
    this.numbers[at] = this.keys.length;
    this.numberOf[key] = this.keys.push(key);
    return true;
  }

  clear(): void {
    for (const key of this.keys) this.numberOf[key] = 0;
    this.keys.length = 0;
  }
}

/** Columns of one key. */
export class KeyedColumns<Row> implements Gathered<Row> {
  private readonly first: KeyedSource<Row>;
  private readonly numbering: Numbering;
  /** By column, of the group's keys. */
  private readonly values: Value[][];
  private readonly has: Uint8Array;
  private readonly mapped: Int32Array;
  private lastTable: Int32Array = new Int32Array(0);
  private lastLevels: Uint8Array = NO_BYTES;

  constructor(
    private readonly columns: readonly (KeyedSource<Row> & { readonly type: Column<Row>['type'] })[],
    room: number,
  ) {
    this.first = columns[0]!;
    this.numbering = new Numbering(room);
    this.values = columns.map(() => []);
    this.has = new Uint8Array(room);
    this.mapped = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    if (this.numbering.add(this.first.key(row), at)) this.addValues(row);
  }

  private addValues(row: Row): void {
    for (const [i, column] of this.columns.entries()) this.values[i]!.push(column.of(row));
  }

  *encode(count: number): Iterable<EncodedColumn> {
    for (const [i, { type }] of this.columns.entries()) {
      const values = this.values[i]!;
      if (type === 'boolean') yield this.encodeBooleans(values as (boolean | null)[], count);
      else yield this.encodeTexts(values, count);
    }
  }

  clear(): void {
    this.numbering.clear();
    this.lastTable = new Int32Array(0);
    for (const values of this.values) values.length = 0;
  }

  private encodeTexts(values: readonly Value[], count: number): EncodedColumn {
    const places = new Map<string, number>();
    const table = Int32Array.from(values, value => {
      if (value === null) return NOTHING;
      const text = typeof value === 'object' ? value.join(LIST_SEPARATOR) : String(value);
      const place = places.get(text) ?? places.size;
      places.set(text, place);
      return place;
    });
    if (places.size === 0) return nothingIn(count);
    const dictionary = [...places.keys()];
    if (dictionary.length === 1 && !table.includes(NOTHING)) {
      return oneValue(dictionary, count);
    }
    const there = this.map(table, count);
    const levels = this.levels(table, count, there);
    return { nulls: count - there, levels, ...dictionaryOf(dictionary, this.mapped, there) };
  }

  private encodeBooleans(values: readonly (boolean | null)[], count: number): EncodedColumn {
    const table = Int32Array.from(values, value => (value === null ? NOTHING : value ? 1 : 0));
    const isOne = table.every(value => value === table[0]);
    if (isOne && table[0] === NOTHING) return nothingIn(count);
    const there = isOne ? count : this.map(table, count);
    const bits = isOne ? runs.same(table[0]!, count, 1) : runs.encode(this.mapped, there, 1);
    const data = new Uint8Array(4 + bits.length);
    new DataView(data.buffer).setUint32(0, bits.length, true);
    data.set(bits, 4);
    const levels = isOne ? runs.same(1, count, 1) : this.levels(table, count, there);
    return { nulls: count - there, levels, encoding: 'RLE', dictionary: null, data };
  }

  /** Sets `mapped` to what `table` makes of the rows' numbers, without those it makes nothing of. @returns how many */
  private map(table: Int32Array, count: number): number {
    const { mapped } = this;
    const { numbers } = this.numbering;
    let there = 0;
    for (let i = 0; i < count; i++) {
      const value = table[numbers[i]!]!;
      mapped[there] = value;
      if (value >= 0) there++;
    }
    return there;
  }

  /** Columns of one key mostly have a value for the same keys: the levels of the last one are kept. */
  private levels(table: Int32Array, count: number, there: number): Uint8Array {
    if (there === count) return runs.same(1, count, 1);
    const { has, lastTable, numbering } = this;
    const isLast = lastTable.length === table.length && lastTable.every((value, key) => value < 0 === table[key]! < 0);
    if (isLast) return this.lastLevels;
    for (let i = 0; i < count; i++) has[i] = table[numbering.numbers[i]!]! < 0 ? 0 : 1;
    this.lastTable = table;
    this.lastLevels = runs.encode(has, count, 1);
    return this.lastLevels;
  }
}

/** In the place of a number of a value. */
const NOTHING = -1;

/** Rows that all have the one value of a dictionary. */
const oneValue = (dictionary: readonly string[], count: number): EncodedColumn => ({
  nulls: 0,
  levels: runs.same(1, count, 1),
  encoding: 'RLE_DICTIONARY',
  dictionary,
  data: Uint8Array.from([0, ...runs.same(0, count, 0)]),
});

function dictionaryOf(
  dictionary: readonly string[],
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

const ADDRESS_WORDS = 5;
const FIRST_PLACES = 1024;

/** Addresses as text, each once in the group's dictionary. */
export class AddressColumn<Row> implements Gathered<Row> {
  private readonly numbers: Int32Array;
  private readonly has: Uint8Array;
  private texts: string[] = [];
  /** Family and words of each text. */
  private readonly known: Int32Array;
  /** Number + 1 by place. */
  private places = new Int32Array(FIRST_PLACES);
  private count = 0;

  constructor(
    private readonly source: AddressSource<Row>,
    room: number,
  ) {
    this.numbers = new Int32Array(room);
    this.has = new Uint8Array(room);
    this.known = new Int32Array(ADDRESS_WORDS * room);
  }

  add(row: Row, at: number): void {
    const family = this.source.family(row);
    this.has[at] = family === 0 ? 0 : 1;
    if (family !== 0) this.numbers[this.count++] = this.numberOf(family, this.source.words(row), this.source.at(row));
  }

  encode(count: number): Iterable<EncodedColumn> {
    const there = this.count;
    if (there === 0) return [nothingIn(count)];
    const levels = levelsOf(this.has, count, there);
    return [{ nulls: count - there, levels, ...dictionaryOf(this.texts, this.numbers, there) }];
  }

  clear(): void {
    this.texts = [];
    this.places.fill(0);
    this.count = 0;
  }

  private numberOf(family: number, words: Int32Array, at: number): number {
    const { known, places } = this;
    const a = words[at]!;
    const b = words[at + 1]!;
    const c = words[at + 2]!;
    const d = words[at + 3]!;
    const mask = places.length - 1;
    let place = hashOf(a, b, c, d) & mask;
    for (; places[place] !== 0; place = (place + 1) & mask) {
      const from = ADDRESS_WORDS * (places[place]! - 1);
      if (
        known[from] === family &&
        known[from + 1] === a &&
        known[from + 2] === b &&
        known[from + 3] === c &&
        known[from + 4] === d
      ) {
        return places[place]! - 1;
      }
    }
    const number = this.texts.push(wordsText(family, [a, b, c, d])) - 1;
    known.set([family, a, b, c, d], ADDRESS_WORDS * number);
    places[place] = number + 1;
    if (2 * this.texts.length > places.length) this.widen();
    return number;
  }

  private widen(): void {
    const { known } = this;
    this.places = new Int32Array(2 * this.places.length);
    const mask = this.places.length - 1;
    for (let number = 0; number < this.texts.length; number++) {
      const from = ADDRESS_WORDS * number;
      let place = hashOf(known[from + 1]!, known[from + 2]!, known[from + 3]!, known[from + 4]!) & mask;
      while (this.places[place] !== 0) place = (place + 1) & mask;
      this.places[place] = number + 1;
    }
  }
}

function hashOf(a: number, b: number, c: number, d: number): number {
  const words = a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f);
  const hash = Math.imul(words, 0x9e3779b1);
  return hash ^ (hash >>> 15);
}
