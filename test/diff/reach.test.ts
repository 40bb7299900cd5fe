/** diff without captures: what it says of every pair and packet is what the linear engine says of both rulesets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from '../../src/cluster/address.js';
import type { Inventory } from '../../src/cluster/inventory.js';
import { changeOf } from '../../src/diff/change.js';
import { diffReach, type ReachChange, type ReachDiff, type ReachInput } from '../../src/diff/reach.js';
import { outsideBlocks } from '../../src/matrix/outside.js';
import { protocolText } from '../../src/packet/text.js';
import { UPSTREAM } from '../../src/profile/upstream.js';
import { ownerName } from '../../src/report/owners.js';
import { containsV4, containsV6, parseV4, parseV6 } from '../../src/rules/addresses.js';
import { buildRules } from '../../src/rules/build.js';
import { heldAddresses } from '../../src/rules/pod-sets.js';
import { containsPort } from '../../src/rules/ports.js';
import { hasPorts } from '../../src/rules/protocols.js';
import type { Ruleset } from '../../src/rules/ruleset.js';
import { OUTCOME_NONE, type Question } from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import { combine } from '../../src/verdict/outcome.js';
import { verdictOf } from '../../src/verdict/verdict.js';
import { arbInventory, arbPackets, arbPolicies, arbRuleset, PORTS } from '../tree/arbitrary.js';
import type { PacketLiteral } from '../tree/packets.js';

const input = (ruleset: Ruleset, inventory: Inventory): ReachInput => ({
  ...{ ruleset, inventory, profile: UPSTREAM, policies: [], problems: [] },
  objects: { admin: [], antrea: [], calico: [], cilium: [], istio: [] },
});

/** What a packet between two rows changes to, as the diff tells it. */
function told(diff: ReachDiff, from: string, to: string, family: 4 | 6 | 0, question: Question): string | null {
  const its = diff.changes.filter(
    it =>
      it.from === from &&
      it.to === to &&
      (it.family === undefined || family === 0 || it.family === family) &&
      isAbout(it, question),
  );
  expect(its.length).toBeLessThan(2);
  return its[0]?.change ?? null;
}

const isAbout = ({ traffic }: ReachChange, { protocol, destinationPort, sourcePort, icmpType, icmpCode }: Question) =>
  traffic.some(it => {
    const name = protocolText(protocol);
    const isOther = it.protocol === 'other' && !['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6'].includes(name);
    if (it.protocol !== name && !(isOther && !it.except?.includes(name))) return false;
    return (
      (it.ports === null || containsPort(it.ports, destinationPort)) &&
      (it.sourcePorts === undefined || containsPort(it.sourcePorts, sourcePort)) &&
      (it.icmpTypes === undefined || containsPort(it.icmpTypes, icmpType)) &&
      (it.icmpCodes === undefined || containsPort(it.icmpCodes, icmpCode))
    );
  });

/** The row that an address stands in, null where it is a node's or a service's. */
function createRows(rulesets: readonly Ruleset[], inventory: Inventory) {
  const rules = rulesets.flatMap(ruleset => ruleset.rules);
  const sets = [...new Set(rules.flatMap(({ subjects, peers }) => [subjects, peers]))];
  const blocks = outsideBlocks({ rules }, inventory);
  const signature = (address: string): string => {
    const [v4, v6] = [parseV4(address), parseV6(address)];
    const held = sets.map(set => (v4 !== null ? containsV4(set, v4) : v6 !== null && containsV6(set, v6)));
    return `${v4 === null} ${held.join()}`;
  };
  const bySignature = new Map(blocks.flatMap(({ name, samples }) => samples.map(it => [signature(it), name])));
  return (address: string): string | null => {
    const owner = inventory.byAddress.get(address);
    if (owner === undefined) return bySignature.get(signature(address)) ?? null;
    return owner.kind === 'pod' && !owner.hostNetwork ? ownerName(owner) : null;
  };
}

type Asked = readonly [from: string, to: string, family: 4 | 6 | 0, question: Question];

function check(rulesets: readonly [Ruleset, Ruleset], inventory: Inventory, diff: ReachDiff, asked: readonly Asked[]) {
  const engines = rulesets.map(ruleset => createLinear(ruleset, inventory));
  for (const [from, to, family, question] of asked) {
    const [was, is] = engines.map((engine, side) => {
      const [egress, ingress] = engine.decide(question);
      return verdictOf(combine(egress, ingress, OUTCOME_NONE, rulesets[side]!.rules));
    });
    const asking = JSON.stringify([from, to, question]);
    expect(told(diff, from, to, family, question), asking).toBe(changeOf(was!, is!));
  }
}

/** Neither outside to outside, nor a pod to itself; nor the other family's ICMP, nor two families (::ffff:a.b.c.d is IPv4 here). */
function questionsOf(rulesets: readonly Ruleset[], inventory: Inventory, packets: readonly PacketLiteral[]): Asked[] {
  const rowOf = createRows(rulesets, inventory);
  const endpoint = (address: string) => ({ owner: inventory.byAddress.get(address)?.owner ?? -1, address });
  return packets.flatMap(({ source: sender, destination: receiver, ...packet }): Asked[] => {
    const [source, destination] = [sender, receiver].map(canonical) as [string, string];
    const { protocol = 6, sport = -1, dport = -1, icmpType = -1, icmpCode = -1 } = packet;
    const [from, to] = [rowOf(source), rowOf(destination)];
    const family = source.includes(':') ? 6 : 4;
    if (source.includes(':') !== destination.includes(':')) return [];
    if (from === null || to === null || from === to) return [];
    if (from.startsWith('outside') && to.startsWith('outside')) return [];
    if (protocol < 0 || protocol === (family === 6 ? 1 : 58)) return [];
    const ports = hasPorts(protocol) ? [sport, dport] : [-1, -1];
    const header = { protocol, sourcePort: ports[0]!, destinationPort: ports[1]!, icmpType, icmpCode };
    return [[from, to, family, { source: endpoint(source), destination: endpoint(destination), ...header }]];
  });
}

/** As the inventory writes it. */
function canonical(text: string): string {
  const { family, value } = parseAddress(text)!;
  return formatAddress(family, value);
}

/** Every pair of pods, by each of their addresses, and of pods and blocks outside, at ports near a boundary. */
function everyPair(rulesets: readonly Ruleset[], inventory: Inventory): Asked[] {
  const blocks = outsideBlocks({ rules: rulesets.flatMap(({ rules }) => rules) }, inventory);
  const pods = inventory.pods.filter(({ hostNetwork }) => !hostNetwork);
  const ends = [
    ...pods.flatMap(pod => {
      const held: (string | null)[] = heldAddresses(pod, inventory);
      return (held.length === 0 ? [null] : held).map(address => ({ name: ownerName(pod), owner: pod.owner, address }));
    }),
    ...blocks.flatMap(({ name, samples }) => samples.map(address => ({ name, owner: -1, address }))),
  ];
  const familyOf = (address: string | null): 0 | 4 | 6 => (address === null ? 0 : address.includes(':') ? 6 : 4);
  const borders = [...new Set([0, ...PORTS.flatMap(port => [port - 1, port, port + 1, port + 101])])].filter(
    port => port <= 65535,
  );
  const headers = [6, 17, 132].flatMap(protocol => borders.map(port => ({ protocol, port })));
  return ends.flatMap(source =>
    ends.flatMap(destination => {
      const [a, b] = [familyOf(source.address), familyOf(destination.address)];
      if (source.name === destination.name || (source.owner < 0 && destination.owner < 0)) return [];
      if (a !== b && a !== 0 && b !== 0) return [];
      const rest = { sourcePort: -1, icmpType: -1, icmpCode: -1 };
      return [...headers, { protocol: 47, port: -1 }].map(({ protocol, port: destinationPort }): Asked => {
        return [source.name, destination.name, a || b, { source, destination, protocol, destinationPort, ...rest }];
      });
    }),
  );
}

describe('diff of everything that pods may say', () => {
  it('is what the linear engine says of rules in any tiers, packet by packet', async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(arbInventory, arbRuleset, arbRuleset, arbPackets, async (inventory, was, is, packets) => {
        const rulesets: [Ruleset, Ruleset] = [
          { ...was, forward: [] },
          { ...is, forward: [] },
        ];
        const diff = await diffReach(input(rulesets[0], inventory), input(rulesets[1], inventory));
        check(rulesets, inventory, diff, questionsOf(rulesets, inventory, packets));
        changed += diff.changes.length;
      }),
      { numRuns: 500 },
    );
    expect(changed).toBeGreaterThan(1000);
  });

  it('is what the linear engine says of policies, at every pair of ends and port near a boundary', async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(arbInventory, arbPolicies, arbPolicies, async (inventory, was, is) => {
        const rulesets: [Ruleset, Ruleset] = [buildRules(was, inventory), buildRules(is, inventory)];
        const diff = await diffReach(input(rulesets[0], inventory), input(rulesets[1], inventory));
        check(rulesets, inventory, diff, everyPair(rulesets, inventory));
        changed += diff.changes.length;
      }),
      { numRuns: 30 },
    );
    expect(changed).toBeGreaterThan(30);
  });
});
