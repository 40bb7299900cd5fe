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
  subjects({ namespace, podSelector }: NetworkPolicy): Pod[] {
    return this.pods.filter(pod => pod.namespace === namespace && matches(podSelector, pod.labels));
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
  ownNode(): Pair[] {
    const nodeLocal = this.inventory.byAddress.has(NODE_LOCAL_DNS) ? [] : [NODE_LOCAL_DNS];
    return this.inventory.nodes.flatMap(node => {
      const own = this.pods.filter(pod => pod.node === node.name);
      return pairs([...this.held(node), ...nodeLocal], this.addresses(own));
    });
  }

  /** A pod and the node it is on. */
  toOwnNode(): Pair[] {
    return this.ownNode().map(([node, pod]): Pair => [pod, node]);
  }
}

const pairs = (sources: readonly string[], destinations: readonly string[]): Pair[] =>
  sources.flatMap(source => destinations.map((destination): Pair => [source, destination]));
