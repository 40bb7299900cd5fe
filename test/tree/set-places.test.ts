/**
 * Places of sets, build after build: what is kept from the build before is what a first build finds, and pairs of sets that
 * are gone do not pile up.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AddressSet } from '../../src/rules/ruleset.js';
import { FAMILY4, FAMILY6, Line } from '../../src/tree/line.js';
import { type Place, SetPlaces } from '../../src/tree/set-places.js';
import { seed } from '../support/seed.js';

const OWNERS = Array.from({ length: 20 }, (_, i) => 10 * i + 5);
const newPlaces = (): [SetPlaces, Line<number>] => {
  const line4 = new Line(FAMILY4, OWNERS);
  return [new SetPlaces(line4, new Line(FAMILY6, [7n])), line4];
};
/** Owners, with one interval that no owner begins or ends now and then. */
const arbSet: fc.Arbitrary<AddressSet> = fc
  .record({
    held: fc.subarray(OWNERS),
    block: fc.option(fc.nat(250), { freq: 4 }),
    v6: fc.constantFrom<readonly bigint[]>([], [7n, 7n], [0n, 90n]),
  })
  .map(({ held, block, v6 }) => ({
    v4: block === null || held.includes(block) ? held.flatMap(x => [x, x]) : [block, block],
    v6,
    unaddressed: [],
  }));

const pairsOf = (places: SetPlaces, list: readonly Place[]): number[][] =>
  list.map(({ at, end }) => [...places.pairs.subarray(at, end)]);

describe('places of sets', () => {
  it('are those of a first build, whatever was built before', () => {
    const arbPool = fc.array(arbSet, { minLength: 1, maxLength: 12 });
    const arbPicks = fc.array(fc.array(fc.nat(11), { maxLength: 10 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(arbPool, arbPicks, (pool, builds) => {
        const [places, line4] = newPlaces();
        for (const picks of builds) {
          const sets = picks.map(i => pool[i % pool.length]!);
          const lists = new Map([[2, sets]]);
          const found = places.cut(lists).get(2)!;
          const [fresh, freshLine] = newPlaces();
          const expected = fresh.cut(lists).get(2)!;
          expect(line4.starts).toEqual(freshLine.starts);
          expect(pairsOf(places, found)).toEqual(pairsOf(fresh, expected));
        }
      }),
      { seed },
    );
  });

  it('leave nothing behind in the long run', () => {
    const [places] = newPlaces();
    const standing: AddressSet = { v4: OWNERS.flatMap(x => [x, x]), v6: [], unaddressed: [] };
    for (let build = 0; build < 20_000; build++) {
      const held = OWNERS.filter((_, i) => (build >> i) & 1);
      const passing = { v4: held.flatMap(x => [x, x]), v6: [], unaddressed: [] };
      const list = places.cut(new Map([[2, [standing, passing]]])).get(2)!;
      if (build % 1000 === 0) {
        const [fresh] = newPlaces();
        const expected = fresh.cut(new Map([[2, [standing, passing]]])).get(2)!;
        expect(pairsOf(places, list)).toEqual(pairsOf(fresh, expected));
      }
    }
    expect(places.pairs.length).toBeLessThan(300_000);
  });
});
