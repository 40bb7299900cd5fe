/** Calico's kinds as they are read: what is refused, in which words and where; the numbers are facts of docs/dialects/calico.md. */
import { describe, expect, it } from 'vitest';
import { readDocuments } from '../../src/documents/read.js';
import { formatSelector, parseSelector } from '../../src/policy/calico/selector.js';
import { readPolicies } from '../../src/policy/read.js';

function read(text: string) {
  const { documents, problems } = readDocuments(text, 'p.yaml');
  const result = readPolicies(documents);
  return { calico: result.objects.calico, problems: [...problems, ...result.problems] };
}

const head = (kind: string, name = 'web'): string =>
  `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\n`;

/** The problems that stand where the spec has its mark, §; all of them where it has none. */
function problemsOf(spec: string, kind = 'NetworkPolicy'): string[] {
  const text = `${head(kind)}spec:\n${spec}`;
  const before = text.slice(0, text.indexOf('§') < 0 ? 0 : text.indexOf('§')).split('\n');
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  return read(text.replace('§', ''))
    .problems.filter(({ position }) => !text.includes('§') || (position.line === line && position.column === column))
    .map(({ severity, message }) => `${severity}: ${message}`);
}

const rule = (text: string, direction = 'ingress'): string => `  ${direction}:\n  - {action: Allow, ${text}}\n`;

describe('C46: what is refused, and where', () => {
  it.each([
    ['  §order: first\n', 'error: spec.order: cannot unmarshal string into a field of type float64'],
    [
      '  types: [§ingress]\n',
      'error: spec.types[0]: Unsupported value: "ingress": supported values: "Ingress", "Egress"',
    ],
    ['  §types: [Egress, Egress]\n', `error: spec.types: Invalid value: 'Egress' type specified more than once`],
    ['  §podSelector: {}\n', 'warning: unknown field "spec.podSelector"'],
    ['  ingress: [§{}]\n', 'error: spec.ingress[0].action: Required value'],
    [
      '  ingress: [{§action: allow}]\n',
      'error: spec.ingress[0].action: Unsupported value: "allow": supported values: "Allow", "Deny", "Log", "Pass"',
    ],
    [rule('§protocol: 0'), 'error: spec.ingress[0].protocol: Invalid value: 0: protocol number invalid'],
    [rule('§protocol: HTTP'), 'error: spec.ingress[0].protocol: Invalid value: "HTTP": protocol name invalid'],
    [rule('§protocol: tcp'), 'warning: spec.ingress[0].protocol: Invalid value: "tcp": protocol name invalid'],
    [rule('§ipVersion: 5'), 'error: spec.ingress[0].ipVersion: Unsupported value: 5: supported values: "4", "6"'],
    [
      rule('protocol: ICMP, §ipVersion: 6'),
      'error: spec.ingress[0].ipVersion: Invalid value: 6: protocol ICMP requires ipVersion 4',
    ],
    [
      rule('destination: {§ports: [80]}'),
      'error: spec.ingress[0].destination.ports: Invalid value: rules that specify ports must set protocol to TCP or UDP or SCTP',
    ],
    [
      rule('protocol: UDPLite, source: {§notPorts: [80]}'),
      'error: spec.ingress[0].source.notPorts: Invalid value: rules that specify ports must set protocol to TCP or UDP or SCTP',
    ],
    [
      rule('protocol: TCP, destination: {ports: [§0]}'),
      'error: spec.ingress[0].destination.ports[0]: Invalid value: 0: port range invalid, port number must be between 1 and 65535',
    ],
    [
      rule('protocol: TCP, destination: {ports: [§"90:80"]}'),
      'error: spec.ingress[0].destination.ports[0]: Invalid value: "90:80": port range invalid',
    ],
    [
      rule('protocol: TCP, destination: {ports: [§"80-90"]}'),
      'warning: spec.ingress[0].destination.ports[0]: "80-90" is the name of a port, which no pod can have',
    ],
    [
      rule('protocol: TCP, destination: {ports: [§"80,90"]}'),
      'error: spec.ingress[0].destination.ports[0]: Invalid value: "80,90": not a port number, a range or the name of a port',
    ],
    [
      rule('protocol: TCP, §icmp: {type: 8}'),
      'error: spec.ingress[0].icmp: Invalid value: ICMP fields require protocol to be ICMP or ICMPv6',
    ],
    [
      rule('protocol: ICMP, icmp: {§code: 8}'),
      'error: spec.ingress[0].icmp.code: Invalid value: 8: ICMP code specified without an ICMP type',
    ],
    [
      rule('protocol: ICMP, icmp: {§type: 255}'),
      'error: spec.ingress[0].icmp.type: Invalid value: 255: must be between 0 and 254, inclusive',
    ],
    [
      rule('source: {nets: [§10.0.0.1]}'),
      'error: spec.ingress[0].source.nets[0]: Invalid value: "10.0.0.1": invalid CIDR',
    ],
    [
      rule('source: {nets: [§10.0.0.1/8]}'),
      'error: spec.ingress[0].source.nets[0]: Invalid value: "10.0.0.1/8": invalid CIDR',
    ],
    [
      rule('source: {§nets: [10.0.0.0/8, "fd00::/8"]}'),
      'error: spec.ingress[0].source.nets: Invalid value: rule contains both IPv4 and IPv6 CIDRs',
    ],
    [
      rule('source: {nets: [10.0.0.0/8]}, destination: {§notNets: ["fd00::/8"]}'),
      'error: spec.ingress[0].destination.notNets: Invalid value: rule contains both IPv4 and IPv6 CIDRs',
    ],
    [
      rule('ipVersion: 6, source: {§nets: [10.0.0.0/8]}'),
      `error: spec.ingress[0].source.nets: Invalid value: rule IP version doesn't match CIDR version`,
    ],
    [
      rule('destination: {§services: {name: a}}'),
      'error: spec.ingress[0].destination.services: Invalid value: not allowed in ingress rule destination',
    ],
    [
      rule('source: {§services: {name: a}}', 'egress'),
      'error: spec.egress[0].source.services: Invalid value: not allowed in egress rule source',
    ],
    [
      rule('destination: {§services: {namespace: a}}', 'egress'),
      'error: spec.egress[0].destination.services: Invalid value: must specify a service name',
    ],
    [
      rule('destination: {§services: {name: a}, nets: [10.0.0.0/8]}', 'egress'),
      'error: spec.egress[0].destination.services: Invalid value: cannot specify Nets/NotNets and Services on the same rule',
    ],
    [
      rule('destination: {§services: {name: a}, selector: all()}', 'egress'),
      'error: spec.egress[0].destination.services: Invalid value: cannot specify Selector/NotSelector and Services on the same rule',
    ],
    [
      rule('protocol: TCP, destination: {§services: {name: a}, ports: [80]}', 'egress'),
      'error: spec.egress[0].destination.services: Invalid value: ports and notPorts cannot be specified with services',
    ],
    [
      rule('§http: {methods: [GET]}', 'egress'),
      'error: spec.egress[0].http: Invalid value: not allowed in egress rule',
    ],
    [
      '  ingress: [{action: Deny, §http: {}}]\n',
      'error: spec.ingress[0].http: Forbidden: HTTP match is only valid on Allow rules',
    ],
    [
      rule('protocol: UDP, §http: {}'),
      'error: spec.ingress[0].http: Invalid value: rules with HTTP match must have protocol TCP or unset',
    ],
    ['  §selector: app = x\n', 'error: spec.selector: Invalid value: "app = x": expected ==, at character 5'],
    [
      '  §selector: global()\n',
      'error: spec.selector: Invalid value: "global()": global() can only be used in an EntityRule namespaceSelector',
    ],
    [
      rule(`source: {§namespaceSelector: "global() || has(x)"}`),
      'error: spec.ingress[0].source.namespaceSelector: Invalid value: "global() || has(x)": global() cannot be combined with other selectors',
    ],
  ])('%s', (spec, expected) => {
    expect(problemsOf(spec)).toContainEqual(expected);
  });
  it.each([
    [
      '  preDNAT: true\n',
      'error: spec.applyOnForward: Invalid value: applyOnForward must be true if either preDNAT or doNotTrack is true',
    ],
    [
      '  {§preDNAT: true, doNotTrack: true, applyOnForward: true}\n',
      'error: spec.preDNAT: Invalid value: preDNAT and doNotTrack cannot both be true',
    ],
    [
      '  {preDNAT: true, applyOnForward: true, §egress: [{action: Allow}]}\n',
      'error: spec.egress: Invalid value: preDNAT policy cannot have any egress rules',
    ],
    [
      '  {preDNAT: true, applyOnForward: true, §types: [Egress]}\n',
      `error: spec.types: Invalid value: preDNAT policy cannot have 'Egress' type`,
    ],
    [
      rule('destination: {services: {name: a}}', 'egress'),
      'error: spec.egress[0].destination.services: Invalid value: must specify a namespace',
    ],
  ])('of a global policy: %s', (spec, expected) => {
    const found = problemsOf(spec, 'GlobalNetworkPolicy');
    expect(found).toContainEqual(expected);
  });
  it.each([
    [
      'Tier',
      '  §defaultAction: Allow\n',
      'spec.defaultAction: Unsupported value: "Allow": supported values: "Pass", "Deny"',
    ],
    ['NetworkSet', '  nets: [§10.0.0.0/33]\n', 'spec.nets[0]: Invalid value: "10.0.0.0/33": invalid CIDR'],
    ['HostEndpoint', '  interfaceName: eth0\n', 'spec.node: Invalid value: node must be specified'],
    [
      'HostEndpoint',
      '  node: n1\n',
      'spec: Invalid value: at least one of interfaceName or expectedIPs must be specified',
    ],
    [
      'HostEndpoint',
      '  {node: n1, expectedIPs: [§x]}\n',
      'spec.expectedIPs[0]: Invalid value: "x": must be a valid IP address',
    ],
    [
      'StagedNetworkPolicy',
      '  §stagedAction: Put\n',
      'spec.stagedAction: Unsupported value: "Put": supported values: "Set", "Delete", "Learn", "Ignore"',
    ],
    [
      'StagedNetworkPolicy',
      '  {stagedAction: Delete, §selector: all()}\n',
      'spec.selector: Invalid value: Spec fields, except Tier, should all be zero-value if stagedAction is Delete',
    ],
    [
      'StagedKubernetesNetworkPolicy',
      '  {podSelector: {}, ingress: [{ports: [{§port: 0}]}]}\n',
      'spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [
      'Profile',
      '  ingress: [{action: Allow, §protocol: 300}]\n',
      'spec.ingress[0].protocol: Invalid value: 300: protocol number invalid',
    ],
  ])('%s: %s', (kind, spec, expected) => {
    expect(problemsOf(spec, kind).map(it => it.replace(/^\w+: /, ''))).toContainEqual(expected);
    expect(read(`${head(kind)}spec:\n${spec.replace('§', '')}`).calico).toEqual([]);
  });
  it('every problem of a document at once, in its order', () => {
    const spec = `  order: x\n  selector: "=="\n  ingress:\n  - {action: Allow, protocol: X, source: {nets: [y]}}\n`;
    const at = read(`${head('NetworkPolicy')}spec:\n${spec}`).problems.map(
      ({ position }) => `${position.line}:${position.column}`,
    );
    expect(at).toEqual(['5:3', '6:3', '8:21', '8:50']);
  });
  it('C7: the built-in tiers have their orders', () => {
    const tier = (name: string, spec: string) =>
      read(`${head('Tier', name)}spec: ${spec}\n`).problems.map(it => it.message);
    expect(tier('default', '{order: 5}')).toEqual(['spec.order: Invalid value: default tier order must be 1000000']);
    expect(tier('kube-admin', '{order: 1000}')).toEqual([]);
    expect(tier('mine', '{}')).toEqual([]);
  });
});

describe('C11: selectors', () => {
  it.each([
    ['a', 'unexpected end of string looking for op', 1],
    ['a == b', 'expected string', 5],
    ["a == 'b", 'unterminated string', 5],
    ["a = 'b'", 'expected ==', 2],
    ["a == 'b' c", 'unexpected content at end of selector: "c"', 9],
    ["a == 'b' & b == 'c'", 'unexpected content at end of selector: "& b == \'c\'"', 9],
    ["a in 'b'", 'expected set literal', 5],
    ["a in {'b' 'c'}", 'expected }', 10],
    ["(a == 'b'", 'expected )', 9],
    ['has(a', 'no closing ")" after has(', 5],
    ['has()', 'no label name in has( expression', 4],
    ['all(x)', 'no closing ")" after all(', 4],
    ["a starts 'b'", 'unexpected characters after label "a", was expecting an operator', 9],
    ["a not 'b'", 'unexpected characters after label "a", was expecting an operator', 6],
    ["a == 'b' &&", 'unexpected end of string looking for an operation', 11],
    ["a == 'b' &&\n b == 'c'", 'unexpected characters: "\n b == \'c\'"', 11],
    ["'a' == 'b'", "unexpected characters: \"'a' == 'b'\"", 0],
    ['!', 'unexpected end of string looking for an operation', 1],
    [`${'('.repeat(300)}all()`, 'parentheses nest deeper than 200', 200],
    [`has(${'a'.repeat(513)})`, 'a label name has at most 512 characters', 4],
  ])('%s', (text, message, at) => {
    const parsed = parseSelector(text);
    expect('error' in parsed && [parsed.error.message, parsed.error.at]).toEqual([message, at]);
  });
  it('a line break is told with the way to fold it', () => {
    const parsed = parseSelector("a == 'b' &&\n b == 'c'");
    expect('error' in parsed && parsed.error.hint).toContain('>-');
  });
  it.each([
    ["a=='x'||b==\"y\"&&!c in {'2','1'}", '(a == "x" || (b == "y" && !c in {"1", "2"}))'],
    ["((a == 'x'))", 'a == "x"'],
    [`a == 'say "x"'`, `a == 'say "x"'`],
    ['!!all()', 'all()'],
    ['  ', 'all()'],
  ])('%s is %s', (text, expected) => {
    const parsed = parseSelector(text);
    expect('expression' in parsed && formatSelector(parsed.expression)).toBe(expected);
  });
  it('as long as anybody may write it, in no time', () => {
    const texts = [
      `${'!'.repeat(1023)}a`,
      'a'.repeat(1024),
      `a in {${"'',".repeat(300)}`,
      '('.repeat(1024),
      ' '.repeat(1024),
    ];
    const started = performance.now();
    for (const text of texts) parseSelector(text);
    expect(performance.now() - started).toBeLessThan(100);
    const long = `  selector: ${"a == 'b' || ".repeat(100)}a == 'b'\n`;
    expect(problemsOf(long)).toEqual(['error: spec.selector: Too long: may not be more than 1024 bytes']);
  });
});
