/**
 * The normal form and the linear engine against NetworkPolicy's definition (test/tree/oracle.ts).
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { buildRules } from '../../src/rules/build.js';
import { createLinear } from '../../src/tree/linear.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPackets, arbPolicies } from './arbitrary.js';
import { type OracleAnswer, oracle } from './oracle.js';
import { judge } from './packets.js';

it(`random policies mean what their definition says (seed ${seed})`, () => {
  const seen = new Map<string, number>();
  const count = (kind: string): void => {
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  };
  fc.assert(
    fc.property(arbInventory, arbPolicies, arbPackets, (inventory, policies, packets) => {
      const linear = createLinear(buildRules(policies, inventory), inventory);
      for (const packet of packets) {
        const [egress, ingress] = judge(linear, packet);
        const expected = oracle(policies, inventory, packet);
        check(egress, expected.egress, { way: 'egress', packet });
        check(ingress, expected.ingress, { way: 'ingress', packet });
        for (const answer of [expected.egress, expected.ingress]) {
          count(typeof answer === 'string' ? answer : answer.length > 1 ? 'several' : 'one');
        }
      }
    }),
    { seed, numRuns: 2000 },
  );
  for (const kind of ['none', 'loopback', 'node', 'not-isolated', 'default-deny', 'one', 'several']) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(100);
  }
});

/** Of several rules that admit a packet the first in document order is the one that is named. */
function check(actual: string, expected: OracleAnswer, context: object): void {
  const wanted = typeof expected === 'string' ? expected : expected[0]!;
  if (actual !== wanted) expect({ ...context, actual }).toEqual({ ...context, actual: wanted });
}
