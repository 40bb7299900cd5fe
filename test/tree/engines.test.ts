/**
 * One suite for every engine and every shape of the tree: the linear engine is the specification, the others equal it.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import { DST, SRC, STRIDE } from '../../src/packet/row.js';
import { PROFILES } from '../../src/profile/index.js';
import { PROFILE_NAMES } from '../../src/profile/profile.js';
import { buildRules } from '../../src/rules/build.js';
import type { Ruleset } from '../../src/rules/ruleset.js';
import { OUTCOMES } from '../../src/tree/classifier.js';
import { flatten } from '../../src/tree/flat.js';
import { flattenAddresses } from '../../src/tree/flat-addresses.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree, type TreeOptions } from '../../src/tree/tree.js';
import { fastPathModule } from '../support/fast-path.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPackets, arbPolicies, arbRuleset } from './arbitrary.js';
import { classify, describeOutcome, type PacketLiteral, rowOf } from './packets.js';

/** Every shape is forced, whatever the size of the rules would choose. */
const SHAPES: readonly (readonly [string, TreeOptions])[] = [
  ['dense pair tables', {}],
  ['dense pair tables on the fast path', { fastPath: fastPathModule }],
  ['sparse pair tables', { mostDense: 0 }],
  ['sparse pair tables on the fast path', { mostDense: 0, fastPath: fastPathModule }],
  ['forests', { mostRuns: 0 }],
  ['crossings', { leastCrossed: 0 }],
];

const parameters = (numRuns: number) => ({ seed, numRuns });

/** How often each kind of outcome was seen: a property that only ever met `none` would prove nothing. */
const seen = new Map<string, number>();

function compareAll(ruleset: Ruleset, inventory: Inventory, packets: readonly PacketLiteral[]): void {
  const linear = createLinear(ruleset, inventory);
  const trees = SHAPES.map(([name, options]) => [name, createTree(ruleset, inventory, options)] as const);
  const rows = new Int32Array(packets.length * STRIDE);
  packets.forEach((packet, i) => {
    rowOf(packet, rows, i * STRIDE);
  });
  const batches = trees.map(([, tree]) => {
    const out = new Int32Array(packets.length * OUTCOMES).fill(-999);
    tree.classifyBatch(rows, packets.length, out);
    return out;
  });
  const flat = trees.map(
    ([name, tree]) => [`${name}, flat`, flatten(tree, flattenAddresses(tree, inventory))] as const,
  );
  for (const [i, packet] of packets.entries()) {
    const expected = classify(linear, packet);
    for (const outcome of expected) {
      const kind = describeOutcome(linear, outcome).split(' ')[0]!;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    const row = rowOf(packet);
    for (const [name, tree] of trees) {
      const actual = classify(tree, packet);
      if (actual.join() !== expected.join())
        expect({ name, packet, actual }).toEqual({ name, packet, actual: expected });
      for (const word of [SRC, DST]) {
        const owner = tree.ownerOf(row, 0, word);
        if (owner !== linear.ownerOf(row, 0, word)) expect(owner).toBe(linear.ownerOf(row, 0, word));
      }
    }
    for (const [t, out] of batches.entries()) {
      const actual = [...out.subarray(i * OUTCOMES, (i + 1) * OUTCOMES)];
      const name = `${SHAPES[t]![0]}, in a batch`;
      if (actual.join() !== expected.join())
        expect({ name, packet, actual }).toEqual({ name, packet, actual: expected });
    }
    for (const [name, tree] of flat) {
      if (tree === null) continue;
      tree.classify(row, 0);
      const actual = [...tree.found];
      const owners = [linear.ownerOf(row, 0, SRC), linear.ownerOf(row, 0, DST)];
      if (actual.join() !== [...expected, ...owners].join())
        expect({ name, packet, actual }).toEqual({ name, packet, actual: [...expected, ...owners] });
    }
  }
}

describe(`the tree gives the linear engine's outcomes (seed ${seed})`, () => {
  it('for random NetworkPolicies', () => {
    fc.assert(
      fc.property(arbInventory, arbPolicies, arbPackets, (inventory, policies, packets) => {
        compareAll(buildRules(policies, inventory), inventory, packets);
      }),
      parameters(600),
    );
    for (const kind of ['allow', 'default-deny', 'not-isolated', 'none', 'loopback', 'node']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(100);
    }
  });

  it.each(PROFILE_NAMES)('for random NetworkPolicies as %s reads them', name => {
    fc.assert(
      fc.property(arbInventory, arbPolicies, arbPackets, (inventory, policies, packets) => {
        compareAll(buildRules(policies, inventory, undefined, PROFILES[name]), inventory, packets);
      }),
      parameters(150),
    );
  });

  it('for random ordered rules in several tiers, with deny and pass', () => {
    fc.assert(
      fc.property(arbInventory, arbRuleset, arbPackets, (inventory, ruleset, packets) => {
        compareAll(ruleset, inventory, packets);
      }),
      parameters(600),
    );
    expect(seen.get('deny') ?? 0).toBeGreaterThan(100);
  });
});
