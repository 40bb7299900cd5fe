/** What two rules both match (rules/intersection.ts): by asking either of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { everywhere } from '../../src/rules/addresses.js';
import { createRuleBuilder } from '../../src/rules/build.js';
import type { ContributedRule } from '../../src/rules/contribution.js';
import { createSetIntersection, intersectConditions } from '../../src/rules/intersection.js';
import { createLinear } from '../../src/tree/linear.js';
import { seed } from '../support/seed.js';
import { arbBareRule, arbPackets, podV4, podV6 } from '../tree/arbitrary.js';
import { classify, type PacketLiteral } from '../tree/packets.js';
import { at, cluster } from './cluster.js';

const inventory = cluster({ pods: [1, 2, 3, 4].map(i => ({ ns: 'a', name: `p${i}`, ips: [podV4(i), podV6(i)] })) });
const everyone = everywhere([]);
const build = createRuleBuilder(inventory);

const matching = (rule: ContributedRule | null) => {
  const tier = { name: 'T', rank: 1 };
  const rules = rule === null ? [] : [rule];
  const contribution = { direction: 'egress' as const, tier, order: 0, name: 'c', rules, isolations: [] };
  const engine = createLinear(build([], undefined, [contribution]), inventory);
  return (packet: PacketLiteral): boolean => classify(engine, packet)[0] >= 0;
};

const HEADERS = {
  ports: fc.record({
    protocol: fc.constantFrom(null, 6, 17),
    sourcePorts: fc.constantFrom(null, [80, 81]),
    destinationPorts: fc.constantFrom(null, [80, 443], [443, 443], [0, 65535]),
    icmp: fc.constant(null),
    within: fc.constantFrom(undefined, { protocols: [6, 6] }, { protocols: [0, 5, 17, 255] }),
  }),
  icmp: fc.record({
    protocol: fc.constantFrom(null, 1, 58),
    sourcePorts: fc.constant(null),
    destinationPorts: fc.constant(null),
    icmp: fc.constantFrom(
      null,
      { type: 8, code: null },
      { type: 8, code: 0 },
      { type: 8, code: 1 },
      { type: 3, code: null },
      { type: 3, code: 1 },
    ),
    within: fc.constantFrom(
      undefined,
      { icmpTypes: [0, 3] },
      { icmpTypes: [3, 8] },
      { icmpCodes: [0, 0] },
      { icmpCodes: [1, 255] },
      { protocols: [1, 1], icmpCodes: [0, 1] },
    ),
  }),
};

/** Whole rules, and rules that differ in their headers alone. */
const arbRule = fc
  .tuple(arbBareRule, fc.constantFrom(0, 1, 2), HEADERS.ports, HEADERS.icmp)
  .map(([bare, kind, ports, icmp]): ContributedRule => {
    const headers = kind === 1 ? ports : icmp;
    const rule = kind === 0 ? bare : { subjects: everyone, peers: everyone, ...headers };
    const origin = { kind: 'Test', policy: 'p', rule: 'r', position: at(1) };
    return { ...rule, action: 'allow', origin } as ContributedRule;
  });

const arbHeaders = fc
  .record({
    protocol: fc.constantFrom(1, 1, 58, 6, 17, 47),
    sport: fc.constantFrom(80, 82),
    dport: fc.constantFrom(80, 443),
    icmpType: fc.constantFrom(0, 3, 8),
    icmpCode: fc.constantFrom(0, 1, 2),
  })
  .map(({ protocol, sport, dport, icmpType, icmpCode }): PacketLiteral => {
    const ends = { source: podV4(1), destination: podV4(2), protocol };
    if (protocol === 6 || protocol === 17) return { ...ends, sport, dport };
    return protocol === 47 ? ends : { ...ends, icmpType, icmpCode };
  });

it(`matches what both of them match (seed ${seed})`, () => {
  let both = 0;
  let one = 0;
  fc.assert(
    fc.property(arbRule, arbRule, arbPackets, fc.array(arbHeaders, { minLength: 20 }), (a, b, some, more) => {
      const conditions = intersectConditions(a, b, createSetIntersection());
      const [ofA, ofB] = [matching(a), matching(b)];
      const ofBoth = matching(conditions === null ? null : { ...a, within: {}, ...conditions });
      for (const packet of [...some, ...more]) {
        const expected = ofA(packet) && ofB(packet);
        if (expected) both++;
        else if (ofA(packet) || ofB(packet)) one++;
        if (ofBoth(packet) !== expected)
          expect({ packet, a, b, both: !expected }).toEqual({ packet, a, b, both: expected });
      }
    }),
    { seed, numRuns: 1200, endOnFailure: true },
  );
  expect(both).toBeGreaterThan(150);
  expect(one).toBeGreaterThan(150);
});

it('keeps the sets that are the whole answer, so that they are shared', () => {
  const rule = { protocol: 6, sourcePorts: null, destinationPorts: null, icmp: null };
  const small = { v4: [1, 5], v6: [], unaddressed: [3] };
  const large = { v4: [0, 9], v6: [0n, 1n], unaddressed: [2, 3] };
  const sets = createSetIntersection();
  const a = { ...rule, subjects: small, peers: large };
  const b = { ...rule, subjects: large, peers: large };
  const conditions = intersectConditions(a, b, sets)!;
  expect(conditions.subjects).toBe(small);
  expect(conditions.peers).toBe(large);
  expect(intersectConditions(b, a, sets)!.subjects).toBe(small);
});
