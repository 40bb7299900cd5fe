/**
 * Antrea's policies by their definition: no sets, no normal form, no copies of passing rules. Of every packet it asks
 * every tier, priority, place, policy, peer and port, in order. Written from docs/antrea-network-policy.md of the project.
 */
import type { Inventory, Labels, Node, Pod } from '../../../src/cluster/inventory.js';
import type { AdminPolicy } from '../../../src/policy/admin/model.js';
import type {
  AntreaGroup,
  AntreaHeader,
  AntreaObject,
  AntreaPeer,
  AntreaPolicy,
  AntreaRule,
  AppliedTo,
  GroupMembers,
  SelectedPods,
} from '../../../src/policy/antrea/model.js';
import type { LabelSelector, NetworkPolicy } from '../../../src/policy/policy.js';
import { bits, endsOf, isWithin, selects } from '../../tree/oracle.js';
import type { PacketLiteral } from '../../tree/packets.js';
import { adminOracle, type Said, together, words } from '../admin/oracle.js';

type Way = 'egress' | 'ingress';
type Subject = { readonly pod: Pod | null; readonly node: Node | null };
type Matching = 'yes' | 'no' | 'unknown';
const TIERS: Record<string, number> = {
  emergency: 50,
  securityops: 100,
  networkops: 150,
  platform: 200,
  application: 250,
  baseline: 253,
};

const most = (answers: readonly Matching[]): Matching =>
  answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
const both = (a: Matching, b: Matching): Matching =>
  a === 'no' || b === 'no' ? 'no' : a === 'yes' && b === 'yes' ? 'yes' : 'unknown';
const said = (is: boolean): Matching => (is ? 'yes' : 'no');

export function antreaOracle(
  objects: readonly AntreaObject[],
  admin: readonly AdminPolicy[],
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
  packet: PacketLiteral,
  /** Some policy is about nodes: then a node's own side is asked. */
  ofNodes = false,
): Readonly<Record<Way, readonly string[]>> {
  const { exempt, sourcePod, destinationPod } = endsOf(packet, inventory);
  const nodes: Record<Way, Node | null> = { egress: nodeAt(packet.source), ingress: nodeAt(packet.destination) };
  const areNodes = nodes.egress !== null && nodes.ingress !== null;
  const isLink = [packet.source, packet.destination].includes('169.254.20.10');
  const priorities = { ...TIERS };
  for (const it of objects) if (it.kind === 'AntreaTier') priorities[it.name] = it.priority;
  const groups = objects.filter((it): it is AntreaGroup => 'members' in it);
  const own = objects.filter((it): it is AntreaPolicy => 'ingress' in it);
  const adminTier = admin.filter(({ tier }) => tier === 'Admin');
  const adminBaseline = admin.filter(({ tier }) => tier === 'Baseline');
  const rest = {
    all: adminOracle(admin, policies, inventory, packet),
    adminOnly: adminOracle(adminTier, [], inventory, packet),
    network: adminOracle([], policies, inventory, packet),
    last: adminOracle(adminBaseline, [], inventory, packet),
  };

  const of = (way: Way): readonly string[] => {
    const pod = way === 'egress' ? sourcePod : destinationPod;
    const node = ofNodes ? nodes[way] : null;
    // No policy of a pod's comes between it and its node; the node may have its own.
    if (exempt !== null && (node === null || areNodes || isLink)) return [exempt];
    if (pod === null && node === null) return ['none'];
    const subject: Subject = { pod, node };
    const before = Object.values(priorities).filter(priority => priority <= 250);
    for (const priority of [...new Set(before)].sort((a, b) => a - b)) {
      const answer = decideTier(priority, way, subject);
      if (answer === null) continue;
      return answer.action === 'pass' ? behindAdmin(way, subject) : words(answer);
    }
    // What decides there decides; who passes there or meets nothing comes to what is behind.
    if (node === null && !rest.adminOnly[way].includes('not-isolated')) return rest.adminOnly[way];
    return behindAdmin(way, subject);
  };
  return { egress: of('egress'), ingress: of('ingress') };

  function nodeAt(address: string): Node | null {
    const held = [...inventory.byAddress].find(([it]) => bits(it) === bits(address));
    return held?.[1].kind === 'node' ? held[1] : null;
  }

  function behindAdmin(way: Way, subject: Subject): readonly string[] {
    if (subject.node === null && !rest.network[way].includes('not-isolated')) return rest.network[way];
    const baseline = decideTier(253, way, subject);
    if (baseline !== null) return words(baseline);
    // Nobody else's policies are about nodes.
    return subject.node === null ? rest.last[way] : ['not-isolated'];
  }

  function decideTier(tier: number, way: Way, subject: Subject): Said | null {
    const inTier = own.filter(policy => priorities[policy.tier] === tier);
    for (const priority of [...new Set(inTier.map(it => it.priority))].sort((a, b) => a - b)) {
      const equal = inTier.filter(policy => policy.priority === priority);
      for (let place = 0; place < 10; place++) {
        const answers = equal.flatMap((policy): Said[] => {
          const rule = policy[way].find(({ index }) => index === place);
          if (rule === undefined) return [];
          const matching = matchesRule(policy, rule, way, subject);
          if (matching === 'no') return [];
          const name = policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`;
          return [{ action: matching === 'yes' ? rule.action : 'unsupported', by: [[name, rule.rule]] }];
        });
        const answer = together(answers);
        if (answer !== null) return answer;
      }
    }
    return null;
  }

  function matchesRule(policy: AntreaPolicy, rule: AntreaRule, way: Way, subject: Subject): Matching {
    const applies = most(rule.appliedTo.map(entry => isSubject(entry, policy, subject)));
    const atPeer = (peer: AntreaPeer | null): Matching => {
      const where = peer === null ? 'yes' : matchesPeer(peer, policy, way, subject);
      if (rule.headers === null) return where;
      return both(where, most(rule.headers.map(header => matchesHeader(header, peer, policy, way, where))));
    };
    const matched = rule.peers === null ? atPeer(null) : most(rule.peers.map(atPeer));
    const answer = both(applies, matched);
    return answer === 'yes' && rule.layer7 !== null ? 'unknown' : answer;
  }

  function isSubject(entry: AppliedTo, policy: AntreaPolicy, { pod: subject, node }: Subject): Matching {
    if (node !== null) return isNodeSubject(entry, policy, node);
    if (subject === null) return 'no';
    if (entry.kind === 'pods') return said(isOf(entry, policy.namespace, subject));
    if (entry.kind === 'serviceAccount') {
      return said(subject.namespace === entry.namespace && subject.serviceAccount === entry.name);
    }
    if (entry.kind === 'group') return memberOf(entry.name, policy.namespace, subject, null, 0);
    return 'no';
  }

  /** A group that was not given may be any pod, and no node. */
  function isNodeSubject(entry: AppliedTo, policy: AntreaPolicy, node: Node): Matching {
    if (entry.kind === 'nodes') return said(selects(entry.selector, node.labels));
    if (entry.kind !== 'group') return 'no';
    const find = (name: string) => groups.find(it => it.name === name && it.namespace === policy.namespace)?.members;
    const members = find(entry.name);
    const all = members?.kind === 'groups' ? members.names.map(find) : [members];
    return said(all.some(it => it?.kind === 'nodes' && selects(it.selector, node.labels)));
  }

  function isOf({ namespaceSelector, podSelector }: SelectedPods, namespace: string, pod: Pod): boolean {
    if (pod.hostNetwork || (podSelector !== null && !selects(podSelector, pod.labels))) return false;
    if (namespaceSelector !== null) return selects(namespaceSelector, labelsOf(pod.namespace));
    return namespace === '' || pod.namespace === namespace;
  }

  function labelsOf(namespace: string): Labels {
    return inventory.namespaces.get(namespace)!.labels;
  }

  /** @param address of a peer; null: blocks are no subjects */
  function memberOf(name: string, namespace: string, pod: Pod | null, address: string | null, depth: number): Matching {
    const group = groups.find(it => it.name === name && it.namespace === namespace);
    if (group === undefined) return 'unknown';
    const { members } = group;
    if (members.kind === 'groups') {
      return depth > 0 ? 'no' : most(members.names.map(child => memberOf(child, namespace, pod, address, 1)));
    }
    return isMember(members, namespace, pod, address);
  }

  function isMember(
    members: Exclude<GroupMembers, { kind: 'groups' }>,
    namespace: string,
    pod: Pod | null,
    address: string | null,
  ): Matching {
    switch (members.kind) {
      case 'pods':
        return said(pod !== null && isOf(members, namespace, pod));
      case 'blocks':
        return said(address !== null && members.blocks.some(block => isInBlock(block, address)));
      case 'nodes':
        return said(address !== null && pod === null && isNode(members.selector, address));
      default:
        return 'no';
    }
  }

  function isNode(selector: LabelSelector, address: string): boolean {
    return inventory.nodes.some(
      node => selects(selector, node.labels) && node.addresses.some(it => bits(it) === bits(address)),
    );
  }

  function isInBlock({ cidr, except }: { cidr: string; except: readonly string[] }, address: string): boolean {
    return isWithin(address, cidr) && !except.some(hole => isWithin(address, hole));
  }

  function isOutside(address: string): boolean {
    return ![...inventory.byAddress.keys()].some(it => bits(it) === bits(address));
  }

  function matchesPeer(peer: AntreaPeer, policy: AntreaPolicy, way: Way, { pod: subject }: Subject): Matching {
    const pod = way === 'egress' ? destinationPod : sourcePod;
    const address = way === 'egress' ? packet.destination : packet.source;
    switch (peer.kind) {
      case 'pods':
        return said(pod !== null && isOf(peer, policy.namespace, pod));
      case 'serviceAccount':
        return said(pod !== null && pod.namespace === peer.namespace && pod.serviceAccount === peer.name);
      case 'block':
        return said(isInBlock(peer, address));
      case 'nodes':
        return said(pod === null && isNode(peer.selector, address));
      case 'group':
        return memberOf(peer.name, policy.namespace, pod, address, 0);
      case 'related': {
        if (pod === null || pod.hostNetwork || subject === null) return 'no';
        if (peer.podSelector !== null && !selects(peer.podSelector, pod.labels)) return 'no';
        if (peer.sameLabels === null) return said(pod.namespace === subject.namespace);
        const [a, b] = [labelsOf(subject.namespace), labelsOf(pod.namespace)];
        return said(peer.sameLabels.length > 0 && peer.sameLabels.every(key => key in a && a[key] === b[key]));
      }
      default:
        return isOutside(address) ? 'unknown' : 'no';
    }
  }

  function matchesHeader(
    header: AntreaHeader,
    peer: AntreaPeer | null,
    policy: AntreaPolicy,
    way: Way,
    where: Matching,
  ): Matching {
    const protocol = packet.protocol ?? 6;
    if (header.kind === 'igmp') return 'no';
    if (header.kind === 'icmp') {
      if (protocol !== 1 && protocol !== 58) return 'no';
      return said(
        (header.type === null || header.type === (packet.icmpType ?? 0)) &&
          (header.code === null || header.code === (packet.icmpCode ?? 0)),
      );
    }
    if (protocol !== { TCP: 6, UDP: 17, SCTP: 132 }[header.protocol]) return 'no';
    const within = (range: readonly [number, number] | null, port: number): boolean =>
      range === null || (range[0] <= port && port <= range[1]);
    if (!within(header.source, packet.sport!)) return 'no';
    if (typeof header.destination !== 'string') return said(within(header.destination, packet.dport!));
    // Who is not known may have the name.
    if (where === 'unknown') return 'unknown';
    if (destinationPod === null) return 'no';
    if (way === 'egress' && peer !== null && !isPodPeer(peer, policy)) return 'no';
    return said(
      destinationPod.ports.some(
        port => port.name === header.destination && port.protocol === header.protocol && port.port === packet.dport,
      ),
    );
  }

  /** A name is a matter of pods: a block, or a node, has none. */
  function isPodPeer(peer: AntreaPeer, policy: AntreaPolicy): boolean {
    if (peer.kind === 'block' || peer.kind === 'nodes') return false;
    return peer.kind !== 'group' || memberOf(peer.name, policy.namespace, destinationPod, null, 0) === 'yes';
  }
}
