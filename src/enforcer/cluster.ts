/**
 * The cluster as an enforcer sees it: pods with the addresses they hold, peers, named ports, a node's own pods (cold).
 *
 * In:  the inventory.  Out: pods and addresses. It is written apart from src/rules, which compile the same selectors for
 * the classifier, so that a mistake of the one shows in the other.
 */
import { type Inventory, NODE_LOCAL_DNS, type Owner, type Pod } from '../cluster/inventory.js';
import { matches } from '../cluster/selector.js';
import type { NetworkPolicy, Peer, PolicyPort } from '../policy/policy.js';

export type Pair = readonly [source: string, destination: string];

export const PROTOCOL = { TCP: 6, UDP: 17, SCTP: 132 } as const;

export class Cluster {
  /** Pods that an enforcer knows: with an address, and not on the host's network. */
  readonly pods: readonly Pod[];
  private readonly selections = new Map<NetworkPolicy, readonly Pod[]>();
  private fromNodes: readonly Pair[] | null = null;

  constructor(private readonly inventory: Inventory) {
    this.pods = inventory.pods.filter(pod => !pod.hostNetwork && this.held(pod).length > 0);
  }

  /** An address that two claim is one's alone. */
  held(owner: Owner): string[] {
    return owner.addresses.filter(address => this.inventory.byAddress.get(address)?.owner === owner.owner);
  }

  addresses(pods: readonly Pod[]): string[] {
    return pods.flatMap(pod => this.held(pod));
  }

  /** The pods that a policy is about. */
  subjects(policy: NetworkPolicy): readonly Pod[] {
    const known = this.selections.get(policy);
    if (known !== undefined) return known;
    const { namespace, podSelector } = policy;
    const found = this.pods.filter(pod => pod.namespace === namespace && matches(podSelector, pod.labels));
    this.selections.set(policy, found);
    return found;
  }

  /** Each pod's policies, in their order. */
  policiesOf(policies: readonly NetworkPolicy[]): ReadonlyMap<Pod, readonly NetworkPolicy[]> {
    const own = new Map(this.pods.map((pod): [Pod, NetworkPolicy[]] => [pod, []]));
    for (const policy of policies) for (const pod of this.subjects(policy)) own.get(pod)!.push(policy);
    return own;
  }

  selected(namespace: string, { podSelector, namespaceSelector }: Extract<Peer, { kind: 'pods' }>): Pod[] {
    return this.pods.filter(pod => {
      const labels = this.inventory.namespaces.get(pod.namespace)?.labels ?? {};
      const inside = namespaceSelector === null ? pod.namespace === namespace : matches(namespaceSelector, labels);
      return inside && (podSelector === null || matches(podSelector, pod.labels));
    });
  }

  /** (address, protocol, number) of every pod among `pods` that has the named port. */
  named(pods: readonly Pod[], { port: name, protocol }: PolicyPort, init = true): [string, number, number][] {
    return pods.flatMap(pod =>
      pod.ports
        .filter(port => port.name === name && port.protocol === protocol && (init || port.init !== true))
        .flatMap(({ port }) => this.held(pod).map((a): [string, number, number] => [a, PROTOCOL[protocol], port])),
    );
  }

  /** A pod and itself: such a packet never leaves the pod. */
  samePod(): Pair[] {
    return this.pods.flatMap(pod => pairs(this.held(pod), this.held(pod)));
  }

  /** A node, or what answers on every node, and the pods on it. */
  ownNode(): readonly Pair[] {
    if (this.fromNodes !== null) return this.fromNodes;
    const nodeLocal = this.inventory.byAddress.has(NODE_LOCAL_DNS) ? [] : [NODE_LOCAL_DNS];
    const byNode = new Map<string, string[]>(this.inventory.nodes.map(({ name }) => [name, []]));
    for (const pod of this.pods) byNode.get(pod.node)?.push(...this.held(pod));
    this.fromNodes = this.inventory.nodes.flatMap(node =>
      pairs([...this.held(node), ...nodeLocal], byNode.get(node.name)!),
    );
    return this.fromNodes;
  }

  /** A node and itself: what never leaves it. */
  nodeItself(): Pair[] {
    const nodeLocal = this.inventory.byAddress.has(NODE_LOCAL_DNS) ? [] : [NODE_LOCAL_DNS];
    return this.inventory.nodes.flatMap(node => {
      const held = this.held(node);
      return [...pairs(held, [...held, ...nodeLocal]), ...pairs(nodeLocal, held)];
    });
  }

  /** A pod and the node it is on. */
  toOwnNode(): Pair[] {
    return this.ownNode().map(([node, pod]): Pair => [pod, node]);
  }
}

const pairs = (sources: readonly string[], destinations: readonly string[]): Pair[] =>
  sources.flatMap(source => destinations.map((destination): Pair => [source, destination]));
