/**
 * Contributions of other dialects beside NetworkPolicies: how tiers stand, what a node as a subject means, and what is kept
 * from one build to the next.
 */
import { describe, expect, it } from 'vitest';
import { everywhere, fromAddresses } from '../../src/rules/addresses.js';
import { createRuleBuilder } from '../../src/rules/build.js';
import type { ContributedRule, Contribution } from '../../src/rules/contribution.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { combine, outcomeRecord } from '../../src/verdict/outcome.js';
import { reasonOf, verdictOf } from '../../src/verdict/verdict.js';
import { classify, judge, type PacketLiteral } from '../tree/packets.js';
import { at, cluster, labels, pods, policy, rule } from './cluster.js';

const WEB = '10.0.0.1';
const DB = '10.0.0.2';
const NODE = '192.168.0.1';
const OTHER_NODE = '192.168.0.2';
const OUTSIDE = '203.0.113.9';
const inventory = cluster({
  pods: [
    { ns: 'shop', name: 'web', labels: { app: 'web' }, ips: [WEB], node: 'n1' },
    { ns: 'shop', name: 'db', labels: { app: 'db' }, ips: [DB], node: 'n2' },
    { ns: 'shop', name: 'agent', ips: [NODE], node: 'n1', hostNetwork: true },
  ],
  nodes: { n1: [NODE], n2: [OTHER_NODE] },
});
const AGENT = 2;
const [N1] = inventory.nodes.map(({ owner }) => owner);

const origin = (name: string) => ({
  kind: 'TestPolicy',
  policy: name,
  rule: 'rules[0]',
  position: at(1, `${name}.yaml`),
});
const ruleOf = (name: string, subjects: string[], action: ContributedRule['action']): ContributedRule => ({
  ...{ subjects: fromAddresses(subjects), peers: everywhere([]), protocol: null, sourcePorts: null },
  ...{ destinationPorts: null, icmp: null, action, origin: origin(name) },
});
const part = (name: string, rank: number, order: number, given: Partial<Contribution>): Contribution => ({
  ...{ direction: 'ingress', tier: { name: `tier ${rank}`, rank }, order, name, rules: [], isolations: [] },
  ...given,
});

function asker(contributions: readonly Contribution[]) {
  const policies = [policy('shop', 'db', labels({ app: 'db' }), { ingress: [rule([pods(labels({ app: 'web' }))])] })];
  const ruleset = createRuleBuilder(inventory)(policies, undefined, contributions);
  const engines = [createLinear(ruleset, inventory), createTree(ruleset, inventory)];
  return {
    ruleset,
    ask(source: string, destination: string, rest: Partial<PacketLiteral> = {}) {
      const packet = { source, destination, ...rest };
      const [answer, tree] = engines.map(engine => judge(engine, packet));
      expect(tree).toEqual(answer);
      return answer!;
    },
    verdict(source: string, destination: string) {
      const [egress, ingress, forward] = classify(engines[0]!, { source, destination });
      const code = combine(egress, ingress, forward, ruleset.rules);
      return `${verdictOf(code)} ${reasonOf(code)}`;
    },
  };
}

describe('tiers', () => {
  it('stand by rank, NetworkPolicies at 1,000,000', () => {
    const { ruleset, ask } = asker([
      part('late', 10_000_000, 0, { rules: [ruleOf('late', [DB, WEB], 'deny')] }),
      part('first', 1_000, 0, { rules: [ruleOf('first', [WEB], 'allow')] }),
    ]);
    expect(ruleset.ingress.map(({ name }) => name)).toEqual(['tier 1000', 'NetworkPolicy', 'tier 10000000']);
    expect(ruleset.egress.map(({ name }) => name)).toEqual(['NetworkPolicy']);
    expect(ruleset.ingress.flatMap(({ rules }) => rules.map(({ tier }) => tier))).toEqual([0, 1, 2]);
    expect(ask(OUTSIDE, WEB)[1]).toBe('allow first rules[0]');
    expect(ask(WEB, DB)[1]).toBe('allow shop/db ingress[0]');
    expect(ask(OUTSIDE, DB)[1]).toBe('default-deny');
  });

  it('of one rank are one: by order, then by name, NetworkPolicies at 1,000', () => {
    const rank = 1_000_000;
    const { ruleset } = asker([
      part('b', rank, 5, { rules: [ruleOf('b', [DB], 'deny')] }),
      part('z', rank, 1_000.5, { rules: [ruleOf('z', [DB], 'deny')] }),
      part('a', rank, 5, { rules: [ruleOf('a', [DB], 'pass')] }),
      part('c', rank, -1, { rules: [ruleOf('c', [WEB], 'allow')] }),
    ]);
    expect(ruleset.ingress.map(({ name }) => name)).toEqual(['tier 1000000']);
    const order = ruleset.ingress[0]!.rules.map(({ origin: { policy: name } }) => name);
    expect(order).toEqual(['c', 'a', 'b', 'shop/db', 'z']);
    expect(ruleset.rules.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });

  it('an isolation holds at the end of its own tier', () => {
    const subjects = fromAddresses([WEB]);
    const { ask } = asker([
      part('closed', 1_000, 0, { isolations: [{ subjects, origin: origin('closed') }] }),
      part('open', 2_000, 0, { rules: [ruleOf('open', [WEB], 'allow')] }),
    ]);
    expect(ask(OUTSIDE, WEB)[1]).toBe('default-deny');
  });

  it('ambiguous and unsupported rules are undecided', () => {
    const { verdict } = asker([
      part('a', 1_000, 0, { rules: [ruleOf('a', [WEB], 'ambiguous'), ruleOf('b', [DB], 'unsupported')] }),
    ]);
    expect(verdict(OUTSIDE, WEB)).toBe('undecided ambiguous-policy');
    expect(verdict(OUTSIDE, DB)).toBe('undecided unsupported');
  });

  it('keep rules that have not changed', () => {
    const build = createRuleBuilder(inventory);
    const kept = part('kept', 1_000, 0, { rules: [ruleOf('kept', [WEB], 'deny')] });
    const first = build([], undefined, [kept]);
    const second = build([], undefined, [kept, part('more', 2_000, 0, { rules: [ruleOf('more', [WEB], 'deny')] })]);
    expect(second.ingress[0]!.rules[0]).toBe(first.ingress[0]!.rules[0]);
    // In another tier it is another rule.
    const third = build([], undefined, [part('less', 500, 0, { rules: [ruleOf('less', [WEB], 'deny')] }), kept]);
    expect(third.ingress[1]!.rules[0]).toMatchObject({ tier: 1, index: 1 });
    expect(first.ingress[0]!.rules[0]).toMatchObject({ tier: 0, index: 0 });
  });
});

describe('nodes as subjects', () => {
  const closed = fromAddresses([NODE, WEB]);
  const isolations = [{ subjects: closed, origin: origin('closed') }];
  const given = [
    part('closed', 1_000, 0, { isolations, ofNodes: true }),
    part('out', 1_000, 0, { direction: 'egress', rules: [ruleOf('out', [NODE], 'deny')], ofNodes: true }),
  ];

  it('are decided as pods are, but for what passes between a node and itself', () => {
    const { ask } = asker(given);
    expect(ask(OUTSIDE, NODE)).toEqual(['none', 'default-deny']);
    expect(ask(OUTSIDE, OTHER_NODE)).toEqual(['none', 'not-isolated']);
    expect(ask(NODE, OUTSIDE)).toEqual(['deny out rules[0]', 'none']);
    expect(ask(OTHER_NODE, NODE)).toEqual(['not-isolated', 'default-deny']);
    expect(ask(NODE, NODE)).toEqual(['node', 'node']);
  });

  it('a node and its own pod: the pod is open, the node is asked', () => {
    const { ask } = asker(given);
    expect(ask(NODE, WEB)).toEqual(['deny out rules[0]', 'node']);
    expect(ask(WEB, NODE)).toEqual(['node', 'default-deny']);
    expect(ask(OTHER_NODE, DB)).toEqual(['not-isolated', 'node']);
    expect(ask(WEB, '169.254.20.10')).toEqual(['node', 'node']);
  });

  it('are nobody where no policy is about nodes', () => {
    const { ask } = asker([part('closed', 1_000, 0, { isolations })]);
    expect(ask(OUTSIDE, NODE)).toEqual(['none', 'none']);
    expect(ask(WEB, NODE)).toEqual(['node', 'node']);
  });

  it('are named in outcomes, with the kind and the tier of what decided', () => {
    const { ruleset } = asker(given);
    const [tier] = ruleset.ingress;
    const denied = -16 - ruleset.ingress.indexOf(tier!);
    const record = outcomeRecord('ingress', denied, N1!, ruleset, inventory);
    expect(record).toMatchObject({ subject: 'node/n1', isolated: true, reason: 'default-deny', policies: ['closed'] });
    expect(record).toMatchObject({ kind: 'TestPolicy', tier: 'tier 1000', source: 'closed.yaml:1:3' });
    // A pod on the host network is its node.
    expect(outcomeRecord('ingress', denied, AGENT, ruleset, inventory)).toEqual(record);
  });
});
