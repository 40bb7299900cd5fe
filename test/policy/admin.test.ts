/** policy.networking.k8s.io: what is read, and what is refused, with position. Numbers: docs/dialects/admin.md. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/documents/read.js';
import type { AdminPolicy } from '../../src/policy/admin/model.js';
import { readPolicies } from '../../src/policy/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const { objects, problems: own } = readPolicies(documents);
  return { policies: objects.admin as readonly AdminPolicy[], problems: [...problems, ...own] };
}

const cnp = (spec: string, version = 'v1alpha2', name = 'p') =>
  `apiVersion: policy.networking.k8s.io/${version}\nkind: ClusterNetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const anp = (spec: string) =>
  `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: p}\nspec: ${spec}\n`;
const banp = (spec: string, name = 'default') =>
  `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

const rule = (direction: 'ingress' | 'egress', text: string) =>
  cnp(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ${direction}: [${text}]}`);
const older = (direction: 'ingress' | 'egress', text: string) =>
  anp(`{priority: 1, subject: {namespaces: {}}, ${direction}: [${text}]}`);
const peer = (text: string) => rule('egress', `{action: Accept, to: [${text}]}`);
const protocol = (text: string) => rule('ingress', `{action: Accept, from: [{namespaces: {}}], protocols: [${text}]}`);
const port = (text: string) => older('ingress', `{action: Allow, from: [{namespaces: {}}], ports: [${text}]}`);

const told = (text: string) => read(text).problems.map(({ severity, message }) => `${severity}: ${message}`);

const PRIORITY = 'spec.priority in body should be';

describe('what the API server refuses, in its words', () => {
  it.each([
    ['A1', cnp('{priority: 1, subject: {namespaces: {}}}'), ['spec.tier: Required value']],
    [
      'A1',
      cnp('{tier: admin, priority: 1, subject: {namespaces: {}}}'),
      ['spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline"'],
    ],
    ['A16', cnp('{tier: Admin, subject: {namespaces: {}}}'), ['spec.priority: Required value']],
    [
      'A16',
      cnp('{tier: Admin, priority: 1001, subject: {namespaces: {}}}'),
      [`spec.priority: Invalid value: 1001: ${PRIORITY} less than or equal to 1000`],
    ],
    [
      'A16',
      anp('{priority: -1, subject: {namespaces: {}}}'),
      [`spec.priority: Invalid value: -1: ${PRIORITY} greater than or equal to 0`],
    ],
    ['A3', cnp('{tier: Admin, priority: 1}'), ['spec.subject: Required value']],
    [
      'A3',
      cnp('{tier: Admin, priority: 1, subject: {}}'),
      ['spec.subject: Invalid value: spec.subject in body should have at least 1 properties'],
    ],
    [
      'A3',
      cnp('{tier: Admin, priority: 1, subject: {namespaces: {}, pods: {podSelector: {}}}}'),
      ['spec.subject: Too many: 2: must have at most 1 items'],
    ],
    [
      'A3',
      cnp('{tier: Admin, priority: 1, subject: {pods: {namespaceSelector: {}}}}'),
      ['spec.subject.pods.podSelector: Required value'],
    ],
    [
      'A3',
      anp('{priority: 1, subject: {pods: {podSelector: {}}}}'),
      ['spec.subject.pods.namespaceSelector: Required value'],
    ],
    ['A3', cnp('null'), ['spec: Required value', 'spec.tier: Required value', 'spec.priority: Required value']],
    [
      'A2',
      banp('{subject: {namespaces: {}}}', 'other'),
      [
        'metadata.name: Invalid value: Only one baseline admin network policy with metadata.name="default" can be created in the cluster',
      ],
    ],
    [
      'A16',
      rule('ingress', Array(26).fill('{action: Deny, from: [{namespaces: {}}]}').join()),
      ['spec.ingress: Too many: 26: must have at most 25 items'],
    ],
    [
      'A16',
      older('ingress', Array(101).fill('{action: Deny, from: [{namespaces: {}}]}').join()),
      ['spec.ingress: Too many: 101: must have at most 100 items'],
    ],
    [
      'A16',
      rule('ingress', `{name: ${'x'.repeat(101)}, action: Deny, from: [{namespaces: {}}]}`),
      ['spec.ingress[0].name: Too long: may not be more than 100 bytes'],
    ],
    ['A1', rule('ingress', '{from: [{namespaces: {}}]}'), ['spec.ingress[0].action: Required value']],
    [
      'A1',
      rule('ingress', '{action: Allow, from: [{namespaces: {}}]}'),
      ['spec.ingress[0].action: Unsupported value: "Allow": supported values: "Accept", "Deny", "Pass"'],
    ],
    [
      'A1',
      older('egress', '{action: Accept, to: [{namespaces: {}}]}'),
      ['spec.egress[0].action: Unsupported value: "Accept": supported values: "Allow", "Deny", "Pass"'],
    ],
    [
      'A18',
      banp('{subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {}}]}]}'),
      ['spec.ingress[0].action: Unsupported value: "Pass": supported values: "Allow", "Deny"'],
    ],
    ['A5', rule('ingress', '{action: Deny}'), ['spec.ingress[0].from: Required value']],
    [
      'A5',
      rule('ingress', '{action: Deny, from: []}'),
      ['spec.ingress[0].from: Invalid value: 0: spec.ingress[0].from in body should have at least 1 items'],
    ],
    [
      'A5',
      rule('ingress', `{action: Deny, from: [${Array(26).fill('{namespaces: {}}').join()}]}`),
      ['spec.ingress[0].from: Too many: 26: must have at most 25 items'],
    ],
    [
      'A12',
      peer('{}'),
      ['spec.egress[0].to[0]: Invalid value: spec.egress[0].to[0] in body should have at least 1 properties'],
    ],
    [
      'A12',
      peer('{namespaces: {}, networks: [10.0.0.0/8]}'),
      ['spec.egress[0].to[0]: Too many: 2: must have at most 1 items'],
    ],
    [
      'A7',
      peer('{networks: []}'),
      [
        'spec.egress[0].to[0].networks: Invalid value: 0: spec.egress[0].to[0].networks in body should have at least 1 items',
      ],
    ],
    [
      'A7',
      peer('{networks: [10.0.0.0/33]}'),
      [
        'spec.egress[0].to[0].networks[0]: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    [
      'A8',
      peer('{domainNames: ["*foo.com"]}'),
      [
        'spec.egress[0].to[0].domainNames[0]: Invalid value: "*foo.com": it should match \'^(\\*\\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.?$\'',
      ],
    ],
    [
      'A8',
      banp('{subject: {namespaces: {}}, egress: [{action: Allow, to: [{domainNames: [example.com]}]}]}'),
      ['spec.egress[0].to[0].domainNames: Forbidden: a BaselineAdminNetworkPolicy has no domainNames'],
    ],
    [
      'A9',
      protocol(''),
      ['spec.ingress[0].protocols: Invalid value: 0: spec.ingress[0].protocols in body should have at least 1 items'],
    ],
    [
      'A9',
      protocol('{}'),
      [
        'spec.ingress[0].protocols[0]: Invalid value: spec.ingress[0].protocols[0] in body should have at least 1 properties',
      ],
    ],
    [
      'A9',
      protocol('{tcp: {}}'),
      [
        'spec.ingress[0].protocols[0].tcp: Invalid value: spec.ingress[0].protocols[0].tcp in body should have at least 1 properties',
      ],
    ],
    [
      'A9',
      protocol('{tcp: {destinationPort: {number: 0}}}'),
      [
        'spec.ingress[0].protocols[0].tcp.destinationPort.number: Invalid value: 0: spec.ingress[0].protocols[0].tcp.destinationPort.number in body should be greater than or equal to 1',
      ],
    ],
    [
      'A9',
      protocol('{udp: {destinationPort: {number: 1, range: {start: 1, end: 2}}}}'),
      ['spec.ingress[0].protocols[0].udp.destinationPort: Too many: 2: must have at most 1 items'],
    ],
    [
      'A9',
      protocol('{sctp: {destinationPort: {range: {start: 5, end: 5}}}}'),
      [
        'spec.ingress[0].protocols[0].sctp.destinationPort.range: Invalid value: "object": Start port must be less than End port',
      ],
    ],
    [
      'A9',
      protocol('{sctp: {destinationPort: {range: {start: 5}}}}'),
      ['spec.ingress[0].protocols[0].sctp.destinationPort.range.end: Required value'],
    ],
    [
      'A9',
      port('{portNumber: {port: 1}, namedPort: x}'),
      ['spec.ingress[0].ports[0]: Too many: 2: must have at most 1 items'],
    ],
    [
      'A9',
      port('{portNumber: {protocol: tcp, port: 1}}'),
      [
        'spec.ingress[0].ports[0].portNumber.protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
      ],
    ],
    ['A9', port('{portNumber: {protocol: TCP}}'), ['spec.ingress[0].ports[0].portNumber.port: Required value']],
    [
      'A11',
      rule('egress', '{action: Accept, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: web}]}'),
      [
        'spec.egress[0]: Invalid value: "object": networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames',
      ],
    ],
    [
      'A15',
      older('ingress', '{action: Allow, from: [{namespaces: {namespaceSelector: {}}}]}'),
      [
        'spec.ingress[0].from[0].namespaces.namespaceSelector: is of network-policy-api v0.1.1: today `namespaces` is itself a label selector',
      ],
    ],
    [
      'A15',
      older(
        'ingress',
        '{action: Allow, from: [{namespaces: {sameLabels: [tenant]}}, {namespaces: {notSameLabels: [t]}}]}',
      ),
      [
        'spec.ingress[0].from[0].namespaces.sameLabels: is of network-policy-api v0.1.1: today `namespaces` is itself a label selector',
        'spec.ingress[0].from[1].namespaces.notSameLabels: is of network-policy-api v0.1.1: today `namespaces` is itself a label selector',
      ],
    ],
    [
      'A15',
      older('ingress', '{action: Allow, from: [{pods: {namespaces: {sameLabels: [t]}, podSelector: {}}}]}'),
      [
        'spec.ingress[0].from[0].pods.namespaces: is of network-policy-api v0.1.1: today the namespaces of a selection of pods are a label selector',
      ],
    ],
    [
      'A3',
      cnp('{tier: Admin, priority: 1, subject: {namespaces: {matchLabels: {app: a b}}}}'),
      [
        expect.stringContaining(
          'spec.subject.namespaces.matchLabels: Invalid value: "a b": a valid label must be an empty string',
        ),
      ],
    ],
    [
      'A16',
      cnp('{tier: Admin, priority: high, subject: {namespaces: {}}}'),
      ['spec.priority: cannot unmarshal string into a field of type int32'],
    ],
  ])('%s (case %#)', (_, text, expected) => {
    const { policies, problems } = read(text);
    expect(policies).toEqual([]);
    expect(problems.map(({ severity }) => severity)).toEqual(problems.map(() => 'error'));
    expect(problems.map(({ message }) => message)).toEqual(expected);
  });

  it('every error of a document at once, each where it stands, in order', () => {
    const text = `apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata:
  name: p
spec:
  tier: Top
  priority: 5000
  subject:
    namespaces: {}
  ingress:
    - action: Drop
      from:
        - pods:
            namespaceSelector: {}
`;
    expect(read(text).problems.map(({ position: { line, column }, hint }) => [line, column, hint])).toEqual([
      [6, 3, undefined],
      [7, 3, undefined],
      [11, 7, undefined],
      [13, 11, 'podSelector: {} means all of them'],
    ]);
  });

  it('A15: the hint names the form of today', () => {
    const [problem] = read(
      older('ingress', '{action: Allow, from: [{namespaces: {namespaceSelector: {matchLabels: {a: b}}}}]}'),
    ).problems;
    expect(problem?.hint).toBe('write namespaces: {matchLabels: {...}}, what stands under namespaceSelector now');
  });
});

describe('warnings', () => {
  it('A12: an unknown field of a peer, and that it fails closed', () => {
    const { policies, problems } = read(peer('{cidrGroup: x}'));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      severity: 'warning',
      message: 'unknown field "spec.egress[0].to[0].cidrGroup"',
    });
    expect(problems[0]!.hint).toContain('fails closed');
    expect(policies[0]!.egress[0]!.peers).toEqual([{ kind: 'unknown' }]);
  });

  it('A12: where another field is known, that one counts', () => {
    const { policies } = read(peer('{cidrGroup: x, networks: [10.0.0.0/8]}'));
    expect(policies[0]!.egress[0]!.peers).toEqual([{ kind: 'networks', cidrs: ['10.0.0.0/8'] }]);
  });

  it('A12: an ingress peer knows no networks', () => {
    const { policies, problems } = read(rule('ingress', '{action: Deny, from: [{networks: [10.0.0.0/8]}]}'));
    expect(problems[0]).toMatchObject({
      severity: 'warning',
      message: 'unknown field "spec.ingress[0].from[0].networks"',
    });
    expect(policies[0]!.ingress[0]!.peers).toEqual([{ kind: 'unknown' }]);
  });

  it('A13: an unknown match of protocols', () => {
    const { policies, problems } = read(protocol('{icmp: {type: 8}}, {tcp: {sourcePort: 5}}'));
    expect(problems.map(({ message }) => message)).toEqual([
      'unknown field "spec.ingress[0].protocols[0].icmp"',
      'unknown field "spec.ingress[0].protocols[1].tcp.sourcePort"',
    ]);
    expect(policies[0]!.ingress[0]!.ports).toEqual([{ kind: 'unknown' }, { kind: 'unknown' }]);
  });

  it('A10: a name that no port can have', () => {
    expect(told(protocol('{destinationNamedPort: "80"}'))).toEqual([
      'warning: spec.ingress[0].protocols[0].destinationNamedPort: "80" is the name of no port: must contain at least one letter (a-z)',
    ]);
  });
});

describe('what is read', () => {
  it('A1: of ClusterNetworkPolicy, in both versions', () => {
    const spec = `{tier: Baseline, priority: 7, subject: {pods: {podSelector: {matchLabels: {app: web}}}},
      ingress: [{name: first, action: Pass, from: [{namespaces: {matchLabels: {team: a}}}],
        protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 1, end: 9}}}}, {destinationNamedPort: web}]}],
      egress: [{action: Deny, to: [{nodes: {}}, {networks: [10.0.0.1/8, "fd00::/8"]}]}]}`;
    for (const version of ['v1alpha2', 'v1beta1']) {
      const { policies } = read(cnp(spec, version));
      const every = { matchLabels: {}, matchExpressions: [] };
      expect(policies).toMatchObject([
        {
          kind: 'ClusterNetworkPolicy',
          namespace: '',
          name: 'p',
          tier: 'Baseline',
          priority: 7,
          subject: { namespaceSelector: every, podSelector: { matchLabels: { app: 'web' } } },
          declares: [{ rule: 'ingress[0] first' }, { rule: 'egress[0]' }],
          ingress: [
            {
              rule: 'ingress[0] first',
              action: 'pass',
              peers: [{ kind: 'pods', namespaceSelector: { matchLabels: { team: 'a' } }, podSelector: every }],
              ports: [
                { kind: 'numbers', protocol: 'TCP', range: [80, 80] },
                { kind: 'numbers', protocol: 'UDP', range: [1, 9] },
                { kind: 'name', name: 'web' },
              ],
            },
          ],
          egress: [
            {
              action: 'deny',
              peers: [
                { kind: 'nodes', selector: every },
                { kind: 'networks', cidrs: ['10.0.0.0/8', 'fd00::/8'] },
              ],
              ports: null,
            },
          ],
        },
      ]);
    }
  });

  it('A2: of the older kinds', () => {
    const { policies, problems } = read(
      `${older('ingress', '{action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {port: 80}}, {portRange: {protocol: SCTP, start: 1, end: 2}}, {namedPort: web}]}')}---\n${banp('{subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], ports: []}]}')}`,
    );
    expect(problems).toEqual([]);
    expect(policies).toMatchObject([
      {
        kind: 'AdminNetworkPolicy',
        tier: 'Admin',
        priority: 1,
        ingress: [
          {
            ports: [
              { kind: 'numbers', protocol: 'TCP', range: [80, 80] },
              { kind: 'numbers', protocol: 'SCTP', range: [1, 2] },
              { kind: 'name', name: 'web' },
            ],
          },
        ],
      },
      { kind: 'BaselineAdminNetworkPolicy', tier: 'Baseline', priority: null, egress: [{ ports: null }] },
    ]);
  });

  it('one name of a kind once', () => {
    const spec = '{tier: Admin, priority: 1, subject: {namespaces: {}}}';
    expect(told(`${cnp(spec)}---\n${cnp(spec)}---\n${anp('{priority: 1, subject: {namespaces: {}}}')}`)).toEqual([
      'error: metadata.name: Duplicate value: "p": ClusterNetworkPolicy p is given twice',
    ]);
  });

  it('an unknown version is told, and left out', () => {
    expect(told(cnp('{}', 'v2'))[0]).toContain('is not supported yet: all verdicts leave it out');
  });
});
