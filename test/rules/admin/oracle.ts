/**
 * The administrators' policies by their definition: no sets, no normal form. Of every packet it asks every policy, rule,
 * peer and port, in order. Written from the API's comments, so that a mistake in the rules is not repeated here.
 *
 * Answers are the outcomes that are right, in the words of describeOutcome: where several policies say the same, or
 * several pairs of them disagree, any of them may be named.
 */
import type { Inventory, Pod } from '../../../src/cluster/inventory.js';
import type { AdminPeer, AdminPolicy, AdminPort, AdminRule, SelectedPods } from '../../../src/policy/admin/model.js';
import type { NetworkPolicy } from '../../../src/policy/policy.js';
import { bits, endsOf, isWithin, oracle, selects } from '../../tree/oracle.js';
import type { PacketLiteral } from '../../tree/packets.js';

type Way = 'egress' | 'ingress';
type Matching = 'yes' | 'no' | 'unknown';

/** What was said, and by whom. */
export interface Said {
  readonly action: 'allow' | 'deny' | 'pass' | 'unsupported' | 'ambiguous';
  /** "policy rule", or of two "a and b ra and rb". */
  readonly by: readonly (readonly [policy: string, rule: string])[];
}

/** One answer of several that speak at once; null where nobody does. */
export function together(all: readonly Said[]): Said | null {
  if (all.length === 0) return null;
  const unsupported = all.filter(({ action }) => action === 'unsupported');
  if (unsupported.length > 0) return { action: 'unsupported', by: unsupported.flatMap(({ by }) => by) };
  const ambiguous = all.filter(({ action }) => action === 'ambiguous');
  const [first] = all as [Said];
  if (ambiguous.length === 0 && all.every(({ action }) => action === first.action)) {
    return { action: first.action, by: all.flatMap(({ by }) => by) };
  }
  const pairs: (readonly [string, string])[] = ambiguous.flatMap(({ by }) => by);
  for (const a of all) {
    for (const b of all) {
      if (a.action === b.action || a.action === 'ambiguous' || b.action === 'ambiguous') continue;
      for (const [p, r] of a.by) for (const [q, s] of b.by) pairs.push([`${p} and ${q}`, `${r} and ${s}`]);
    }
  }
  return { action: 'ambiguous', by: pairs };
}

export const words = ({ action, by }: Said): string[] => by.map(([policy, rule]) => `${action} ${policy} ${rule}`);

export function adminOracle(
  admin: readonly AdminPolicy[],
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
  packet: PacketLiteral,
): Readonly<Record<Way, readonly string[]>> {
  const { exempt, sourcePod, destinationPod } = endsOf(packet, inventory);
  if (exempt !== null) return { egress: [exempt], ingress: [exempt] };
  const between = oracle(policies, inventory, packet);
  const of = (way: Way): readonly string[] => {
    const subject = way === 'egress' ? sourcePod : destinationPod;
    if (subject === null) return ['none'];
    const ask = (tier: readonly AdminPolicy[]): Said | null =>
      together(tier.map(policy => firstOf(policy, way, subject)).filter(said => said !== null));
    const decideTier = (name: AdminPolicy['tier']): Said | null => {
      const tier = admin.filter(policy => policy.tier === name);
      const priorities = [...new Set(tier.map(({ priority }) => priority))].filter(priority => priority !== null);
      let placed: Said | null = null;
      for (const priority of priorities.sort((a, b) => a - b)) {
        placed ??= ask(tier.filter(policy => policy.priority === priority));
      }
      const unplaced = ask(tier.filter(policy => policy.priority === null));
      return together([placed, unplaced].filter(said => said !== null));
    };
    const first = decideTier('Admin');
    if (first !== null && first.action !== 'pass') return words(first);
    const middle = between[way];
    if (typeof middle !== 'string') return middle;
    if (middle !== 'not-isolated') return [middle];
    const last = decideTier('Baseline');
    return last === null || last.action === 'pass' ? ['not-isolated'] : words(last);
  };
  return { egress: of('egress'), ingress: of('ingress') };

  function firstOf(policy: AdminPolicy, way: Way, subject: Pod): Said | null {
    if (!isOneOf(policy.subject, subject)) return null;
    for (const rule of policy[way]) {
      const { matching, action } = matchesRule(rule, way);
      if (matching === 'no') continue;
      return { action: matching === 'unknown' ? 'unsupported' : action, by: [[policy.name, rule.rule]] };
    }
    return null;
  }

  function matchesRule(rule: AdminRule, way: Way): { matching: Matching; action: AdminRule['action'] } {
    if (rule.peers.some(({ kind }) => kind === 'unknown')) {
      return rule.action === 'allow' ? { matching: 'no', action: 'allow' } : { matching: 'yes', action: 'deny' };
    }
    const answers = rule.peers.map(peer => {
      const at = matchesPeer(peer, way);
      const on = matchesPorts(rule.ports, peer, way);
      if (at === 'no' || on === 'no') return 'no';
      return at === 'yes' && on === 'yes' ? 'yes' : 'unknown';
    });
    const matching = answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
    return { matching, action: rule.action };
  }

  function matchesPeer(peer: AdminPeer, way: Way): Matching {
    const pod = way === 'egress' ? destinationPod : sourcePod;
    const address = way === 'egress' ? packet.destination : packet.source;
    const said = (is: boolean): Matching => (is ? 'yes' : 'no');
    switch (peer.kind) {
      case 'pods':
        return said(pod !== null && isOneOf(peer, pod));
      case 'nodes':
        return said(
          pod === null &&
            inventory.nodes.some(
              node => selects(peer.selector, node.labels) && node.addresses.some(it => bits(it) === bits(address)),
            ),
        );
      case 'networks':
        return said(peer.cidrs.some(cidr => isWithin(address, cidr)));
      case 'domainNames':
        return [...inventory.byAddress.keys()].some(it => bits(it) === bits(address)) ? 'no' : 'unknown';
      default:
        throw new Error('asked before');
    }
  }

  function matchesPorts(ports: readonly AdminPort[] | null, peer: AdminPeer, way: Way): Matching {
    if (ports === null) return 'yes';
    const protocol = { 6: 'TCP', 17: 'UDP', 132: 'SCTP' }[packet.protocol ?? 6];
    const dport = packet.dport!;
    const hit = ports.some(port => {
      if (port.kind === 'numbers') {
        return (
          port.protocol === protocol && (port.range === null || (port.range[0] <= dport && dport <= port.range[1]))
        );
      }
      if (port.kind === 'unknown' || destinationPod === null) return false;
      // Of a peer that is no pod nobody asks for names.
      if (way === 'egress' && peer.kind !== 'pods') return false;
      return destinationPod.ports.some(it => it.name === port.name && it.protocol === protocol && it.port === dport);
    });
    if (hit) return 'yes';
    return ports.some(({ kind }) => kind === 'unknown') ? 'unknown' : 'no';
  }

  function isOneOf({ namespaceSelector, podSelector }: SelectedPods, pod: Pod): boolean {
    if (pod.hostNetwork) return false;
    const namespace = inventory.namespaces.get(pod.namespace)!;
    return selects(namespaceSelector, namespace.labels) && selects(podSelector, pod.labels);
  }
}
