import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeOf } from '../../src/server/range.js';

describe('a range', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=2-4', { start: 2, end: 5 }],
    ['bytes=2-', { start: 2, end: 10 }],
    ['bytes=9-9', { start: 9, end: 10 }],
    ['bytes=5-99999999999999999999999', { start: 5, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-30', { start: 0, end: 10 }],
    ['BYTES=1-1', { start: 1, end: 2 }],
    ['bytes=10-', 'beyond'],
    ['bytes=10-12', 'beyond'],
    ['bytes=99999999999999999999999-', 'beyond'],
    ['bytes=-0', 'beyond'],
    [undefined, null],
    ['', null],
    ['bytes=', null],
    ['bytes=-', null],
    ['bytes=4-2', null],
    ['bytes=12-11', null],
    ['bytes=0-1,3-4', null],
    ['bytes=1.5-3', null],
    ['bytes=0x1-3', null],
    ['bytes=+1-3', null],
    ['items=0-1', null],
    ['0-1', null],
  ])('%s of ten bytes is %j', (header, range) => {
    expect(rangeOf(header, 10)).toEqual(range);
  });

  it.each(['bytes=0-', 'bytes=0-0', 'bytes=-1'])('%s of nothing is beyond it', header => {
    expect(rangeOf(header, 0)).toBe('beyond');
  });

  it('holds the bytes that its header names, one by one', () => {
    const position = fc.option(fc.nat(25), { nil: null });
    fc.assert(
      fc.property(position, position, fc.nat(20), (first, last, size) => {
        const range = rangeOf(`bytes=${first ?? ''}-${last ?? ''}`, size);
        if ((first === null && last === null) || (first !== null && last !== null && last < first)) {
          expect(range).toBe(null);
          return;
        }
        const named = Array.from({ length: size }, (_, i) => i).filter(i =>
          first === null ? i >= size - last! : i >= first && (last === null || i <= last),
        );
        const given =
          range === 'beyond' || range === null
            ? []
            : Array.from({ length: range.end - range.start }, (_, i) => range.start + i);
        expect(given).toEqual(named);
        expect(range === 'beyond').toBe(named.length === 0);
      }),
    );
  });
});
