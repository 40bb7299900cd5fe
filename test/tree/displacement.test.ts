/**
 * Row displacement: every entry is found where it belongs, and nothing else is.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { displace } from '../../src/tree/displacement.js';
import { seed } from '../support/seed.js';

const COLUMNS = 40;
const arbRows = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: COLUMNS - 1 })), { maxLength: 60 });

it(`displaced rows hold what was put in them (seed ${seed})`, () => {
  fc.assert(
    fc.property(arbRows, lists => {
      const rows = lists.map((list, r) => {
        const columns = Int32Array.from(list).sort();
        return { columns, values: columns.map(column => r * COLUMNS + column) };
      });
      const starts = Int32Array.from([0, ...rows.map(({ columns }) => columns.length)]);
      for (let r = 0; r < rows.length; r++) starts[r + 1]! += starts[r]!;
      const columns = Int32Array.from(rows.flatMap(row => [...row.columns]));
      const values = Int32Array.from(rows.flatMap(row => [...row.values]));
      const { offsets, table } = displace({ starts, columns, values }, COLUMNS);
      const used = [...offsets].filter(offset => offset !== 0);
      expect(new Set(used).size).toBe(used.length);
      rows.forEach(({ columns }, r) => {
        for (let column = 0; column < COLUMNS; column++) {
          const slot = (offsets[r]! + column) * 2;
          const has = columns.includes(column);
          if (offsets[r] === 0) expect(has).toBe(false);
          else {
            expect(slot + 1).toBeLessThan(table.length);
            expect(table[slot] === offsets[r]).toBe(has);
            if (has) expect(table[slot + 1]).toBe(r * COLUMNS + column);
          }
        }
      });
    }),
    { seed, numRuns: 300 },
  );
});
