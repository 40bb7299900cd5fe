/** Facts of docs/dialects/cilium.md by their numbers: written packets through reader, rules and both engines. */
import { describe, expect, it } from 'vitest';
import { createCompiler } from '../../../src/compile.js';
import { readDocuments } from '../../../src/documents/read.js';
import type { ProfileName } from '../../../src/profile/profile.js';
import { asker, compiled, namespace, node, ping, pod, service, TCP, to, UDP } from './ask.js';

const CLIENT = '10.0.0.1';
const SERVER = '10.0.0.2';
const DB = '10.0.0.3';
const OTHER = '10.0.1.1';
const FAR = '10.0.1.2';
const STRAY = '10.0.2.1';
const NODE1 = '192.168.0.1';
const NODE2 = '192.168.0.2';
const NODE3 = '192.168.0.3';
const OUTSIDE = '203.0.113.9';
const API = '198.51.100.7';
const FREE = '10.0.0.200';
const NODE_LOCAL = '169.254.20.10';

const CLUSTER = [
  namespace('shop', { team: 'a' }),
  namespace('other', { team: 'b' }),
  node('n1', [NODE1], { role: 'worker' }, ['10.0.0.0/24']),
  node('n2', [NODE2], { role: 'worker' }, ['10.0.1.0/24']),
  node('n3', [NODE3], { role: 'control' }),
  pod({ at: 'shop/client', labels: { app: 'client' }, ips: [CLIENT], node: 'n1', account: 'caller' }),
  pod({
    at: 'shop/server',
    labels: { app: 'server', 'pod-template-hash': 'x1' },
    ips: [SERVER],
    node: 'n2',
    ports: [{ name: 'http', containerPort: 8080 }],
  }),
  pod({ at: 'shop/db', labels: { app: 'db' }, ips: [DB], node: 'n1', ports: [{ name: 'sql', containerPort: 5432 }] }),
  pod({ at: 'other/client', labels: { app: 'client' }, ips: [OTHER], node: 'n2' }),
  pod({
    at: 'other/far',
    labels: { app: 'far' },
    ips: [FAR],
    node: 'n2',
    ports: [{ name: 'http', containerPort: 7070 }],
  }),
  pod({ at: 'other/stray', labels: { app: 'stray' }, ips: [STRAY], node: 'gone' }),
  ...service('default/kubernetes', null, [NODE3, API]),
  ...service('other/far', { app: 'far' }, [FAR], { tier: 'back' }),
  ...service('other/outside', null, [OUTSIDE, DB]),
];

const one = (kind: string, name: string, spec: string): string => `
---
apiVersion: cilium.io/v2
kind: ${kind}
metadata: {name: ${name}${kind === 'CiliumNetworkPolicy' ? ', namespace: shop' : ''}}
spec: ${spec}
`;
const cnp = (spec: string, name = 'p'): string => one('CiliumNetworkPolicy', name, spec);
const ccnp = (spec: string, name = 'p'): string => one('CiliumClusterwideNetworkPolicy', name, spec);
const of = (app: string): string => `endpointSelector: {matchLabels: {app: ${app}}}`;
const server = (rules: string): string => cnp(`{${of('server')}, ${rules}}`);
const client = (rules: string): string => cnp(`{${of('client')}, ${rules}}`);

const ask = (policies: string, profile: ProfileName = 'cilium', more: readonly object[] = []) =>
  asker(compiled(policies, [...CLUSTER, ...more], profile));
/** The first word of each side. */
const sides = (policies: string, profile: ProfileName = 'cilium', more: readonly object[] = []) => {
  const asked = ask(policies, profile, more);
  return {
    in: (packet: Parameters<typeof asked>[0]): string => asked(packet).ingress.split(' ')[0]!,
    out: (packet: Parameters<typeof asked>[0]): string => asked(packet).egress.split(' ')[0]!,
  };
};
const warnings = (policies: string, more: readonly object[] = []): string[] =>
  compiled(policies, [...CLUSTER, ...more]).problems.map(({ message }) => message);

describe('CI1: one tier with NetworkPolicies, and the rule that decided is named', () => {
  it('by kind, name and place', () => {
    const { ruleset } = compiled(server('ingress: [{fromEndpoints: [{}]}]'), CLUSTER);
    const tier = ruleset.ingress.at(-1)!;
    expect(tier.name).toBe('NetworkPolicy');
    expect(tier.rules[0]!.origin).toEqual({
      kind: 'CiliumNetworkPolicy',
      policy: 'shop/p',
      rule: 'ingress[0]',
      position: { file: 'p.yaml', line: 6, column: expect.any(Number) },
    });
    expect(tier.isolations.map(({ origin }) => origin.rule)).toEqual(['ingress']);
  });
  it('of specs by their number', () => {
    const asked = ask(
      `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: many, namespace: shop}
specs:
- {${of('server')}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]}
- {${of('server')}, ingress: [{}, {fromEndpoints: [{matchLabels: {app: client}}]}]}
`,
    );
    expect(asked(to(CLIENT, SERVER)).ingress).toBe('allowed rule shop/many specs[1].ingress[1]');
    expect(asked(to(DB, SERVER)).ingress).toBe('allowed rule shop/many specs[0].ingress[0]');
    expect(asked(to(OTHER, SERVER)).ingress).toBe('dropped default-deny');
  });
  it('a NetworkPolicy and one of Cilium add up', () => {
    const asked = sides(`${server('ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]')}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]}
`);
    expect([asked.in(to(DB, SERVER)), asked.in(to(CLIENT, SERVER)), asked.in(to(OTHER, SERVER))]).toEqual([
      'allowed',
      'allowed',
      'dropped',
    ]);
  });
});

describe('CI3: what only may be allowed stands behind what surely is, and behind denies', () => {
  const http = 'toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{path: /x}]}}]';
  it('HTTP alone is undecided on its ports and from its peers', () => {
    const asked = sides(server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}], ${http}}]`));
    expect(asked.in(to(CLIENT, SERVER, 80))).toBe('undecided');
    expect(asked.in(to(CLIENT, SERVER, 81))).toBe('dropped');
    expect(asked.in(to(CLIENT, SERVER, 80, UDP))).toBe('dropped');
    expect(asked.in(to(DB, SERVER, 80))).toBe('dropped');
  });
  it('beside an allow without layer 7 everything passes, whichever policy has it', () => {
    const both = `${server(`ingress: [{${http}}]`)}${cnp(`{${of('server')}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]}`, 'z')}`;
    const asked = ask(both);
    expect(asked(to(CLIENT, SERVER, 80)).ingress).toBe('allowed rule shop/z ingress[0]');
    expect(asked(to(DB, SERVER, 80)).ingress).toBe('undecided unsupported shop/p ingress[0]');
  });
  it('beside a NetworkPolicy, too', () => {
    const asked = ask(`${server(`ingress: [{${http}}]`)}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}
`);
    expect(asked(to(DB, SERVER, 80)).ingress).toBe('allowed rule shop/np ingress[0]');
  });
});

describe('CI5: absent and empty', () => {
  it.each([
    ['ingress: [{}]', 'dropped'],
    ['ingress: [{fromEndpoints: []}]', 'dropped'],
    ['ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]', 'dropped'],
    ['ingress: [{fromEntities: [], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]', 'dropped'],
    ['ingress: [{fromCIDR: [], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]', 'dropped'],
    ['ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]', 'allowed'],
    ['ingress: [{fromEndpoints: null, toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]', 'allowed'],
    ['ingress: [{fromEndpoints: [{}]}]', 'allowed'],
    ['ingress: [{fromEndpoints: [{}], toPorts: []}]', 'allowed'],
    ['ingress: [{toPorts: []}]', 'dropped'],
    ['ingress: []', 'allowed'],
    ['egress: [{}]', 'allowed'],
  ])('%s', (rules, verdict) => {
    expect(sides(server(rules)).in(to(CLIENT, SERVER))).toBe(verdict);
  });
  it('rules with ports alone are about everybody: pods, nodes and the world', () => {
    const asked = sides(server('ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]'));
    for (const source of [CLIENT, OTHER, NODE1, OUTSIDE, FREE])
      expect(asked.in(to(source, SERVER)), source).toBe('allowed');
  });
});

describe('CI6: subjects', () => {
  it('a namespaced policy is about its own namespace', () => {
    const asked = sides(cnp('{endpointSelector: {}, ingress: [{}]}'));
    expect([asked.in(to(OTHER, CLIENT)), asked.in(to(CLIENT, OTHER))]).toEqual(['dropped', 'allowed']);
  });
  it.each([
    ['{matchLabels: {k8s:io.kubernetes.pod.namespace: other}}', 'dropped'],
    ['{matchLabels: {io.kubernetes.pod.namespace: other}}', 'allowed'],
    ['{matchExpressions: [{key: k8s:io.kubernetes.pod.namespace, operator: In, values: [other]}]}', 'allowed'],
    ['{matchLabels: {k8s:app: client}}', 'dropped'],
    ['{matchLabels: {any:app: client}}', 'dropped'],
    ['{matchLabels: {container:app: client}}', 'allowed'],
    ['{matchLabels: {reserved:health: ""}}', 'allowed'],
  ])('endpointSelector %s', (selector, verdict) => {
    expect(sides(cnp(`{endpointSelector: ${selector}, ingress: [{}]}`)).in(to(OTHER, CLIENT))).toBe(verdict);
  });
  it('a clusterwide policy is about all pods, and may ask for namespaces and accounts', () => {
    expect(sides(ccnp('{endpointSelector: {}, ingress: [{}]}')).in(to(CLIENT, OTHER))).toBe('dropped');
    const labelled = sides(
      ccnp('{endpointSelector: {matchLabels: {io.cilium.k8s.namespace.labels.team: b}}, ingress: [{}]}'),
    );
    expect([labelled.in(to(CLIENT, OTHER)), labelled.in(to(OTHER, CLIENT))]).toEqual(['dropped', 'allowed']);
    const account = sides(
      ccnp('{endpointSelector: {matchLabels: {k8s:io.cilium.k8s.policy.serviceaccount: caller}}, ingress: [{}]}'),
    );
    expect([account.in(to(OTHER, CLIENT)), account.in(to(CLIENT, OTHER))]).toEqual(['dropped', 'allowed']);
  });
});

describe('CI7: default deny', () => {
  it.each([
    ['ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]', 'dropped', 'allowed'],
    ['ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]', 'dropped', 'allowed'],
    [
      'enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]',
      'allowed',
      'allowed',
    ],
    [
      'enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEndpoints: [{matchLabels: {app: client}}]}]',
      'dropped',
      'allowed',
    ],
    [
      'enableDefaultDeny: {egress: true}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]',
      'allowed',
      'allowed',
    ],
    ['egress: [{}]', 'allowed', 'dropped'],
    ['egressDeny: [{toEntities: [host]}]', 'allowed', 'dropped'],
  ])('%s', (rules, incoming, outgoing) => {
    const asked = sides(server(rules));
    expect([asked.in(to(CLIENT, SERVER)), asked.out(to(SERVER, CLIENT))]).toEqual([incoming, outgoing]);
  });
  it('one policy with it is enough, whatever others say', () => {
    const asked = sides(
      `${server('enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [{matchLabels: {app: db}}]}]')}${cnp(`{${of('server')}, ingress: [{}]}`, 'q')}`,
    );
    expect([asked.in(to(DB, SERVER)), asked.in(to(CLIENT, SERVER))]).toEqual(['allowed', 'dropped']);
  });
  it('without it, layer 7 still refuses: undecided, not allowed', () => {
    const asked = sides(
      server(
        'enableDefaultDeny: {ingress: false}, ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]',
      ),
    );
    expect([asked.in(to(CLIENT, SERVER, 80)), asked.in(to(CLIENT, SERVER, 81))]).toEqual(['undecided', 'allowed']);
  });
});

describe('CI8: selectors of peers', () => {
  const from = (selector: string) => sides(server(`ingress: [{fromEndpoints: [${selector}]}]`));
  it.each([
    ['{}', [CLIENT, DB], [OTHER, FAR, NODE1, OUTSIDE]],
    ['{matchLabels: {app: client}}', [CLIENT], [OTHER, DB]],
    ['{matchLabels: {k8s:io.kubernetes.pod.namespace: other}}', [OTHER, FAR], [CLIENT, OUTSIDE]],
    ['{matchLabels: {app: client, io.kubernetes.pod.namespace: other}}', [OTHER], [CLIENT, FAR]],
    [
      '{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: Exists}]}',
      [CLIENT, OTHER, FAR],
      [OUTSIDE, NODE1],
    ],
    [
      '{matchExpressions: [{key: io.kubernetes.pod.namespace, operator: NotIn, values: [shop]}]}',
      [OTHER, FAR],
      [CLIENT, OUTSIDE],
    ],
    ['{matchExpressions: [{key: app, operator: In, values: [db, client]}]}', [CLIENT, DB], [OTHER, FREE]],
    ['{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}', [CLIENT], [DB, OTHER]],
    ['{matchExpressions: [{key: none, operator: DoesNotExist}]}', [CLIENT, DB], [OTHER]],
    ['{matchLabels: {io.cilium.k8s.policy.serviceaccount: caller}}', [CLIENT], [DB]],
    [
      '{matchExpressions: [{key: io.cilium.k8s.policy.serviceaccount, operator: NotIn, values: [caller]}]}',
      [DB],
      [CLIENT],
    ],
    ['{matchExpressions: [{key: io.cilium.k8s.policy.cluster, operator: Exists}]}', [CLIENT, DB], [OTHER]],
    ['{matchLabels: {cidr:10.0.0.0: ""}}', [], [CLIENT]],
  ])('%s', (selector, allowed, dropped) => {
    const asked = from(selector);
    for (const source of allowed) expect(asked.in(to(source, SERVER)), source).toBe('allowed');
    for (const source of dropped) expect(asked.in(to(source, SERVER)), source).toBe('dropped');
  });
  it('of a clusterwide policy: every pod, and nobody else', () => {
    const asked = sides(ccnp(`{${of('server')}, ingress: [{fromEndpoints: [{}]}]}`));
    for (const source of [CLIENT, OTHER, FAR]) expect(asked.in(to(source, SERVER))).toBe('allowed');
    for (const source of [OUTSIDE, NODE1, FREE]) expect(asked.in(to(source, SERVER))).toBe('dropped');
    const labels = sides(
      ccnp(
        `{${of('server')}, ingress: [{fromEndpoints: [{matchLabels: {k8s:io.cilium.k8s.namespace.labels.team: b}}]}]}`,
      ),
    );
    expect([labels.in(to(OTHER, SERVER)), labels.in(to(CLIENT, SERVER))]).toEqual(['allowed', 'dropped']);
  });
  it('labels of namespaces in a namespaced policy: what versions read differently is undecided', () => {
    const policy = (team: string) =>
      server(`ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.team: ${team}}}]}]`);
    const own = sides(policy('a'));
    expect([own.in(to(CLIENT, SERVER)), own.in(to(OTHER, SERVER))]).toEqual(['allowed', 'dropped']);
    const other = sides(policy('b'));
    expect([other.in(to(CLIENT, SERVER)), other.in(to(OTHER, SERVER))]).toEqual(['dropped', 'undecided']);
    expect(warnings(policy('b'))).toContainEqual(
      expect.stringContaining('labels of namespaces in a CiliumNetworkPolicy'),
    );
  });
  it('the name of the cluster is not known', () => {
    const asked = from('{matchLabels: {app: client, io.cilium.k8s.policy.cluster: one}}');
    expect([asked.in(to(CLIENT, SERVER)), asked.in(to(DB, SERVER))]).toEqual(['undecided', 'dropped']);
    const subject = sides(
      cnp(
        '{endpointSelector: {matchLabels: {app: server, io.cilium.k8s.policy.cluster: one}}, ingress: [{fromEndpoints: [{matchLabels: {app: client}}]}]}',
      ),
    );
    expect([subject.in(to(CLIENT, SERVER)), subject.in(to(DB, SERVER)), subject.in(to(DB, CLIENT))]).toEqual([
      'undecided',
      'undecided',
      'allowed',
    ]);
    expect(subject.out(to(SERVER, DB))).toBe('allowed');
  });
  it('labels that make no identities are on no pod', () => {
    const hidden = server('ingress: [{fromEndpoints: [{matchLabels: {pod-template-hash: x1}}]}]');
    const asked = sides(
      cnp(
        `{${of('db')}, ingress: [{fromEndpoints: [{matchExpressions: [{key: pod-template-hash, operator: DoesNotExist}]}]}]}`,
      ),
      'upstream',
    );
    expect(asked.in(to(SERVER, DB))).toBe('allowed');
    expect(
      sides(cnp(`{${of('db')}, ingress: [{fromEndpoints: [{matchLabels: {pod-template-hash: x1}}]}]}`), 'upstream').in(
        to(SERVER, DB),
      ),
    ).toBe('dropped');
    expect(warnings(hidden)).toContainEqual(expect.stringContaining('leaves out of identities'));
  });
});

describe('CI9: reserved labels', () => {
  const from = (selector: string) => sides(server(`ingress: [{fromEndpoints: [${selector}]}]`));
  it.each([
    ['{matchLabels: {reserved:remote-node: ""}}', [NODE1, NODE3], [CLIENT, OUTSIDE]],
    ['{matchLabels: {reserved:world: ""}}', [OUTSIDE, FREE, API], [CLIENT, NODE1]],
    ['{matchLabels: {reserved:kube-apiserver: ""}}', [NODE3, API], [NODE1, OUTSIDE, CLIENT]],
    ['{matchExpressions: [{key: reserved:world, operator: DoesNotExist}]}', [CLIENT, OTHER, NODE1], [OUTSIDE]],
    [
      '{matchExpressions: [{key: reserved:world, operator: DoesNotExist}, {key: app, operator: DoesNotExist}]}',
      [NODE1],
      [CLIENT, OUTSIDE],
    ],
    ['{matchLabels: {reserved:world: "", app: client}}', [], [OUTSIDE, CLIENT]],
    ['{matchLabels: {reserved:world: "x"}}', [], [OUTSIDE, CLIENT]],
    [
      '{matchExpressions: [{key: reserved:kube-apiserver, operator: Exists}, {key: reserved:remote-node, operator: DoesNotExist}]}',
      [API],
      [NODE3, OUTSIDE],
    ],
  ])('%s', (selector, allowed, dropped) => {
    const asked = from(selector);
    for (const source of allowed) expect(asked.in(to(source, SERVER)), source).toBe('allowed');
    for (const source of dropped) expect(asked.in(to(source, SERVER)), source).toBe('dropped');
  });
});

describe('CI10: entities, of egress', () => {
  it.each([
    ['all', [CLIENT, SERVER, OTHER, NODE1, NODE2, OUTSIDE, FREE, API, NODE_LOCAL], [], []],
    ['world', [OUTSIDE, FREE, API], [SERVER, NODE1, NODE2], [NODE_LOCAL]],
    ['host', [NODE1], [NODE2, NODE3, SERVER, OUTSIDE], [NODE_LOCAL]],
    ['remote-node', [NODE2, NODE3], [NODE1, SERVER, OUTSIDE, NODE_LOCAL], []],
    ['cluster', [SERVER, OTHER, NODE1, NODE2, API], [OUTSIDE], [FREE, NODE_LOCAL]],
    ['kube-apiserver', [NODE3, API], [NODE1, NODE2, SERVER, OUTSIDE, NODE_LOCAL], []],
    ['health', [], [SERVER, NODE1, OUTSIDE], [FREE]],
    ['ingress', [], [SERVER, NODE1, OUTSIDE], [FREE]],
    ['none', [], [SERVER, NODE1, OUTSIDE, FREE, NODE_LOCAL], []],
    ['host, world', [NODE1, OUTSIDE, NODE_LOCAL], [NODE2, SERVER], []],
    ['host, remote-node', [NODE1, NODE2, NODE3], [SERVER, OUTSIDE], [NODE_LOCAL]],
    ['world-ipv4', [], [SERVER, NODE1], [OUTSIDE, FREE]],
    ['world-ipv6', [], [SERVER, NODE1, OUTSIDE, FREE], []],
  ])('%s', (entities, allowed, dropped, undecided) => {
    const asked = sides(client(`egress: [{toEntities: [${entities}]}]`));
    for (const address of allowed.filter(it => it !== CLIENT))
      expect(asked.out(to(CLIENT, address)), address).toBe('allowed');
    for (const address of dropped) expect(asked.out(to(CLIENT, address)), address).toBe('dropped');
    for (const address of undecided) expect(asked.out(to(CLIENT, address)), address).toBe('undecided');
  });
  it('of ingress: the own node always reaches its pods; host is no other node', () => {
    const asked = ask(server('ingress: [{fromEntities: [host]}]'));
    expect(asked(to(NODE2, SERVER)).ingress).toBe('allowed node');
    expect(asked(to(NODE1, SERVER)).ingress).toBe('dropped default-deny');
    expect(sides(server('ingress: [{fromEntities: [remote-node]}]')).in(to(NODE1, SERVER))).toBe('allowed');
    expect(sides(server('ingress: [{fromEntities: [cluster]}]')).in(to(NODE1, SERVER))).toBe('allowed');
  });
  it('of a pod whose node is not known, any node may be its own', () => {
    const policy = (entities: string) =>
      ccnp(`{${of('stray')}, egress: [{toEntities: [${entities}]}], ingress: [{fromEntities: [${entities}]}]}`);
    for (const entity of ['host', 'remote-node']) {
      expect(sides(policy(entity)).out(to(STRAY, NODE1)), entity).toBe('undecided');
      expect(sides(policy(entity)).in(to(NODE1, STRAY)), entity).toBe('undecided');
    }
    expect(sides(policy('host, remote-node')).out(to(STRAY, NODE1))).toBe('allowed');
    expect(sides(policy('cluster')).in(to(NODE1, STRAY))).toBe('allowed');
  });
  it('denied: the own node and others apart; towards its pods it is not seen, and told', () => {
    const policy = client('egressDeny: [{toEntities: [host]}], egress: [{toEntities: [all]}]');
    expect([sides(policy).out(to(CLIENT, NODE1)), sides(policy).out(to(CLIENT, NODE2))]).toEqual([
      'dropped',
      'allowed',
    ]);
    const ingress = client('ingressDeny: [{fromEntities: [host]}]');
    expect(ask(ingress)(to(NODE1, CLIENT)).ingress).toBe('allowed node');
    expect(warnings(ingress)).toContainEqual(expect.stringContaining('own node'));
  });
  it('with the upstream profile a pod always reaches its own node', () => {
    const policy = client('egress: [{toEntities: [remote-node]}]');
    expect(ask(policy, 'upstream')(to(CLIENT, NODE1)).egress).toBe('allowed node');
    expect(sides(policy, 'upstream').out(to(CLIENT, NODE2))).toBe('allowed');
  });
});

describe('CI11: nodes by their labels', () => {
  it('are other nodes than the own one', () => {
    const policy = client('egress: [{toNodes: [{matchLabels: {role: worker}}]}]');
    const asked = sides(policy);
    expect([NODE1, NODE2, NODE3, SERVER, OUTSIDE].map(it => asked.out(to(CLIENT, it)))).toEqual([
      'dropped',
      'allowed',
      'dropped',
      'dropped',
      'dropped',
    ]);
    expect(warnings(policy)).toContainEqual(expect.stringContaining('fromNodes, toNodes'));
    const incoming = sides(
      server('ingress: [{fromNodes: [{matchExpressions: [{key: role, operator: NotIn, values: [worker]}]}]}]'),
    );
    expect([incoming.in(to(NODE3, SERVER)), incoming.in(to(NODE1, SERVER))]).toEqual(['allowed', 'dropped']);
  });
});

describe('CI12: the node-local DNS address', () => {
  it.each([
    ['toCIDR: [169.254.0.0/16]', 'undecided'],
    ['toEntities: [host]', 'undecided'],
    ['toEntities: [world, host]', 'allowed'],
    ['toPorts: [{ports: [{port: "53", protocol: ANY}]}]', 'allowed'],
    ['toEntities: [remote-node]', 'dropped'],
    ['toEndpoints: [{}]', 'dropped'],
  ])('%s', (peers, verdict) => {
    expect(sides(client(`egress: [{${peers}}]`)).out(to(CLIENT, NODE_LOCAL, 53, UDP))).toBe(verdict);
  });
});

describe('CI13: the API server', () => {
  it('without its service is not known', () => {
    const policies = client('egress: [{toEntities: [kube-apiserver]}]');
    const objects = CLUSTER.filter(it => !JSON.stringify(it).includes('"kubernetes'));
    const asked = asker(compiled(policies, objects));
    for (const address of [NODE1, NODE2, OUTSIDE]) expect(asked(to(CLIENT, address)).egress).toContain('undecided');
    expect(asked(to(CLIENT, SERVER)).egress).toBe('dropped default-deny');
  });
});

describe('CI15: blocks match the world alone', () => {
  it.each([
    ['toCIDR: [10.0.0.0/8]', [FREE, '10.9.9.9'], [SERVER, OTHER, OUTSIDE]],
    ['toCIDR: [192.168.0.0/16]', ['192.168.9.9'], [NODE1, NODE2]],
    ['toCIDR: [203.0.113.9]', [OUTSIDE], ['203.0.113.8']],
    ['toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.8/29]}]', ['203.0.113.1'], [OUTSIDE]],
    [
      'toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.8/29]}, {cidr: 203.0.113.9/32}]',
      [OUTSIDE],
      ['203.0.113.8'],
    ],
    ['toCIDR: [0.0.0.0/0]', [OUTSIDE, FREE, API], [SERVER, NODE1]],
  ])('%s', (peers, allowed, dropped) => {
    const asked = sides(client(`egress: [{${peers}}]`));
    for (const address of allowed) expect(asked.out(to(CLIENT, address)), address).toBe('allowed');
    for (const address of dropped) expect(asked.out(to(CLIENT, address)), address).toBe('dropped');
  });
  it('of IPv6, and families told apart where the cluster has both', () => {
    const more = [pod({ at: 'shop/both', labels: { app: 'client' }, ips: ['10.0.0.9', 'fd00::9'], node: 'n1' })];
    const asked = sides(client('egress: [{toCIDR: ["2001:db8::/32"]}]'), 'cilium', more);
    expect(asked.out(to('fd00::9', '2001:db8::1'))).toBe('allowed');
    expect(asked.out(to('fd00::9', '2001:db9::1'))).toBe('dropped');
    const four = sides(client('egress: [{toEntities: [world-ipv4]}]'), 'cilium', more);
    expect([four.out(to(CLIENT, OUTSIDE)), four.out(to('fd00::9', '2001:db8::1'))]).toEqual(['allowed', 'dropped']);
  });
});

describe('CI16: groups of blocks', () => {
  const group = (name: string, labels: string, cidrs: string, version = 'v2alpha1') => `
---
apiVersion: cilium.io/${version}
kind: CiliumCIDRGroup
metadata: {name: ${name}, labels: {${labels}}}
spec: {externalCIDRs: [${cidrs}]}
`;
  const groups = group('vpn', 'zone: near', '203.0.113.0/28') + group('far', 'zone: far', '198.51.100.0/24', 'v2');
  it.each([
    ['{cidrGroupRef: vpn}', [OUTSIDE], [API]],
    ['{cidrGroupSelector: {matchLabels: {zone: far}}}', [API], [OUTSIDE]],
    ['{cidrGroupSelector: {matchExpressions: [{key: zone, operator: Exists}]}}', [API, OUTSIDE], ['203.0.113.99']],
    ['{cidrGroupSelector: {matchLabels: {zone: none}}}', [], [OUTSIDE, API]],
    ['{cidrGroupRef: vpn, except: [203.0.113.8/29]}', ['203.0.113.1'], [OUTSIDE]],
  ])('%s', (entry, allowed, dropped) => {
    const asked = sides(groups + client(`egress: [{toCIDRSet: [${entry}]}]`));
    for (const address of allowed) expect(asked.out(to(CLIENT, address)), address).toBe('allowed');
    for (const address of dropped) expect(asked.out(to(CLIENT, address)), address).toBe('dropped');
  });
  it('that are not given may hold anybody outside', () => {
    const policy = client('egress: [{toCIDRSet: [{cidrGroupRef: gone}]}]');
    const asked = sides(groups + policy);
    expect([asked.out(to(CLIENT, OUTSIDE)), asked.out(to(CLIENT, SERVER))]).toEqual(['undecided', 'dropped']);
    expect(warnings(policy)).toContainEqual(expect.stringContaining('CiliumCIDRGroup that is not given'));
  });
});

describe('CI17: fromRequires, toRequires', () => {
  it('may forbid what other rules allow of pods, by version', () => {
    const asked = sides(
      `${server('ingress: [{fromRequires: [{matchLabels: {app: client}}]}]')}${cnp(`{${of('server')}, ingress: [{fromEndpoints: [{}]}, {fromCIDR: [203.0.113.0/24]}]}`, 'q')}`,
    );
    expect([asked.in(to(CLIENT, SERVER)), asked.in(to(DB, SERVER)), asked.in(to(OUTSIDE, SERVER))]).toEqual([
      'allowed',
      'undecided',
      'allowed',
    ]);
  });
  it('or spare what denies deny', () => {
    const asked = sides(
      server(
        'ingressDeny: [{fromRequires: [{matchLabels: {app: client}}], fromEndpoints: [{}]}], ingress: [{fromEndpoints: [{}]}]',
      ),
    );
    expect([asked.in(to(CLIENT, SERVER)), asked.in(to(DB, SERVER))]).toEqual(['dropped', 'undecided']);
  });
});

describe('CI18: authentication', () => {
  it.each([
    ['disabled', 'allowed'],
    ['required', 'undecided'],
    ['test-always-fail', 'undecided'],
  ])('%s, also beside a plain allow', (mode, verdict) => {
    const asked = sides(
      server(
        `ingress: [{fromEndpoints: [{matchLabels: {app: client}}], authentication: {mode: ${mode}}}, {fromEndpoints: [{}]}]`,
      ),
    );
    expect([asked.in(to(CLIENT, SERVER)), asked.in(to(DB, SERVER))]).toEqual([verdict, 'allowed']);
  });
});

describe('CI19: names and cloud groups may be anybody outside', () => {
  it.each([
    'toFQDNs: [{matchName: example.com}]',
    'toFQDNs: [{matchPattern: "*.example.com"}]',
    'toGroups: [{aws: {}}]',
  ])('%s', peers => {
    const asked = sides(client(`egress: [{${peers}, toPorts: [{ports: [{port: "443", protocol: TCP}]}]}]`));
    expect([OUTSIDE, SERVER, NODE1].map(it => asked.out(to(CLIENT, it, 443)))).toEqual([
      'undecided',
      'dropped',
      'dropped',
    ]);
    expect(asked.out(to(CLIENT, OUTSIDE, 80))).toBe('dropped');
  });
  it('a deny by group stands in front of allows', () => {
    const asked = sides(client('egressDeny: [{toGroups: [{aws: {}}]}], egress: [{toEntities: [all]}]'));
    expect([asked.out(to(CLIENT, OUTSIDE)), asked.out(to(CLIENT, SERVER))]).toEqual(['undecided', 'allowed']);
  });
});

describe('CI20: services', () => {
  it.each([
    ['{k8sService: {serviceName: far, namespace: other}}', [FAR], [OTHER, OUTSIDE]],
    ['{k8sService: {serviceName: far}}', [FAR], [OTHER]],
    ['{k8sServiceSelector: {selector: {matchLabels: {tier: back}}}}', [FAR], [OTHER]],
    ['{k8sServiceSelector: {selector: {matchLabels: {tier: back}}, namespace: shop}}', [], [FAR, OTHER]],
    ['{k8sService: {serviceName: outside, namespace: other}}', [OUTSIDE], [DB, FAR]],
  ])('%s', (entry, allowed, dropped) => {
    const asked = sides(client(`egress: [{toServices: [${entry}]}]`));
    for (const address of allowed) expect(asked.out(to(CLIENT, address)), address).toBe('allowed');
    for (const address of dropped) expect(asked.out(to(CLIENT, address)), address).toBe('dropped');
  });
  it('that are not given may be anybody but nodes; with ports on those', () => {
    const asked = sides(
      client(
        'egress: [{toServices: [{k8sService: {serviceName: gone, namespace: x}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]',
      ),
    );
    expect([asked.out(to(CLIENT, FAR)), asked.out(to(CLIENT, OUTSIDE)), asked.out(to(CLIENT, FAR, 81))]).toEqual([
      'undecided',
      'undecided',
      'dropped',
    ]);
  });
});

describe('CI21, CI22: ports', () => {
  const ports = (entry: string) => sides(server(`ingress: [{toPorts: [{ports: [${entry}]}]}]`));
  it.each<[string, [number, number][], [number, number][]]>([
    [
      '{port: "80", protocol: TCP}',
      [[80, TCP]],
      [
        [81, TCP],
        [80, UDP],
      ],
    ],
    [
      '{port: "80"}',
      [
        [80, TCP],
        [80, UDP],
      ],
      [[81, TCP]],
    ],
    [
      '{port: "80", protocol: ANY}',
      [
        [80, TCP],
        [80, UDP],
      ],
      [[81, UDP]],
    ],
    [
      '{port: "0", protocol: TCP}',
      [
        [1, TCP],
        [65535, TCP],
      ],
      [[80, UDP]],
    ],
    [
      '{port: "80", endPort: 90, protocol: TCP}',
      [
        [80, TCP],
        [85, TCP],
        [90, TCP],
      ],
      [
        [79, TCP],
        [91, TCP],
      ],
    ],
    ['{port: "010", protocol: TCP}', [[8, TCP]], [[10, TCP]]],
    [
      '{port: http, protocol: TCP}',
      [[8080, TCP]],
      [
        [80, TCP],
        [8080, UDP],
      ],
    ],
    ['{port: HTTP, protocol: TCP}', [[8080, TCP]], [[80, TCP]]],
    [
      '{port: http, protocol: UDP}',
      [],
      [
        [8080, UDP],
        [8080, TCP],
      ],
    ],
    ['{port: http, endPort: 9000}', [[8080, TCP]], [[8081, TCP]]],
    ['{port: nope}', [], [[80, TCP]]],
  ])('%s', (entry, allowed, dropped) => {
    const asked = ports(entry);
    for (const [dport, protocol] of allowed)
      expect(asked.in(to(CLIENT, SERVER, dport, protocol)), `${dport}`).toBe('allowed');
    for (const [dport, protocol] of dropped)
      expect(asked.in(to(CLIENT, SERVER, dport, protocol)), `${dport}`).toBe('dropped');
  });
  it('rules with ports drop ICMP, rules without let every protocol pass', () => {
    expect(ports('{port: "0"}').in(ping(CLIENT, SERVER))).toBe('dropped');
    const asked = sides(server('ingress: [{fromEndpoints: [{}]}]'), 'upstream');
    expect([asked.in(ping(CLIENT, SERVER)), asked.in({ source: CLIENT, destination: SERVER, protocol: 47 })]).toEqual([
      'allowed',
      'allowed',
    ]);
  });
  it('SCTP is one of ANY', () => {
    expect(
      sides(server('ingress: [{toPorts: [{ports: [{port: "80"}]}]}]'), 'upstream').in(to(CLIENT, SERVER, 80, 132)),
    ).toBe('allowed');
    expect(
      sides(server('ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]'), 'upstream').in(
        to(CLIENT, SERVER, 80, 132),
      ),
    ).toBe('dropped');
  });
  it('names of egress: what versions agree about', () => {
    const sql = sides(client('egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: sql, protocol: TCP}]}]}]'));
    expect([sql.out(to(CLIENT, DB, 5432)), sql.out(to(CLIENT, SERVER, 5432)), sql.out(to(CLIENT, DB, 80))]).toEqual([
      'allowed',
      'undecided',
      'dropped',
    ]);
    const http = sides(client('egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: http, protocol: TCP}]}]}]'));
    expect([http.out(to(CLIENT, SERVER, 8080)), http.out(to(CLIENT, SERVER, 7070))]).toEqual(['undecided', 'dropped']);
  });
  it('endPort below port is undecided between them', () => {
    const asked = ports('{port: "90", endPort: 80, protocol: TCP}');
    expect([asked.in(to(CLIENT, SERVER, 85)), asked.in(to(CLIENT, SERVER, 91))]).toEqual(['undecided', 'dropped']);
  });
});

describe('CI23, CI24: protocols without ports, entries without ports', () => {
  it('are undecided', () => {
    const vrrp = sides(server('ingress: [{toPorts: [{ports: [{protocol: VRRP}]}]}]'), 'upstream');
    expect([vrrp.in({ source: CLIENT, destination: SERVER, protocol: 112 }), vrrp.in(to(CLIENT, SERVER))]).toEqual([
      'undecided',
      'dropped',
    ]);
    const empty = sides(server('ingress: [{fromEndpoints: [{matchLabels: {app: client}}], toPorts: [{}]}]'));
    expect([empty.in(to(CLIENT, SERVER)), empty.in(to(DB, SERVER))]).toEqual(['undecided', 'dropped']);
  });
});

describe('CI26: DNS rules', () => {
  const dns = (rule: string) =>
    sides(
      client(
        `egress: [{toEndpoints: [{matchLabels: {app: db}}], toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [${rule}]}}]}]`,
      ),
    );
  it.each([
    ['{matchPattern: "*"}', 'allowed'],
    ['{matchName: example.com}, {matchPattern: "*"}', 'allowed'],
    ['{matchName: example.com}', 'undecided'],
    ['{matchPattern: "*.example.com"}', 'undecided'],
  ])('%s', (rule, verdict) => {
    expect(dns(rule).out(to(CLIENT, DB, 53, UDP))).toBe(verdict);
    expect(dns(rule).out(to(CLIENT, DB, 54, UDP))).toBe('dropped');
  });
});

describe('CI27: what is sent to a proxy is undecided, whatever others allow', () => {
  it.each([
    'listener: {envoyConfig: {name: e}, name: l}',
    'terminatingTLS: {}',
    'originatingTLS: {}',
    'serverNames: [a.example]',
  ])('%s', field => {
    const asked = sides(
      client(`egress: [{toPorts: [{ports: [{port: "443", protocol: TCP}], ${field}}]}, {toEntities: [all]}]`),
    );
    expect([asked.out(to(CLIENT, OUTSIDE, 443)), asked.out(to(CLIENT, OUTSIDE, 80))]).toEqual(['undecided', 'allowed']);
  });
});

describe('CI29: ICMP', () => {
  it.each([
    ['{type: 8}', [8], [0, 13]],
    ['{type: "8"}', [8], [0]],
    ['{family: IPv4, type: EchoRequest}', [8], [0]],
    ['{type: TimeExceeded}, {type: 13}', [11, 13], [8]],
  ])('%s', (fields, allowed, dropped) => {
    const asked = sides(
      server(`ingress: [{fromEndpoints: [{matchLabels: {app: client}}], icmps: [{fields: [${fields}]}]}]`),
    );
    for (const type of allowed) expect(asked.in(ping(CLIENT, SERVER, type)), `${type}`).toBe('allowed');
    for (const type of dropped) expect(asked.in(ping(CLIENT, SERVER, type)), `${type}`).toBe('dropped');
    expect(asked.in(ping(DB, SERVER, allowed[0]))).toBe('dropped');
    expect(asked.in(to(CLIENT, SERVER, 80))).toBe('dropped');
  });
  it('IPv6 types are ICMPv6', () => {
    const more = [
      pod({ at: 'shop/six', labels: { app: 'server' }, ips: ['fd00::1'], node: 'n1' }),
      pod({ at: 'shop/seven', labels: { app: 'client' }, ips: ['fd00::2'], node: 'n1' }),
    ];
    const asked = sides(server('ingress: [{icmps: [{fields: [{family: IPv6, type: EchoRequest}]}]}]'), 'cilium', more);
    expect([asked.in(ping('fd00::2', 'fd00::1')), asked.in(ping('fd00::2', 'fd00::1', 129))]).toEqual([
      'allowed',
      'dropped',
    ]);
    expect(asked.in(ping(CLIENT, SERVER, 128))).toBe('dropped');
  });
});

describe('CI28: policies about nodes', () => {
  it('are contributed as such, with the nodes that have the labels', () => {
    const { ruleset } = compiled(
      ccnp(
        '{nodeSelector: {matchLabels: {role: worker}}, ingress: [{fromEntities: [cluster], toPorts: [{ports: [{port: "22", protocol: TCP}]}]}]}',
      ),
      CLUSTER,
    );
    expect(ruleset.ofNodes).toBe(true);
    const tier = ruleset.ingress.at(-1)!;
    expect(tier.isolations.map(({ subjects }) => subjects.v4)).toEqual([[0xc0a80001, 0xc0a80002]]);
    expect(tier.rules.map(({ action, destinationPorts }) => [action, destinationPorts])).toEqual([
      ['allow', [22, 22]],
      ['unsupported', [22, 22]],
      ['unsupported', [22, 22]],
    ]);
  });
});

describe('compiled again', () => {
  it('a changed group changes the policies that name it, and nothing else is made anew', () => {
    const group = (cidr: string) => `
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: vpn}
spec: {externalCIDRs: [${cidr}]}
`;
    const documents = (text: string) => readDocuments(text, 'p.yaml').documents;
    const policies = documents(
      client('egress: [{toCIDRSet: [{cidrGroupRef: vpn}]}]') +
        server('ingress: [{fromEndpoints: [{}]}]').replace('name: p', 'name: q'),
    );
    const cluster = documents(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: CLUSTER }));
    const compiler = createCompiler({ profile: 'cilium' });
    const first = compiler.compile([...cluster, ...policies, ...documents(group('203.0.113.0/24'))]).compiled!;
    const second = compiler.compile([...cluster, ...policies, ...documents(group('198.51.100.0/24'))]).compiled!;
    expect(asker(first)(to(CLIENT, OUTSIDE)).egress).toBe('allowed rule shop/p egress[0]');
    expect(asker(second)(to(CLIENT, OUTSIDE)).egress).toBe('dropped default-deny');
    expect(asker(second)(to(CLIENT, API)).egress).toBe('allowed rule shop/p egress[0]');
    expect(second.ruleset.ingress.at(-1)!.rules[0]).toBe(first.ruleset.ingress.at(-1)!.rules[0]);
  });
});
