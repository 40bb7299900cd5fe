import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../src/cluster/inventory.js';
import { computeMatrix } from '../../src/matrix/matrix.js';
import { outsideBlocks } from '../../src/matrix/outside.js';
import { matrixLines } from '../../src/matrix/text.js';
import type { NetworkPolicy } from '../../src/policy/policy.js';
import { plain } from '../../src/report/style.js';
import { buildRules } from '../../src/rules/build.js';
import { containsPort } from '../../src/rules/ports.js';
import { createLinear } from '../../src/tree/linear.js';
import { combine } from '../../src/verdict/outcome.js';
import { verdictOf } from '../../src/verdict/verdict.js';
import { block, cluster, everything, labels, pods, policy, port, rule } from '../rules/cluster.js';
import { policap } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);

describe('matrix', () => {
  it('is a grid with numbered columns where it fits', async () => {
    const { code, out } = await policap(['matrix', ...shop.input, '--no-outside'], { columns: 120 });
    expect(code).toBe(0);
    expect(out).toBe(
      [
        '   from \\ to             1                    2                    3',
        '1  shop/StatefulSet/db                        -                    all',
        '2  shop/StatefulSet/new  -                                         all',
        '3  shop/StatefulSet/web  some: TCP 5432-5433  some: TCP 5432-5433  some: all',
        '',
      ].join('\n'),
    );
  });

  it('is a list where it does not fit, and holds the blocks outside that rules tell apart', async () => {
    const { out } = await policap(['matrix', ...shop.input, '--layout', 'list']);
    expect(out).toContain('outside 198.51.100.0/24\n  → shop/StatefulSet/db      TCP 8080\n');
    expect(out).toContain('shop/StatefulSet/db\n  → shop/StatefulSet/web     all\n');
  });

  it('is one JSON document', async () => {
    const { out } = await policap(['matrix', ...shop.input, '--by', 'pod', '-o', 'json']);
    const document = JSON.parse(out);
    expect(document).toMatchObject({ schema: 'policap.matrix/1', by: 'pod' });
    const cell = (from: string, to: string) =>
      document.cells.find((it: { from: string; to: string }) => it.from === from && it.to === to);
    expect(cell('shop/web-1', 'shop/db-0')).toEqual({
      from: 'shop/web-1',
      to: 'shop/db-0',
      allowed: [{ protocol: 'TCP', ports: [[5432, 5433]] }],
      some: [],
    });
    expect(cell('shop/web-2', 'shop/db-0')).toMatchObject({ allowed: [], some: [] });
    expect(cell('shop/db-0', 'shop/web-1').allowed).toContainEqual({ protocol: 'ICMP', ports: null });
    expect(cell('shop/db-0', 'shop/db-0')).toBeUndefined();
  });

  it('asks for the cluster where there are no pods', async () => {
    const { out } = await policap(['matrix', '-p', shop.path('policies'), '--no-outside']);
    expect(out).toContain('name the cluster with -c');
  });
});

describe('cells', () => {
  const names = ['a', 'b', 'c', 'd'];
  const inventory = cluster({
    pods: names.map((name, i) => ({
      ns: i < 2 ? 'one' : 'two',
      name,
      labels: { app: name },
      ips: i === 3 ? [] : [`10.0.0.${i + 1}`, ...(i < 2 ? [`fd00::${i + 1}`] : [])],
      ports: [{ name: 'http', protocol: 'TCP' as const, port: 8000 + i }],
    })),
  });

  const selector = fc.constantFrom(everything, ...names.map(app => labels({ app })));
  const peer = fc.oneof(
    selector.map(it => pods(it)),
    selector.map(it => pods(it, everything)),
    fc.constantFrom(block('0.0.0.0/0', '10.0.0.0/30'), block('192.0.2.0/24'), block('fd00::/64')),
    fc.constantFrom(
      block('10.0.0.1/32'),
      block('fd00::2/128'),
      block('10.0.0.0/30'),
      block('fd00::/64', 'fd00::1/128'),
    ),
  );
  const number = fc.constantFrom(0, 1, 79, 80, 81, 8000, 8001, 65534, 65535);
  const ports = fc.oneof(
    fc
      .tuple(number, number, fc.constantFrom('TCP' as const, 'UDP' as const))
      .map(([a, b, protocol]) => port(Math.min(a, b), protocol, Math.max(a, b))),
    fc.constantFrom(port('http'), port(null, 'SCTP')),
  );
  const rules = fc.array(
    fc
      .tuple(
        fc.option(fc.array(peer, { minLength: 1, maxLength: 2 })),
        fc.option(fc.array(ports, { minLength: 1, maxLength: 2 })),
      )
      .map(([peers, of]) => rule(peers, of)),
    { maxLength: 2 },
  );
  const arbitraryPolicy = fc
    .tuple(fc.constantFrom('one', 'two'), selector, fc.option(rules), fc.option(rules))
    .map(
      ([namespace, subject, ingress, egress]): NetworkPolicy =>
        policy(namespace, 'p', subject, { ...(ingress ? { ingress } : {}), ...(egress ? { egress } : {}) }),
    );

  /** What the linear engine says of one port, between pods by name or an address. */
  it('say what the linear engine says at every port near a boundary', () => {
    const asked = [0, 1, 2, 78, 79, 80, 81, 82, 7999, 8000, 8001, 8002, 8003, 8004, 65533, 65534, 65535];
    const protocols: [number, string][] = [
      [6, 'TCP'],
      [17, 'UDP'],
      [132, 'SCTP'],
      [1, 'ICMP'],
      [89, 'other'],
    ];
    fc.assert(
      fc.property(fc.array(arbitraryPolicy, { maxLength: 3 }), policies => {
        const ruleset = buildRules(policies, inventory);
        const linear = createLinear(ruleset, inventory);
        const { cells } = computeMatrix({ ruleset, inventory }, 'pod', false);
        const ends = (pod: Pod) => (pod.addresses.length === 0 ? [null] : pod.addresses);
        for (const cell of cells.flat()) {
          if (cell === null) continue;
          const find = (name: string): Pod => inventory.pods.find(pod => `${pod.namespace}/${pod.name}` === name)!;
          const [from, to] = [find(cell.from), find(cell.to)];
          for (const [protocol, name] of protocols) {
            for (const destinationPort of [6, 17, 132].includes(protocol) ? asked : [-1]) {
              const pairs = ends(from)
                .flatMap(a => ends(to).map(b => [a, b] as const))
                .filter(([a, b]) => a === null || b === null || a.includes(':') === b.includes(':'));
              const isAllowed = ([a, b]: (typeof pairs)[number]): boolean => {
                const [egress, ingress, forward] = linear.decide({
                  source: { owner: from.owner, address: a },
                  destination: { owner: to.owner, address: b },
                  protocol,
                  sourcePort: -1,
                  destinationPort,
                  icmpType: -1,
                  icmpCode: -1,
                });
                return verdictOf(combine(egress, ingress, forward, ruleset.rules)) === 'allowed';
              };
              const inFamily = (isV6: boolean): boolean => {
                const its = pairs.filter(([a, b]) => (a ?? b ?? '').includes(':') === isV6);
                return its.length > 0 && its.every(isAllowed);
              };
              const every = pairs.every(isAllowed);
              const expected = [every, !every && inFamily(false), !every && inFamily(true), false];
              const found = [cell.all, cell.v4, cell.v6, cell.some].map(reach =>
                containsPort(reach.get(name) ?? reach.get('other')!, Math.max(destinationPort, 0)),
              );
              expect([cell.from, cell.to, name, destinationPort, ...found]).toEqual([
                cell.from,
                cell.to,
                name,
                destinationPort,
                ...expected,
              ]);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of several pods hold what all may, and apart what some may', () => {
    const policies = [
      policy('one', 'a', labels({ app: 'a' }), { egress: [rule(null, [port(80, 'TCP', 90)])] }),
      policy('one', 'b', labels({ app: 'b' }), { egress: [rule(null, [port(85, 'TCP', 95)])] }),
    ];
    const ruleset = buildRules(policies, inventory);
    const { cells, names: rows } = computeMatrix({ ruleset, inventory }, 'namespace', false);
    expect(rows).toEqual(['one', 'two']);
    expect(cells[0]![1]!.all.get('TCP')).toEqual([85, 90]);
    expect(cells[0]![1]!.some.get('TCP')).toEqual([80, 84, 91, 95]);
    expect(cells[1]![0]!.all.get('TCP')).toEqual([0, 65535]);
  });

  it('tell the families apart where rules open one of them, pod by pod', () => {
    const policies = [
      policy('one', 'b', labels({ app: 'b' }), {
        ingress: [rule([block('10.0.0.1/32')], [port(80)]), rule([pods(labels({ app: 'a' }))], [port(443)])],
      }),
      policy('two', 'c', labels({ app: 'c' }), {
        ingress: [rule([block('10.0.0.0/30'), block('fd00::2/128')], [port(8080)])],
      }),
    ];
    const ruleset = buildRules(policies, inventory);
    const matrix = computeMatrix({ ruleset, inventory }, 'pod', false);
    const lines = matrixLines(matrix, { style: plain, layout: 'list', columns: 80 });
    expect(lines.slice(0, 3)).toEqual(['one/a', '  → one/b  TCP 443, IPv4 only: TCP 80', '  → two/c  TCP 8080']);
    const [aToB, bToB] = [matrix.cells[0]![1]!, matrix.cells[1]![1]];
    expect(aToB.v4.get('TCP')).toEqual([80, 80]);
    expect(aToB.v6.get('TCP')).toEqual([]);
    expect(aToB.some.get('TCP')).toEqual([]);
    expect(bToB).toBeNull();
  });

  it('outside are blocks that together hold every address nobody owns', () => {
    const policies = [
      policy('one', 'a', everything, {
        ingress: [
          rule([block('10.0.0.0/8'), block('192.0.2.0/24', '192.0.2.128/25'), block('2001:db8::/32')], [port(80)]),
        ],
      }),
    ];
    const blocks = outsideBlocks(buildRules(policies, inventory), inventory);
    expect(blocks.map(({ name }) => name).sort()).toEqual(['outside', 'outside 10.0.0.0/8, 192.0.2.0/25 and 1 more']);
    const owned = new Set(inventory.byAddress.keys());
    expect(blocks.flatMap(({ samples }) => samples).filter(address => owned.has(address))).toEqual([]);
  });
});
