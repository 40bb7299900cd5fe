/**
 * What is offered at a place of a policy's text. `▮` is where the cursor stands.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { complete } from '../../src/completion/complete.js';
import { readDocuments } from '../../src/documents/read.js';

const CLUSTER = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: store}}
---
apiVersion: v1
kind: Namespace
metadata: {name: monitoring, labels: {team: ops, purpose: metrics}}
---
apiVersion: v1
kind: Node
metadata: {name: worker-1, labels: {zone: a}}
spec: {podCIDR: 10.244.1.0/24}
status: {addresses: [{type: InternalIP, address: 192.168.1.11}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web, version: "2"}}
spec: {nodeName: worker-1, containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.1.7}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, labels: {app: db}}
spec: {nodeName: worker-1, containers: [{name: db, ports: [{containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.244.1.8}
---
apiVersion: v1
kind: Pod
metadata: {name: prometheus-0, namespace: monitoring, labels: {role: scraper}}
spec: {nodeName: worker-1, containers: [{name: p, ports: [{name: web, containerPort: 9090}]}]}
status: {phase: Running, podIP: 10.244.1.9}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: 10.96.0.5, selector: {app: db}, ports: [{port: 5432}]}
`;

const { inventory } = compile(readDocuments(CLUSTER, 'cluster.yaml').documents).compiled!;

const HEAD = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\n  namespace: shop\n';

function at(text: string) {
  const offset = text.indexOf('▮');
  if (offset < 0) throw new Error('no cursor');
  return complete(text.replace('▮', ''), offset, inventory);
}

const labels = (text: string): string[] => at(text).items.map(({ label }) => label);

/** The text after the completion of a label was taken. */
function taken(text: string, label: string): string {
  const { from, items } = at(text);
  const offset = text.indexOf('▮');
  const item = items.find(it => it.label === label);
  if (item === undefined) throw new Error(`${label} is not offered, but ${items.map(it => it.label).join(', ')}`);
  return text.slice(0, from) + item.insert + text.slice(offset + 1);
}

describe('fields', () => {
  it('of the document, those that are missing', () => {
    expect(labels('▮')).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
    expect(labels(`${HEAD}▮`)).toEqual(['spec', 'status']);
    expect(labels(`${HEAD}sp▮`)).toEqual(['spec', 'status']);
  });

  it('by the indentation of an empty line', () => {
    const text = `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      app: web\n`;
    expect(labels(`${text}  ▮`)).toEqual(['policyTypes', 'ingress', 'egress']);
    expect(labels(`${text}    ▮`)).toEqual(['matchExpressions']);
    expect(labels(`${text}▮`)).toEqual(['status']);
  });

  it('in front of what is there already, and where the rest makes no sense yet', () => {
    expect(labels(`${HEAD}spec:\n  ▮\n  podSelector: {}\n  ingress: []\n`)).toEqual(['policyTypes', 'egress']);
    expect(labels(`${HEAD}spec:\n  pod▮\n  ingress:\n  - from\n    ports: [`)).toContain('podSelector');
  });

  it('of an entry of a list, in both ways of indenting', () => {
    const rule = `${HEAD}spec:\n  ingress:\n`;
    expect(labels(`${rule}  - ▮`)).toEqual(['from', 'ports']);
    expect(labels(`${rule}    - f▮`)).toEqual(['from', 'ports']);
    expect(labels(`${rule}  - from:\n    - podSelector: {}\n    ▮`)).toEqual(['ports']);
    expect(labels(`${rule}  - from:\n    - podSelector: {}\n      ▮`)).toEqual(['namespaceSelector', 'ipBlock']);
    expect(labels(`${rule}  - from:\n    - podSelector: {}\n    - ▮`)).toEqual([
      'podSelector',
      'namespaceSelector',
      'ipBlock',
    ]);
  });

  it('with the dash where a list begins', () => {
    expect(labels(`${HEAD}spec:\n  ingress:\n    ▮`)).toEqual(['- from', '- ports']);
    expect(labels(`${HEAD}spec:\n  policyTypes:\n    ▮`)).toEqual(['- Ingress', '- Egress']);
    expect(taken(`${HEAD}spec:\n  ingress:\n    ▮`, '- from')).toMatch(/ {4}- from:\n {8}- $/);
  });

  it('in brackets', () => {
    expect(labels(`${HEAD}spec: {podSelector: {}, ▮}`)).toEqual(['policyTypes', 'ingress', 'egress']);
    expect(labels(`${HEAD}spec:\n  ingress: [{from: [{podS▮`)).toContain('podSelector');
    expect(labels(`${HEAD}spec:\n  ingress:\n  - ports: [{protocol: TCP, ▮}]\n    from: []\n`)).toEqual([
      'port',
      'endPort',
    ]);
    expect(labels('{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"▮')).toContain('ingress');
  });

  it('not where a bracket that is still open ends with the indentation', () => {
    expect(labels(`${HEAD}spec:\n  podSelector: {\n  ▮`)).toContain('ingress');
  });

  it('by the kind, of each document of the file and of each entry of a List', () => {
    const cilium = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspec:\n  ▮';
    expect(labels(`${HEAD}spec: {}\n---\n${cilium}`)).toContain('endpointSelector');
    expect(labels(`${cilium}\n---\n${HEAD}spec: {}\n`)).toContain('ingressDeny');
    const list =
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: NetworkPolicy\n  spec:\n    ▮';
    expect(labels(list)).toContain('selector');
    expect(labels('apiVersion: v1\nkind: ConfigMap\ndata:\n  ▮')).toEqual([]);
  });

  it('open what they hold', () => {
    expect(taken(`${HEAD}spec:\n  pod▮`, 'podSelector')).toBe(`${HEAD}spec:\n  podSelector:\n    `);
    expect(taken(`${HEAD}spec:\n  ▮`, 'ingress')).toBe(`${HEAD}spec:\n  ingress:\n    - `);
    expect(taken(`${HEAD}spec: {▮}`, 'ingress')).toBe(`${HEAD}spec: {ingress: }`);
    expect(taken(`${HEAD}spec:\n  ingress:\n  - ports:\n    - ▮`, 'port')).toContain('    - port: ');
  });

  it('not in comments, block scalars and values that are maps', () => {
    expect(labels(`${HEAD}spec:\n  # ▮`)).toEqual([]);
    expect(labels(`${HEAD}  annotations:\n    note: |\n      ▮\n`)).toEqual([]);
    expect(labels(`${HEAD}spec:\n  podSelector: ▮`)).toEqual([]);
  });
});

describe('values', () => {
  it('of fields that take few', () => {
    expect(labels(`${HEAD}spec:\n  policyTypes: [▮`)).toEqual(['Ingress', 'Egress']);
    expect(labels(`${HEAD}spec:\n  policyTypes:\n  - In▮`)).toEqual(['Ingress', 'Egress']);
    expect(labels(`${HEAD}spec:\n  ingress:\n  - ports:\n    - protocol: ▮`)).toEqual(['TCP', 'UDP', 'SCTP']);
    expect(labels(`${HEAD}spec:\n  podSelector:\n    matchExpressions:\n    - {key: app, operator: ▮}`)).toEqual([
      'In',
      'NotIn',
      'Exists',
      'DoesNotExist',
    ]);
    expect(
      labels('apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nspec:\n  tier: ▮'),
    ).toEqual(['Admin', 'Baseline']);
    const rule = (kind: string): string => `apiVersion: projectcalico.org/v3\nkind: ${kind}\nspec:\n  ingress:\n  - `;
    expect(labels(`${rule('GlobalNetworkPolicy')}action: ▮`)).toEqual(['Allow', 'Deny', 'Log', 'Pass']);
    expect(labels(`${rule('GlobalNetworkPolicy')}protocol: ▮`)).toContain('ICMPv6');
    expect(labels('apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nspec:\n  action: ▮')).toContain(
      'CUSTOM',
    );
  });

  it('of apiVersion and kind, each by the other', () => {
    expect(labels('kind: CiliumNetworkPolicy\napiVersion: ▮')).toEqual(['cilium.io/v2']);
    expect(labels('apiVersion: networking.k8s.io/v1\nkind: ▮')).toEqual(['NetworkPolicy']);
    expect(labels('kind: ▮')).toContain('AuthorizationPolicy');
    expect(labels('apiVersion: ▮')).toContain('networking.k8s.io/v1');
  });

  it('labels of the pods that a selector looks at', () => {
    const own = `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      `;
    expect(labels(`${own}▮`)).toEqual(['app', 'version']);
    expect(labels(`${own}app: ▮`)).toEqual(['db', 'web']);
    expect(labels(`${own}app: web\n      ▮`)).toEqual(['version']);
    expect(taken(`${own}version: ▮`, '2')).toContain('version: "2"');
    const peer = `${HEAD}spec:\n  ingress:\n  - from:\n    - podSelector:\n        matchLabels: {▮}\n`;
    expect(labels(peer)).toEqual(['app', 'version']);
    expect(labels(`${peer}      namespaceSelector: {matchLabels: {team: ops}}\n`)).toEqual(['role']);
    expect(labels(`${peer}      namespaceSelector: {}\n`)).toEqual(['app', 'role', 'version']);
  });

  it('labels of namespaces, of nodes, and by expressions', () => {
    const peer = `${HEAD}spec:\n  ingress:\n  - from:\n    - namespaceSelector:\n        `;
    expect(labels(`${peer}matchLabels:\n          ▮`)).toEqual(['kubernetes.io/metadata.name', 'team', 'purpose']);
    expect(labels(`${peer}matchLabels:\n          team: ▮`)).toEqual(['ops', 'store']);
    expect(labels(`${peer}matchExpressions:\n        - key: ▮`)).toContain('purpose');
    expect(labels(`${peer}matchExpressions:\n        - {key: team, operator: In, values: [ops, ▮`)).toEqual([
      'ops',
      'store',
    ]);
    const admin =
      'apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nspec:\n  egress:\n  - to:\n    - nodes:\n        matchLabels:\n          ▮';
    expect(labels(admin)).toEqual(['zone']);
  });

  it('labels and namespaces in the terms of other dialects', () => {
    const cilium =
      'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a, namespace: shop}\nspec:\n  ingress:\n  - fromEndpoints:\n    - matchLabels:\n        ';
    expect(labels(`${cilium}▮`)).toEqual(['app', 'version']);
    expect(labels(`${cilium}k8s:app: ▮`)).toEqual(['db', 'web']);
    expect(labels(`${cilium}k8s:io.kubernetes.pod.namespace: ▮`)).toEqual(['monitoring', 'shop']);
    expect(labels(`${cilium}k8s:io.kubernetes.pod.namespace: monitoring\n        ▮`)).toEqual(['role']);
    const calico =
      'apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a, namespace: shop}\nspec:\n  selector: ';
    expect(labels(`${calico}▮`)).toContain("app == 'web'");
    expect(taken(`${calico}app == 'web' && v▮`, "version == '2'")).toBe(`${calico}app == 'web' && version == '2'`);
  });

  it('namespaces, ports, addresses and names', () => {
    expect(labels(HEAD.replace('namespace: shop', 'namespace: ▮'))).toEqual(['monitoring', 'shop']);
    const port = `${HEAD}spec:\n  DIRECTION:\n  - ports:\n    - port: ▮`;
    expect(labels(port.replace('DIRECTION', 'ingress'))).toEqual(['http', '8080', '5432']);
    expect(labels(port.replace('DIRECTION', 'egress'))).toEqual(['http', 'web', '8080', '5432', '9090']);
    const block = `${HEAD}spec:\n  egress:\n  - to:\n    - ipBlock:\n        cidr: ▮`;
    expect(labels(block)).toEqual([
      '0.0.0.0/0',
      '::/0',
      '192.168.1.11/32',
      '10.244.1.1/32',
      '10.244.1.0/24',
      '10.96.0.5/32',
    ]);
    const service =
      'apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nspec:\n  egress:\n  - destination:\n      services: {name: ▮';
    expect(labels(service)).toEqual(['db']);
  });

  it('without a cluster, of the schemas alone', () => {
    const text = `${HEAD}spec:\n  podSelector:\n    matchLabels:\n      `;
    expect(complete(text, text.length, null).items).toEqual([]);
  });
});
