/**
 * Outcomes in words: one line on why a side decided as it did (cold). Shared by the summary, the marked capture and the
 * answers of `policap query`.
 */
import { NETWORK_POLICY_NAME } from '../rules/contribution.js';
import type { Answer } from '../rules/ruleset.js';
import type { OutcomeRecord } from '../verdict/verdict.js';
import { withoutColumn } from './style.js';

const NAMED = 3;

/** `a, b, c and 2 more`. */
export function listed(names: readonly string[], shown = NAMED): string {
  if (names.length <= shown) return names.join(', ');
  return `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;
}

/** Where it stands: its tier, if the kind of policy has some, and the line. */
function where({ source, tier }: OutcomeRecord): string {
  const parts = [
    ...(tier === undefined || tier === NETWORK_POLICY_NAME ? [] : [`tier ${tier}`]),
    ...(source === null ? [] : [withoutColumn(source)]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

const ANSWERS: Readonly<Record<Answer, string>> = {
  'tcp-reset': 'rejected with a TCP reset',
  'icmp-port-unreachable': 'rejected with ICMP port unreachable',
  'icmp-admin-prohibited': 'rejected with ICMP administratively prohibited',
  unknown: 'rejected or dropped: equal priorities differ',
};

/** `, rejected with a TCP reset`; nothing where the sender is told nothing. */
export const answerText = ({ answer }: OutcomeRecord): string => (answer === undefined ? '' : `, ${ANSWERS[answer]}`);

/** `ingress default-deny: shop/web (policies/web.yaml:4)`, `egress rule: shop/api egress[0] (policies/api.yaml:12)`. */
export function outcomeText(side: string, outcome: OutcomeRecord): string {
  if (outcome.reason === 'default-deny' && outcome.policies.length > 0) {
    return `${side} default-deny: ${listed(outcome.policies)}${answerText(outcome)}${where(outcome)}`;
  }
  const decided = [outcome.policy, outcome.rule].filter(name => name !== null).join(' ');
  return `${side} ${outcome.reason}${decided === '' ? '' : `: ${decided}`}${answerText(outcome)}${where(outcome)}`;
}

/** `shop/web ingress default-deny (policies/web.yaml:4)`: the short form of packet comments. */
export function commentText(side: string, outcome: OutcomeRecord): string {
  const decided =
    outcome.reason === 'rule' && outcome.policy !== null ? ` ${outcome.policy} ${outcome.rule ?? ''}`.trimEnd() : '';
  return `${outcome.subject} ${side} ${outcome.reason}${decided}${answerText(outcome)}${where(outcome)}`.trimStart();
}
