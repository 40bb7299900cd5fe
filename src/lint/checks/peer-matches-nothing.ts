/** A peer that matches nobody: whoever it was meant for is refused. */
import { matches } from '../../cluster/selector.js';
import { objectName } from '../../policy/dialects.js';
import type { NetworkPolicy } from '../../policy/policy.js';
import { plural } from '../../report/style.js';
import { EVERY } from '../../rules/selectors.js';
import type { Check } from '../check.js';
import { type LintContext, type PodsPeer, pathOf, peersField, policyName, selectorWords } from '../context.js';
import { labelHint, some } from '../hints.js';
import { reachOfOthers } from '../others.js';

export const peerMatchesNothing: Check = {
  id: 'peer-matches-nothing',
  severity: 'warning',
  title: 'a peer that matches no pod',
  needsCluster: true,
  kinds: ['NetworkPolicy', 'admin', 'antrea', 'calico', 'cilium'],
  *find(context) {
    for (const placed of context.rules) {
      const { policy, rule, direction } = placed;
      for (const [j, peer] of (rule.peers ?? []).entries()) {
        if (peer.kind !== 'pods' || context.peerPods(policy, peer).length > 0) continue;
        const [why, fix] = explain(policy, peer, context);
        const position = context.at(policy, pathOf(placed, peersField(direction), j));
        yield { position, about: policyName(policy), message: `this peer matches no pod: ${why}`, fix };
      }
    }
    for (const { object, void: rules } of reachOfOthers(context)) {
      for (const { rule, position } of rules) {
        const message = `${rule} matches no packet: its subjects, its peers, or the pods with its named port are nobody`;
        const fix = 'compare its selectors with the labels of the pods, and of their namespaces';
        yield { position, about: `${object.kind} ${objectName(object)}`, message, fix };
      }
    }
  },
};

function explain(
  { namespace }: NetworkPolicy,
  { namespaceSelector, podSelector }: PodsPeer,
  context: LintContext,
): [why: string, fix: string] {
  const { pods, namespaces } = context.compiled.inventory;
  const selector = podSelector ?? EVERY;
  const words = selectorWords(selector);
  const chosen =
    namespaceSelector === null
      ? [namespace]
      : [...namespaces.values()].filter(({ labels }) => matches(namespaceSelector, labels)).map(({ name }) => name);
  if (namespaceSelector !== null && chosen.length === 0) {
    const all = [...namespaces.values()].map(({ labels }) => labels);
    return [`no namespace has ${selectorWords(namespaceSelector)}`, labelHint(namespaceSelector, all)];
  }
  const inside = pods.filter(pod => chosen.includes(pod.namespace));
  const where = chosen.length === 1 ? `namespace ${chosen[0]}` : plural(chosen.length, 'namespace');
  if (inside.length === 0) return [`there are no pods in ${where}`, 'is it the namespace that is meant?'];
  if (inside.some(pod => pod.hostNetwork && matches(selector, pod.labels))) {
    return [
      `what has ${words} in ${where} is on the host network, where selectors do not reach`,
      'name the addresses of its nodes in an ipBlock',
    ];
  }
  const elsewhere = [...new Set(pods.filter(pod => matches(selector, pod.labels)).map(pod => pod.namespace))];
  if (namespaceSelector === null && elsewhere.length > 0) {
    return [
      `no pod of namespace ${namespace} has ${words}, and podSelector alone looks nowhere else`,
      `pods with ${words} are in ${some(elsewhere)}: add a namespaceSelector to the same entry`,
    ];
  }
  return [
    `no pod of ${where} has ${words}`,
    labelHint(
      selector,
      inside.map(pod => pod.labels),
    ),
  ];
}
