/**
 * Host tables: a host is found in its slot with its class, or it is told to be outside; nothing else is found.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashV4 } from '../../src/tree/address-lookup.js';
import { buildHostTable } from '../../src/tree/host-table.js';
import { createImage } from '../../src/tree/image.js';
import { seed } from '../support/seed.js';

/** Some share all but a few bits, as hosts of a network do. */
const arbHosts = fc.uniqueArray(
  fc.oneof(
    fc.integer(),
    fc.integer({ min: 0, max: 511 }).map(n => 0x0a000000 + n),
    fc.integer({ min: 0, max: 63 }).map(n => (n << 24) | 1),
  ),
  { maxLength: 400, size: 'max' },
);

/** The hot loop's two loads (address-lookup.ts). */
function find(words: Int32Array, { buckets, shift, mask }: ReturnType<typeof buildHostTable>, address: number): number {
  const hash = hashV4(address);
  const slot = words[buckets + (hash >>> shift)]! + 2 * (hash & mask);
  expect(slot + 1).toBeLessThan(words.length);
  return words[slot] === address ? words[slot + 1]! : -1;
}

it(`hosts are found, and nobody else (seed ${seed})`, () => {
  fc.assert(
    fc.property(arbHosts, fc.array(fc.integer(), { maxLength: 100 }), (hosts, others) => {
      const addresses = Int32Array.from(hosts);
      const image = createImage();
      const table = buildHostTable(
        addresses,
        1,
        addresses.map(hashV4),
        addresses.map((_, i) => i),
        image,
      );
      const words = image.done();
      // Only hosts that share a bucket and a column.
      if (hosts.length >= 100) expect(table.outside.length).toBeLessThanOrEqual(hosts.length / 10);
      const known = new Set(hosts);
      hosts.forEach((host, i) => {
        expect(find(words, table, host)).toBe(table.outside.includes(i) ? -1 : i);
      });
      for (const other of [...others, 0, -1]) if (!known.has(other)) expect(find(words, table, other)).toBe(-1);
    }),
    { seed, numRuns: 200 },
  );
});

it('hosts whose hashes are the same are outside, all but one', () => {
  const image = createImage();
  const same = new Int32Array(5).fill(0x12345678);
  const table = buildHostTable(Int32Array.of(1, 2, 3, 4, 5), 1, same, Int32Array.of(0, 1, 2, 3, 4), image);
  expect(table.outside.length).toBe(4);
});
