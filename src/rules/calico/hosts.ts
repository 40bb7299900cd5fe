/**
 * Host endpoints: what a node itself may send and receive (cold).
 *
 * In:  HostEndpoints, the global policies that select them, profiles.  Out: contributions whose subjects are nodes
 * (`ofNodes`), and what cannot be said of forwarded traffic as `unsupported`. Numbers are facts of docs/dialects/calico.md.
 *
 * In the order in which a host asks: failsafe ports, doNotTrack policies, preDNAT policies, tiers, profiles, drop.
 */
import type { Inventory, Node } from '../../cluster/inventory.js';
import type { Problem } from '../../documents/document.js';
import type { CalicoPolicy, CalicoProfile, HostEndpoint } from '../../policy/calico/model.js';
import { fromAddresses, isEmpty, NOWHERE, subtract, union } from '../addresses.js';
import type { ContributedRule, Contribution, RuleContext, Side } from '../contribution.js';
import { portSet } from '../ports.js';
import { TCP, UDP } from '../protocols.js';
import type { AddressSet, Rule } from '../ruleset.js';
import type { Endpoints, Selected } from './endpoints.js';
import type { ActionOf, RuleMatches } from './matches.js';
import { isolationOf, ownerOf, placeOf, SIDES } from './policies.js';
import { allowsAll, DEFAULT_ALLOW, endPart, profilePart } from './profiles.js';
import { RANK_BEFORE, RANK_OF_PROFILE, type RankedTier } from './ranks.js';
import { subjectOf } from './scope.js';
import type { Subject } from './sides.js';

/** (C38): Felix' defaults: FailsafeInboundHostPorts, FailsafeOutboundHostPorts. */
const FAILSAFE: Readonly<Record<Side, readonly (readonly [protocol: number, port: number])[]>> = {
  ingress: [
    [TCP, 22],
    [UDP, 68],
    [TCP, 179],
    [TCP, 2379],
    [TCP, 2380],
    [TCP, 5473],
    [TCP, 6443],
    [TCP, 6666],
    [TCP, 6667],
  ],
  egress: [
    [UDP, 53],
    [UDP, 67],
    [TCP, 179],
    [TCP, 2379],
    [TCP, 2380],
    [TCP, 5473],
    [TCP, 6443],
    [TCP, 6666],
    [TCP, 6667],
  ],
};

const FIRST = RANK_BEFORE(1);
/** Of the tiers of doNotTrack and preDNAT policies, and of what is said about forwarded traffic. */
const UNTRACKED = 1_000;
const PRE_DNAT = 100_000;
const FORWARDED = RANK_BEFORE(500_000);

interface HostAddresses {
  readonly host: HostEndpoint;
  readonly node: Node | undefined;
  readonly addresses: AddressSet;
  /** The interface's addresses are not told: the node's stand for them, and nothing is decided. */
  readonly isUnknown: boolean;
}

export function createHosts(context: RuleContext, endpoints: Endpoints, matches: RuleMatches) {
  const { inventory, sets } = context;
  let byNode: ReturnType<typeof groupByNode> | null = null;

  return (
    hosts: readonly HostEndpoint[],
    policies: readonly CalicoPolicy[],
    profiles: ReadonlyMap<string, CalicoProfile>,
    tiers: ReadonlyMap<string, RankedTier>,
  ): { contributions: Contribution[]; problems: Problem[] } => {
    const contributions: Contribution[] = [];
    const problems: Problem[] = [];
    const ranks = [...tiers.values()].sort((a, b) => a.rank - b.rank).map(({ name }) => name);
    const selecting = new Map<HostEndpoint, CalicoPolicy[]>();
    if (hosts.length > 0) {
      for (const policy of policies) {
        for (const host of endpoints.select(subjectOf(policy)).hosts) {
          const list = selecting.get(host);
          if (list === undefined) selecting.set(host, [policy]);
          else list.push(policy);
        }
      }
    }
    for (const placed of placeHosts(hosts, inventory)) {
      const { host, addresses, isUnknown } = placed;
      problems.push(...problemsOf(placed, selecting.get(host) ?? []));
      const own = (selecting.get(host) ?? []).filter(({ tier }) => tiers.has(tier));
      for (const [direction, type] of SIDES) {
        const applied = own.filter(({ types }) => types.includes(type));
        contributions.push(...forwarded(direction, placed, applied));
        if (isEmpty(addresses)) continue;
        const subject: Subject = { addresses, named: namedBy(host, addresses) };
        const parts = [
          first(direction, placed),
          ...(isUnknown
            ? [undecided(direction, placed)]
            : [
                ...applied.map(policy => ofPolicy(direction, policy, host, subject, tiers, ranks)),
                ...ofProfiles(direction, host, subject, profiles),
              ]),
        ];
        for (const part of parts) contributions.push({ ...part, ofNodes: true });
      }
    }
    return { contributions, problems };
  };

  /** (C37), (C38): the node's own pods are never asked about, failsafe ports always pass. */
  function first(direction: Side, { host, node, addresses }: HostAddresses): Contribution {
    const rule = (name: string, match: Partial<Rule>): ContributedRule => ({
      ...{ subjects: addresses, peers: sets.everyone, protocol: null, sourcePorts: null, destinationPorts: null },
      ...{ icmp: null, action: 'allow' },
      ...match,
      origin: { kind: host.kind, policy: host.name, rule: name, position: host.position },
    });
    const pods = podsOf(node);
    const rules = FAILSAFE[direction].map(([protocol, port]) =>
      rule(`failsafe ${protocol === TCP ? 'TCP' : 'UDP'} ${port}`, {
        protocol,
        destinationPorts: portSet([port, port]),
      }),
    );
    if (!isEmpty(pods)) rules.unshift(rule('own pods', { peers: pods }));
    return {
      direction,
      tier: { name: 'host endpoints', rank: FIRST },
      order: 0,
      name: host.name,
      rules,
      isolations: [],
    };
  }

  function undecided(direction: Side, { host, addresses }: HostAddresses): Contribution {
    return {
      ...silent(direction, host, addresses, sets.everyone),
      tier: { name: 'host endpoints', rank: RANK_BEFORE(2) },
    };
  }

  function silent(direction: Side, host: HostEndpoint, subjects: AddressSet, peers: AddressSet): Contribution {
    const origin = { kind: host.kind, policy: host.name, rule: direction, position: host.position };
    const anything = { protocol: null, sourcePorts: null, destinationPorts: null, icmp: null };
    const rules: ContributedRule[] = [{ subjects, peers, ...anything, action: 'unsupported', origin }];
    const tier = { name: 'host endpoints: forwarded traffic', rank: FORWARDED };
    return { direction, tier, order: 0, name: host.name, rules, isolations: [] };
  }

  /** (C41): policies that hold forwarded traffic, too, cannot be said in a pod's tiers. */
  function forwarded(direction: Side, { host, node, addresses }: HostAddresses, applied: readonly CalicoPolicy[]) {
    const pods = podsOf(node);
    if (!applied.some(({ applyOnForward }) => applyOnForward) || isEmpty(pods)) return [];
    const others = subtract(sets.everyone, union([pods, addresses, fromAddresses(node?.addresses ?? [])]));
    return [silent(direction, host, pods, others)];
  }

  function ofPolicy(
    direction: Side,
    policy: CalicoPolicy,
    host: HostEndpoint,
    subject: Subject,
    tiers: ReadonlyMap<string, RankedTier>,
    ranks: readonly string[],
  ): Contribution {
    const tier = tiers.get(policy.tier)!;
    const owner = ownerOf(policy);
    // (C40): what is not tracked passes without a connection, and its replies need rules of their own.
    const action: ActionOf | undefined = policy.doNotTrack
      ? ({ action }) => (action === 'Log' ? null : action === 'Pass' ? 'pass' : 'unsupported')
      : undefined;
    const rules = policy[direction].flatMap(rule => matches(direction, rule, owner, subject, action));
    const early = policy.doNotTrack ? UNTRACKED : policy.preDNAT ? PRE_DNAT : null;
    const place = placeOf(policy);
    // Several host endpoints have one policy: their parts stand side by side.
    const name = `${place.name} ${host.name}`;
    if (early === null) {
      const isolations = isolationOf(direction, policy, subject, tier.end);
      return { direction, tier: { name: tier.name, rank: tier.rank }, order: place.order, name, rules, isolations };
    }
    const kind = policy.doNotTrack ? 'not tracked' : 'before translation';
    const rank = RANK_BEFORE(early + ranks.indexOf(tier.name));
    return {
      direction,
      tier: { name: `${tier.name} (${kind})`, rank },
      order: place.order,
      name,
      rules,
      isolations: [],
    };
  }

  /** (C36) */
  function ofProfiles(
    direction: Side,
    host: HostEndpoint,
    subject: Subject,
    profiles: ReadonlyMap<string, CalicoProfile>,
  ): Contribution[] {
    const parts: Contribution[] = [];
    for (const [place, name] of host.profiles.entries()) {
      const profile = profiles.get(name);
      if (profile === undefined && name === DEFAULT_ALLOW) return parts;
      if (profile === undefined) {
        const tier = { name: 'profiles', rank: RANK_OF_PROFILE(place) };
        return [...parts, { ...silent(direction, host, subject.addresses, sets.everyone), tier }];
      }
      if (allowsAll(profile[direction])) return parts;
      const part = profilePart(direction, profile, subject, place, matches);
      parts.push({ ...part, name: `${part.name} ${host.name}` });
    }
    return [...parts, endPart(direction, subject, host.name, host, host.kind)];
  }

  function podsOf(node: Node | undefined): AddressSet {
    if (node === undefined) return NOWHERE;
    byNode ??= groupByNode(inventory);
    const pods = byNode.get(node.name);
    return pods === undefined ? NOWHERE : sets.of(pods);
  }
}

function groupByNode({ pods }: Inventory): Map<string, Inventory['pods'][number][]> {
  const groups = new Map<string, Inventory['pods'][number][]>();
  for (const pod of pods) {
    if (pod.hostNetwork) continue;
    const group = groups.get(pod.node);
    if (group === undefined) groups.set(pod.node, [pod]);
    else group.push(pod);
  }
  return groups;
}

/** (C37): an interface that is named, or told by its address, goes before the host endpoint of all interfaces. */
function placeHosts(hosts: readonly HostEndpoint[], inventory: Inventory): HostAddresses[] {
  const byName = new Map(inventory.nodes.map(node => [node.name, node]));
  const isHost = (address: string): boolean => inventory.byAddress.get(address)?.kind === 'node';
  const taken = new Map<string, AddressSet>();
  const placed = new Map<HostEndpoint, HostAddresses>();
  const isWildcard = ({ interfaceName }: HostEndpoint): boolean => interfaceName === '*';
  const inOrder = [...hosts].sort(
    (a, b) => Number(isWildcard(a)) - Number(isWildcard(b)) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  for (const host of inOrder) {
    const node = byName.get(host.node);
    const isUnknown = !isWildcard(host) && host.expectedIPs.length === 0;
    const all = isWildcard(host) || isUnknown ? [...(node?.addresses ?? []), ...host.expectedIPs] : host.expectedIPs;
    const before = taken.get(host.node) ?? NOWHERE;
    const addresses = subtract(fromAddresses(all.filter(isHost)), before);
    taken.set(host.node, isUnknown ? before : union([before, addresses]));
    placed.set(host, { host, node, addresses, isUnknown });
  }
  return hosts.map(host => placed.get(host)!);
}

const namedBy = (host: HostEndpoint, addresses: AddressSet): Selected => ({
  pods: [],
  hosts: [host],
  podSet: NOWHERE,
  addresses,
});

function problemsOf({ host, node, addresses, isUnknown }: HostAddresses, policies: readonly CalicoPolicy[]): Problem[] {
  const problems: Problem[] = [];
  const warn = (message: string, hint: string): void => {
    problems.push({
      severity: 'warning',
      position: host.position,
      message: `HostEndpoint ${host.name}: ${message}`,
      hint,
    });
  };
  if (isEmpty(addresses) && !isUnknown) {
    const what = node === undefined ? `node ${host.node} is not given` : "none of its addresses is a node's";
    warn(`${what}: it holds nothing`, 'add kubectl get nodes -o yaml to the cluster input');
  } else if (isUnknown) {
    warn(
      `the addresses of interface ${host.interfaceName} are not told: all that node ${host.node} sends and receives is undecided`,
      'list them in spec.expectedIPs',
    );
  }
  const forwards = policies.filter(({ applyOnForward }) => applyOnForward);
  if (forwards.length > 0) {
    const [one] = forwards;
    const more = forwards.length === 1 ? '' : ` and ${forwards.length - 1} more`;
    warn(
      `${one!.kind} ${one!.name}${more} hold forwarded traffic, too (applyOnForward): what passes between pods of node ${host.node} and anybody beyond it is undecided`,
      'what the node itself sends and receives is decided',
    );
  }
  return problems;
}
