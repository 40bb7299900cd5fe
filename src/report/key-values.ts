/**
 * What columns that hang on one key say of it (cold: asked once a key, and once a key of each row group).
 *
 * In:  keys, and their values.  Out: numbers of values by key, and a group's dictionary.
 */
import type { Value } from '../where/field.js';
import { LIST_SEPARATOR } from './cells.js';
import type { KeyedSource } from './columns.js';
import { NOTHING } from './parquet-columns.js';

export type KeyedColumn<Row> = KeyedSource<Row> & { readonly type: string };

const FIRST_KEYS = 256;
const text = new TextEncoder();

/** What one column says of each key. */
export class KeyValues {
  /** By key: a boolean's 0 or 1, else the number of a text. */
  private of = new Int32Array(FIRST_KEYS);
  private readonly texts: Uint8Array[] = [];
  private readonly numbers = new Map<string, number>();
  /** By text, its place in the group's dictionary + 1. */
  private places = new Int32Array(FIRST_KEYS);

  constructor(readonly isBoolean: boolean) {}

  /** @returns the number of the value */
  learn(key: number, value: Value): number {
    if (key >= this.of.length) this.of = wider(this.of, key);
    const number = value === null ? NOTHING : this.isBoolean ? Number(value) : this.numberOf(value);
    this.of[key] = number;
    return number;
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

export function wider(array: Int32Array, key: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(2 * key);
  longer.set(array);
  return longer;
}
