/** Two entries, namespaceSelector and podSelector, where one entry with both is one dash away. */
import { plural } from '../../report/style.js';
import { EVERY } from '../../rules/selectors.js';
import type { Check } from '../check.js';
import { type PodsPeer, pathOf, peersField, policyName, selectorWords } from '../context.js';

export const andOrSelectors: Check = {
  id: 'and-or-selectors',
  severity: 'warning',
  title: 'namespaceSelector beside podSelector: two entries that read as one',
  needsCluster: false,
  kinds: ['NetworkPolicy'],
  *find(context) {
    const hasPods = context.selection.all.length > 0;
    for (const placed of context.rules) {
      const { policy, rule, direction } = placed;
      for (const [j, peer] of (rule.peers ?? []).entries()) {
        const pair = pairOf(rule.peers![j - 1], peer);
        if (pair === null) continue;
        const { namespaces, pods } = pair;
        const both: PodsPeer = { ...namespaces, podSelector: pods.podSelector };
        const together = new Set(context.peerPods(policy, both));
        const inNamespaces = context.peerPods(policy, namespaces);
        const inOwn = context.peerPods(policy, pods);
        const isSame = [...inNamespaces, ...inOwn].every(pod => together.has(pod));
        // Where no pod is both, or all are, the other reading is not what was meant.
        if (hasPods && (together.size === 0 || isSame)) continue;
        const counted = (number: number): string => (hasPods ? ` (${plural(number, 'pod')})` : '');
        const message =
          `two entries, so either will do: every pod of the namespaces with ${selectorWords(namespaces.namespaceSelector ?? EVERY)}${counted(inNamespaces.length)},` +
          ` and the pods of ${policy.namespace} with ${selectorWords(pods.podSelector ?? EVERY)}${counted(inOwn.length)}`;
        const fix = `if both must hold${counted(together.size)}, make them one entry: remove the dash before the second`;
        const position = context.at(policy, pathOf(placed, peersField(direction), j));
        yield { position, about: policyName(policy), message, fix };
      }
    }
  },
};

type AnyPeer = PodsPeer | { readonly kind: 'ipBlock' } | undefined;

/** Neighbours of which the one has a namespaceSelector alone, and the other a podSelector alone that asks for something. */
function pairOf(a: AnyPeer, b: AnyPeer): { readonly namespaces: PodsPeer; readonly pods: PodsPeer } | null {
  if (a?.kind !== 'pods' || b?.kind !== 'pods') return null;
  for (const [namespaces, pods] of [
    [a, b],
    [b, a],
  ] as const) {
    if (namespaces.namespaceSelector === null || namespaces.podSelector !== null) continue;
    if (pods.podSelector === null || pods.namespaceSelector !== null) continue;
    if (selectorWords(pods.podSelector) !== '{}') return { namespaces, pods };
  }
  return null;
}
