/**
 * Columns: what a record (a packet, a connection) says, each a name, a type and a sentence. csv, parquet, --fields, --where
 * and docs/outputs.md all come from one list of them (packet-columns.ts, connection-columns.ts).
 *
 * A column's values come from a row that is moved over the records: as numbers where they differ from record to record; else by
 * a key, a small whole number on which alone the value hangs (an outcome, a protocol), so that who writes or tests it does
 * so once a key. Columns with the same key function share it.
 *
 * Rows of a batch may be asked for many at once: `fill` writes what the other functions say of the rows from..to-1 that were
 * picked, one behind the other.
 */
import { nearest } from '../documents/suggest.js';
import type { Test } from '../where/expression.js';
import type { Field, Value } from '../where/field.js';
import { matchAddress, matchNumber, matchValue } from '../where/match.js';

export type Column<Row> = Field & { readonly sentence: string } & (
    | NumberSource<Row>
    | TimeSource<Row>
    | AddressSource<Row>
    | KeyedSource<Row>
  );

/** Whole numbers from 0 up to 2^53, NaN where there is none. */
export interface NumberSource<Row> {
  readonly from: 'number';
  of(row: Row): number;
  /** None is beyond 2^31. */
  readonly isSmall: boolean;
  /**
   * To into[at..], of numbers of which none is beyond 2^31; -1 where there is none.
   * @returns how many are there; where none is, nothing needs to be written
   */
  fill?(row: Row, from: number, to: number, into: Int32Array, at: number): number;
  /** In the place of `fill`, of larger numbers; NaN where there is none. */
  fillWide?(row: Row, from: number, to: number, into: Float64Array, at: number): number;
}

export interface TimeSource<Row> {
  readonly from: 'time';
  seconds(row: Row): number;
  nanoseconds(row: Row): number;
  /** Where the times of a batch stand, by a packet's place in it. */
  fill?(row: Row): { readonly seconds: Float64Array; readonly nanoseconds: Int32Array };
}

/** Numbers of addresses, each known by its words. */
export interface AddressNumbers {
  ofFour(word: number): number;
  ofSix(words: Int32Array, at: number): number;
}

export interface AddressSource<Row> {
  readonly from: 'address';
  /** 4 or 6, 0 where there is none. */
  family(row: Row): number;
  /** Four words from `at` on, as a packet's row has them. */
  words(row: Row): Int32Array;
  at(row: Row): number;
  /** Numbers to into[at..], -1 where there is none. @returns how many are there; where none is, nothing needs to be written */
  fill?(row: Row, from: number, to: number, numbers: AddressNumbers, into: Int32Array, at: number): number;
}

export interface KeyedSource<Row> {
  readonly from: 'key';
  /** 0 or more; keys are used up one by one. */
  key(row: Row): number;
  /** Of the row as it stands. */
  of(row: Row): Value;
  /** Keys, from the start of `into`. @returns the key of them all, where it need not be written; else -1 */
  fill?(row: Row, from: number, to: number, into: Int32Array): number;
}

/** A row of which many may be asked for at once. */
export interface PickedRows {
  /** Places in the batch of those that were picked. */
  readonly picked: Int32Array;
  /** Moves to the k-th that was picked. */
  moveTo(k: number): void;
}

/** Whether many rows of it may be asked for at once. */
export const isFilled = <Row>(column: Column<Row>): boolean =>
  column.fill !== undefined || (column.from === 'number' && column.fillWide !== undefined);

/** Columns by name, in the order of the names. @returns what to say of a name that is none */
export function chooseColumns<Row>(
  columns: readonly Column<Row>[],
  names: readonly string[],
): readonly Column<Row>[] | { readonly problem: string; readonly hint: string } {
  const chosen: Column<Row>[] = [];
  const all = columns.map(({ name }) => name);
  for (const name of names) {
    const column = columns.find(it => it.name === name);
    const meant = nearest(name, all);
    if (column === undefined) {
      const hint = `${meant === null ? '' : `did you mean ${meant}? `}fields: ${all.join(', ')}`;
      return { problem: `there is no field '${name}'`, hint };
    }
    if (chosen.includes(column)) return { problem: `field ${name} is named twice`, hint: 'name it once' };
    chosen.push(column);
  }
  return chosen;
}

/** Keys that a test was not asked about yet, that fail it, that pass it. */
const UNKNOWN = 0;
const FAILS = 1;
const PASSES = 2;
const FIRST_KEYS = 256;

/** A test of a column as a function of a row: see where/compile.ts. */
export function bindTest<Row>(column: Column<Row>, test: Test): (row: Row) => boolean {
  switch (column.from) {
    case 'number': {
      const matches = matchNumber(test);
      return row => matches(column.of(row));
    }
    case 'address': {
      const matches = matchAddress(test);
      return row => matches(column.family(row), column.words(row), column.at(row));
    }
    case 'time': {
      const matches = matchValue(test);
      return row => matches(nanosecondsOf(column.seconds(row), column.nanoseconds(row)));
    }
    case 'key': {
      const matches = matchValue(test);
      let answers = new Uint8Array(FIRST_KEYS);
      return row => {
        const key = column.key(row);
        if (key >= answers.length) answers = wider(answers, key);
        if (answers[key] === UNKNOWN) answers[key] = matches(column.of(row)) ? PASSES : FAILS;
        return answers[key] === PASSES;
      };
    }
  }
}

function wider(answers: Uint8Array, key: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(2 * key);
  longer.set(answers);
  return longer;
}

/** Since 1970. */
export const nanosecondsOf = (seconds: number, nanoseconds: number): bigint =>
  BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
