/**
 * Label selectors over the inventory's pods: selector -> pods, each distinct selector evaluated once (cold).
 *
 * In:  the inventory.  Out: selections of pods. hostNetwork pods are never selected (19); finished pods hold no address
 * and can only be asked about by name (20). Numbers are items of docs/semantics.md.
 *
 * A selector's required labels are looked up in an inverted index (key and value -> pods), so that ten thousand
 * policies over a hundred thousand pods cost what they select, not pods times policies.
 */
import type { Inventory, Namespace, Pod } from '../cluster/inventory.js';
import { matches } from '../cluster/selector.js';
import type { LabelSelector } from '../policy/policy.js';

/** Equal text = equal selector: the key under which it is evaluated once. */
export function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const labels = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1));
  const expressions = matchExpressions.map(e => [e.key, e.operator, [...e.values].sort()]);
  return JSON.stringify([labels, expressions]);
}

export interface PodSelection {
  /** Pods of one namespace. */
  inNamespace(namespace: string, selector: LabelSelector): readonly Pod[];
  /** Pods of the namespaces whose labels match. */
  inNamespaces(namespaceSelector: LabelSelector, podSelector: LabelSelector): readonly Pod[];
  /** Every pod that can be selected. */
  readonly all: readonly Pod[];
}

export const EVERY: LabelSelector = { matchLabels: {}, matchExpressions: [] };

export function createPodSelection(inventory: Inventory): PodSelection {
  const all = inventory.pods.filter(pod => !pod.hostNetwork);
  const byNamespace = new Map<string, Pod[]>();
  const byLabel = new Map<string, Pod[]>();
  for (const pod of all) {
    append(byNamespace, pod.namespace, pod);
    for (const [key, value] of Object.entries(pod.labels)) append(byLabel, `${key}\0${value}`, pod);
  }
  const namespacesByLabel = new Map<string, Namespace[]>();
  for (const namespace of inventory.namespaces.values()) {
    for (const [key, value] of Object.entries(namespace.labels)) {
      append(namespacesByLabel, `${key}\0${value}`, namespace);
    }
  }
  const namespaceCache = new Map<string, ReadonlySet<string>>();
  const podCache = new Map<string, readonly Pod[]>();

  /** The fewest pods that hold every pod the selector can match. */
  function candidates(selector: LabelSelector, within: readonly Pod[]): readonly Pod[] {
    let best = within;
    for (const [key, value] of Object.entries(selector.matchLabels)) {
      const posting = byLabel.get(`${key}\0${value}`) ?? [];
      if (posting.length < best.length) best = posting;
    }
    return best;
  }

  function namespacesOf(selector: LabelSelector): ReadonlySet<string> {
    const key = selectorText(selector);
    const found = namespaceCache.get(key);
    if (found === undefined) {
      const names = new Set<string>();
      const [label] = Object.entries(selector.matchLabels);
      const candidates =
        label === undefined ? inventory.namespaces.values() : (namespacesByLabel.get(label.join('\0')) ?? []);
      for (const { name, labels } of candidates) if (matches(selector, labels)) names.add(name);
      namespaceCache.set(key, names);
      return names;
    }
    return found;
  }

  function cached(key: string, select: () => Pod[]): readonly Pod[] {
    let found = podCache.get(key);
    if (found === undefined) {
      found = select();
      podCache.set(key, found);
    }
    return found;
  }

  return {
    all,
    inNamespace(namespace, selector) {
      return cached(`n ${namespace} ${selectorText(selector)}`, () =>
        candidates(selector, byNamespace.get(namespace) ?? []).filter(
          pod => pod.namespace === namespace && matches(selector, pod.labels),
        ),
      );
    },
    inNamespaces(namespaceSelector, podSelector) {
      return cached(`s ${selectorText(namespaceSelector)} ${selectorText(podSelector)}`, () => {
        const namespaces = namespacesOf(namespaceSelector);
        const posting = candidates(podSelector, all);
        let inside = 0;
        for (const namespace of namespaces) inside += byNamespace.get(namespace)?.length ?? 0;
        if (inside >= posting.length) {
          return posting.filter(pod => namespaces.has(pod.namespace) && matches(podSelector, pod.labels));
        }
        // Few namespaces, common labels: their pods, in the inventory's order.
        const selected: Pod[] = [];
        for (const namespace of namespaces) {
          for (const pod of byNamespace.get(namespace) ?? []) if (matches(podSelector, pod.labels)) selected.push(pod);
        }
        return selected.sort((a, b) => a.owner - b.owner);
      });
    },
  };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
