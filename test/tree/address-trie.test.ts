/**
 * Address tries: every address comes to the record of its interval.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findByTrie } from '../../src/tree/address-lookup.js';
import { buildTrie } from '../../src/tree/address-trie.js';
import { createImage } from '../../src/tree/image.js';
import { lastNotAbove } from '../../src/tree/intervals-v4.js';
import { seed } from '../support/seed.js';

const RECORDS = 8;
const STARTED = 0x0a000000;

/** Many borders in few networks, and of every alignment. */
const arbBorder = fc.oneof(
  fc.integer({ min: 0, max: 2047 }).map(n => STARTED + n),
  fc.integer({ min: 1, max: 0xffff }).map(n => n * 65536),
  fc.integer({ min: 1, max: 0xffffffff }),
  fc.constantFrom(1, 255, 256, 0xff000000, 0xffffff00, 0xffffffff),
);

it(`addresses lead to the records of their intervals (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uniqueArray(arbBorder, { maxLength: 60, size: 'max' }), borders => {
      const starts = Uint32Array.from([0, ...borders]).sort();
      const image = createImage();
      const first = image.reserve(RECORDS * starts.length, RECORDS);
      // Two intervals in three share a record with others.
      const records = Int32Array.from(starts, (_, i) => first + RECORDS * (i % 3 === 0 ? i : i % 2));
      for (const record of records) image.words()[record] = record;
      const root = buildTrie(starts, records, image);
      expect(root).toBeGreaterThan(0);
      const words = image.done();
      const addresses = [...starts].flatMap(start => [
        start,
        (start - 1) >>> 0,
        (start + 1) >>> 0,
        (start + 256) >>> 0,
      ]);
      for (const address of addresses) {
        const scratch = new Int32Array(4096);
        findByTrie(words, scratch, Int32Array.of(address), 1, root, 0, 2000);
        expect(scratch[2000], `${address}`).toBe(records[lastNotAbove(starts, address)]!);
      }
    }),
    { seed, numRuns: 60 },
  );
});

it('blocks are bounded', () => {
  const starts = Uint32Array.from({ length: 4000 }, (_, i) => i * 65536 + (i > 0 ? 1 : 0));
  const image = createImage();
  expect(buildTrie(starts, new Int32Array(starts.length), image)).toBe(0);
  expect(image.length).toBe(0);
});
