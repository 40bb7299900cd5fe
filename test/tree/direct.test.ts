/**
 * Direct tables where random clusters seldom come: addresses too scattered for a trie, pods whose addresses policies tell
 * apart, packets of both families and of none in one batch; in plain JavaScript and on the fast path, as the linear engine
 * answers.
 */
import { expect, it } from 'vitest';
import { FAMILY, STRIDE } from '../../src/packet/row.js';
import type { NetworkPolicy } from '../../src/policy/policy.js';
import { buildRules } from '../../src/rules/build.js';
import { readRuleFiles } from '../../src/rules/rule-files.js';
import { EGRESS, FORWARD, OUTCOME_LOOPBACK, OUTCOME_NODE, OUTCOMES } from '../../src/tree/classifier.js';
import { buildDirect } from '../../src/tree/direct.js';
import { TRIE } from '../../src/tree/direct-layout.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { block, type ClusterLiteral, cluster, everything, policy, port, rule } from '../rules/cluster.js';
import { fastPathModule } from '../support/fast-path.js';
import { type PacketLiteral, rowOf } from './packets.js';

/** Outcomes of all packets, the same by every engine; each seventh one is made one of no family. */
function outcomesOf(literal: ClusterLiteral, policies: readonly NetworkPolicy[], packets: readonly PacketLiteral[]) {
  const inventory = cluster(literal);
  const ruleset = buildRules(policies, inventory);
  const rows = new Int32Array(packets.length * STRIDE);
  packets.forEach((packet, i) => {
    rowOf(packet, rows, i * STRIDE);
    if (i % 7 === 6) rows[i * STRIDE + FAMILY] = 0;
  });
  const answer = (engine: { classifyBatch(rows: Int32Array, count: number, out: Int32Array): void }) => {
    const out = new Int32Array(packets.length * OUTCOMES).fill(-999);
    engine.classifyBatch(rows, packets.length, out);
    return [...out];
  };
  const expected = answer(createLinear(ruleset, inventory));
  const tree = createTree(ruleset, inventory);
  for (const options of [{}, { mostDense: 0 }]) {
    expect(answer(createTree(ruleset, inventory, options))).toEqual(expected);
    expect(answer(createTree(ruleset, inventory, { ...options, fastPath: fastPathModule }))).toEqual(expected);
  }
  const [egress, ingress] = tree.directions.map(({ tables }) => tables);
  const image = buildDirect(tree.table, egress!, ingress!);
  expect(image).not.toBeNull();
  return { expected, image: image! };
}

/** All pairs of addresses of one family, some of each repeated so that there are several batches. */
function allPairs(addresses: readonly string[], times: number): PacketLiteral[] {
  const isV6 = (address: string): boolean => address.includes(':');
  const pairs = addresses.flatMap(source =>
    addresses
      .filter(destination => isV6(source) === isV6(destination))
      .map((destination, i): PacketLiteral => ({ source, destination, dport: i % 2 === 0 ? 80 : 81 })),
  );
  return Array.from({ length: times }, () => pairs).flat();
}

it('pods with several addresses, nodes with several addresses, both families in one batch', () => {
  const literal: ClusterLiteral = {
    namespaces: { shop: {} },
    pods: [
      { ns: 'shop', name: 'two', ips: ['10.0.0.1', '10.9.0.1', 'fd00::1', 'fd09::1'], node: 'n1' },
      { ns: 'shop', name: 'near', ips: ['10.0.0.2', 'fd00::2'], node: 'n1' },
      { ns: 'shop', name: 'far', ips: ['10.0.0.3', 'fd00::3'], node: 'n2' },
    ],
    nodes: { n1: ['192.168.0.1', '10.9.0.9', 'fd08::1'], n2: ['192.168.0.2'] },
  };
  const tells = [rule([block('10.9.0.0/16'), block('fd09::/16')], [port(80)])];
  const policies = [policy('shop', 'tells', everything, { ingress: tells, egress: tells })];
  const addresses = [
    ...literal.pods!.flatMap(pod => pod.ips!),
    ...Object.values(literal.nodes!).flat(),
    ...['169.254.20.10', '8.8.8.8', 'fd77::7'],
  ];
  const packets = allPairs(addresses, 3);
  const { expected } = outcomesOf(literal, policies, packets);
  const outcomeOf = (source: string, destination: string): number[] =>
    packets.flatMap((packet, i) =>
      packet.source === source && packet.destination === destination && i % 7 !== 6
        ? [expected[i * OUTCOMES + EGRESS]!]
        : [],
    );
  expect(new Set(outcomeOf('10.0.0.1', '10.9.0.1'))).toEqual(new Set([OUTCOME_LOOPBACK]));
  expect(new Set(outcomeOf('10.9.0.9', '192.168.0.1'))).toEqual(new Set([OUTCOME_NODE]));
  expect(new Set(outcomeOf('10.0.0.2', '10.9.0.9'))).toEqual(new Set([OUTCOME_NODE]));
});

it('addresses too scattered for a trie', () => {
  const ips = Array.from({ length: 2500 }, (_, i) => `${10 + (i >> 8)}.${i & 255}.7.7`);
  const literal: ClusterLiteral = {
    namespaces: { shop: {} },
    pods: ips.map((ip, i) => ({ ns: 'shop', name: `p${i}`, ips: [ip], node: `n${i % 3}` })),
  };
  const policies = [policy('shop', 'some', everything, { ingress: [rule([block('10.0.0.0/9')], [port(80)])] })];
  const packets = ips.slice(0, 600).map(
    (source, i): PacketLiteral => ({
      source: i % 5 === 0 ? '10.1.2.3' : source,
      destination: ips[(i * 37) % 2500]!,
      dport: 80 + (i % 2),
    }),
  );
  const { expected, image } = outcomesOf(literal, policies, packets);
  expect(image[TRIE]).toBe(0);
  expect(new Set(expected).size).toBeGreaterThan(3);
});

it('plain rules beside policies: neither writes over what the other decides', () => {
  const literal: ClusterLiteral = {
    namespaces: { shop: {} },
    pods: [1, 2, 3].map(i => ({ ns: 'shop', name: `p${i}`, ips: [`10.0.0.${i}`, `fd00::${i}`], node: 'n1' })),
  };
  const inventory = cluster(literal);
  const policies = [policy('shop', 'some', everything, { ingress: [rule([block('10.0.0.0/31')], [port(80)])] })];
  const text =
    '@10.0.0.0/30 10.0.0.2/32 0 : 65535 80 : 80 0x06/0xFF\n@0.0.0.0/0 10.0.0.0/24 0 : 65535 81 : 81 0x06/0xFF\n';
  const { forward } = readRuleFiles([{ file: 'plain', text }]);
  const ruleset = buildRules(policies, inventory, forward);
  const packets = allPairs(
    literal.pods!.flatMap(pod => pod.ips!),
    30,
  );
  const rows = new Int32Array(packets.length * STRIDE);
  packets.forEach((packet, i) => {
    rowOf(packet, rows, i * STRIDE);
    if (i % 7 === 6) rows[i * STRIDE + FAMILY] = 0;
  });
  const linear = createLinear(ruleset, inventory);
  const expected = new Int32Array(packets.length * OUTCOMES);
  linear.classifyBatch(rows, packets.length, expected);
  expect(new Set(expected).size).toBeGreaterThan(4);
  for (const fastPath of [null, fastPathModule]) {
    const tree = createTree(ruleset, inventory, { leastCrossed: 0, fastPath });
    expect(tree.directions[FORWARD]!.crossing).not.toBeNull();
    const out = new Int32Array(expected.length).fill(-999);
    tree.classifyBatch(rows, packets.length, out);
    expect([...out]).toEqual([...expected]);
    out.fill(-999);
    packets.forEach((_, i) => {
      tree.classify(rows, i * STRIDE, out, i * OUTCOMES);
    });
    expect([...out]).toEqual([...expected]);
  }
});
