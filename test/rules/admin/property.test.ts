/** Random administrators' policies among NetworkPolicies: the engines say what asking everything says. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { noObjects } from '../../../src/policy/dialects.js';
import { createRuleBuilder } from '../../../src/rules/build.js';
import { createLinear } from '../../../src/tree/linear.js';
import { createTree } from '../../../src/tree/tree.js';
import { seed } from '../../support/seed.js';
import { arbInventory, arbPackets, arbPolicies } from '../../tree/arbitrary.js';
import { classify, describeOutcome } from '../../tree/packets.js';
import { arbAdmin } from './arbitrary.js';
import { adminOracle } from './oracle.js';

it(`admin policies are what their definition says, by both engines (seed ${seed})`, () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(arbInventory, arbAdmin, arbPolicies, arbPackets, (inventory, admin, policies, packets) => {
      const build = createRuleBuilder(inventory);
      const { contributions } = build.contribute({ ...noObjects(), admin });
      const ruleset = build(policies, undefined, contributions);
      const linear = createLinear(ruleset, inventory);
      const tree = createTree(ruleset, inventory);
      for (const packet of packets) {
        const outcomes = classify(linear, packet);
        const expected = adminOracle(admin, policies, inventory, packet);
        (['egress', 'ingress'] as const).forEach((way, i) => {
          const said = describeOutcome(linear, outcomes[i]!);
          const kind = said.split(' ')[0]!;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          if (!expected[way].includes(said))
            expect({ packet, way, said }).toEqual({ packet, way, said: expected[way] });
        });
        expect(classify(tree, packet)).toEqual(outcomes);
      }
    }),
    { seed, endOnFailure: true, numRuns: 300 },
  );
  for (const kind of [
    'allow',
    'deny',
    'ambiguous',
    'unsupported',
    'default-deny',
    'not-isolated',
    'node',
    'loopback',
  ]) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(40);
  }
});
