/** What Cilium's API and agent refuse, in their words where they have them, all at once, with positions. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../../src/documents/read.js';
import { readPolicies } from '../../../src/policy/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const result = readPolicies(documents);
  return { objects: result.objects.cilium, problems: [...problems, ...result.problems] };
}

const head = (kind: string, metadata: string): string =>
  `apiVersion: cilium.io/v2\nkind: ${kind}\nmetadata: ${metadata}\n`;
const cnp = (spec: string): string => `${head('CiliumNetworkPolicy', '{name: p, namespace: shop}')}spec: ${spec}\n`;
const ccnp = (spec: string): string => `${head('CiliumClusterwideNetworkPolicy', '{name: p}')}spec: ${spec}\n`;
const told = (text: string, severity: 'error' | 'warning'): string[] =>
  read(text)
    .problems.filter(it => it.severity === severity)
    .map(({ message }) => message);
const errors = (text: string): string[] => told(text, 'error');
const ingress = (rule: string): string => cnp(`{endpointSelector: {}, ingress: [${rule}]}`);
const egress = (rule: string): string => cnp(`{endpointSelector: {}, egress: [${rule}]}`);
const port = (entry: string): string => egress(`{toPorts: [{ports: [${entry}]}]}`);

describe('specs', () => {
  it.each([
    [head('CiliumNetworkPolicy', '{name: p}'), [': Required value: a policy without spec or specs says nothing']],
    [cnp('{ingress: [{}]}'), ['spec: Required value: rule must have one of EndpointSelector or NodeSelector']],
    [
      ccnp('{endpointSelector: {}, nodeSelector: {}, ingress: [{}]}'),
      ['spec: Forbidden: rule cannot have both EndpointSelector and NodeSelector'],
    ],
    [cnp('{nodeSelector: {}, ingress: [{}]}'), ['spec.nodeSelector: Forbidden: rule cannot have NodeSelector']],
    [
      cnp('{endpointSelector: {}, enableDefaultDeny: {ingress: "yes"}, ingress: [{}]}'),
      ['spec.enableDefaultDeny.ingress: cannot unmarshal string into a field of type bool'],
    ],
    [
      cnp(
        '{endpointSelector: {matchExpressions: [{key: a, operator: In}, {key: b, operator: Exists, values: [x]}, {key: c, operator: Is}]}, ingress: [{}]}',
      ),
      [
        "spec.endpointSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
        "spec.endpointSelector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        'spec.endpointSelector.matchExpressions[2].operator: Invalid value: "Is": not a valid selector operator',
      ],
    ],
    [
      cnp('{endpointSelector: {matchLabels: {"k8s:": x}}, ingress: [{}]}'),
      [expect.stringContaining('name part must be non-empty'), expect.anything()],
    ],
  ])('%s', (text, expected) => {
    expect(errors(text)).toEqual(expected);
  });
  it('of specs each by its number, with their places', () => {
    const text = `${head('CiliumNetworkPolicy', '{name: p}')}specs:\n- endpointSelector: {}\n  ingress: [{}]\n- endpointSelector: {}\n  ingress:\n  - fromEntities: [word]\n`;
    expect(read(text).problems).toEqual([
      {
        severity: 'error',
        position: { file: 'p.yaml', line: 9, column: 20 },
        message: 'specs[1].ingress[0].fromEntities[0]: Unsupported value: "word": unsupported entity',
        hint: 'did you mean "world"?',
      },
    ]);
  });
  it('a good one has no findings, and every rule declared by name and place', () => {
    const { objects, problems } = read(
      cnp(
        '{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}], ingressDeny: [{fromEntities: [world]}], egress: [{toEntities: [all]}], egressDeny: [{toCIDR: [1.2.3.4]}]}',
      ),
    );
    expect(problems).toEqual([]);
    expect(objects[0]!.declares!.map(({ rule, position }) => [rule, position.line])).toEqual([
      ['ingress[0]', 4],
      ['ingressDeny[0]', 4],
      ['egress[0]', 4],
      ['egressDeny[0]', 4],
    ]);
  });
  it('lists of rules that are all empty are warned of', () => {
    expect(told(cnp('{endpointSelector: {}, ingress: []}'), 'warning')).toEqual([
      expect.stringContaining('has no effect'),
    ]);
    expect(told(cnp('{endpointSelector: {}, enableDefaultDeny: {egress: true}, ingress: [{}]}'), 'warning')).toEqual([
      expect.stringContaining('spec.enableDefaultDeny.egress: has no effect'),
    ]);
  });
  it('unknown fields are told with the one that is meant', () => {
    const { problems } = read(
      cnp('{podSelector: {}, endpointSelector: {}, ingress: [{from: [], fromEndpoints: [{}]}]}'),
    );
    expect(problems.map(({ severity, message, hint }) => [severity, message, hint])).toEqual([
      ['warning', 'unknown field "spec.podSelector"', expect.stringContaining('did you mean `endpointSelector`?')],
      ['warning', 'unknown field "spec.ingress[0].from"', expect.stringContaining('did you mean `fromEndpoints`?')],
    ]);
  });
  it('the same name twice is a duplicate, of clusterwide policies without a namespace', () => {
    const text = ccnp('{endpointSelector: {}, ingress: [{}]}');
    expect(errors(`${text}---\n${text}`)).toEqual([
      'metadata.name: Duplicate value: "p": CiliumClusterwideNetworkPolicy p is given twice',
    ]);
    expect(errors(`${cnp('{endpointSelector: {}, ingress: [{}]}')}---\n${text}`)).toEqual([]);
  });
  it('of another version they are left out with a warning', () => {
    expect(read(cnp('{}').replace('v2', 'v3')).problems[0]!.message).toContain('not supported yet');
  });
});

describe('peers', () => {
  it.each([
    [
      ingress('{fromEndpoints: [{}], fromCIDR: [10.0.0.0/8]}'),
      ['spec.ingress[0]: Forbidden: combining FromEndpoints and FromCIDR is not supported yet'],
    ],
    [
      egress('{toEntities: [world], toFQDNs: [{matchName: a.example}]}'),
      ['spec.egress[0]: Forbidden: combining ToEntities and ToFQDNs is not supported yet'],
    ],
    [
      ingress('{fromEntities: [worlds]}'),
      ['spec.ingress[0].fromEntities[0]: Unsupported value: "worlds": unsupported entity'],
    ],
    [
      ingress('{fromCIDR: [10.0.0.0/33, 10.0.0.1, "010.0.0.0/8"]}'),
      [
        'spec.ingress[0].fromCIDR[0]: Invalid value: "10.0.0.0/33": unable to parse CIDR',
        'spec.ingress[0].fromCIDR[2]: Invalid value: "010.0.0.0/8": unable to parse CIDR',
      ],
    ],
    [
      egress('{toCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16, 10.0.0.0/8]}]}'),
      [
        'spec.egress[0].toCIDRSet[0].except[0]: Invalid value: "11.0.0.0/16": allow CIDR prefix 10.0.0.0/8 does not contain exclude CIDR prefix 11.0.0.0/16',
      ],
    ],
    [
      egress('{toCIDRSet: [{}, {cidr: 10.0.0.0/8, cidrGroupRef: a}, {cidr: 10.0.0.1}]}'),
      [
        'spec.egress[0].toCIDRSet[0]: Required value: one of cidr, cidrGroupRef, or cidrGroupSelector is required',
        'spec.egress[0].toCIDRSet[1]: Forbidden: more than one of cidr, cidrGroupRef, or cidrGroupSelector may not be set',
        'spec.egress[0].toCIDRSet[2].cidr: Invalid value: "10.0.0.1": unable to parse CIDR',
      ],
    ],
    [
      egress('{toServices: [{}]}'),
      ['spec.egress[0].toServices[0]: Required value: one of k8sService, k8sServiceSelector'],
    ],
    [
      egress('{toFQDNs: [{}, {matchName: "*.example"}, {matchPattern: "a/b"}, {matchName: a, matchPattern: b}]}'),
      [
        'spec.egress[0].toFQDNs[0]: Invalid value: one of matchName, matchPattern is required',
        'spec.egress[0].toFQDNs[1].matchName: Invalid value: "*.example": Invalid characters in MatchName. Only 0-9, a-z, A-Z and . and - characters are allowed',
        'spec.egress[0].toFQDNs[2].matchPattern: Invalid value: "a/b": Invalid characters in MatchPattern. Only 0-9, a-z, A-Z and ., - and * characters are allowed',
        'spec.egress[0].toFQDNs[3]: Invalid value: matchName and matchPattern exclude each other',
      ],
    ],
    [
      ingress('{fromEndpoints: [{}], authentication: {mode: maybe}}'),
      [
        'spec.ingress[0].authentication.mode: Unsupported value: "maybe": supported values: "disabled", "required", "test-always-fail"',
      ],
    ],
  ])('%s', (text, expected) => {
    expect(errors(text)).toEqual(expected);
  });
  it('an empty list, host bits, and a service of every namespace are warned of', () => {
    expect(told(ingress('{fromEndpoints: []}'), 'warning')).toEqual([
      expect.stringContaining('an empty list selects nobody'),
    ]);
    expect(told(egress('{toCIDR: [10.1.2.3/8]}'), 'warning')).toEqual([
      expect.stringContaining('it is read as 10.0.0.0/8'),
    ]);
    expect(told(egress('{toServices: [{k8sService: {serviceName: a}}]}'), 'warning')).toEqual([
      expect.stringContaining('every namespace'),
    ]);
    expect(told(ingress('{fromRequires: [{}]}'), 'warning')).toEqual([
      expect.stringContaining('was removed in Cilium 1.19'),
    ]);
  });
});

describe('ports and ICMP', () => {
  const at = 'spec.egress[0].toPorts[0].ports[0]';
  it.each([
    [
      '{port: 80}',
      [
        `${at}.port: cannot unmarshal number into a field of type string`,
        `${at}.port: Required value: port must be specified`,
      ],
    ],
    ['{port: "65536"}', [`${at}.port: Invalid value: "65536": unable to parse port`]],
    ['{port: "-1"}', [`${at}.port: Invalid value: "-1": unable to parse port`]],
    ['{port: "089"}', [`${at}.port: Invalid value: "089": unable to parse port`]],
    ['{port: abcdefghijklmnop}', [`${at}.port: Invalid value: "abcdefghijklmnop": unable to parse port`]],
    ['{}', [`${at}.port: Required value: port must be specified`]],
    ['{port: "80", protocol: tcp}', [expect.stringContaining(`${at}.protocol: Unsupported value: "tcp"`)]],
    ['{port: "80", protocol: ICMP}', [expect.stringContaining(`${at}.protocol: Unsupported value: "ICMP"`)]],
    ['{port: "80", protocol: VRRP}', [`${at}.port: Invalid value: "80": port must be empty or 0`]],
    ['{port: "80", endPort: 70000}', [`${at}.endPort: Invalid value: 70000: should be between 0 and 65535`]],
    ['{port: "0"}, {port: "65535"}, {port: http}, {protocol: VRRP}, {port: "80", endPort: 90}', []],
  ])('%s', (entry, expected) => {
    expect(errors(port(entry))).toEqual(expected);
  });
  it('at most forty', () => {
    const many = Array.from({ length: 41 }, (_, i) => `{port: "${i + 1}"}`).join(', ');
    expect(errors(port(many))).toEqual(['spec.egress[0].toPorts[0].ports: Too many: too many ports, the max is 40']);
  });
  it.each([
    [
      '{icmps: [{fields: [{type: 256}]}]}',
      ['spec.egress[0].icmps[0].fields[0].type: Invalid value: 256: no type of ICMP for IPv4'],
    ],
    [
      '{icmps: [{fields: [{type: PacketTooBig}]}]}',
      ['spec.egress[0].icmps[0].fields[0].type: Invalid value: "PacketTooBig": no type of ICMP for IPv4'],
    ],
    [
      '{icmps: [{fields: [{family: IPv6, type: PacketTooBig}, {}]}]}',
      ['spec.egress[0].icmps[0].fields[1].type: Required value'],
    ],
    [
      '{icmps: [{fields: [{family: v4, type: 8}]}]}',
      ['spec.egress[0].icmps[0].fields[0].family: Unsupported value: "v4": supported values: "IPv4", "IPv6"'],
    ],
    [
      '{icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: "80"}]}]}',
      [
        'spec.egress[0].icmps: Forbidden: the ICMPs block may only be present without ToPorts. Define a separate rule to use ToPorts',
      ],
    ],
  ])('%s', (rule, expected) => {
    expect(errors(egress(rule))).toEqual(expected);
  });
});

describe('layer 7', () => {
  const entry = (text: string): string => egress(`{toPorts: [{${text}}]}`);
  const at = 'spec.egress[0].toPorts[0]';
  const tcp = 'ports: [{port: "80", protocol: TCP}]';
  it.each([
    [
      'ports: [{port: "80"}], rules: {http: [{}]}',
      [`${at}.ports[0].protocol: Invalid value: L7 rules can only apply to TCP (not ANY) except for DNS rules`],
    ],
    [
      'ports: [{port: "0", protocol: TCP}], rules: {http: [{}]}',
      [`${at}.ports[0]: Invalid value: L7 rules can not be used when a port is 0`],
    ],
    ['rules: {dns: [{matchPattern: "*"}]}', [`${at}.ports: Required value: port 53 must be specified for DNS rules`]],
    [
      'ports: [{port: "53", endPort: 54}], rules: {dns: [{matchPattern: "*"}]}',
      [`${at}.ports[0]: Invalid value: DNS rules do not support port ranges`],
    ],
    [
      `${tcp}, rules: {http: [{}], dns: [{matchName: a}]}`,
      [`${at}.rules: Invalid value: multiple L7 protocol rule types specified in single rule`],
    ],
    [
      `${tcp}, rules: {l7: [{}]}`,
      [`${at}.rules.l7: Forbidden: 'l7' may only be specified when a 'l7proto' is also specified`],
    ],
    [
      `${tcp}, rules: {http: [{headerMatches: [{mismatch: KEEP}]}]}`,
      [
        `${at}.rules.http[0].headerMatches[0].name: Required value: header name missing`,
        `${at}.rules.http[0].headerMatches[0].mismatch: Invalid value: "KEEP": invalid header action`,
      ],
    ],
    [`${tcp}, serverNames: [""]`, [`${at}.serverNames[0]: Required value: empty server name is not allowed`]],
    [
      `${tcp}, serverNames: [a], rules: {http: [{}]}`,
      [`${at}: Forbidden: ServerNames are not allowed with L7 rules without TLS termination`],
    ],
    [
      `${tcp}, listener: {name: l}, rules: {http: [{}]}`,
      [`${at}.listener: Forbidden: Listener is not allowed with L7 rules (l)`],
    ],
  ])('%s', (text, expected) => {
    expect(errors(entry(text)).sort()).toEqual([...expected].sort());
  });
  it('of ingress and of nodes', () => {
    expect(errors(ingress('{toPorts: [{ports: [{port: "53"}], rules: {dns: [{matchPattern: "*"}]}}]}'))).toEqual([
      'spec.ingress[0].toPorts[0].rules.dns: Forbidden: DNS rules are not allowed on ingress',
    ]);
    expect(errors(ingress(`{toPorts: [{${tcp}, listener: {name: l}}]}`))).toEqual([
      'spec.ingress[0].toPorts[0].listener: Forbidden: Listener is not allowed on ingress (l)',
    ]);
    expect(errors(ccnp(`{nodeSelector: {}, ingress: [{toPorts: [{${tcp}, rules: {http: [{}]}}]}]}`))).toEqual([
      'spec.ingress[0].toPorts[0].rules: Forbidden: L7 policy is not supported on host ingress yet',
    ]);
  });
  it('is read in full', () => {
    const { objects } = read(
      egress(
        `{toPorts: [{${tcp}, rules: {http: [{method: GET, path: "/a/.*", host: h, headers: ["X: 1"], headerMatches: [{name: X-A, value: v, mismatch: ADD}]}]}}, {ports: [{port: "53"}], rules: {dns: [{matchName: A.Example.}, {matchPattern: "*.B"}]}}]}`,
      ),
    );
    const [policy] = objects;
    if (policy?.kind !== 'CiliumNetworkPolicy') throw new Error('no policy');
    expect(policy.specs[0]!.rules[0]!.ports!.map(({ layer7 }) => layer7)).toEqual([
      {
        kind: 'http',
        rules: [
          {
            method: 'GET',
            path: '/a/.*',
            host: 'h',
            headers: ['X: 1'],
            headerMatches: [{ name: 'X-A', value: 'v', isSecret: false, mismatch: 'ADD' }],
          },
        ],
      },
      {
        kind: 'dns',
        rules: [
          { kind: 'name', text: 'a.example' },
          { kind: 'pattern', text: '*.b' },
        ],
      },
    ]);
  });
});

describe('CiliumCIDRGroup', () => {
  it.each([
    ['{}', ['spec.externalCIDRs: Required value']],
    ['{externalCIDRs: [10.0.0.0/8, x]}', ['spec.externalCIDRs[1]: Invalid value: "x": unable to parse CIDR']],
    ['{externalCIDRs: []}', []],
  ])('%s', (spec, expected) => {
    expect(errors(`${head('CiliumCIDRGroup', '{name: g}')}spec: ${spec}\n`)).toEqual(expected);
  });
});
