/** The facts of docs/dialects/admin.md, by their numbers: documents in, outcomes of written packets out, by both engines. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../../src/compile.js';
import { readDocuments } from '../../../src/documents/read.js';
import { createLinear } from '../../../src/tree/linear.js';
import { outcomeRecord } from '../../../src/verdict/outcome.js';
import { classify, describeOutcome, type PacketLiteral } from '../../tree/packets.js';

const CLUSTER = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Namespace
metadata: { name: ops, labels: { team: ops } }
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
status: { addresses: [{ type: InternalIP, address: 192.168.0.2 }, { type: ExternalIP, address: 203.0.113.2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { nodeName: node-a, containers: [{ name: c, ports: [{ name: web, containerPort: 8080 }, { name: web, containerPort: 8443, protocol: UDP }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.0.1 }, { ip: 'fd00::1' }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { nodeName: node-b, containers: [{ name: c, ports: [{ name: web, containerPort: 5432 }] }] }
status: { phase: Running, podIPs: [{ ip: 10.0.0.2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: agent, namespace: ops, labels: { app: agent } }
spec: { nodeName: node-b, containers: [{ name: c }] }
status: { phase: Running, podIPs: [{ ip: 10.0.0.3 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: host, namespace: ops, labels: { app: host } }
spec: { nodeName: node-b, hostNetwork: true, containers: [{ name: c }] }
status: { phase: Running, podIPs: [{ ip: 192.168.0.2 }] }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: shop }
spec: { clusterIP: 10.96.0.5, selector: { app: web }, ports: [{ port: 80 }] }
`;

const WEB = '10.0.0.1';
const DB = '10.0.0.2';
const AGENT = '10.0.0.3';
const NODE_A = '192.168.0.1';
const NODE_B = '192.168.0.2';
const OUTSIDE = '198.51.100.7';

let names = 0;
const cnp = (spec: string, name = `p${names++}`): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const anp = (spec: string, name: string): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const banp = (spec: string): string =>
  `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: default}\nspec: ${spec}\n`;
const SHOP = 'subject: {namespaces: {matchLabels: {team: shop}}}';
const ALL = 'from: [{namespaces: {}}]';
const EVERYWHERE = 'to: [{networks: [0.0.0.0/0, "::/0"]}]';
const ingress = (text: string, { tier = 'Admin', priority = 1, name = 'p', subject = SHOP } = {}): string =>
  cnp(`{tier: ${tier}, priority: ${priority}, ${subject}, ingress: [${text}]}`, name);
const egress = (text: string, { tier = 'Admin', priority = 1, name = 'p', subject = SHOP } = {}): string =>
  cnp(`{tier: ${tier}, priority: ${priority}, ${subject}, egress: [${text}]}`, name);
const ISOLATE_SHOP = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np, namespace: shop}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}
`;

function compiledOf(...policies: string[]) {
  const texts = [CLUSTER, ...policies].map((text, i) => readDocuments(text, `${i}.yaml`));
  const { compiled, problems } = compile(texts.flatMap(({ documents }) => documents));
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
}

/** Outcomes in words: [egress, ingress]. */
function asking(...policies: string[]) {
  const compiled = compiledOf(...policies);
  const { classifier, ruleset, inventory } = compiled;
  const linear = createLinear(ruleset, inventory);
  return (source: string, destination: string, rest: Partial<PacketLiteral> = {}): [string, string] => {
    const packet = { source, destination, dport: 80, ...rest };
    const outcomes = classify(linear, packet);
    expect(classify(classifier, packet)).toEqual(outcomes);
    return [describeOutcome(linear, outcomes[0]), describeOutcome(linear, outcomes[1])];
  };
}

const PING = { protocol: 1, dport: 0, icmpType: 8 };

describe('tiers', () => {
  it('A1: Admin, then NetworkPolicies, then Baseline, then allowed', () => {
    const deny = `{action: Deny, ${ALL}, protocols: [{tcp: {destinationPort: {number: 80}}}]}`;
    const baseline = ingress(`{action: Deny, ${ALL}}`, { tier: 'Baseline', name: 'b' });
    expect(asking(ingress(deny), ISOLATE_SHOP)(AGENT, WEB)[1]).toBe('deny p ingress[0]');
    expect(asking(ingress(deny.replace('Deny', 'Accept')), ISOLATE_SHOP)(AGENT, WEB)[1]).toBe('allow p ingress[0]');
    const ask = asking(ingress(deny), ISOLATE_SHOP, baseline);
    expect(ask(AGENT, WEB, { dport: 81 })[1]).toBe('default-deny');
    expect(asking(baseline, ISOLATE_SHOP)(AGENT, WEB)[1]).toBe('allow shop/np ingress[0]');
    expect(asking(baseline)(AGENT, WEB)[1]).toBe('deny b ingress[0]');
    expect(asking(baseline)(OUTSIDE, WEB)[1]).toBe('not-isolated');
  });

  it('A1: the lower number first, and in a policy the rule written first', () => {
    const rules = (first: string, second: string) => `{action: ${first}, ${ALL}}, {action: ${second}, ${ALL}}`;
    const ask = asking(
      ingress(rules('Accept', 'Deny'), { name: 'z', priority: 5 }),
      ingress(rules('Deny', 'Accept'), { name: 'a', priority: 6 }),
    );
    expect(ask(AGENT, WEB)[1]).toBe('allow z ingress[0]');
    const tens = asking(
      ingress(rules('Deny', 'Accept'), { name: 'ten', priority: 10 }),
      ingress(rules('Accept', 'Deny'), { name: 'nine', priority: 9 }),
    );
    expect(tens(AGENT, WEB)[1]).toBe('allow nine ingress[0]');
  });

  it('A1: who is selected is not isolated by it', () => {
    const ask = asking(ingress(`{action: Accept, ${ALL}, protocols: [{tcp: {destinationPort: {number: 80}}}]}`));
    expect(ask(AGENT, WEB, { dport: 81 })).toEqual(['not-isolated', 'not-isolated']);
  });

  it('A2: the older kinds stand in the same tiers', () => {
    const rule = (action: string) => `ingress: [{action: ${action}, ${ALL}}]`;
    const ask = asking(anp(`{priority: 3, ${SHOP}, ${rule('Pass')}}`, 'old'), banp(`{${SHOP}, ${rule('Deny')}}`));
    expect(ask(AGENT, WEB)[1]).toBe('deny default ingress[0]');
    expect(asking(anp(`{priority: 3, ${SHOP}, ${rule('Deny')}}`, 'old'), ISOLATE_SHOP)(AGENT, WEB)[1]).toBe(
      'deny old ingress[0]',
    );
  });

  it('A18: Pass skips the rest of its tier, not the next', () => {
    const pass = ingress(`{action: Pass, ${ALL}}`, { name: 'first', priority: 1 });
    const deny = ingress(`{action: Deny, ${ALL}}`, { name: 'second', priority: 2 });
    const baseline = ingress(`{action: Deny, ${ALL}}`, { name: 'b', tier: 'Baseline' });
    expect(asking(pass, deny)(AGENT, WEB)[1]).toBe('not-isolated');
    expect(asking(pass, deny, ISOLATE_SHOP)(AGENT, WEB, { dport: 81 })[1]).toBe('default-deny');
    expect(asking(pass, deny, baseline)(AGENT, WEB)[1]).toBe('deny b ingress[0]');
    const passed = ingress(`{action: Pass, ${ALL}}`, { name: 'a', tier: 'Baseline', priority: 0 });
    expect(asking(passed, baseline)(AGENT, WEB)[1]).toBe('not-isolated');
  });
});

describe('A4: equal priorities', () => {
  const accept = ingress(`{action: Accept, ${ALL}, protocols: [{tcp: {destinationPort: {number: 80}}}]}`, {
    name: 'a',
  });
  const deny = ingress('{action: Deny, from: [{namespaces: {matchLabels: {team: ops}}}]}', { name: 'b' });

  it('where they disagree about a packet it is ambiguous, and both are named', () => {
    const ask = asking(deny, accept);
    expect(ask(AGENT, WEB)[1]).toBe('ambiguous a and b ingress[0] and ingress[0]');
    expect(ask(AGENT, WEB, { dport: 81 })[1]).toBe('deny b ingress[0]');
    expect(ask(DB, WEB)[1]).toBe('allow a ingress[0]');
    expect(ask(DB, WEB, { dport: 81 })[1]).toBe('not-isolated');
  });

  it('of each policy the first matching rule counts, whatever stands behind it', () => {
    const both = ingress(`{action: Deny, ${ALL}}, {action: Accept, ${ALL}}`, { name: 'c' });
    expect(asking(deny, both)(AGENT, WEB)[1]).toBe('deny b ingress[0]');
  });

  it('not in another tier, nor over other subjects', () => {
    const elsewhere = ingress(`{action: Deny, ${ALL}}`, {
      name: 'b',
      subject: 'subject: {namespaces: {matchLabels: {team: ops}}}',
    });
    expect(asking(accept, elsewhere)(AGENT, WEB)[1]).toBe('allow a ingress[0]');
    const baseline = ingress(`{action: Deny, ${ALL}}`, { name: 'b', tier: 'Baseline' });
    expect(asking(accept, baseline)(AGENT, WEB)[1]).toBe('allow a ingress[0]');
  });

  it('a Pass against a Deny is one, too; so is a BaselineAdminNetworkPolicy against any of its tier', () => {
    const pass = ingress(`{action: Pass, ${ALL}}`, { name: 'a' });
    expect(asking(pass, deny)(AGENT, WEB)[1]).toBe('ambiguous a and b ingress[0] and ingress[0]');
    const baseline = ingress(`{action: Accept, ${ALL}}`, { name: 'z', tier: 'Baseline', priority: 900 });
    const ask = asking(
      baseline,
      banp(`{${SHOP}, ingress: [{action: Deny, from: [{namespaces: {matchLabels: {team: ops}}}]}]}`),
    );
    expect(ask(AGENT, WEB)[1]).toBe('ambiguous z and default ingress[0] and ingress[0]');
    expect(ask(DB, WEB)[1]).toBe('allow z ingress[0]');
  });

  it('beside a BaselineAdminNetworkPolicy, priorities are numbers all the same', () => {
    const rule = (action: string) => `{action: ${action}, ${ALL}}`;
    const ask = asking(
      ingress(rule('Deny'), { name: 'ten', tier: 'Baseline', priority: 10 }),
      ingress(rule('Accept'), { name: 'nine', tier: 'Baseline', priority: 9 }),
      banp(`{subject: {namespaces: {matchLabels: {team: none}}}, ingress: [{action: Deny, ${ALL}}]}`),
    );
    expect(ask(AGENT, WEB)[1]).toBe('allow nine ingress[0]');
  });

  it('is told as undecided, with the place of the first', () => {
    const { classifier, ruleset, inventory } = compiledOf(accept, deny);
    const [, outcome] = classify(classifier, { source: AGENT, destination: WEB, dport: 80 });
    const owner = inventory.byAddress.get(WEB)!.owner;
    expect(outcomeRecord('ingress', outcome, owner, ruleset, inventory)).toEqual({
      subject: 'shop/web',
      isolated: false,
      verdict: 'undecided',
      reason: 'ambiguous-policy',
      policies: [],
      policy: 'a and b',
      rule: 'ingress[0] and ingress[0]',
      source: '1.yaml:4:96',
      kind: 'ClusterNetworkPolicy',
      tier: 'Admin',
    });
  });
});

describe('subjects and peers', () => {
  it('A3, A5: pods by namespaces, and by both; never hostNetwork pods, nodes, or what is outside', () => {
    const ask = asking(
      ingress('{action: Deny, from: [{pods: {namespaceSelector: {matchLabels: {team: ops}}, podSelector: {}}}]}', {
        subject: 'subject: {pods: {podSelector: {matchLabels: {app: web}}}}',
      }),
    );
    expect(ask(AGENT, WEB)[1]).toBe('deny p ingress[0]');
    expect(ask(AGENT, DB)[1]).toBe('not-isolated');
    expect(ask(DB, WEB)[1]).toBe('not-isolated');
    expect(ask(NODE_B, WEB)[1]).toBe('not-isolated');
    expect(ask(OUTSIDE, WEB)[1]).toBe('not-isolated');
    const everyone = asking(egress(`{action: Deny, ${EVERYWHERE}}`, { subject: 'subject: {namespaces: {}}' }));
    expect(everyone(NODE_B, WEB)).toEqual(['none', 'not-isolated']);
    expect(everyone(AGENT, WEB)[0]).toBe('deny p egress[0]');
  });

  it('A6: nodes by their labels, on all their addresses; hostNetwork pods are there', () => {
    const ask = asking(egress('{action: Deny, to: [{nodes: {matchLabels: {zone: b}}}]}'));
    expect(ask(WEB, NODE_B)[0]).toBe('deny p egress[0]');
    expect(ask(WEB, '203.0.113.2')[0]).toBe('deny p egress[0]');
    expect(ask(DB, NODE_A)[0]).toBe('not-isolated');
    expect(ask(WEB, AGENT)[0]).toBe('not-isolated');
    // Its end of the pod network stands in no status.
    expect(ask(WEB, '10.0.9.1')[0]).toBe('not-isolated');
  });

  it('A7: networks match whoever stands there, and ICMP', () => {
    const ask = asking(egress('{action: Deny, to: [{networks: [10.0.0.2/31, 192.168.0.0/24, 198.51.100.0/24]}]}'));
    for (const destination of [DB, NODE_B, OUTSIDE]) {
      expect(ask(WEB, destination)[0]).toBe('deny p egress[0]');
      expect(ask(WEB, destination, PING)[0]).toBe('deny p egress[0]');
    }
    expect(ask(DB, WEB)[0]).toBe('not-isolated');
  });

  it('A8: what a domain name could be is undecided, and a warning says so', () => {
    const policy = egress(
      `{action: Accept, to: [{domainNames: ["*.example.com"]}, {networks: [203.0.113.0/24]}], protocols: [{tcp: {destinationPort: {number: 443}}}]}, {action: Deny, ${EVERYWHERE}}`,
    );
    const ask = asking(policy);
    expect(ask(WEB, OUTSIDE, { dport: 443 })[0]).toBe('unsupported p egress[0]');
    expect(ask(WEB, '203.0.113.9', { dport: 443 })[0]).toBe('allow p egress[0]');
    expect(ask(WEB, OUTSIDE)[0]).toBe('deny p egress[1]');
    for (const inside of [DB, NODE_B, '10.96.0.5'])
      expect(ask(WEB, inside, { dport: 443 })[0]).toBe('deny p egress[1]');
    expect(compiledOf(policy).problems.map(({ message }) => message)).toEqual([
      'ClusterNetworkPolicy p egress[0] names domains: what it could match, any address outside the cluster, is undecided',
    ]);
  });

  it('A12: a peer of an unknown field fails closed', () => {
    const unknown = (action: string) =>
      asking(
        egress(
          `{action: ${action}, to: [{namespaces: {}}, {clusterNames: [x]}], protocols: [{tcp: {destinationPort: {number: 80}}}]}`,
        ),
      );
    for (const action of ['Deny', 'Pass']) {
      for (const destination of [DB, OUTSIDE, NODE_B]) {
        expect(unknown(action)(WEB, destination, { dport: 81 })[0]).toBe('deny p egress[0]');
      }
    }
    expect(unknown('Accept')(WEB, DB)[0]).toBe('not-isolated');
  });

  it('A14: a pod and itself, a node and its own pods are not asked; a denied node is warned of', () => {
    const policy = cnp(
      `{tier: Admin, priority: 0, ${SHOP}, ingress: [{action: Deny, ${ALL}}], egress: [{action: Deny, to: [{nodes: {}}, {namespaces: {}}]}]}`,
      'p',
    );
    const ask = asking(policy);
    expect(ask(WEB, WEB)).toEqual(['loopback', 'loopback']);
    expect(ask(WEB, NODE_A)).toEqual(['node', 'node']);
    expect(ask(NODE_A, WEB)).toEqual(['node', 'node']);
    expect(compiledOf(policy).problems.map(({ message }) => message)).toEqual([
      'ClusterNetworkPolicy p egress[0] denies nodes: what a pod sends to its own node is judged allowed all the same',
    ]);
  });
});

describe('protocols', () => {
  const on = (protocols: string) => asking(ingress(`{action: Deny, ${ALL}${protocols}}`));
  const hit = 'deny p ingress[0]';

  it('A9: without protocols every protocol, with them only their ports', () => {
    for (const rest of [{}, PING, { protocol: 47, dport: 0 }]) expect(on('')(AGENT, WEB, rest)[1]).toBe(hit);
    const ask = on(
      ', protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 5, end: 7}}}}]',
    );
    expect(ask(AGENT, WEB)[1]).toBe(hit);
    expect(ask(AGENT, WEB, PING)[1]).toBe('not-isolated');
    expect(ask(AGENT, WEB, { protocol: 17 })[1]).toBe('not-isolated');
    expect([4, 5, 7, 8].map(dport => ask(AGENT, WEB, { protocol: 17, dport })[1])).toEqual([
      'not-isolated',
      hit,
      hit,
      'not-isolated',
    ]);
  });

  it('A10: a name is looked up at the destination, of every protocol', () => {
    const ask = on(', protocols: [{destinationNamedPort: web}]');
    expect(ask(AGENT, WEB, { dport: 8080 })[1]).toBe(hit);
    expect(ask(AGENT, WEB, { dport: 8443, protocol: 17 })[1]).toBe(hit);
    expect(ask(AGENT, WEB, { dport: 8443 })[1]).toBe('not-isolated');
    expect(ask(AGENT, WEB, { dport: 5432 })[1]).toBe('not-isolated');
    expect(ask(AGENT, DB, { dport: 5432 })[1]).toBe(hit);
    const out = asking(egress('{action: Deny, to: [{namespaces: {}}], protocols: [{destinationNamedPort: web}]}'));
    expect(out(WEB, DB, { dport: 5432 })[0]).toBe('deny p egress[0]');
    expect(out(WEB, DB, { dport: 8080 })[0]).toBe('not-isolated');
    expect(on(', protocols: [{destinationNamedPort: nobody}]')(AGENT, WEB)[1]).toBe('not-isolated');
  });

  it('A13: of an unknown match of protocols, what is not surely matched is undecided', () => {
    const ask = on(', protocols: [{icmp: {}}, {tcp: {destinationPort: {number: 80}}}]');
    expect(ask(AGENT, WEB)[1]).toBe(hit);
    expect(ask(AGENT, WEB, { dport: 81 })[1]).toBe('unsupported p ingress[0]');
    expect(ask(OUTSIDE, WEB)[1]).toBe('not-isolated');
    const names = asking(egress('{action: Accept, to: [{domainNames: [a.example]}], protocols: [{icmp: {}}]}'));
    expect(names(WEB, OUTSIDE)[0]).toBe('unsupported p egress[0]');
  });
});

describe('what is given again', () => {
  it('gives the same contributions, and a new priority moves a policy', () => {
    const rule = `{action: Deny, ${ALL}}`;
    const ask = (priority: number) =>
      asking(
        ingress(rule, { name: 'a', priority }),
        ingress(rule.replace('Deny', 'Accept'), { name: 'b', priority: 5 }),
      )(AGENT, WEB)[1];
    expect([4, 5, 6].map(ask)).toEqual([
      'deny a ingress[0]',
      'ambiguous a and b ingress[0] and ingress[0]',
      'allow b ingress[0]',
    ]);
  });
});
