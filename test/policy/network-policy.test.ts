/** NetworkPolicy v1 as it is loaded; the numbers are items of docs/semantics.md. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/documents/read.js';
import { readPolicies } from '../../src/policy/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const result = readPolicies(documents);
  return { policies: result.policies, problems: [...problems, ...result.problems] };
}

const HEAD = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n';

/** A policy whose spec is given, indented as under `spec:`. */
function one(spec: string) {
  const { policies, problems } = read(`${HEAD}spec:\n${spec}`);
  const policy = policies[0];
  if (policy === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return { policy, problems };
}

/** line:column message of each problem. */
function problemsOf(spec: string): string[] {
  return read(`${HEAD}spec:\n${spec}`).problems.map(
    ({ position, message }) => `${position.line}:${position.column} ${message}`,
  );
}

const SELECTOR = '  podSelector: {}\n';

describe('policyTypes', () => {
  it('1: absent, without egress rules, isolates for ingress alone', () => {
    const { policy } = one(SELECTOR);
    expect([policy.isolatesIngress, policy.isolatesEgress]).toEqual([true, false]);
  });
  it('1: absent, with an egress rule, isolates for both', () => {
    const { policy } = one(`${SELECTOR}  egress: [{}]\n`);
    expect([policy.isolatesIngress, policy.isolatesEgress]).toEqual([true, true]);
    expect([policy.ingress.length, policy.egress.length]).toEqual([0, 1]);
  });
  it('1: absent, with an empty list of egress rules, isolates for ingress alone', () => {
    const { policy } = one(`${SELECTOR}  egress: []\n`);
    expect([policy.isolatesIngress, policy.isolatesEgress]).toEqual([true, false]);
  });
  it('1: an empty list and null mean the same as absent', () => {
    for (const types of ['[]', '', 'null']) {
      const { policy } = one(`${SELECTOR}  policyTypes: ${types}\n  egress: [{}]\n`);
      expect([policy.isolatesIngress, policy.isolatesEgress]).toEqual([true, true]);
    }
  });
  it('2: [Ingress] leaves egress rules out, and says so', () => {
    const { policy, problems } = one(`${SELECTOR}  policyTypes: [Ingress]\n  egress: [{}]\n`);
    expect([policy.isolatesIngress, policy.isolatesEgress, policy.egress.length]).toEqual([true, false, 0]);
    expect(problems).toEqual([
      {
        severity: 'warning',
        position: { file: 'p.yaml', line: 7, column: 3 },
        message: 'spec.egress: has no effect: policyTypes does not list "Egress"',
        hint: 'add Egress to spec.policyTypes, or remove the rules',
      },
    ]);
  });
  it('3: [Egress] without egress rules isolates for egress and leaves ingress alone', () => {
    const { policy, problems } = one(`${SELECTOR}  policyTypes: [Egress]\n`);
    expect([policy.isolatesIngress, policy.isolatesEgress, policy.egress.length]).toEqual([false, true, 0]);
    expect(problems).toEqual([]);
  });
});

describe('rules', () => {
  it('3: no rules, null and an empty list all isolate', () => {
    for (const rules of ['', '  ingress: []\n', '  ingress:\n']) {
      const { policy } = one(`${SELECTOR}${rules}`);
      expect([policy.isolatesIngress, policy.ingress]).toEqual([true, []]);
    }
  });
  it('3: an empty rule is every peer and every port; so are empty lists and null', () => {
    for (const rule of ['{}', '{from: [], ports: []}', '{from: null, ports: null}']) {
      const { policy, problems } = one(`${SELECTOR}  ingress: [${rule}]\n`);
      expect(policy.ingress).toEqual([{ peers: null, ports: null, position: { file: 'p.yaml', line: 6, column: 13 } }]);
      expect(problems).toEqual([]);
    }
  });
  it('3: a rule without text is an empty rule, with a warning', () => {
    const { policy, problems } = one(`${SELECTOR}  ingress:\n  -\n`);
    expect(policy.ingress).toMatchObject([{ peers: null, ports: null }]);
    expect(problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('spec.ingress[0]: null') },
    ]);
  });
  it('4: both selectors in one element are one peer, in two elements two', () => {
    const peer = (namespaceSelector: object | null, podSelector: object | null) => ({
      kind: 'pods',
      namespaceSelector,
      podSelector,
    });
    const all = { matchLabels: {}, matchExpressions: [] };
    const { policy } = one(
      `${SELECTOR}  ingress:\n  - from:\n    - namespaceSelector: {}\n      podSelector: {}\n    - podSelector: {}\n    - namespaceSelector: {}\n`,
    );
    expect(policy.ingress[0]!.peers).toEqual([peer(all, all), peer(null, all), peer(all, null)]);
  });
  it('5: an empty selector is kept apart from an absent one', () => {
    const { policy } = one(`${SELECTOR}  egress: [{to: [{podSelector: {}}]}]\n`);
    expect(policy.egress[0]!.peers).toMatchObject([{ podSelector: { matchLabels: {} }, namespaceSelector: null }]);
  });
  it('5: a selector that is null is absent', () => {
    expect(problemsOf(`${SELECTOR}  egress: [{to: [{podSelector: }]}]\n`)).toEqual([
      '6:18 spec.egress[0].to[0]: Required value: must specify a peer',
    ]);
  });
  it('6: matchLabels and matchExpressions are both kept', () => {
    const { policy } = one(
      '  podSelector:\n    matchLabels: {app: web, "8080": "80"}\n    matchExpressions:\n    - {key: tier, operator: NotIn, values: [db, ""]}\n    - {key: a.b/c, operator: DoesNotExist}\n',
    );
    expect(policy.podSelector).toEqual({
      matchLabels: { app: 'web', '8080': '80' },
      matchExpressions: [
        { key: 'tier', operator: 'NotIn', values: ['db', ''] },
        { key: 'a.b/c', operator: 'DoesNotExist', values: [] },
      ],
    });
  });
  it('7: a policy without a namespace is in "default"', () => {
    const { policies } = read(
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {}}\n',
    );
    expect(policies).toMatchObject([{ namespace: 'default', name: 'a' }]);
  });
  it('9: the protocol is TCP where none is named; a port is a number, a name, a range or none', () => {
    const { policy } = one(
      `${SELECTOR}  ingress: [{ports: [{port: 80}, {protocol: UDP, port: dns}, {protocol: SCTP}, {port: 1, endPort: 65535}, {port: 5, endPort: 5}, {}]}]\n`,
    );
    expect(policy.ingress[0]!.ports).toEqual([
      { protocol: 'TCP', port: 80, endPort: null },
      { protocol: 'UDP', port: 'dns', endPort: null },
      { protocol: 'SCTP', port: null, endPort: null },
      { protocol: 'TCP', port: 1, endPort: 65535 },
      { protocol: 'TCP', port: 5, endPort: 5 },
      { protocol: 'TCP', port: null, endPort: null },
    ]);
  });
  it('10: port names may be as long as 15 characters', () => {
    const { policy } = one(`${SELECTOR}  ingress: [{ports: [{port: a-1-b-2-c-3-d-4}]}]\n`);
    expect(policy.ingress[0]!.ports).toMatchObject([{ port: 'a-1-b-2-c-3-d-4' }]);
  });
  it('tells where a rule stands', () => {
    const { policy } = one(`${SELECTOR}  ingress:\n  - from:\n    - podSelector: {}\n  - ports: [{port: 1}]\n`);
    expect(policy.ingress.map(({ position }) => [position.line, position.column])).toEqual([
      [7, 5],
      [9, 5],
    ]);
  });
});

describe('8: ipBlock', () => {
  const block = (text: string) => one(`${SELECTOR}  egress: [{to: [{ipBlock: ${text}}]}]\n`);
  const complaints = (text: string) => problemsOf(`${SELECTOR}  egress: [{to: [{ipBlock: ${text}}]}]\n`);

  it('keeps cidr and except, in canonical text', () => {
    const { policy, problems } = block('{cidr: "2001:DB8:0::/32", except: ["2001:db8:0:1::/64"]}');
    expect(policy.egress[0]!.peers).toEqual([
      { kind: 'ipBlock', cidr: '2001:db8::/32', except: ['2001:db8:0:1::/64'] },
    ]);
    expect(problems).toEqual([]);
  });
  it('masks host bits, with a warning', () => {
    const { policy, problems } = block('{cidr: 10.1.2.3/8, except: [10.9.9.9/16]}');
    expect(policy.egress[0]!.peers).toEqual([{ kind: 'ipBlock', cidr: '10.0.0.0/8', except: ['10.9.0.0/16'] }]);
    expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'warning spec.egress[0].to[0].ipBlock.cidr: CIDR value "10.1.2.3/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
      'warning spec.egress[0].to[0].ipBlock.except[0]: CIDR value "10.9.9.9/16" is ambiguous in this context (should be "10.9.0.0/16" or "10.9.9.9/32"?)',
    ]);
  });
  it('reads leading zeros as decimal and IPv4-mapped blocks as IPv4, with a warning', () => {
    for (const [given, read] of [
      ['010.0.0.0/8', '10.0.0.0/8'],
      ['"::ffff:10.0.0.0/104"', '10.0.0.0/8'],
      ['10.0.0.0/08', '10.0.0.0/8'],
    ]) {
      const { policy, problems } = block(`{cidr: ${given}}`);
      expect(policy.egress[0]!.peers).toEqual([{ kind: 'ipBlock', cidr: read, except: [] }]);
      expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining('non-standard CIDR') }]);
    }
  });
  it('refuses what is no strict subset', () => {
    const subset = (i: number, value: string) =>
      expect.stringMatching(`except\\[${i}\\]: Invalid value: "${value}": must be a strict subset of \`cidr\`$`);
    expect(
      complaints('{cidr: 10.0.0.0/16, except: [10.0.0.0/16, 10.0.0.0/15, 10.1.0.0/17, "::/120", 10.0.255.255/32]}'),
    ).toEqual([subset(0, '10.0.0.0/16'), subset(1, '10.0.0.0/15'), subset(2, '10.1.0.0/17'), subset(3, '::/120')]);
  });
  it('refuses what is no block', () => {
    const bad = [
      '10.0.0.1',
      '10.0.0.0/33',
      '256.0.0.0/8',
      '"::/129"',
      '"fe80::1%eth0/64"',
      '10.0.0.0/-1',
      'x',
      '10.0.0.0/8/8',
      '"::ffff:0:0/95"',
    ];
    for (const cidr of bad) {
      expect(complaints(`{cidr: ${cidr}}`)).toEqual([
        `6:29 spec.egress[0].to[0].ipBlock.cidr: Invalid value: "${cidr.replaceAll('"', '')}": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
      ]);
    }
  });
  it('requires cidr', () => {
    expect(complaints('{}')).toEqual(['6:19 spec.egress[0].to[0].ipBlock.cidr: Required value']);
    expect(complaints('{cidr: ""}')).toEqual(['6:29 spec.egress[0].to[0].ipBlock.cidr: Required value']);
  });
});

describe('24: duplicates', () => {
  it('are an error at the second', () => {
    const policy = `${HEAD}spec: {podSelector: {}}\n`;
    expect(read(`${policy}---\n${policy}`).problems).toMatchObject([
      {
        severity: 'error',
        position: { line: 8, column: 12 },
        message: 'metadata.name: Duplicate value: "web": NetworkPolicy shop/web is given twice',
        hint: expect.stringContaining('p.yaml:1:1'),
      },
    ]);
  });
  it('no namespace and "default" are the same', () => {
    const policy = (namespace: string) =>
      `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a${namespace}}\nspec: {podSelector: {}}\n`;
    expect(read(`${policy('')}---\n${policy(', namespace: default')}`).problems).toHaveLength(1);
    expect(read(`${policy(', namespace: b')}---\n${policy(', namespace: default')}`).problems).toEqual([]);
  });
  it('of one file named twice are one policy', () => {
    const { documents } = readDocuments(`${HEAD}spec: {podSelector: {}}\n`, 'p.yaml');
    const { policies, problems } = readPolicies([...documents, ...documents]);
    expect([policies.length, problems]).toEqual([1, []]);
  });
});
