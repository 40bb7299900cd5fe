/**
 * Reach: on what one endpoint can talk to another, exactly (cold). The cells of `policap matrix`.
 *
 * In:  compiled policies.  Out: for a pair of endpoint classes the set of ports a protocol, without sampling: answers can
 * change only where a port range of a rule about the pair begins or behind where it ends, so the linear engine is asked
 * once a segment between such boundaries. Endpoints that no rule tells apart share a class, and a class pair one answer.
 * The address families are asked apart: rules with ipBlocks may open one and not the other.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import { protocolText } from '../packet/text.js';
import * as addresses from '../rules/addresses.js';
import { heldAddresses } from '../rules/pod-sets.js';
import { intersectPorts, unionPorts } from '../rules/ports.js';
import { hasPorts, ICMP, ICMPV6, SCTP, TCP, UDP } from '../rules/protocols.js';
import type { AddressSet, PortSet, Rule, Ruleset } from '../rules/ruleset.js';
import type { Endpoint } from '../tree/classifier.js';
import { createLinear } from '../tree/linear.js';
import { combine } from '../verdict/outcome.js';
import { verdictOf } from '../verdict/verdict.js';
import type { OutsideBlock } from './outside.js';

/**
 * What is allowed, by protocol: port sets where the protocol has ports, else [0, 65535] for allowed. OTHER stands for
 * every protocol that no rule names.
 */
export type Reach = ReadonlyMap<string, PortSet>;

/** A pair's reach in each family in which both have an address, and what holds in all of these. */
export interface PairReach {
  readonly all: Reach;
  /** Null where the pair cannot talk in that family at all. */
  readonly v4: Reach | null;
  readonly v6: Reach | null;
}

export const OTHER = 'other';
const ALL: PortSet = [0, 65535];

/** An end of the matrix: a pod, or addresses outside that no rule tells apart. */
export interface ReachEnd {
  /** Ends of one class have the same answers to everybody. */
  readonly cls: number;
  /** Owner index, -1 outside. */
  readonly owner: number;
}

export interface ReachTable {
  readonly pods: readonly { readonly pod: Pod; readonly end: ReachEnd }[];
  readonly outside: readonly { readonly block: OutsideBlock; readonly end: ReachEnd }[];
  between(source: ReachEnd, destination: ReachEnd): PairReach;
}

type Sample = { readonly endpoint: Endpoint; readonly family: number };

interface EndpointClass {
  readonly endpoints: readonly Sample[];
  /** Another member's, where there is one: a class talks to itself, but a pod's traffic to itself is no matter of policy. */
  others: readonly Sample[] | null;
  /** Rules whose subjects, or peers, hold it. */
  readonly subjectOf: ReadonlySet<Rule>;
  readonly peerOf: ReadonlySet<Rule>;
}

export function createReachTable(
  { ruleset, inventory }: Pick<Compiled, 'ruleset' | 'inventory'>,
  outsideBlocks: readonly OutsideBlock[],
): ReachTable {
  const linear = createLinear(ruleset, inventory);
  const classes: EndpointClass[] = [];
  const bySignature = new Map<string, number>();
  const membership = createMembership(ruleset);

  function classOf(endpoints: readonly Sample[], holds: Holds, kind: string): number {
    const { subjectOf, peerOf, signature } = membership(holds);
    const key = `${kind} ${endpoints.map(({ family }) => family).join()} ${signature}`;
    const known = bySignature.get(key);
    if (known !== undefined) {
      classes[known]!.others ??= endpoints;
      return known;
    }
    bySignature.set(key, classes.length);
    classes.push({ endpoints, others: null, subjectOf, peerOf });
    return classes.length - 1;
  }

  const pods = inventory.pods
    .filter(pod => !pod.hostNetwork)
    .map(pod => {
      const endpoints = podEndpoints(pod, inventory);
      return { pod, end: { cls: classOf(endpoints, podHolder(pod, inventory), 'pod'), owner: pod.owner } };
    });
  const outside = outsideBlocks.map(block => {
    const endpoints = block.samples.map(address => ({
      endpoint: { owner: -1, address },
      family: address.includes(':') ? 6 : 4,
    }));
    const holds = holderOf(block.samples);
    return { block, end: { cls: classOf(endpoints, holds, 'outside'), owner: -1 } };
  });

  function compute(source: EndpointClass, destination: EndpointClass): PairReach {
    const rules = relevant(ruleset, source, destination);
    const targets = source === destination ? (source.others ?? source.endpoints) : destination.endpoints;
    const pairs = source.endpoints.flatMap(a =>
      targets.filter(b => a.family === b.family || a.family === 0 || b.family === 0).map(b => ({ a, b })),
    );
    const inFamily = (family: number): Reach | null => {
      const its = pairs.filter(({ a, b }) => (a.family || b.family || family) === family);
      return its.length === 0 ? null : reachOf(rules, its);
    };
    const [v4, v6] = [inFamily(4), inFamily(6)];
    const all = v4 !== null && v6 !== null ? mergeReach(v4, v6, intersectPorts) : (v4 ?? v6 ?? reachOf(rules, []));
    return { all, v4, v6 };
  }

  function reachOf(rules: readonly Rule[], pairs: readonly { readonly a: Sample; readonly b: Sample }[]): Reach {
    const reach = new Map<string, PortSet>();
    for (const protocol of protocolsOf(rules)) {
      const allowed: number[] = [];
      for (const [lo, hi] of segmentsOf(rules, protocol)) {
        const every = pairs.every(({ a, b }) => {
          const number = protocol === ICMP && (a.family || b.family) === 6 ? ICMPV6 : protocol;
          const [egress, ingress, forward] = linear.decide({
            source: a.endpoint,
            destination: b.endpoint,
            protocol: number === UNNAMED ? unnamedProtocol(rules) : number,
            sourcePort: -1,
            destinationPort: hasPorts(number) ? lo : -1,
            icmpType: -1,
            icmpCode: -1,
          });
          return verdictOf(combine(egress, ingress, forward, ruleset.rules)) === 'allowed';
        });
        if (every && pairs.length > 0) allowed.push(lo, hi);
      }
      reach.set(protocol === UNNAMED ? OTHER : protocolText(protocol), unionPorts(allowed));
    }
    return reach;
  }

  const known = new Map<number, PairReach>();
  return {
    pods,
    outside,
    between(source, destination) {
      const key = source.cls * classes.length + destination.cls;
      let reach = known.get(key);
      if (reach === undefined) {
        reach = compute(classes[source.cls]!, classes[destination.cls]!);
        known.set(key, reach);
      }
      return reach;
    },
  };
}

/** Stands for every protocol that no rule names. */
export const UNNAMED = 256;
const ALWAYS: readonly number[] = [TCP, UDP, SCTP, ICMP];

export function protocolsOf(rules: readonly Rule[]): readonly number[] {
  const named = rules
    .flatMap(({ protocol, within }) => [
      ...(protocol === null ? [] : [protocol]),
      ...bordering(within?.protocols ?? []),
    ])
    .filter(protocol => protocol !== ICMPV6);
  return [...new Set([...ALWAYS, ...named, UNNAMED])];
}

/** The protocols next to ranges of them: of "everything but TCP" that is TCP. */
const bordering = (ranges: PortSet): number[] =>
  ranges.map((bound, i) => bound + (i % 2 === 0 ? -1 : 1)).filter(protocol => protocol >= 0 && protocol <= 255);

/** A number that no rule names: from 253 down (RFC 3692 keeps 253 and 254 for experiments). */
export function unnamedProtocol(rules: readonly Rule[]): number {
  const named = new Set(rules.flatMap(({ protocol, within }) => [protocol, ...bordering(within?.protocols ?? [])]));
  let number = 253;
  while (named.has(number) || hasPorts(number) || number === ICMP || number === ICMPV6) number--;
  return number;
}

/** Port ranges within which every rule says the same. */
function segmentsOf(rules: readonly Rule[], protocol: number): [number, number][] {
  if (!hasPorts(protocol)) return [[0, 65535]];
  const starts = new Set([0]);
  for (const rule of rules) {
    if (rule.protocol !== null && rule.protocol !== protocol) continue;
    rule.destinationPorts?.forEach((bound, i) => {
      const start = i % 2 === 0 ? bound : bound + 1;
      if (start <= 65535) starts.add(start);
    });
  }
  const sorted = [...starts].sort((a, b) => a - b);
  return sorted.map((lo, i) => [lo, (sorted[i + 1] ?? 65536) - 1]);
}

/** The rules that could match a packet from one to the other. */
function relevant(ruleset: Ruleset, source: EndpointClass, destination: EndpointClass): Rule[] {
  return ruleset.rules.filter(rule =>
    rule.direction === 'ingress'
      ? destination.subjectOf.has(rule) && source.peerOf.has(rule)
      : source.subjectOf.has(rule) && destination.peerOf.has(rule),
  );
}

/** Which sets of the ruleset hold an end; a set is looked into once, however many rules share it. */
function createMembership(ruleset: Ruleset) {
  const sets = new Map<AddressSet, number>();
  const number = (set: AddressSet): void => {
    if (!sets.has(set)) sets.set(set, sets.size);
  };
  for (const rule of ruleset.rules) {
    number(rule.subjects);
    number(rule.peers);
  }
  for (const tiers of [ruleset.egress, ruleset.ingress, ruleset.forward]) {
    for (const { subjects } of tiers.flatMap(tier => tier.isolations)) number(subjects);
  }
  return (holds: Holds) => {
    const held = new Set<AddressSet>();
    const signature: string[] = [];
    for (const [set, index] of sets) {
      const families = holds(set);
      if (families === '') continue;
      held.add(set);
      signature.push(`${index}/${families}`);
    }
    return {
      subjectOf: new Set(ruleset.rules.filter(({ subjects }) => held.has(subjects))),
      peerOf: new Set(ruleset.rules.filter(({ peers }) => held.has(peers))),
      signature: signature.join(),
    };
  };
}

/** One endpoint a family, by the first address held; a pod without one is asked about by name. */
function podEndpoints(pod: Pod, inventory: Inventory): readonly Sample[] {
  const held = heldAddresses(pod, inventory);
  if (held.length === 0) return [{ endpoint: { owner: pod.owner, address: null }, family: 0 }];
  return [4, 6].flatMap(family => {
    const address = held.find(text => text.includes(':') === (family === 6));
    return address === undefined ? [] : [{ endpoint: { owner: pod.owner, address }, family }];
  });
}

/** In which families a set holds an end: '4', '6', '46', '0' for a pod without an address, '' for none. */
type Holds = (set: AddressSet) => string;

function podHolder(pod: Pod, inventory: Inventory): Holds {
  const held = heldAddresses(pod, inventory);
  return held.length > 0 ? holderOf(held) : set => (addresses.containsUnaddressed(set, pod.owner) ? '0' : '');
}

function holderOf(held: readonly string[]): Holds {
  const v4 = held.map(addresses.parseV4).filter(it => it !== null);
  const v6 = held.map(text => addresses.parseV6(text)).filter(it => it !== null);
  return set =>
    (v4.some(it => addresses.containsV4(set, it)) ? '4' : '') +
    (v6.some(it => addresses.containsV6(set, it)) ? '6' : '');
}

/** A protocol that one side does not name is there what every other protocol is. */
export function mergeReach(a: Reach, b: Reach, operation: (x: PortSet, y: PortSet) => PortSet): Reach {
  const merged = new Map<string, PortSet>();
  for (const protocol of new Set([...a.keys(), ...b.keys()])) {
    merged.set(protocol, operation(portsOf(a, protocol), portsOf(b, protocol)));
  }
  return merged;
}

const portsOf = (reach: Reach, protocol: string): PortSet => reach.get(protocol) ?? reach.get(OTHER) ?? [];

export const isAll = (ports: PortSet): boolean => ports.length === 2 && ports[0] === ALL[0] && ports[1] === ALL[1];
