/**
 * Calico: what Felix's iptables dataplane installs for NetworkPolicies, as an nftables ruleset (cold).
 *
 * In:  policies and the inventory; neither rules nor profile are read.  Out: text for `nft -f`.
 *
 *   forward -> cali-from-wl-dispatch -> cali-fw-N: connection state, clear marks, no tunnels, the tier, profile, drop
 *           -> cali-to-wl-dispatch   -> cali-tw-N: the same for what goes to the pod
 *
 * A policy's chain sets the accept mark; the endpoint's chain then returns, since the other end may have policies too.
 * Kubernetes' policies are in the tier "default", by name. Source: felix/rules/{endpoints,policy,static}.go and
 * libcalico-go/lib/backend/k8s/conversion of github.com/projectcalico/calico.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import type { NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../policy/policy.js';
import { Cluster, PROTOCOL } from './cluster.js';
import { headOf } from './head.js';
import { both, clearMarks, comment, dispatch, FAMILIES, type Family, Nft, perFamily, word } from './nft.js';

const ACCEPT = '0x10000';
const PASS = '0x20000';
const HEAD = headOf('Calico', 'cali-fw-N and cali-tw-N are the chains of pod N, whatever node it is on.');
/** What a workload may always send to its host. */
const ROUTER_TYPES = '{ 130, 131, 132, 133, 135, 136 }';

const setMark = (mark: string): string => `meta mark set meta mark | ${mark}`;
const isMarked = (mark: string): string => `meta mark & ${mark} == ${mark}`;

export function emitCalico(policies: readonly NetworkPolicy[], inventory: Inventory): string {
  const nft = new Nft();
  const cluster = new Cluster(inventory);
  const ordered = [...policies].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const chains = new Map<NetworkPolicy, { egress: string; ingress: string }>();
  ordered.forEach((policy, i) => {
    const title = `knp.default.${policy.name} of ${policy.namespace}`;
    const chainOf = (direction: 'egress' | 'ingress', prefix: string): string =>
      nft.chain(
        `${prefix}-${i}`,
        title,
        policy[direction].flatMap((rule, r) => {
          const named = comment(`${policy.namespace}/${policy.name} ${direction}[${r}]`);
          return ruleLines(direction, policy, rule, cluster, nft).flatMap(line => [
            `${line} ${setMark(ACCEPT)}`.trim(),
            `${isMarked(ACCEPT)} return${named}`,
          ]);
        }),
      );
    chains.set(policy, { egress: chainOf('egress', 'cali-po'), ingress: chainOf('ingress', 'cali-pi') });
  });

  const profiles = new Map<string, string>();
  for (const { namespace } of cluster.pods) {
    if (profiles.has(namespace)) continue;
    const name = `cali-pro-${profiles.size}`;
    profiles.set(namespace, nft.chain(name, `kns.${namespace}`, [setMark(ACCEPT), `${isMarked(ACCEPT)} return`]));
  }

  const from = new Map<string, string>();
  const to = new Map<string, string>();
  const policiesOf = cluster.policiesOf(ordered);
  cluster.pods.forEach((pod, i) => {
    const own = policiesOf.get(pod)!;
    const egress = own.filter(policy => policy.isolatesEgress).map(policy => chains.get(policy)!.egress);
    const ingress = own.filter(policy => policy.isolatesIngress).map(policy => chains.get(policy)!.ingress);
    const title = `${pod.namespace}/${pod.name}`;
    const profile = profiles.get(pod.namespace)!;
    const tunnels = [
      `meta l4proto 17 th dport 4789 drop${comment('VXLAN packets originating in workloads')}`,
      `meta l4proto 4 drop${comment('IPinIP packets originating in workloads')}`,
    ];
    const outgoing = nft.chain(`cali-fw-${i}`, `from ${title}`, endpointLines(egress, profile, tunnels));
    const incoming = nft.chain(`cali-tw-${i}`, `to ${title}`, endpointLines(ingress, profile, []));
    for (const address of cluster.held(pod)) {
      from.set(address, outgoing);
      to.set(address, incoming);
    }
  });
  nft.chain('cali-from-wl-dispatch', '', dispatch('saddr', 'goto', from));
  nft.chain('cali-to-wl-dispatch', '', dispatch('daddr', 'goto', to));
  const node = [...cluster.ownNode(), ...cluster.nodeItself()];
  nft.chain('forward', 'cali-FORWARD, and what stands for INPUT and OUTPUT', [
    'type filter hook forward priority filter; policy accept;',
    ...perFamily(f => `${pair(f)} ${nft.pairs(cluster.samePod(), f)} ct state != invalid accept${comment('loopback')}`),
    ...perFamily(f => `${pair(f)} ${nft.pairs(node, f)} accept${comment('node')}`),
    `meta nfproto ipv6 meta l4proto 58 @th,0,8 ${ROUTER_TYPES} accept${comment('cali-wl-to-host')}`,
    clearMarks(0xf0000),
    'jump cali-from-wl-dispatch',
    'jump cali-to-wl-dispatch',
    `${isMarked(ACCEPT)} accept${comment('Policy explicitly accepted packet.')}`,
    `ct state invalid drop${comment('KUBE-FORWARD')}`,
  ]);
  return nft.text(HEAD, 'calico');
}

const pair = (family: Family): string => `${word(family)} saddr . ${word(family)} daddr`;

function endpointLines(policies: readonly string[], profile: string, tunnels: readonly string[]): string[] {
  const tier = [
    `${clearMarks(0x20000)}${comment('Start of tier default')}`,
    ...policies.flatMap(chain => [
      `meta mark & ${PASS} == 0 jump ${chain}`,
      `${isMarked(ACCEPT)} return${comment('Return if policy accepted')}`,
    ]),
    `meta mark & ${PASS} == 0 drop${comment('end of tier default')}`,
  ];
  return [
    `ct state established,related accept${comment('established or related')}`,
    `ct state invalid drop${comment('invalid')}`,
    clearMarks(0x30000),
    ...tunnels,
    ...(policies.length === 0 ? [] : tier),
    `jump ${profile}`,
    `${isMarked(ACCEPT)} return${comment('Return if profile accepted')}`,
    `drop${comment('no profiles matched')}`,
  ];
}

/** A rule a protocol and peer, as the conversion makes them; here also one a port, and one a family. */
function ruleLines(
  direction: 'egress' | 'ingress',
  policy: NetworkPolicy,
  rule: PolicyRule,
  cluster: Cluster,
  nft: Nft,
): string[] {
  const peers: readonly (Peer | null)[] = rule.peers ?? [null];
  return peers.flatMap(peer => {
    const selected = peer?.kind === 'pods' ? cluster.selected(policy.namespace, peer) : null;
    return (rule.ports ?? [null]).flatMap(port =>
      FAMILIES.flatMap(family => {
        const to = peerMatch(direction === 'egress' ? 'daddr' : 'saddr', peer, selected, family, cluster, nft);
        if (to === null) return [];
        // A name stands for the endpoints of the destination's selector that have the port, of all where there is none.
        const destinations = direction === 'egress' && selected !== null ? selected : cluster.pods;
        return [`meta nfproto ipv${family} ${to} ${portMatch(port, destinations, family, cluster, nft)}`.trim()];
      }),
    );
  });
}

/** null: nothing of this family. */
function peerMatch(
  field: 'saddr' | 'daddr',
  peer: Peer | null,
  selected: readonly Pod[] | null,
  family: Family,
  cluster: Cluster,
  nft: Nft,
): string | null {
  if (peer === null) return '';
  const match = `${word(family)} ${field}`;
  if (peer.kind === 'pods') return `${match} ${nft.addresses(cluster.addresses(selected ?? []), family)}`;
  if (both([peer.cidr], family).length === 0) return null;
  return [`${match} ${peer.cidr}`, ...peer.except.map(hole => `${match} != ${hole}`)].join(' ');
}

function portMatch(
  port: PolicyPort | null,
  destinations: readonly Pod[],
  family: Family,
  cluster: Cluster,
  nft: Nft,
): string {
  if (port === null) return '';
  if (typeof port.port === 'string') {
    const set = nft.endpoints(cluster.named(destinations, port), family);
    return `${word(family)} daddr . meta l4proto . th dport ${set}`;
  }
  const protocol = `meta l4proto ${PROTOCOL[port.protocol]}`;
  return port.port === null ? protocol : `${protocol} th dport ${port.port}-${port.endPort ?? port.port}`;
}
