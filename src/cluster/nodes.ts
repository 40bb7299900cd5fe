/**
 * Node objects -> nodes, without their numbers.
 *
 * A node owns what its status lists and the addresses its network plugin announces for it (tunnel ends, the host's end
 * of the pod network): probes and masqueraded traffic come from these, and a node's own pods always accept them (14).
 * The first address of each podCIDR is the node's, too, where no pod holds it.
 * Where Node objects are missing, what the pods' status tells of their nodes stands in.
 */
import { formatAddress, parseBlock, WIDTH } from './address.js';
import { distinct } from './fields.js';
import type { Node } from './inventory.js';
import type { ClusterObjects } from './objects.js';
import type { PodDraft } from './pods.js';

export type NodeDraft = Omit<Node, 'owner' | 'kind'>;

const ADDRESS_TYPES = new Set(['InternalIP', 'ExternalIP']);

const ANNOTATIONS = [
  'projectcalico.org/IPv4Address',
  'projectcalico.org/IPv6Address',
  'projectcalico.org/IPv4IPIPTunnelAddr',
  'projectcalico.org/IPv4VXLANTunnelAddr',
  'projectcalico.org/IPv6VXLANTunnelAddr',
  'projectcalico.org/IPv4WireguardInterfaceAddr',
  'projectcalico.org/IPv6WireguardInterfaceAddr',
  'network.cilium.io/ipv4-cilium-host',
  'network.cilium.io/ipv6-cilium-host',
  'io.cilium.network.ipv4-cilium-host',
  'io.cilium.network.ipv6-cilium-host',
];

/**
 * The node's own end of its pod network: bridge plugins give it the first address of each podCIDR, and the kubelet's probes
 * come from it (14). A pod that holds the address goes before.
 */
export function gatewaysOf({ podCIDRs }: Pick<Node, 'podCIDRs'>): string[] {
  return podCIDRs.flatMap(text => {
    const block = parseBlock(text);
    return block === null || block.length > WIDTH[block.family] - 2
      ? []
      : [formatAddress(block.family, block.first + 1n)];
  });
}

export function readNodes({ byKind }: ClusterObjects, pods: readonly PodDraft[]): NodeDraft[] {
  const nodes = (byKind.get('Node') ?? []).map(({ name, reader, document }): NodeDraft => {
    const listed = reader
      .objects('status', 'addresses')
      .filter(entry => ADDRESS_TYPES.has(entry.string('type')))
      .map(entry => entry.address('address'));
    const annotations = reader.at('metadata', 'annotations');
    const announced = ANNOTATIONS.map(key => annotations.interfaceAddress(key));
    const blocks = reader.list('spec', 'podCIDRs').map((_, i) => reader.block('spec', 'podCIDRs', i));
    return {
      name,
      labels: reader.strings('metadata', 'labels'),
      addresses: distinct([...listed, ...announced]),
      podCIDRs: distinct([...blocks, reader.block('spec', 'podCIDR')]),
      position: document.position,
    };
  });
  return [...nodes, ...nodesOfPods(pods, new Set(nodes.map(({ name }) => name)))];
}

function nodesOfPods(pods: readonly PodDraft[], given: ReadonlySet<string>): NodeDraft[] {
  const found = new Map<string, { addresses: Set<string>; pod: PodDraft }>();
  for (const pod of pods) {
    if (pod.node === '' || given.has(pod.node) || pod.nodeAddresses.length === 0) continue;
    const node = found.get(pod.node) ?? { addresses: new Set<string>(), pod };
    for (const address of pod.nodeAddresses) node.addresses.add(address);
    found.set(pod.node, node);
  }
  return [...found].map(([name, { addresses, pod }]) => ({
    name,
    labels: {},
    addresses: [...addresses],
    podCIDRs: [],
    position: pod.position,
  }));
}
