/** Segments of a TCP stream: each byte once, in order, whatever the network did to them; holes told with their size. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Segments } from '../../src/streams/segments.js';
import { seed } from '../support/seed.js';

/** Bytes as numbers, a hole as its size behind a minus. */
function collector() {
  const got: number[] = [];
  return {
    got,
    bytes: (bytes: Uint8Array, from: number, to: number) => got.push(...bytes.subarray(from, to)),
    missing: (count: number) => got.push(-count),
  };
}

describe('Segments', () => {
  it(`gives every byte once, in order (seed ${seed})`, () => {
    const cut = fc.record({ from: fc.nat(299), length: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.array(cut, { maxLength: 30 }), (first, extra) => {
        const all = Uint8Array.from({ length: 300 }, (_, i) => i & 127);
        // Segments anywhere, overlapping as they like; then what fills every hole.
        const whole = Array.from({ length: 30 }, (_, i) => ({ from: i * 10, length: 10 }));
        const sink = collector();
        const segments = new Segments(first);
        for (const { from, length } of [...extra, ...whole]) {
          const to = Math.min(300, from + length);
          segments.take((first + from) >>> 0, all, from, to, 0, sink);
        }
        expect(sink.got).toEqual([...all]);
      }),
      { seed, numRuns: 500 },
    );
  });

  it('tells how much is missing: what the capture cut, and what never came', () => {
    const sink = collector();
    const segments = new Segments(100);
    const bytes = Uint8Array.of(1, 2, 3, 4);
    segments.take(100, bytes, 0, 2, 5, sink);
    expect(sink.got).toEqual([1, 2, -5]);
    segments.take(120, bytes, 0, 4, 0, sink);
    expect(sink.got).toEqual([1, 2, -5]);
    segments.end(sink);
    expect(sink.got).toEqual([1, 2, -5, -13, 1, 2, 3, 4]);
  });

  it('gives a hole up when too much waits behind it, and not for copies of the same', () => {
    const sink = collector();
    const segments = new Segments(0);
    const bytes = new Uint8Array(10);
    for (let copy = 0; copy < 100; copy++) segments.take(10, bytes, 0, 10, 0, sink);
    expect(sink.got).toEqual([]);
    for (let i = 2; i < 70; i++) segments.take(i * 10, bytes, 0, 10, 0, sink);
    expect(sink.got[0]).toBe(-10);
    expect(sink.got.length).toBeGreaterThan(640);
  });

  it('tells of bytes that come for a hole that was given up, wherever in it', () => {
    for (const at of [50, 59, 45, 51]) {
      const sink = collector();
      const segments = new Segments(50);
      const bytes = new Uint8Array(10);
      for (let i = 0; i < 65; i++) segments.take(60 + i * 10, bytes, 0, 10, 0, sink);
      const before = sink.got.length;
      segments.take(at, bytes, 0, at === 51 ? 1 : 10, 0, sink);
      expect(sink.got.slice(before), `${at}`).toEqual([-0]);
      segments.take(60, bytes, 0, 10, 0, sink);
      segments.take(40, bytes, 0, 10, 0, sink);
      expect(sink.got.length, `${at}`).toBe(before + 1);
    }
  });

  it('a segment that is old in part gives the rest of it', () => {
    const sink = collector();
    const segments = new Segments(0);
    segments.take(0, Uint8Array.of(1, 2, 3), 0, 3, 0, sink);
    segments.take(1, Uint8Array.of(9, 9, 4, 5), 0, 4, 2, sink);
    segments.take(2, Uint8Array.of(9), 0, 1, 1, sink);
    expect(sink.got).toEqual([1, 2, 3, 4, 5, -2]);
    expect(segments.isAt(7)).toBe(true);
  });
});
