import { describe, expect, it } from 'vitest';
import { formatPosition } from '../../src/documents/document.js';
import { buildRules } from '../../src/rules/build.js';
import { readRuleFile, readRuleFiles } from '../../src/rules/rule-files.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { classify, describeOutcome, type PacketLiteral } from '../tree/packets.js';
import { cluster } from './cluster.js';

const WEB = `kind: RuleList
default: deny
rules:
  - { name: web, action: allow, source: 10.0.1.0/24, destination: 10.0.2.0/24, protocol: TCP, destinationPorts: [80, "8000-8100"] }
  - { name: ping6, action: allow, protocol: ICMPv6, icmpType: 128 }
  - action: deny
    source: [10.9.0.0/16, fd09::/16]
  - { action: allow, protocol: 17, sourcePorts: 53 }
`;

/** Forward outcomes of both engines, which must agree. */
function forwardOf(files: { file: string; text: string }[]) {
  const { forward, problems } = readRuleFiles(files);
  expect(problems.filter(p => p.severity === 'error')).toEqual([]);
  const inventory = cluster({});
  const ruleset = buildRules([], inventory, forward);
  const linear = createLinear(ruleset, inventory);
  const tree = createTree(ruleset, inventory);
  return (packet: PacketLiteral): string => {
    const outcomes = classify(linear, packet);
    expect(classify(tree, packet)).toEqual(outcomes);
    return describeOutcome(linear, outcomes[2]);
  };
}

describe('a RuleList', () => {
  const ask = forwardOf([{ file: 'web.yaml', text: WEB }]);
  it.each([
    ['allow web.yaml web', { source: '10.0.1.1', destination: '10.0.2.1', dport: 80 }],
    ['allow web.yaml web', { source: '10.0.1.255', destination: '10.0.2.255', dport: 8000 }],
    ['allow web.yaml web', { source: '10.0.1.0', destination: '10.0.2.0', dport: 8100 }],
    ['default-deny', { source: '10.0.1.1', destination: '10.0.2.1', dport: 8101 }],
    ['default-deny', { source: '10.0.1.1', destination: '10.0.2.1', protocol: 17, dport: 80 }],
    ['allow web.yaml ping6', { source: 'fd00::1', destination: 'fd00::2', protocol: 58, icmpType: 128 }],
    ['default-deny', { source: 'fd00::1', destination: 'fd00::2', protocol: 58, icmpType: 129 }],
    ['deny web.yaml rules[2]', { source: 'fd09::1', destination: 'fd00::2', protocol: 17, sport: 53 }],
    ['deny web.yaml rules[2]', { source: '10.9.255.255', destination: '1.1.1.1', protocol: 17, sport: 53 }],
    ['allow web.yaml rules[3]', { source: '10.10.0.0', destination: '1.1.1.1', protocol: 17, sport: 53 }],
    ['allow web.yaml rules[3]', { source: 'fd0a::', destination: '::1', protocol: 17, sport: 53 }],
    ['default-deny', { source: '1.1.1.1', destination: '2.2.2.2', protocol: 47 }],
  ] as [string, PacketLiteral][])('%s: %o', (expected, packet) => {
    expect(ask(packet)).toBe(expected);
  });

  it('with default: allow leaves what no rule matches allowed', () => {
    const text = 'kind: RuleList\ndefault: allow\nrules: [{ action: deny, protocol: TCP }]\n';
    const allow = forwardOf([{ file: 'a', text }]);
    expect(allow({ source: '1.1.1.1', destination: '2.2.2.2', protocol: 17 })).toBe('not-isolated');
    expect(allow({ source: '1.1.1.1', destination: '2.2.2.2', protocol: 6 })).toBe('deny a rules[0]');
  });

  it('names where each rule and the default stand', () => {
    const { tiers } = readRuleFile(WEB, 'web.yaml');
    expect(tiers[0]!.rules.map(rule => formatPosition(rule.origin.position))).toEqual([
      'web.yaml:4:5',
      'web.yaml:5:5',
      'web.yaml:6:5',
      'web.yaml:8:5',
    ]);
    expect(formatPosition(tiers[0]!.isolations[0]!.origin.position)).toBe('web.yaml:2:1');
  });

  it('reports everything wrong at once, each where it stands', () => {
    const text = `kind: RuleList
default: reject
rules:
  - { action: allow, from: 10.0.0.0/8, source: 10.0.0.0/33 }
  - { action: drop, protocol: FOO }
  - { action: allow, protocol: ICMP, destinationPorts: 80 }
  - { action: allow, protocol: TCP, icmpType: 8, destinationPorts: [70000, "9-8"] }
  - nonsense
  - { action: deny, protocol: ICMP, icmpCode: 1, source: [] }
`;
    const { problems } = readRuleFile(text, 'bad.yaml');
    expect(problems.map(p => `${p.severity} ${formatPosition(p.position)} ${p.message}`)).toEqual([
      'error bad.yaml:2:1 default: Unsupported value: "reject": supported values: "allow", "deny"',
      'warning bad.yaml:4:22 "from" is not a field of a rule',
      'error bad.yaml:4:40 rules[0].source: Invalid value: "10.0.0.0/33": must be an address or a prefix, as 10.0.0.0/8',
      'error bad.yaml:5:7 rules[1].action: Unsupported value: "drop": supported values: "allow", "deny"',
      `error bad.yaml:5:21 rules[1].protocol: Invalid value: "FOO": must be a protocol's name or number (0-255)`,
      'error bad.yaml:6:38 rules[2].destinationPorts: may not be specified: ICMP has no ports',
      'error bad.yaml:7:69 rules[3].destinationPorts[0]: Invalid value: 70000: must be a port (0-65535) or a range, as "8000-8100"',
      'error bad.yaml:7:76 rules[3].destinationPorts[1]: Invalid value: "9-8": must be a port (0-65535) or a range, as "8000-8100"',
      'error bad.yaml:7:37 rules[3].icmpType: may only be specified with protocol ICMP or ICMPv6',
      'error bad.yaml:8:5 rules[4]: Invalid value: "nonsense": must be a rule',
      'error bad.yaml:9:50 rules[5].source: Invalid value: []: an empty list matches nothing',
      'error bad.yaml:9:37 rules[5].icmpCode: may not be specified when `icmpType` is not specified',
    ]);
    expect(problems[1]!.hint).toBe('did you mean "source"?');
  });

  it('refuses other kinds and empty files', () => {
    const policy = readRuleFile('apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n', 'np.yaml');
    expect(policy.problems.map(p => p.severity)).toEqual(['error']);
    expect(readRuleFile('', 'empty.yaml').problems.map(p => p.severity)).toEqual(['error']);
  });
});

describe("ClassBench's filter format", () => {
  const text = `# comment
@10.0.0.0/8\t192.168.1.0/24\t0 : 65535\t80 : 80\t0x06/0xFF\t0x0000/0x0000
@0.0.0.0/0 10.0.0.0/8 1024 : 65535 53 : 53 0x11/0xFF
@10.1.2.3/32 0.0.0.0/0 0 : 65535 0 : 65535 0x01/0xFF
@2001:db8::/32 ::/0 0 : 65535 0 : 65535 0x00/0x00 0x0000/0x0200
`;
  const ask = forwardOf([{ file: 'acl', text }]);
  it.each([
    ['allow acl filter[0]', { source: '10.255.255.255', destination: '192.168.1.0', dport: 80 }],
    ['default-deny', { source: '11.0.0.0', destination: '192.168.1.0', dport: 80 }],
    ['default-deny', { source: '10.0.0.0', destination: '192.168.1.0', dport: 81 }],
    ['allow acl filter[1]', { source: '9.9.9.9', destination: '10.0.0.1', protocol: 17, sport: 1024, dport: 53 }],
    ['default-deny', { source: '9.9.9.9', destination: '10.0.0.1', protocol: 17, sport: 1023, dport: 53 }],
    ['allow acl filter[2]', { source: '10.1.2.3', destination: '1.1.1.1', protocol: 1, icmpType: 8 }],
    ['allow acl filter[3]', { source: '2001:db8:ffff::', destination: '::1', protocol: 47 }],
    ['default-deny', { source: '2001:db9::', destination: '::1', protocol: 47 }],
  ] as [string, PacketLiteral][])('%s: %o', (expected, packet) => {
    expect(ask(packet)).toBe(expected);
  });

  it('warns once that TCP flags are ignored', () => {
    const { problems } = readRuleFile(text, 'acl');
    expect(problems.map(p => [p.severity, formatPosition(p.position)])).toEqual([['warning', 'acl:5:51']]);
  });

  it('reports every broken line with its column', () => {
    const bad = `@10.0.0.0/8 192.168.1.0/24 0 : 65535 80 : 80 0x06/0xFF
@10.0.0.0/33 192.168.1.0/24 0 : 65535 80 : 79 0x06/0xF0
@10.0.0.0/8 ::/0 0 : 70000 80 : 80 0x06/0xFF
what is this
`;
    const { problems, rules } = readRuleFile(bad, 'acl');
    expect(rules).toHaveLength(1);
    expect(problems.map(p => `${p.position.line}:${p.position.column} ${p.message.slice(0, 18)}`)).toEqual([
      '2:2 source "10.0.0.0/3',
      '2:39 destination ports ',
      '2:47 protocol "0x06/0xF',
      '3:13 source 10.0.0.0/8 ',
      '3:18 source ports "0 : ',
      '4:1 not a ClassBench f',
    ]);
  });
});

it('several files are tiers in their order, with one numbering of rules', () => {
  const first = 'kind: RuleList\ndefault: allow\nrules: [{ name: stop, action: deny, protocol: TCP }]\n';
  const ask = forwardOf([
    { file: 'first', text: first },
    { file: 'web', text: WEB },
  ]);
  expect(ask({ source: '10.0.1.1', destination: '10.0.2.1', dport: 80 })).toBe('deny first stop');
  expect(ask({ source: '1.1.1.1', destination: '2.2.2.2', protocol: 17, sport: 53 })).toBe('allow web rules[3]');
  expect(ask({ source: '1.1.1.1', destination: '2.2.2.2', protocol: 17, sport: 54 })).toBe('default-deny');
});
