/** What Istio's schema and webhook refuse, in their words where they have them, all at once, with positions. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../../src/documents/read.js';
import { readPolicies } from '../../../src/policy/read.js';
import { policy } from './ask.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const result = readPolicies(documents);
  return { objects: result.objects.istio, problems: [...problems, ...result.problems] };
}

const told = (spec: string, severity: 'error' | 'warning'): string[] =>
  read(policy('shop/a', spec))
    .problems.filter(it => it.severity === severity)
    .map(({ message }) => message);
const errors = (spec: string): string[] => told(spec, 'error');
const warnings = (spec: string): string[] => told(spec, 'warning');
const rule = (text: string): string => `{rules: [${text}]}`;
const source = (text: string): string => rule(`{from: [{source: ${text}}]}`);
const operation = (text: string): string => rule(`{to: [{operation: ${text}}]}`);
const when = (text: string): string => rule(`{when: [${text}]}`);

describe('a good one', () => {
  const full = `{
    selector: {matchLabels: {app: db}},
    action: DENY,
    rules: [
      {from: [{source: {principals: ["*"], notPrincipals: [cluster.local/ns/a/sa/b], namespaces: [a], notNamespaces: [b], ipBlocks: [10.0.0.0/8, "2001:db8::1"], notIpBlocks: [10.1.2.3]}}],
       to: [{operation: {hosts: [a.example], notHosts: [b.example], ports: ["80"], notPorts: ["0"], methods: [GET], notMethods: [PUT], paths: ["/a/{*}"], notPaths: ["/b*"]}}],
       when: [{key: "request.headers[X-A]", values: [b], notValues: [c]}, {key: destination.port, values: ["80"]}]},
      {from: [{source: {serviceAccounts: [a, b/c]}}], to: [{operation: {ports: ["81"]}}]}]}`;
  it('is read in full, its rules declared by name and place, without findings', () => {
    const { objects, problems } = read(policy('shop/a', full));
    expect(problems).toEqual([]);
    const [it] = objects;
    expect(it).toMatchObject({ namespace: 'shop', name: 'a', action: 'DENY', selector: { app: 'db' }, targets: [] });
    expect(it!.declares!.map(({ rule: name, position }) => `${name} ${position.line}:${position.column}`)).toEqual([
      'rules[0] 8:7',
      'rules[1] 11:7',
    ]);
    const [first, second] = it!.rules;
    expect(
      first!.from[0]!.map(({ attribute, values, notValues }) => [attribute, values.length, notValues.length]),
    ).toEqual([
      ['source.principal', 1, 1],
      ['source.namespace', 1, 1],
      ['source.ip', 2, 1],
    ]);
    expect(first!.to[0]!.map(({ attribute, field }) => `${attribute} ${field}`)).toEqual([
      'host hosts',
      'destination.port ports',
      'method methods',
      'path paths',
    ]);
    expect(first!.when[0]).toEqual({
      attribute: 'request.headers',
      field: 'request.headers[X-A]',
      header: 'x-a',
      values: ['b'],
      notValues: ['c'],
    });
    expect(second!.from[0]).toMatchObject([{ attribute: 'source.serviceAccount', values: ['a', 'b/c'] }]);
  });
  it('of v1beta1 says the same; of another version it is left out with a warning', () => {
    const text = policy('shop/a', '{}');
    expect(read(text.replace('/v1', '/v1beta1')).objects).toMatchObject([
      { action: 'ALLOW', selector: null, rules: [] },
    ]);
    const other = read(text.replace('/v1', '/v1alpha1'));
    expect(other.objects).toEqual([]);
    expect(other.problems[0]!.message).toContain('is not supported yet');
    expect(other.problems[0]!.hint).toContain('security.istio.io/v1, security.istio.io/v1beta1');
  });
  it('twice is a duplicate', () => {
    const text = policy('shop/a', '{}');
    expect(read(`${text}---\n${text}`).problems.map(({ message }) => message)).toEqual([
      'metadata.name: Duplicate value: "a": AuthorizationPolicy shop/a is given twice',
    ]);
  });
});

describe('positions', () => {
  it('of everything that is wrong, at once and in order', () => {
    const text = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: a}
spec:
  action: PERMIT
  rules:
  - from:
    - source:
        ipBlocks: ["10.0.0.0/33"]
    to:
    - operation:
        ports: [http]
`;
    expect(read(text).problems).toEqual([
      {
        severity: 'error',
        position: { file: 'p.yaml', line: 5, column: 3 },
        message: 'spec.action: Unsupported value: "PERMIT": supported values: "ALLOW", "DENY", "AUDIT", "CUSTOM"',
        hint: undefined,
      },
      {
        severity: 'error',
        position: { file: 'p.yaml', line: 9, column: 20 },
        message: 'spec.rules[0].from[0].source.ipBlocks[0]: Invalid value: "10.0.0.0/33": bad CIDR range',
        hint: 'an address, 203.0.113.4, or a block, 203.0.113.0/24',
      },
      {
        severity: 'error',
        position: { file: 'p.yaml', line: 12, column: 17 },
        message: 'spec.rules[0].to[0].operation.ports[0]: Invalid value: "http": bad port',
        hint: 'ports have no names here: write the number, in quotes',
      },
    ]);
  });
});

describe('refused', () => {
  it.each<[string, unknown[]]>([
    ['{selector: {matchLabels: {"a*": b}}}', [expect.stringContaining('wildcard is not supported in selector')]],
    ['{selector: {matchLabels: {a: "b*"}}}', [expect.stringContaining('wildcard is not supported in selector')]],
    ['{selector: {matchLabels: {"": b}}}', [expect.stringContaining('name part must be non-empty'), expect.anything()]],
    [
      '{selector: {}, targetRefs: [{kind: Service, name: a}]}',
      ['spec: Invalid value: only one of targetRefs or workloadSelector can be set'],
    ],
    ['{targetRef: {kind: Service}}', ['spec.targetRef.name: Required value: targetRef name must be set']],
    [
      '{targetRefs: [{kind: Pod, name: a, namespace: b}]}',
      [
        expect.stringContaining(
          'spec.targetRefs[0]: Unsupported value: "/Pod": targetRef must be to one of core/Service',
        ),
        expect.stringContaining(
          'spec.targetRefs[0].namespace: Invalid value: "b": targetRef namespace must not be set',
        ),
      ],
    ],
    [
      '{action: CUSTOM}',
      ['spec.rules: Required value: CUSTOM action without `rules` is meaningless as it will never be triggered'],
    ],
    ['{action: CUSTOM, rules: [{}]}', ['spec.provider.name: Required value: `provider.name` must not be empty']],
    [
      '{action: DENY}',
      ['spec.rules: Required value: DENY action without `rules` is meaningless as it will never be triggered'],
    ],
    [
      '{provider: {name: a}, rules: [{}]}',
      ['spec.provider: Forbidden: `provider` must not be with non CUSTOM action, found ALLOW'],
    ],
    [
      '{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {notNamespaces: [b]}}], when: [{key: request.auth.principal, values: [x]}]}]}',
      [
        'spec.rules[0].from[0].source.notNamespaces: Forbidden: notNamespaces is currently not supported with CUSTOM action',
        'spec.rules[0].when[0].key: Forbidden: request.auth.principal is currently not supported with CUSTOM action',
      ],
    ],
    ['{rules: [null]}', ['spec.rules[0]: Required value: `rule` must not be nil']],
    [rule('{from: []}'), ['spec.rules[0].from: Required value: `from` must not be empty']],
    [rule('{to: []}'), ['spec.rules[0].to: Required value: `to` must not be empty']],
    [rule('{from: [{}]}'), ['spec.rules[0].from[0]: Required value: `from.source` must not be nil']],
    [rule('{to: [null]}'), ['spec.rules[0].to[0]: Required value: `to.operation` must not be nil']],
    [source('{}'), ['spec.rules[0].from[0].source: Required value: `from.source` must not be empty']],
    [operation('{ports: []}'), ['spec.rules[0].to[0].operation: Required value: `to.operation` must not be empty']],
    [
      source('{principals: [""]}'),
      ['spec.rules[0].from[0].source.principals[0]: Invalid value: "": empty value not allowed'],
    ],
    [
      source('{serviceAccounts: [a], namespaces: [b]}'),
      ['spec.rules[0].from[0].source: Forbidden: cannot set serviceAccounts with namespaces or principals'],
    ],
    [
      source('{serviceAccounts: ["a*", a/b/c, /a]}'),
      [
        expect.stringContaining('"a*": wildcard not allowed'),
        expect.stringContaining(`"a/b/c": expected format 'serviceAccount' or 'namespace/serviceAccount'`),
        expect.stringContaining('"/a": expected format'),
      ],
    ],
    [source(`{serviceAccounts: [${'a,'.repeat(17)}]}`), [expect.stringContaining('may not have more than 16 values')]],
    [source('{ipBlocks: [10.0.0.256]}'), [expect.stringContaining('bad IP address')]],
    [source('{remoteIpBlocks: ["010.0.0.1"]}'), [expect.stringContaining('bad IP address')]],
    [source('{notIpBlocks: ["10.0.0.0/08"]}'), [expect.stringContaining('bad CIDR range')]],
    [
      operation('{ports: ["65536", "-1", "+80"]}'),
      [expect.stringContaining('bad port'), expect.anything(), expect.anything()],
    ],
    [operation('{ports: [80]}'), [expect.stringContaining('cannot unmarshal number into a field of type string')]],
    [operation('{paths: ["/{*}/{name}"]}'), [expect.stringContaining('invalid or unsupported path template')]],
    [operation('{notPaths: ["/{**}/*"]}'), [expect.stringContaining('invalid or unsupported path template')]],
    [when('{values: [a]}'), ['spec.rules[0].when[0].key: Required value: `key` must not be empty']],
    [
      when('{key: source.ip}'),
      ['spec.rules[0].when[0]: Required value: at least one of `values` or `notValues` must be set for key source.ip'],
    ],
    [
      when('{key: source.ips, values: [a]}'),
      ['spec.rules[0].when[0].key: Invalid value: "source.ips": unknown attribute'],
    ],
    [when('{key: "request.headers[]", values: [a]}'), [expect.stringContaining('bad key: should have format a[b]')]],
    [when('{key: request.headers, values: [a]}'), [expect.stringContaining('bad key: should have format a[b]')]],
    [
      when('{key: "destination.labels[a]", values: [a]}'),
      [expect.stringContaining('is replaced by the workload selector')],
    ],
    [
      when('{key: destination.port, values: [a]}'),
      [expect.stringContaining('spec.rules[0].when[0].values[0]: Invalid value: "a": bad port')],
    ],
    [
      when('{key: source.ip, notValues: [a]}'),
      [expect.stringContaining('when[0].notValues[0]: Invalid value: "a": bad IP')],
    ],
  ])('%s', (spec, expected) => {
    expect(errors(spec)).toEqual(expected);
    expect(read(policy('shop/a', spec)).objects).toEqual([]);
  });
});

describe('warned of', () => {
  it.each<[string, unknown[]]>([
    ['{selector: {}}', [expect.stringContaining('workload selector specified without labels')]],
    ['{targetRef: {kind: Service, name: a}}', [expect.stringContaining('is about a gateway or a waypoint')]],
    [
      '{action: CUSTOM, provider: {name: a}, rules: [{}]}',
      [expect.stringContaining('what a provider answers is not known')],
    ],
    [
      '{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}',
      [expect.stringContaining('spec.rules[0]: denies all traffic that is not HTTP')],
    ],
    ['{action: DENY, rules: [{to: [{operation: {methods: [GET], ports: ["80"]}}]}]}', []],
    ['{action: DENY, rules: [{}]}', []],
    [
      rule('{to: [{operation: {ports: ["80"]}}, {operation: {methods: [GET]}}]}'),
      [expect.stringContaining('one entry with HTTP fields keeps the whole rule')],
    ],
    [
      source('{principals: ["spiffe://cluster.local/ns/a/sa/b"]}'),
      [expect.stringContaining('matches nothing: spiffe://')],
    ],
    [source('{principals: ["*a*"]}'), [expect.stringContaining('is read as a regular expression')]],
    [source('{principals: ["a*b"]}'), [expect.stringContaining('matches nothing: a *')]],
    [source('{namespaces: [a.b]}'), [expect.stringContaining('"a.b" is no namespace')]],
    [operation('{methods: [get]}'), [expect.stringContaining('methods are compared with their case')]],
    [operation('{paths: ["/{**}/{*}"]}'), [expect.stringContaining('is no path template that the proxy takes')]],
    [
      rule('{from: [{namespaces: [a]}]}').replace('{namespaces', '{source: {ipBlocks: [10.0.0.1]}, namespaces'),
      ['unknown field "spec.rules[0].from[0].namespaces"'],
    ],
  ])('%s', (spec, expected) => {
    expect(errors(spec)).toEqual([]);
    expect(warnings(spec)).toEqual(expected);
  });
  it('what a field that stands one level too high is meant to be under', () => {
    const { problems } = read(policy('shop/a', rule('{to: [{ports: ["80"]}]}')));
    expect(problems.map(({ severity, hint }) => [severity, hint])).toEqual([
      ['error', expect.stringContaining('the fields stand under operation')],
      ['warning', expect.stringContaining('did you mean `operation`?')],
    ]);
  });
});
