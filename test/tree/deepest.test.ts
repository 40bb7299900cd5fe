/**
 * Steps and the longest way, on random rules in every shape: no packet takes more steps than the longest way says, and what
 * it names are rules of its direction.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import { buildRules } from '../../src/rules/build.js';
import type { Ruleset } from '../../src/rules/ruleset.js';
import { findDeepest } from '../../src/tree/deepest.js';
import { countSteps } from '../../src/tree/steps.js';
import { createTree } from '../../src/tree/tree.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPackets, arbPolicies, arbRuleset } from './arbitrary.js';
import { type PacketLiteral, rowOf } from './packets.js';

/** Plain rules are not crossed here: crossing-steps.test.ts is about those. */
const SHAPES = [
  ['dense pair tables', { leastCrossed: Number.POSITIVE_INFINITY }],
  ['sparse pair tables', { mostDense: 0, leastCrossed: Number.POSITIVE_INFINITY }],
  ['forests', { mostRuns: 0, leastCrossed: Number.POSITIVE_INFINITY }],
] as const;
/** Three loads and seven comparisons of IPv4 addresses, or the halvings of IPv6. */
const ADDRESS_STEPS = 10;

describe.each(SHAPES)(`%s (seed ${seed})`, (_name, options) => {
  const compare = (ruleset: Ruleset, inventory: Inventory, packets: readonly PacketLiteral[]) => {
    const tree = createTree(ruleset, inventory, options);
    const deepest = findDeepest(tree);
    const longest = deepest.reduce((sum, { steps }) => sum + steps, 0);
    const lookup = Math.max(ADDRESS_STEPS, Math.ceil(Math.log2(tree.table.count6 + 1)));
    for (const { rules, direction } of deepest)
      for (const rule of rules) expect(ruleset.rules[rule]!.direction).toBe(direction);
    for (const packet of packets) {
      const steps = countSteps(tree, rowOf(packet), 0);
      expect(steps).toBeLessThanOrEqual(2 * lookup + longest);
    }
    return longest;
  };

  it('of random NetworkPolicies and random rules', () => {
    let most = 0;
    fc.assert(
      fc.property(arbInventory, arbPolicies, arbPackets, (inventory, policies, packets) => {
        most = Math.max(most, compare(buildRules(policies, inventory), inventory, packets));
      }),
      { seed, numRuns: 150 },
    );
    expect(most).toBeGreaterThan(3);
    fc.assert(
      fc.property(arbInventory, arbRuleset, arbPackets, (inventory, ruleset, packets) => {
        compare(ruleset, inventory, packets);
      }),
      { seed, numRuns: 150 },
    );
  });
});
