/**
 * Who isolates whom (isolations.ts) is what asking every isolation about every address says.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import { containsV4, containsV6, fromAddresses, parseV4, parseV6 } from '../../src/rules/addresses.js';
import type { AddressSet, Isolation, Ruleset } from '../../src/rules/ruleset.js';
import { isolationsOf } from '../../src/verdict/isolations.js';
import { seed } from '../support/seed.js';

const OWNERS = 6;
const HELD: readonly (readonly [string, number])[] = [
  ['10.0.0.1', 0],
  ['10.0.0.2', 1],
  ['10.0.0.4', 1],
  ['fd00::1', 1],
  ['10.0.0.3', 2],
  ['fd00::2', 3],
  ['10.0.0.9', 4],
];
const inventory = {
  owners: Array.from({ length: OWNERS }),
  byAddress: new Map(HELD.map(([address, owner]) => [address, { owner }])),
} as unknown as Inventory;

const sets = fc.array(
  fc
    .record({ held: fc.subarray(HELD.map(([address]) => address)), unaddressed: fc.subarray([5]) })
    .map(({ held, unaddressed }) => fromAddresses(['10.0.0.7', ...held], unaddressed)),
  { minLength: 1, maxLength: 4 },
);

const holds = (set: AddressSet, owner: number): boolean =>
  set.unaddressed.includes(owner) ||
  HELD.some(([address, holder]) => {
    const v4 = parseV4(address);
    return holder === owner && (v4 === null ? containsV6(set, parseV6(address)!) : containsV4(set, v4));
  });

it('lists them for every owner, in order, each once', () => {
  let longest = 0;
  fc.assert(
    fc.property(sets, fc.array(fc.nat(3), { maxLength: 12 }), (subjects, which) => {
      const isolations = which.map(i => ({ subjects: subjects[i % subjects.length]! }) as Isolation);
      const half = isolations.length >> 1;
      const ruleset = {
        egress: [],
        ingress: [{ isolations: isolations.slice(0, half) }, { isolations: isolations.slice(half) }],
      } as unknown as Ruleset;
      for (let owner = -1; owner < OWNERS; owner++) {
        const expected = isolations.filter(({ subjects: set }) => holds(set, owner));
        const found = isolationsOf('ingress', owner, ruleset, inventory);
        expect(found.map(it => isolations.indexOf(it))).toEqual(expected.map(it => isolations.indexOf(it)));
        expect(isolationsOf('egress', owner, ruleset, inventory)).toEqual([]);
        longest = Math.max(longest, found.length);
      }
    }),
    { seed, numRuns: 300 },
  );
  expect(longest).toBeGreaterThan(5);
});
