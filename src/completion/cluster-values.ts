/**
 * What a cluster offers to a policy that is being written: labels, namespaces, ports, addresses, names (cold).
 *
 * In:  a cursor and the inventory.  Out: names, each with a word on where it comes from; most used first.
 * Labels are those of what the selector around the place selects from: pods of the namespaces that it looks into, namespaces, or
 * nodes.
 */
import type { Inventory, Labels, Pod } from '../cluster/inventory.js';
import type { Path } from '../documents/document.js';
import { workloadName } from '../report/owners.js';
import { type Cursor, keysIn, textAt } from './cursor.js';
import { kindOf } from './kinds.js';

export interface Named {
  readonly name: string;
  readonly detail: string;
}

const MOST = 500;

/** Labels' keys, for a map of labels. */
export function clusterKeys(cursor: Cursor, inventory: Inventory | null): Named[] {
  if (inventory === null) return [];
  const selected = selectedBy(cursor, cursor.path, inventory);
  return selected === null ? [] : keysOf(selected);
}

/** Of a field that takes a text, or a port. */
export function clusterValues(cursor: Cursor, inventory: Inventory | null): Named[] {
  if (inventory === null) return [];
  return valuesAt(cursor, inventory).slice(0, MOST);
}

function valuesAt(cursor: Cursor, inventory: Inventory): Named[] {
  const { path, entries } = cursor;
  const names = path.filter(step => typeof step === 'string');
  const field = names.at(-1) ?? '';
  const holder = names.at(-2) ?? '';
  if (holder === 'matchLabels') return labelValues(cursor, path.slice(0, -1), field, inventory);
  if (holder === 'matchExpressions') {
    const expression = path.slice(0, path.lastIndexOf('matchExpressions') + 2);
    const selector = path.slice(0, path.lastIndexOf('matchExpressions'));
    if (field === 'key') return labelKeys(cursor, selector, inventory);
    if (field === 'values') return labelValues(cursor, selector, textAt(entries, [...expression, 'key']), inventory);
    return [];
  }
  if (/^(?:namespace|namespaces|notNamespaces)$/.test(field)) return namespaces(inventory);
  if (field === 'sameLabels') return keysOf(labelled([...inventory.namespaces.values()], 'namespace'));
  if (/^(?:port|number|ports|notPorts|namedPort|destinationNamedPort)$/.test(field)) return ports(cursor, inventory);
  if (ADDRESSES.test(field)) return addresses(inventory);
  if (EXPRESSIONS.test(field)) return expressions(cursor, inventory);
  if (holder === 'serviceAccounts' || holder === 'serviceAccount') return serviceAccounts(inventory);
  if (/^(?:services|service|serviceReference|toServices|k8sService)$/.test(holder)) {
    return inventory.services.map(({ name, namespace }) => ({ name, detail: namespace }));
  }
  if (field === 'node') return inventory.nodes.map(({ name }) => ({ name, detail: 'node' }));
  return [];
}

const ADDRESSES =
  /^(?:cidr|except|networks|nets|notNets|toCIDR|fromCIDR|externalCIDRs|ipBlocks|notIpBlocks|remoteIpBlocks|expectedIPs)$/;
/** Of Calico: a selector is a text. */
const EXPRESSIONS = /^(?:selector|notSelector|namespaceSelector|serviceAccountSelector)$/;

/** Where in a selector of Calico's the condition begins that is being typed. */
export function conditionStart(typed: string): number {
  let start = 0;
  for (const { index, 0: text } of typed.matchAll(/&&\s*|\|\|\s*|\(\s*|!(?!=)\s*/g)) start = index + text.length;
  return start;
}

export const isExpression = (path: Path): boolean => EXPRESSIONS.test(String(path.at(-1)));

/** Labels of several things, and what one of them is called. */
interface Labelled {
  readonly labels: readonly Labels[];
  readonly noun: string;
}

const labelled = (its: readonly { readonly labels: Labels }[], noun: string): Labelled => ({
  labels: its.map(({ labels }) => labels),
  noun,
});

/** What the selector around a path selects from; null where it is no selector of the cluster's. */
function selectedBy(cursor: Cursor, path: Path, inventory: Inventory): Labelled | null {
  if (path[0] !== 'spec' && path[0] !== 'specs') return null;
  const at = path.findLastIndex(step => typeof step === 'string' && SELECTED[step] !== undefined);
  if (at < 0) return null;
  const { pods, nodes, services, serviceAccounts } = inventory;
  switch (SELECTED[path[at] as string]) {
    case 'namespaces':
      return labelled([...inventory.namespaces.values()], 'namespace');
    case 'nodes':
      return labelled(nodes, 'node');
    case 'services':
      return labelled(services, 'service');
    case 'serviceAccounts':
      return { labels: [...serviceAccounts.values()], noun: 'service account' };
    default: {
      const looks = namespacesLooked(cursor, path, at, inventory);
      const its = pods.filter(({ namespace }) => looks === null || looks.has(namespace));
      return labelled(its, 'pod');
    }
  }
}

/** By the field that holds a selector, what it selects. */
const SELECTED: Readonly<Record<string, 'pods' | 'namespaces' | 'nodes' | 'services' | 'serviceAccounts'>> = {
  podSelector: 'pods',
  endpointSelector: 'pods',
  fromEndpoints: 'pods',
  toEndpoints: 'pods',
  fromRequires: 'pods',
  toRequires: 'pods',
  selector: 'pods',
  notSelector: 'pods',
  namespaceSelector: 'namespaces',
  namespaces: 'namespaces',
  nodeSelector: 'nodes',
  nodes: 'nodes',
  fromNodes: 'nodes',
  toNodes: 'nodes',
  k8sServiceSelector: 'services',
  serviceAccountSelector: 'serviceAccounts',
};

const POD_NAMESPACE = /^(?:[a-z0-9]+[:.])?io\.kubernetes\.pod\.namespace$/;

/** The namespaces that a selector of pods looks into; null for all. @param at of the selector's field in the path */
function namespacesLooked(cursor: Cursor, path: Path, at: number, inventory: Inventory): ReadonlySet<string> | null {
  const { entries, apiVersion, kind, namespace } = cursor;
  const own = kindOf(apiVersion, kind)?.isNamespaced === false ? null : new Set([namespace || 'default']);
  const beside = [...path.slice(0, at), 'namespaceSelector'];
  const isAsked = entries.some(it => it.is === 'key' && it.path.join('\n') === beside.join('\n'));
  if (isAsked) {
    const labels = keysIn(entries, [...beside, 'matchLabels']).map(it => [String(it.path.at(-1)), it.text] as const);
    const asked = [...inventory.namespaces.values()].filter(its =>
      labels.every(([key, value]) => its.labels[key] === value),
    );
    return new Set(asked.map(({ name }) => name));
  }
  const named = keysIn(entries, path.slice(0, path.lastIndexOf('matchLabels') + 1)).find(it =>
    POD_NAMESPACE.test(String(it.path.at(-1))),
  );
  return named === undefined ? own : new Set([named.text]);
}

const labelKeys = (cursor: Cursor, path: Path, inventory: Inventory): Named[] => {
  const selected = selectedBy(cursor, path, inventory);
  return selected === null ? [] : keysOf(selected);
};

function labelValues(cursor: Cursor, path: Path, key: string, inventory: Inventory): Named[] {
  if (POD_NAMESPACE.test(key)) return namespaces(inventory);
  const selected = selectedBy(cursor, path, inventory);
  if (selected === null) return [];
  // Cilium's labels name their source: `k8s:app`.
  const plain = key.replace(/^(?:k8s|any)[:.]/, '');
  return counted(
    selected.labels.flatMap(labels => labels[plain] ?? []),
    selected.noun,
  );
}

const keysOf = ({ labels, noun }: Labelled): Named[] =>
  counted(
    labels.flatMap(its => Object.keys(its)),
    noun,
  );

/** Each once, most frequent first. */
function counted(names: readonly string[], noun: string): Named[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([name, count]) => ({ name, detail: `${count} ${noun}${count === 1 ? '' : 's'}` }));
}

function namespaces({ namespaces: its, pods }: Inventory): Named[] {
  const counts = new Map(
    counted(
      pods.map(({ namespace }) => namespace),
      'pod',
    ).map(it => [it.name, it.detail]),
  );
  return [...its.keys()].sort().map(name => ({ name, detail: counts.get(name) ?? 'no pods' }));
}

/** Ports of containers: their names, and their numbers. Those that are named are named first. */
function ports(cursor: Cursor, { pods }: Inventory): Named[] {
  const own = cursor.namespace || 'default';
  const isOwn = cursor.path.includes('ingress') && kindOf(cursor.apiVersion, cursor.kind)?.isNamespaced !== false;
  const found = new Map<string, string>();
  const add = (name: string, detail: string): void => {
    if (!found.has(name)) found.set(name, detail);
  };
  const its = pods.filter(({ namespace }) => !isOwn || namespace === own);
  for (const isNamed of [true, false]) {
    for (const pod of its) {
      for (const { name, protocol, port } of pod.ports) {
        const of = `${protocol} ${port}, ${workloadName(pod)}`;
        if (!isNamed) add(String(port), `${protocol}${name === undefined ? '' : ` ${name}`}, ${workloadName(pod)}`);
        else if (name !== undefined) add(name, of);
      }
    }
  }
  return [...found].map(([name, detail]) => ({ name, detail }));
}

function addresses({ nodes, services }: Inventory): Named[] {
  return [
    { name: '0.0.0.0/0', detail: 'every IPv4 address' },
    { name: '::/0', detail: 'every IPv6 address' },
    ...nodes.flatMap(({ name, addresses: its }) => its.map(it => ({ name: whole(it), detail: `node ${name}` }))),
    ...nodes.flatMap(({ name, podCIDRs }) => podCIDRs.map(it => ({ name: it, detail: `pods of node ${name}` }))),
    ...services.flatMap(({ name, namespace, addresses: its }) =>
      its.map(it => ({ name: whole(it), detail: `service ${namespace}/${name}` })),
    ),
  ];
}

const whole = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;

function expressions(cursor: Cursor, inventory: Inventory): Named[] {
  const selected = selectedBy(cursor, cursor.path, inventory);
  if (selected === null) return [];
  const { labels, noun } = selected;
  return counted(
    labels.flatMap(its => Object.entries(its).map(([key, value]) => `${key} == '${value}'`)),
    noun,
  );
}

const serviceAccounts = ({ serviceAccounts: its, pods }: Inventory): Named[] =>
  counted(
    [...[...its.keys()].map(it => it.slice(it.indexOf('/') + 1)), ...pods.map((it: Pod) => it.serviceAccount)],
    'use',
  );
