/**
 * The cluster's DNS: who answers, and on which ports (cold).
 *
 * In:  the inventory.  Out: the workloads behind the resolver's Service, on the ports that it translates to; else the pods that
 * carry the resolver's usual label; else that label itself, which is then an assumption that comments say.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { RulePeer } from './policy.js';
import { namePort, type RulePort } from './ports.js';
import { type RuleParts, selectedBy, wholeAddress } from './rules.js';
import type { Entities, Workload } from './workloads.js';

export interface Dns {
  readonly workloads: ReadonlySet<Workload>;
  /** Resolvers that are no pods of the pod network. */
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly protocol: 'UDP' | 'TCP'; readonly port: number }[];
}

const NAMESPACES = new Set(['kube-system', 'openshift-dns']);
const NAMES = /^(kube-dns|coredns|dns-default|.*-coredns)$/;
const LABEL = { key: 'k8s-app', value: 'kube-dns' };
const DNS_PORT = 53;

export function findDns({ services, pods, byAddress }: Inventory, { list, of }: Entities): Dns {
  const workloads = new Set<Workload>();
  const addresses = new Set<string>();
  const ports = new Map<string, Dns['ports'][number]>();
  const addPort = (protocol: 'UDP' | 'TCP', port: number): unknown =>
    ports.set(`${protocol} ${port}`, { protocol, port });
  const addOwner = (owner: number, address: string): void => {
    const entity = owner < 0 ? undefined : list[of[owner]!];
    if (entity?.kind === 'workload') workloads.add(entity);
    else addresses.add(address);
  };
  for (const { namespace, name, ports: given, backends } of services) {
    if (!NAMESPACES.has(namespace) || !NAMES.test(name)) continue;
    given.forEach(({ protocol, port }, i) => {
      if (port !== DNS_PORT || protocol === 'SCTP') return;
      for (const backend of backends[i] ?? []) {
        addOwner(byAddress.get(backend.address)?.owner ?? -1, backend.address);
        addPort(protocol, backend.port);
      }
    });
  }
  if (workloads.size === 0 && addresses.size === 0) {
    for (const { owner, namespace, labels, addresses: own } of pods) {
      if (namespace !== 'kube-system' || labels[LABEL.key] !== LABEL.value || of[owner]! < 0) continue;
      addOwner(owner, own[0] ?? '');
    }
  }
  if (workloads.size === 0 && ports.size === 0) addPort('UDP', DNS_PORT);
  // A resolver answers on both: long answers come over TCP.
  const numbers = ports.size === 0 ? [DNS_PORT] : [...new Set([...ports.values()].map(({ port }) => port))];
  for (const port of numbers) for (const protocol of ['UDP', 'TCP'] as const) addPort(protocol, port);
  return { workloads, addresses: [...addresses], ports: [...ports.values()] };
}

/** Whether nobody in the cluster is known to answer. */
export const isAssumed = ({ workloads, addresses }: Dns): boolean => workloads.size === 0 && addresses.length === 0;

export function dnsPeers(dns: Dns, namespace: string, { choiceOf }: RuleParts): RulePeer[] {
  if (isAssumed(dns)) {
    const selector = { matchLabels: { [LABEL.key]: LABEL.value }, matchExpressions: [] };
    return [{ kind: 'pods', namespace: namespace === 'kube-system' ? null : 'kube-system', selector }];
  }
  const pods = [...dns.workloads].map(
    (workload): RulePeer => ({
      kind: 'pods',
      namespace: workload.namespace === namespace ? null : workload.namespace,
      selector: choiceOf(workload).selector,
    }),
  );
  return [...pods, ...dns.addresses.map((address): RulePeer => ({ kind: 'block', cidr: wholeAddress(address) }))];
}

/** Names where all of the resolver's pods have them, and nothing but pods answers. */
export function dnsPorts(dns: Dns, parts: RuleParts, isEgress: boolean): RulePort[] {
  const pods = [...dns.workloads].flatMap(workload => selectedBy(workload, parts));
  const { refusesNamedPorts, egressNames } = parts.profile;
  const isNamed =
    pods.length > 0 && !refusesNamedPorts && !(isEgress && (egressNames === 'one' || dns.addresses.length > 0));
  return dns.ports.map(({ protocol, port }) => (isNamed ? namePort(protocol, port, pods) : { protocol, port }));
}
