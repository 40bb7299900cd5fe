/** Pods that no policy isolates, in either direction: everything may reach them, and they may reach everything. */
import type { Pod } from '../../cluster/inventory.js';
import { workloadName } from '../../report/owners.js';
import { plural } from '../../report/style.js';
import { subtract, union } from '../../rules/addresses.js';
import type { Check } from '../check.js';
import { some } from '../hints.js';

export const podNotIsolated: Check = {
  id: 'pod-not-isolated',
  severity: 'note',
  title: 'a pod that no policy isolates',
  needsCluster: true,
  kinds: ['NetworkPolicy', 'calico', 'cilium'],
  *find({ compiled: { ruleset }, selection, sets, podsIn }) {
    const isolated = [...ruleset.egress, ...ruleset.ingress].flatMap(tier => tier.isolations.map(it => it.subjects));
    const left = subtract(sets.of(selection.all), union(isolated));
    const byNamespace = new Map<string, Pod[]>();
    for (const pod of podsIn(left, selection.all)) {
      // (20): what is finished sends and receives nothing.
      if (!pod.finished) byNamespace.set(pod.namespace, [...(byNamespace.get(pod.namespace) ?? []), pod]);
    }
    for (const [namespace, pods] of byNamespace) {
      const [first] = pods as [Pod, ...Pod[]];
      const names = [...new Set(pods.map(workloadName))].map(name => name.slice(namespace.length + 1));
      const message = `no policy isolates ${plural(pods.length, 'pod')} of it: ${some(names)}`;
      const fix =
        'a policy with podSelector: {} and policyTypes: [Ingress, Egress] isolates all of a namespace: what is needed is then allowed one by one';
      yield { position: first.position, about: `namespace ${namespace}`, message, fix };
    }
  },
};
