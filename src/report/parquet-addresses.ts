/**
 * Addresses of a row group (hot): each text once in the group's dictionary, found by its words.
 */
import { wordsText } from '../packet/text.js';
import { ADDRESS_WORDS, type AddressSource, type PickedRows } from './columns.js';
import { dictionaryOf, type EncodedColumn, type Gathered, levelsOf, nothingIn } from './parquet-columns.js';

const FIRST_PLACES = 1024;
const text = new TextEncoder();

export class AddressColumn<Row> implements Gathered<Row> {
  private readonly numbers: Int32Array;
  private readonly has: Int32Array;
  private texts: Uint8Array[] = [];
  /** Family and words of each text. */
  private readonly known: Int32Array;
  /** Number + 1 by place. */
  private places = new Int32Array(FIRST_PLACES);
  private count = 0;
  private scratch = new Int32Array(ADDRESS_WORDS);

  constructor(
    private readonly source: AddressSource<Row>,
    room: number,
  ) {
    this.numbers = new Int32Array(room);
    this.has = new Int32Array(room);
    this.known = new Int32Array(ADDRESS_WORDS * room);
  }

  add(row: Row, at: number): void {
    const { source, scratch } = this;
    const family = source.family(row);
    scratch[0] = family;
    if (family !== 0) {
      const words = source.words(row);
      const from = source.at(row);
      for (let word = 0; word < 4; word++) scratch[1 + word] = words[from + word]!;
    }
    this.append(1, at);
  }

  addAll(row: Row & PickedRows, from: number, to: number, at: number): void {
    const count = to - from;
    if (this.scratch.length < count * ADDRESS_WORDS) this.scratch = new Int32Array(count * ADDRESS_WORDS);
    if (this.source.fill!(row, from, to, this.scratch) === 0) this.has.fill(0, at, at + count);
    else this.append(count, at);
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

  private append(count: number, at: number): void {
    const { scratch, has, numbers, known } = this;
    let there = this.count;
    for (let i = 0; i < count; i++) {
      const from = i * ADDRESS_WORDS;
      const family = scratch[from]!;
      has[at + i] = family === 0 ? 0 : 1;
      if (family === 0) continue;
      const a = scratch[from + 1]!;
      const b = scratch[from + 2]!;
      const c = scratch[from + 3]!;
      const d = scratch[from + 4]!;
      const { places } = this;
      const mask = places.length - 1;
      let place = hashOf(a, b, c, d) & mask;
      let number = places[place]! - 1;
      while (number >= 0) {
        const its = ADDRESS_WORDS * number;
        if (
          known[its + 1] === a &&
          known[its + 2] === b &&
          known[its + 3] === c &&
          known[its + 4] === d &&
          known[its] === family
        ) {
          break;
        }
        place = (place + 1) & mask;
        number = places[place]! - 1;
      }
      numbers[there++] = number < 0 ? this.learn(from, place) : number;
    }
    this.count = there;
  }

  /** An address of `scratch` that belongs to a free place. */
  private learn(from: number, place: number): number {
    const { known, scratch } = this;
    const [family, a, b, c, d] = scratch.subarray(from, from + ADDRESS_WORDS) as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    const number = this.texts.push(text.encode(wordsText(family, [a, b, c, d]))) - 1;
    known.set([family, a, b, c, d], ADDRESS_WORDS * number);
    this.places[place] = number + 1;
    if (2 * this.texts.length > this.places.length) this.widen();
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
