/**
 * Addresses of a row group (hot): each text once in the group's dictionary. What is known of addresses outlives the group
 * (address-numbers.ts), the dictionary does not.
 */
import { NumberedAddresses } from './address-numbers.js';
import type { AddressSource, PickedRows } from './columns.js';
import {
  DICTIONARY_LEAD,
  dictionaryBits,
  dictionaryOf,
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

/** Addresses that are remembered from group to group. */
const MOST_REMEMBERED = 1 << 16;
const FIRST_NUMBERS = 1024;

/** Numbered for all columns of a file. */
export class SharedAddresses extends NumberedAddresses {
  /** Between two groups: numbers that were told before mean nothing any more where it forgets. */
  nextGroup(): void {
    if (this.texts.length > MOST_REMEMBERED) this.clear();
  }
}

export class AddressColumn<Row> implements Gathered<Row> {
  /** Of the group's rows, the place in the dictionary. */
  private readonly numbers: Int32Array;
  private there = 0;
  private dictionary: Uint8Array[] = [];
  /** Its texts' numbers, and by number the place + 1. */
  private readonly members: number[] = [];
  private places = new Int32Array(FIRST_NUMBERS);

  constructor(
    private readonly source: AddressSource<Row>,
    private readonly addresses: NumberedAddresses,
    room: number,
  ) {
    this.numbers = new Int32Array(room);
  }

  add(row: Row, at: number): void {
    const { source, addresses } = this;
    const family = source.family(row);
    const number =
      family === 0
        ? NOTHING
        : family === 4
          ? addresses.ofFour(source.words(row)[source.at(row)]!)
          : addresses.ofSix(source.words(row), source.at(row));
    this.numbers[at] = number;
    if (family === 0) return;
    this.there++;
    this.place(at, 1);
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const { numbers } = this;
    const there = this.source.fill!(row, from, to, this.addresses, numbers, at);
    this.there += there;
    if (there === 0) numbers.fill(NOTHING, at, at + to - from);
    else this.place(at, to - from);
  }

  encode(count: number): Iterable<EncodedColumn> {
    const { there, numbers, dictionary } = this;
    if (there === 0) return [nothingIn(count)];
    const levels = levelsOf(numbers, count, there);
    const known = there === count ? numbers : wordsFor(count);
    if (there < count) keepAllThere(numbers, count, known);
    const places = sameNumbers(dictionary.length);
    const data = runs.encode(known, places, there, dictionaryBits(dictionary), DICTIONARY_LEAD);
    return [{ nulls: count - there, levels, ...dictionaryOf(dictionary, data) }];
  }

  clear(): void {
    for (const number of this.members) this.places[number] = 0;
    this.members.length = 0;
    this.dictionary = [];
    this.there = 0;
  }

  /** Makes numbers[at..] places of the group's dictionary. */
  private place(at: number, count: number): void {
    const { numbers } = this;
    let { places } = this;
    for (let i = at; i < at + count; i++) {
      const number = numbers[i]!;
      if (number === NOTHING) continue;
      let place = number < places.length ? places[number]! : 0;
      if (place === 0) {
        place = this.join(number);
        ({ places } = this);
      }
      numbers[i] = place - 1;
    }
  }

  private join(number: number): number {
    if (number >= this.places.length) {
      const longer = new Int32Array(2 * number);
      longer.set(this.places);
      this.places = longer;
    }
    this.members.push(number);
    const place = this.dictionary.push(this.addresses.texts[number]!);
    this.places[number] = place;
    return place;
  }
}
