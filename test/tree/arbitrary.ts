/**
 * Random clusters, policies, raw rulesets and packets for the property tests. Everything is drawn from small pools, so
 * that sets overlap, nest and touch, and packets stand on borders more often than anywhere else.
 */
import fc from 'fast-check';
import type { ContainerPort, Inventory } from '../../src/cluster/inventory.js';
import type { LabelSelector, NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../../src/policy/policy.js';
import { everywhere, fromCidr, MAX_V4, MAX_V6, union } from '../../src/rules/addresses.js';
import { portSet } from '../../src/rules/ports.js';
import type { AddressSet, Direction, Isolation, Rule, Ruleset, Tier } from '../../src/rules/ruleset.js';
import { at, cluster, type PodLiteral } from '../rules/cluster.js';
import type { PacketLiteral } from './packets.js';

const V4_PREFIXES = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/16',
  '10.0.0.0/29',
  '10.0.0.4/30',
  '10.0.0.3/32',
  '10.0.1.0/24',
  '10.0.0.255/32',
  '128.0.0.0/1',
  '255.255.255.255/32',
  '0.0.0.0/32',
  '192.168.0.0/16',
  '224.0.0.0/4',
  '169.254.20.10/32',
];
const V6_PREFIXES = [
  '::/0',
  'fd00::/8',
  'fd00::/64',
  'fd00::/125',
  'fd00::3/128',
  '8000::/1',
  '2000::/3',
  'fd00:0:0:1::/64',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128',
  '::/128',
  '::ffff:0:0/96',
];
export const PREFIXES = [...V4_PREFIXES, ...V6_PREFIXES];

export const v4Text = (x: number): string => [24, 16, 8, 0].map(s => (x >>> s) & 255).join('.');
export const v6Text = (x: bigint): string =>
  [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map(s => ((x >> s) & 0xffffn).toString(16)).join(':');

/** Pods stand at 10.0.0.1.. and fd00::1.., nodes at 10.0.1.x; so prefixes of the pool cut through them. */
export const podV4 = (i: number): string => `10.0.0.${i}`;
export const podV6 = (i: number): string => `fd00::${i.toString(16)}`;

const NAMESPACES = ['a', 'b', 'c'];
export const PORT_NAMES = ['http', 'dns'];
export const PROTOCOL_NAMES = ['TCP', 'UDP', 'SCTP'] as const;
export const PORTS = [1, 53, 80, 81, 443, 4789, 8000, 8080, 8100, 30000, 32767, 65535];

export const arbLabels = fc.record(
  { app: fc.constantFrom('x', 'y'), tier: fc.constantFrom('1', '2') },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, string>>;

const arbContainerPort: fc.Arbitrary<ContainerPort> = fc
  .record({
    name: fc.constantFrom(...PORT_NAMES),
    protocol: fc.constantFrom(...PROTOCOL_NAMES),
    port: fc.constantFrom(53, 80, 8080),
    init: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ init, ...port }) => (init === 0 ? { ...port, init: true } : port));

export const arbInventory: fc.Arbitrary<Inventory> = fc
  .record({
    namespaces: fc.tuple(arbLabels, arbLabels),
    pods: fc.array(
      fc.record({
        ns: fc.constantFrom(...NAMESPACES),
        labels: arbLabels,
        family: fc.constantFrom(4, 6, 46, 46, 0),
        same: fc.integer({ min: 0, max: 12 }),
        node: fc.constantFrom('n1', 'n2', 'lost'),
        hostNetwork: fc.integer({ min: 0, max: 7 }).map(x => x === 0),
        ports: fc.array(arbContainerPort, { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 7 },
    ),
    services: fc.boolean(),
  })
  .map(({ namespaces, pods, services }) => {
    const literals = pods.map((p, i): PodLiteral => {
      // Now and then two pods claim one address.
      const n = p.same === 0 ? 1 : i + 1;
      const v4 = p.hostNetwork ? '10.0.1.1' : podV4(n);
      const ips = p.family === 0 ? [] : p.family === 4 ? [v4] : p.family === 6 ? [podV6(n)] : [v4, podV6(n)];
      return {
        ns: p.ns,
        name: `p${i}`,
        labels: p.labels,
        ips,
        node: p.node,
        hostNetwork: p.hostNetwork,
        ports: p.ports,
      };
    });
    return cluster({
      namespaces: { a: namespaces[0], b: namespaces[1] },
      pods: literals,
      nodes: { n1: ['10.0.1.1', 'fd00:0:0:1::1'], n2: ['10.0.1.2'] },
      nodeLabels: { n1: { app: 'x', tier: '1' }, n2: { app: 'y' } },
      services: services ? { svc: ['10.0.0.255'] } : {},
    });
  });

const arbExpression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'tier', 'kubernetes.io/metadata.name'),
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.subarray(['x', 'y', '1', 'a', 'b'], { minLength: 1 }),
  }),
  fc.record({
    key: fc.constantFrom('app', 'tier'),
    operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const),
    values: fc.constant([] as string[]),
  }),
);
export const arbSelector: fc.Arbitrary<LabelSelector> = fc.record({
  matchLabels: fc.oneof(fc.constant({}), arbLabels),
  matchExpressions: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(arbExpression, { maxLength: 2 })),
});

const arbPeer: fc.Arbitrary<Peer> = fc.oneof(
  fc.tuple(fc.option(arbSelector), fc.option(arbSelector)).map(([p, n]) => ({
    kind: 'pods' as const,
    podSelector: p === null && n === null ? { matchLabels: {}, matchExpressions: [] } : p,
    namespaceSelector: n,
  })),
  fc
    .tuple(fc.constantFrom(...PREFIXES), fc.subarray(PREFIXES, { maxLength: 2 }))
    .map(([cidr, except]) => ({ kind: 'ipBlock' as const, cidr, except: except.filter(e => isInside(e, cidr)) })),
);

function isInside(inner: string, outer: string): boolean {
  const a = fromCidr(inner)!;
  const b = fromCidr(outer)!;
  if (inner === outer || a.v4.length !== b.v4.length) return false;
  const [al, ah] = a.v4.length > 0 ? a.v4 : a.v6;
  const [bl, bh] = b.v4.length > 0 ? b.v4 : b.v6;
  return al! >= bl! && ah! <= bh!;
}

const arbPort: fc.Arbitrary<PolicyPort> = fc
  .record({
    protocol: fc.constantFrom(...PROTOCOL_NAMES),
    port: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom<number | string | null>(...PORTS) },
      { weight: 2, arbitrary: fc.constantFrom(...PORT_NAMES) },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    length: fc.option(fc.constantFrom(0, 1, 100, 65535)),
  })
  .map(({ protocol, port, length }) => ({
    protocol,
    port,
    endPort: typeof port === 'number' && length !== null ? Math.min(65535, port + length) : null,
  }));

const arbPolicyRule: fc.Arbitrary<PolicyRule> = fc.record({
  peers: fc.option(fc.array(arbPeer, { minLength: 1, maxLength: 3 }), { freq: 4 }),
  ports: fc.option(fc.array(arbPort, { minLength: 1, maxLength: 3 }), { freq: 2 }),
  position: fc.nat(99).map(line => at(line)),
});

const arbPolicy: fc.Arbitrary<NetworkPolicy> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('p', 'q', 'r'),
    podSelector: arbSelector,
    ingress: fc.option(fc.array(arbPolicyRule, { maxLength: 3 }), { freq: 3 }),
    egress: fc.option(fc.array(arbPolicyRule, { maxLength: 3 }), { freq: 2 }),
    unlisted: fc.option(fc.array(arbPolicyRule, { minLength: 1, maxLength: 2 }), { freq: 1 }),
    position: fc.nat(99).map(line => at(line)),
  })
  .map(({ ingress, egress, unlisted, ...rest }) => ({
    ...rest,
    ...(unlisted === null || (ingress === null) === (egress === null) ? {} : { unlisted }),
    isolatesIngress: ingress !== null,
    isolatesEgress: egress !== null,
    ingress: ingress ?? [],
    egress: egress ?? [],
  }));
export const arbPolicies = fc.array(arbPolicy, { maxLength: 5 });

const arbAddressSet: fc.Arbitrary<AddressSet> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(everywhere([])) },
  {
    weight: 6,
    arbitrary: fc
      .array(
        fc.oneof(
          fc.constantFrom(...PREFIXES),
          fc.integer({ min: 0, max: 9 }).map(podV4),
          fc.integer({ min: 0, max: 9 }).map(podV6),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map(texts => texts.map(text => fromCidr(text)!))
      .chain(sets => fc.constantFrom(2, 3, 128).map(large => union(sets, large))),
  },
);
const arbPortSet = fc.option(
  fc
    .array(fc.tuple(fc.constantFrom(0, ...PORTS), fc.constantFrom(0, 0, 1, 99, 65535)), { maxLength: 3 })
    .map(ranges => portSet(ranges.flatMap(([lo, n]) => [lo, Math.min(65535, lo + n)]))),
  { freq: 2 },
);

/** Everything but one, a few, a part of them. */
const arbProtocols = fc.constantFrom([0, 5, 7, 255], [0, 0, 2, 255], [1, 1, 17, 17], [0, 57, 59, 135, 137, 255], []);
const arbTypes = fc.constantFrom([0, 7, 9, 255], [0, 2, 4, 255], [3, 4, 128, 129]);
const arbCodes = fc.constantFrom([0, 0, 2, 255], [1, 254]);
const arbWithin = fc.record(
  { protocols: arbProtocols, icmpTypes: arbTypes, icmpCodes: arbCodes },
  { requiredKeys: [] },
);

export const arbBareRule = fc
  .record({
    subjects: arbAddressSet,
    peers: arbAddressSet,
    protocol: fc.option(fc.constantFrom(0, 1, 6, 17, 47, 58, 132, 136, 255), { freq: 3 }),
    sourcePorts: arbPortSet,
    destinationPorts: arbPortSet,
    icmp: fc.option(
      fc.record({ type: fc.constantFrom(0, 3, 8, 128, 255), code: fc.option(fc.constantFrom(0, 1, 255)) }),
      { freq: 1 },
    ),
    within: fc.option(arbWithin, { freq: 1, nil: undefined }),
    action: fc.constantFrom('allow' as const, 'deny' as const, 'pass' as const),
  })
  // Half the ICMP conditions stand alone, so that they can match.
  .map(r =>
    r.icmp !== null && r.icmp.type < 100 ? { ...r, sourcePorts: null, destinationPorts: null, protocol: 1 } : r,
  );

const arbTier = fc.record({
  rules: fc.array(arbBareRule, { maxLength: 6 }),
  isolations: fc.array(arbAddressSet, { maxLength: 2 }),
});
const arbTiers = fc.array(arbTier, { maxLength: 3 });

/** Ordered rules with every action, in several tiers of every direction; a node's exemption both ways, or one; nodes as subjects, or not. */
export const arbRuleset: fc.Arbitrary<Ruleset> = fc
  .record({ egress: arbTiers, ingress: arbTiers, forward: arbTiers, oneWay: fc.boolean(), ofNodes: fc.boolean() })
  .map(bare => {
    const rules: Rule[] = [];
    const build = (direction: Direction): Tier[] =>
      bare[direction].map((tier, t) => {
        const own = tier.rules.map((r, i): Rule => {
          const origin = { kind: 'Test', policy: `t${t}`, rule: `rules[${i}]`, position: at(i) };
          const rule = { ...r, index: rules.length, direction, tier: t, origin };
          rules.push(rule);
          return rule;
        });
        const isolations = tier.isolations.map((subjects, i): Isolation => {
          const origin = { kind: 'Test', policy: `i${i}`, rule: direction, position: at(i) };
          return { direction, tier: t, subjects, origin };
        });
        return { name: `t${t}`, rules: own, isolations };
      });
    const [egress, ingress, forward] = [build('egress'), build('ingress'), build('forward')];
    const tiers = { rules, egress, ingress, forward };
    return {
      ...tiers,
      ...(bare.oneWay && { ownNode: 'to-pods' as const }),
      ...(bare.ofNodes && { ofNodes: true as const }),
    };
  });

/** Borders of the pool's prefixes, one step to either side of them, pods and nodes. */
const V4_ADDRESSES = [
  ...new Set([
    ...V4_PREFIXES.flatMap(p => fromCidr(p)!.v4)
      .flatMap(x => [x - 1, x, x + 1])
      .filter(x => x >= 0 && x <= MAX_V4)
      .map(v4Text),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map(podV4),
    '10.0.1.1',
    '10.0.1.2',
  ]),
];
const V6_ADDRESSES = [
  ...new Set([
    ...V6_PREFIXES.flatMap(p => fromCidr(p)!.v6)
      .flatMap(x => [x - 1n, x, x + 1n])
      .filter(x => x >= 0n && x <= MAX_V6)
      .map(v6Text),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map(podV6),
    'fd00:0:0:1::1',
  ]),
];
const arbPod4 = fc.integer({ min: 1, max: 8 }).map(podV4);
const arbPod6 = fc.integer({ min: 1, max: 8 }).map(podV6);
const arbEnds = fc.oneof(
  fc.tuple(arbPod4, arbPod4),
  fc.tuple(arbPod6, arbPod6),
  fc.tuple(arbPod4, fc.constantFrom('10.0.1.1', '10.0.1.2')),
  fc.tuple(fc.constantFrom('10.0.1.1', '10.0.1.2'), arbPod4),
  fc.tuple(fc.constant('fd00:0:0:1::1'), arbPod6),
  fc.tuple(fc.oneof(arbPod4, fc.constantFrom(...V4_ADDRESSES)), fc.oneof(arbPod4, fc.constantFrom(...V4_ADDRESSES))),
  fc.tuple(fc.oneof(arbPod6, fc.constantFrom(...V6_ADDRESSES)), fc.oneof(arbPod6, fc.constantFrom(...V6_ADDRESSES))),
);
const PORT_BORDERS = [
  ...new Set([0, ...PORTS, ...PORTS.flatMap(p => [p - 1, p + 1, p + 99, p + 100, p + 101])]),
].filter(p => p >= 0 && p <= 65535);
const arbPortNumber = fc.oneof(fc.constantFrom(...PORT_BORDERS), fc.integer({ min: 0, max: 65535 }));

export const arbPacket: fc.Arbitrary<PacketLiteral> = fc
  .tuple(
    arbEnds,
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          protocol: fc.constantFrom(6, 6, 17, 132, 136, 33),
          sport: arbPortNumber,
          dport: arbPortNumber,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          protocol: fc.constantFrom(1, 58),
          icmpType: fc.constantFrom(0, 1, 3, 4, 8, 11, 127, 128, 129, 255),
          icmpCode: fc.constantFrom(0, 1, 2, 255),
        }),
      },
      { weight: 1, arbitrary: fc.record({ protocol: fc.constantFrom(-1, 0, 2, 4, 47, 50, 255) }) },
    ),
  )
  .map(([[source, destination], rest]) => ({ source, destination, ...rest }));

export const arbPackets = fc.array(arbPacket, { minLength: 20, maxLength: 40 });
