/** A policy that selects no pod: it isolates nobody, and its rules are nobody's. */
import { matches, matchesLabels } from '../../cluster/selector.js';
import { objectName } from '../../policy/dialects.js';
import type { NetworkPolicy } from '../../policy/policy.js';
import type { Check } from '../check.js';
import { type LintContext, policyName, selectorWords } from '../context.js';
import { labelHint } from '../hints.js';
import { reachOfOthers } from '../others.js';

export const selectsNoPod: Check = {
  id: 'selects-no-pod',
  severity: 'warning',
  title: 'a policy that selects no pod',
  needsCluster: true,
  kinds: ['NetworkPolicy', 'admin', 'calico', 'cilium'],
  *find(context) {
    for (const policy of context.policies) {
      if (context.subjects(policy).length > 0) continue;
      const [why, fix] = explain(policy, context);
      const position = context.at(policy, ['spec', 'podSelector']);
      yield { position, about: policyName(policy), message: `selects no pod: ${why}`, fix };
    }
    for (const { object, selectsSomebody } of reachOfOthers(context)) {
      if (selectsSomebody !== false) continue;
      const about = `${object.kind} ${objectName(object)}`;
      const fix = 'compare its selectors with the labels of the pods, and of their namespaces';
      yield { position: object.position, about, message: 'selects no pod', fix };
    }
  },
};

function explain({ namespace, podSelector }: NetworkPolicy, context: LintContext): [why: string, fix: string] {
  const { pods, services } = context.compiled.inventory;
  const own = pods.filter(pod => pod.namespace === namespace);
  const words = selectorWords(podSelector);
  if (own.length === 0) {
    const elsewhere = [...new Set(pods.filter(pod => matches(podSelector, pod.labels)).map(pod => pod.namespace))];
    const where = elsewhere.slice(0, 3).join(', ');
    const fix =
      elsewhere.length === 0 || words === '{}'
        ? 'is metadata.namespace right?'
        : `pods with ${words} are in ${where}: is metadata.namespace right?`;
    return [`there are no pods in namespace ${namespace}`, fix];
  }
  if (own.some(pod => pod.hostNetwork && matches(podSelector, pod.labels))) {
    return [
      `what has ${words} in namespace ${namespace} is on the host network, where policies do not reach`,
      'such pods are their node: protect the node instead',
    ];
  }
  const service = services.find(it => it.namespace === namespace && matchesLabels(podSelector.matchLabels, it.labels));
  const [label] = Object.keys(podSelector.matchLabels);
  const fix =
    service !== undefined && label !== undefined && podSelector.matchExpressions.length === 0
      ? `Service ${service.name} has these labels, its pods do not: a policy selects pods by their own labels`
      : labelHint(
          podSelector,
          own.map(pod => pod.labels),
        );
  return [`no pod of namespace ${namespace} has ${words}`, fix];
}
