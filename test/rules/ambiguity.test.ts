/** Policies of equal priority (rules/ambiguity.ts): one list that says what asking each of them says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everywhere, fromAddresses, fromCidr, NOWHERE, parseV4, parseV6, union } from '../../src/rules/addresses.js';
import { createResolver } from '../../src/rules/ambiguity.js';
import { createRuleBuilder } from '../../src/rules/build.js';
import { type ContributedRule, type Contribution, namedRules } from '../../src/rules/contribution.js';
import { overlappingPairs } from '../../src/rules/overlaps.js';
import type { AddressSet, Answer } from '../../src/rules/ruleset.js';
import { createLinear, type Side } from '../../src/tree/linear.js';
import { seed } from '../support/seed.js';
import { arbBareRule, arbPackets, podV4, podV6 } from '../tree/arbitrary.js';
import { classify, describeOutcome, type PacketLiteral } from '../tree/packets.js';
import { type Said, together, words } from './admin/oracle.js';
import { at, cluster } from './cluster.js';

const ADDRESSES = [1, 2, 3, 4, 5, 6, 7, 8].map(i => [podV4(i), podV6(i)]);
const inventory = cluster({ pods: ADDRESSES.map((ips, i) => ({ ns: 'a', name: `p${i}`, ips })) });
const everyone = everywhere([]);
const build = createRuleBuilder(inventory);

/** A whole engine of these rules alone, with the packet's source as the subject. */
function engineOf(rules: readonly ContributedRule[]) {
  const tier = { name: 'T', rank: 1 };
  const contribution: Contribution = { direction: 'egress', tier, order: 0, name: 'c', rules, isolations: [] };
  return createLinear(build([], undefined, [contribution]), inventory);
}

const ask = (rules: readonly ContributedRule[]) => {
  const engine = engineOf(rules);
  return (packet: PacketLiteral): string => describeOutcome(engine, classify(engine, packet)[0]);
};

const arbPolicyRules = fc.array(
  fc.record({
    rule: arbBareRule,
    action: fc.constantFrom(
      'allow' as const,
      'allow' as const,
      'deny' as const,
      'pass' as const,
      'unsupported' as const,
    ),
    any: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);
const arbGroup = fc.array(arbPolicyRules, { minLength: 2, maxLength: 5 }).map(policies =>
  policies.map((rules, p) =>
    rules.map(({ rule, action, any }, i): ContributedRule => {
      const origin = { kind: 'Test', policy: `p${p}`, rule: `r${i}`, position: at(p * 10 + i) };
      // Half of them match by their headers alone, so that headers meet.
      const sets = any ? { subjects: everyone, peers: everyone } : {};
      return { ...rule, ...sets, action, origin };
    }),
  ),
);

/** A rule, and how it is written. */
interface Stated {
  readonly said: ContributedRule;
  readonly name: string | null;
  readonly rules: readonly ContributedRule[];
}
const conditionOf = (name: string) => ({ patterns: [name], matches: () => false });
const arbAsked = fc.array(
  fc.record({
    name: fc.constantFrom(null, null, '0', '1', '2'),
    answer: fc.constantFrom(null, 'tcp-reset' as const),
  }),
  { minLength: 7, maxLength: 7 },
);
/** By name and by the last bit of the address. */
const arbTruth = fc.array(fc.constantFrom(true, true, false, false, null), { minLength: 6, maxLength: 6 });

describe(`equal priorities (seed ${seed})`, () => {
  it('resolved, they say what all of them together say', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbGroup, arbPackets, (policies, packets) => {
        const { rules, problems } = createResolver(everyone)(policies);
        expect(problems).toEqual([]);
        const resolved = ask(rules);
        const alone = policies.map(own => ask(own.map(rule => ({ ...rule, action: 'allow' as const }))));
        for (const packet of packets) {
          if (inventory.byAddress.get(packet.source) === undefined) continue;
          const said = policies
            .map((own, p): Said | null => {
              const first = alone[p]!(packet).split(' ');
              const rule = own.find(({ origin }) => origin.rule === first[2]);
              return rule === undefined
                ? null
                : { action: rule.action as Said['action'], by: [[`p${p}`, rule.origin.rule]] };
            })
            .filter(it => it !== null);
          const answer = together(said);
          const actual = resolved(packet);
          const expected = answer === null || answer.action === 'pass' ? ['not-isolated'] : words(answer);
          const kind = actual.split(' ')[0]!;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          if (!['loopback', 'none'].includes(kind) && !expected.includes(actual)) {
            expect({ packet, actual }).toEqual({ packet, actual: expected });
          }
        }
      }),
      { seed, endOnFailure: true, numRuns: 400 },
    );
    for (const kind of ['allow', 'deny', 'ambiguous', 'unsupported', 'not-isolated']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(100);
    }
  });

  it('with names, whether a peer has them, has not, or nobody can tell, and with what the sender is told', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(arbGroup, arbPackets, arbAsked, arbTruth, (bare, packets, asked, truth) => {
        // Each rule in one of three forms: as it is; with a name; with a name, and saying what the sender is told.
        const policies = bare.map((own, p) =>
          own.map((rule, i): Stated => {
            const { name, answer } = asked[(p * 4 + i) % asked.length]!;
            const said: ContributedRule = rule.action === 'deny' && answer ? { ...rule, answer } : rule;
            return { said, name, rules: name === null ? [said] : namedRules(said, conditionOf(name)) };
          }),
        );
        const { rules, problems } = createResolver(everyone)(policies.map(own => own.flatMap(it => it.rules)));
        expect(problems).toEqual([]);
        const tier = { name: 'T', rank: 1 };
        const contribution: Contribution = {
          ...{ direction: 'egress', tier, order: 0, name: 'c', rules, isolations: [] },
        };
        const has = (name: string, { v4, v6 }: Pick<Side, 'v4' | 'v6'>): boolean | null =>
          truth[Number(name) * 2 + (v4 === null ? Number(v6! & 1n) : v4 & 1)]!;
        const engine = createLinear(build([], undefined, [contribution]), inventory, ({ patterns }, _, peer) =>
          has(patterns[0]!, peer),
        );
        const matches = policies.map(own => own.map(({ said }) => ask([{ ...said, action: 'allow' }])));
        for (const packet of packets) {
          if (inventory.byAddress.get(packet.source) === undefined) continue;
          const outcome = classify(engine, packet)[0];
          const actual = describeOutcome(engine, outcome);
          if (['loopback', 'none'].includes(actual)) continue;
          const v4 = parseV4(packet.destination);
          const peer = { v4, v6: v4 === null ? parseV6(packet.destination) : null };
          // Of every policy, the first rule that matches or may match.
          const speaking = policies.flatMap((own, p): (Said & { answer?: Answer | undefined })[] => {
            for (const [i, { said, name }] of own.entries()) {
              if (!matches[p]![i]!(packet).startsWith('allow')) continue;
              const known = name === null ? true : has(name, peer);
              if (known === false) continue;
              const action = known === null ? 'unsupported' : (said.action as Said['action']);
              return [{ action, by: [[`p${p}`, said.origin.rule]], answer: said.answer }];
            }
            return [];
          });
          const answer = together(speaking);
          const kind = actual.split(' ')[0]!;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
          if (answer?.action === 'unsupported') {
            // Whichever of them is named first.
            const any = speaking.flatMap(({ by }) => words({ action: 'unsupported', by }));
            if (!any.includes(actual)) expect({ packet, actual }).toEqual({ packet, actual: any });
            continue;
          }
          const expected = answer === null || answer.action === 'pass' ? ['not-isolated'] : words(answer);
          if (!expected.includes(actual)) expect({ packet, actual }).toEqual({ packet, actual: expected });
          if (answer?.action !== 'deny') continue;
          const answers = new Set(speaking.map(it => it.answer));
          const told = answers.size > 1 ? 'unknown' : [...answers][0];
          expect(engine.ruleset.rules[outcome]!.answer).toBe(told);
          seen.set(`told ${told}`, (seen.get(`told ${told}`) ?? 0) + 1);
        }
      }),
      { seed, endOnFailure: true, numRuns: 800 },
    );
    for (const kind of ['allow', 'deny', 'ambiguous', 'unsupported', 'not-isolated', 'told tcp-reset']) {
      expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(50);
    }
    for (const kind of ['told unknown', 'told undefined']) expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(0);
  });

  it('three rules about the same packets, with names or without, whatever is known of each', () => {
    const stated: [ContributedRule['action'], Answer | undefined][] = [
      ['allow', undefined],
      ['deny', undefined],
      ['deny', 'tcp-reset'],
      ['unsupported', undefined],
    ];
    const any = { protocol: null, sourcePorts: null, destinationPorts: null, icmp: null };
    const packet = { source: podV4(1), destination: podV4(2) };
    const three = <T>(all: readonly T[]): T[][] => all.flatMap(a => all.flatMap(b => all.map(c => [a, b, c])));
    for (const meanings of three(stated)) {
      for (const areNamed of three([true, false])) {
        const policies = meanings.map(([action, answer], p) => {
          const origin = { kind: 'Test', policy: `p${p}`, rule: 'r', position: at(p) };
          const rule = { subjects: everyone, peers: everyone, ...any, action, origin, ...(answer && { answer }) };
          return areNamed[p] ? namedRules(rule, conditionOf(`${p}`)) : [rule];
        });
        const { rules } = createResolver(everyone)(policies);
        const contribution: Contribution = {
          ...{ direction: 'egress', tier: { name: 'T', rank: 1 }, order: 0, name: 'c', rules, isolations: [] },
        };
        const ruleset = build([], undefined, [contribution]);
        for (const truth of three([true, false, null])) {
          const engine = createLinear(ruleset, inventory, ({ patterns }) => truth[Number(patterns[0])]!);
          const outcome = classify(engine, packet)[0];
          const speaking = meanings.flatMap(([action, answer], p): (Said & { answer: Answer | undefined })[] => {
            const known = areNamed[p] ? truth[p] : true;
            const said = known === null ? 'unsupported' : (action as Said['action']);
            return known === false ? [] : [{ action: said, by: [[`p${p}`, 'r']], answer }];
          });
          const answer = together(speaking);
          // Of several names that are not known the first one is named, or of those that are known before it.
          const isOne = areNamed.filter(it => it).length <= 1;
          const expected =
            answer === null
              ? ['not-isolated']
              : answer.action === 'unsupported' && !isOne
                ? speaking.flatMap(({ by }) => words({ action: 'unsupported', by }))
                : words(answer);
          expect(expected).toContain(describeOutcome(engine, outcome));
          if (answer?.action !== 'deny') continue;
          const answers = new Set(speaking.map(it => it.answer));
          expect(ruleset.rules[outcome]!.answer).toBe(answers.size > 1 ? 'unknown' : [...answers][0]);
        }
      }
    }
  });

  it('beyond the limits, what more than one of them could say is unsupported, and the rest is as before', () => {
    const rule = (policy: string, subjects: AddressSet, action: ContributedRule['action'], port: number) => ({
      subjects,
      peers: everyone,
      protocol: 6,
      sourcePorts: null,
      destinationPorts: [port, port],
      icmp: null,
      action,
      origin: { kind: 'Test', policy, rule: 'r', position: at(1) },
    });
    const [one, two, three] = [1, 2, 3].map(i => fromAddresses([podV4(i)])) as [AddressSet, AddressSet, AddressSet];
    const policies = [
      [rule('a', union([one, two]), 'allow', 80), rule('a', union([one, two]), 'deny', 81)],
      [rule('b', union([two, three]), 'deny', 80), rule('b', union([two, three]), 'allow', 82)],
    ];
    const full = ask(createResolver(everyone)(policies).rules);
    for (const limits of [{ mostPairs: 1 }, { mostRules: 3 }]) {
      const { rules, problems } = createResolver(everyone, limits)(policies);
      expect(problems).toHaveLength(1);
      expect(problems[0]!.message).toContain('a and b have the same priority');
      const limited = ask(rules);
      for (const dport of [80, 81, 82, 83]) {
        for (const [source, isShared] of [
          [podV4(1), false],
          [podV4(2), true],
          [podV4(3), false],
        ] as const) {
          const packet = { source, destination: podV4(8), dport };
          expect(limited(packet)).toBe(isShared ? 'unsupported a and b equal priority' : full(packet));
        }
      }
    }
  });

  it('the policy that stands first is named first', () => {
    const rule = (policy: string, action: ContributedRule['action'], cidr: string) => [
      {
        subjects: fromCidr(cidr)!,
        peers: everyone,
        protocol: null,
        sourcePorts: null,
        destinationPorts: null,
        icmp: null,
        action,
        origin: { kind: 'Test', policy, rule: 'r', position: at(policy.charCodeAt(0)) },
      } satisfies ContributedRule,
    ];
    // b and c have no subject in common: c comes into the first list, before a.
    const policies = [rule('a', 'allow', '10.0.0.1'), rule('b', 'deny', '10.0.0.0/24'), rule('c', 'allow', '10.0.0.2')];
    const { rules } = createResolver(everyone)(policies);
    const ambiguous = rules.filter(({ action }) => action === 'ambiguous').map(({ origin }) => origin);
    expect(ambiguous.map(({ policy, position }) => [policy, position.line])).toEqual([
      ['a and b', 97],
      ['b and c', 98],
    ]);
  });

  it('a thousand policies apart from one another and one over all of them are two lists', () => {
    const policies = Array.from({ length: 1000 }, (_, i) => {
      const subjects = fromCidr(`10.${i >> 8}.${i & 255}.0/24`)!;
      return [1, 2, 3, 4].map(port => ({
        subjects,
        peers: everyone,
        protocol: 6,
        sourcePorts: null,
        destinationPorts: [port, port],
        icmp: null,
        action: port % 2 === 0 ? ('allow' as const) : ('deny' as const),
        origin: { kind: 'Test', policy: `p${i}`, rule: `r${port}`, position: at(i) },
      }));
    });
    const over = [{ ...policies[0]![0]!, subjects: everyone, destinationPorts: null, action: 'allow' as const }];
    const started = performance.now();
    const { rules, problems } = createResolver(everyone)([...policies, over]);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(problems).toEqual([]);
    expect(rules.filter(({ action }) => action === 'ambiguous')).toHaveLength(2000);
  });
});

describe('overlaps', () => {
  it('are the pairs whose sets have an address in common', () => {
    const arbSet = fc
      .array(
        fc.constantFrom(
          '10.0.0.0/30',
          '10.0.0.2',
          '10.0.0.4',
          '10.0.0.3',
          '10.0.0.8/29',
          'fd00::/64',
          'fd00::1',
          '::1',
        ),
        { maxLength: 3 },
      )
      .chain(texts =>
        fc
          .subarray([3, 4, 5])
          .map(unaddressed => ({ ...union([NOWHERE, ...texts.map(it => fromCidr(it)!)]), unaddressed })),
      );
    const meets = (a: AddressSet, b: AddressSet): boolean =>
      [a.v4, a.v6].some((line, family) => {
        const other = family === 0 ? b.v4 : b.v6;
        for (let i = 0; i < line.length; i += 2) {
          for (let j = 0; j < other.length; j += 2) {
            if (line[i]! <= other[j + 1]! && other[j]! <= line[i + 1]!) return true;
          }
        }
        return false;
      }) || a.unaddressed.some(owner => b.unaddressed.includes(owner));
    fc.assert(
      fc.property(fc.array(arbSet, { maxLength: 5 }), fc.array(fc.nat(4), { maxLength: 6 }), (sets, picks) => {
        // Some of them one object, several times.
        const all = [...sets, ...picks.filter(i => i < sets.length).map(i => sets[i]!)];
        const expected: string[] = [];
        all.forEach((a, i) => {
          for (let j = i + 1; j < all.length; j++) if (meets(a, all[j]!)) expected.push(`${i} ${j}`);
        });
        const actual = [...overlappingPairs(all)].filter(pair => pair !== null).map(pair => pair.join(' '));
        expect(actual.sort()).toEqual(expected.sort());
      }),
      { seed, endOnFailure: true, numRuns: 500 },
    );
  });
});
