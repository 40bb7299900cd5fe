/**
 * One rule of a NetworkPolicy -> what it matches, in addresses and numbers (cold).
 *
 * In:  a policy's rule, the pods the policy selects, a profile.  Out: a Match for each protocol, and for each number that a
 * named port stands for. Numbers are items of docs/semantics.md, (P..) decisions of profile/profile.ts.
 */
import type { Pod } from '../cluster/inventory.js';
import type { NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../policy/policy.js';
import type { Profile } from '../profile/profile.js';
import { intersect, isEmpty, NOWHERE, union } from './addresses.js';
import { blockSets, holdsNodeLocal } from './blocks.js';
import { createEgressNames } from './egress-names.js';
import type { Outsiders } from './outsiders.js';
import type { PodSets } from './pod-sets.js';
import { ALL_PORTS, NO_PORTS, portSet } from './ports.js';
import { SCTP, TCP, UDP } from './protocols.js';
import type { AddressSet, PortSet } from './ruleset.js';
import { EVERY, type PodSelection } from './selectors.js';

export interface Match {
  readonly subjects: AddressSet;
  readonly peers: AddressSet;
  readonly protocol: number | null;
  readonly destinationPorts: PortSet | null;
  /** Whether it allows depends on what no file tells. */
  readonly action?: 'unsupported';
}

export type MatchesOf = (
  direction: 'egress' | 'ingress',
  policy: NetworkPolicy,
  rule: PolicyRule,
  subjects: readonly Pod[],
) => Match[];

const PROTOCOL = { TCP, UDP, SCTP } as const;

/** Pods that give a name the same numbers. */
interface NamedGroup {
  readonly pods: Pod[];
  readonly ports: PortSet;
}

export function createMatches(
  selection: PodSelection,
  sets: PodSets,
  profile: Profile,
  outsiders: Outsiders,
): MatchesOf {
  const portSets = new Map<string, PortSet>();
  const egressNames = createEgressNames(selection.all, port => profile.initContainerPorts || port.init !== true);

  /** Equal sets of ports are one object. */
  function sharedPorts(ports: PortSet): PortSet {
    const text = ports.join();
    const known = portSets.get(text) ?? ports;
    portSets.set(text, known);
    return known;
  }

  /** (5): podSelector alone = the policy's namespace; namespaceSelector alone = all pods of those; both = AND (4). */
  function selectPeer(namespace: string, peer: Extract<Peer, { kind: 'pods' }>): readonly Pod[] {
    const pods = peer.podSelector ?? EVERY;
    return peer.namespaceSelector === null
      ? selection.inNamespace(namespace, pods)
      : selection.inNamespaces(peer.namespaceSelector, pods);
  }

  /** (4): peers OR; null = everyone, external addresses included (3). */
  function peerSet(policy: NetworkPolicy, peers: PolicyRule['peers']): AddressSet {
    if (peers === null) return sets.everyone;
    const blocks = peers.filter(peer => peer.kind === 'ipBlock');
    const selected = peers.filter(peer => peer.kind === 'pods');
    return union([
      ...selected.map(peer => sets.of(selectPeer(policy.namespace, peer))),
      ...blockSets(blocks, sets.everyone, profile, outsiders),
    ]);
  }

  /** The pods among the peers that selectors name; of null peers every pod. An ipBlock names none (10). */
  function peerPods(policy: NetworkPolicy, peers: PolicyRule['peers']): readonly Pod[] {
    if (peers === null) return selection.all;
    const pods = new Set<Pod>();
    for (const peer of peers) {
      if (peer.kind === 'pods') for (const pod of selectPeer(policy.namespace, peer)) pods.add(pod);
    }
    return [...pods];
  }

  /** (10): by name and protocol; a name that stands twice means both numbers. (P8): init containers included, or not. */
  function groupByPorts(pods: readonly Pod[], { port: name, protocol }: PolicyPort): NamedGroup[] {
    const groups = new Map<string, NamedGroup>();
    for (const pod of pods) {
      const named = pod.ports.filter(it => it.name === name && it.protocol === protocol);
      const counted = named.filter(it => profile.initContainerPorts || it.init !== true);
      const ports = sharedPorts(portSet(counted.flatMap(it => [it.port, it.port])));
      if (ports.length === 0) continue;
      const key = ports.join();
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { pods: [pod], ports });
      else group.pods.push(pod);
    }
    return [...groups.values()];
  }

  function egressToName(policy: NetworkPolicy, rule: PolicyRule, port: PolicyPort, subjects: AddressSet): Match[] {
    const protocol = PROTOCOL[port.protocol];
    // (P22)
    if (profile.egressNames === 'one') {
      const peers = peerSet(policy, rule.peers);
      return egressNames(port.port as string, port.protocol, peerPods(policy, rule.peers)).map(named => ({
        subjects,
        peers: named.pods === null ? peers : sets.of(named.pods),
        protocol,
        destinationPorts: sharedPorts(named.ports),
        ...(named.isDisputed && { action: 'unsupported' as const }),
      }));
    }
    // (P10): the numbers that pods of the policy's namespace give the name, wherever the packet goes.
    if (rule.peers === null && profile.namedPortsAnywhere === 'numbers') {
      const groups = groupByPorts(selection.inNamespace(policy.namespace, EVERY), port);
      return groups.map(({ ports }) => ({ subjects, peers: sets.everyone, protocol, destinationPorts: ports }));
    }
    const matches = groupByPorts(peerPods(policy, rule.peers), port).map(({ pods, ports }) => ({
      subjects,
      peers: sets.of(pods),
      protocol,
      destinationPorts: ports,
    }));
    // (P9): pods inside the blocks, too.
    const blocks = (rule.peers ?? []).filter(peer => peer.kind === 'ipBlock');
    if (!profile.namedPortsInBlocks || blocks.length === 0) return matches;
    const inside = union(blockSets(blocks, sets.everyone, profile, outsiders));
    for (const { pods, ports } of groupByPorts(selection.all, port)) {
      const peers = intersect(sets.of(pods), { ...inside, unaddressed: [] });
      if (!isEmpty(peers)) matches.push({ subjects, peers, protocol, destinationPorts: ports });
    }
    return matches;
  }

  /** (P20): of the node-local DNS address it is not known whether a block matches it. */
  function nodeLocalMatches(rule: PolicyRule, matches: readonly Match[]): Match[] {
    if (profile.blockPeers === 'everybody' || rule.peers === null) return [];
    const blocks = rule.peers.filter(peer => peer.kind === 'ipBlock');
    if (!holdsNodeLocal(blocks, outsiders)) return [];
    return matches.map(match => ({ ...match, peers: outsiders.nodeLocal, action: 'unsupported' }));
  }

  const matchesOf: MatchesOf = (direction, policy, rule, subjectPods) => {
    const subjects = sets.of(subjectPods);
    const peers = peerSet(policy, rule.peers);
    // (3), (16): without ports, every protocol matches, ICMP too.
    if (rule.ports === null) return [{ subjects, peers, protocol: null, destinationPorts: null }];

    const matches: Match[] = [];
    for (const [protocol, ports] of numberedPorts(rule.ports, profile)) {
      matches.push({ subjects, peers, protocol, destinationPorts: ports === null ? null : sharedPorts(ports) });
    }
    let isKnown = matches.length > 0;
    for (const port of rule.ports) {
      if (typeof port.port !== 'string') continue;
      // (10): the name is looked up on the destination pod: the selected pod of ingress, each peer pod of egress.
      const protocol = PROTOCOL[port.protocol];
      const named =
        direction === 'egress'
          ? egressToName(policy, rule, port, subjects)
          : groupByPorts(subjectPods, port).map(({ pods, ports }) => ({
              subjects: sets.of(pods),
              peers,
              protocol,
              destinationPorts: ports,
            }));
      matches.push(...named);
      isKnown ||= named.length > 0;
      // A name that no pod has matches nothing, but the rule stays visible to `compile --emit rules`.
      if (named.length === 0) matches.push({ subjects, peers: NOWHERE, protocol, destinationPorts: NO_PORTS });
    }
    // (P11)
    if (!isKnown && rule.peers !== null && profile.unknownNames === 'everything') {
      const pods = sets.of(peerPods(policy, rule.peers));
      if (!isEmpty(pods)) matches.push({ subjects, peers: pods, protocol: null, destinationPorts: null });
    }
    return matches;
  };
  return (direction, policy, rule, subjects) => {
    const matches = matchesOf(direction, policy, rule, subjects);
    const disputed = nodeLocalMatches(rule, matches);
    return disputed.length === 0 ? matches : [...matches, ...disputed];
  };
}

/** (9): numbers and ranges of a protocol are one set; `port` absent is all of them. (P12): or endPort is not read. */
function numberedPorts(ports: readonly PolicyPort[], profile: Profile): Map<number, PortSet | null> {
  const flat = new Map<number, number[]>();
  // Most rules name one port, or none.
  if (ports.length === 1) {
    const [{ protocol, port, endPort }] = ports as [PolicyPort];
    if (port === null) return new Map([[PROTOCOL[protocol], null]]);
    if (typeof port === 'number' && (endPort === null || !profile.portRanges)) {
      return new Map([[PROTOCOL[protocol], [port, port]]]);
    }
  }
  for (const { protocol, port, endPort } of ports) {
    if (typeof port === 'string') continue;
    const number = PROTOCOL[protocol];
    const list = flat.get(number) ?? [];
    if (port === null) list.push(...ALL_PORTS);
    else list.push(port, profile.portRanges ? (endPort ?? port) : port);
    flat.set(number, list);
  }
  const out = new Map<number, PortSet | null>();
  for (const [protocol, list] of flat) {
    const set = portSet(list);
    out.set(protocol, set.length === 2 && set[0] === 0 && set[1] === 65535 ? null : set);
  }
  return out;
}
