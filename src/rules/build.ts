/**
 * Policies -> rules: NetworkPolicy v1 in the normal form (cold).
 *
 * In:  validated policies in document order, the inventory, and plain rules for the forward direction.
 * Out: a Ruleset with one tier "NetworkPolicy" a direction: its rules all allow (so their order decides only which of
 * several matching rules is reported: the first in document order), and a subject that some policy isolates is denied
 * what no rule allows. Numbers are items of docs/semantics.md.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import type { NetworkPolicy, Peer, PolicyPort, PolicyRule } from '../policy/policy.js';
import { fromCidr, NOWHERE, subtract, union } from './addresses.js';
import { createPodSets, type PodSets } from './pod-sets.js';
import { ALL_PORTS, NO_PORTS, portSet } from './ports.js';
import { SCTP, TCP, UDP } from './protocols.js';
import type { AddressSet, Direction, Isolation, Origin, PortSet, Rule, Ruleset, Tier } from './ruleset.js';
import { createPodSelection, EVERY, type PodSelection } from './selectors.js';

/** Rules of the forward direction, as rules/rule-files.ts reads them: indices count from 0 within `rules`. */
export interface ForwardRules {
  readonly tiers: readonly Tier[];
  readonly rules: readonly Rule[];
}

const PROTOCOL = { TCP, UDP, SCTP } as const;

export function buildRules(
  policies: readonly NetworkPolicy[],
  inventory: Inventory,
  forward: ForwardRules = { tiers: [], rules: [] },
): Ruleset {
  const rules: Rule[] = [];
  const selection = createPodSelection(inventory);
  const sets = createPodSets(inventory);
  const egress = buildTier('egress', policies, rules, selection, sets);
  const ingress = buildTier('ingress', policies, rules, selection, sets);
  return { rules, egress: [egress], ingress: [ingress], forward: appendTiers(forward.tiers, rules) };
}

/** Rules that were numbered on their own get their place behind the others. */
function appendTiers(tiers: readonly Tier[], rules: Rule[]): Tier[] {
  return tiers.map(tier => {
    const numbered = tier.rules.map(rule => {
      const placed = { ...rule, index: rules.length };
      rules.push(placed);
      return placed;
    });
    return { ...tier, rules: numbered };
  });
}

function buildTier(
  direction: 'egress' | 'ingress',
  policies: readonly NetworkPolicy[],
  rules: Rule[],
  selection: PodSelection,
  sets: PodSets,
): Tier {
  const tierRules: Rule[] = [];
  const isolations: Isolation[] = [];
  for (const policy of policies) {
    // (1)-(3): the loader has settled policyTypes; a direction that is not isolated has no rules that count.
    if (!(direction === 'egress' ? policy.isolatesEgress : policy.isolatesIngress)) continue;
    // (19), (20): hostNetwork pods are not among them, finished ones have no address.
    const subjects = selection.inNamespace(policy.namespace, policy.podSelector);
    const name = `${policy.namespace}/${policy.name}`;
    const origin = { kind: 'NetworkPolicy', policy: name, rule: direction, position: policy.position };
    isolations.push({ direction, tier: 0, subjects: sets.of(subjects), origin });

    policy[direction].forEach((rule, i) => {
      const ruleOrigin = { ...origin, rule: `${direction}[${i}]`, position: rule.position };
      for (const match of expandRule(direction, policy, rule, subjects, selection, sets)) {
        const built = makeRule(rules.length, direction, match, ruleOrigin);
        rules.push(built);
        tierRules.push(built);
      }
    });
  }
  return { name: 'NetworkPolicy', rules: tierRules, isolations };
}

/** What one document rule becomes: a match for each protocol, and for each number a named port resolves to. */
interface Match {
  readonly subjects: AddressSet;
  readonly peers: AddressSet;
  readonly protocol: number | null;
  readonly destinationPorts: PortSet | null;
}

function makeRule(index: number, direction: Direction, match: Match, origin: Origin): Rule {
  return { index, direction, tier: 0, ...match, sourcePorts: null, icmp: null, action: 'allow', origin };
}

function expandRule(
  direction: 'egress' | 'ingress',
  policy: NetworkPolicy,
  rule: PolicyRule,
  subjectPods: readonly Pod[],
  selection: PodSelection,
  sets: PodSets,
): Match[] {
  const subjects = sets.of(subjectPods);
  const peers = peerSet(policy, rule.peers, selection, sets);
  // (3), (16): without ports, every protocol matches, ICMP too.
  if (rule.ports === null) return [{ subjects, peers, protocol: null, destinationPorts: null }];

  const matches: Match[] = [];
  for (const [protocol, ports] of numberedPorts(rule.ports)) {
    matches.push({ subjects, peers, protocol, destinationPorts: ports });
  }
  for (const { protocol: name, port } of rule.ports) {
    if (typeof port !== 'string') continue;
    // (10): the name is looked up on the destination pod: the selected pod of ingress, each peer pod of egress.
    const protocol = PROTOCOL[name];
    const destinations = direction === 'ingress' ? subjectPods : peerPods(policy, rule.peers, selection);
    const groups = groupByPorts(destinations, port, name);
    for (const { pods, ports } of groups) {
      const resolved = sets.of(pods);
      matches.push(
        direction === 'ingress'
          ? { subjects: resolved, peers, protocol, destinationPorts: ports }
          : { subjects, peers: resolved, protocol, destinationPorts: ports },
      );
    }
    // A name that no pod has matches nothing, but the rule stays visible to `compile --emit rules`.
    if (groups.length === 0) matches.push({ subjects, peers: NOWHERE, protocol, destinationPorts: NO_PORTS });
  }
  return matches;
}

/** (9): numbers and ranges of a protocol are one set; `port` absent is all of them. */
function numberedPorts(ports: readonly PolicyPort[]): Map<number, PortSet | null> {
  const flat = new Map<number, number[]>();
  for (const { protocol, port, endPort } of ports) {
    if (typeof port === 'string') continue;
    const number = PROTOCOL[protocol];
    const list = flat.get(number) ?? [];
    if (port === null) list.push(...ALL_PORTS);
    else list.push(port, endPort ?? port);
    flat.set(number, list);
  }
  const out = new Map<number, PortSet | null>();
  for (const [protocol, list] of flat) {
    const set = portSet(list);
    out.set(protocol, set.length === 2 && set[0] === 0 && set[1] === 65535 ? null : set);
  }
  return out;
}

/** (10): by name and protocol, init containers included; a name that stands twice means both numbers. */
function groupByPorts(pods: readonly Pod[], name: string, protocol: string): { pods: Pod[]; ports: PortSet }[] {
  const groups = new Map<string, { pods: Pod[]; ports: PortSet }>();
  for (const pod of pods) {
    const ports = portSet(
      pod.ports.filter(p => p.name === name && p.protocol === protocol).flatMap(p => [p.port, p.port]),
    );
    if (ports.length === 0) continue;
    const key = ports.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { pods: [pod], ports });
    else group.pods.push(pod);
  }
  return [...groups.values()];
}

/** (4): peers OR; null = everyone, external addresses included (3). */
function peerSet(
  policy: NetworkPolicy,
  peers: PolicyRule['peers'],
  selection: PodSelection,
  sets: PodSets,
): AddressSet {
  if (peers === null) return sets.everyone;
  return union(
    peers.map(peer =>
      peer.kind === 'ipBlock'
        ? blockSet(peer.cidr, peer.except, sets)
        : sets.of(selectPeer(policy.namespace, peer, selection)),
    ),
  );
}

/** The pods among the peers that selectors name; of null peers every pod. An ipBlock names none (10). */
function peerPods(policy: NetworkPolicy, peers: PolicyRule['peers'], selection: PodSelection): readonly Pod[] {
  if (peers === null) return selection.all;
  const pods = new Set<Pod>();
  for (const peer of peers) {
    if (peer.kind === 'pods') for (const pod of selectPeer(policy.namespace, peer, selection)) pods.add(pod);
  }
  return [...pods];
}

/** (5): podSelector alone = the policy's namespace; namespaceSelector alone = all pods of those; both = AND (4). */
function selectPeer(namespace: string, peer: Extract<Peer, { kind: 'pods' }>, selection: PodSelection): readonly Pod[] {
  const pods = peer.podSelector ?? EVERY;
  return peer.namespaceSelector === null
    ? selection.inNamespace(namespace, pods)
    : selection.inNamespaces(peer.namespaceSelector, pods);
}

/** (8): cidr without except, pod addresses included (the `upstream` profile). */
function blockSet(cidr: string, except: readonly string[], sets: PodSets): AddressSet {
  const block = fromCidr(cidr);
  if (block === null) throw new Error(`ipBlock.cidr ${JSON.stringify(cidr)} passed validation but is no prefix`);
  const holes = except.map(text => {
    const hole = fromCidr(text);
    if (hole === null) throw new Error(`ipBlock.except ${JSON.stringify(text)} passed validation but is no prefix`);
    return hole;
  });
  const remaining = holes.length === 0 ? block : subtract(block, union(holes));
  // A pod without an address will be somewhere: only a block that is everything surely holds it.
  const whole = holes.length === 0 && /\/0$/.test(cidr);
  return whole ? { ...remaining, unaddressed: sets.everyone.unaddressed } : remaining;
}
