/**
 * One rule of an administrators' policy -> rules of the normal form (cold).
 *
 * In:  a rule, its direction, its policy's subjects.  Out: ContributedRules of one action, in any order; behind them, for
 * what the rule could match without anybody knowing, `unsupported` ones. Numbers (A..) are facts of docs/dialects/admin.md.
 */
import type { Pod } from '../../cluster/inventory.js';
import { type Problem, warning } from '../../documents/document.js';
import type { AdminPolicy, AdminPort, AdminRule, SelectedPods } from '../../policy/admin/model.js';
import { fromCidr, isEmpty, NOWHERE, union } from '../addresses.js';
import { createClusterSets } from '../cluster-sets.js';
import type { ContributedRule, RuleContext, Side } from '../contribution.js';
import { createNamedPorts, PROTOCOL_OF } from '../named-ports.js';
import { portSet } from '../ports.js';
import type { AddressSet, Origin, PortSet, Rule } from '../ruleset.js';

type Header = Pick<Rule, 'protocol' | 'destinationPorts'>;

const ANY_HEADER: Header = { protocol: null, destinationPorts: null };

export type RulesOf = (policy: AdminPolicy, side: Side, rule: AdminRule, problems: Problem[]) => ContributedRule[];

export function createRulesOf({ inventory, selection, sets, profile }: RuleContext): RulesOf {
  const clusterSets = createClusterSets(inventory);
  const namedPorts = createNamedPorts(profile);
  const portSets = new Map<string, PortSet>();
  const prefixes = new Map<string, AddressSet>();

  /** (A3), (A5): never hostNetwork pods. */
  const podsOf = ({ namespaceSelector, podSelector }: SelectedPods): readonly Pod[] =>
    selection.inNamespaces(namespaceSelector, podSelector);

  /** Equal sets of ports are one object. */
  function sharedPorts(flat: readonly number[]): PortSet {
    const ports = portSet(flat);
    const known = portSets.get(ports.join()) ?? ports;
    portSets.set(ports.join(), known);
    return known;
  }

  /** (A7): whoever stands there, pods and nodes too. A pod without an address stands somewhere. */
  function networks(cidrs: readonly string[]): AddressSet {
    const key = cidrs.join();
    let set = prefixes.get(key);
    if (set === undefined) {
      set = union(cidrs.map(cidr => fromCidr(cidr) ?? NOWHERE));
      if (cidrs.some(cidr => cidr.endsWith('/0'))) set = { ...set, unaddressed: sets.everyone.unaddressed };
      prefixes.set(key, set);
    }
    return set;
  }

  /** (A6): by the nodes' labels. */
  const peerSet = (rule: AdminRule): AddressSet => {
    const given = rule.peers.map(peer => {
      if (peer.kind === 'pods') return sets.of(podsOf(peer));
      if (peer.kind === 'nodes') return clusterSets.nodes(peer.selector, 'announced');
      return peer.kind === 'networks' ? networks(peer.cidrs) : NOWHERE;
    });
    return given.length === 1 ? given[0]! : union([NOWHERE, ...given]);
  };

  return (policy, side, rule, problems) => {
    const subjectPods = podsOf(policy.subject);
    const subjects = sets.of(subjectPods);
    const origin: Origin = { kind: policy.kind, policy: policy.name, rule: rule.rule, position: rule.position };
    const make = (
      action: Rule['action'],
      { protocol, destinationPorts }: Header,
      peers: AddressSet,
      of = subjects,
    ): ContributedRule => ({
      subjects: of,
      peers,
      protocol,
      sourcePorts: null,
      destinationPorts,
      icmp: null,
      action,
      origin,
    });
    // (A12): a peer that nobody knows fails closed.
    if (rule.peers.some(({ kind }) => kind === 'unknown')) {
      return rule.action === 'allow' ? [] : [make('deny', ANY_HEADER, sets.everyone)];
    }
    const peers = peerSet(rule);
    const hasNames = rule.peers.some(({ kind }) => kind === 'domainNames');
    const rules: ContributedRule[] = [];
    // (A8): what a name stands for is outside the cluster.
    const add = (header: Header): void => {
      rules.push(make(rule.action, header, peers));
      if (hasNames) rules.push(make('unsupported', header, clusterSets.outside));
    };
    if (rule.ports === null) add(ANY_HEADER);
    else {
      for (const header of numbered(rule.ports, sharedPorts)) add(header);
      for (const port of rule.ports) {
        if (port.kind !== 'name') continue;
        // (A10): on the destination pod: the subject of ingress, each peer pod of egress.
        const destinations =
          side === 'ingress' ? [subjectPods] : rule.peers.map(peer => (peer.kind === 'pods' ? podsOf(peer) : []));
        for (const pods of destinations) {
          for (const { protocol, ports, pods: having } of namedPorts(pods, port.name, null)) {
            const header = { protocol, destinationPorts: ports };
            const those = sets.of(having);
            rules.push(side === 'ingress' ? make(rule.action, header, peers, those) : make(rule.action, header, those));
          }
        }
      }
      // (A13): a match of protocols that nobody knows: any packet between these ends may be meant.
      if (rule.ports.some(({ kind }) => kind === 'unknown')) {
        rules.push(make('unsupported', ANY_HEADER, hasNames ? union([peers, clusterSets.outside]) : peers));
      }
    }
    if (hasNames) problems.push(namesWarning(policy, rule));
    const known = rules.filter(it => !isEmpty(it.subjects) && !isEmpty(it.peers));
    // What is decided comes first: a packet that the rule surely matches is not undecided.
    const decided = known.filter(({ action }) => action !== 'unsupported');
    return [...decided, ...known.filter(({ action }) => action === 'unsupported')];
  };
}

/** (A9): numbers of a protocol are one set. */
function numbered(ports: readonly AdminPort[], shared: (flat: readonly number[]) => PortSet): Header[] {
  const flat = new Map<number, number[] | null>();
  for (const port of ports) {
    if (port.kind !== 'numbers') continue;
    const protocol = PROTOCOL_OF[port.protocol];
    const known = flat.get(protocol);
    if (port.range === null || known === null) flat.set(protocol, null);
    else flat.set(protocol, [...(known ?? []), ...port.range]);
  }
  return [...flat].map(([protocol, list]) => ({ protocol, destinationPorts: list === null ? null : shared(list) }));
}

function namesWarning({ kind, name }: AdminPolicy, { rule, position }: AdminRule): Problem {
  return warning(
    position,
    `${kind} ${name} ${rule} names domains: what it could match, any address outside the cluster, is undecided`,
    'write the addresses as networks to have it decided',
  );
}
