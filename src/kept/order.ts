/**
 * The order of rows: refused ones first, or by any column, up or down; rows that are alike keep the table's order.
 *
 * In:  a table, row numbers in its order.  Out: the same numbers, ordered. Sorted by digits of 16 bits, the last one first, of words that
 * compare as the values do: a million rows take one pass a digit, and none where a digit is the same in all of them.
 */
import type { Column, KeyedSource } from '../report/columns.js';
import { DROPPED_DEFAULT_DENY, UNDECIDED_TRUNCATED } from '../verdict/verdict.js';
import { columnsOf, type Table } from './table.js';

/** `drops-first`: refused rows, then undecided, then allowed ones. By a column: rows without a value come last either way. */
export type Order = 'drops-first' | { readonly by: string; readonly descending?: boolean };
export const DROPS_FIRST: Order = 'drops-first';

const DIGIT = 0x10000;
/** What a value is compared by, the most significant word first, and a word in front of them: whether there is none. Then the
 *  others are 0: such rows are alike. */
type Words = readonly Uint32Array[];

/** 0 to count - 1. */
export function counted(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

export function ordered<Row extends { readonly code: number }>(
  table: Table<Row>,
  rows: Uint32Array,
  order: Order,
): Uint32Array {
  if (order === 'drops-first') return sorted(rows, [ranks(table, rows)]);
  const [column] = columnsOf(table, [order.by]);
  const [isNone, ...words] = wordsOf(table, rows, column!);
  if (order.descending === true) for (const word of words) for (let k = 0; k < word.length; k++) word[k] = ~word[k]!;
  return sorted(rows, [isNone!, ...words]);
}

function ranks<Row extends { readonly code: number }>(table: Table<Row>, rows: Uint32Array): Uint32Array {
  const rank = new Uint32Array(rows.length);
  for (let k = 0; k < rows.length; k++) {
    const { code } = table.moveTo(rows[k]!);
    rank[k] = code >= UNDECIDED_TRUNCATED ? 1 : code >= DROPPED_DEFAULT_DENY ? 0 : 2;
  }
  return rank;
}

function wordsOf<Row>(table: Table<Row>, rows: Uint32Array, column: Column<Row>): Words {
  const words = (count: number): Uint32Array[] => Array.from({ length: count }, () => new Uint32Array(rows.length));
  switch (column.from) {
    case 'number': {
      const [isNone, high, low] = words(3) as [Uint32Array, Uint32Array, Uint32Array];
      for (let k = 0; k < rows.length; k++) {
        const value = column.of(table.moveTo(rows[k]!));
        if (Number.isNaN(value)) isNone[k] = 1;
        else splitNumber(value, high, low, k);
      }
      return [isNone, high, low];
    }
    case 'time': {
      const [isNone, high, low, nanoseconds] = words(4) as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
      for (let k = 0; k < rows.length; k++) {
        const row = table.moveTo(rows[k]!);
        splitNumber(column.seconds(row), high, low, k);
        nanoseconds[k] = column.nanoseconds(row);
      }
      return [isNone, high, low, nanoseconds];
    }
    case 'address': {
      const all = words(6);
      for (let k = 0; k < rows.length; k++) {
        const row = table.moveTo(rows[k]!);
        const family = column.family(row);
        if (family === 0) {
          all[0]![k] = 1;
          continue;
        }
        all[1]![k] = family;
        const [from, at] = [column.words(row), column.at(row)];
        for (let word = 0; word < 4; word++) all[2 + word]![k] = from[at + word]!;
      }
      return all;
    }
    case 'key':
      return keyWords(table, rows, column);
  }
}

/** Whole numbers from -2^52 to 2^52. */
function splitNumber(value: number, high: Uint32Array, low: Uint32Array, k: number): void {
  high[k] = Math.floor(value / 2 ** 32) + 2 ** 20;
  low[k] = value - Math.floor(value / 2 ** 32) * 2 ** 32;
}

/** A value a key; values in their own order are ranks. */
function keyWords<Row>(table: Table<Row>, rows: Uint32Array, column: KeyedSource<Row>): Words {
  const keys = new Uint32Array(rows.length);
  const texts: (string | null | undefined)[] = [];
  for (let k = 0; k < rows.length; k++) {
    const row = table.moveTo(rows[k]!);
    const key = column.key(row);
    keys[k] = key;
    if (texts[key] !== undefined) continue;
    const value = column.of(row);
    texts[key] = value === null ? null : typeof value === 'object' ? value.join() : String(value);
  }
  const names = [...new Set(texts)].filter(text => typeof text === 'string').sort();
  const rankOf = new Map(names.map((name, i) => [name, i]));
  const ranksByKey = Uint32Array.from(texts, text => (typeof text === 'string' ? rankOf.get(text)! : 0));
  const [isNone, rank] = [new Uint32Array(rows.length), new Uint32Array(rows.length)];
  for (let k = 0; k < rows.length; k++) {
    const key = keys[k]!;
    if (texts[key] === null) isNone[k] = 1;
    else rank[k] = ranksByKey[key]!;
  }
  return [isNone, rank];
}

function sorted(rows: Uint32Array, words: Words): Uint32Array {
  let places: Uint32Array = counted(rows.length);
  let other: Uint32Array = new Uint32Array(rows.length);
  for (const word of [...words].reverse()) {
    for (const shift of [0, 16]) {
      const counts = new Uint32Array(DIGIT);
      for (let k = 0; k < word.length; k++) counts[(word[k]! >>> shift) & (DIGIT - 1)]!++;
      if (word.length === 0 || counts[(word[0]! >>> shift) & (DIGIT - 1)] === word.length) continue;
      let at = 0;
      for (let digit = 0; digit < DIGIT; digit++) {
        const count = counts[digit]!;
        counts[digit] = at;
        at += count;
      }
      for (let k = 0; k < places.length; k++) {
        const place = places[k]!;
        other[counts[(word[place]! >>> shift) & (DIGIT - 1)]!++] = place;
      }
      [places, other] = [other, places];
    }
  }
  for (let k = 0; k < places.length; k++) other[k] = rows[places[k]!]!;
  return other;
}
