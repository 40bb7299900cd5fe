/**
 * What Antrea's `Reject` answers (AN5, AN26 of docs/dialects/antrea.md) (cold).
 *
 * In:  a rule of the normal form that denies.  Out: rules that match the same, in the order in which the first match decides,
 * each with what it answers; a rule that answers nothing as it is.
 */
import type { AntreaRule } from '../../policy/antrea/model.js';
import { intersect, isEmpty, subtract } from '../addresses.js';
import type { ContributedRule, Side } from '../contribution.js';
import { TCP } from '../protocols.js';
import type { AddressSet, Answer } from '../ruleset.js';

/** @param nodes those of its subjects that are nodes: iptables refuses there, not the agent */
export function answered(
  { isReject }: Pick<AntreaRule, 'isReject'>,
  side: Side,
  nodes: AddressSet,
  rule: ContributedRule,
): readonly ContributedRule[] {
  if (isReject !== true) return [rule];
  if (isEmpty(nodes)) return byProtocol(rule, 'tcp-reset', 'icmp-admin-prohibited');
  const ofNodes = { ...rule, subjects: intersect(rule.subjects, nodes) };
  const ofPods = { ...rule, subjects: subtract(rule.subjects, nodes) };
  return [
    ...byProtocol(ofPods, 'tcp-reset', 'icmp-admin-prohibited'),
    ...byProtocol(ofNodes, 'icmp-port-unreachable', side === 'egress' ? undefined : 'icmp-port-unreachable'),
  ].filter(({ subjects }) => !isEmpty(subjects));
}

function byProtocol(rule: ContributedRule, ofTcp: Answer, ofOthers: Answer | undefined): ContributedRule[] {
  const toOthers = ofOthers === undefined ? rule : { ...rule, answer: ofOthers };
  if (rule.protocol === TCP) return [{ ...rule, answer: ofTcp }];
  if (rule.protocol !== null || ofTcp === ofOthers) return [toOthers];
  return [{ ...rule, protocol: TCP, answer: ofTcp }, toOthers];
}
