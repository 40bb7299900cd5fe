import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_DIGITS, writeDigits, writeInteger, writeNine } from '../../src/memory/digits.js';

const text = (bytes: Uint8Array, from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString();
const bounds = Array.from({ length: 16 }, (_, digits) => [10 ** digits - 1, 10 ** digits]).flat();

describe('digits', () => {
  it('are those of JavaScript', () => {
    const number = fc.oneof(fc.constantFrom(...bounds, 2 ** 31, 2 ** 32, 2 ** 53 - 1), fc.maxSafeNat(), fc.nat());
    fc.assert(
      fc.property(number, fc.nat(5), (value, at) => {
        const bytes = new Uint8Array(at + MOST_DIGITS);
        expect(text(bytes, at, writeDigits(value, bytes, at))).toBe(String(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('of 32-bit numbers, and nine of nanoseconds', () => {
    const bytes = new Uint8Array(20);
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...bounds.filter(n => n < 2 ** 31), 2 ** 31 - 1), fc.nat()), value => {
        expect(text(bytes, 3, writeInteger(value, bytes, 3))).toBe(String(value));
        writeNine(value % 1_000_000_000, bytes, 2);
        expect(text(bytes, 2, 11)).toBe(String(value % 1_000_000_000).padStart(9, '0'));
      }),
      { numRuns: 1000 },
    );
  });
});
