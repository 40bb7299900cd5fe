/** 25: what the API server refuses, in its words, all at once, with positions. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/documents/read.js';
import { readPolicies } from '../../src/policy/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const result = readPolicies(documents);
  return { policies: result.policies, problems: [...problems, ...result.problems] };
}

const policy = (spec: string, metadata = '{name: web}') =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ${metadata}\nspec: ${spec}\n`;

const messages = (text: string) => read(text).problems.map(({ message }) => message);

const port = (text: string) => messages(policy(`{podSelector: {}, ingress: [{ports: [${text}]}]}`));

const LABEL_KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('25: ports', () => {
  const at = 'spec.ingress[0].ports[0]';
  it.each([
    ['{port: 0}', [`${at}.port: Invalid value: 0: must be between 1 and 65535, inclusive`]],
    ['{port: 65536}', [`${at}.port: Invalid value: 65536: must be between 1 and 65535, inclusive`]],
    ['{port: -1}', [`${at}.port: Invalid value: -1: must be between 1 and 65535, inclusive`]],
    ['{port: 1}', []],
    ['{port: 65535}', []],
    ['{port: 80, endPort: 79}', [`${at}.endPort: Invalid value: 79: must be greater than or equal to \`port\``]],
    ['{port: 80, endPort: 65536}', [`${at}.endPort: Invalid value: 65536: must be between 1 and 65535, inclusive`]],
    [
      '{port: http, endPort: 90}',
      [`${at}.endPort: Invalid value: 90: may not be specified when \`port\` is non-numeric`],
    ],
    ['{endPort: 90}', [`${at}.endPort: Invalid value: 90: may not be specified when \`port\` is not specified`]],
    ['{port: "80"}', [`${at}.port: Invalid value: "80": must contain at least one letter (a-z)`]],
    ['{port: abcdefghijklmnop}', [`${at}.port: Invalid value: "abcdefghijklmnop": must be no more than 15 characters`]],
    [
      '{port: Http}',
      [`${at}.port: Invalid value: "Http": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`],
    ],
    ['{port: a--b}', [`${at}.port: Invalid value: "a--b": must not contain consecutive hyphens`]],
    ['{port: -a}', [`${at}.port: Invalid value: "-a": must not begin or end with a hyphen`]],
    ['{port: 1.5}', [`${at}.port: cannot unmarshal number 1.5 into a field of type int32`]],
    ['{port: 4294967296}', [`${at}.port: cannot unmarshal number 4294967296 into a field of type int32`]],
    ['{port: yes}', [`${at}.port: cannot unmarshal bool into a field of type int32 or string`]],
    ['{protocol: tcp}', [`${at}.protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"`]],
    ['{protocol: ""}', [`${at}.protocol: Unsupported value: "": supported values: "TCP", "UDP", "SCTP"`]],
    ['{protocol: ICMP}', [`${at}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`]],
  ])('%s', (text, expected) => {
    expect(port(text)).toEqual(expected);
  });
  it('a number in quotes gets the number as a hint', () => {
    expect(read(policy('{podSelector: {}, ingress: [{ports: [{port: "80"}]}]}')).problems[0]!.hint).toContain(
      'port: 80',
    );
  });
});

describe('25: peers', () => {
  const peer = (text: string) => messages(policy(`{podSelector: {}, ingress: [{from: [${text}]}]}`));
  const at = 'spec.ingress[0].from[0]';
  it.each([
    ['{}', [`${at}: Required value: must specify a peer`]],
    ['null', [`${at}: Required value: must specify a peer`]],
    [
      '{ipBlock: {cidr: 0.0.0.0/0}, podSelector: {}}',
      [`${at}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    [
      '{ipBlock: {cidr: "::/0"}, namespaceSelector: {}}',
      [`${at}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    ['web', [`${at}: cannot unmarshal string into a field of type v1.NetworkPolicyPeer`]],
  ])('%s', (text, expected) => {
    expect(peer(text)).toEqual(expected);
  });
});

describe('25: selectors', () => {
  const selector = (text: string) => messages(policy(`{podSelector: ${text}}`));
  const at = 'spec.podSelector.matchExpressions[0]';
  it.each([
    ['{matchLabels: {"a b": c}}', [`spec.podSelector.matchLabels: Invalid value: "a b": ${LABEL_KEY}`]],
    ['{matchLabels: {a: b c}}', [`spec.podSelector.matchLabels: Invalid value: "b c": ${LABEL_VALUE}`]],
    ['{matchLabels: {a: "-"}}', [`spec.podSelector.matchLabels: Invalid value: "-": ${LABEL_VALUE}`]],
    ['{matchLabels: {/a: b}}', ['spec.podSelector.matchLabels: Invalid value: "/a": prefix part must be non-empty']],
    ['{matchLabels: {A/a: b}}', [`spec.podSelector.matchLabels: Invalid value: "A/a": prefix part ${SUBDOMAIN}`]],
    [
      `{matchLabels: {a: ${'x'.repeat(64)}}}`,
      [`spec.podSelector.matchLabels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`],
    ],
    [`{matchLabels: {a: ${'x'.repeat(63)}}}`, []],
    [
      '{matchLabels: {a: yes}}',
      ['spec.podSelector.matchLabels: cannot unmarshal bool into a field of type string (key "a")'],
    ],
    [
      '{matchLabels: {a: 80}}',
      ['spec.podSelector.matchLabels: cannot unmarshal number into a field of type string (key "a")'],
    ],
    [
      '{matchLabels: {a: [b]}}',
      ['spec.podSelector.matchLabels: cannot unmarshal array into a field of type string (key "a")'],
    ],
    ['{matchLabels: {a: }}', ['spec.podSelector.matchLabels: "a" has no value and is read as ""']],
    [
      '{matchLabels: [a]}',
      ['spec.podSelector.matchLabels: cannot unmarshal array into a field of type map[string]string'],
    ],
    [
      '{matchExpressions: [{key: a, operator: In}]}',
      [`${at}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ],
    [
      '{matchExpressions: [{key: a, operator: NotIn, values: []}]}',
      [`${at}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ],
    [
      '{matchExpressions: [{key: a, operator: Exists, values: [b]}]}',
      [`${at}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`],
    ],
    [
      '{matchExpressions: [{key: a, operator: DoesNotExist, values: [b]}]}',
      [`${at}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`],
    ],
    [
      '{matchExpressions: [{key: a, operator: in, values: [b]}]}',
      [`${at}.operator: Invalid value: "in": not a valid selector operator`],
    ],
    [
      '{matchExpressions: [{operator: Exists}]}',
      [`${at}.key: Invalid value: "": name part must be non-empty`, `${at}.key: Invalid value: "": ${LABEL_KEY}`],
    ],
    [
      '{matchExpressions: [{key: a, operator: In, values: ["b c"]}]}',
      [`${at}.values[0]: Invalid value: "b c": ${LABEL_VALUE}`],
    ],
  ])('%s', (text, expected) => {
    expect(selector(text)).toEqual(expected);
  });
});

describe('25: metadata, spec and policyTypes', () => {
  it.each([
    [policy('{podSelector: {}}', '{}'), ['metadata.name: Required value: name or generateName is required']],
    [policy('{podSelector: {}}', '{generateName: a-}'), []],
    [policy('{podSelector: {}}', '{name: A_b}'), [`metadata.name: Invalid value: "A_b": ${SUBDOMAIN}`]],
    [policy('{podSelector: {}}', '{name: a.b}'), []],
    [
      policy('{podSelector: {}}', '{name: a, namespace: a.b}'),
      ['metadata.namespace: Invalid value: "a.b": must not contain dots'],
    ],
    [
      policy('{podSelector: {}}', '{name: 7}'),
      [
        'metadata.name: cannot unmarshal number into a field of type string',
        'metadata.name: Required value: name or generateName is required',
      ],
    ],
    [
      policy('{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}'),
      ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
    ],
    [
      policy('{podSelector: {}, policyTypes: [ingress]}'),
      ['spec.policyTypes[0]: Unsupported value: "ingress": supported values: "Ingress", "Egress"'],
    ],
    [
      policy('{podSelector: {}, policyTypes: Ingress}'),
      ['spec.policyTypes: cannot unmarshal string into a field of type []v1.PolicyType'],
    ],
    [
      policy('{podSelector: {}, ingress: {}}'),
      ['spec.ingress: cannot unmarshal object into a field of type []v1.NetworkPolicyIngressRule'],
    ],
    [policy('[]'), ['spec: cannot unmarshal array into a field of type v1.NetworkPolicySpec']],
  ])('%s', (text, expected) => {
    expect(messages(text)).toEqual(expected);
  });
  it('no spec, and no podSelector, are every pod: with a warning', () => {
    for (const [spec, path] of [
      ['', 'spec'],
      ['{ingress: []}', 'spec.podSelector'],
    ] as const) {
      const { policies, problems } = read(policy(spec));
      expect(policies).toMatchObject([
        { podSelector: { matchLabels: {}, matchExpressions: [] }, isolatesIngress: true },
      ]);
      expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining(`${path}: not set`) }]);
    }
  });
});

describe('unknown fields', () => {
  const first = (spec: string) => read(policy(spec)).problems.find(({ severity }) => severity === 'warning')!;
  it.each([
    [
      '{podSelector: {}, egress: [{from: [{podSelector: {}}]}]}',
      'spec.egress[0].from',
      '`from` is not a field of an egress rule; did you mean `to`?',
    ],
    [
      '{podSelector: {}, ingress: [{to: []}]}',
      'spec.ingress[0].to',
      '`to` is not a field of an ingress rule; did you mean `from`?',
    ],
    ['{podSelector: {}, policytypes: [Egress]}', 'spec.policytypes', 'did you mean `policyTypes`?'],
    ['{podSelector: {matchLabel: {a: b}}}', 'spec.podSelector.matchLabel', 'did you mean `matchLabels`?'],
    [
      '{podSelector: {}, ingress: [{ports: [{targetPort: 80}]}]}',
      'spec.ingress[0].ports[0].targetPort',
      'did you mean `port`?',
    ],
    [
      '{podSelector: {}, ingress: [{from: [{ipblock: {cidr: 0.0.0.0/0}}]}]}',
      'spec.ingress[0].from[0].ipblock',
      'did you mean `ipBlock`?',
    ],
    ['{podSelector: {}, zzz: 1}', 'spec.zzz', 'it has `podSelector`, `policyTypes`, `ingress`, `egress`'],
  ])('%s', (spec, path, hint) => {
    const problem = first(spec);
    expect(problem).toMatchObject({ severity: 'warning', message: `unknown field "${path}"` });
    expect(problem.hint).toContain(hint);
  });
  it('what kubectl prints has none', () => {
    const printed = `{name: a, uid: x, resourceVersion: "1", generation: 1, creationTimestamp: "2026-01-01T00:00:00Z", labels: {a: b}, annotations: {c: "{}"}, managedFields: []}`;
    expect(read(`${policy('{podSelector: {}, policyTypes: [Ingress]}', printed)}status: {}\n`).problems).toEqual([]);
  });
});

describe('other kinds and versions', () => {
  it('extensions/v1beta1 is told its new version', () => {
    const { problems } = read('apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}\n');
    expect(problems).toMatchObject([
      {
        severity: 'error',
        message: expect.stringContaining('extensions/v1beta1'),
        hint: expect.stringContaining('networking.k8s.io/v1'),
      },
    ]);
  });
  it.each([
    ['projectcalico.org/v1', 'NetworkPolicy'],
    ['crd.projectcalico.org/v3', 'GlobalNetworkPolicy'],
    ['policy.networking.k8s.io/v1alpha1', 'ClusterNetworkPolicy'],
    ['policy.networking.k8s.io/v1alpha2', 'AdminNetworkPolicy'],
    ['crd.antrea.io/v1alpha1', 'ClusterNetworkPolicy'],
  ])('%s %s is a warning, never silence', (apiVersion, kind) => {
    const { policies, problems } = read(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\nspec: {}\n`);
    expect(policies).toEqual([]);
    expect(problems).toMatchObject([{ severity: 'warning', position: { line: 2, column: 1 } }]);
    expect(problems[0]!.message).toContain('not supported yet: all verdicts leave it out');
  });
  it('other objects are none of its business', () => {
    expect(read('apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\n')).toEqual({
      policies: [],
      problems: [],
    });
  });
});

it('tells everything at once, in the order of the file', () => {
  const { problems } = read(
    policy(
      '\n  podSelector: {matchLabels: {a: "b c"}}\n  policyTypes: [X]\n  ingress:\n  - from: [{}]\n    ports: [{port: 0}]\n  egress: 1',
    ),
  );
  expect(problems.map(({ position }) => position.line)).toEqual([5, 6, 8, 9, 10]);
});
