/**
 * kube-router: what its network policy controller installs for NetworkPolicies, as an nftables ruleset (cold).
 *
 * In:  policies and the inventory; neither rules nor profile are read.  Out: text for `nft -f`.
 *
 *   forward (KUBE-ROUTER-FORWARD) -> KUBE-POD-FW-N of the destination, then of the source:
 *     KUBE-NWPLCY-COMMON: invalid, established, ICMP types -> from the local node -> a chain a policy, which marks
 *     -> unmarked: reject; else the mark is taken away, for the other end's chain, and 0x20000 set
 *
 * A policy for both directions is one chain, which both ends run through whole. A rule's ipBlocks are one set, of which
 * the longest prefix decides (hash:net): here a chain of prefixes, longest first. Source: pkg/controllers/netpol/
 * {policy,pod,npc_iptables}.go of github.com/cloudnativelabs/kube-router.
 */
import type { Inventory } from '../cluster/inventory.js';
import type { NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../policy/policy.js';
import { Cluster, PROTOCOL } from './cluster.js';
import { headOf } from './head.js';
import { both, clearMarks, comment, dispatch, FAMILIES, type Family, Nft, perFamily, word } from './nft.js';

const MATCHED = '0x10000';
const COMPLIES = '0x20000';
const HEAD = headOf('kube-router', 'KUBE-POD-FW-N is the chain of pod N, whatever node it is on.');

const MARK = `meta mark set meta mark | ${MATCHED}`;
const IS_MARKED = `meta mark & ${MATCHED} == ${MATCHED}`;

const ICMP_TYPES = { 4: [8, 3, 11], 6: [128, 1, 3, 135, 136, 129] } as const;

export function emitKubeRouter(policies: readonly NetworkPolicy[], inventory: Inventory): string {
  const nft = new Nft();
  const cluster = new Cluster(inventory);
  const pair = (family: Family): string => `${word(family)} saddr . ${word(family)} daddr`;
  const common = nft.chain('KUBE-NWPLCY-COMMON', '', [
    `ct state invalid drop${comment('invalid')}`,
    `ct state established,related accept${comment('established or related')}`,
    ...FAMILIES.flatMap(family =>
      ICMP_TYPES[family].map(type => {
        const protocol = family === 4 ? 1 : 58;
        return `meta nfproto ipv${family} meta l4proto ${protocol} @th,0,8 ${type} accept${comment(`ICMP type ${type}`)}`;
      }),
    ),
  ]);
  const otherwise = nft.chain('KUBE-NWPLCY-DEFAULT', '', [MARK]);
  const chains = new Map(
    policies.map((policy, i) => [policy, new PolicyChain(policy, `KUBE-NWPLCY-${i}`, cluster, nft).name]),
  );
  const local = new Map(FAMILIES.map(f => [f, `${pair(f)} ${nft.pairs(cluster.ownNode(), f)}`]));

  const firewalls = new Map<string, string>();
  const policiesOf = cluster.policiesOf(policies);
  cluster.pods.forEach((pod, i) => {
    const own = policiesOf.get(pod)!.map(policy => ({ policy, chain: chains.get(policy)! }));
    const held = cluster.held(pod);
    const each = (field: 'saddr' | 'daddr', target: string): string[] =>
      held.map(address => `${word(address.includes(':') ? 6 : 4)} ${field} ${address} jump ${target}`);
    const lines = [
      `jump ${common}`,
      ...perFamily(f => `${local.get(f)} ${word(f)} daddr ${nft.addresses(held, f)} accept${comment('node')}`),
      ...own.flatMap(({ policy, chain }) => {
        if (policy.isolatesEgress && policy.isolatesIngress) return [`jump ${chain}`];
        return each(policy.isolatesEgress ? 'saddr' : 'daddr', chain);
      }),
      ...(own.some(({ policy }) => policy.isolatesEgress) ? [] : each('saddr', otherwise)),
      ...(own.some(({ policy }) => policy.isolatesIngress) ? [] : each('daddr', otherwise)),
      `meta mark & ${MATCHED} != ${MATCHED} reject${comment(`REJECT ${pod.namespace}/${pod.name}`)}`,
      clearMarks(0x10000),
      `meta mark set meta mark | ${COMPLIES}`,
    ];
    const name = nft.chain(`KUBE-POD-FW-${i}`, `${pod.namespace}/${pod.name}`, lines);
    for (const address of held) firewalls.set(address, name);
  });
  nft.chain('forward', 'KUBE-ROUTER-FORWARD, and what stands for INPUT', [
    'type filter hook forward priority filter; policy accept;',
    ...perFamily(f => `${pair(f)} ${nft.pairs(cluster.samePod(), f)} ct state != invalid accept${comment('loopback')}`),
    ...perFamily(f => {
      const ports = 'meta l4proto { 6, 17 } th dport 30000-32767';
      return `${pair(f)} ${nft.pairs(cluster.toOwnNode(), f)} ${ports} accept${comment('node ports')}`;
    }),
    ...dispatch('daddr', 'jump', firewalls),
    ...dispatch('saddr', 'jump', firewalls),
    `meta mark & ${COMPLIES} == ${COMPLIES} accept${comment('complies to network policies')}`,
    `ct state invalid drop${comment('KUBE-FORWARD')}`,
  ]);
  return nft.text(HEAD, 'kube-router');
}

/** A protocol, and numbers; null: every port of it. */
type Numbers = readonly [protocol: number, range: string | null];
/** Addresses of pods, a protocol and a number. */
type Endpoint = readonly [string, number, number];

class PolicyChain {
  private readonly lines: string[] = [];
  private blocks = 0;
  private readonly targets: readonly string[];

  constructor(
    private readonly policy: NetworkPolicy,
    readonly name: string,
    private readonly cluster: Cluster,
    private readonly nft: Nft,
  ) {
    this.targets = cluster.addresses(cluster.subjects(policy));
    for (const direction of ['ingress', 'egress'] as const) {
      policy[direction].forEach((rule, i) => {
        this.rule(direction, rule, `${policy.namespace}/${policy.name} ${direction}[${i}]`);
      });
    }
    nft.chain(name, `${policy.namespace}/${policy.name}`, this.lines);
  }

  private rule(direction: 'ingress' | 'egress', { peers, ports }: PolicyRule, title: string): void {
    const { cluster, policy } = this;
    const selectors = (peers ?? []).filter(peer => peer.kind === 'pods');
    const pods = [...new Set(selectors.flatMap(peer => cluster.selected(policy.namespace, peer)))];
    const namespace = cluster.pods.filter(pod => pod.namespace === policy.namespace);
    // Where a name is looked up; the ports of init containers are not looked at.
    const known = direction === 'ingress' ? cluster.subjects(policy) : peers === null ? namespace : pods;
    const numeric = (ports ?? []).flatMap(numbersOf);
    const named = (ports ?? []).flatMap(port =>
      typeof port.port === 'string' ? cluster.named(known, port, false) : [],
    );
    for (const family of FAMILIES) {
      const match = (field: 'saddr' | 'daddr', addresses: readonly string[]): string =>
        `${word(family)} ${field} ${this.nft.addresses(addresses, family)}`;
      const toNamed = `${word(family)} daddr . meta l4proto . th dport ${this.nft.endpoints(named, family)}`;
      const [own, peer] = direction === 'ingress' ? (['daddr', 'saddr'] as const) : (['saddr', 'daddr'] as const);
      const target = match(own, this.targets);
      const add = (...conditions: string[]): void => {
        this.lines.push(...marking([`meta nfproto ipv${family}`, ...conditions], title));
      };
      if (pods.length > 0) {
        const both = [target, match(peer, cluster.addresses(pods))];
        for (const numbers of numeric) add(...both, portMatch(numbers));
        // The set of the named port's pods stands for the destination: for the targets, or for the peers.
        if (named.length > 0) add(direction === 'ingress' ? both[1]! : target, toNamed);
        // No port at all, or none but names that no pod has.
        if (numeric.length === 0 && named.length === 0) add(...both);
      }
      if (peers === null && ports === null) add(target);
      if (peers === null) {
        for (const numbers of numeric) add(target, portMatch(numbers));
        if (direction === 'ingress' && named.length > 0) add(toNamed);
        if (direction === 'egress')
          for (const [, protocol, port] of distinct(named)) add(target, portMatch([protocol, `${port}`]));
      }
      const inBlocks = [
        ...(ports === null ? [[target]] : []),
        ...numeric.map(numbers => [target, portMatch(numbers)]),
        ...(direction === 'ingress' && named.length > 0 ? [[toNamed]] : []),
      ];
      this.prefixes(
        peer,
        (peers ?? []).filter(it => it.kind === 'ipBlock'),
        family,
        inBlocks,
        title,
      );
    }
  }

  /** hash:net with nomatch: the longest prefix that holds the address decides. */
  private prefixes(
    field: 'saddr' | 'daddr',
    peers: readonly Extract<Peer, { kind: 'ipBlock' }>[],
    family: Family,
    conditions: readonly string[][],
    title: string,
  ): void {
    const entries = new Map<string, boolean>();
    for (const { cidr, except } of peers) {
      if (both([cidr], family).length === 0) continue;
      for (const [text, matches] of [[cidr, true] as const, ...except.map(hole => [hole, false] as const)]) {
        for (const part of WHOLE[text] ?? [text]) entries.set(part, matches);
      }
    }
    if (entries.size === 0 || conditions.length === 0) return;
    const rest = conditions.flatMap(list => marking(list, title));
    const inside = this.nft.chain(`${this.name}-in-${this.blocks}`, title, rest);
    const longestFirst = [...entries].sort(([a], [b]) => lengthOf(b) - lengthOf(a));
    const outside = this.nft.chain(
      `${this.name}-net-${this.blocks}`,
      `${title}: hash:net`,
      longestFirst.map(
        ([cidr, matches]) => `${word(family)} ${field} ${cidr} ${matches ? `goto ${inside}` : 'return'}`,
      ),
    );
    this.blocks++;
    this.lines.push(`jump ${outside}`, `${IS_MARKED} return`);
  }
}

const WHOLE: Readonly<Record<string, readonly string[]>> = {
  '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
  '::/0': ['2000::/3', 'fd00::/8'],
};

const lengthOf = (cidr: string): number => Number(cidr.split('/')[1]);

const marking = (conditions: readonly string[], title: string): string[] => [
  `${conditions.join(' ')} ${MARK}`,
  `${IS_MARKED} return${comment(title)}`,
];

const numbersOf = ({ protocol, port, endPort }: PolicyPort): Numbers[] =>
  typeof port === 'string' ? [] : [[PROTOCOL[protocol], port === null ? null : `${port}-${endPort ?? port}`]];

const portMatch = ([protocol, range]: Numbers): string =>
  range === null ? `meta l4proto ${protocol}` : `meta l4proto ${protocol} th dport ${range}`;

const distinct = (endpoints: readonly Endpoint[]): Endpoint[] => [
  ...new Map(endpoints.map(endpoint => [endpoint.slice(1).join(), endpoint])).values(),
];
