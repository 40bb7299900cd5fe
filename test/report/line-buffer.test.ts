import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineBuffer } from '../../src/report/line-buffer.js';
import { collect } from './fixture.js';

describe('line buffer', () => {
  it('writes numbers as JavaScript does, at every bound', () => {
    const bounds = [0, 1, 9, 10, 99, 100, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 4_999_999_999, Number.MAX_SAFE_INTEGER];
    const number = fc.oneof(fc.constantFrom(...bounds), fc.maxSafeNat(), fc.nat());
    fc.assert(
      fc.property(fc.array(number), numbers => {
        const out = collect();
        const lines = new LineBuffer(out);
        for (const value of numbers) {
          lines.reserve(17);
          lines.number(value);
          lines.ascii(' ');
        }
        lines.flush();
        expect(out.text()).toBe(numbers.map(value => `${value} `).join(''));
      }),
    );
  });

  it('keeps every byte in order, however large the pieces are', () => {
    const piece = fc.integer({ min: 0, max: 400_000 }).map(length => new Uint8Array(length).fill(length & 255));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), pieces => {
        const chunks: Uint8Array[] = [];
        const lines = new LineBuffer({ write: chunk => chunks.push((chunk as Uint8Array).slice()) });
        for (const each of pieces) {
          lines.reserve(each.length);
          lines.piece(each);
        }
        lines.flush();
        const sum = (of: Uint8Array[]): number => of.reduce((total, { length }) => total + length, 0);
        expect(sum(chunks)).toBe(sum(pieces));
        expect(Buffer.compare(Buffer.concat(chunks), Buffer.concat(pieces))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
