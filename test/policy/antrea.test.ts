/** crd.antrea.io: what is read, and what is refused, with position. Numbers: docs/dialects/antrea.md. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/documents/read.js';
import { readPolicies } from '../../src/policy/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const { objects, policies, problems: own } = readPolicies(documents);
  return { objects: objects.antrea, policies, problems: [...problems, ...own] };
}

const doc = (kind: string, spec: string, metadata = '{name: p}', version = 'v1beta1') =>
  `apiVersion: crd.antrea.io/${version}\nkind: ${kind}\nmetadata: ${metadata}\nspec: {${spec}}\n`;
const acnp = (spec: string) => doc('ClusterNetworkPolicy', spec);
const annp = (spec: string) => doc('NetworkPolicy', spec, '{name: p, namespace: shop}');
const TO = 'appliedTo: [{podSelector: {}}]';
const ingress = (text: string) => acnp(`priority: 5, ${TO}, ingress: [{action: Drop, ${text}}]`);
const egress = (text: string, action = 'Drop') => acnp(`priority: 5, ${TO}, egress: [{action: ${action}, ${text}}]`);
const subject = (text: string) => acnp(`priority: 5, appliedTo: [${text}], ingress: [{action: Drop}]`);
const own = (text: string) => annp(`priority: 5, ${text}`);
const AT = 'spec.egress[0]';

describe('what the API server and the webhook refuse, in their words', () => {
  it.each([
    ['AN4', acnp(TO), ['spec.priority: Required value']],
    [
      'AN4',
      acnp(`priority: 0.5, ${TO}`),
      ['spec.priority: Invalid value: 0.5: spec.priority in body should be greater than or equal to 1'],
    ],
    [
      'AN4',
      acnp(`priority: 10001, ${TO}`),
      ['spec.priority: Invalid value: 10001: spec.priority in body should be less than or equal to 10000'],
    ],
    ['AN4', acnp(`priority: first, ${TO}`), ['spec.priority: cannot unmarshal string into a field of type float64']],
    ['AN5', acnp(`priority: 5, ${TO}, ingress: [{}]`), ['spec.ingress[0].action: Required value']],
    [
      'AN5',
      acnp(`priority: 5, ${TO}, ingress: [{action: Deny}]`),
      ['spec.ingress[0].action: Unsupported value: "Deny": supported values: "Allow", "Drop", "Reject", "Pass"'],
    ],
    [
      'AN5',
      acnp(`priority: 5, tier: Baseline, ${TO}, ingress: [{action: Pass}]`),
      ['`Pass` action should not be set for Baseline Tier policy rules'],
    ],
    [
      'AN6',
      acnp('priority: 5, ingress: [{action: Drop}]'),
      ['spec.appliedTo: appliedTo needs to be set in either spec or rules'],
    ],
    [
      'AN6',
      acnp(`priority: 5, ${TO}, ingress: [{action: Drop, ${TO}}]`),
      ['spec.appliedTo: appliedTo should not be set in both spec and rules'],
    ],
    [
      'AN6',
      acnp(`priority: 5, ingress: [{action: Drop, ${TO}}, {action: Drop}]`),
      ['spec.appliedTo: appliedTo field should either be set in all rules or in none of them'],
    ],
    ['AN6', subject('{}'), ['spec.appliedTo[0]: Required value: it selects nothing']],
    [
      'AN6',
      subject('{group: g, podSelector: {}}'),
      ['spec.appliedTo[0]: group cannot be set with other peers in appliedTo'],
    ],
    [
      'AN6',
      subject('{serviceAccount: {name: a, namespace: b}, podSelector: {}}'),
      ['spec.appliedTo[0]: serviceAccount cannot be set with other peers in appliedTo'],
    ],
    [
      'AN6',
      subject('{nodeSelector: {}, podSelector: {}}'),
      ['spec.appliedTo[0]: nodeSelector cannot be set with other peers in appliedTo'],
    ],
    ['AN16', subject('{service: {name: a}}'), ['spec.appliedTo[0].service.namespace: Required value']],
    [
      'AN6',
      own('appliedTo: [{namespaceSelector: {}}]'),
      ['spec.appliedTo[0].namespaceSelector: Forbidden: a NetworkPolicy applies to pods of its own namespace'],
    ],
    [
      'AN6',
      own('appliedTo: [{nodeSelector: {}}]'),
      ['spec.appliedTo[0].nodeSelector: Forbidden: a NetworkPolicy applies to pods of its own namespace'],
    ],
    [
      'AN7',
      own(`${TO}, ingress: [{action: Drop, from: [{namespaces: {match: Self}}]}]`),
      ['spec.ingress[0].from[0].namespaces: Forbidden: a NetworkPolicy has one namespace'],
    ],
    [
      'AN7',
      ingress('from: [{namespaces: {match: Same}}]'),
      ['spec.ingress[0].from[0].namespaces.match: Unsupported value: "Same": supported values: "Self"'],
    ],
    [
      'AN7',
      ingress('from: [{namespaces: {match: Self, sameLabels: [a]}}]'),
      [
        'spec.ingress[0].from[0].namespaces: only one matching criteria can be specified in a single peer namespaces field',
      ],
    ],
    [
      'AN7',
      ingress('from: [{namespaces: {match: Self}, namespaceSelector: {}}]'),
      [
        'spec.ingress[0].from[0]: namespaces and namespaceSelector cannot be set at the same time for a single NetworkPolicyPeer',
      ],
    ],
    [
      'AN8',
      egress('to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]'),
      [`${AT}.to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of \`cidr\``],
    ],
    [
      'AN8',
      egress('to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]'),
      [`${AT}.to[0]: ipBlock cannot be set with other peers in rules`],
    ],
    [
      'AN9',
      egress('to: [{group: g, podSelector: {}}]'),
      [`${AT}.to[0]: group cannot be set with other peers in rules`],
    ],
    ['AN10', egress('to: [{}]'), [`${AT}.to[0]: Required value: must specify a peer`]],
    [
      'AN11',
      egress('ports: [{protocol: ICMP}]'),
      [`${AT}.ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [
      'AN11',
      egress('ports: [{port: 9, endPort: 8}]'),
      [`${AT}.ports[0].endPort: Invalid value: 8: must be greater than or equal to \`port\``],
    ],
    [
      'AN11',
      egress('ports: [{sourcePort: 9, sourceEndPort: 8}]'),
      [`${AT}.ports[0].sourceEndPort: \`sourceEndPort\` should be greater than or equal to \`sourcePort\``],
    ],
    [
      'AN11',
      egress('ports: [{sourceEndPort: 8}]'),
      [`${AT}.ports[0].sourceEndPort: if \`sourceEndPort\` is specified \`sourcePort\` must be specified`],
    ],
    [
      'AN11',
      egress('ports: [{sourcePort: 0}]'),
      [
        `${AT}.ports[0].sourcePort: Invalid value: 0: ${AT}.ports[0].sourcePort in body should be greater than or equal to 1`,
      ],
    ],
    [
      'AN12',
      egress('protocols: [{}]'),
      [`${AT}.protocols[0]: Invalid value: ${AT}.protocols[0] in body should have at least 1 properties`],
    ],
    [
      'AN12',
      egress('protocols: [{icmp: {icmpType: 256}}]'),
      [
        `${AT}.protocols[0].icmp.icmpType: Invalid value: 256: ${AT}.protocols[0].icmp.icmpType in body should be less than or equal to 255`,
      ],
    ],
    ['AN12', egress('protocols: [{igmp: {}}]', 'Reject'), [`${AT}: protocol IGMP does not support Pass or Reject`]],
    [
      'AN12',
      egress('protocols: [{igmp: {}}], ports: [{port: 80}]'),
      [`${AT}: protocol IGMP can not be used with other protocols or other properties like from, to`],
    ],
    ['AN13', egress('to: [{fqdn: "a b"}]'), [`${AT}.to[0].fqdn: invalid characters in egress rule fqdn field: "a b"`]],
    [
      'AN13',
      ingress('from: [{fqdn: example.com}]'),
      ['spec.ingress[0].from[0].fqdn: Forbidden: fqdn can only be set for egress rules'],
    ],
    ['AN14', egress('l7Protocols: [{http: {}}]'), [`${AT}: layer 7 protocols only support Allow`]],
    [
      'AN15',
      egress('toServices: [{name: a, namespace: b}], ports: [{port: 80}]'),
      [`${AT}: \`toServices\` cannot be used with \`to\`, \`ports\` or \`protocols\``],
    ],
    [
      'AN17',
      egress('to: [{nodeSelector: {}, podSelector: {}}]'),
      [`${AT}.to[0]: nodeSelector cannot be set with other peers in rules`],
    ],
    ['AN18', egress('to: [{serviceAccount: {name: a}}]'), [`${AT}.to[0].serviceAccount.namespace: Required value`]],
    [
      'names',
      acnp(`priority: 5, ${TO}, ingress: [{name: a, action: Drop}], egress: [{name: a, action: Drop}]`),
      ['spec.egress[0].name: rules names must be unique within the policy: "a"'],
    ],
    ['AN2', doc('Tier', 'description: none'), ['spec.priority: Required value']],
    [
      'AN2',
      doc('Tier', 'priority: 256'),
      ['spec.priority: Invalid value: 256: spec.priority in body should be less than or equal to 255'],
    ],
    ['AN2', doc('Tier', 'priority: 250'), ['spec.priority: tier p priority 250 is reserved']],
    ['AN2', doc('Tier', 'priority: 100'), ['spec.priority: tier p priority 100 is reserved']],
    [
      'AN2',
      doc('Tier', 'priority: 51', '{name: emergency}'),
      ['spec.priority: update to Tier priority is not allowed'],
    ],
    [
      'AN9',
      doc('ClusterGroup', 'podSelector: {}, childGroups: [a]'),
      [
        'spec: At most one of podSelector, externalEntitySelector, serviceReference, ipBlock, ipBlocks or childGroups can be set for a ClusterGroup',
      ],
    ],
    [
      'AN9',
      doc('Group', 'podSelector: {}, externalEntitySelector: {}', '{name: g, namespace: shop}'),
      [
        'spec: At most one of podSelector, externalEntitySelector, serviceReference, ipBlock, ipBlocks or childGroups can be set for a Group',
      ],
    ],
    [
      'AN9',
      doc('ClusterGroup', 'ipBlocks: [{cidr: 10.0.0.0/99}]'),
      [
        'spec.ipBlocks[0].cidr: Invalid value: "10.0.0.0/99": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
  ])('%s (case %#)', (_, text, expected) => {
    const { objects, problems } = read(text);
    expect(problems.map(({ message }) => message)).toEqual(expected);
    expect(problems.map(({ severity }) => severity)).toEqual(problems.map(() => 'error'));
    expect(objects).toEqual([]);
  });

  it('where it stands', () => {
    const text = `apiVersion: crd.antrea.io/v1beta1
kind: ClusterNetworkPolicy
metadata:
  name: p
spec:
  priority: 5
  appliedTo:
    - podSelector: {}
  ingress:
    - action: Deny
      ports:
        - port: 99999
`;
    expect(read(text).problems.map(({ position: { line, column }, hint }) => [line, column, hint])).toEqual([
      [10, 7, undefined],
      [12, 11, undefined],
    ]);
  });
});

describe('what is read', () => {
  it('a policy with everything', () => {
    const { objects, problems } = read(
      acnp(`tier: SecurityOps, priority: 5.5, ${TO},
        ingress: [{name: in, action: Reject, from: [{namespaces: {match: Self}}, {podSelector: {}, scope: ClusterSet}],
          ports: [{port: 80, endPort: 90}, {protocol: UDP, port: dns, sourcePort: 53}], protocols: [{icmp: {icmpType: 8}}], enableLogging: true, logLabel: x}],
        egress: [{action: Pass, to: [], ports: []}]`),
    );
    expect(problems).toEqual([]);
    const every = { matchLabels: {}, matchExpressions: [] };
    expect(objects).toMatchObject([
      {
        kind: 'AntreaClusterNetworkPolicy',
        namespace: '',
        tier: 'securityops',
        priority: 5.5,
        declares: [{ rule: 'ingress[0] in' }, { rule: 'egress[0]' }],
        ingress: [
          {
            action: 'deny',
            index: 0,
            appliedTo: [{ kind: 'pods', namespaceSelector: null, podSelector: every }],
            peers: [
              { kind: 'related', sameLabels: null, podSelector: null },
              { kind: 'pods', namespaceSelector: null, podSelector: every },
              { kind: 'clusterSet' },
            ],
            headers: [
              { kind: 'ports', protocol: 'TCP', destination: [80, 90], source: null },
              { kind: 'ports', protocol: 'UDP', destination: 'dns', source: [53, 53] },
              { kind: 'icmp', type: 8, code: null },
            ],
          },
        ],
        egress: [{ action: 'pass', peers: null, headers: null, layer7: null }],
      },
    ]);
  });

  it('beside a NetworkPolicy of Kubernetes with the same name, and apart from the upstream kind', () => {
    const kubernetes =
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}}\n';
    const upstream =
      'apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: p}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {}}}\n';
    const { objects, policies, problems } = read(
      [kubernetes, own(TO), acnp(`priority: 5, ${TO}`), upstream].join('---\n'),
    );
    expect(problems).toEqual([]);
    expect([policies.length, objects.length]).toEqual([1, 2]);
    expect(read([own(TO), own(TO)].join('---\n')).problems[0]!.message).toBe(
      'metadata.name: Duplicate value: "p": NetworkPolicy shop/p is given twice',
    );
  });

  it('a tier in both versions, its own ones as they are', () => {
    expect(
      read([doc('Tier', 'priority: 7'), doc('Tier', 'priority: 250', '{name: application}', 'v1alpha1')].join('---\n'))
        .objects,
    ).toMatchObject([
      { kind: 'AntreaTier', name: 'p', priority: 7 },
      { kind: 'AntreaTier', name: 'application', priority: 250 },
    ]);
  });

  it('an older version of a policy is told, and left out', () => {
    const { objects, problems } = read(
      doc('NetworkPolicy', `priority: 5, ${TO}`, '{name: p, namespace: shop}', 'v1alpha1'),
    );
    expect(objects).toEqual([]);
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        message:
          'NetworkPolicy shop/p (crd.antrea.io/v1alpha1, Antrea) is not supported yet: all verdicts leave it out',
        hint: 'what it says is not considered; supported is NetworkPolicy of crd.antrea.io/v1beta1',
      },
    ]);
  });
});
