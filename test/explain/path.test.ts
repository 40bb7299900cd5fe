/** The way through the tree ends where classify() ends, in every shape of the tree, and each comparison on it is true. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OUTCOME_DEFAULT_DENY, OUTCOME_NOT_ISOLATED } from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import { pathOf } from '../../src/tree/path.js';
import { createTree, type TreeOptions } from '../../src/tree/tree.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPackets, arbRuleset } from '../tree/arbitrary.js';
import { classify, rowOf } from '../tree/packets.js';

const SHAPES: readonly (readonly [string, TreeOptions])[] = [
  ['dense', {}],
  ['sparse', { mostDense: 0 }],
  ['forest', { mostRuns: 0 }],
];

describe('pathOf', () => {
  it.each(SHAPES)('%s', (kind, options) => {
    let walked = 0;
    fc.assert(
      fc.property(arbRuleset, arbInventory, arbPackets, (ruleset, inventory, packets) => {
        const tree = createTree(ruleset, inventory, options);
        for (const packet of packets) {
          const outcomes = classify(tree, packet);
          const paths = pathOf(tree, rowOf(packet), 0)!;
          expect(paths.map(({ outcome }) => outcome)).toEqual(outcomes);
          for (const path of paths) {
            const isTold = ['dense', 'sparse', 'forest'].includes(path.kind);
            const isAsked =
              (path.outcome >= 0 || path.outcome === OUTCOME_NOT_ISOLATED || path.outcome <= OUTCOME_DEFAULT_DENY) &&
              ruleset[path.direction].length > 0 &&
              path.kind !== 'crossing';
            expect(isTold).toBe(isAsked);
            if (isTold) walked++;
            if (isTold) expect(path.kind).toBe(kind);
            for (const { value, threshold, holds } of path.steps) expect(holds).toBe(value <= threshold);
          }
        }
      }),
      { seed, numRuns: 120 },
    );
    expect(walked).toBeGreaterThan(100);
  });

  it('is null where there is no tree', () => {
    const [ruleset, inventory] = fc.sample(fc.tuple(arbRuleset, arbInventory), { seed, numRuns: 1 })[0]!;
    expect(
      pathOf(createLinear(ruleset, inventory), rowOf({ source: '10.0.0.1', destination: '10.0.0.2' }), 0),
    ).toBeNull();
  });
});
