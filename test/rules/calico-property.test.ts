/**
 * Random policies of Calico: the linear engine says what the definition says (calico-oracle.ts), verdict, policy and rule,
 * and so does the tree.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTree } from '../../src/tree/tree.js';
import { seed } from '../support/seed.js';
import { judge } from '../tree/packets.js';
import * as manifests from './calico-objects.js';
import {
  type Entity,
  oracle,
  type Packet,
  type Pod,
  type Policy,
  type Rule,
  type Selector,
  type World,
} from './calico-oracle.js';

const NAMESPACES = ['a', 'b'];
const ACCOUNTS = ['default', 'robot'];
const KEYS = [
  'app',
  'tier',
  'projectcalico.org/namespace',
  'projectcalico.org/serviceaccount',
  'pcns.env',
  'pcsa.role',
  'feed',
];
const VALUES = ['x', 'y', 'xy', 'a', 'robot'];

const one = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const some = <T>(values: readonly T[], most = 3, least = 0): fc.Arbitrary<T[]> =>
  fc.subarray([...values], { minLength: least, maxLength: Math.min(most, values.length) });
const maybe = <T extends object>(shape: { [K in keyof T]-?: fc.Arbitrary<NonNullable<T[K]>> }): fc.Arbitrary<T> =>
  fc.record(shape, { requiredKeys: [] }) as unknown as fc.Arbitrary<T>;

const selectorOf = (keys: readonly string[], values: readonly string[]): fc.Arbitrary<Selector> =>
  fc.letrec<{ selector: Selector }>(tie => ({
    selector: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 2, arbitrary: fc.constant<Selector>({ op: 'all' }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('has' as const), key: one(...keys) }) },
      {
        weight: 8,
        arbitrary: fc.record({
          op: one(
            '==' as const,
            '==' as const,
            '!=' as const,
            'contains' as const,
            'starts with' as const,
            'ends with' as const,
          ),
          key: one(...keys),
          value: one(...values),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          op: one('in' as const, 'not in' as const),
          key: one(...keys),
          values: some(values),
        }),
      },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('not' as const), of: tie('selector') }) },
      {
        weight: 3,
        arbitrary: fc.record({
          op: one('and' as const, 'and' as const, 'or' as const),
          a: tie('selector'),
          b: tie('selector'),
        }),
      },
    ),
  })).selector;

const arbSelector = selectorOf(KEYS, VALUES);
const arbNamespaceSelector = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Selector>({ op: 'global' }) },
  {
    weight: 4,
    arbitrary: selectorOf(['env', 'projectcalico.org/name', 'kubernetes.io/metadata.name'], ['x', 'y', 'a', 'b']),
  },
);
const arbAccountSelector = selectorOf(['role', 'projectcalico.org/name'], ['x', 'robot']);

/** Text in ever other notations: quotes, blanks, needless parentheses. */
function textOf(selector: Selector, style: number): string {
  const quote = style % 2 === 0 ? '"' : "'";
  const blank = style % 3 === 0 ? ' ' : style % 3 === 1 ? '' : '  ';
  const string = (value: string): string => `${quote}${value}${quote}`;
  const of = (it: Selector): string => {
    switch (it.op) {
      case 'all':
      case 'global':
        return `${it.op}()`;
      case 'has':
        return `has(${blank}${it.key}${blank})`;
      case 'in':
      case 'not in':
        return `${it.key} ${it.op === 'not in' && style % 5 === 0 ? 'notin' : it.op}${blank}{${it.values.map(string).join(`,${blank}`)}}`;
      case 'not':
        return `!${blank}${it.of.op === 'and' || it.of.op === 'or' ? `(${of(it.of)})` : of(it.of)}`;
      case 'and': {
        // && binds tighter than ||.
        const side = (part: Selector): string => (part.op === 'or' || style % 7 === 0 ? `(${of(part)})` : of(part));
        return `${side(it.a)}${blank}&&${blank}${side(it.b)}`;
      }
      case 'or':
        return `${of(it.a)} || ${of(it.b)}`;
      case 'starts with':
      case 'ends with':
        return `${it.key} ${style % 5 === 0 ? it.op.replace(' ', '') : it.op} ${string(it.value)}`;
      default:
        return `${it.key}${it.op === 'contains' ? ' ' : blank}${it.op}${blank}${string(it.value)}`;
    }
  };
  return of(selector);
}

const V4 = ['10.0.0.0/8', '10.0.0.0/29', '10.0.0.2/32', '10.0.0.4/30', '203.0.113.0/24', '0.0.0.0/0', '128.0.0.0/1'];
const V6 = ['fd00::/8', 'fd00::/125', 'fd00::2/128', '::/0', '2000::/3'];
const PORT_NAMES = ['http', 'dns'];

const arbPorts = fc.array(one<number | string>(53, 80, 8080, '80:8080', '1:65535', ...PORT_NAMES), {
  minLength: 1,
  maxLength: 3,
});

/** One family for all prefixes of a rule, as Calico asks. */
const arbEntity = (nets: readonly string[], withPorts: boolean): fc.Arbitrary<Entity> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Entity>({}) },
    {
      weight: 6,
      arbitrary: maybe<Entity>({
        nets: some(nets, 2, 1),
        notNets: fc.subarray(
          nets.filter(it => !it.endsWith('/0')),
          { minLength: 1, maxLength: 2 },
        ),
        selector: arbSelector,
        notSelector: arbSelector,
        namespaceSelector: arbNamespaceSelector,
        serviceAccounts: maybe<NonNullable<Entity['serviceAccounts']>>({
          names: fc.subarray(ACCOUNTS, { minLength: 0 }),
          selector: arbAccountSelector,
        }),
        ...(withPorts && { ports: arbPorts, notPorts: arbPorts }),
      } as never).chain(full => some(Object.keys(full), 2).map(kept => pick(full, kept))),
    },
  );

const pick = (entity: Entity, keys: readonly string[]): Entity =>
  Object.fromEntries(Object.entries(entity).filter(([key]) => keys.includes(key))) as Entity;

const arbIcmp = maybe<{ type: number; code: number }>({ type: one(0, 3, 8, 128), code: one(0, 1) }).map(
  ({ type = 8, code }) => ({
    type,
    ...(code !== undefined && { code }),
  }),
);

const arbRule = (direction: 'ingress' | 'egress'): fc.Arbitrary<Rule> =>
  fc
    .record({
      action: one<Rule['action']>('Allow', 'Allow', 'Deny', 'Deny', 'Pass', 'Log'),
      family: one<4 | 6>(4, 4, 6),
      says: fc.integer({ min: 0, max: 5 }),
      protocol: one<string | number | undefined>(
        undefined,
        undefined,
        'TCP',
        'TCP',
        'UDP',
        'SCTP',
        6,
        17,
        47,
        'ICMP',
        'ICMPv6',
        1,
      ),
      notProtocol: one<string | number | undefined>(undefined, undefined, undefined, undefined, 'UDP', 'TCP', 47),
      icmp: fc.option(arbIcmp, { nil: undefined, freq: 3 }),
      notICMP: fc.option(arbIcmp, { nil: undefined, freq: 3 }),
      service: fc.integer({ min: 0, max: 7 }),
    })
    .chain(({ family, says, icmp, notICMP, service, ...rule }) => {
      const hasPorts = ['TCP', 'UDP', 'SCTP', 6, 17].includes(rule.protocol as never);
      const isIcmp = ['ICMP', 'ICMPv6', 1].includes(rule.protocol as never);
      const own = rule.protocol === 'ICMP' || rule.protocol === 1 ? 4 : rule.protocol === 'ICMPv6' ? 6 : family;
      const nets = own === 4 ? V4 : V6;
      const side = direction === 'egress' ? 'destination' : 'source';
      return fc.record({ source: arbEntity(nets, hasPorts), destination: arbEntity(nets, hasPorts) }).map(sides => {
        const withService = service === 0 && (direction === 'egress' || hasPorts);
        const services = { services: { name: 'svc', namespace: 'a' } };
        return Object.fromEntries(
          Object.entries({
            ...rule,
            ...(says === 0 && { ipVersion: own }),
            ...(isIcmp && { icmp, notICMP }),
            ...sides,
            ...(withService && { [side]: services }),
          }).filter(([, value]) => value !== undefined),
        ) as unknown as Rule;
      });
    });

const arbLabels = maybe<Record<string, string>>({ app: one('x', 'y', 'xy'), tier: one('x', 'a') } as never);

const arbPod = (i: number): fc.Arbitrary<Pod> =>
  fc.record({
    ns: one(...NAMESPACES),
    name: fc.constant(`p${i}`),
    labels: arbLabels,
    account: one(...ACCOUNTS),
    ips: one([`10.0.0.${i + 1}`], [`10.0.0.${i + 1}`, `fd00::${i + 1}`], [`fd00::${i + 1}`]),
    ports: fc.array(
      fc.record({
        name: one(...PORT_NAMES),
        protocol: one('TCP' as const, 'TCP' as const, 'UDP' as const),
        port: one(53, 80, 8080),
      }),
      { maxLength: 2 },
    ),
  });

const TIERS = ['default', 'default', 'early', 'late', 'zero'];

const arbPolicy = (i: number): fc.Arbitrary<Policy> =>
  fc
    .record({
      ns: one<string | null>(null, null, ...NAMESPACES),
      name: one(`p${i}`, `q${i}`),
      tier: one(...TIERS),
      order: one<number | null>(null, 1, 1, 2, 999.5, 1001),
      fields: maybe<Pick<Policy, 'selector' | 'serviceAccountSelector' | 'namespaceSelector' | 'types'>>({
        selector: arbSelector,
        serviceAccountSelector: arbAccountSelector,
        namespaceSelector: arbNamespaceSelector.filter(it => it.op !== 'global'),
        types: fc.subarray(['Ingress' as const, 'Egress' as const], { minLength: 1 }),
      }).chain(full => some(Object.keys(full), 2).map(kept => pick(full as never, kept) as unknown as typeof full)),
      ingress: fc.array(arbRule('ingress'), { maxLength: 4 }),
      egress: fc.array(arbRule('egress'), { maxLength: 4 }),
    })
    .map(({ fields, ...policy }) => {
      const { namespaceSelector, ...namespaced } = fields;
      return {
        ...policy,
        ...namespaced,
        ...(policy.ns === null && namespaceSelector !== undefined && { namespaceSelector }),
      };
    });

const arbWorld: fc.Arbitrary<World> = fc.record({
  namespaces: fc.record({
    a: maybe<Record<string, string>>({ env: one('x', 'y') } as never),
    b: maybe<Record<string, string>>({ env: one('x', 'y') } as never),
  }),
  accounts: fc.record({
    'a/robot': maybe<Record<string, string>>({ role: one('x') } as never),
    'b/robot': fc.constant({ role: 'x' }),
  }),
  pods: fc.tuple(arbPod(0), arbPod(1), arbPod(2), arbPod(3), arbPod(4)),
  sets: fc.tuple(
    fc.record({
      ns: fc.constant(null),
      name: fc.constant('g'),
      labels: fc.constant({ feed: 'x', app: 'y' }),
      nets: fc.subarray([...V4.slice(1), ...V6.slice(1)], { maxLength: 3 }),
    }),
    fc.record({
      ns: one(...NAMESPACES),
      name: fc.constant('n'),
      labels: fc.constant({ feed: 'y' }),
      nets: fc.subarray(V4, { maxLength: 2 }),
    }),
  ),
  services: fc
    .record({ ips: fc.subarray(['10.0.0.1', '10.0.0.2', 'fd00::2', '203.0.113.9'], { minLength: 1 }) })
    .map(({ ips }) => [
      {
        ns: 'a',
        name: 'svc',
        ips,
        ports: [
          { protocol: 'TCP' as const, port: 8080 },
          { protocol: 'UDP' as const, port: 53 },
        ],
      },
    ]),
  tiers: fc
    .tuple(
      one<number | null>(1, 1_000_000),
      one<number | null>(null, 2_000_000),
      one<number | null>(-1, 1),
      one('Deny' as const, 'Pass' as const),
    )
    .map(([early, late, zero, defaultAction]) => [
      { name: 'early', order: early, defaultAction },
      { name: 'late', order: late, defaultAction: 'Deny' as const },
      { name: 'zero', order: zero, defaultAction: 'Pass' as const },
    ]),
  policies: fc
    .tuple(arbPolicy(0), arbPolicy(1), arbPolicy(2), arbPolicy(3))
    .chain(all => fc.subarray([...all], { minLength: 1 })),
  profiles: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc
        .record({
          ingress: fc.array(arbRule('ingress'), { maxLength: 2 }),
          egress: fc.array(arbRule('egress'), { maxLength: 2 }),
        })
        .map(profile => ({ a: profile })),
    },
  ),
});

const ADDRESSES = {
  4: [
    '10.0.0.1',
    '10.0.0.2',
    '10.0.0.3',
    '10.0.0.4',
    '10.0.0.5',
    '10.0.0.6',
    '203.0.113.9',
    '198.51.100.1',
    '200.0.0.1',
  ],
  6: ['fd00::1', 'fd00::2', 'fd00::3', 'fd00::4', 'fd00::5', 'fd00::9', '2001:db8::1'],
};
const arbPacket: fc.Arbitrary<Packet> = one<4 | 6>(4, 4, 6).chain(family =>
  fc
    .record({
      source: one(...ADDRESSES[family]),
      destination: one(...ADDRESSES[family]),
      protocol: one(6, 6, 6, 17, 17, 132, 136, 47, family === 4 ? 1 : 58, family === 4 ? 1 : 58, 1),
      sport: one(53, 80, 8080, 40000),
      dport: one(53, 80, 81, 8080, 9000),
      icmpType: one(0, 3, 8, 128),
      icmpCode: one(0, 1),
    })
    .map(packet => {
      // As a packet is read: only some protocols have ports, only two have types.
      const hasPorts = [6, 17, 132, 136].includes(packet.protocol);
      const isIcmp = packet.protocol === 1 || packet.protocol === 58;
      return {
        ...packet,
        ...(!hasPorts && { sport: 0, dport: 0 }),
        ...(!isIcmp && { icmpType: 0, icmpCode: 0 }),
      };
    }),
);

function manifestsOf(world: World, style: number): manifests.Manifest[] {
  const text = (selector: Selector | undefined): object =>
    selector === undefined ? {} : { selector: textOf(selector, style) };
  const entity = ({ selector, notSelector, namespaceSelector, serviceAccounts, ...rest }: Entity): object => ({
    ...rest,
    ...text(selector),
    ...(notSelector !== undefined && { notSelector: textOf(notSelector, style) }),
    ...(namespaceSelector !== undefined && { namespaceSelector: textOf(namespaceSelector, style) }),
    ...(serviceAccounts !== undefined && {
      serviceAccounts: { ...serviceAccounts, ...text(serviceAccounts.selector) },
    }),
  });
  const rules = (all: readonly Rule[]): object[] =>
    all.map(rule => ({
      ...rule,
      ...(rule.source !== undefined && { source: entity(rule.source) }),
      ...(rule.destination !== undefined && { destination: entity(rule.destination) }),
    }));
  return [
    ...Object.entries(world.namespaces).map(([name, labels]) => manifests.namespace(name, labels)),
    ...NAMESPACES.map(ns => manifests.account(ns, 'default')),
    ...Object.entries(world.accounts).map(([name, labels]) =>
      manifests.account(name.split('/')[0]!, name.split('/')[1]!, labels),
    ),
    ...world.pods.map(({ ns, name, ips, labels, account, ports }) =>
      manifests.pod(ns, name, ips, labels, {
        serviceAccount: account,
        ports: ports.map(it => ({ name: it.name, protocol: it.protocol, containerPort: it.port })),
      }),
    ),
    ...world.sets.map(({ ns, name, nets, labels }) =>
      manifests.object(
        ns === null ? 'GlobalNetworkSet' : 'NetworkSet',
        ns === null ? name : `${ns}/${name}`,
        { nets },
        labels,
      ),
    ),
    ...world.services.flatMap(({ ns, name, ips, ports }) => manifests.service(ns, name, ips, ports)),
    ...world.tiers.map(({ name, order, defaultAction }) => manifests.tier(name, order, defaultAction)),
    ...world.policies.map(
      ({ ns, name, order, selector, serviceAccountSelector, namespaceSelector, ingress, egress, ...rest }) => {
        const { tier, types } = rest;
        return manifests.policy(ns === null ? name : `${ns}/${name}`, {
          ...{ tier, ...(types !== undefined && { types }) },
          ...(order !== null && { order }),
          ...text(selector),
          ...(serviceAccountSelector !== undefined && {
            serviceAccountSelector: textOf(serviceAccountSelector, style),
          }),
          ...(namespaceSelector !== undefined && { namespaceSelector: textOf(namespaceSelector, style) }),
          ingress: rules(ingress),
          egress: rules(egress),
        });
      },
    ),
    ...Object.entries(world.profiles).map(([ns, { ingress, egress }]) =>
      manifests.object('Profile', `kns.${ns}`, { ingress: rules(ingress), egress: rules(egress) }),
    ),
  ];
}

/** How often each kind of answer was met: a property that only ever met one would prove nothing. */
const seen = new Map<string, number>();

describe(`random policies of Calico (seed ${seed})`, () => {
  it('the engines say what the definition says', () => {
    fc.assert(
      fc.property(
        arbWorld,
        fc.array(arbPacket, { minLength: 40, maxLength: 40 }),
        fc.nat(1000),
        (world, packets, style) => {
          const { compiled } = manifests.compileObjects(manifestsOf(world, style), { profile: 'upstream' });
          const tree = createTree(compiled.ruleset, compiled.inventory);
          for (const packet of packets) {
            const expected = oracle(world, packet);
            for (const answer of expected) {
              const kind = answer.split(' ')[0]!;
              seen.set(kind, (seen.get(kind) ?? 0) + 1);
            }
            const actual = judge(compiled.classifier, packet);
            if (actual.join() !== expected.join()) expect({ packet, actual }).toEqual({ packet, actual: expected });
            const byTree = judge(tree, packet);
            if (byTree.join() !== expected.join()) expect({ packet, byTree }).toEqual({ packet, byTree: expected });
          }
        },
      ),
      { seed, numRuns: 250 },
    );
    for (const kind of ['allow', 'deny', 'default-deny', 'not-isolated', 'none', 'loopback']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(60);
    }
  });
});
