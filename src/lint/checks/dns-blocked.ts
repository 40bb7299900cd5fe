/** Pods whose egress is isolated, and who can ask no DNS server for a name: most of what they send begins with one. */
import { type Inventory, NODE_LOCAL_DNS, type Pod } from '../../cluster/inventory.js';
import { formatPosition } from '../../documents/document.js';
import { ownerName, workloadName } from '../../report/owners.js';
import { plural } from '../../report/style.js';
import { fromAddresses, union } from '../../rules/addresses.js';
import { heldAddresses } from '../../rules/pod-sets.js';
import { UDP } from '../../rules/protocols.js';
import type { AddressSet, Isolation, Origin } from '../../rules/ruleset.js';
import type { Check } from '../check.js';
import { some } from '../hints.js';
import { ANY_HEADER, Budget, type Header } from '../region.js';
import { mayPass } from '../walk.js';

const DNS = 53;
const BUDGET = 50_000_000;

export const dnsBlocked: Check = {
  id: 'dns-blocked',
  severity: 'warning',
  title: 'egress isolated without DNS',
  needsCluster: true,
  kinds: ['NetworkPolicy', 'calico', 'cilium'],
  *find({ compiled: { inventory }, sets, groups }) {
    const servers = serversOf(inventory);
    const budget = new Budget(BUDGET);
    const blocked = new Map<string, { readonly origin: Origin; readonly pods: Pod[] }>();
    for (const group of groups.egress.all) {
      const pods = group.pods.filter(pod => !pod.finished && !servers.pods.has(pod));
      const [isolating] = group.tiers.flatMap(({ isolations }) => isolations).sort(byPosition);
      if (pods.length === 0 || isolating === undefined) continue;
      const mayAsk = servers.ports.some(port => {
        const header: Header = [[UDP, UDP], ANY_HEADER[1], [port, port], ANY_HEADER[3], ANY_HEADER[4]];
        return mayPass(group, group.box(servers.addresses ?? sets.everyone, header), budget);
      });
      if (mayAsk) continue;
      const key = formatPosition(isolating.origin.position);
      const found = blocked.get(key);
      if (found === undefined) blocked.set(key, { origin: isolating.origin, pods });
      else found.pods.push(...pods);
    }
    for (const { origin, pods } of blocked.values()) {
      const names = [...new Set(pods.map(workloadName))];
      const whom = servers.names.length === 0 ? 'any address' : some(servers.names, 3);
      const message = `isolates the egress of ${plural(pods.length, 'pod')} (${some(names)}), and no policy lets them ask DNS: UDP ${servers.ports.join(', ')} to ${whom}`;
      const about = `${origin.kind} ${origin.policy}`;
      yield { position: origin.position, about, message, fix: fixOf(servers) };
    }
  },
};

/** The first one in its file is told. */
const byPosition = (a: Isolation, b: Isolation): number =>
  a.origin.position.file === b.origin.position.file ? a.origin.position.line - b.origin.position.line : 0;

interface Servers {
  /** null: none are known; then any address may be one. */
  readonly addresses: AddressSet | null;
  readonly pods: ReadonlySet<Pod>;
  readonly names: readonly string[];
  readonly ports: readonly number[];
}

/** Backends of services on UDP 53: as policies see them, behind the translation. The node-local cache is one, too. */
function serversOf(inventory: Inventory): Servers {
  const addresses: string[] = [];
  const pods = new Set<Pod>();
  const names: string[] = [];
  const ports = new Set<number>();
  for (const service of inventory.services) {
    for (const [i, { protocol, port }] of service.ports.entries()) {
      if (protocol !== 'UDP' || port !== DNS) continue;
      for (const backend of service.backends[i]!) {
        addresses.push(backend.address);
        ports.add(backend.port);
        const pod = inventory.owners[backend.pod];
        if (pod?.kind === 'pod') pods.add(pod);
      }
      names.push(ownerName(service));
    }
  }
  for (const pod of inventory.pods) {
    if (pod.labels['k8s-app'] !== 'kube-dns' || pod.finished) continue;
    pods.add(pod);
    addresses.push(...heldAddresses(pod, inventory));
    if (names.length === 0) names.push(ownerName(pod));
    for (const { protocol, port } of pod.ports) if (protocol === 'UDP') ports.add(port);
  }
  if (addresses.length === 0) return { addresses: null, pods, names: [], ports: [DNS] };
  if (ports.size === 0) ports.add(DNS);
  // Pods without an address are asked about by their owners.
  const unaddressed = [...pods].filter(pod => pod.addresses.length === 0).map(({ owner }) => owner);
  const all = union([fromAddresses([...addresses, NODE_LOCAL_DNS]), { v4: [], v6: [], unaddressed }]);
  return { addresses: all, pods, names, ports: [...ports] };
}

function fixOf({ pods, ports }: Servers): string {
  const [server] = pods;
  const label = server === undefined ? undefined : Object.entries(server.labels).find(([key]) => key === 'k8s-app');
  const to =
    server === undefined || label === undefined
      ? 'namespaceSelector: {}'
      : `namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ${server.namespace}}}, podSelector: {matchLabels: {${label[0]}: ${label[1]}}}`;
  const listed = ports.map(port => `{protocol: UDP, port: ${port}}, {protocol: TCP, port: ${port}}`).join(', ');
  return `if they look up names, add to egress: {to: [{${to}}], ports: [${listed}]}`;
}
