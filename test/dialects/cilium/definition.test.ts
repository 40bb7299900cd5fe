/** Random policies of Cilium mean what their definition says (oracle.ts), to both engines. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seed } from '../../support/seed.js';
import { arbCluster, arbGroups, arbPackets, arbPolicies } from './arbitrary.js';
import { asker, compiled } from './ask.js';
import { oracle } from './oracle.js';

it(`random policies mean what their definition says (seed ${seed})`, { timeout: 120_000 }, () => {
  const seen = new Map<string, number>();
  const runs = fc.property(
    arbCluster,
    arbPolicies,
    arbGroups,
    fc.constantFrom('cilium' as const, 'cilium' as const, 'upstream' as const),
    arbPackets,
    ({ objects }, policies, groups, profile, packets) => {
      const documents = [...policies, ...groups].map(it => JSON.stringify(it)).join('\n---\n');
      const built = compiled(documents, objects, profile);
      const ask = asker(built);
      for (const packet of packets) {
        const answer = ask(packet);
        const expected = oracle({ inventory: built.inventory, policies, groups, profile }, packet);
        for (const way of ['egress', 'ingress'] as const) {
          const wanted = expected[way];
          const [text, kind] =
            typeof wanted === 'string'
              ? [TEXTS[wanted] ?? wanted, wanted]
              : [`${wanted.verdict === 'allow' ? 'allowed' : 'dropped'} rule ${wanted.rules[0]}`, wanted.verdict];
          const actual = answer[way].startsWith('undecided') ? 'undecided' : answer[way];
          if (actual !== text)
            expect({ way, packet, profile, actual: answer[way] }).toEqual({ way, packet, profile, actual: text });
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      }
    },
  );
  fc.assert(runs, { seed, numRuns: 700 });
  for (const kind of ['none', 'loopback', 'node', 'not-isolated', 'default-deny', 'allow', 'deny', 'undecided']) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(100);
  }
});

const TEXTS: Readonly<Record<string, string>> = {
  none: '-',
  loopback: 'allowed loopback',
  node: 'allowed node',
  'not-isolated': 'allowed no-policy',
  'default-deny': 'dropped default-deny',
};
