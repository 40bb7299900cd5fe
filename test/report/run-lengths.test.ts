import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsFor, RunLengths } from '../../src/report/run-lengths.js';
import { seed } from '../support/seed.js';

/** The format, read word for word: a header, then a run or groups of eight, lowest bits first. */
function decode(bytes: Uint8Array, bits: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      header |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if ((header & 1) === 0) {
      let value = 0;
      for (let shift = 0; shift < bits; shift += 8) value |= bytes[at++]! << shift;
      for (let i = 0; i < header >> 1; i++) values.push(value);
      continue;
    }
    const all = [...bytes.subarray(at, at + (header >> 1) * bits)].flatMap(byte =>
      Array.from({ length: 8 }, (_, bit) => (byte >> bit) & 1),
    );
    at += (header >> 1) * bits;
    for (let from = 0; from < all.length; from += bits) {
      values.push(all.slice(from, from + bits).reduce((sum, bit, i) => sum + bit * 2 ** i, 0));
    }
  }
  // The last group is filled up.
  expect(values.length - count).toBeLessThan(8);
  expect(values.length).toBeGreaterThanOrEqual(count);
  return values.slice(0, count);
}

/** By way of a table of the numbers, in no order. */
function encodeAll(runs: RunLengths, values: Int32Array, bits: number): Uint8Array {
  const table = Int32Array.from(new Set(values)).reverse();
  const places = new Map([...table].map((value, place) => [value, place]));
  return runs.encode(
    values.map(value => places.get(value)!),
    table,
    values.length,
    bits,
  );
}

describe('runs and packed bits', () => {
  const runs = new RunLengths();

  it('read back as the numbers they were', () => {
    const stretch = fc.tuple(fc.integer({ min: 0, max: 2 ** 24 - 1 }), fc.integer({ min: 1, max: 100 }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 30 }), fc.integer({ min: 1, max: 24 }), (stretches, bits) => {
        const values = stretches.flatMap(([value, length]) => Array<number>(length).fill(value & (2 ** bits - 1)));
        const encoded = encodeAll(runs, Int32Array.from(values), bits);
        expect(decode(encoded, bits, values.length)).toEqual(values);
      }),
      { seed, numRuns: 500 },
    );
  });

  it('read back where more is packed than one header counts', () => {
    for (let bits = 1; bits <= 24; bits++) {
      const values = Int32Array.from(
        { length: (bits === 1 ? 5000 : 1000) + bits },
        (_, i) => (Math.imul(i, 0x9e3779b1) >>> 8) & (2 ** bits - 1),
      );
      expect(decode(encodeAll(runs, values, bits), bits, values.length)).toEqual([...values]);
    }
  });

  it('take little room where numbers repeat', () => {
    const same = new Int32Array(100_000).fill(5);
    expect(encodeAll(runs, same, 3)).toHaveLength(4);
    expect(encodeAll(runs, same, 3)).toEqual(runs.same(5, same.length, 3));
    expect(decode(runs.same(70_000, 9, 17), 17, 9)).toEqual(Array(9).fill(70_000));
  });

  it('stay as they are until they are released, behind what the caller writes before them', () => {
    const fresh = new RunLengths();
    const table = Int32Array.from({ length: 4096 }, (_, i) => i);
    const places = Array.from({ length: 20 }, (_, run) =>
      Int32Array.from({ length: 2500 }, (_, i) => (i * (run + 3)) & 4095),
    );
    const all = places.map(its => fresh.encode(its, table, its.length, 12, 3));
    for (const bytes of all) bytes.fill(255, 0, 3);
    for (const [i, its] of places.entries()) expect(decode(all[i]!.subarray(3), 12, its.length)).toEqual([...its]);
    fresh.release();
    expect(decode(fresh.same(5, 77, 3), 3, 77)).toEqual(Array(77).fill(5));
  });

  it('have as many bits as the largest number needs', () => {
    expect([0, 1, 2, 3, 4, 255, 256].map(bitsFor)).toEqual([0, 1, 2, 2, 3, 8, 9]);
  });
});
