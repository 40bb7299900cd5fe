/** Random policies of Antrea's among administrators' and NetworkPolicies: the engines say what asking everything says. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type {
  AntreaGroup,
  AntreaHeader,
  AntreaObject,
  AntreaPeer,
  AntreaPolicy,
  AntreaRule,
  AppliedTo,
  GroupMembers,
  SelectedPods,
} from '../../../src/policy/antrea/model.js';
import { noObjects } from '../../../src/policy/dialects.js';
import type { LabelSelector } from '../../../src/policy/policy.js';
import { createRuleBuilder } from '../../../src/rules/build.js';
import { createLinear } from '../../../src/tree/linear.js';
import { createTree } from '../../../src/tree/tree.js';
import { seed } from '../../support/seed.js';
import {
  arbInventory,
  arbPackets,
  arbPolicies,
  arbSelector,
  PORT_NAMES,
  PORTS,
  PREFIXES,
  PROTOCOL_NAMES,
} from '../../tree/arbitrary.js';
import { classify, describeOutcome } from '../../tree/packets.js';
import { arbAdmin } from '../admin/arbitrary.js';
import { at } from '../cluster.js';
import { antreaOracle } from './oracle.js';

const every = { matchLabels: {}, matchExpressions: [] };
const arbPods: fc.Arbitrary<SelectedPods> = fc
  .tuple(fc.option(fc.oneof(fc.constant(every), arbSelector)), fc.option(fc.oneof(fc.constant(every), arbSelector)))
  .map(([namespaceSelector, podSelector]) => ({
    kind: 'pods',
    namespaceSelector,
    podSelector: namespaceSelector === null ? (podSelector ?? every) : podSelector,
  }));
const arbBlock = fc
  .constantFrom(...PREFIXES)
  .map(cidr => ({ cidr, except: cidr === '10.0.0.0/8' ? ['10.0.0.4/30'] : [] }));
const arbGroupName = fc.constantFrom('g0', 'g1', 'g2', 'lost').map(name => ({ kind: 'group' as const, name }));
const arbAccount = fc
  .constantFrom('a', 'b')
  .map(namespace => ({ kind: 'serviceAccount' as const, namespace, name: 'default' }));
const arbRelated: fc.Arbitrary<AntreaPeer> = fc.record({
  kind: fc.constant('related' as const),
  sameLabels: fc.constantFrom(null, null, ['app'], ['app', 'tier'], ['nope']),
  podSelector: fc.option(arbSelector) as fc.Arbitrary<LabelSelector | null>,
}) as fc.Arbitrary<AntreaPeer>;
const arbPeers = (direction: 'ingress' | 'egress', isNamespaced: boolean): fc.Arbitrary<AntreaPeer> =>
  fc.oneof(
    { weight: 5, arbitrary: arbPods },
    { weight: 4, arbitrary: arbBlock.map(block => ({ kind: 'block' as const, ...block })) },
    { weight: 2, arbitrary: arbGroupName },
    { weight: 1, arbitrary: arbAccount },
    { weight: 1, arbitrary: arbSelector.map(selector => ({ kind: 'nodes' as const, selector })) },
    ...(isNamespaced ? [] : [{ weight: 4, arbitrary: arbRelated }]),
    ...(direction === 'egress'
      ? [{ weight: 1, arbitrary: fc.constant({ kind: 'fqdn' as const, pattern: 'example.com' }) }]
      : []),
  );
const arbAppliedTo = (isNamespaced: boolean): fc.Arbitrary<AppliedTo> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: isNamespaced
        ? arbSelector.map(podSelector => ({ kind: 'pods' as const, namespaceSelector: null, podSelector }))
        : fc.oneof(arbPods, fc.constant({ kind: 'pods' as const, namespaceSelector: every, podSelector: null })),
    },
    { weight: 1, arbitrary: fc.constantFrom('g0', 'g1').map(name => ({ kind: 'group' as const, name })) },
    { weight: 1, arbitrary: arbAccount },
  );
const arbRange = fc
  .tuple(fc.constantFrom(...PORTS), fc.constantFrom(0, 0, 1, 100, 65535))
  .map(([low, length]): [number, number] => [low, Math.min(65535, low + length)]);
const arbHeader: fc.Arbitrary<AntreaHeader> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ports' as const),
      protocol: fc.constantFrom(...PROTOCOL_NAMES),
      destination: fc.oneof(
        { weight: 4, arbitrary: arbRange },
        { weight: 2, arbitrary: fc.constantFrom(...PORT_NAMES) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      source: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: arbRange }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('icmp' as const),
      type: fc.constantFrom(null, 0, 3, 8, 128),
      code: fc.constantFrom(null, null, 0, 1),
    }),
  },
);
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 3 });

/** Whether a deny answers changes no verdict. */
const withAnswers = (rule: Bare, isReject: boolean): Bare =>
  isReject && rule.action === 'deny' ? { ...rule, isReject: true } : rule;

type Bare = Omit<AntreaRule, 'rule' | 'index' | 'appliedTo'> & { readonly own: readonly AppliedTo[] };

const arbRules = (direction: 'ingress' | 'egress', isNamespaced: boolean): fc.Arbitrary<Bare[]> =>
  fc.array(
    fc.record({
      action: fc.constantFrom('allow' as const, 'deny' as const, 'pass' as const),
      own: some(arbAppliedTo(isNamespaced)),
      peers: fc.option(some(arbPeers(direction, isNamespaced)), { freq: 3 }),
      toServices: fc.constant([]),
      headers: fc.option(some(arbHeader), { freq: 2 }),
      layer7: fc.integer({ min: 0, max: 15 }).map(x => (x === 0 ? [] : x === 1 ? ('other' as const) : null)),
      position: fc.nat(99).map(line => at(line)),
    }),
    { maxLength: 3 },
  );
const arbAnswers = (rules: fc.Arbitrary<Bare[]>): fc.Arbitrary<Bare[]> =>
  fc
    .tuple(rules, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }))
    .map(([all, rejects]) => all.map((rule, i) => withAnswers(rule, rejects[i]!)));

const arbPolicy = (isNamespaced: boolean): fc.Arbitrary<AntreaPolicy> =>
  fc
    .record({
      tier: fc.constantFrom(
        'application',
        'application',
        'application',
        'own',
        'own',
        'platform',
        'emergency',
        'baseline',
      ),
      priority: fc.constantFrom(1, 1, 1, 1, 1.5, 2),
      namespace: isNamespaced ? fc.constantFrom('a', 'b') : fc.constant(''),
      appliedTo: fc.option(some(arbAppliedTo(isNamespaced)), { freq: 3 }),
      ingress: arbAnswers(arbRules('ingress', isNamespaced)),
      egress: arbAnswers(arbRules('egress', isNamespaced)),
      position: fc.nat(99).map(line => at(line)),
    })
    .map(({ ingress, egress, appliedTo, ...rest }) => {
      const rules = (direction: string, given: readonly Bare[]): AntreaRule[] =>
        given.map(({ own, ...rule }, index) => ({
          ...rule,
          action: rest.tier === 'baseline' && rule.action === 'pass' ? 'allow' : rule.action,
          rule: `${direction}[${index}]`,
          index,
          appliedTo: appliedTo ?? own,
        }));
      const kind = isNamespaced ? ('AntreaNetworkPolicy' as const) : ('AntreaClusterNetworkPolicy' as const);
      return { ...rest, kind, name: '', ingress: rules('ingress', ingress), egress: rules('egress', egress) };
    });

const arbMembers: fc.Arbitrary<GroupMembers> = fc.oneof(
  { weight: 4, arbitrary: arbPods },
  {
    weight: 2,
    arbitrary: fc.array(arbBlock, { minLength: 1, maxLength: 2 }).map(blocks => ({ kind: 'blocks' as const, blocks })),
  },
  {
    weight: 2,
    arbitrary: fc.subarray(['g0', 'g1', 'g2'], { minLength: 1 }).map(names => ({ kind: 'groups' as const, names })),
  },
  { weight: 1, arbitrary: arbSelector.map(selector => ({ kind: 'nodes' as const, selector })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'none' as const }) },
);
const arbGroups: fc.Arbitrary<AntreaGroup[]> = fc.array(arbMembers, { minLength: 9, maxLength: 9 }).map(all =>
  all.map((members, i) => {
    const namespace = ['', 'a', 'b'][Math.floor(i / 3)]!;
    const kind = namespace === '' ? ('AntreaClusterGroup' as const) : ('AntreaGroup' as const);
    return { kind, namespace, name: `g${i % 3}`, position: at(i), members };
  }),
);

/** The first policy with rules again, where it allows and denies by turns: as important, so that the two disagree. */
function opposites(policies: readonly AntreaPolicy[]): AntreaPolicy[] {
  const turned = (rules: readonly AntreaRule[]): AntreaRule[] =>
    rules.map(rule =>
      rule.action === 'pass' ? rule : { ...rule, action: rule.action === 'allow' ? 'deny' : 'allow' },
    );
  const first = policies.find(
    ({ ingress, egress, position }) => ingress.length + egress.length > 0 && position.line % 3 === 0,
  );
  return first === undefined ? [] : [{ ...first, ingress: turned(first.ingress), egress: turned(first.egress) }];
}

const arbObjects: fc.Arbitrary<AntreaObject[]> = fc
  .tuple(
    fc.array(arbPolicy(false), { minLength: 2, maxLength: 5 }),
    fc.array(arbPolicy(true), { maxLength: 2 }),
    arbGroups,
    fc.constantFrom(10, 60, 249),
  )
  .map(([cluster, own, groups, priority]) => [
    ...[...cluster, ...own, ...opposites(cluster)].map((policy, i) => ({ ...policy, name: `p${(i * 3) % 7}` })),
    ...groups,
    { kind: 'AntreaTier' as const, namespace: '', name: 'own', priority, position: at(1) },
  ]);

it(`Antrea's policies are what their definition says, by both engines (seed ${seed})`, () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      arbInventory,
      arbObjects,
      arbAdmin.map(all => all.slice(0, 2)),
      arbPolicies.map(all => all.slice(0, 2)),
      arbPackets,
      (inventory, antrea, admin, policies, packets) => {
        const build = createRuleBuilder(inventory);
        const { contributions } = build.contribute({ ...noObjects(), admin, antrea });
        const ruleset = build(policies, undefined, contributions);
        const linear = createLinear(ruleset, inventory);
        const tree = createTree(ruleset, inventory);
        for (const packet of packets) {
          const outcomes = classify(linear, packet);
          const expected = antreaOracle(antrea, admin, policies, inventory, packet, ruleset.ofNodes === true);
          (['egress', 'ingress'] as const).forEach((way, i) => {
            const said = describeOutcome(linear, outcomes[i]!);
            const kind = said.split(' ')[0]!;
            seen.set(kind, (seen.get(kind) ?? 0) + 1);
            if (!expected[way].includes(said))
              expect({ packet, way, said }).toEqual({ packet, way, said: expected[way] });
          });
          expect(classify(tree, packet)).toEqual(outcomes);
        }
      },
    ),
    { seed, endOnFailure: true, numRuns: 400 },
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
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(20);
  }
});
