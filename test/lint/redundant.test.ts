/**
 * What `redundant` calls redundant can go, all of it at once, and no answer changes; what it does not, of the plain cases,
 * cannot.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import type { KubernetesDocument } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import { lint } from '../../src/lint/lint.js';
import { computeMatrix } from '../../src/matrix/matrix.js';
import { portSet } from '../../src/rules/ports.js';
import { createLinear } from '../../src/tree/linear.js';
import { combine } from '../../src/verdict/outcome.js';
import { verdictOf } from '../../src/verdict/verdict.js';
import { linted, places, podYaml } from './lint.js';

const PODS = [
  ['one', 'a', { app: 'a', tier: 'x' }, ['10.0.0.1', 'fd00::1']],
  ['one', 'b', { app: 'b', tier: 'x' }, ['10.0.0.2', 'fd00::2']],
  ['one', 'c', { app: 'c' }, ['10.0.0.3']],
  ['two', 'd', { app: 'a' }, ['10.0.0.4', 'fd00::4']],
  ['two', 'e', { app: 'e', tier: 'x' }, []],
] as const;
const CLUSTER = PODS.map(([namespace, name, labels, ips]) =>
  podYaml(namespace, name, labels, { ips: [...ips], ports: [{ name: 'http', containerPort: 8080 }] }),
).join('\n---\n');

const selector = fc.constantFrom(
  {},
  { matchLabels: { app: 'a' } },
  { matchLabels: { app: 'b' } },
  { matchLabels: { tier: 'x' } },
  { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
);
const peer = fc.oneof(
  selector.map(podSelector => ({ podSelector })),
  selector.map(podSelector => ({ podSelector, namespaceSelector: {} })),
  fc.constantFrom(
    { ipBlock: { cidr: '10.0.0.0/30' } },
    { ipBlock: { cidr: '10.0.0.0/29', except: ['10.0.0.2/32'] } },
    { ipBlock: { cidr: '0.0.0.0/0' } },
    { ipBlock: { cidr: 'fd00::/64' } },
    { ipBlock: { cidr: '::/0' } },
  ),
);
const port = fc.constantFrom(
  { port: 80 },
  { port: 80, endPort: 90 },
  { port: 85, endPort: 100 },
  { port: 1, endPort: 65535 },
  { protocol: 'TCP' },
  { protocol: 'UDP', port: 53 },
  { port: 'http' },
  { port: 8080 },
);
const rule = (field: 'from' | 'to') =>
  fc
    .tuple(
      fc.option(fc.array(peer, { minLength: 1, maxLength: 2 })),
      fc.option(fc.array(port, { minLength: 1, maxLength: 2 })),
    )
    .map(([peers, ports]) => ({ ...(peers && { [field]: peers }), ...(ports && { ports }) }));
const spec = fc
  .tuple(
    selector,
    fc.option(fc.array(rule('from'), { maxLength: 3 })),
    fc.option(fc.array(rule('to'), { maxLength: 2 })),
    fc.boolean(),
  )
  .map(([podSelector, ingress, egress, says]) => ({
    podSelector,
    ...(ingress && { ingress }),
    ...(egress && { egress }),
    // Without policyTypes, what they are depends on the rules.
    ...(says && { policyTypes: [...(ingress ? ['Ingress'] : []), ...(egress ? ['Egress'] : [])] }),
  }));

interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { ingress?: unknown[]; egress?: unknown[] };
}

const policies = fc.array(fc.tuple(fc.constantFrom('one', 'two'), spec), { minLength: 1, maxLength: 5 }).map(all =>
  all.map(([namespace, own], i) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `p${i}`, namespace },
    spec: own,
  })),
);

const cluster = readDocuments(CLUSTER, 'cluster.yaml').documents;
const documentsOf = (all: readonly object[]): readonly KubernetesDocument[] =>
  readDocuments(all.map(it => JSON.stringify(it)).join('\n---\n'), 'policies.yaml').documents;

function cellsOf(all: readonly object[], profile: 'upstream' | 'calico' | 'kube-router' = 'upstream') {
  const { compiled } = compile([...documentsOf(all), ...cluster], { engine: 'linear', profile });
  return computeMatrix(compiled!, 'pod', false);
}

/** Every pair of pods and ports; the blocks outside are cut by the rules that there are, and so compared by their samples. */
function answersOf(all: readonly object[], profile?: 'upstream' | 'calico' | 'kube-router') {
  const { names, cells } = cellsOf(all, profile);
  const inside = names.flatMap((name, i) => (name.startsWith('outside') ? [] : [i]));
  const text = (i: number, j: number): string =>
    JSON.stringify(cells[i]![j] === null ? null : [...canonical(cells[i]![j]!.all), ...canonical(cells[i]![j]!.some)]);
  return inside.flatMap(i => inside.map(j => `${names[i]} ${names[j]} ${text(i, j)}`));
}

/** Protocols that rules do not tell from others are not listed by all. */
const canonical = (reach: ReadonlyMap<string, readonly number[]>): [string, readonly number[]][] => [
  ...['TCP', 'UDP', 'SCTP', 'ICMP', 'other'].map((name): [string, readonly number[]] => [
    name,
    // Neighbouring ranges are one.
    portSet(reach.get(name) ?? reach.get('other') ?? []),
  ]),
];

/** What the findings name, taken out. */
function without(all: readonly Policy[], about: readonly string[]): Policy[] {
  const gone = new Set(about);
  return all.flatMap(policy => {
    const name = `NetworkPolicy ${policy.metadata.namespace}/${policy.metadata.name}`;
    if (gone.has(name)) return [];
    const keep = (side: 'ingress' | 'egress') =>
      policy.spec[side]?.filter((_, i) => !gone.has(`${name} ${side}[${i}]`));
    const own = { ...policy.spec };
    if (own.ingress) own.ingress = keep('ingress');
    if (own.egress) own.egress = keep('egress');
    return [{ ...policy, spec: own }];
  });
}

const redundantOf = (all: readonly object[], profile: 'upstream' | 'calico' | 'kube-router' = 'upstream'): string[] => {
  const documents = [...documentsOf(all), ...cluster];
  const { compiled } = compile(documents, { engine: 'linear', profile });
  return lint(compiled!, documents, { only: ['redundant'] }).findings.map(({ about, message }) =>
    message.startsWith('is ') ? about : `${about} ${message.split(' ')[0]}`,
  );
};

describe('redundant', () => {
  it('changes no cell of the matrix when all of it is removed', () => {
    let found = 0;
    fc.assert(
      fc.property(policies, fc.constantFrom('upstream', 'calico', 'kube-router'), (all, profile) => {
        const about = redundantOf(all, profile);
        found += about.length;
        expect(answersOf(without(all as Policy[], about), profile)).toEqual(answersOf(all, profile));
      }),
      { numRuns: 120 },
    );
    expect(found).toBeGreaterThan(10);
  });

  it('changes no answer about addresses outside, whatever the port', () => {
    const outside = ['10.0.0.0', '10.0.0.7', '8.8.8.8', 'fd00::9', '2001:db8::1'];
    const ports = [-1, 0, 1, 53, 79, 80, 84, 85, 90, 91, 100, 101, 8080, 65535];
    const verdictsOf = (all: readonly object[]): number[] => {
      const { compiled } = compile([...documentsOf(all), ...cluster], { engine: 'linear' });
      const { inventory, ruleset } = compiled!;
      const linear = createLinear(ruleset, inventory);
      return inventory.pods.flatMap(({ owner, addresses }) =>
        outside.flatMap(address => {
          const own = addresses.find(it => it.includes(':') === address.includes(':')) ?? null;
          if (own === null && addresses.length > 0) return [];
          const pod = { owner, address: own };
          const other = { owner: -1, address };
          return [6, 17, 1, 58, 99].flatMap(protocol =>
            ports.flatMap(destinationPort =>
              [
                [pod, other],
                [other, pod],
              ].map(([source, destination]) => {
                const header = { protocol, sourcePort: 999, destinationPort, icmpType: 8, icmpCode: 0 };
                const outcomes = linear.decide({ source: source!, destination: destination!, ...header });
                return verdictOf(combine(...outcomes, ruleset.rules)) === 'allowed' ? 1 : 0;
              }),
            ),
          );
        }),
      );
    };
    fc.assert(
      fc.property(policies, all => {
        expect(verdictsOf(without(all as Policy[], redundantOf(all)))).toEqual(verdictsOf(all));
      }),
      { numRuns: 40 },
    );
  });

  it('finds the copy of a policy, a rule inside another one, and not what is needed', () => {
    const policy = (name: string, own: string): string => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: one }
spec:
  podSelector: { matchLabels: { app: a } }
  policyTypes: [Ingress]
  ingress:
${own}`;
    const wide =
      '    - from: [{ podSelector: { matchLabels: { tier: x } } }]\n      ports: [{ port: 80, endPort: 90 }]\n';
    const narrow = '    - from: [{ podSelector: { matchLabels: { app: b } } }]\n      ports: [{ port: 85 }]\n';
    const apart = '    - from: [{ podSelector: { matchLabels: { app: c } } }]\n      ports: [{ port: 85 }]\n';
    const run = (...all: string[]) =>
      places(linted({ 'p.yaml': all.join('\n---'), 'c.yaml': CLUSTER }, { only: ['redundant'] }));
    expect(run(policy('p', wide), policy('q', wide))).toEqual(['redundant p.yaml:13']);
    expect(run(policy('p', wide + narrow))).toEqual(['redundant p.yaml:11']);
    expect(run(policy('p', wide + apart))).toEqual([]);
    expect(run(policy('p', wide), policy('q', apart))).toEqual([]);
  });

  it('leaves a policy without policyTypes the rule by which it isolates egress, of several too', () => {
    const policy = (name: string, own: string): string => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: one }
spec:
${own}`;
    // Pod c has no IPv6: there the rules of the second policy are nothing but its isolation.
    const a = policy(
      'a',
      `  podSelector: { matchLabels: { app: a } }
  policyTypes: [Ingress, Egress]
  egress:
    - to: [{ ipBlock: { cidr: "::/0" } }]
    - to: [{ ipBlock: { cidr: 192.0.2.0/24 } }]`,
    );
    const x = (types: string): string =>
      policy(
        'x',
        `  podSelector: { matchExpressions: [{ key: app, operator: In, values: [a, c] }] }
${types}  egress:
    - to: [{ ipBlock: { cidr: "2001:db8::/32" } }]
    - to: [{ ipBlock: { cidr: "2001:db8:1::/48" } }]`,
      );
    const run = (types: string) =>
      places(linted({ 'p.yaml': `${a}\n---${x(types)}`, 'c.yaml': CLUSTER }, { only: ['redundant'] }));
    expect(run('')).toEqual(['redundant p.yaml:19']);
    expect(run('  policyTypes: [Egress]\n')).toEqual(['redundant p.yaml:19', 'redundant p.yaml:20']);
  });
});
