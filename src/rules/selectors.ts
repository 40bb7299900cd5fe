/**
 * Label selectors over the inventory's pods: selector -> pods, each distinct selector evaluated once (cold).
 *
 * In:  the inventory.  Out: selections of pods. hostNetwork pods are never selected (19); finished pods hold no address
 * and can only be asked about by name (20). Numbers are items of docs/semantics.md.
 *
 * A selector's required labels are looked up in an inverted index (key and value -> pods), so that ten thousand
 * policies over a hundred thousand pods cost what they select, not pods times policies.
 */
import type { Inventory, Labels, Pod } from '../cluster/inventory.js';
import { matches } from '../cluster/selector.js';
import type { LabelSelector } from '../policy/policy.js';

/** Equal text = equal selector: the key under which it is evaluated once. */
export function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const keys = Object.keys(matchLabels);
  if (matchExpressions.length === 0 && keys.length <= 1) {
    // The common ones; no JSON begins so.
    return keys.length === 0 ? '' : `${keys[0]}\0${matchLabels[keys[0]!]}`;
  }
  const labels = keys.sort().map(key => [key, matchLabels[key]]);
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

interface Candidates {
  readonly pods: readonly Pod[];
  readonly asks: ((pod: Pod) => boolean) | null;
}

export const EVERY: LabelSelector = { matchLabels: {}, matchExpressions: [] };

/** @param hiddenLabels what no selector of pods sees (P23): beginnings of keys, as regular expressions */
export function createPodSelection(inventory: Inventory, hiddenLabels: readonly string[] = []): PodSelection {
  const isHidden = labelHider(hiddenLabels);
  const all = inventory.pods.filter(pod => !pod.hostNetwork);
  const byNamespace = groupByNamespace(all);
  const podsByLabel = createLabelIndex(all);
  const namespacesByLabel = createLabelIndex([...inventory.namespaces.values()]);
  const namespaceCache = new Map<string, ReadonlySet<string>>();
  const podCache = new Map<string, readonly Pod[]>();

  /** The fewest pods that hold every pod the selector can match, and what is to be asked of them: null = nothing. */
  function candidates(selector: LabelSelector, within: readonly Pod[], byLabel: LabelIndex<Pod>): Candidates {
    const { matchLabels, matchExpressions } = selector;
    const labels = Object.entries(matchLabels);
    let pods = within;
    let settled = 0;
    for (const [key, value] of labels) {
      const posting = byLabel(key, value);
      if (posting.length >= pods.length) continue;
      pods = posting;
      settled = 1;
    }
    const isOpen = labels.length > settled || matchExpressions.length > 0;
    return { pods, asks: isOpen ? pod => matches(selector, pod.labels) : null };
  }

  const podsOf = (namespace: string): NamespacePods => byNamespace.get(namespace) ?? NO_PODS;

  function namespacesOf(selector: LabelSelector): ReadonlySet<string> {
    const key = selectorText(selector);
    const found = namespaceCache.get(key);
    if (found === undefined) {
      const names = new Set<string>();
      const [label] = Object.entries(selector.matchLabels);
      const possible = label === undefined ? inventory.namespaces.values() : namespacesByLabel(...label);
      for (const { name, labels } of possible) if (matches(selector, labels)) names.add(name);
      namespaceCache.set(key, names);
      return names;
    }
    return found;
  }

  function cached(key: string, select: () => readonly Pod[]): readonly Pod[] {
    let found = podCache.get(key);
    if (found === undefined) {
      found = select();
      podCache.set(key, found);
    }
    return found;
  }

  return {
    all,
    inNamespace(namespace, given) {
      const selector = withoutHidden(given, isHidden);
      if (selector === null) return NOBODY;
      return cached(`n ${namespace} ${selectorText(selector)}`, () => {
        const { pods: within, byLabel } = podsOf(namespace);
        const { pods, asks } = candidates(selector, within, byLabel);
        return asks === null ? pods : pods.filter(asks);
      });
    },
    inNamespaces(namespaceSelector, given) {
      const podSelector = withoutHidden(given, isHidden);
      if (podSelector === null) return NOBODY;
      return cached(`s ${selectorText(namespaceSelector)} ${selectorText(podSelector)}`, () => {
        const namespaces = namespacesOf(namespaceSelector);
        const { pods, asks } = candidates(podSelector, all, podsByLabel);
        let inside = 0;
        for (const namespace of namespaces) inside += podsOf(namespace).pods.length;
        if (inside >= pods.length) {
          const found = pods.filter(pod => namespaces.has(pod.namespace));
          return asks === null ? found : found.filter(asks);
        }
        // Few namespaces, common labels: their pods, in the inventory's order.
        const selected: Pod[] = [];
        for (const namespace of namespaces) {
          const { pods: within, byLabel } = podsOf(namespace);
          const { pods, asks } = candidates(podSelector, within, byLabel);
          for (const pod of pods) if (asks === null || asks(pod)) selected.push(pod);
        }
        return inOrder(selected, inventory);
      });
    },
  };
}

const NOBODY: readonly Pod[] = [];

/** Whether no selector sees a label (P23): null = all are seen. */
export function labelHider(hiddenLabels: readonly string[]): ((key: string) => boolean) | null {
  if (hiddenLabels.length === 0) return null;
  const hidden = new RegExp(`^(?:${hiddenLabels.join('|')})`);
  return key => hidden.test(key);
}

/** (P23): a label that is not seen is absent on every pod (6). @returns null where the selector asks for one, and so matches nothing */
function withoutHidden(selector: LabelSelector, isHidden: ((key: string) => boolean) | null): LabelSelector | null {
  if (isHidden === null) return selector;
  const { matchLabels, matchExpressions } = selector;
  if (Object.keys(matchLabels).some(isHidden)) return null;
  if (!matchExpressions.some(({ key }) => isHidden(key))) return selector;
  const asks = matchExpressions.filter(
    ({ key, operator }) => isHidden(key) && (operator === 'In' || operator === 'Exists'),
  );
  return asks.length > 0
    ? null
    : { matchLabels, matchExpressions: matchExpressions.filter(({ key }) => !isHidden(key)) };
}

/** Owner indices sort faster than pods. */
function inOrder(pods: readonly Pod[], { owners }: Inventory): Pod[] {
  const indices = new Int32Array(pods.length);
  for (let i = 0; i < pods.length; i++) indices[i] = pods[i]!.owner;
  indices.sort();
  const sorted: Pod[] = [];
  for (let i = 0; i < indices.length; i++) sorted.push(owners[indices[i]!] as Pod);
  return sorted;
}

interface NamespacePods {
  readonly pods: readonly Pod[];
  readonly byLabel: LabelIndex<Pod>;
}

const NO_PODS: NamespacePods = { pods: [], byLabel: () => [] };

function groupByNamespace(all: readonly Pod[]): ReadonlyMap<string, NamespacePods> {
  const groups = new Map<string, Pod[]>();
  for (const pod of all) append(groups, pod.namespace, pod);
  return new Map([...groups].map(([name, pods]) => [name, { pods, byLabel: createLabelIndex(pods) }]));
}

type LabelIndex<T> = (key: string, value: string) => readonly T[];

/** Key and value -> what has that label, in order. A key is indexed when it is first asked for: most never are. */
function createLabelIndex<T extends { readonly labels: Labels }>(all: readonly T[]): LabelIndex<T> {
  const byKey = new Map<string, Map<string, T[]>>();
  return (key, value) => {
    let byValue = byKey.get(key);
    if (byValue === undefined) {
      byValue = new Map();
      for (const one of all) if (Object.hasOwn(one.labels, key)) append(byValue, one.labels[key]!, one);
      byKey.set(key, byValue);
    }
    return byValue.get(value) ?? [];
  };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
