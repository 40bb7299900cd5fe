/** Every decision of every profile (profile/profile.ts), by its number, through the normal form and every engine. */
import { describe, expect, it } from 'vitest';
import type { NetworkPolicy } from '../../src/policy/policy.js';
import { PROFILES } from '../../src/profile/index.js';
import { PROFILE_NAMES, type ProfileName } from '../../src/profile/profile.js';
import { buildRules } from '../../src/rules/build.js';
import { OUTCOME_DEFAULT_DENY } from '../../src/tree/classifier.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTree } from '../../src/tree/tree.js';
import { combine, outcomeRecord } from '../../src/verdict/outcome.js';
import { reasonOf, verdictOf } from '../../src/verdict/verdict.js';
import { cluster } from '../rules/cluster.js';
import { classify, type PacketLiteral } from '../tree/packets.js';
import { CASES, CLUSTER } from './cases.js';

const inventory = cluster(CLUSTER);

function asker(policies: readonly NetworkPolicy[], profile: ProfileName) {
  const ruleset = buildRules(policies, inventory, undefined, PROFILES[profile]);
  const linear = createLinear(ruleset, inventory);
  const trees = [{}, { mostDense: 0 }, { mostRuns: 0 }].map(options => createTree(ruleset, inventory, options));
  return (packet: PacketLiteral): { verdict: string; reason: string } => {
    const [egress, ingress, forward] = classify(linear, packet) as [number, number, number];
    for (const tree of trees) expect(classify(tree, packet)).toEqual([egress, ingress, forward]);
    const code = combine(egress, ingress, forward, ruleset.rules);
    return { verdict: verdictOf(code), reason: reasonOf(code) };
  };
}

describe.each(CASES)('%s', (_, { profile, policies, asks }) => {
  it('is what the profile says', () => {
    const ask = asker(policies, profile);
    for (const { packet, here, reason } of asks) {
      expect({ packet, ...ask(packet) }).toEqual({ packet, verdict: here, reason });
    }
  });

  it('and not what upstream says, where it is a decision', () => {
    const ask = asker(policies, 'upstream');
    for (const { packet, upstream } of asks) {
      expect({ packet, verdict: ask(packet).verdict }).toEqual({ packet, verdict: upstream });
    }
  });
});

describe('profiles', () => {
  it('are each under their own name', () => {
    expect(Object.keys(PROFILES)).toEqual(PROFILE_NAMES);
    for (const name of PROFILE_NAMES) expect(PROFILES[name].name).toBe(name);
  });

  it('have a case for every decision in which they differ from upstream', () => {
    for (const name of PROFILE_NAMES) {
      const keys = Object.keys(PROFILES[name]).filter(
        key => !['name', 'title', 'refusal', 'invalidPasses', 'enforces', 'conntrack'].includes(key),
      );
      const differ = keys.filter(
        key =>
          JSON.stringify(PROFILES[name][key as keyof (typeof PROFILES)['calico']]) !==
          JSON.stringify(PROFILES.upstream[key as keyof (typeof PROFILES)['calico']]),
      );
      const own = CASES.filter(([, it]) => it.profile === name && it.asks.some(ask => ask.here !== ask.upstream));
      const numbers = new Set(own.flatMap(([title]) => [...title.matchAll(/P\d+/g)].map(([number]) => number)));
      expect(numbers.size, name).toBe(differ.length);
    }
  });

  it('P2: what else is open to every pod of kube-router, whatever connection tracking makes of it', () => {
    const isolated = CASES.find(([title]) => title.startsWith('kube-router: P2'))![1];
    const ask = asker(isolated.policies, 'kube-router');
    const types = { '10.0.0.1 10.0.0.2': [3, 8, 11], 'fd00::1 fd00::2': [1, 3, 128, 129, 135, 136] };
    for (const [ends, open] of Object.entries(types)) {
      const [source = '', destination = ''] = ends.split(' ');
      const protocol = source.includes(':') ? 58 : 1;
      const allowed = Array.from({ length: 256 }, (_, icmpType) => icmpType).filter(
        icmpType => ask({ source, destination, protocol, icmpType }).verdict === 'allowed',
      );
      expect(allowed, ends).toEqual(open);
      // The other family's protocol has other types.
      expect(ask({ source, destination, protocol: protocol === 1 ? 58 : 1, icmpType: open[0] }).verdict).toBe(
        'dropped',
      );
    }
  });

  it('P17: kube-router tells the sender of what isolation denies, others do not; of plain rules nobody does', () => {
    const position = { file: 'p.yaml', line: 1, column: 1 };
    const isolating: NetworkPolicy = {
      ...{ namespace: 'a', name: 'p', position, podSelector: { matchLabels: {}, matchExpressions: [] } },
      ...{ isolatesIngress: true, isolatesEgress: true, ingress: [], egress: [] },
    };
    const pod = cluster({ pods: [{ ns: 'a', name: 'p', ips: ['10.0.0.1'] }] });
    for (const name of PROFILE_NAMES) {
      const ruleset = buildRules([isolating], pod, undefined, PROFILES[name]);
      const linear = createLinear(ruleset, pod);
      const outcomes = classify(linear, { source: '10.0.0.1', destination: '192.0.2.1', dport: 80 });
      const egress = outcomeRecord('egress', outcomes[0], 0, ruleset, pod);
      expect([name, egress?.answer]).toEqual([name, name === 'kube-router' ? 'icmp-port-unreachable' : undefined]);
      const forward = outcomeRecord('forward', OUTCOME_DEFAULT_DENY, -1, ruleset, pod);
      expect(forward).not.toHaveProperty('answer');
    }
  });
});
