/**
 * Halves of words: plain JavaScript says what the vector comparison says (crossings are held to the linear engine with both).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { someHalfAbove } from '../../src/memory/halves.js';
import { seed } from '../support/seed.js';

const arbHalf = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff));
const arbHalves = fc.array(arbHalf, { minLength: 8, maxLength: 8 });
const wordsOf = (halves: readonly number[]): Int32Array =>
  Int32Array.from({ length: 4 }, (_, w) => halves[2 * w]! | (halves[2 * w + 1]! << 16));

it(`one half above is enough (seed ${seed})`, () => {
  fc.assert(
    fc.property(arbHalves, arbHalves, (a, b) => {
      const expected = a.some((half, i) => half > b[i]!) ? 1 : 0;
      expect(someHalfAbove(wordsOf(a), 0, wordsOf(b), 0)).toBe(expected);
    }),
    { seed, numRuns: 500 },
  );
});

it('equal halves are not above, whatever their sign', () => {
  const words = Int32Array.of(0, -1, 0x80008000 | 0, 0x7fff7fff, 5);
  expect(someHalfAbove(words, 0, words, 0)).toBe(0);
  expect(someHalfAbove(words, 1, words, 1)).toBe(0);
});
