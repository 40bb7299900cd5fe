/**
 * Crossings against the linear engine: generated sets of every family, IPv4 and IPv6, one packet at a time and in batches,
 * in plain JavaScript and on the fast path;
 * and sets that are made to overlap in every way a crossing handles apart.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import { FAMILIES } from '../../src/generate/families.js';
import { generateRules } from '../../src/generate/rules.js';
import { classBenchLine, formatAddress } from '../../src/generate/text.js';
import { generateTrace } from '../../src/generate/trace.js';
import { STRIDE } from '../../src/packet/row.js';
import { everywhere, fromCidr, union } from '../../src/rules/addresses.js';
import { buildRules } from '../../src/rules/build.js';
import { readRuleFiles } from '../../src/rules/rule-files.js';
import type { AddressSet, Rule, Ruleset } from '../../src/rules/ruleset.js';
import { type Classifier, FORWARD, OUTCOMES } from '../../src/tree/classifier.js';
import { CROSSING } from '../../src/tree/judge.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { cluster } from '../rules/cluster.js';
import { fastPathModule } from '../support/fast-path.js';
import { seed } from '../support/seed.js';
import { v4Text } from './arbitrary.js';
import { classify, type PacketLiteral, rowOf } from './packets.js';

const NOBODY: Inventory = cluster({});

/** The forward outcomes of all packets in one batch. */
function inBatch(classifier: Classifier, packets: readonly PacketLiteral[]): number[] {
  const rows = new Int32Array(STRIDE * packets.length);
  packets.forEach((packet, i) => {
    rowOf(packet, rows, i * STRIDE);
  });
  const out = new Int32Array(OUTCOMES * packets.length).fill(-999);
  classifier.classifyBatch(rows, packets.length, out);
  return packets.map((_, i) => out[i * OUTCOMES + FORWARD]!);
}

function compare(ruleset: Ruleset, packets: readonly PacketLiteral[]): { decided: Set<number>; loose: number } {
  const tree = createTree(ruleset, NOBODY, { leastCrossed: 0 });
  const fast = createTree(ruleset, NOBODY, { leastCrossed: 0, fastPath: fastPathModule });
  const linear = createLinear(ruleset, NOBODY);
  expect(tree.directions[2]!.tables.kind).toBe(CROSSING);
  const batch = inBatch(tree, packets);
  const fastBatch = inBatch(fast, packets);
  const specified = inBatch(linear, packets);
  const decided = new Set<number>();
  for (const [i, packet] of packets.entries()) {
    const expected = classify(linear, packet);
    decided.add(expected[FORWARD]!);
    const actual = [
      classify(tree, packet)[FORWARD]!,
      classify(fast, packet)[FORWARD]!,
      batch[i]!,
      fastBatch[i]!,
      specified[i]!,
    ];
    if (actual.some(outcome => outcome !== expected[FORWARD])) {
      expect({ packet, actual }).toEqual({ packet, actual: actual.map(() => expected[FORWARD]) });
    }
  }
  return { decided, loose: tree.directions[2]!.crossing!.looseTerms };
}

describe(`crossings (seed ${seed})`, () => {
  it.each(FAMILIES.flatMap(family => [4, 6].map(ip => [family, ip] as const)))('%s, IPv%i', (family, ip) => {
    const filters = generateRules({ family, rules: 2000, seed, ip: ip === 4 ? 4 : 6 });
    const text = filters.map(classBenchLine).join('\n');
    const { forward, problems } = readRuleFiles([{ file: family, text }]);
    expect(problems).toEqual([]);
    const headers = generateTrace(forward.rules, { headers: 1500, seed, skew: 0 });
    const packets = headers.map(
      (h, i): PacketLiteral => ({
        source: formatAddress(h.source),
        // Every fourth goes where another one does: between the rules.
        destination: formatAddress(i % 4 === 0 ? headers[(i * 7) % headers.length]!.destination : h.destination),
        protocol: h.protocol,
        sport: h.sourcePort,
        dport: h.destinationPort,
      }),
    );
    const { decided, loose } = compare(buildRules([], NOBODY, forward), packets);
    expect(decided.size).toBeGreaterThan(300);
    expect(loose).toBe(0);
  });

  it('rules that nest deeper than there are layers, overlap without nesting, and name several sets', () => {
    let loose = 0;
    fc.assert(
      fc.property(
        fc.array(arbRule, { minLength: 1, maxLength: 150, size: 'max' }),
        fc.array(arbPacket, { minLength: 50, maxLength: 50 }),
        (parts, packets) => {
          loose = Math.max(loose, compare(ruleset(parts), packets).loose);
        },
      ),
      { seed, numRuns: 60 },
    );
    expect(loose).toBeGreaterThan(0);
  });
});

const position = { file: 'list', line: 1, column: 1 };
type Part = Pick<Rule, 'subjects' | 'peers' | 'protocol' | 'sourcePorts' | 'destinationPorts' | 'icmp' | 'action'>;

function ruleset(parts: readonly Part[]): Ruleset {
  const origin = { kind: 'RuleList', policy: 'list', rule: 'rule', position };
  const rules = parts.map((part, index): Rule => ({ ...part, index, direction: 'forward', tier: 0, origin }));
  const isolation = { direction: 'forward' as const, tier: 0, subjects: everywhere([]), origin };
  // Every other list ends in a deny.
  const isolations = parts.length % 2 === 0 ? [isolation] : [];
  return { rules, egress: [], ingress: [], forward: [{ name: 'list', rules, isolations }] };
}

/** Few addresses, so that everything overlaps: prefixes of every length of two of them, and runs between any two. */
const BASE = 0x0a0b0c00;
const arbAddress = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map(n => BASE + n),
  fc.constantFrom(0, 0xffffffff, BASE - 1, BASE + 256, 0x80000000),
);
const arbPrefix = fc
  .tuple(arbAddress, fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => fromCidr(`${v4Text(address)}/${length}`)!);
const arbRun = fc.tuple(arbAddress, arbAddress).map(
  ([a, b]): AddressSet => ({
    v4: [Math.min(a, b), Math.max(a, b)],
    v6: [],
    unaddressed: [],
  }),
);
const arbPrefix6 = fc
  .tuple(
    fc.constantFrom('fd00::', 'fd00::1', 'fd00:0:0:1::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::'),
    fc.integer({ min: 0, max: 128 }),
  )
  .map(([address, length]) => fromCidr(`${address}/${length}`)!);
const arbSet = fc.oneof(
  { weight: 5, arbitrary: arbPrefix },
  { weight: 2, arbitrary: arbRun },
  { weight: 2, arbitrary: fc.array(fc.oneof(arbPrefix, arbPrefix6), { minLength: 1, maxLength: 3 }).map(union) },
  { weight: 1, arbitrary: fc.constant(everywhere([])) },
);
const arbPort = fc.constantFrom(0, 1, 79, 80, 81, 443, 65534, 65535);
const arbPorts = fc.oneof(
  fc.constant(null),
  fc.tuple(arbPort, arbPort).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
  fc.constant([80, 80, 443, 500]),
);
const arbPart = fc.record({
  subjects: arbSet,
  peers: arbSet,
  action: fc.constantFrom('allow' as const, 'deny' as const),
});
const arbRule: fc.Arbitrary<Part> = fc.oneof(
  fc
    .tuple(arbPart, fc.constantFrom(null, 6, 17, 132), arbPorts, arbPorts)
    .map(([part, protocol, sourcePorts, destinationPorts]) => ({
      ...part,
      protocol,
      sourcePorts,
      destinationPorts,
      icmp: null,
    })),
  fc
    .tuple(arbPart, fc.constantFrom(1, 58), fc.constantFrom(0, 8, 80), fc.constantFrom(null, 0, 1))
    .map(([part, protocol, type, code]) => ({
      ...part,
      protocol,
      sourcePorts: null,
      destinationPorts: null,
      icmp: { type, code },
    })),
  fc
    .tuple(arbPart, fc.constantFrom(null, 0, 1, 6, 47, 255))
    .map(([part, protocol]) => ({ ...part, protocol, sourcePorts: null, destinationPorts: null, icmp: null })),
);
const arbAddress6 = fc.constantFrom('::', 'fd00::', 'fd00::1', 'fd00::2', 'fd00:0:0:1::5', 'fe00::', 'ffff::');
const arbAddresses = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(arbAddress.map(v4Text), arbAddress.map(v4Text)) },
  { weight: 1, arbitrary: fc.tuple(arbAddress6, arbAddress6) },
);
const arbPacket: fc.Arbitrary<PacketLiteral> = fc
  .record({
    addresses: arbAddresses,
    protocol: fc.constantFrom(-1, 0, 1, 6, 17, 47, 58, 132, 255),
    sport: arbPort,
    dport: arbPort,
    icmpType: fc.constantFrom(0, 8, 80),
    icmpCode: fc.constantFrom(0, 1),
  })
  .map(({ addresses: [source, destination], ...header }) => ({ source, destination, ...header }));
