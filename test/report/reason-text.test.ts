/** What outcomes are called: refusals that the sender hears of say so, in every text. */
import { describe, expect, it } from 'vitest';
import { commentText, outcomeText } from '../../src/report/reason-text.js';
import type { Answer } from '../../src/rules/ruleset.js';
import type { OutcomeRecord } from '../../src/verdict/verdict.js';

const RULE: OutcomeRecord = {
  ...{ subject: 'shop/web', isolated: false, verdict: 'dropped', reason: 'rule', policies: [] },
  ...{ policy: 'p', rule: 'egress[0]', source: 'p.yaml:4:3' },
};
const DENY: OutcomeRecord = {
  ...{ subject: 'shop/web', isolated: true, verdict: 'dropped', reason: 'default-deny', policies: ['shop/p'] },
  ...{ policy: null, rule: null, source: 'p.yaml:4:3' },
};

describe('refusals', () => {
  it('that nobody hears of', () => {
    expect(outcomeText('egress', RULE)).toBe('egress rule: p egress[0] (p.yaml:4)');
    expect(outcomeText('egress', DENY)).toBe('egress default-deny: shop/p (p.yaml:4)');
    expect(commentText('egress', RULE)).toBe('shop/web egress rule p egress[0] (p.yaml:4)');
  });

  it.each([
    ['tcp-reset', 'rejected with a TCP reset'],
    ['icmp-port-unreachable', 'rejected with ICMP port unreachable'],
    ['icmp-admin-prohibited', 'rejected with ICMP administratively prohibited'],
    ['unknown', 'rejected or dropped: equal priorities differ'],
  ] as const)('%s', (answer: Answer, words) => {
    expect(outcomeText('egress', { ...RULE, answer })).toBe(`egress rule: p egress[0], ${words} (p.yaml:4)`);
    expect(outcomeText('egress', { ...DENY, answer })).toBe(`egress default-deny: shop/p, ${words} (p.yaml:4)`);
    expect(commentText('egress', { ...RULE, answer })).toBe(`shop/web egress rule p egress[0], ${words} (p.yaml:4)`);
    expect(commentText('egress', { ...DENY, answer })).toBe(`shop/web egress default-deny, ${words} (p.yaml:4)`);
  });
});
