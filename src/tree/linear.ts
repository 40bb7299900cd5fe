/**
 * The linear engine: every rule in order, for every question. Obvious and slow: it is the specification to which the
 * decision tree is held. Numbers are items of docs/semantics.md, each at the line that decides it.
 *
 * In:  a Ruleset and an Inventory.  Out: a QuestionClassifier: packets (classify) and questions by name (decide).
 */
import { type Inventory, NODE_LOCAL_DNS } from '../cluster/inventory.js';
import { DPORT, DST, FAMILY, ICMP_CODE, ICMP_TYPE, PROTOCOL, SPORT, SRC, STRIDE } from '../packet/row.js';
import { containsUnaddressed, containsV4, containsV6, parseV4, parseV6 } from '../rules/addresses.js';
import { heldAddresses } from '../rules/pod-sets.js';
import { containsPort } from '../rules/ports.js';
import { hasPorts, ICMP, ICMPV6 } from '../rules/protocols.js';
import type { AddressSet, NameCondition, PortSet, Rule, Ruleset, Tier } from '../rules/ruleset.js';
import {
  EGRESS,
  type Endpoint,
  FORWARD,
  INGRESS,
  OUTCOME_DEFAULT_DENY,
  OUTCOME_LOOPBACK,
  OUTCOME_NODE,
  OUTCOME_NONE,
  OUTCOME_NOT_ISOLATED,
  OUTCOMES,
  type QuestionClassifier,
} from './classifier.js';

/** One end of a packet: who owns it, and where it stands. Both families null: a pod without an address. */
export interface Side {
  /** Owner index as asked, -1 where nobody. */
  readonly owner: number;
  /** The pod that owns the address, -1 where none does. hostNetwork pods own none: they are their node (19). */
  readonly pod: number;
  /** The node that owns the address, or -1. */
  readonly node: number;
  /** The node the pod runs on, or -1. */
  readonly host: number;
  readonly v4: number | null;
  readonly v6: bigint | null;
}

export interface Packet {
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpCode: number;
}

/** Whether DNS answers gave the peer a name that the rule asks for; null where nobody can tell. */
export type Knows = (names: NameCondition, subject: Side, peer: Side) => boolean | null;

/** @param knows absent: nobody can tell */
export function createLinear(ruleset: Ruleset, inventory: Inventory, knows: Knows = () => null): QuestionClassifier {
  const started = performance.now();
  const ownerOfV4 = new Map<number, number>();
  const ownerOfV6 = new Map<bigint, number>();
  for (const [text, { owner }] of inventory.byAddress) {
    const v4 = parseV4(text);
    const v6 = v4 === null ? parseV6(text) : null;
    if (v4 !== null) ownerOfV4.set(v4, owner);
    if (v6 !== null) ownerOfV6.set(v6, owner);
  }
  const nodeLocal = parseV4(NODE_LOCAL_DNS);
  const nodeByName = new Map(inventory.nodes.map(node => [node.name, node.owner]));
  const buildMs = performance.now() - started;

  function side(owner: number, v4: number | null, v6: bigint | null): Side {
    const o = owner < 0 ? undefined : inventory.owners[owner];
    if (o?.kind === 'pod') {
      const host = nodeByName.get(o.node) ?? -1;
      return o.hostNetwork
        ? { owner, pod: -1, node: host, host: -1, v4, v6 }
        : { owner, pod: owner, node: -1, host, v4, v6 };
    }
    return { owner, pod: -1, node: o?.kind === 'node' ? owner : -1, host: -1, v4, v6 };
  }

  /** An address that is every node's own, as each of its pods sees it. */
  const isNodeLocal = ({ owner, v4 }: Side): boolean => owner < 0 && v4 === nodeLocal;

  function decideDirection(tiers: readonly Tier[], subject: Side, peer: Side, packet: Packet): number {
    for (let t = 0; t < tiers.length; t++) {
      const tier = tiers[t]!;
      let rule: Rule | undefined;
      for (const candidate of tier.rules) {
        if (!matchesRule(candidate, subject, peer, packet)) continue;
        const known = candidate.names === undefined ? null : knowsAll(candidate.names, subject, peer);
        if (known === false) continue;
        // What it says of a peer that has the name stands behind it.
        rule = known === true ? ruleset.rules[candidate.index + 1]! : candidate;
        break;
      }
      if (rule !== undefined && rule.action !== 'pass') return rule.index;
      if (rule !== undefined) continue;
      // (11): one isolating policy is enough, and a pod that is isolated gets only what a rule allows.
      if (tier.isolations.some(({ subjects }) => containsSide(subjects, subject))) return OUTCOME_DEFAULT_DENY - t;
    }
    return OUTCOME_NOT_ISOLATED;
  }

  /** All conditions must hold: one that does not is the answer, whatever is not known of others. */
  function knowsAll(names: NameCondition, subject: Side, peer: Side): boolean | null {
    let all: boolean | null = true;
    for (let it: NameCondition | undefined = names; it !== undefined; it = it.also) {
      const known = knows(it, subject, peer);
      if (known === false) return false;
      if (known === null) all = null;
    }
    return all;
  }

  /** (12), (19): a side that is no pod imposes nothing, nor does a node where no policy is about nodes. */
  const isSubject = ({ pod, node }: Side): boolean => pod >= 0 || (node >= 0 && ruleset.ofNodes === true);

  function judge(source: Side, destination: Side, packet: Packet): readonly [number, number, number] {
    // A forwarding host knows nothing of pods and nodes: it judges whatever it sees, once.
    const forward =
      ruleset.forward.length === 0 ? OUTCOME_NONE : decideDirection(ruleset.forward, source, destination, packet);
    // (13): a pod can always reach itself, through any of its addresses.
    if (source.pod >= 0 && source.pod === destination.pod) return [OUTCOME_LOOPBACK, OUTCOME_LOOPBACK, forward];
    // (14): a node and its own pods, either way, whatever addresses they use; and a node and itself.
    const bothWays = ruleset.ownNode !== 'to-pods';
    if (
      (source.node >= 0 && (source.node === destination.host || source.node === destination.node)) ||
      (bothWays && destination.node >= 0 && destination.node === source.host) ||
      (isNodeLocal(source) && (destination.host >= 0 || destination.node >= 0)) ||
      (isNodeLocal(destination) && ((bothWays && source.host >= 0) || source.node >= 0))
    ) {
      // No policy of the pod's comes between them; the node may have its own.
      const isLink = isNodeLocal(source) || isNodeLocal(destination) || source.node === destination.node;
      const asks = (side: Side): boolean => !isLink && side.node >= 0 && isSubject(side);
      return [
        asks(source) ? decideDirection(ruleset.egress, source, destination, packet) : OUTCOME_NODE,
        asks(destination) ? decideDirection(ruleset.ingress, destination, source, packet) : OUTCOME_NODE,
        forward,
      ];
    }
    return [
      isSubject(source) ? decideDirection(ruleset.egress, source, destination, packet) : OUTCOME_NONE,
      isSubject(destination) ? decideDirection(ruleset.ingress, destination, source, packet) : OUTCOME_NONE,
      forward,
    ];
  }

  function ownerOf(rows: Int32Array, base: number, word: number): number {
    return (
      (rows[base + FAMILY] === 4
        ? ownerOfV4.get(rows[base + word]! >>> 0)
        : rows[base + FAMILY] === 6
          ? ownerOfV6.get(readV6(rows, base + word))
          : undefined) ?? -1
    );
  }

  function sideOfRow(rows: Int32Array, base: number, word: number): Side {
    const family = rows[base + FAMILY];
    const v4 = family === 4 ? rows[base + word]! >>> 0 : null;
    const v6 = family === 6 ? readV6(rows, base + word) : null;
    return side(ownerOf(rows, base, word), v4, v6);
  }

  /** An address that is somebody else's by now does not make the pod that somebody (20). */
  function sideOfEndpoint({ owner, address }: Endpoint): Side {
    const v4 = address === null ? null : parseV4(address);
    const v6 = address === null || v4 !== null ? null : parseV6(address);
    const holder = v4 !== null ? ownerOfV4.get(v4) : v6 !== null ? ownerOfV6.get(v6) : undefined;
    const named = owner < 0 ? undefined : inventory.owners[owner];
    if (named === undefined) return side(holder ?? -1, v4, v6);
    const claims = named.kind === 'pod' && !named.hostNetwork && holder !== owner;
    if (!claims) return side(owner, v4, v6);
    const held = heldAddresses(named, inventory)[0];
    return held === undefined ? side(owner, null, null) : side(owner, parseV4(held), parseV6(held));
  }

  function classify(rows: Int32Array, base: number, out: Int32Array, at: number): void {
    if (rows[base + FAMILY] !== 4 && rows[base + FAMILY] !== 6) {
      out.fill(OUTCOME_NONE, at, at + OUTCOMES);
      return;
    }
    const packet = {
      protocol: rows[base + PROTOCOL]!,
      sourcePort: rows[base + SPORT]!,
      destinationPort: rows[base + DPORT]!,
      icmpType: rows[base + ICMP_TYPE]!,
      icmpCode: rows[base + ICMP_CODE]!,
    };
    const outcomes = judge(sideOfRow(rows, base, SRC), sideOfRow(rows, base, DST), packet);
    out[at + EGRESS] = outcomes[0];
    out[at + INGRESS] = outcomes[1];
    out[at + FORWARD] = outcomes[2];
  }

  return {
    engine: 'linear',
    ruleset,
    ownerOf,
    classify,
    classifyBatch(rows, count, out) {
      for (let i = 0; i < count; i++) classify(rows, i * STRIDE, out, i * OUTCOMES);
    },
    decide(question) {
      return judge(sideOfEndpoint(question.source), sideOfEndpoint(question.destination), question);
    },
    matches(rule, question) {
      const source = sideOfEndpoint(question.source);
      const destination = sideOfEndpoint(question.destination);
      const isIngress = rule.direction === 'ingress';
      return matchesRule(rule, isIngress ? destination : source, isIngress ? source : destination, question);
    },
    stats() {
      const { length } = ruleset.rules;
      return { engine: 'linear', rules: length, addressClasses: 0, nodes: length, depth: length, bytes: 0, buildMs };
    },
  };
}

function matchesRule(rule: Rule, subject: Side, peer: Side, packet: Packet): boolean {
  return containsSide(rule.subjects, subject) && containsSide(rule.peers, peer) && matchesHeader(rule, packet);
}

/** Whether the rule says something about such a packet, whoever sends it to whom. */
export function matchesHeader(rule: Rule, packet: Packet): boolean {
  return (
    // (22): a rule for one protocol says nothing about another.
    (rule.protocol === null || rule.protocol === packet.protocol) &&
    matchesPort(rule.sourcePorts, packet.protocol, packet.sourcePort) &&
    matchesPort(rule.destinationPorts, packet.protocol, packet.destinationPort) &&
    matchesIcmp(rule, packet) &&
    matchesRanges(rule, packet)
  );
}

/** (16): a rule with ports never matches a packet without; a question that leaves the port open (-1) has none. */
function matchesPort(set: PortSet | null, protocol: number, port: number): boolean {
  return set === null || (hasPorts(protocol) && containsPort(set, port));
}

function matchesIcmp({ icmp }: Rule, { protocol, icmpType, icmpCode }: Packet): boolean {
  if (icmp === null) return true;
  if (protocol !== ICMP && protocol !== ICMPV6) return false;
  return icmp.type === icmpType && (icmp.code === null || icmp.code === icmpCode);
}

function matchesRanges({ within }: Rule, { protocol, icmpType, icmpCode }: Packet): boolean {
  if (within === undefined) return true;
  const { protocols, icmpTypes, icmpCodes } = within;
  if (protocols !== undefined && !containsPort(protocols, protocol)) return false;
  if (icmpTypes === undefined && icmpCodes === undefined) return true;
  if (protocol !== ICMP && protocol !== ICMPV6) return false;
  return (
    (icmpTypes === undefined || containsPort(icmpTypes, icmpType)) &&
    (icmpCodes === undefined || containsPort(icmpCodes, icmpCode))
  );
}

function containsSide(set: AddressSet, { owner, v4, v6 }: Side): boolean {
  if (v4 !== null) return containsV4(set, v4);
  if (v6 !== null) return containsV6(set, v6);
  return containsUnaddressed(set, owner);
}

function readV6(rows: Int32Array, at: number): bigint {
  let value = 0n;
  for (let word = 0; word < 4; word++) value = (value << 32n) | BigInt(rows[at + word]! >>> 0);
  return value;
}
