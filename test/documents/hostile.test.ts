/**
 * Hostile text: every input comes back, with a problem, and without doing what it asks for. Sizes are such that work
 * that grows with the square of the input, or recursion, would show as a timeout of the runner or as a crash.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { readCluster } from '../../src/cluster/read.js';
import { readDocuments } from '../../src/documents/read.js';
import { MAX_DEPTH } from '../../src/documents/tree.js';
import { MAX_ALIASED } from '../../src/documents/yaml.js';
import { readPolicies } from '../../src/policy/read.js';

// A bound on hangs, not on speed: the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

const N = 100_000;

const problemsOf = (text: string) => readDocuments(text, 'h.yaml').problems;

describe('nesting of 100,000', () => {
  it.each([
    ['['.repeat(N)],
    [`${'['.repeat(N)}${']'.repeat(N)}`],
    ['{a: '.repeat(N)],
    [`${'{"a":'.repeat(N)}1${'}'.repeat(N)}`],
    [`{"a":${'['.repeat(N)}${']'.repeat(N)}}`],
    [`{"kind":"X","a":${'{"a":'.repeat(N)}1${'}'.repeat(N)}}`],
    [`${'- '.repeat(N)}x`],
    [`${'? '.repeat(N)}x`],
    ['[? '.repeat(N)],
    ['[a: '.repeat(N)],
  ])('%.12s is refused at its place', text => {
    const problems = problemsOf(text);
    expect(problems).toMatchObject([{ severity: 'error', message: `nested deeper than ${MAX_DEPTH} levels` }]);
    expect(problems[0]!.position.column).toBeLessThan(10 * MAX_DEPTH);
  });
  it('by indentation is refused too', () => {
    const text = Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
    expect(problemsOf(text)).toMatchObject([{ message: `nested deeper than ${MAX_DEPTH} levels` }]);
  });
  it('what a Kubernetes object may need is read', () => {
    const deep = (n: number) => `apiVersion: v1\nkind: X\nspec: ${'['.repeat(n)}${']'.repeat(n)}\n`;
    expect(problemsOf(deep(100))).toEqual([]);
    const json = `{"apiVersion":"v1","kind":"X","spec":${'['.repeat(MAX_DEPTH - 1)}${']'.repeat(MAX_DEPTH - 1)}}`;
    expect(problemsOf(json)).toEqual([]);
    expect(problemsOf(json.replace('[', '[[').replace(']', ']]'))).toHaveLength(1);
  });
});

describe('aliases', () => {
  it('billion laughs', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 30; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    const text = `apiVersion: v1\nkind: X\n${lines.join('\n')}\n`;
    expect(problemsOf(text)).toMatchObject([
      {
        severity: 'error',
        message: `document contains excessive aliasing: aliases stand for more than ${MAX_ALIASED} nodes`,
      },
    ]);
  });
  it('many aliases of one big node', () => {
    const big = `[${'x, '.repeat(1000)}x]`;
    expect(problemsOf(`apiVersion: v1\nkind: X\na: &a ${big}\nb: [${'*a, '.repeat(N)}*a]\n`)).toHaveLength(1);
  });
  it('merge keys that multiply', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(', ');
    const merges = Array.from({ length: 1000 }, (_, i) => `m${i}: {<<: [${'*a, '.repeat(100)}*a]}`).join('\n');
    expect(problemsOf(`apiVersion: v1\nkind: X\na: &a {${keys}}\n${merges}\n`)).toHaveLength(1);
  });
  it('a node within itself', () => {
    expect(problemsOf('apiVersion: v1\nkind: X\na: &a [1, *a]\nb: &b {c: *b, <<: *b}\n').length).toBeGreaterThan(0);
  });
  it('a few thousand honest ones are read', () => {
    const text = `apiVersion: v1\nkind: X\na: &a {x: 1}\nb:\n${'- *a\n'.repeat(5000)}`;
    expect(problemsOf(text)).toEqual([]);
  });
});

describe('long and wide', () => {
  it.each([
    ['duplicate keys', `apiVersion: v1\nkind: X\n${'a: 1\n'.repeat(20_000)}`],
    ['tags', '!a '.repeat(20_000)],
    ['anchors', '&a '.repeat(20_000)],
    ['quotes', '"'.repeat(N + 1)],
    ['single quotes', "'".repeat(N + 1)],
    ['backslashes', `"${'\\'.repeat(N)}`],
    ['JSON backslashes', `{"${'\\\\'.repeat(N)}`],
    ['JSON quotes', `{"a": ${'"'.repeat(N)}`],
    ['closing braces', '}'.repeat(N)],
    ['closing brackets in JSON', `{"a": 1${']'.repeat(N)}`],
    ['commas', `[${','.repeat(N)}`],
    ['colons', ':\n'.repeat(20_000)],
    ['question marks', '?\n'.repeat(20_000)],
    ['one long scalar', 'a\n'.repeat(N)],
    ['one long quoted scalar', `"${'a\n'.repeat(N)}`],
    ['template braces', '{{\n'.repeat(N)],
  ])('%s: an error, not too many of them', (_, text) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(101);
  });
  it.each([
    ['document markers', '---\n'.repeat(N)],
    ['comments', `${'# a\n'.repeat(N)}`],
    ['blank lines', '\n'.repeat(1_000_000)],
    ['directives', '%a\n'.repeat(20_000)],
    ['document ends', '...\n'.repeat(N)],
  ])('%s: nothing in it', (_, text) => {
    expect(readDocuments(text, 'h.yaml')).toEqual({ documents: [], problems: [] });
  });
  it('50,000 documents, and 50,000 keys', () => {
    const small = 'apiVersion: v1\nkind: X\nmetadata: {name: a}\n';
    expect(readDocuments(`${small}---\n`.repeat(50_000), 'h.yaml').documents).toHaveLength(50_000);
    const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: v`).join('\n');
    expect(problemsOf(`apiVersion: v1\nkind: X\n${keys}\n`)).toEqual([]);
  });
  it('names are no way to be slow', () => {
    for (const name of ['a'.repeat(N), `${'a.'.repeat(N)}!`, `${'a-'.repeat(N)}`, '-'.repeat(N)]) {
      const { documents } = readDocuments(
        `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "${name}"}\nspec: {podSelector: {matchLabels: {"${name}/${name}": "${name}"}}}\n`,
        'h.yaml',
      );
      expect(readPolicies(documents).problems.length).toBeGreaterThan(0);
    }
  });
});

describe('mutants', () => {
  const seed = `apiVersion: v1
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: web, namespace: shop}
  spec:
    podSelector: {matchLabels: {app: web}}
    policyTypes: [Ingress, Egress]
    ingress:
    - from:
      - ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}
      - podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}
      ports: [{port: 80, endPort: 90, protocol: UDP}, {port: http}]
- apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop, labels: &l {app: web}, ownerReferences: [{kind: ReplicaSet, name: web-1, controller: true}]}
  spec: {nodeName: n1, hostNetwork: false, containers: [{ports: [{name: http, containerPort: 80}]}]}
  status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}], hostIP: 192.168.0.1, startTime: "2026-01-01T00:00:00Z"}
- apiVersion: v1
  kind: Service
  metadata: {name: web, labels: *l}
  spec: {clusterIP: 10.96.0.1, ports: [{port: 80, targetPort: http, nodePort: 30080}], selector: {app: web}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: api}
  spec: {template: {metadata: {labels: {app: api}}}}
kind: List
`;
  const json = JSON.stringify(readDocuments(seed, 's.yaml').documents.map(({ object }) => object)).slice(1, -1);
  const fragments = [
    '[',
    ']',
    '{',
    '}',
    '- ',
    ': ',
    '\n',
    '"',
    "'",
    '&a ',
    '*a',
    '!!x ',
    '<<: ',
    '|\n',
    '# ',
    '\t',
    '\0',
    ',',
    '---\n',
    '0',
    '-1',
    'null',
    '1e999',
    '{{',
    '\\',
    'yes',
    '70000',
    '::',
    '/33',
    '\ud800',
  ];

  const edit = fc.tuple(fc.nat(), fc.nat(12), fc.oneof(fc.constantFrom(...fragments), fc.string()));

  it('never throw, and what is wrong has a position in the text', () => {
    fc.assert(
      fc.property(fc.constantFrom(seed, json), fc.array(edit, { minLength: 1, maxLength: 6 }), (text, edits) => {
        let mutant = text;
        for (const [at, remove, insert] of edits) {
          const i = at % (mutant.length + 1);
          mutant = mutant.slice(0, i) + insert + mutant.slice(i + remove);
        }
        const { documents, problems } = readDocuments(mutant, 'm.yaml');
        const all = [...problems, ...readCluster(documents).problems, ...readPolicies(documents).problems];
        const lines = mutant.split('\n');
        for (const { position, message } of all) {
          expect(message).not.toBe('');
          expect(position.line).toBeGreaterThanOrEqual(1);
          expect(position.line).toBeLessThanOrEqual(lines.length);
          expect(position.column).toBeLessThanOrEqual(lines[position.line - 1]!.length + 1);
        }
      }),
      { numRuns: 2000 },
    );
  });
  it('values of any shape in any place never throw', () => {
    const paths = ['metadata', 'spec', 'status', 'items', 'kind', 'subsets', 'endpoints', 'ports', 'addressType'];
    const inner = [
      'name',
      'namespace',
      'labels',
      'annotations',
      'ownerReferences',
      'podSelector',
      'policyTypes',
      'ingress',
      'egress',
      'containers',
      'template',
      'jobTemplate',
      'podIPs',
      'podIP',
      'conditions',
      'addresses',
      'clusterIPs',
      'ports',
      'selector',
      'loadBalancer',
      'podCIDRs',
      'from',
      'to',
      'ipBlock',
      'cidr',
      'except',
      'matchLabels',
      'matchExpressions',
      'key',
      'operator',
      'values',
      'port',
      'protocol',
      'endPort',
      'ip',
      'constructor',
      '__proto__',
      'toString',
    ];
    const { any } = fc.letrec(tie => ({
      any: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom<unknown>(
          null,
          true,
          0,
          -1,
          80,
          1.5,
          '',
          'x',
          'Ingress',
          '10.0.0.0/8',
          '10.0.0.1',
          'None',
          'web',
        ),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...inner), tie('any'), { maxKeys: 5 }),
      ),
    }));
    const kinds = [
      ['v1', 'Pod'],
      ['v1', 'Node'],
      ['v1', 'Namespace'],
      ['v1', 'Service'],
      ['v1', 'Endpoints'],
      ['discovery.k8s.io/v1', 'EndpointSlice'],
      ['apps/v1', 'Deployment'],
      ['batch/v1', 'CronJob'],
      ['batch/v1', 'Job'],
      ['networking.k8s.io/v1', 'NetworkPolicy'],
    ] as const;
    const object = fc
      .tuple(fc.constantFrom(...kinds), fc.dictionary(fc.constantFrom(...paths), any, { maxKeys: 4 }), fc.boolean())
      .map(([[apiVersion, kind], fields, named]) => ({
        apiVersion,
        ...fields,
        ...(named ? { metadata: { ...(fields['metadata'] as object), name: 'a' } } : {}),
        kind,
      }));
    fc.assert(
      fc.property(fc.array(object, { maxLength: 4 }), objects => {
        const { documents } = readDocuments(objects.map(o => JSON.stringify(o)).join('\n'), 'm.json');
        readCluster(documents);
        readPolicies(documents);
      }),
      { numRuns: 2000 },
    );
  });
});
