/**
 * What Calico's selectors select among: pods, network sets and host endpoints, with their labels (cold).
 *
 * In:  the inventory, network sets, host endpoints, profiles.  Out: Endpoints, each expression evaluated once. Numbers are
 * facts of docs/dialects/calico.md.
 *
 * A label that the expression requires (==, in, of all its operands) is looked up in an inverted index, key and value ->
 * endpoints, made when a key is first asked for: ten thousand policies cost what they select.
 */
import type { Inventory, Labels, Pod } from '../../cluster/inventory.js';
import type { CalicoObject, CalicoProfile, HostEndpoint, NetworkSet } from '../../policy/calico/model.js';
import { type Expression, formatSelector } from '../../policy/calico/selector.js';
import { fromAddresses, fromCidr, NOWHERE, union } from '../addresses.js';
import type { PodSets } from '../pod-sets.js';
import type { AddressSet } from '../ruleset.js';
import type { PodSelection } from '../selectors.js';

export const NAMESPACE = 'projectcalico.org/namespace';
export const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';
const ORCHESTRATOR = 'projectcalico.org/orchestrator';
const NAME = 'projectcalico.org/name';
export const NAMESPACE_PREFIX = 'pcns.';
export const ACCOUNT_PREFIX = 'pcsa.';

type Endpoint =
  | { readonly kind: 'pod'; readonly pod: Pod }
  | { readonly kind: 'set'; readonly set: NetworkSet }
  | { readonly kind: 'host'; readonly host: HostEndpoint };

/** What an expression selects: the same object for equal expressions. */
export interface Selected {
  readonly pods: readonly Pod[];
  readonly hosts: readonly HostEndpoint[];
  /** The pods' addresses. */
  readonly podSet: AddressSet;
  /** As a peer: the pods', the sets' prefixes, and the expected addresses of host endpoints (C17). */
  readonly addresses: AddressSet;
}

export interface Endpoints {
  select(expression: Expression): Selected;
  /** Everything that can be selected. */
  readonly all: Selected;
}

/** The part of Calico's objects that selectors ask about. */
export function createEndpoints(
  inventory: Inventory,
  selection: PodSelection,
  sets: PodSets,
  objects: readonly CalicoObject[],
): Endpoints {
  const profiles = new Map<string, CalicoProfile>();
  for (const object of objects) if (object.kind === 'Profile') profiles.set(object.name, object);
  const labelOf = createLabels(inventory, profiles);
  const endpoints: Endpoint[] = selection.all.map(pod => ({ kind: 'pod', pod }));
  for (const object of objects) {
    if (object.kind === 'NetworkSet' || object.kind === 'GlobalNetworkSet')
      endpoints.push({ kind: 'set', set: object });
    else if (object.kind === 'HostEndpoint') endpoints.push({ kind: 'host', host: object });
  }
  const index = new Map<string, ReadonlyMap<string, readonly Endpoint[]>>();
  const known = new Map<string, Selected>();

  function postings(key: string): ReadonlyMap<string, readonly Endpoint[]> {
    let byValue = index.get(key);
    if (byValue === undefined) {
      byValue = groupByLabel(endpoints, labelOf(key));
      index.set(key, byValue);
    }
    return byValue;
  }

  /** The fewest endpoints that are known to hold all that match, and what is left to ask of them. */
  function candidates(expression: Expression): { found: readonly Endpoint[]; left: readonly Expression[] } {
    const asked = conjuncts(expression);
    let fewest = endpoints.length;
    let best: readonly (readonly Endpoint[])[] = [endpoints];
    let settled: Expression | null = null;
    for (const one of asked) {
      const wanted = requirement(one);
      if (wanted === null) continue;
      const byValue = postings(wanted.key);
      const lists = wanted.values.map(value => byValue.get(value) ?? []);
      const count = lists.reduce((sum, { length }) => sum + length, 0);
      if (count >= fewest) continue;
      fewest = count;
      best = lists;
      settled = one;
    }
    // Lists of values are put together where they are needed, and not where another label tells more.
    const found = best.length === 1 ? best[0]! : best.flat();
    return { found, left: asked.filter(one => one !== settled) };
  }

  function toSelected(found: readonly Endpoint[]): Selected {
    const pods: Pod[] = [];
    const hosts: HostEndpoint[] = [];
    const others: AddressSet[] = [];
    for (const endpoint of found) {
      if (endpoint.kind === 'pod') pods.push(endpoint.pod);
      else if (endpoint.kind === 'set') others.push(netSet(endpoint.set));
      else {
        hosts.push(endpoint.host);
        others.push(fromAddresses(endpoint.host.expectedIPs));
      }
    }
    const all = found.length === endpoints.length ? selection.all : pods;
    const podSet = sets.of(all);
    return { pods: all, hosts, podSet, addresses: others.length === 0 ? podSet : union([podSet, ...others]) };
  }

  const netSets = new Map<NetworkSet, AddressSet>();
  function netSet(set: NetworkSet): AddressSet {
    let addresses = netSets.get(set);
    if (addresses === undefined) {
      addresses = set.nets.length === 0 ? NOWHERE : union(set.nets.map(net => fromCidr(net) ?? NOWHERE));
      netSets.set(set, addresses);
    }
    return addresses;
  }

  return {
    all: toSelected(endpoints),
    select(expression) {
      const text = formatSelector(expression);
      let selected = known.get(text);
      if (selected === undefined) {
        const { found, left } = candidates(expression);
        const asks = left.map(one => compile(one, labelOf));
        selected = toSelected(asks.reduce((rest, holds) => rest.filter(holds), found));
        known.set(text, selected);
      }
      return selected;
    },
  };
}

type LabelOf = (key: string) => (endpoint: Endpoint) => string | undefined;

const own = (labels: Labels, key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);

/**
 * (C13)-(C16): an endpoint's own labels before those that it inherits: a pod's of its namespace and service account, by
 * their prefixes, and those that profiles apply.
 */
function createLabels(inventory: Inventory, profiles: ReadonlyMap<string, CalicoProfile>): LabelOf {
  const applied = (names: readonly string[], key: string): string | undefined => {
    for (const name of names) {
      const profile = profiles.get(name);
      const value = profile === undefined ? undefined : own(profile.labelsToApply, key);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const nothing = (): undefined => undefined;
  const ofNamespace = (key: string): ((namespace: string) => string | undefined) => {
    if (!key.startsWith(NAMESPACE_PREFIX)) return nothing;
    const label = key.slice(NAMESPACE_PREFIX.length);
    // (C15)
    if (label === NAME) return namespace => namespace;
    return namespace => own(inventory.namespaces.get(namespace)?.labels ?? {}, label);
  };
  const ofAccount = (key: string): ((pod: Pod) => string | undefined) => {
    if (!key.startsWith(ACCOUNT_PREFIX)) return nothing;
    const label = key.slice(ACCOUNT_PREFIX.length);
    if (label === NAME) return ({ serviceAccount }) => serviceAccount;
    return ({ namespace, serviceAccount }) =>
      own(inventory.serviceAccounts.get(`${namespace}/${serviceAccount}`) ?? {}, label);
  };
  const synthetic: Readonly<Record<string, (pod: Pod) => string | undefined>> = {
    [NAMESPACE]: pod => pod.namespace,
    [ORCHESTRATOR]: () => 'k8s',
    // (C14): longer names are no label values.
    [SERVICE_ACCOUNT]: pod => (pod.serviceAccount.length < 63 ? pod.serviceAccount : own(pod.labels, SERVICE_ACCOUNT)),
  };
  const ofPod = (key: string): ((pod: Pod) => string | undefined) => {
    if (Object.hasOwn(synthetic, key)) return synthetic[key]!;
    const inherits = profiles.size > 0 || key.startsWith(NAMESPACE_PREFIX) || key.startsWith(ACCOUNT_PREFIX);
    if (!inherits) return pod => own(pod.labels, key);
    const namespaceLabel = ofNamespace(key);
    const accountLabel = ofAccount(key);
    const profileLabel = profiles.size === 0 ? nothing : (pod: Pod) => applied(profilesOf(pod), key);
    return pod => own(pod.labels, key) ?? namespaceLabel(pod.namespace) ?? accountLabel(pod) ?? profileLabel(pod);
  };
  return key => {
    const podLabel = ofPod(key);
    const namespaceLabel = ofNamespace(key);
    return endpoint => {
      if (endpoint.kind === 'pod') return podLabel(endpoint.pod);
      if (endpoint.kind === 'host') return own(endpoint.host.labels, key) ?? applied(endpoint.host.profiles, key);
      const { set } = endpoint;
      if (set.kind === 'GlobalNetworkSet') return own(set.labels, key);
      // (C17): a namespaced set is in its namespace as a pod is.
      if (key === NAMESPACE) return set.namespace;
      return own(set.labels, key) ?? namespaceLabel(set.namespace) ?? applied([`kns.${set.namespace}`], key);
    };
  };
}

/** (C35): by which a pod inherits labels and, past the last tier, rules. */
export const profilesOf = ({ namespace, serviceAccount }: Pod): readonly [string, string] => [
  `kns.${namespace}`,
  `ksa.${namespace}.${serviceAccount}`,
];

function groupByLabel(
  endpoints: readonly Endpoint[],
  label: (endpoint: Endpoint) => string | undefined,
): Map<string, Endpoint[]> {
  const byValue = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const value = label(endpoint);
    if (value === undefined) continue;
    const list = byValue.get(value);
    if (list === undefined) byValue.set(value, [endpoint]);
    else list.push(endpoint);
  }
  return byValue;
}

/** A label that must have one of a few values, each told once; null where more or less is asked. */
function requirement(one: Expression): { readonly key: string; readonly values: readonly string[] } | null {
  if (one.kind === '==') return { key: one.key, values: [one.value] };
  return one.kind === 'in' ? { key: one.key, values: [...new Set(one.values)] } : null;
}

/** What must hold all at once. */
const conjuncts = (expression: Expression): readonly Expression[] =>
  expression.kind === '&&' ? expression.of.flatMap(conjuncts) : [expression];

/** (C11): what an expression asks of an endpoint. */
function compile(expression: Expression, labelOf: LabelOf): (endpoint: Endpoint) => boolean {
  switch (expression.kind) {
    case 'all':
    case 'global':
      return () => true;
    case '!': {
      const holds = compile(expression.of, labelOf);
      return endpoint => !holds(endpoint);
    }
    case '&&': {
      const all = expression.of.map(it => compile(it, labelOf));
      return endpoint => all.every(holds => holds(endpoint));
    }
    case '||': {
      const any = expression.of.map(it => compile(it, labelOf));
      return endpoint => any.some(holds => holds(endpoint));
    }
    default: {
      const label = labelOf(expression.key);
      const holds = compileTest(expression);
      return endpoint => holds(label(endpoint));
    }
  }
}

type Test = Extract<Expression, { readonly key: string }>;

/** A label that is absent fails every test but !=, not in. */
function compileTest(test: Test): (value: string | undefined) => boolean {
  switch (test.kind) {
    case 'has':
      return value => value !== undefined;
    case '==':
      return value => value === test.value;
    case '!=':
      return value => value !== test.value;
    case 'in':
    case 'not in': {
      const values = new Set(test.values);
      const wanted = test.kind === 'in';
      return value => (value !== undefined && values.has(value)) === wanted;
    }
    case 'contains':
      return value => value?.includes(test.value) ?? false;
    case 'starts with':
      return value => value?.startsWith(test.value) ?? false;
    case 'ends with':
      return value => value?.endsWith(test.value) ?? false;
  }
}
