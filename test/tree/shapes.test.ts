/**
 * Large sets that choose each of the tree's shapes by themselves, against the linear engine.
 */
import { describe, expect, it } from 'vitest';
import { buildRules } from '../../src/rules/build.js';
import { readRuleFiles } from '../../src/rules/rule-files.js';
import { CROSSING, DENSE, FOREST, SPARSE } from '../../src/tree/judge.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { block, cluster, labels, pods, policy, port, rule } from '../rules/cluster.js';
import { seed } from '../support/seed.js';
import { v4Text } from './arbitrary.js';
import { classify, type PacketLiteral } from './packets.js';

/** Whole numbers below n, evenly spread (mulberry32); the seed repeats them. */
function numbers(from: number): (n: number) => number {
  let state = from | 0;
  return n => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/**
 * ClassBench-like: wildcards, nested prefixes of a few networks, exact ports and ranges. A wide source goes with a narrow
 * destination: one filter that matches everything would decide for all behind it.
 */
function filters(count: number, below: (n: number) => number): { text: string; packets: PacketLiteral[] } {
  const lines: string[] = [];
  const packets: PacketLiteral[] = [];
  const prefix = (narrowest: boolean): [string, string, number] => {
    const length = (narrowest ? [24, 27, 32, 32] : [0, 8, 16, 20, 24, 27, 32, 32])[below(narrowest ? 4 : 8)]!;
    const size = 2 ** (32 - length);
    const address = ((10 + below(3)) << 24) | below(1 << 24);
    const first = Math.floor((address >>> 0) / size) * size;
    // The prefix's borders, and one beyond.
    const inside = [first, first + size - 1, (first + size) % 2 ** 32, first + below(size)][below(4)]!;
    return [`${v4Text(first)}/${length}`, v4Text(inside), length];
  };
  const range = (): [number, number] => {
    const low = below(65536);
    return [[0, 65535] as const, [low, low] as const, [low, Math.min(65535, low + below(3000))] as const][
      below(3)
    ]! as [number, number];
  };
  for (let i = 0; i < count; i++) {
    const [source, from, length] = prefix(false);
    const [destination, to] = prefix(length < 24);
    const [sports, dports] = [range(), range()];
    const protocol = ['0x06/0xFF', '0x11/0xFF', '0x01/0xFF', '0x00/0x00'][below(4)]!;
    lines.push(`@${source} ${destination} ${sports.join(' : ')} ${dports.join(' : ')} ${protocol}`);
    packets.push({
      source: from,
      destination: to,
      protocol: [6, 17, 1, 47][below(4)]!,
      sport: sports[below(2)]!,
      dport: (dports[below(2)]! + below(2)) % 65536,
    });
  }
  return { text: lines.join('\n'), packets };
}

describe(`shapes that large sets choose (seed ${seed})`, () => {
  it.each([
    ['a crossing', {}, CROSSING, 400],
    ['a forest where crossings are ruled out', { leastCrossed: Number.POSITIVE_INFINITY }, FOREST, 4000],
  ])('general 5-tuple lists become %s, in memory that follows the rules', (_, options, kind, bytes) => {
    const { text, packets } = filters(3000, numbers(seed));
    const { forward, problems } = readRuleFiles([{ file: 'acl', text }]);
    expect(problems).toEqual([]);
    const inventory = cluster({});
    const ruleset = buildRules([], inventory, forward);
    const tree = createTree(ruleset, inventory, options);
    const linear = createLinear(ruleset, inventory);
    expect(tree.directions[2]!.tables.kind).toBe(kind);
    expect(tree.stats().bytes).toBeLessThan(3000 * bytes);
    const distinct = new Set<number>();
    for (const packet of packets) {
      const expected = classify(linear, packet);
      distinct.add(expected[2]);
      const actual = classify(tree, packet);
      if (actual.join() !== expected.join()) expect({ packet, actual }).toEqual({ packet, actual: expected });
    }
    expect(distinct.size).toBeGreaterThan(20);
  });

  it.each([
    ['few groups', 400, 20, DENSE],
    ['many groups', 2500, 1250, SPARSE],
  ])('label policies with %s become pair tables', (_, podCount, groups, kind) => {
    const below = numbers(seed + podCount);
    const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    const inventory = cluster({
      namespaces: { a: {} },
      pods: Array.from({ length: podCount }, (_, i) => ({
        ns: 'a',
        name: `p${i}`,
        labels: { app: `g${i % groups}` },
        ips: [address(i + 1), `fd00::${(i + 1).toString(16)}`],
        ports: [{ name: 'http', protocol: 'TCP' as const, port: 8000 + (i % 3) }],
      })),
    });
    const group = (): Parameters<typeof policy>[2] => labels({ app: `g${below(groups)}` });
    const policies = Array.from({ length: groups }, (_, i) =>
      policy('a', `p${i}`, labels({ app: `g${i}` }), {
        ingress: [
          rule([pods(group()), pods(group())], [port(80), port('http'), port(9000, 'UDP', 9100)]),
          rule([block(`192.168.${below(256)}.0/24`)], [port(443)]),
        ],
        ...(i % 2 === 0 ? { egress: [rule([pods(group())], [port('http')]), rule(null, [port(53, 'UDP')])] } : {}),
      }),
    );
    const ruleset = buildRules(policies, inventory);
    const tree = createTree(ruleset, inventory);
    const linear = createLinear(ruleset, inventory);
    expect(tree.directions[1]!.tables.kind).toBe(kind);
    let admitted = 0;
    for (let i = 0; i < 400; i++) {
      // Half the packets go where some policy admits them.
      const chosen = ruleset.rules[below(ruleset.rules.length)]!;
      const pick = (set: readonly number[]): string | null =>
        set.length === 0 ? null : v4Text(set[below(set.length)]!);
      const any = (): string => address(1 + below(podCount));
      const [subject, peer] = [pick(chosen.subjects.v4), pick(chosen.peers.v4)];
      const aimed = i % 2 === 0 && subject !== null && peer !== null;
      const [source, destination] = !aimed
        ? [any(), any()]
        : chosen.direction === 'egress'
          ? [subject, peer]
          : [peer, subject];
      const packet = {
        source,
        destination,
        protocol: chosen.protocol ?? 6,
        sport: 40000,
        dport: (chosen.destinationPorts?.[0] ?? 80) + (below(4) === 0 ? 1 : 0),
      };
      const expected = classify(linear, packet);
      if (expected[0] >= 0 || expected[1] >= 0) admitted++;
      const actual = classify(tree, packet);
      if (actual.join() !== expected.join()) expect({ packet, actual }).toEqual({ packet, actual: expected });
    }
    expect(admitted).toBeGreaterThan(50);
  });
});
