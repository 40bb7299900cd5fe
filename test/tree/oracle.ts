/**
 * NetworkPolicy by its definition: no sets, no normal form, no address arithmetic shared with the engine. For every
 * packet it asks of every policy, rule, peer and port whether it applies. Written from the API's documentation, so that
 * a mistake in the normal form is not repeated here.
 */
import type { Inventory, Labels, Node, Pod } from '../../src/cluster/inventory.js';
import type { LabelSelector, NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../../src/policy/policy.js';
import type { PacketLiteral } from './packets.js';

/** Of a direction: `none`, `loopback`, `node`, `not-isolated`, `default-deny`, or every rule that admits the packet. */
export type OracleAnswer = string | readonly string[];

const NUMBER = { TCP: 6, UDP: 17, SCTP: 132 } as const;

export function oracle(policies: readonly NetworkPolicy[], inventory: Inventory, packet: PacketLiteral) {
  const { sourcePod, destinationPod, exempt } = endsOf(packet, inventory);
  if (exempt !== null) return { egress: exempt, ingress: exempt };

  const direction = (way: 'egress' | 'ingress'): OracleAnswer => {
    const subject = way === 'egress' ? sourcePod : destinationPod;
    if (subject === null) return 'none';
    const peer = way === 'egress' ? destinationPod : sourcePod;
    const peerAddress = way === 'egress' ? packet.destination : packet.source;
    let isolated = false;
    const admitting: string[] = [];
    for (const policy of policies) {
      if (policy.namespace !== subject.namespace || !selects(policy.podSelector, subject.labels)) continue;
      if (!(way === 'egress' ? policy.isolatesEgress : policy.isolatesIngress)) continue;
      isolated = true;
      (way === 'egress' ? policy.egress : policy.ingress).forEach((rule, i) => {
        const from = rule.peers === null || rule.peers.some(p => admitsPeer(p, policy, peer, peerAddress, inventory));
        if (from && admitsPort(rule, policy, destinationPod, way, peer, inventory, packet)) {
          admitting.push(`allow ${policy.namespace}/${policy.name} ${way}[${i}]`);
        }
      });
    }
    if (!isolated) return 'not-isolated';
    return admitting.length === 0 ? 'default-deny' : admitting;
  };
  return { egress: direction('egress'), ingress: direction('ingress') };
}

/** The pods at both ends, and whether no policy is asked. */
export function endsOf(packet: PacketLiteral, inventory: Inventory) {
  const source = whoHas(packet.source, inventory);
  const destination = whoHas(packet.destination, inventory);
  const sourcePod = source?.kind === 'pod' ? source : null;
  const destinationPod = destination?.kind === 'pod' ? destination : null;
  const ends = { source, destination, sourcePod, destinationPod };
  if (sourcePod !== null && sourcePod === destinationPod) return { ...ends, exempt: 'loopback' as const };
  // What a node-local DNS cache answers on is, to a pod, its own node.
  const toEveryNode = source !== null && hasNode(source, inventory) && packet.destination === '169.254.20.10';
  const fromEveryNode = destination !== null && hasNode(destination, inventory) && packet.source === '169.254.20.10';
  const isNode = isOwnNode(source, destination) || isOwnNode(destination, source) || toEveryNode || fromEveryNode;
  return { ...ends, exempt: isNode ? ('node' as const) : null };
}

/** The newest claim to an address wins; test clusters list pods by age. hostNetwork pods have no address of their own. */
function whoHas(address: string, inventory: Inventory): Pod | Node | null {
  const wanted = bits(address);
  const has = (texts: readonly string[]): boolean => texts.some(text => bits(text) === wanted);
  const pod = [...inventory.pods].reverse().find(p => !p.hostNetwork && has(p.addresses));
  return pod ?? inventory.nodes.find(n => has(n.addresses)) ?? null;
}

function isOwnNode(a: Pod | Node | null, b: Pod | Node | null): boolean {
  if (a?.kind !== 'node' || b === null) return false;
  return b.kind === 'node' ? a === b : b.node === a.name;
}

const hasNode = (end: Pod | Node, { nodes }: Inventory): boolean =>
  end.kind === 'node' || nodes.some(node => node.name === end.node);

function admitsPeer(
  peer: Peer,
  policy: NetworkPolicy,
  pod: Pod | null,
  address: string,
  inventory: Inventory,
): boolean {
  if (peer.kind === 'ipBlock') {
    return isWithin(address, peer.cidr) && !peer.except.some(hole => isWithin(address, hole));
  }
  return pod !== null && selectsPod(peer, policy, pod, inventory);
}

function selectsPod(peer: Peer & { kind: 'pods' }, policy: NetworkPolicy, pod: Pod, inventory: Inventory): boolean {
  if (peer.podSelector !== null && !selects(peer.podSelector, pod.labels)) return false;
  if (peer.namespaceSelector === null) return pod.namespace === policy.namespace;
  return selects(peer.namespaceSelector, inventory.namespaces.get(pod.namespace)!.labels);
}

function admitsPort(
  rule: PolicyRule,
  policy: NetworkPolicy,
  destination: Pod | null,
  way: 'egress' | 'ingress',
  peer: Pod | null,
  inventory: Inventory,
  packet: PacketLiteral,
): boolean {
  if (rule.ports === null) return true;
  return rule.ports.some((port: PolicyPort) => {
    if (packet.protocol !== NUMBER[port.protocol]) return false;
    if (port.port === null) return true;
    const dport = packet.dport!;
    if (typeof port.port === 'number') return port.port <= dport && dport <= (port.endPort ?? port.port);
    if (destination === null) return false;
    // A name is a matter of pods: towards an ipBlock it means nothing, even where a pod stands behind the address.
    const named =
      way === 'ingress' ||
      rule.peers === null ||
      rule.peers.some(p => p.kind === 'pods' && peer !== null && selectsPod(p, policy, peer, inventory));
    return (
      named && destination.ports.some(c => c.name === port.port && c.protocol === port.protocol && c.port === dport)
    );
  });
}

export function selects(selector: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const present = key in labels;
      if (operator === 'Exists') return present;
      if (operator === 'DoesNotExist') return !present;
      const isOne = present && values.indexOf(labels[key]!) >= 0;
      return operator === 'In' ? isOne : !isOne;
    })
  );
}

/** An address as a string of 32 or 128 zeros and ones: prefixes are prefixes. */
export function bits(address: string): string {
  const octets = (text: string): string =>
    text
      .split('.')
      .map(octet => Number(octet).toString(2).padStart(8, '0'))
      .join('');
  if (!address.includes(':')) return octets(address);
  const [head, tail] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groups(head!);
  const right = tail === undefined ? [] : groups(tail);
  const middle = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].map(group => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

export function isWithin(address: string, prefix: string): boolean {
  const [network, length] = prefix.split('/');
  const a = bits(address);
  const n = bits(network!);
  return a.length === n.length && a.startsWith(n.slice(0, Number(length)));
}
