/**
 * Hand-made inventories and policies for the tests of rules and tree: terse literals, every default filled in.
 */
import type {
  ContainerPort,
  Inventory,
  Labels,
  Namespace,
  Node,
  Owner,
  Pod,
  Service,
} from '../../src/cluster/inventory.js';
import type { LabelSelector, NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../../src/policy/policy.js';

export const at = (line: number, file = 'policies.yaml') => ({ file, line, column: 3 });

export interface PodLiteral {
  ns: string;
  name: string;
  labels?: Labels;
  ips?: readonly string[];
  node?: string;
  serviceAccount?: string;
  hostNetwork?: boolean;
  ports?: readonly ContainerPort[];
  started?: number;
}

export interface ClusterLiteral {
  namespaces?: Record<string, Labels>;
  pods?: readonly PodLiteral[];
  nodes?: Record<string, readonly string[]>;
  nodeLabels?: Record<string, Labels>;
  services?: Record<string, readonly string[]>;
  /** Labels by "namespace/name". */
  serviceAccounts?: Record<string, Labels>;
}

/** Later pods win an address over earlier ones, as a later start would. */
export function cluster(literal: ClusterLiteral): Inventory {
  const owners: Owner[] = [];
  const namespaces = new Map<string, Namespace>();
  const addNamespace = (name: string, labels: Labels, synthesized: boolean) =>
    namespaces.set(name, { name, labels: { 'kubernetes.io/metadata.name': name, ...labels }, synthesized });
  for (const [name, labels] of Object.entries(literal.namespaces ?? {})) addNamespace(name, labels, false);
  const pods = (literal.pods ?? []).map((p): Pod => {
    if (!namespaces.has(p.ns)) addNamespace(p.ns, {}, true);
    const pod: Pod = {
      kind: 'pod',
      owner: owners.length,
      namespace: p.ns,
      name: p.name,
      labels: p.labels ?? {},
      addresses: p.ips ?? [],
      node: p.node ?? '',
      hostNetwork: p.hostNetwork ?? false,
      serviceAccount: p.serviceAccount ?? 'default',
      ports: p.ports ?? [],
      workload: null,
      started: p.started ?? Number.NaN,
      finished: false,
      fromWorkload: false,
      position: at(owners.length + 1, 'cluster.yaml'),
    };
    owners.push(pod);
    return pod;
  });
  const nodes = Object.entries(literal.nodes ?? {}).map(([name, addresses]): Node => {
    const node: Node = {
      kind: 'node',
      owner: owners.length,
      name,
      labels: literal.nodeLabels?.[name] ?? {},
      addresses,
      podCIDRs: [],
      position: at(owners.length + 1, 'cluster.yaml'),
    };
    owners.push(node);
    return node;
  });
  const services = Object.entries(literal.services ?? {}).map(([name, addresses]): Service => {
    const service: Service = {
      kind: 'service',
      owner: owners.length,
      namespace: 'default',
      name,
      labels: {},
      selector: null,
      addresses,
      ports: [],
      backends: [],
      position: at(owners.length + 1, 'cluster.yaml'),
    };
    owners.push(service);
    return service;
  });
  const byAddress = new Map<string, Owner>();
  for (const o of [...services, ...nodes]) for (const a of o.addresses) byAddress.set(a, o);
  for (const p of pods) if (!p.hostNetwork) for (const a of p.addresses) byAddress.set(a, p);
  const serviceAccounts = new Map(Object.entries(literal.serviceAccounts ?? {}));
  return { namespaces, pods, nodes, services, serviceAccounts, owners, byAddress };
}

export const labels = (matchLabels: Labels): LabelSelector => ({ matchLabels, matchExpressions: [] });
export const everything: LabelSelector = labels({});
export const expressions = (...matchExpressions: LabelSelector['matchExpressions'][number][]): LabelSelector => ({
  matchLabels: {},
  matchExpressions,
});

/** podSelector, namespaceSelector; null = absent. */
export const pods = (podSelector: LabelSelector | null, namespaceSelector: LabelSelector | null = null): Peer => ({
  kind: 'pods',
  podSelector,
  namespaceSelector,
});
export const block = (cidr: string, ...except: string[]): Peer => ({ kind: 'ipBlock', cidr, except });

export const port = (
  value: number | string | null,
  protocol: PolicyPort['protocol'] = 'TCP',
  endPort: number | null = null,
): PolicyPort => ({ protocol, port: value, endPort });

export const rule = (
  peers: readonly Peer[] | null,
  ports: readonly PolicyPort[] | null = null,
  line = 10,
): PolicyRule => ({ peers, ports, position: at(line) });

/** A direction that is absent is not isolated; [] isolates. */
export const policy = (
  namespace: string,
  name: string,
  podSelector: LabelSelector,
  directions: { ingress?: readonly PolicyRule[]; egress?: readonly PolicyRule[] },
  line = 1,
): NetworkPolicy => ({
  namespace,
  name,
  podSelector,
  isolatesIngress: directions.ingress !== undefined,
  isolatesEgress: directions.egress !== undefined,
  ingress: directions.ingress ?? [],
  egress: directions.egress ?? [],
  position: at(line),
});
