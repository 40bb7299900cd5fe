/**
 * Reach: on what one endpoint can talk to another, exactly (cold). The cells of `policap matrix`.
 *
 * In:  compiled policies.  Out: for a pair of endpoint classes the set of ports a protocol, without sampling: answers can
 * change only where a range of a rule about the pair begins or behind where it ends, so the linear engine is asked once a
 * cell between such boundaries (cells.ts). Endpoints that no rule tells apart share a class, and a class pair one answer.
 * The address families are asked apart: rules with ipBlocks may open one and not the other.
 */
import type { Inventory, Pod } from '../cluster/inventory.js';
import type { Compiled } from '../compile.js';
import { protocolText } from '../packet/text.js';
import * as addresses from '../rules/addresses.js';
import { heldAddresses } from '../rules/pod-sets.js';
import { intersectPorts, portSet, unionPorts } from '../rules/ports.js';
import { ICMP, ICMPV6 } from '../rules/protocols.js';
import type { AddressSet, PortSet, Rule, Ruleset } from '../rules/ruleset.js';
import type { Endpoint } from '../tree/classifier.js';
import { createLinear } from '../tree/linear.js';
import { combine } from '../verdict/outcome.js';
import { type Verdict, verdictOf } from '../verdict/verdict.js';
import { cellsOf, type Range, UNNAMED } from './cells.js';
import type { OutsideBlock } from './outside.js';

/**
 * What is allowed, by protocol: port sets where the protocol has ports, else [0, 65535] for allowed. OTHER stands for
 * every protocol that no rule names.
 */
export type Reach = ReadonlyMap<string, PortSet>;

/**
 * A pair's reach in each family in which both have an address, and what holds in all of these: from every source port, and
 * with every type of ICMP.
 */
export interface PairReach {
  readonly all: Reach;
  /** Null where the pair cannot talk in that family at all. */
  readonly v4: Reach | null;
  readonly v6: Reach | null;
  /** What it may from some source ports alone, or of some types of ICMP alone. */
  readonly part: Reach;
  /** What is not known: it depends on a request or a DNS name, or on what is not judged. */
  readonly undecided: Reach;
}

interface FamilyReach extends Pick<PairReach, 'part' | 'undecided'> {
  readonly whole: Reach;
}

export const OTHER = 'other';
const ALL: Range = [0, 65535];

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
    const inFamily = (family: 4 | 6): FamilyReach | null => {
      const its = pairs.filter(({ a, b }) => (a.family || b.family || family) === family);
      return its.length === 0 ? null : reachOf(rules, its, family);
    };
    const [v4, v6] = [inFamily(4), inFamily(6)];
    if (v4 === null || v6 === null) {
      const { whole, part, undecided } = v4 ?? v6 ?? reachOf(rules, [], 4);
      return { all: whole, v4: v4 && whole, v6: v6 && whole, part, undecided };
    }
    return {
      all: mergeReach(v4.whole, v6.whole, intersectPorts),
      v4: v4.whole,
      v6: v6.whole,
      part: mergeReach(v4.part, v6.part, unionPorts),
      undecided: mergeReach(v4.undecided, v6.undecided, unionPorts),
    };
  }

  function reachOf(
    rules: readonly Rule[],
    pairs: readonly { readonly a: Sample; readonly b: Sample }[],
    family: 4 | 6,
  ): FamilyReach {
    const segments = new Map<string, { protocol: string; ports: Range; verdicts: Set<Verdict> }>();
    for (const { protocol: number, ports, packet } of cellsOf(rules, family)) {
      const protocol = number === UNNAMED ? OTHER : number === ICMPV6 ? protocolText(ICMP) : protocolText(number);
      const key = `${protocol} ${ports?.[0] ?? 0}`;
      const segment = segments.get(key) ?? { protocol, ports: ports ?? ALL, verdicts: new Set() };
      segments.set(key, segment);
      for (const { a, b } of pairs) {
        const [egress, ingress, forward] = linear.decide({ source: a.endpoint, destination: b.endpoint, ...packet });
        segment.verdicts.add(verdictOf(combine(egress, ingress, forward, ruleset.rules)));
      }
    }
    const all = [...segments.values()];
    const where = (is: (verdicts: ReadonlySet<Verdict>) => boolean): Reach =>
      new Map(
        [...new Set(all.map(({ protocol }) => protocol))].map(protocol => [
          protocol,
          portSet(all.filter(it => it.protocol === protocol && is(it.verdicts)).flatMap(({ ports }) => ports)),
        ]),
      );
    return {
      whole: where(verdicts => verdicts.has('allowed') && verdicts.size === 1),
      part: where(verdicts => verdicts.has('allowed') && verdicts.size > 1),
      undecided: where(verdicts => verdicts.has('undecided')),
    };
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
