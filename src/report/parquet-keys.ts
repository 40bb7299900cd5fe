/**
 * Columns that hang on one key (hot): what a row gathers is the key's number, and the columns are made of it where a group is full.
 *
 * In:  keys.  Out: dictionaries and booleans over the group's keys. What a key says is asked once a run; columns that tell the keys
 * apart in the same way share their bytes, and one that says the same of all keys takes no look at the rows.
 */
import type { Value } from '../where/field.js';
import { LIST_SEPARATOR } from './cells.js';
import type { KeyedSource, PickedRows } from './columns.js';
import { dictionaryOf, type EncodedColumn, type Gathered, nothingIn, runs } from './parquet-columns.js';

export type KeyedColumn<Row> = KeyedSource<Row> & { readonly type: string };

/** In the place of a number of a value. */
const NOTHING = -1;
const NO_TABLE = new Int32Array(0);
const FIRST_KEYS = 256;
const text = new TextEncoder();

/** What one column says of each key. */
class KeyValues {
  /** By key: a boolean's 0 or 1, else the number of a text. */
  private of = new Int32Array(FIRST_KEYS);
  private readonly texts: Uint8Array[] = [];
  private readonly numbers = new Map<string, number>();
  /** By text, its place in the group's dictionary + 1. */
  private places = new Int32Array(FIRST_KEYS);

  constructor(readonly isBoolean: boolean) {}

  learn(key: number, value: Value): void {
    if (key >= this.of.length) this.of = wider(this.of, key);
    this.of[key] = value === null ? NOTHING : this.isBoolean ? Number(value) : this.numberOf(value);
  }

  private numberOf(value: Exclude<Value, null>): number {
    const its = typeof value === 'object' ? value.join(LIST_SEPARATOR) : String(value);
    const known = this.numbers.get(its);
    if (known !== undefined) return known;
    this.numbers.set(its, this.texts.length);
    return this.texts.push(text.encode(its)) - 1;
  }

  booleans(keys: readonly number[]): Int32Array {
    return Int32Array.from(keys, key => this.of[key]!);
  }

  /** By number of a key, the place of its text in the dictionary: in the order in which keys first name them. */
  dictionary(keys: readonly number[]): { readonly table: Int32Array; readonly dictionary: readonly Uint8Array[] } {
    if (this.places.length < this.texts.length) this.places = new Int32Array(2 * this.texts.length);
    else this.places.fill(0);
    const { places } = this;
    const dictionary: Uint8Array[] = [];
    const table = new Int32Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      const number = this.of[keys[i]!]!;
      if (number !== NOTHING && places[number] === 0) places[number] = dictionary.push(this.texts[number]!);
      table[i] = number === NOTHING ? NOTHING : places[number]! - 1;
    }
    return { table, dictionary };
  }
}

export class KeyedColumns<Row> implements Gathered<Row> {
  private readonly first: KeyedSource<Row>;
  private readonly values: readonly KeyValues[];
  /** Of the group's rows, which key: numbered as they come. */
  private readonly numbers: Int32Array;
  private readonly keys: number[] = [];
  /** By key, its number in the group + 1. */
  private numberOf = new Int32Array(FIRST_KEYS);
  /** By key, whether it was learned. */
  private known = new Int32Array(FIRST_KEYS);
  private scratch = new Int32Array(0);
  private readonly has: Int32Array;
  /** Levels of the last column that says nothing of some keys, and of which: others often do so of the same. */
  private lastTable: Int32Array = NO_TABLE;
  private lastLevels: Uint8Array = new Uint8Array(0);
  private readonly mapped: Int32Array;

  constructor(
    private readonly columns: readonly KeyedColumn<Row>[],
    room: number,
  ) {
    this.first = columns[0]!;
    this.values = columns.map(({ type }) => new KeyValues(type === 'boolean'));
    this.numbers = new Int32Array(room);
    this.has = new Int32Array(room);
    this.mapped = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    const key = this.first.key(row);
    this.reserve(key);
    if (this.numberOf[key] === 0) this.join(key, row);
    this.numbers[at] = this.numberOf[key]! - 1;
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const count = to - from;
    if (this.scratch.length < count) this.scratch = new Int32Array(count);
    const { scratch, numbers } = this;
    this.first.fill!(row, from, to, scratch);
    let { numberOf } = this;
    for (let i = 0; i < count; i++) {
      const key = scratch[i]!;
      let number = key < numberOf.length ? numberOf[key]! : 0;
      if (number === 0) {
        row.moveTo(from + i);
        this.reserve(key);
        this.join(key, row);
        ({ numberOf } = this);
        number = numberOf[key]!;
      }
      numbers[at + i] = number - 1;
    }
  }

  private reserve(key: number): void {
    if (key < this.numberOf.length) return;
    this.numberOf = wider(this.numberOf, key);
    this.known = wider(this.known, key);
  }

  /** A key is new to the group. */
  private join(key: number, row: Row): void {
    this.numberOf[key] = this.keys.push(key);
    if (this.known[key] === 1) return;
    this.known[key] = 1;
    for (let i = 0; i < this.columns.length; i++) this.values[i]!.learn(key, this.columns[i]!.of(row));
  }

  clear(): void {
    for (const key of this.keys) this.numberOf[key] = 0;
    this.keys.length = 0;
    this.lastTable = NO_TABLE;
  }

  *encode(count: number): Iterable<EncodedColumn> {
    const before: { readonly table: Int32Array; readonly encoded: EncodedColumn }[] = [];
    for (const values of this.values) {
      if (values.isBoolean) {
        yield this.encodeBooleans(values.booleans(this.keys), count);
        continue;
      }
      const { table, dictionary } = values.dictionary(this.keys);
      const same = before.find(other => isEqual(other.table, table));
      const encoded = same === undefined ? this.encodeTexts(table, dictionary, count) : { ...same.encoded, dictionary };
      if (same === undefined && dictionary.length > 0) before.push({ table, encoded });
      yield encoded;
    }
  }

  private encodeTexts(table: Int32Array, dictionary: readonly Uint8Array[], count: number): EncodedColumn {
    if (dictionary.length === 0) return nothingIn(count);
    if (dictionary.length === 1 && !table.includes(NOTHING)) return oneValue(dictionary, count);
    const there = this.map(table, count);
    return {
      nulls: count - there,
      levels: this.levels(table, count, there),
      ...dictionaryOf(dictionary, this.mapped, there),
    };
  }

  private encodeBooleans(table: Int32Array, count: number): EncodedColumn {
    const isOne = table.every(value => value === table[0]);
    if (isOne && table[0] === NOTHING) return nothingIn(count);
    const there = isOne ? count : this.map(table, count);
    const bits = isOne ? runs.same(table[0]!, count, 1) : runs.encode(this.mapped, there, 1);
    const data = new Uint8Array(4 + bits.length);
    new DataView(data.buffer).setUint32(0, bits.length, true);
    data.set(bits, 4);
    return { nulls: count - there, levels: this.levels(table, count, there), encoding: 'RLE', dictionary: null, data };
  }

  /** Sets `mapped` to what `table` makes of the rows' numbers, without those it makes nothing of. @returns how many */
  private map(table: Int32Array, count: number): number {
    const { mapped, numbers } = this;
    let there = 0;
    for (let i = 0; i < count; i++) {
      const value = table[numbers[i]!]!;
      mapped[there] = value;
      if (value >= 0) there++;
    }
    return there;
  }

  private levels(table: Int32Array, count: number, there: number): Uint8Array {
    if (there === count) return runs.same(1, count, 1);
    if (!isThereAlike(table, this.lastTable)) {
      const { has, numbers } = this;
      const levels = table.map(value => (value === NOTHING ? 0 : 1));
      for (let i = 0; i < count; i++) has[i] = levels[numbers[i]!]!;
      this.lastTable = table;
      this.lastLevels = runs.encode(has, count, 1);
    }
    return this.lastLevels;
  }
}

/** Rows that all have the one value of a dictionary. */
const oneValue = (dictionary: readonly Uint8Array[], count: number): EncodedColumn => ({
  nulls: 0,
  levels: runs.same(1, count, 1),
  encoding: 'RLE_DICTIONARY',
  dictionary,
  data: Uint8Array.from([0, ...runs.same(0, count, 0)]),
});

function isEqual(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether both say nothing of the same keys. */
function isThereAlike(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if ((a[i]! === NOTHING) !== (b[i]! === NOTHING)) return false;
  return true;
}

function wider(array: Int32Array, key: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * key);
  longer.set(array);
  return longer;
}
