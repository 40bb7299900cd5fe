/**
 * Weave Net: what weave-npc installs for NetworkPolicies, as an nftables ruleset (cold).
 *
 * In:  policies and the inventory; neither rules nor profile are read.  Out: text for `nft -f`.
 *
 *   forward -> WEAVE-NPC-EGRESS: established -> local, multicast -> new: DEFAULT, then CUSTOM mark -> unmarked: drop
 *           -> WEAVE-NPC: established -> multicast -> new: DEFAULT, then INGRESS accept; else FORWARD drops
 *
 * Only iptables of IPv4 are written, so IPv6 passes. DEFAULT holds the pods that no policy isolates. A policy with a named
 * port is refused whole; endPort is not read; rules of a direction that is not among the policyTypes are written all the
 * same. Source: npc/{analyser,rule,namespace,ipblock}.go and prog/weave-npc/main.go of github.com/weaveworks/weave.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../policy/policy.js';
import { Cluster, PROTOCOL } from './cluster.js';
import { headOf } from './head.js';
import { comment, familyOf, Nft } from './nft.js';

const MARK = '0x40000';
const HEAD = headOf('weave-npc', 'The sets and chains of every node are one, as they are the same on each.');
const MULTICAST = '224.0.0.0/4';
const UNMARKED = `meta mark & ${MARK} != ${MARK}`;

type Direction = 'egress' | 'ingress';

export function emitWeave(policies: readonly NetworkPolicy[], inventory: Inventory): string {
  const nft = new Nft();
  const cluster = new Cluster(inventory);
  const accepted = policies.filter(policy => !namesAPort(policy));
  const pods = nft.addresses(cluster.addresses(cluster.pods), 4);
  const open = (direction: Direction): string => {
    const isolating = accepted.filter(p => (direction === 'egress' ? p.isolatesEgress : p.isolatesIngress));
    const isolated = new Set(isolating.flatMap(policy => cluster.subjects(policy)));
    return nft.addresses(cluster.addresses(cluster.pods.filter(pod => !isolated.has(pod))), 4);
  };
  const rules = (direction: Direction): { match: string; title: string }[] =>
    accepted.flatMap(policy =>
      rulesOf(policy, direction).flatMap((rule, i) =>
        matchesOf(direction, policy, rule, cluster, nft).map(match => ({
          match,
          title: `${policy.namespace}/${policy.name} ${direction}[${i}]`,
        })),
      ),
    );

  nft.chain('WEAVE-NPC-EGRESS-ACCEPT', '', [`meta mark set meta mark | ${MARK}`]);
  nft.chain('WEAVE-NPC-EGRESS-DEFAULT', 'DefaultAllow egress isolation', [
    `ip saddr ${open('egress')} jump WEAVE-NPC-EGRESS-ACCEPT`,
    `ip saddr ${open('egress')} return${comment('DefaultAllow egress')}`,
  ]);
  nft.chain(
    'WEAVE-NPC-EGRESS-CUSTOM',
    '',
    rules('egress').flatMap(({ match, title }) => [
      `${match} jump WEAVE-NPC-EGRESS-ACCEPT`,
      `${match} return${comment(title)}`,
    ]),
  );
  nft.chain('WEAVE-NPC-EGRESS', '-i weave', [
    `ct state established,related accept${comment('established or related')}`,
    `ip saddr . ip daddr ${nft.pairs(cluster.toOwnNode(), 4)} return${comment('dst-type LOCAL')}`,
    `ip daddr ${MULTICAST} return${comment('multicast')}`,
    'ct state new jump WEAVE-NPC-EGRESS-DEFAULT',
    `ct state new ${UNMARKED} jump WEAVE-NPC-EGRESS-CUSTOM`,
    `${UNMARKED} drop${comment('no egress rule')}`,
  ]);
  nft.chain('WEAVE-NPC-DEFAULT', 'DefaultAllow ingress isolation', [
    `ip daddr ${open('ingress')} accept${comment('DefaultAllow ingress')}`,
  ]);
  nft.chain(
    'WEAVE-NPC-INGRESS',
    '',
    rules('ingress').map(({ match, title }) => `${match} accept${comment(title)}`),
  );
  nft.chain('WEAVE-NPC', '-o weave', [
    `ct state established,related accept${comment('established or related')}`,
    `ip daddr ${MULTICAST} accept${comment('multicast')}`,
    'ct state new jump WEAVE-NPC-DEFAULT',
    'ct state new jump WEAVE-NPC-INGRESS',
  ]);
  const pair = 'ip saddr . ip daddr';
  const node = [...cluster.ownNode(), ...cluster.nodeItself()];
  nft.chain('forward', 'FORWARD; what OUTPUT lets through stands in front', [
    'type filter hook forward priority filter; policy accept;',
    `${pair} ${nft.pairs(cluster.samePod(), 4)} ct state != invalid accept${comment('loopback')}`,
    `${pair} ${nft.pairs(node, 4)} accept${comment('node')}`,
    // Of IPv6 weave-npc knows nothing.
    `ip6 saddr . ip6 daddr ${nft.pairs([...node, ...cluster.toOwnNode()], 6)} accept${comment('node')}`,
    `ip saddr ${pods} jump WEAVE-NPC-EGRESS`,
    `ip daddr ${pods} jump WEAVE-NPC`,
    `ip daddr ${pods} drop${comment('no ingress rule')}`,
    `ip saddr ${pods} accept${comment('-i weave ! -o weave')}`,
    `ct state invalid drop${comment('KUBE-FORWARD')}`,
  ]);
  return nft.text(HEAD, 'weave');
}

const namesAPort = ({ ingress, egress, unlisted = [] }: NetworkPolicy): boolean =>
  [...ingress, ...egress, ...unlisted].some(({ ports }) => ports?.some(({ port }) => typeof port === 'string'));

/** Of a direction that is not among the policyTypes too. */
function rulesOf(policy: NetworkPolicy, direction: Direction): readonly PolicyRule[] {
  const isListed = direction === 'egress' ? policy.isolatesEgress : policy.isolatesIngress;
  return isListed ? policy[direction] : (policy.unlisted ?? []);
}

function matchesOf(
  direction: Direction,
  policy: NetworkPolicy,
  { peers, ports }: PolicyRule,
  cluster: Cluster,
  nft: Nft,
): string[] {
  const target = nft.addresses(cluster.addresses(cluster.subjects(policy)), 4);
  const own = `ip ${direction === 'egress' ? 'saddr' : 'daddr'} ${target}`;
  const field = direction === 'egress' ? 'daddr' : 'saddr';
  const others: readonly (Peer | null)[] = peers ?? [null];
  return others.flatMap(peer => {
    const other = peerMatch(field, peer, policy, cluster, nft);
    if (other === null) return [];
    return (ports ?? [null]).map(port => [own, other, portMatch(port)].filter(text => text !== '').join(' '));
  });
}

/** null: a block of IPv6, which no rule of IPv4 can name. */
function peerMatch(
  field: 'saddr' | 'daddr',
  peer: Peer | null,
  { namespace }: NetworkPolicy,
  cluster: Cluster,
  nft: Nft,
): string | null {
  if (peer === null) return '';
  if (peer.kind === 'pods') {
    return `ip ${field} ${nft.addresses(cluster.addresses(cluster.selected(namespace, peer)), 4)}`;
  }
  if (familyOf(peer.cidr) === 6) return null;
  return [`ip ${field} ${peer.cidr}`, ...peer.except.map(hole => `ip ${field} != ${hole}`)].join(' ');
}

function portMatch(port: PolicyPort | null): string {
  if (port === null) return '';
  return `meta l4proto ${PROTOCOL[port.protocol]} th dport ${port.port ?? '0-65535'}`;
}
