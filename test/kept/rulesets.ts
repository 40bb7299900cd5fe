/**
 * Random rulesets in the normal form over a world's addresses: every action, tiers in all directions, isolations. Whatever a dialect
 * says becomes this (src/rules), so that what holds for these holds for all.
 */
import type { Compiled } from '../../src/compile.js';
import { createRandom, type Random } from '../../src/generate/random.js';
import { everywhere, fromCidr, union } from '../../src/rules/addresses.js';
import type { AddressSet, Direction, Isolation, Rule, Ruleset, Tier } from '../../src/rules/ruleset.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { at } from '../rules/cluster.js';

const ACTIONS = ['allow', 'allow', 'allow', 'deny', 'deny', 'pass', 'ambiguous', 'unsupported'] as const;

/** The same cluster under random rules. */
export function withRules(compiled: Compiled, seed: number): Compiled {
  const random = createRandom(seed);
  const addresses = [...compiled.inventory.byAddress.keys()];
  const ruleset = rulesetOf(random, addresses);
  const engine = random.unit() < 0.8 ? createTree : createLinear;
  return { ...compiled, ruleset, classifier: engine(ruleset, compiled.inventory) };
}

function rulesetOf(random: Random, addresses: readonly string[]): Ruleset {
  const chance = (share: number): boolean => random.unit() < share;
  const rules: Rule[] = [];
  const set = (): AddressSet => {
    if (chance(0.25)) return everywhere([]);
    if (chance(0.2)) return fromCidr(random.pick(['10.244.0.0/24', '203.0.113.0/25', 'fd00::/16', '10.96.0.0/16']))!;
    return union(
      Array.from({ length: 1 + random.below(4) }, () => fromCidr(random.pick(addresses))!),
      128,
    );
  };
  const ports = () => (chance(0.6) ? null : [random.pick([80, 443, 5432]), random.pick([5432, 8080, 9090])]);
  const tiersOf = (direction: Direction, most: number): Tier[] =>
    Array.from({ length: random.below(most + 1) }, (_, tier) => {
      const own = Array.from({ length: random.below(6) }, (_, i): Rule => {
        const action = random.pick(ACTIONS);
        const rule: Rule = {
          ...{ index: rules.length, direction, tier, subjects: set(), peers: set(), action },
          protocol: chance(0.5) ? null : random.pick([6, 17, 1, 58, 132, 51]),
          sourcePorts: chance(0.9) ? null : [40000, 65535],
          destinationPorts: ports(),
          icmp: null,
          ...(action === 'allow' && chance(0.2) && { unenforced: random.pick(['valid', 'any'] as const) }),
          origin: { kind: 'Test', policy: `${direction}${tier}`, rule: `rules[${i}]`, position: at(i) },
        };
        rules.push(rule);
        return rule;
      });
      const isolations = Array.from({ length: random.below(3) }, (_, i): Isolation => {
        const origin = { kind: 'Test', policy: `i${i}`, rule: direction, position: at(i) };
        return { direction, tier, subjects: set(), origin };
      });
      return { name: `t${tier}`, rules: own, isolations };
    });
  const [egress, ingress] = [tiersOf('egress', 2), tiersOf('ingress', 2)];
  const forward = chance(0.2) ? tiersOf('forward', 1) : [];
  return { rules, egress, ingress, forward, ...(chance(0.3) && { ownNode: 'to-pods' as const }) };
}
