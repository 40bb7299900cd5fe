/**
 * Random administrators' policies, over the clusters and packets of test/tree/arbitrary.ts. Few priorities, so that many
 * are equal.
 */
import fc from 'fast-check';
import type { AdminPeer, AdminPolicy, AdminPort, AdminRule, SelectedPods } from '../../../src/policy/admin/model.js';
import { arbSelector, PORT_NAMES, PORTS, PREFIXES, PROTOCOL_NAMES } from '../../tree/arbitrary.js';
import { at } from '../cluster.js';

const every = { matchLabels: {}, matchExpressions: [] };
const arbPods: fc.Arbitrary<SelectedPods> = fc.record({
  namespaceSelector: fc.oneof({ weight: 2, arbitrary: fc.constant(every) }, arbSelector),
  podSelector: fc.oneof({ weight: 1, arbitrary: fc.constant(every) }, arbSelector),
});
const arbPodPeer: fc.Arbitrary<AdminPeer> = arbPods.map(pods => ({ kind: 'pods' as const, ...pods }));
const arbEgressPeer: fc.Arbitrary<AdminPeer> = fc.oneof(
  { weight: 4, arbitrary: arbPodPeer },
  { weight: 1, arbitrary: arbSelector.map(selector => ({ kind: 'nodes' as const, selector })) },
  {
    weight: 4,
    arbitrary: fc
      .oneof(fc.subarray(PREFIXES, { minLength: 1, maxLength: 3 }), fc.constant(['10.0.0.0/8', 'fd00::/8']))
      .map(cidrs => ({ kind: 'networks' as const, cidrs })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'domainNames' as const, names: ['example.com'] }) },
);
const unknown = { kind: 'unknown' as const };

const arbNumbers: fc.Arbitrary<AdminPort> = fc
  .tuple(fc.constantFrom(...PROTOCOL_NAMES), fc.constantFrom(...PORTS), fc.constantFrom(0, 0, 1, 100, 65535))
  .map(([protocol, low, length]) => ({ kind: 'numbers', protocol, range: [low, Math.min(65535, low + length)] }));
const arbPort: fc.Arbitrary<AdminPort> = fc.oneof(
  { weight: 6, arbitrary: arbNumbers },
  { weight: 3, arbitrary: fc.constantFrom(...PORT_NAMES).map(name => ({ kind: 'name' as const, name })) },
);
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 3 });

const arbRule = (peers: fc.Arbitrary<AdminPeer>, withPass: boolean): fc.Arbitrary<Omit<AdminRule, 'rule'>> =>
  fc.record({
    action: fc.constantFrom('allow' as const, 'deny' as const, ...(withPass ? (['pass'] as const) : [])),
    peers: fc.oneof({ weight: 15, arbitrary: some(peers) }, { weight: 1, arbitrary: fc.constant([unknown]) }),
    ports: fc.option(
      fc.oneof(
        { weight: 12, arbitrary: some(arbPort) },
        { weight: 1, arbitrary: arbPort.map(port => [port, unknown]) },
      ),
      { freq: 2 },
    ),
    position: fc.nat(99).map(line => at(line)),
  });
const numbered = (direction: string, rules: readonly Omit<AdminRule, 'rule'>[]): AdminRule[] =>
  rules.map((rule, i) => ({ ...rule, rule: `${direction}[${i}]` }));

const arbOf = (kind: AdminPolicy['kind'], tiers: readonly AdminPolicy['tier'][]): fc.Arbitrary<AdminPolicy> => {
  const withPass = kind !== 'BaselineAdminNetworkPolicy';
  return fc
    .record({
      tier: fc.constantFrom(...tiers),
      priority: kind === 'BaselineAdminNetworkPolicy' ? fc.constant(null) : fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1000),
      subject: fc.oneof(arbPods, fc.constant({ namespaceSelector: every, podSelector: every })),
      ingress: fc.array(arbRule(arbPodPeer, withPass), { maxLength: 3 }),
      egress: fc.array(arbRule(arbEgressPeer, withPass), { maxLength: 3 }),
      position: fc.nat(99).map(line => at(line)),
    })
    .map(({ ingress, egress, ...rest }) => ({
      ...rest,
      kind,
      namespace: '',
      name: '',
      ingress: numbered('ingress', ingress),
      egress: numbered('egress', egress),
    }));
};

export const arbAdmin: fc.Arbitrary<readonly AdminPolicy[]> = fc
  .tuple(
    fc.array(arbOf('ClusterNetworkPolicy', ['Admin', 'Admin', 'Baseline']), { maxLength: 4 }),
    fc.array(arbOf('AdminNetworkPolicy', ['Admin']), { maxLength: 2 }),
    fc.array(arbOf('BaselineAdminNetworkPolicy', ['Baseline']), { maxLength: 1 }),
  )
  .map(lists => lists.flat().map((policy, i) => ({ ...policy, name: `p${(i * 3) % 7}` })));
