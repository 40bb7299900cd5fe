/** The facts of docs/dialects/antrea.md, by their numbers: documents in, outcomes of written packets out, by both engines. */
import { describe, expect, it } from 'vitest';
import { compile, createCompiler } from '../../../src/compile.js';
import { readDocuments } from '../../../src/documents/read.js';
import type { ProfileName } from '../../../src/profile/profile.js';
import { createLinear } from '../../../src/tree/linear.js';
import { outcomeRecord } from '../../../src/verdict/outcome.js';
import { classify, describeOutcome, type PacketLiteral } from '../../tree/packets.js';

const pod = (namespace: string, name: string, ip: string, extra = ''): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { nodeName: node-a, ${extra} containers: [{ name: c, ports: [{ name: http, containerPort: 8080 }] }] }
status: { phase: Running, podIPs: [{ ip: ${ip} }] }
---`;
const CLUSTER = `${pod('nx', 'a', '10.0.0.1')}${pod('nx', 'b', '10.0.0.2', 'serviceAccountName: robot,')}${pod('ny', 'a', '10.0.0.3')}${pod('ny', 'b', '10.0.0.4')}${pod('nz', 'a', '10.0.0.5')}${pod('nz', 'hosted', '192.168.0.1', 'hostNetwork: true,')}
apiVersion: v1
kind: Namespace
metadata: { name: nx, labels: { tenant: one, ns: nx } }
---
apiVersion: v1
kind: Namespace
metadata: { name: ny, labels: { tenant: one, ns: ny } }
---
apiVersion: v1
kind: Namespace
metadata: { name: nz, labels: { ns: nz } }
---
apiVersion: v1
kind: Node
metadata: { name: node-a, labels: { zone: a } }
status: { addresses: [{ type: InternalIP, address: 192.168.0.1 }] }
---
apiVersion: v1
kind: Node
metadata: { name: node-b, labels: { zone: b } }
spec: { podCIDR: 10.0.9.0/24 }
status: { addresses: [{ type: InternalIP, address: 192.168.0.2 }] }
---
apiVersion: v1
kind: Service
metadata: { name: svc, namespace: ny }
spec: { clusterIP: 10.96.0.5, selector: { app: b }, ports: [{ port: 80 }] }
`;
const [XA, XB, YA, YB, ZA] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'] as [
  string,
  string,
  string,
  string,
  string,
];
const NODE_B = '192.168.0.2';
const OUTSIDE = '198.51.100.7';

const ALL = 'appliedTo: [{namespaceSelector: {}}]';
const acnp = (spec: string, name = 'p'): string =>
  `apiVersion: crd.antrea.io/v1beta1\nkind: ClusterNetworkPolicy\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
const annp = (spec: string, namespace = 'nx', name = 'own'): string =>
  `apiVersion: crd.antrea.io/v1beta1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {${spec}}\n`;
const group = (spec: string, name: string): string =>
  `apiVersion: crd.antrea.io/v1beta1\nkind: ClusterGroup\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
const tier = (name: string, priority: number): string =>
  `apiVersion: crd.antrea.io/v1beta1\nkind: Tier\nmetadata: {name: ${name}}\nspec: {priority: ${priority}}\n`;
const inTier = (where: string, priority: number, rules: string, name = 'p', to = ALL): string =>
  acnp(`tier: ${where}, priority: ${priority}, ${to}, ingress: [${rules}]`, name);
const ingress = (rules: string, to = ALL): string => acnp(`priority: 5, ${to}, ingress: [${rules}]`);
const egress = (rules: string, to = ALL): string => acnp(`priority: 5, ${to}, egress: [${rules}]`);
const np = (spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: nx}\nspec: {podSelector: {}, ${spec}}\n`;
const cnp = (where: string, action: string): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: k8s-${where.toLowerCase()}}\nspec: {tier: ${where}, priority: 0, subject: {namespaces: {}}, ingress: [{action: ${action}, from: [{namespaces: {}}]}]}\n`;

function compiledOf(policies: readonly string[], profile: ProfileName = 'upstream') {
  const texts = [CLUSTER, ...policies].map((text, i) => readDocuments(text, `${i}.yaml`));
  const { compiled, problems } = compile(
    texts.flatMap(({ documents }) => documents),
    { profile },
  );
  if (compiled === null) throw new Error(JSON.stringify(problems, null, 1));
  return compiled;
}
const warned = (...policies: string[]): string[] => compiledOf(policies).problems.map(({ message }) => message);

/** Outcomes in words: [egress, ingress]. */
function asking(...policies: string[]) {
  const { classifier, ruleset, inventory } = compiledOf(policies);
  const linear = createLinear(ruleset, inventory);
  return (source: string, destination: string, rest: Partial<PacketLiteral> = {}): [string, string] => {
    const packet = { source, destination, dport: 80, ...rest };
    const outcomes = classify(linear, packet);
    expect(classify(classifier, packet)).toEqual(outcomes);
    return [describeOutcome(linear, outcomes[0]), describeOutcome(linear, outcomes[1])];
  };
}

describe('order', () => {
  it('AN1: selected is not isolated', () => {
    const ask = asking(ingress('{action: Allow, from: [{podSelector: {matchLabels: {app: a}}}]}'));
    expect(ask(YA, XA)[1]).toBe('allow p ingress[0]');
    expect(ask(YB, XA)[1]).toBe('not-isolated');
  });

  it('AN2: tiers by their priority; application where none is given; names of old', () => {
    const drop = (where: string, name: string) => inTier(where, 5, '{action: Drop}', name);
    const allow = (where: string, name: string) => inTier(where, 5, '{action: Allow}', name);
    const order = ['emergency', 'SecurityOps', 'networkops', 'Platform', 'application'];
    for (let i = 0; i + 1 < order.length; i++) {
      expect(asking(drop(order[i + 1]!, 'later'), allow(order[i]!, 'first'))(YA, XA)[1]).toBe('allow first ingress[0]');
    }
    expect(asking(ingress('{action: Drop}'), allow('platform', 'first'))(YA, XA)[1]).toBe('allow first ingress[0]');
    expect(asking(ingress('{action: Drop}'), tier('own', 249), allow('own', 'first'))(YA, XA)[1]).toBe(
      'allow first ingress[0]',
    );
    expect(asking(drop('application', 'first'), allow('baseline', 'last'))(YA, XA)[1]).toBe('deny first ingress[0]');
  });

  it('AN2: a tier that was not given makes its rules undecided', () => {
    const policies = [
      inTier('own', 5, '{action: Allow, ports: [{port: 80}]}'),
      inTier('emergency', 1, '{action: Drop}', 'e'),
    ];
    const ask = asking(...policies);
    expect(ask(YA, XA)[1]).toBe('unsupported p ingress[0]');
    expect(ask(YA, XA, { dport: 81 })[1]).toBe('deny e ingress[0]');
    expect(warned(...policies)).toEqual([
      'AntreaClusterNetworkPolicy p: tier own does not exist in what was given: what its rules match is undecided',
    ]);
  });

  it('AN3: Antrea, administrators, NetworkPolicies, baseline, their baseline', () => {
    const rules = '{action: Allow}';
    expect(asking(inTier('application', 9, rules), cnp('Admin', 'Deny'))(YA, XA)[1]).toBe('allow p ingress[0]');
    expect(asking(inTier('baseline', 1, rules), cnp('Admin', 'Deny'))(YA, XA)[1]).toBe('deny k8s-admin ingress[0]');
    expect(asking(inTier('baseline', 1, rules), np('ingress: []'))(YA, XA)[1]).toBe('default-deny');
    expect(asking(inTier('baseline', 1, rules), cnp('Baseline', 'Deny'))(YA, XA)[1]).toBe('allow p ingress[0]');
  });

  it('AN4: priorities, fractions too, of either kind', () => {
    const ask = asking(
      acnp(`priority: 5.5, ${ALL}, ingress: [{action: Drop}]`),
      annp('priority: 5.25, appliedTo: [{podSelector: {}}], ingress: [{action: Allow}]'),
    );
    expect(ask(YA, XA)[1]).toBe('allow nx/own ingress[0]');
    expect(ask(XA, YA)[1]).toBe('deny p ingress[0]');
  });

  it('AN4: of equal priority, all first rules before all second ones; the same place is ambiguous', () => {
    const first = acnp(
      `priority: 5, ${ALL}, ingress: [{action: Allow, ports: [{port: 80}]}, {action: Drop, ports: [{port: 90}]}, {action: Drop}]`,
      'p',
    );
    const second = acnp(
      `priority: 5, ${ALL}, ingress: [{action: Drop, ports: [{port: 90, endPort: 99}, {port: 80, protocol: UDP}]}, {action: Allow, ports: [{port: 80}]}]`,
      'q',
    );
    const ask = asking(second, first);
    expect(ask(YA, XA)[1]).toBe('allow p ingress[0]');
    expect(ask(YA, XA, { dport: 90 })[1]).toBe('deny q ingress[0]');
    expect(ask(YA, XA, { dport: 70 })[1]).toBe('deny p ingress[2]');
    const clash = asking(
      first,
      acnp(`priority: 5, ${ALL}, ingress: [{action: Reject, ports: [{port: 80}, {port: 81}]}]`, 'r'),
    );
    expect(clash(YA, XA)[1]).toBe('ambiguous p and r ingress[0] and ingress[0]');
    expect(clash(YA, XA, { dport: 81 })[1]).toBe('deny r ingress[0]');
  });

  it('AN5: Pass skips what is left before NetworkPolicies, administrators included; Reject drops', () => {
    const pass = inTier(
      'emergency',
      5,
      '{action: Reject, ports: [{port: 443}]}, {action: Pass, from: [{podSelector: {matchLabels: {app: a}}}]}',
      'e',
    );
    const drops = [inTier('platform', 5, '{action: Drop}', 'later'), cnp('Admin', 'Deny')];
    const ask = asking(pass, ...drops);
    expect(ask(YA, XA)[1]).toBe('not-isolated');
    expect(ask(YB, XA)[1]).toBe('deny later ingress[0]');
    expect(ask(YA, XA, { dport: 443 })[1]).toBe('deny e ingress[0]');
    expect(asking(pass, ...drops, np('ingress: []'))(YA, XA)[1]).toBe('default-deny');
    expect(asking(pass, ...drops, inTier('baseline', 1, '{action: Drop}', 'base'))(YA, XA)[1]).toBe(
      'deny base ingress[0]',
    );
    expect(asking(pass, cnp('Admin', 'Deny'))(YA, XA)[1]).toBe('not-isolated');
    expect(asking(pass, cnp('Admin', 'Deny'))(YB, XA)[1]).toBe('deny k8s-admin ingress[0]');
  });
});

describe('what the sender is told', () => {
  /** [egress, ingress] of a packet. */
  function told(...policies: string[]) {
    const { classifier, ruleset, inventory } = compiledOf(policies, 'antrea');
    return (source: string, destination: string, rest: Partial<PacketLiteral> = {}): (string | undefined)[] => {
      const outcomes = classify(classifier, { source, destination, dport: 80, ...rest });
      const ownerOf = (address: string): number => inventory.byAddress.get(address)?.owner ?? -1;
      return [
        outcomeRecord('egress', outcomes[0], ownerOf(source), ruleset, inventory),
        outcomeRecord('ingress', outcomes[1], ownerOf(destination), ruleset, inventory),
      ].map(record => (record?.verdict === 'dropped' ? (record.answer ?? 'nothing') : undefined));
    };
  }
  const UDP = { protocol: 17 };
  const PING = { protocol: 1, dport: 0, icmpType: 8 };

  it('AN26: Reject answers TCP with a RST, everything else with ICMP; Drop and isolation do not', () => {
    const all = told(ingress('{action: Reject}'));
    const said = [{}, UDP, PING, { protocol: 132 }, { protocol: 47, dport: 0 }].map(rest => all(YA, XA, rest)[1]);
    expect(said).toEqual(['tcp-reset', ...Array(4).fill('icmp-admin-prohibited')]);
    const ports = told(ingress('{action: Reject, ports: [{port: 80}, {protocol: UDP, port: 80}]}'));
    expect([ports(YA, XA)[1], ports(YA, XA, UDP)[1], ports(YA, XA, PING)[1]]).toEqual([
      'tcp-reset',
      'icmp-admin-prohibited',
      undefined,
    ]);
    expect(told(ingress('{action: Drop}'))(YA, XA)).toEqual([undefined, 'nothing']);
    expect(told(np('ingress: []'))(YA, XA)).toEqual([undefined, 'nothing']);
    const both = told(egress('{action: Reject}'), acnp(`priority: 6, ${ALL}, ingress: [{action: Drop}]`, 'q'));
    expect(both(YA, XA)).toEqual(['tcp-reset', 'nothing']);
  });

  it('AN26: at nodes iptables answers, but for what leaves them without a connection', () => {
    const NODE = 'appliedTo: [{nodeSelector: {matchLabels: {zone: b}}}]';
    const onNode = told(acnp(`priority: 5, ${NODE}, ingress: [{action: Reject}], egress: [{action: Reject}]`));
    expect([onNode(OUTSIDE, NODE_B)[1], onNode(OUTSIDE, NODE_B, UDP)[1]]).toEqual([
      'icmp-port-unreachable',
      'icmp-port-unreachable',
    ]);
    expect([onNode(NODE_B, OUTSIDE)[0], onNode(NODE_B, OUTSIDE, UDP)[0]]).toEqual(['icmp-port-unreachable', 'nothing']);
    const mixed = told(
      acnp(
        'priority: 5, appliedTo: [{nodeSelector: {matchLabels: {zone: b}}}, {podSelector: {}}], ingress: [{action: Reject}]',
      ),
    );
    expect([mixed(OUTSIDE, NODE_B)[1], mixed(OUTSIDE, XA)[1]]).toEqual(['icmp-port-unreachable', 'tcp-reset']);
  });

  it('AN5: of equal priority, one that answers and one that does not: dropped, and nobody knows what is said', () => {
    const of = (action: string, name: string, ports = '') =>
      acnp(`priority: 5, ${ALL}, ingress: [{action: ${action}${ports}}]`, name);
    for (const [a, b] of [
      ['Drop', 'Reject'],
      ['Reject', 'Drop'],
    ] as const) {
      const ask = told(of(a, 'a'), of(b, 'b', ', ports: [{port: 80}]'));
      expect(ask(YA, XA)[1]).toBe('unknown');
      expect(ask(YA, XA, { dport: 81 })[1]).toBe(a === 'Drop' ? 'nothing' : 'tcp-reset');
    }
    const same = told(of('Reject', 'a'), of('Reject', 'b'));
    expect([same(YA, XA)[1], same(YA, XA, UDP)[1]]).toEqual(['tcp-reset', 'icmp-admin-prohibited']);
    expect(asking(of('Drop', 'a'), of('Reject', 'b'))(YA, XA)[1]).toBe('deny a ingress[0]');
  });

  it('a rule that passes or allows in front of it is no refusal', () => {
    const ask = told(ingress('{action: Allow, ports: [{port: 80}]}, {action: Reject}'));
    expect([ask(YA, XA)[1], ask(YA, XA, { dport: 81 })[1]]).toEqual([undefined, 'tcp-reset']);
  });
});

describe('subjects and peers', () => {
  const drop = (peer: string) => egress(`{action: Drop, to: [${peer}]}`);
  const hit = 'deny p egress[0]';

  it('AN6: in every namespace, in some, in its own; of the policy or of a rule', () => {
    const of = (to: string) => asking(ingress('{action: Drop}', `appliedTo: [${to}]`));
    expect([XA, XB, YA].map(it => of('{podSelector: {matchLabels: {app: a}}}')(ZA, it)[1])).toEqual([
      'deny p ingress[0]',
      'not-isolated',
      'deny p ingress[0]',
    ]);
    const both = of(
      '{podSelector: {matchLabels: {app: a}}, namespaceSelector: {matchLabels: {ns: nx}}}, {podSelector: {matchLabels: {app: b}}, namespaceSelector: {matchLabels: {ns: ny}}}',
    );
    expect([XA, XB, YA, YB].map(it => both(ZA, it)[1])).toEqual([
      'deny p ingress[0]',
      'not-isolated',
      'not-isolated',
      'deny p ingress[0]',
    ]);
    const own = asking(
      annp('priority: 5, appliedTo: [{podSelector: {}}], ingress: [{action: Drop, from: [{podSelector: {}}]}]'),
    );
    expect(own(XB, XA)[1]).toBe('deny nx/own ingress[0]');
    expect(own(YA, XA)[1]).toBe('not-isolated');
    expect(own(YA, YB)[1]).toBe('not-isolated');
    const perRule = asking(
      acnp(
        'priority: 5, ingress: [{action: Drop, appliedTo: [{podSelector: {matchLabels: {app: a}}}]}, {action: Allow, appliedTo: [{podSelector: {}}]}]',
      ),
    );
    expect([perRule(ZA, XA)[1], perRule(ZA, XB)[1]]).toEqual(['deny p ingress[0]', 'allow p ingress[1]']);
  });

  it('AN6: nodes are subjects of their own', () => {
    const { ruleset } = compiledOf([
      ingress('{action: Drop}', 'appliedTo: [{nodeSelector: {matchLabels: {zone: b}}}]'),
    ]);
    expect(ruleset.ofNodes).toBe(true);
    const addresses = ruleset.rules.map(({ subjects }) => subjects.v4);
    expect(addresses).toEqual([[0x0a000901, 0x0a000901, 0xc0a80002, 0xc0a80002]]);
  });

  it('AN7: Self is the namespace of the subject, sameLabels those with its labels', () => {
    const self = asking(
      ingress('{action: Allow, from: [{namespaces: {match: Self}}]}, {action: Drop, from: [{namespaceSelector: {}}]}'),
    );
    expect([self(XB, XA)[1], self(YB, YA)[1]]).toEqual(['allow p ingress[0]', 'allow p ingress[0]']);
    expect([self(YA, XA)[1], self(XA, YA)[1]]).toEqual(['deny p ingress[1]', 'deny p ingress[1]']);
    const some = asking(
      egress('{action: Drop, to: [{namespaces: {match: Self}, podSelector: {matchLabels: {app: b}}}]}'),
    );
    expect([some(XA, XB)[0], some(XB, XA)[0], some(XA, YB)[0]]).toEqual([hit, 'not-isolated', 'not-isolated']);
    const same = asking(egress('{action: Drop, to: [{namespaces: {sameLabels: [tenant]}}]}'));
    expect([same(XA, XB)[0], same(XA, YA)[0], same(YA, XB)[0]]).toEqual([hit, hit, hit]);
    expect([same(XA, ZA)[0], same(ZA, XA)[0]]).toEqual(['not-isolated', 'not-isolated']);
    for (const keys of ['[tenant, ns]', '[]', '[nowhere]']) {
      expect(asking(egress(`{action: Drop, to: [{namespaces: {sameLabels: ${keys}}}]}`))(XA, YA)[0]).toBe(
        'not-isolated',
      );
    }
  });

  it('AN8: blocks hold pods too; what except leaves out, later rules are asked about', () => {
    const ask = asking(
      egress('{action: Drop, to: [{ipBlock: {cidr: 10.0.0.0/24, except: [10.0.0.4/32]}}]}, {action: Allow}'),
    );
    expect([ask(XA, XB)[0], ask(XA, YB)[0], ask(XA, OUTSIDE)[0]]).toEqual([
      hit,
      'allow p egress[1]',
      'allow p egress[1]',
    ]);
  });

  it('AN9: groups by selector, block, service, and of groups', () => {
    const groups = [
      group('podSelector: {matchLabels: {app: a}}', 'sel'),
      group('ipBlocks: [{cidr: 198.51.100.0/24}]', 'net'),
      group('serviceReference: {name: svc, namespace: ny}', 'behind'),
      group('childGroups: [sel, net]', 'nested'),
      group('childGroups: [nested]', 'deep'),
    ];
    const of = (name: string) => asking(drop(`{group: ${name}}`), ...groups);
    const said = (name: string) => [YA, YB, ZA, OUTSIDE].map(to => (of(name)(XA, to)[0] === hit ? 'hit' : 'no'));
    expect(said('sel')).toEqual(['hit', 'no', 'hit', 'no']);
    expect(said('net')).toEqual(['no', 'no', 'no', 'hit']);
    expect(said('behind')).toEqual(['no', 'hit', 'no', 'no']);
    expect(said('nested')).toEqual(['hit', 'no', 'hit', 'hit']);
    expect(said('deep')).toEqual(['no', 'no', 'no', 'no']);
    const subject = asking(ingress('{action: Drop}', 'appliedTo: [{group: sel}]'), ...groups);
    expect([subject(YB, XA)[1], subject(YB, XB)[1]]).toEqual(['deny p ingress[0]', 'not-isolated']);
    expect(asking(ingress('{action: Drop}', 'appliedTo: [{group: net}]'), ...groups)(YB, XA)[1]).toBe('not-isolated');
    const own = `apiVersion: crd.antrea.io/v1beta1\nkind: Group\nmetadata: {name: g, namespace: nx}\nspec: {podSelector: {matchLabels: {app: b}}}\n`;
    const inOwn = asking(
      annp('priority: 5, appliedTo: [{podSelector: {}}], egress: [{action: Drop, to: [{group: g}]}]'),
      own,
    );
    expect([inOwn(XA, XB)[0], inOwn(XA, YB)[0]]).toEqual(['deny nx/own egress[0]', 'not-isolated']);
  });

  it('AN9: a group that was not given makes what it could mean undecided', () => {
    const peer = [drop('{group: lost}, {podSelector: {matchLabels: {app: b}}}')];
    expect([asking(...peer)(XA, XB)[0], asking(...peer)(XA, OUTSIDE)[0]]).toEqual([hit, 'unsupported p egress[0]']);
    expect(warned(...peer)).toEqual([
      'AntreaClusterNetworkPolicy p egress[0]: the group lost was not given: what it could match is undecided',
    ]);
    const subject = asking(ingress('{action: Drop, ports: [{port: 80}]}', 'appliedTo: [{group: lost}]'));
    expect([subject(YA, XA)[1], subject(YA, XA, { dport: 81 })[1]]).toEqual([
      'unsupported p ingress[0]',
      'not-isolated',
    ]);
  });

  it('AN13: what a name could be is undecided; of the cluster, pods too', () => {
    const ask = asking(egress('{action: Allow, to: [{fqdn: "*example.com"}], ports: [{port: 443}]}, {action: Drop}'));
    expect([ask(XA, OUTSIDE, { dport: 443 })[0], ask(XA, OUTSIDE)[0]]).toEqual([
      'unsupported p egress[0]',
      'deny p egress[1]',
    ]);
    expect([ask(XA, XB, { dport: 443 })[0], ask(XA, NODE_B, { dport: 443 })[0]]).toEqual([
      'deny p egress[1]',
      'deny p egress[1]',
    ]);
    for (const name of ['a.ny.svc.cluster.local', '*', 'a.*']) {
      expect(asking(drop(`{fqdn: "${name}"}`))(XA, YA)[0]).toBe('unsupported p egress[0]');
    }
    const anyPod = asking(egress('{action: Drop, to: [{fqdn: example.com}]}', 'appliedTo: [{group: lost}]'));
    expect([anyPod(XA, OUTSIDE)[0], anyPod(XA, YA)[0]]).toEqual(['unsupported p egress[0]', 'not-isolated']);
    expect(warned(drop('{fqdn: example.com}'))).toEqual([
      'AntreaClusterNetworkPolicy p egress[0]: what example.com resolves to only DNS answers tell: without them, what it could match is undecided',
    ]);
  });

  it('AN17: nodes on all their addresses, the gateway too', () => {
    const ask = asking(drop('{nodeSelector: {matchLabels: {zone: b}}}'));
    expect([NODE_B, '10.0.9.1', '192.168.0.3'].map(it => ask(XA, it)[0])).toEqual([hit, hit, 'not-isolated']);
  });

  it('AN18: service accounts, as peers and as subjects', () => {
    const ask = asking(drop('{serviceAccount: {name: robot, namespace: nx}}'));
    expect([ask(YA, XB)[0], ask(YA, XA)[0]]).toEqual([hit, 'not-isolated']);
    const subject = asking(ingress('{action: Drop}', 'appliedTo: [{serviceAccount: {name: robot, namespace: nx}}]'));
    expect([subject(YA, XB)[1], subject(YA, XA)[1]]).toEqual(['deny p ingress[0]', 'not-isolated']);
  });

  it('AN19: hostNetwork pods are no members, and no subjects', () => {
    const ask = asking(
      acnp(
        `priority: 5, ${ALL}, egress: [{action: Drop, to: [{podSelector: {matchLabels: {app: hosted}}}]}], ingress: [{action: Drop}]`,
      ),
    );
    expect([ask(XA, '192.168.0.1')[0], ask('192.168.0.1', NODE_B)[0], ask(OUTSIDE, '192.168.0.1')[1]]).toEqual([
      'node',
      'none',
      'none',
    ]);
    const far = asking(egress('{action: Drop, to: [{podSelector: {matchLabels: {app: hosted}}}]}'));
    expect(far(XA, NODE_B)[0]).toBe('not-isolated');
  });

  it('other clusters and external entities are undecided outside', () => {
    for (const peer of [
      '{podSelector: {matchLabels: {app: b}}, scope: ClusterSet}',
      '{externalEntitySelector: {}}, {podSelector: {matchLabels: {app: b}}}',
    ]) {
      const ask = asking(ingress(`{action: Drop, from: [${peer}]}`));
      expect([ask(YB, XA)[1], ask(YA, XA)[1], ask(OUTSIDE, XA)[1]]).toEqual([
        'deny p ingress[0]',
        'not-isolated',
        'unsupported p ingress[0]',
      ]);
    }
  });
});

describe('ports and protocols', () => {
  const on = (text: string) => asking(ingress(`{action: Drop, ${text}}`));
  const hit = 'deny p ingress[0]';
  const PING = { protocol: 1, dport: 0, icmpType: 8 };

  it('AN10: nothing said is everybody and everything', () => {
    const ask = asking(ingress('{action: Drop, from: []}'));
    for (const rest of [{}, PING, { protocol: 47 }]) expect(ask(OUTSIDE, XA, rest)[1]).toBe(hit);
  });

  it('AN11: ranges, source ports, names', () => {
    const range = on('ports: [{port: 80, endPort: 82}, {protocol: UDP}]');
    expect([79, 80, 82, 83].map(dport => range(YA, XA, { dport })[1])).toEqual([
      'not-isolated',
      hit,
      hit,
      'not-isolated',
    ]);
    expect([range(YA, XA, { protocol: 17, dport: 9 })[1], range(YA, XA, PING)[1]]).toEqual([hit, 'not-isolated']);
    const source = on('ports: [{sourcePort: 5, sourceEndPort: 6, port: 80}, {sourcePort: 9}]');
    const said = (sport: number, dport: number) => source(YA, XA, { sport, dport })[1] === hit;
    expect([said(5, 80), said(6, 80), said(7, 80), said(5, 81), said(9, 81)]).toEqual([true, true, false, false, true]);
    const name = on('ports: [{port: http}]');
    expect([name(YA, XA, { dport: 8080 })[1], name(YA, XA)[1]]).toEqual([hit, 'not-isolated']);
    const out = asking(
      egress('{action: Drop, to: [{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]}'),
    );
    expect([out(XA, XB, { dport: 8080 })[0], out(XA, OUTSIDE, { dport: 8080 })[0]]).toEqual([
      'deny p egress[0]',
      'not-isolated',
    ]);
  });

  it('AN11: a protocol alone is all its ports, whatever stands beside it; a name without peers is any pod that has it', () => {
    const ask = on('ports: [{port: 5}, {protocol: TCP}, {port: 6}]');
    expect([ask(YA, XA, { dport: 7 })[1], ask(YA, XA, { protocol: 17, dport: 5 })[1]]).toEqual([hit, 'not-isolated']);
    const out = asking(egress('{action: Drop, ports: [{port: http}]}'));
    expect([out(XA, YB, { dport: 8080 })[0], out(XA, OUTSIDE, { dport: 8080 })[0]]).toEqual([
      'deny p egress[0]',
      'not-isolated',
    ]);
  });

  it('AN12: ICMP by type and code; beside ports, either', () => {
    const ask = on('ports: [{port: 80}], protocols: [{icmp: {icmpType: 8, icmpCode: 0}}]');
    expect([
      ask(YA, XA)[1],
      ask(YA, XA, PING)[1],
      ask(YA, XA, { ...PING, icmpCode: 1 })[1],
      ask(YA, XA, { ...PING, icmpType: 0 })[1],
    ]).toEqual([hit, hit, 'not-isolated', 'not-isolated']);
    const any = on('protocols: [{icmp: {}}]');
    expect([any(YA, XA, PING)[1], any(YA, XA)[1]]).toEqual([hit, 'not-isolated']);
    const code = on('protocols: [{icmp: {icmpCode: 3}}]');
    expect([code(YA, XA, { ...PING, icmpCode: 3 })[1], code(YA, XA, PING)[1]]).toEqual([hit, 'not-isolated']);
  });

  it('AN12: IGMP is undecided', () => {
    const ask = on('protocols: [{igmp: {igmpType: 17, groupAddress: 224.0.0.1}}]');
    expect([ask(OUTSIDE, XA, { protocol: 2 })[1], ask(OUTSIDE, XA)[1]]).toEqual([
      'unsupported p ingress[0]',
      'not-isolated',
    ]);
  });

  it('AN14: layer 7 leaves what matches at layer 4 undecided, and later rules unasked', () => {
    const ask = asking(
      ingress(
        '{action: Allow, from: [{podSelector: {matchLabels: {app: a}}}], ports: [{port: 80}], l7Protocols: [{http: {method: GET}}]}, {action: Drop}',
      ),
    );
    expect([ask(YA, XA)[1], ask(YB, XA)[1], ask(YA, XA, { dport: 81 })[1]]).toEqual([
      'unsupported p ingress[0]',
      'deny p ingress[1]',
      'deny p ingress[1]',
    ]);
  });

  it('AN15: toServices leaves its pods and its addresses undecided', () => {
    const policy = egress('{action: Drop, toServices: [{name: svc, namespace: ny}]}');
    const ask = asking(policy);
    expect([ask(XA, YB)[0], ask(XA, '10.96.0.5')[0], ask(XA, YA)[0]]).toEqual([
      'unsupported p egress[0]',
      'unsupported p egress[0]',
      'not-isolated',
    ]);
    expect(warned(policy)[0]).toContain('toServices matches what goes through a service');
  });

  it('AN16: a NodePort service as the subject leaves what comes to its pods undecided', () => {
    const ask = asking(
      ingress(
        '{action: Drop, from: [{ipBlock: {cidr: 198.51.100.0/24}}]}',
        'appliedTo: [{service: {name: svc, namespace: ny}}]',
      ),
    );
    expect([ask(OUTSIDE, YB)[1], ask(NODE_B, YB)[1], ask(XA, YB)[1], ask(OUTSIDE, YA)[1]]).toEqual([
      'unsupported p ingress[0]',
      'unsupported p ingress[0]',
      'not-isolated',
      'not-isolated',
    ]);
  });
});

describe('outputs and profiles', () => {
  const drops = egress('{action: Drop, to: [{group: g}]}');

  it('name the kind, the tier and the rule', () => {
    const { classifier, ruleset, inventory } = compiledOf(
      [annp('tier: platform, priority: 5, appliedTo: [{podSelector: {}}], ingress: [{name: no-one, action: Reject}]')],
      'antrea',
    );
    const [, outcome] = classify(classifier, { source: YA, destination: XA, dport: 80 });
    const owner = inventory.byAddress.get(XA)!.owner;
    expect(outcomeRecord('ingress', outcome, owner, ruleset, inventory)).toMatchObject({
      verdict: 'dropped',
      reason: 'rule',
      policy: 'nx/own',
      rule: 'ingress[0] no-one',
      kind: 'AntreaNetworkPolicy',
      tier: 'platform',
    });
  });

  it('P8: the ports of init containers have no names here', () => {
    const init = pod(
      'nz',
      'late',
      '10.0.0.9',
      'initContainers: [{ name: i, restartPolicy: Always, ports: [{ name: early, containerPort: 7000 }] }],',
    ).replace(/---$/, '');
    const policy = ingress('{action: Drop, ports: [{port: early}]}');
    const said = (profile: ProfileName) => {
      const { classifier } = compiledOf([init, policy], profile);
      return describeOutcome(classifier, classify(classifier, { source: YA, destination: '10.0.0.9', dport: 7000 })[1]);
    };
    expect([said('upstream'), said('antrea')]).toEqual(['deny p ingress[0]', 'not-isolated']);
  });

  it('compiled again, a group that changed is asked again, and the rest stays', () => {
    const compiler = createCompiler();
    const read = (text: string) => readDocuments(text, 'p.yaml').documents;
    const fixed = [...read(CLUSTER), ...read(drops)];
    const ask = (label: string) => {
      const { compiled } = compiler.compile([
        ...fixed,
        ...read(group(`podSelector: {matchLabels: {app: ${label}}}`, 'g')),
      ]);
      const { classifier, ruleset } = compiled!;
      const packet = (destination: string) => ({ source: XA, destination, dport: 80 });
      const said = [YA, YB].map(to => describeOutcome(classifier, classify(classifier, packet(to))[0]));
      return { said, ruleset };
    };
    expect(ask('a').said).toEqual(['deny p egress[0]', 'not-isolated']);
    expect(ask('b').said).toEqual(['not-isolated', 'deny p egress[0]']);
  });

  it('who does not enforce it leaves it out with a warning', () => {
    const compiled = compiledOf([ingress('{action: Drop}'), tier('own', 7)], 'kube-router');
    expect(compiled.problems.map(({ message }) => message)).toEqual([
      'kube-router does not enforce AntreaClusterNetworkPolicy: verdicts leave out p',
      'kube-router does not enforce AntreaTier: verdicts leave out own',
    ]);
  });
});
