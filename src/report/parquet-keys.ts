/**
 * Columns that hang on one key (hot): what a row gathers is the key's number, and the columns are made of it where a group is full.
 *
 * In:  keys.  Out: dictionaries and booleans over the group's keys. What a key says is asked once a run. Keys of which all columns
 * say the same have one number, so that a group in which they all say the same takes no look at its rows. Columns that tell the
 * numbers apart in the same way share their bytes.
 */
import type { KeyedSource, PickedRows } from './columns.js';
import { type KeyedColumn, KeyValues, wider } from './key-values.js';
import {
  DICTIONARY_LEAD,
  dictionaryBits,
  dictionaryOf,
  type EncodedColumn,
  type Gathered,
  NOTHING,
  nothingIn,
  runs,
  wordsFor,
} from './parquet-columns.js';
import { keepSome, STRETCH } from './stretches.js';

const NO_TABLE = new Int32Array(0);
const FIRST_KEYS = 256;
/** Of a boolean's runs: their length stands before them. */
const BOOLEAN_LEAD = 4;

export class KeyedColumns<Row> implements Gathered<Row> {
  private readonly first: KeyedSource<Row>;
  private readonly values: readonly KeyValues[];
  /** Of the group's rows before `written`, which number; 0 of those behind it. */
  private readonly numbers: Int32Array;
  private written = 0;
  /** By number, a key that has it; and all keys of the group. */
  private readonly keys: number[] = [];
  private readonly members: number[] = [];
  /** By key, its number in the group + 1. */
  private numberOf = new Int32Array(FIRST_KEYS);
  /** By key, 1 + the class of those of which the columns say the same; and by class, its number in the group + 1. */
  private classOf = new Int32Array(FIRST_KEYS);
  private readonly classes = new Map<string, number>();
  private readonly numberOfClass: number[] = [];
  private scratch = new Int32Array(1);
  /** The last column's that says nothing of some keys: of which, numbers of the other rows, how many those are, and levels. */
  private lastTable: Int32Array = NO_TABLE;
  private known: Int32Array = NO_TABLE;
  private there = 0;
  private levels: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly columns: readonly KeyedColumn<Row>[],
    room: number,
  ) {
    this.first = columns[0]!;
    this.values = columns.map(({ type }) => new KeyValues(type === 'boolean'));
    this.numbers = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    const key = this.first.key(row);
    this.numbers[at] = this.numberIn(key, row) - 1;
    this.written = at + 1;
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const count = to - from;
    if (this.scratch.length < count) this.scratch = new Int32Array(count);
    const { scratch, numbers } = this;
    const same = this.first.fill!(row, from, to, scratch);
    if (same >= 0) {
      row.moveTo(from);
      const number = this.numberIn(same, row) - 1;
      if (number > 0 || this.written === at) this.write(number, at, at + count);
      return;
    }
    if (this.written < at) this.write(0, this.written, at);
    let { numberOf } = this;
    for (let i = 0; i < count; i++) {
      const key = scratch[i]!;
      let number = key < numberOf.length ? numberOf[key]! : 0;
      if (number === 0) {
        row.moveTo(from + i);
        number = this.numberIn(key, row);
        ({ numberOf } = this);
      }
      numbers[at + i] = number - 1;
    }
    this.written = at + count;
  }

  /** Writes numbers that were not written yet up to `to`: `number` from `from` on, 0 before. */
  private write(number: number, from: number, to: number): void {
    this.numbers.fill(0, this.written, from);
    this.numbers.fill(number, from, to);
    this.written = to;
  }

  /** @returns the key's number in the group + 1 */
  private numberIn(key: number, row: Row): number {
    if (key >= this.numberOf.length) {
      this.numberOf = wider(this.numberOf, key);
      this.classOf = wider(this.classOf, key);
    }
    if (this.numberOf[key] === 0) this.join(key, row);
    return this.numberOf[key]!;
  }

  /** A key is new to the group. */
  private join(key: number, row: Row): void {
    if (this.classOf[key] === 0) this.classOf[key] = this.learn(key, row);
    this.members.push(key);
    const its = this.classOf[key]!;
    if ((this.numberOfClass[its] ?? 0) === 0) this.numberOfClass[its] = this.keys.push(key);
    this.numberOf[key] = this.numberOfClass[its]!;
  }

  private learn(key: number, row: Row): number {
    const numbers = this.values.map((values, i) => values.learn(key, this.columns[i]!.of(row)));
    const said = numbers.join();
    const known = this.classes.get(said) ?? this.classes.size + 1;
    this.classes.set(said, known);
    return known;
  }

  clear(): void {
    for (const key of this.members) {
      this.numberOf[key] = 0;
      this.numberOfClass[this.classOf[key]!] = 0;
    }
    this.members.length = 0;
    this.keys.length = 0;
    this.written = 0;
    this.lastTable = NO_TABLE;
  }

  *encode(count: number): Iterable<EncodedColumn> {
    if (this.keys.length > 1 && this.written < count) this.write(0, this.written, count);
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
    const isAll = !table.includes(NOTHING);
    if (dictionary.length === 1 && isAll) return oneValue(dictionary, count);
    if (!isAll) this.sort(table, count);
    const data = isAll
      ? runs.encode(this.numbers, table, count, dictionaryBits(dictionary), DICTIONARY_LEAD)
      : runs.encode(this.known, table, this.there, dictionaryBits(dictionary), DICTIONARY_LEAD);
    return { ...this.presence(isAll, count), ...dictionaryOf(dictionary, data) };
  }

  private encodeBooleans(table: Int32Array, count: number): EncodedColumn {
    const isOne = table.every(value => value === table[0]);
    if (isOne && table[0] === NOTHING) return nothingIn(count);
    const isAll = !table.includes(NOTHING);
    if (!isAll) this.sort(table, count);
    const data = isOne
      ? runs.same(table[0]!, count, 1, BOOLEAN_LEAD)
      : isAll
        ? runs.encode(this.numbers, table, count, 1, BOOLEAN_LEAD)
        : runs.encode(this.known, table, this.there, 1, BOOLEAN_LEAD);
    new DataView(data.buffer, data.byteOffset).setUint32(0, data.length - BOOLEAN_LEAD, true);
    return { ...this.presence(isAll, count), encoding: 'RLE', dictionary: null, data };
  }

  private presence(isAll: boolean, count: number): Pick<EncodedColumn, 'nulls' | 'levels'> {
    if (isAll) return { nulls: 0, levels: runs.same(1, count, 1) };
    return { nulls: count - this.there, levels: this.levels };
  }

  /** Sets `known`, `there` and `levels` to the rows of which `table` says something: mostly the same as of the column before. */
  private sort(table: Int32Array, count: number): void {
    if (isThereAlike(table, this.lastTable)) return;
    this.lastTable = table;
    const has = table.map(value => (value === NOTHING ? 0 : 1));
    const { numbers } = this;
    const known = wordsFor(count);
    let there = 0;
    for (let from = 0; from < count; from += STRETCH) {
      there = keepSome(numbers, has, from, Math.min(count, from + STRETCH), known, there);
    }
    this.known = known;
    this.there = there;
    this.levels = runs.encode(numbers, has, count, 1);
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
