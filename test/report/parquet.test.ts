/**
 * Parquet of made-up rows, as hyparquet reads it: every kind of column, with and without values, row by row and many at once,
 * in row groups of all sizes.
 */
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { wordsText } from '../../src/packet/text.js';
import type { AddressNumbers, Column } from '../../src/report/columns.js';
import { createParquet } from '../../src/report/parquet.js';
import { seed } from '../support/seed.js';

interface Made {
  readonly number: number;
  readonly small: number | null;
  readonly wide: number | null;
  readonly second: number;
  readonly nanosecond: number;
  readonly address: { readonly family: 4 | 6; readonly words: readonly [number, number, number, number] } | null;
  readonly key: number;
}

class Rows {
  record!: Made;
  constructor(
    readonly records: readonly Made[],
    readonly picked: Int32Array,
  ) {}

  moveTo(k: number): void {
    this.record = this.records[this.picked[k]!]!;
  }

  at(k: number): Made {
    return this.records[this.picked[k]!]!;
  }
}

const NOBODY = { family: 0, words: [0, 0, 0, 0] } as const;
const text = (key: number): string | null => (key % 5 === 3 ? null : `text ${key % 40}`);
const few = (key: number): string | null => (key > 50 ? null : key % 2 === 0 ? 'even' : 'odd');
const isOdd = (key: number): boolean | null => (key % 5 === 3 ? null : key % 2 === 1);

const numbers = (name: string, isSmall: boolean, of: (record: Made) => number | null): Column<Rows> => ({
  name,
  type: 'number',
  sentence: '',
  from: 'number',
  isSmall,
  of: ({ record }) => of(record) ?? Number.NaN,
  ...(isSmall ? { fill: filling(of, -1) } : { fillWide: filling(of, Number.NaN) }),
});

const filling =
  (of: (record: Made) => number | null, nothing: number) =>
  (row: Rows, from: number, to: number, into: Int32Array | Float64Array, at: number): number => {
    let there = 0;
    for (let k = from; k < to; k++) if (of(row.at(k)) !== null) there++;
    if (there > 0) for (let k = from; k < to; k++) into[at + k - from] = of(row.at(k)) ?? nothing;
    return there;
  };

const keyOf = ({ record }: Rows): number => record.key;
const keyed = (name: string, type: 'text' | 'boolean', of: (key: number) => string | boolean | null): Column<Rows> => ({
  name,
  type,
  sentence: '',
  from: 'key',
  key: keyOf,
  of: row => of(keyOf(row)),
  fill(row, from, to, into) {
    const { key } = row.at(from);
    let isSame = true;
    for (let k = from; k < to; k++) {
      into[k - from] = row.at(k).key;
      isSame &&= row.at(k).key === key;
    }
    return isSame ? key : -1;
  },
});

const COLUMNS: readonly Column<Rows>[] = [
  numbers('number', false, ({ number }) => number),
  numbers('small', true, ({ small }) => small),
  numbers('wide', false, ({ wide }) => wide),
  {
    name: 'time',
    type: 'time',
    sentence: '',
    from: 'time',
    seconds: ({ record }) => record.second,
    nanoseconds: ({ record }) => record.nanosecond,
    fill: ({ records }) => ({
      seconds: Float64Array.from(records, ({ second }) => second),
      nanoseconds: Int32Array.from(records, ({ nanosecond }) => nanosecond),
    }),
  },
  {
    name: 'address',
    type: 'address',
    sentence: '',
    from: 'address',
    family: ({ record }) => (record.address ?? NOBODY).family,
    words: ({ record }) => Int32Array.from((record.address ?? NOBODY).words),
    at: () => 0,
    fill(row, from, to, addresses: AddressNumbers, into, at) {
      let there = 0;
      for (let k = from; k < to; k++) {
        const { address } = row.at(k);
        if (address !== null) there++;
        into[at + k - from] =
          address === null
            ? -1
            : address.family === 4
              ? addresses.ofFour(address.words[0])
              : addresses.ofSix(Int32Array.from(address.words), 0);
      }
      return there;
    },
  },
  keyed('text', 'text', text),
  keyed('few', 'text', few),
  keyed('isOdd', 'boolean', isOdd),
  keyed('same', 'text', () => 'always'),
  keyed('never', 'text', () => null),
];

const expected = (record: Made): unknown => ({
  number: BigInt(record.number),
  small: record.small,
  wide: record.wide === null ? null : BigInt(record.wide),
  time: BigInt(record.second) * 1_000_000_000n + BigInt(record.nanosecond),
  address: record.address === null ? null : wordsText(record.address.family, record.address.words),
  text: text(record.key),
  few: few(record.key),
  isOdd: isOdd(record.key),
  same: 'always',
  never: null,
});

async function written(groupRows: number, write: (writer: ReturnType<typeof writerOf>) => void): Promise<unknown[]> {
  const chunks: Uint8Array[] = [];
  const writer = writerOf(chunks, groupRows);
  writer.begin({ compiled: { profile: { title: '', families: ['any'] } } } as never);
  write(writer);
  writer.end();
  const bytes = Buffer.concat(chunks);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, parsers: { timestampFromNanoseconds: (it: bigint) => it } as never });
  return rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? null])));
}

const writerOf = (chunks: Uint8Array[], groupRows: number) =>
  createParquet(
    { write: (chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as Uint8Array)) },
    'made-up',
    COLUMNS,
    groupRows,
  );

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const address = fc.oneof(
  fc.constant(null),
  fc.record({ family: fc.constant(4 as const), words: fc.tuple(word, ...[0, 0, 0].map(fc.constant)) }),
  fc.record({
    family: fc.constant(4 as const),
    words: fc.tuple(fc.integer({ max: 40 }), ...[0, 0, 0].map(fc.constant)),
  }),
  fc.record({ family: fc.constant(6 as const), words: fc.tuple(word, word, fc.integer({ max: 3 }), word) }),
) as fc.Arbitrary<Made['address']>;
const stretch = fc.record({
  length: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 30, max: 200 })),
  small: fc.option(fc.integer({ min: 0, max: 2 ** 31 - 1 })),
  wide: fc.option(fc.integer({ min: 0, max: 2 ** 53 - 1 })),
  second: fc.integer({ min: -9_000_000_000, max: 9_000_000_000 }),
  nanosecond: fc.integer({ min: 0, max: 999_999_999 }),
  address,
  key: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3000 })),
});

describe('parquet of any rows', () => {
  it('holds them, row by row and many at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stretch, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (stretches, groupRows, batchRows, first, every) => {
          const all = stretches
            .flatMap(({ length, ...record }) => Array.from({ length }, () => record))
            .map((record, i): Made => ({ ...record, number: first + i }));
          const kept = all.filter((_, i) => i % every === 0);
          const many = await written(groupRows, writer => {
            for (let from = 0; from < all.length; from += batchRows) {
              const batch = all.slice(from, from + batchRows);
              const picked = Int32Array.from(batch.keys()).filter(i => (from + i) % every === 0);
              if (picked.length > 0) writer.rows!(new Rows(batch, picked), picked.length);
            }
          });
          expect(many).toEqual(kept.map(expected));
          const single = await written(groupRows, writer => {
            const rows = new Rows(kept, Int32Array.from(kept.keys()));
            for (const k of kept.keys()) {
              rows.moveTo(k);
              writer.row(rows);
            }
          });
          expect(single).toEqual(kept.map(expected));
        },
      ),
      { seed, numRuns: 30 },
    );
  });

  it('holds more of them than are taken at a time', async () => {
    const all = Array.from({ length: 10_001 }, (_, i): Made => {
      const random = Math.imul(i + 1, 0x9e3779b1) >>> 8;
      return {
        number: 7 + i,
        small: random % 3 === 0 ? null : random % 5000,
        wide: random % 7 === 0 ? random * 2 ** 20 : null,
        second: 1_700_000_000 + (i >> 6),
        nanosecond: random % 1_000_000_000,
        address: random % 11 === 0 ? null : { family: 4, words: [(random % 9000) - 4500, 0, 0, 0] },
        key: random % 2500,
      };
    });
    const rows = await written(9000, writer => writer.rows!(new Rows(all, Int32Array.from(all.keys())), all.length));
    expect(rows).toEqual(all.map(expected));
  });
});
