/**
 * The checklist of NetworkPolicy semantics, by its numbers, through the normal form and every engine.
 * Items 1, 2, 24 and 25 are the loader's; here begins what the rules make of what it gives. Item 17 and 23 are the
 * replay's (time).
 */
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import type { NetworkPolicy } from '../../src/policy/policy.js';
import { buildRules } from '../../src/rules/build.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import {
  block,
  type ClusterLiteral,
  cluster,
  everything,
  expressions,
  labels,
  pods,
  policy,
  port,
  rule,
} from '../rules/cluster.js';
import { classify, describeOutcome, judge, type PacketLiteral } from './packets.js';

const WEB = '10.0.0.1';
const API = '10.0.0.2';
const DB = '10.0.0.3';
const OTHER = '10.0.1.1';
const OUTSIDE = '203.0.113.9';

const SHOP: ClusterLiteral = {
  namespaces: { shop: { team: 'a' }, other: { team: 'b' } },
  pods: [
    { ns: 'shop', name: 'web', labels: { app: 'web', env: 'prod' }, ips: [WEB, 'fd00::1'], node: 'n1' },
    { ns: 'shop', name: 'api', labels: { app: 'api' }, ips: [API, 'fd00::2'], node: 'n2' },
    { ns: 'shop', name: 'db', labels: { app: 'db', env: '' }, ips: [DB], node: 'n2' },
    { ns: 'other', name: 'web', labels: { app: 'web' }, ips: [OTHER], node: 'n1' },
  ],
  nodes: { n1: ['192.168.0.1', '192.168.0.101'], n2: ['192.168.0.2'] },
};

/** Both engines' answer in words; they must agree. */
function asker(policies: readonly NetworkPolicy[], literal: ClusterLiteral = SHOP) {
  const inventory: Inventory = cluster(literal);
  const ruleset = buildRules(policies, inventory);
  const linear = createLinear(ruleset, inventory);
  const trees = [{}, { mostDense: 0 }, { mostRuns: 0 }].map(options => createTree(ruleset, inventory, options));
  const ask = (source: string, destination: string, rest: Omit<PacketLiteral, 'source' | 'destination'> = {}) => {
    const packet = { source, destination, ...rest };
    for (const tree of trees) expect(classify(tree, packet)).toEqual(classify(linear, packet));
    return judge(linear, packet);
  };
  return {
    inventory,
    linear,
    egress: (...args: Parameters<typeof ask>) => ask(...args)[0],
    ingress: (...args: Parameters<typeof ask>) => ask(...args)[1],
    both: ask,
  };
}

const byName = (ask: ReturnType<typeof asker>, source: string | number, destination: string | number, dport = -1) => {
  const endpoint = (end: string | number) =>
    typeof end === 'string' ? { owner: -1, address: end } : { owner: end, address: null };
  const question = { protocol: 6, sourcePort: -1, destinationPort: dport, icmpType: -1, icmpCode: -1 };
  const outcomes = ask.linear.decide({ source: endpoint(source), destination: endpoint(destination), ...question });
  return outcomes.slice(0, 2).map(outcome => describeOutcome(ask.linear, outcome));
};

describe('item 3: empty lists, absent lists and empty rules', () => {
  it('isolates one direction and leaves the other', () => {
    const egressOnly = asker([policy('shop', 'p', labels({ app: 'web' }), { egress: [] })]);
    expect(egressOnly.both(WEB, API)).toEqual(['default-deny', 'not-isolated']);
    expect(egressOnly.both(API, WEB)).toEqual(['not-isolated', 'not-isolated']);
    const ingressOnly = asker([policy('shop', 'p', labels({ app: 'web' }), { ingress: [] })]);
    expect(ingressOnly.both(API, WEB)).toEqual(['not-isolated', 'default-deny']);
    expect(ingressOnly.both(WEB, API)).toEqual(['not-isolated', 'not-isolated']);
  });

  it('an empty rule allows everyone on everything: external addresses, every protocol', () => {
    const ask = asker([policy('shop', 'p', everything, { ingress: [rule(null)], egress: [rule(null)] })]);
    for (const protocol of [1, 6, 17, 47, 132, 0, 255]) {
      expect(ask.ingress(OUTSIDE, WEB, { protocol })).toBe('allow shop/p ingress[0]');
      expect(ask.egress(WEB, OUTSIDE, { protocol })).toBe('allow shop/p egress[0]');
      expect(ask.ingress('2001:db8::1', 'fd00::1', { protocol })).toBe('allow shop/p ingress[0]');
    }
  });
});

describe('item 4: what is OR and what is AND', () => {
  const web = pods(labels({ app: 'web' }));
  it('rules OR, peers OR, peers AND ports', () => {
    const ask = asker([
      policy('shop', 'db', labels({ app: 'db' }), {
        ingress: [rule([web, pods(labels({ app: 'api' }))], [port(5432), port(5433)]), rule([block('203.0.113.0/24')])],
      }),
    ]);
    expect(ask.ingress(WEB, DB, { dport: 5432 })).toBe('allow shop/db ingress[0]');
    expect(ask.ingress(API, DB, { dport: 5433 })).toBe('allow shop/db ingress[0]');
    expect(ask.ingress(API, DB, { dport: 5434 })).toBe('default-deny');
    expect(ask.ingress(OUTSIDE, DB, { dport: 5434 })).toBe('allow shop/db ingress[1]');
    expect(ask.ingress(OTHER, DB, { dport: 5432 })).toBe('default-deny');
  });

  it('both selectors in one element AND, in two elements OR', () => {
    const teamB = labels({ team: 'b' });
    const and = asker([
      policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule([pods(labels({ app: 'web' }), teamB)])] }),
    ]);
    expect(and.ingress(OTHER, DB)).toBe('allow shop/p ingress[0]');
    expect(and.ingress(WEB, DB)).toBe('default-deny');
    const or = asker([policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule([web, pods(null, teamB)])] })]);
    expect(or.ingress(OTHER, DB)).toBe('allow shop/p ingress[0]');
    expect(or.ingress(WEB, DB)).toBe('allow shop/p ingress[0]');
    expect(or.ingress(API, DB)).toBe('default-deny');
  });
});

it('item 5: the reach of podSelector and namespaceSelector; neither matches external addresses', () => {
  const db = (...peers: Parameters<typeof rule>[0] & object) =>
    asker([policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule(peers)] })]);
  const own = db(pods(everything));
  expect([WEB, API, OTHER, OUTSIDE, '192.168.0.1'].map(s => own.ingress(s, DB))).toEqual([
    'allow shop/p ingress[0]',
    'allow shop/p ingress[0]',
    'default-deny',
    'default-deny',
    'default-deny',
  ]);
  const teamB = db(pods(null, labels({ team: 'b' })));
  expect([WEB, OTHER].map(s => teamB.ingress(s, DB))).toEqual(['default-deny', 'allow shop/p ingress[0]']);
  const all = db(pods(null, everything));
  expect([WEB, OTHER, OUTSIDE].map(s => all.ingress(s, DB))).toEqual([
    'allow shop/p ingress[0]',
    'allow shop/p ingress[0]',
    'default-deny',
  ]);
  const subjects = asker([policy('shop', 'p', everything, { ingress: [] })]);
  expect([WEB, API, DB, OTHER].map(d => subjects.ingress(OUTSIDE, d))).toEqual([
    'default-deny',
    'default-deny',
    'default-deny',
    'not-isolated',
  ]);
});

describe('item 6: selectors', () => {
  const selected = (selector: Parameters<typeof policy>[2]) => {
    const ask = asker([policy('shop', 'p', selector, { ingress: [] })]);
    return [WEB, API, DB].filter(d => ask.ingress(OUTSIDE, d) === 'default-deny');
  };
  it.each([
    ['In', expressions({ key: 'env', operator: 'In', values: ['prod', 'test'] }), [WEB]],
    ['In with the empty value', expressions({ key: 'env', operator: 'In', values: [''] }), [DB]],
    [
      'NotIn matches where the key is absent',
      expressions({ key: 'env', operator: 'NotIn', values: ['prod'] }),
      [API, DB],
    ],
    ['Exists', expressions({ key: 'env', operator: 'Exists', values: [] }), [WEB, DB]],
    ['DoesNotExist', expressions({ key: 'env', operator: 'DoesNotExist', values: [] }), [API]],
    [
      'expressions AND',
      expressions({ key: 'env', operator: 'Exists', values: [] }, { key: 'app', operator: 'NotIn', values: ['web'] }),
      [DB],
    ],
    ['labels AND', labels({ app: 'web', env: 'test' }), []],
    [
      'labels AND expressions',
      {
        ...labels({ app: 'web' }),
        ...{ matchExpressions: [{ key: 'env', operator: 'DoesNotExist' as const, values: [] }] },
      },
      [],
    ],
    ['a key of Object.prototype is no label', expressions({ key: 'constructor', operator: 'Exists', values: [] }), []],
  ])('%s', (_, selector, expected) => {
    expect(selected(selector)).toEqual(expected);
  });
});

it('item 7: kubernetes.io/metadata.name selects a namespace, given or synthesized', () => {
  const named = (name: string) => labels({ 'kubernetes.io/metadata.name': name });
  const literal = { ...SHOP, namespaces: {} };
  const ask = asker(
    [policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule([pods(null, named('other'))])] })],
    literal,
  );
  expect([OTHER, WEB].map(s => ask.ingress(s, DB))).toEqual(['allow shop/p ingress[0]', 'default-deny']);
});

describe('item 8: ipBlock', () => {
  const ask = asker([
    policy('shop', 'p', everything, {
      egress: [
        rule([block('10.0.0.1/8', '10.0.1.0/24', '10.9.0.0/16')]),
        rule([block('0.0.0.0/0', '10.0.0.0/8')]),
        rule([block('10.9.9.0/24')]),
      ],
    }),
  ]);
  it.each([
    [API, 'allow shop/p egress[0]'],
    ['10.255.255.255', 'allow shop/p egress[0]'],
    ['10.0.0.255', 'allow shop/p egress[0]'],
    [OTHER, 'default-deny'],
    ['10.0.1.0', 'default-deny'],
    ['10.0.1.255', 'default-deny'],
    ['10.0.2.0', 'allow shop/p egress[0]'],
    ['10.9.8.255', 'default-deny'],
    ['10.9.9.0', 'allow shop/p egress[2]'],
    ['10.9.9.255', 'allow shop/p egress[2]'],
    ['10.9.10.0', 'default-deny'],
    ['9.255.255.255', 'allow shop/p egress[1]'],
    ['11.0.0.0', 'allow shop/p egress[1]'],
    ['255.255.255.255', 'allow shop/p egress[1]'],
    ['0.0.0.0', 'allow shop/p egress[1]'],
  ])('%s: %s', (destination, expected) => {
    expect(ask.egress(WEB, destination)).toBe(expected);
  });

  it('an IPv4 block does not hold IPv6 addresses', () => {
    expect(ask.egress('fd00::1', '2001:db8::1')).toBe('default-deny');
    expect(ask.egress('fd00::1', '::ffff:11.0.0.0')).toBe('default-deny');
  });
});

it('item 9: numbers, ranges, whole protocols, several entries', () => {
  const ask = asker([
    policy('shop', 'p', labels({ app: 'db' }), {
      ingress: [rule(null, [port(80), port(8000, 'TCP', 8100), port(65535), port(null, 'UDP'), port(7, 'SCTP', 7)])],
    }),
  ]);
  const admitted = (protocol: number, dports: number[]) =>
    dports.filter(dport => ask.ingress(WEB, DB, { protocol, dport }) === 'allow shop/p ingress[0]');
  expect(admitted(6, [0, 79, 80, 81, 7999, 8000, 8050, 8100, 8101, 65534, 65535])).toEqual([
    80, 8000, 8050, 8100, 65535,
  ]);
  expect(admitted(17, [0, 1, 80, 65535])).toEqual([0, 1, 80, 65535]);
  expect(admitted(132, [6, 7, 8, 80])).toEqual([7]);
  expect(admitted(136, [80, 8000])).toEqual([]);
});

describe('item 10: named ports', () => {
  const http = (number: number, protocol: 'TCP' | 'UDP' = 'TCP') => ({ name: 'http', protocol, port: number });
  const literal: ClusterLiteral = {
    namespaces: { a: {} },
    pods: [
      { ns: 'a', name: 'one', labels: { app: 's' }, ips: ['10.0.0.1'], ports: [http(8080)] },
      { ns: 'a', name: 'two', labels: { app: 's' }, ips: ['10.0.0.2'], ports: [http(9090), http(53, 'UDP')] },
      {
        ns: 'a',
        name: 'none',
        labels: { app: 's' },
        ips: ['10.0.0.3'],
        ports: [{ name: 'web', protocol: 'TCP', port: 80 }],
      },
      { ns: 'a', name: 'twice', labels: { app: 's' }, ips: ['10.0.0.4'], ports: [http(1), http(2)] },
      { ns: 'a', name: 'client', labels: { app: 'c' }, ips: ['10.0.0.9'], ports: [http(7777)] },
    ],
  };
  const CLIENT = '10.0.0.9';
  const allowedPorts = (ask: (d: string, dport: number) => string) =>
    Object.fromEntries(
      ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map(d => [
        d.slice(-1),
        [1, 2, 53, 80, 7777, 8080, 9090].filter(dport => ask(d, dport).startsWith('allow')),
      ]),
    );
  const RESOLVED = { 1: [8080], 2: [9090], 3: [], 4: [1, 2] };

  it('ingress: on the selected pod, by name and protocol', () => {
    const ask = asker([policy('a', 'p', labels({ app: 's' }), { ingress: [rule(null, [port('http')])] })], literal);
    expect(allowedPorts((d, dport) => ask.ingress(CLIENT, d, { dport }))).toEqual(RESOLVED);
    expect(allowedPorts((d, dport) => ask.ingress(OUTSIDE, d, { dport }))).toEqual(RESOLVED);
    expect(ask.ingress(CLIENT, '10.0.0.2', { protocol: 17, dport: 53 })).toBe('default-deny');
    const udp = asker(
      [policy('a', 'p', labels({ app: 's' }), { ingress: [rule(null, [port('http', 'UDP')])] })],
      literal,
    );
    expect(udp.ingress(CLIENT, '10.0.0.2', { protocol: 17, dport: 53 })).toBe('allow a/p ingress[0]');
    expect(udp.ingress(CLIENT, '10.0.0.2', { protocol: 6, dport: 53 })).toBe('default-deny');
  });

  it('egress: on each peer pod', () => {
    const peers = [pods(labels({ app: 's' }))];
    const ask = asker([policy('a', 'p', labels({ app: 'c' }), { egress: [rule(peers, [port('http')])] })], literal);
    expect(allowedPorts((d, dport) => ask.egress(CLIENT, d, { dport }))).toEqual(RESOLVED);
  });

  it('egress to everyone: the pods that have it, and no external address', () => {
    const ask = asker([policy('a', 'p', labels({ app: 'c' }), { egress: [rule(null, [port('http')])] })], literal);
    expect(allowedPorts((d, dport) => ask.egress(CLIENT, d, { dport }))).toEqual(RESOLVED);
    expect(ask.egress(CLIENT, OUTSIDE, { dport: 8080 })).toBe('default-deny');
  });

  it('never towards an ipBlock, even where a pod stands behind the address', () => {
    const egress = [rule([block('0.0.0.0/0')], [port('http'), port(443)])];
    const ask = asker([policy('a', 'p', labels({ app: 'c' }), { egress })], literal);
    expect(ask.egress(CLIENT, '10.0.0.1', { dport: 8080 })).toBe('default-deny');
    expect(ask.egress(CLIENT, '10.0.0.1', { dport: 443 })).toBe('allow a/p egress[0]');
  });

  it('a name nobody has is no error and matches nothing; the rule can still be seen', () => {
    const ask = asker([policy('a', 'p', labels({ app: 's' }), { ingress: [rule(null, [port('nope')])] })], literal);
    expect(ask.ingress(CLIENT, '10.0.0.1', { dport: 0 })).toBe('default-deny');
    expect(ask.linear.ruleset.rules.map(r => r.origin.rule)).toEqual(['ingress[0]']);
  });
});

it('item 11: policies add up in any order; both directions must allow', () => {
  const web = policy('shop', 'web', labels({ app: 'web' }), { egress: [rule([pods(labels({ app: 'db' }))])] });
  const one = policy('shop', 'one', labels({ app: 'db' }), { ingress: [] });
  const two = policy('shop', 'two', labels({ app: 'db' }), { ingress: [rule(null, [port(5432)])] });
  for (const order of [
    [web, one, two],
    [two, web, one],
    [one, two, web],
  ]) {
    const ask = asker(order);
    expect(ask.both(WEB, DB, { dport: 5432 })).toEqual(['allow shop/web egress[0]', 'allow shop/two ingress[0]']);
    expect(ask.both(WEB, DB, { dport: 1 })).toEqual(['allow shop/web egress[0]', 'default-deny']);
    expect(ask.both(WEB, API)).toEqual(['default-deny', 'not-isolated']);
  }
});

it('item 11: of several rules that match, the first in document order is named', () => {
  const narrow = policy('shop', 'b', everything, { ingress: [rule([block('203.0.113.0/24')], [port(80)])] });
  const wide = policy('shop', 'a', everything, { ingress: [rule(null)] });
  expect(asker([narrow, wide]).ingress(OUTSIDE, DB, { dport: 80 })).toBe('allow shop/b ingress[0]');
  expect(asker([wide, narrow]).ingress(OUTSIDE, DB, { dport: 80 })).toBe('allow shop/a ingress[0]');
});

it('item 12: a side that is no pod imposes nothing', () => {
  const ask = asker([policy('shop', 'p', everything, { ingress: [], egress: [] })]);
  expect(ask.both(OUTSIDE, WEB)).toEqual(['none', 'default-deny']);
  expect(ask.both(WEB, OUTSIDE)).toEqual(['default-deny', 'none']);
  expect(ask.both(OUTSIDE, '203.0.113.10')).toEqual(['none', 'none']);
  const services = asker([policy('shop', 'p', everything, { egress: [] })], {
    ...SHOP,
    services: { s: ['10.96.0.1'] },
  });
  expect(services.both(WEB, '10.96.0.1')).toEqual(['default-deny', 'none']);
});

it('item 13: a pod reaches itself, on every pair of its addresses', () => {
  const ask = asker([policy('shop', 'p', everything, { ingress: [], egress: [] })]);
  expect(ask.both(WEB, WEB)).toEqual(['loopback', 'loopback']);
  expect(ask.both('fd00::1', 'fd00::1')).toEqual(['loopback', 'loopback']);
  expect(ask.both(WEB, API)).toEqual(['default-deny', 'default-deny']);
  const two = { ...SHOP, pods: [{ ns: 'shop', name: 'multi', ips: ['10.0.0.1', '10.0.0.2'] }] };
  const multi = asker([policy('shop', 'p', everything, { ingress: [], egress: [] })], two);
  expect(multi.both('10.0.0.1', '10.0.0.2')).toEqual(['loopback', 'loopback']);
});

it('item 14: a node and its own pods, on any of its addresses; other nodes are strangers', () => {
  const ask = asker([policy('shop', 'p', everything, { ingress: [], egress: [] })]);
  for (const node of ['192.168.0.1', '192.168.0.101']) {
    expect(ask.both(node, WEB)).toEqual(['node', 'node']);
    expect(ask.both(WEB, node)).toEqual(['node', 'node']);
  }
  expect(ask.both('192.168.0.2', WEB)).toEqual(['none', 'default-deny']);
  expect(ask.both(WEB, '192.168.0.2')).toEqual(['default-deny', 'none']);
  expect(ask.both('192.168.0.1', '192.168.0.101')).toEqual(['node', 'node']);
  expect(ask.both('192.168.0.1', '192.168.0.2')).toEqual(['none', 'none']);
  // Two pods of one node are no node.
  expect(ask.both(API, DB)).toEqual(['default-deny', 'default-deny']);
});

it("item 14: the node-local DNS address is each pod's own node, unless somebody holds it; other link-local ones are not", () => {
  const closed = [policy('shop', 'p', everything, { ingress: [], egress: [] })];
  const ask = asker(closed);
  expect(ask.both(WEB, '169.254.20.10')).toEqual(['node', 'node']);
  expect(ask.both('169.254.20.10', WEB)).toEqual(['node', 'node']);
  expect(ask.both('192.168.0.1', '169.254.20.10')).toEqual(['node', 'node']);
  expect(ask.both('169.254.20.10', OUTSIDE)).toEqual(['none', 'none']);
  for (const other of ['169.254.20.9', '169.254.20.11', '169.254.169.254']) {
    expect(ask.both(WEB, other)).toEqual(['default-deny', 'none']);
  }
  const held = asker(closed, { ...SHOP, services: { dns: ['169.254.20.10'] } });
  expect(held.both(WEB, '169.254.20.10')).toEqual(['default-deny', 'none']);
});

it('item 15: the classifier judges only first packets: the reply direction is asked as a connection of its own', () => {
  const ask = asker([
    policy('shop', 'p', labels({ app: 'db' }), {
      ingress: [rule([pods(labels({ app: 'web' }))], [port(5432)])],
      egress: [],
    }),
  ]);
  expect(ask.both(WEB, DB, { sport: 40000, dport: 5432 })).toEqual(['not-isolated', 'allow shop/p ingress[0]']);
  expect(ask.both(DB, WEB, { sport: 5432, dport: 40000 })).toEqual(['default-deny', 'not-isolated']);
});

it('item 16: rules with ports never match ICMP; rules without match everything', () => {
  const ports = asker([
    policy('shop', 'p', labels({ app: 'db' }), {
      ingress: [rule(null, [port(0, 'TCP', 65535), port(null, 'UDP'), port(null, 'SCTP')])],
    }),
  ]);
  for (const protocol of [1, 58, 47, 50, 2, 33, 136]) {
    expect(ports.ingress(WEB, DB, { protocol, icmpType: 8 })).toBe('default-deny');
  }
  const bare = asker([policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule([pods(everything)])] })]);
  for (const protocol of [1, 58, 47, 6, 17]) {
    expect(bare.ingress(WEB, DB, { protocol, icmpType: 8 })).toBe('allow shop/p ingress[0]');
  }
});

it('item 18: a port is the pod port, and a service address is matched only as an address', () => {
  const literal = { ...SHOP, services: { db: ['10.96.0.1'] } };
  const policies = [
    policy('shop', 'p', labels({ app: 'web' }), {
      egress: [rule([pods(labels({ app: 'db' }))], [port(5432)]), rule([block('10.96.0.0/16')], [port(1)])],
    }),
  ];
  const ask = asker(policies, literal);
  expect(ask.both(WEB, DB, { dport: 5432 })).toEqual(['allow shop/p egress[0]', 'not-isolated']);
  expect(ask.both(WEB, '10.96.0.1', { dport: 5432 })).toEqual(['default-deny', 'none']);
  expect(ask.both(WEB, '10.96.0.1', { dport: 1 })).toEqual(['allow shop/p egress[1]', 'none']);
});

it('item 19: hostNetwork pods are neither subjects nor peers: they are their node', () => {
  const literal: ClusterLiteral = {
    ...SHOP,
    pods: [
      ...SHOP.pods!,
      { ns: 'shop', name: 'agent', labels: { app: 'web' }, ips: ['192.168.0.1'], node: 'n1', hostNetwork: true },
    ],
  };
  const policies = [
    policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule([pods(labels({ app: 'web' }))])] }),
    policy('shop', 'q', labels({ app: 'web' }), { ingress: [], egress: [] }),
  ];
  const ask = asker(policies, literal);
  expect(ask.both('192.168.0.1', DB)).toEqual(['none', 'default-deny']);
  expect(ask.both(OUTSIDE, '192.168.0.1')).toEqual(['none', 'none']);
  expect(ask.both('192.168.0.1', WEB)).toEqual(['node', 'node']);
  const agent = ask.inventory.pods[4]!.owner;
  const question = (owner: number) => ({
    source: { owner, address: '192.168.0.1' },
    destination: { owner: 2, address: DB },
    protocol: 6,
    sourcePort: -1,
    destinationPort: 80,
    icmpType: -1,
    icmpCode: -1,
  });
  const outcomes = ask.linear.decide(question(agent));
  expect(outcomes.slice(0, 2).map(o => describeOutcome(ask.linear, o))).toEqual(['none', 'default-deny']);
});

describe('item 20: addresses that changed hands, and pods without one', () => {
  const literal: ClusterLiteral = {
    pods: [
      { ns: 'a', name: 'old', labels: { app: 'old' }, ips: ['10.0.0.1'] },
      { ns: 'a', name: 'new', labels: { app: 'new' }, ips: ['10.0.0.1'] },
      { ns: 'a', name: 'pending', labels: { app: 'pending' } },
      { ns: 'a', name: 'peer', labels: { app: 'peer' }, ips: ['10.0.0.5'] },
    ],
  };
  it('an address is judged as its holder, whoever else claims it', () => {
    const old = asker([policy('a', 'p', labels({ app: 'old' }), { ingress: [] })], literal);
    expect(old.ingress('10.0.0.5', '10.0.0.1')).toBe('not-isolated');
    const fresh = asker([policy('a', 'p', labels({ app: 'new' }), { ingress: [] })], literal);
    expect(fresh.ingress('10.0.0.5', '10.0.0.1')).toBe('default-deny');
    const peer = asker(
      [policy('a', 'p', labels({ app: 'peer' }), { ingress: [rule([pods(labels({ app: 'old' }))])] })],
      literal,
    );
    expect(peer.ingress('10.0.0.1', '10.0.0.5')).toBe('default-deny');
  });

  it('a pod without an address can be asked about by name', () => {
    const ask = asker(
      [
        policy('a', 'p', labels({ app: 'pending' }), {
          ingress: [rule([pods(labels({ app: 'peer' }))], [port(80)]), rule([block('10.0.0.0/8')], [port(81)])],
          egress: [rule([pods(labels({ app: 'peer' }))])],
        }),
        policy('a', 'q', labels({ app: 'peer' }), {
          ingress: [
            rule([pods(labels({ app: 'pending' }))], [port(1)]),
            rule([block('0.0.0.0/0')], [port(2)]),
            rule([block('0.0.0.0/0', '10.9.0.0/16')], [port(3)]),
            rule([block('10.0.0.0/8')], [port(4)]),
            rule(null, [port(5)]),
          ],
        }),
      ],
      literal,
    );
    const [PENDING, PEER] = [2, 3];
    expect(byName(ask, PEER, PENDING, 80)).toEqual(['not-isolated', 'allow a/p ingress[0]']);
    expect(byName(ask, PEER, PENDING, 81)).toEqual(['not-isolated', 'allow a/p ingress[1]']);
    expect(byName(ask, PEER, PENDING, 82)).toEqual(['not-isolated', 'default-deny']);
    expect(byName(ask, PENDING, PENDING, 1)).toEqual(['loopback', 'loopback']);
    expect([1, 2, 3, 4, 5].map(dport => byName(ask, PENDING, PEER, dport)[1])).toEqual([
      'allow a/q ingress[0]',
      'allow a/q ingress[1]',
      'default-deny',
      'default-deny',
      'allow a/q ingress[4]',
    ]);
    // An open port (-1) matches only rules that do not ask for one.
    expect(byName(ask, PENDING, PEER)).toEqual(['allow a/p egress[0]', 'default-deny']);
  });

  it('the pod that lost its address is asked about as one without', () => {
    const ask = asker([policy('a', 'p', labels({ app: 'old' }), { ingress: [] })], literal);
    expect(byName(ask, '10.0.0.5', 0, 80)).toEqual(['not-isolated', 'default-deny']);
    expect(byName(ask, '10.0.0.5', 1, 80)).toEqual(['not-isolated', 'not-isolated']);
  });
});

it('item 21: a policy holds on all of a pod’s addresses, family by family', () => {
  const ask = asker([
    policy('shop', 'p', labels({ app: 'api' }), {
      ingress: [rule([pods(labels({ app: 'web' }))]), rule([block('2001:db8::/32', '2001:db8:1::/48')])],
    }),
  ]);
  expect(ask.ingress(WEB, API)).toBe('allow shop/p ingress[0]');
  expect(ask.ingress('fd00::1', 'fd00::2')).toBe('allow shop/p ingress[0]');
  expect(ask.ingress('fd00::9', 'fd00::2')).toBe('default-deny');
  expect(ask.ingress('2001:db8::', 'fd00::2')).toBe('allow shop/p ingress[1]');
  expect(ask.ingress('2001:db8:1::', 'fd00::2')).toBe('default-deny');
  expect(ask.ingress('2001:db8:1:ffff:ffff:ffff:ffff:ffff', 'fd00::2')).toBe('default-deny');
  expect(ask.ingress('2001:db8:2::', 'fd00::2')).toBe('allow shop/p ingress[1]');
  expect(ask.ingress('2001:db9::', 'fd00::2')).toBe('default-deny');
});

it('item 22: an SCTP rule isolates and matches SCTP alone', () => {
  const ask = asker([policy('shop', 'p', labels({ app: 'db' }), { ingress: [rule(null, [port(5060, 'SCTP')])] })]);
  expect(ask.ingress(WEB, DB, { protocol: 132, dport: 5060 })).toBe('allow shop/p ingress[0]');
  expect(ask.ingress(WEB, DB, { protocol: 6, dport: 5060 })).toBe('default-deny');
  expect(ask.ingress(WEB, DB, { protocol: 17, dport: 5060 })).toBe('default-deny');
});
