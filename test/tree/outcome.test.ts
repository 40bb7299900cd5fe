import { describe, expect, it } from 'vitest';
import { buildRules } from '../../src/rules/build.js';
import { printRules } from '../../src/rules/print.js';
import { readRuleFiles } from '../../src/rules/rule-files.js';
import type { Rule } from '../../src/rules/ruleset.js';
import {
  OUTCOME_AMBIGUOUS,
  OUTCOME_DEFAULT_DENY,
  OUTCOME_LOOPBACK,
  OUTCOME_NODE,
  OUTCOME_NONE,
  OUTCOME_NOT_ISOLATED,
  OUTCOME_UNSUPPORTED,
} from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import { printTree } from '../../src/tree/print.js';
import { createTree } from '../../src/tree/tree.js';
import { combine, outcomeRecord } from '../../src/verdict/outcome.js';
import { reasonOf, verdictOf } from '../../src/verdict/verdict.js';
import { block, cluster, labels, pods, policy, port, rule } from '../rules/cluster.js';

const ALLOW = 0;
const DENY = 1;
const RULES = [{ action: 'allow' }, { action: 'deny' }] as unknown as Rule[];
const DEFAULT = OUTCOME_DEFAULT_DENY;

describe('combine', () => {
  const word = (egress: number, ingress: number, forward = OUTCOME_NONE): string => {
    const code = combine(egress, ingress, forward, RULES);
    return `${verdictOf(code)} ${reasonOf(code)}`;
  };
  it.each([
    ['allowed no-policy', OUTCOME_NONE, OUTCOME_NONE, OUTCOME_NONE],
    ['allowed no-policy', OUTCOME_NOT_ISOLATED, OUTCOME_NOT_ISOLATED, OUTCOME_NONE],
    ['allowed rule', OUTCOME_NOT_ISOLATED, ALLOW, OUTCOME_NONE],
    ['allowed rule', ALLOW, OUTCOME_NONE, OUTCOME_NONE],
    ['allowed rule', OUTCOME_NONE, OUTCOME_NONE, ALLOW],
    ['allowed loopback', OUTCOME_LOOPBACK, OUTCOME_LOOPBACK, ALLOW],
    ['allowed node', OUTCOME_NODE, OUTCOME_NODE, OUTCOME_NONE],
    ['dropped default-deny', ALLOW, DEFAULT, OUTCOME_NONE],
    ['dropped default-deny', DEFAULT - 3, ALLOW, OUTCOME_NONE],
    ['dropped default-deny', DEFAULT, DENY, OUTCOME_NONE],
    ['dropped rule', DENY, DEFAULT, OUTCOME_NONE],
    ['dropped rule', ALLOW, DENY, OUTCOME_NONE],
    ['dropped rule', OUTCOME_NODE, OUTCOME_NODE, DENY],
    ['dropped default-deny', OUTCOME_AMBIGUOUS, DEFAULT, OUTCOME_NONE],
    ['dropped rule', OUTCOME_UNSUPPORTED, ALLOW, DENY],
    ['undecided ambiguous-policy', OUTCOME_AMBIGUOUS, ALLOW, OUTCOME_NONE],
    ['undecided unsupported', ALLOW, OUTCOME_UNSUPPORTED, OUTCOME_NONE],
  ])('%s: %i %i %i', (expected, egress, ingress, forward) => {
    expect(word(egress, ingress, forward)).toBe(expected);
  });
});

const INVENTORY = cluster({
  pods: [
    { ns: 'shop', name: 'web', labels: { app: 'web' }, ips: ['10.0.0.1'] },
    { ns: 'shop', name: 'db', labels: { app: 'db' }, ips: ['10.0.0.2', 'fd00::2'] },
    { ns: 'shop', name: 'later', labels: { app: 'db' } },
    { ns: 'shop', name: 'agent', labels: { app: 'db' }, ips: ['192.168.0.1'], hostNetwork: true },
  ],
  nodes: { n1: ['192.168.0.1'] },
});
const LIST =
  'kind: RuleList\ndefault: deny\nrules:\n- { name: web, action: deny, destination: 10.0.0.0/30, protocol: TCP }\n';
const RULESET = buildRules(
  [
    policy('shop', 'first', labels({ app: 'db' }), { ingress: [] }, 4),
    policy(
      'shop',
      'second',
      labels({ app: 'db' }),
      {
        ingress: [
          rule([pods(labels({ app: 'web' })), block('10.0.0.0/9', '10.0.0.0/16')], [port(5432), port(53, 'UDP')], 44),
        ],
      },
      40,
    ),
  ],
  INVENTORY,
  readRuleFiles([{ file: 'list.yaml', text: LIST }]).forward,
);
const [WEB, DB, LATER, AGENT, NODE] = [0, 1, 2, 3, 4];

describe('outcomeRecord', () => {
  const record = (outcome: number, owner: number) => outcomeRecord('ingress', outcome, owner, RULESET, INVENTORY);
  const isolated = { subject: 'shop/db', isolated: true, policies: ['shop/first', 'shop/second'] };

  it('names the rule that decided, and who isolates', () => {
    expect(record(0, DB)).toEqual({
      ...isolated,
      verdict: 'allowed',
      reason: 'rule',
      policy: 'shop/second',
      rule: 'ingress[0]',
      source: 'policies.yaml:44:3',
    });
  });
  it('a default deny stands at the first isolating policy', () => {
    const denied = {
      verdict: 'dropped',
      reason: 'default-deny',
      policy: null,
      rule: null,
      source: 'policies.yaml:4:3',
    };
    expect(record(OUTCOME_DEFAULT_DENY, DB)).toEqual({ ...isolated, ...denied });
    expect(record(OUTCOME_DEFAULT_DENY, LATER)).toEqual({ ...isolated, ...denied, subject: 'shop/later' });
  });
  it('a pod nobody isolates', () => {
    expect(record(OUTCOME_NOT_ISOLATED, WEB)).toEqual({
      subject: 'shop/web',
      isolated: false,
      verdict: 'allowed',
      reason: 'no-policy',
      policies: [],
      policy: null,
      rule: null,
      source: null,
    });
  });
  it('loopback and node keep who isolates', () => {
    expect(record(OUTCOME_LOOPBACK, DB)).toMatchObject({
      ...isolated,
      verdict: 'allowed',
      reason: 'loopback',
      source: null,
    });
    expect(record(OUTCOME_NODE, DB)).toMatchObject({ ...isolated, verdict: 'allowed', reason: 'node', source: null });
  });
  it('null where that side is no pod', () => {
    expect(record(OUTCOME_NONE, DB)).toBeNull();
    for (const owner of [AGENT, NODE, -1]) expect(record(OUTCOME_NODE, owner)).toBeNull();
  });
  it('forward has no subject', () => {
    const deny = RULESET.forward[0]!.rules[0]!.index;
    expect(outcomeRecord('forward', deny, WEB, RULESET, INVENTORY)).toMatchObject({
      subject: '',
      verdict: 'dropped',
      reason: 'rule',
      policy: 'list.yaml',
      rule: 'web',
      source: 'list.yaml:4:3',
    });
    expect(outcomeRecord('forward', OUTCOME_DEFAULT_DENY, -1, RULESET, INVENTORY)).toMatchObject({
      reason: 'default-deny',
      source: 'list.yaml:2:1',
    });
  });
});

describe('printing', () => {
  it('prints the normal form', () => {
    expect(printRules(RULESET)).toBe(`egress tier 0 "NetworkPolicy": 0 rules, then the next tier
ingress tier 0 "NetworkPolicy": 2 rules, then deny for who is isolated, else the next tier
  isolate  {10.0.0.2, fd00::2, 1 pod without an address}  # shop/first (policies.yaml:4:3)
  isolate  {10.0.0.2, fd00::2, 1 pod without an address}  # shop/second (policies.yaml:40:3)
  0  allow  {10.0.0.1, 10.1.0.0-10.127.255.255} -> {10.0.0.2, fd00::2, 1 pod without an address}  TCP dport 5432  # shop/second ingress[0] (policies.yaml:44:3)
  1  allow  {10.0.0.1, 10.1.0.0-10.127.255.255} -> {10.0.0.2, fd00::2, 1 pod without an address}  UDP dport 53  # shop/second ingress[0] (policies.yaml:44:3)
forward tier 0 "list.yaml": 1 rule, then deny for who is isolated, else the next tier
  isolate  any  # list.yaml (list.yaml:2:1)
  2  deny  any -> 10.0.0.0/30  TCP  # list.yaml web (list.yaml:4:3)`);
  });

  it('prints the tree', () => {
    const text = printTree(createTree(RULESET, INVENTORY));
    expect(text).toContain('ingress: 2 subject classes x 2 peer classes, dense pair table');
    expect(text).toContain('  s1 p0: default deny of tier 0');
    expect(text).toMatch(/dport > 5431/);
    expect(text).toContain('allow by rule 0, shop/second ingress[0] (policies.yaml:44:3)');
  });

  it('cuts what is huge, and says so', () => {
    expect(printRules(RULESET, { mostRules: 1, mostIntervals: 1 })).toContain('  ... 1 more rules not shown');
    const cut = printTree(createTree(RULESET, INVENTORY), 3).split('\n');
    expect(cut).toHaveLength(4);
    expect(cut[3]).toContain('cut after 3 lines');
    expect(printTree(createTree(RULESET, INVENTORY, { mostRuns: 0 }))).toContain('split forest');
    expect(printTree(createLinear(RULESET, INVENTORY))).toContain('3 rules are tried in order');
  });

  it('counts', () => {
    const stats = createTree(RULESET, INVENTORY).stats();
    expect(stats).toMatchObject({ engine: 'tree', rules: 3 });
    for (const n of [stats.addressClasses, stats.nodes, stats.depth, stats.bytes]) expect(n).toBeGreaterThan(0);
  });
});
