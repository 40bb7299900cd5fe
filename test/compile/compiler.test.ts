/**
 * The compiler that keeps what has not changed gives what a compilation from nothing gives: problems, rules in their order
 * with their origins, and the outcomes of both engines, after every change of a random history.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile, createCompiler } from '../../src/compile.js';
import type { KubernetesDocument } from '../../src/documents/document.js';
import { readDocuments } from '../../src/documents/read.js';
import { PROFILE_NAMES } from '../../src/profile/profile.js';
import { printRules } from '../../src/rules/print.js';
import { findDeepest } from '../../src/tree/deepest.js';
import { createLinear } from '../../src/tree/linear.js';
import { createTreeBuilder, type Tree, type TreeBuilder } from '../../src/tree/tree.js';
import { seed } from '../support/seed.js';
import { arbPackets, PREFIXES, podV4, podV6 } from '../tree/arbitrary.js';
import { classify, type PacketLiteral } from '../tree/packets.js';

const read = (object: object, file: string): KubernetesDocument =>
  readDocuments(JSON.stringify(object), file).documents[0]!;

const namespace = (name: string, labels: object): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

const pod = (i: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `p${i}`, namespace: 'ab'[i % 2], labels: { app: 'xyz'[i % 3], tier: String(i % 2) } },
  spec: {
    nodeName: `n${i % 2}`,
    containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 + (i % 2) }] }],
  },
  status: { phase: 'Running', podIPs: [{ ip: podV4(i) }, ...(i % 3 === 0 ? [{ ip: podV6(i) }] : [])] },
});

const CLUSTER = [
  namespace('a', { team: 'one' }),
  namespace('b', { team: 'two' }),
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n0' },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.1.1' }] },
  },
  { apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'w' } },
  ...[1, 2, 3, 4, 5].map(pod),
].map((object, i) => read(object, `cluster-${i}.json`));
const MORE_PODS = [6, 7, 8].map(i => read(pod(i), `pod-${i}.json`));

const arbSelector = fc.constantFrom<object>(
  {},
  { matchLabels: { app: 'x' } },
  { matchLabels: { app: 'y' } },
  {
    matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['x'] }],
  },
);
const arbNamespaces = fc.constantFrom<object>({}, { matchLabels: { team: 'one' } }, { matchLabels: { team: 'two' } });
const arbPeer = fc.oneof(
  arbSelector.map(podSelector => ({ podSelector })),
  fc.tuple(arbNamespaces, arbSelector).map(([namespaceSelector, podSelector]) => ({ namespaceSelector, podSelector })),
  fc.constantFrom(...PREFIXES).map(cidr => ({ ipBlock: { cidr } })),
  fc.constant({ ipBlock: { cidr: '10.0.0.0/24', except: ['10.0.0.4/30'] } }),
);
const arbPort = fc.constantFrom<object>(
  { port: 80 },
  { port: 53, protocol: 'UDP' },
  { port: 'http' },
  { port: 8000, endPort: 8100 },
  { protocol: 'SCTP' },
);
const arbRule = (side: string) =>
  fc
    .tuple(fc.option(fc.array(arbPeer, { maxLength: 2 })), fc.option(fc.array(arbPort, { maxLength: 2 })))
    .map(([peers, ports]) => ({ ...(peers && { [side]: peers }), ...(ports && { ports }) }));
/** `lost` is a namespace that only policies name; a port of 0 is an error. */
const arbPolicy = fc
  .record({
    namespace: fc.constantFrom('a', 'a', 'b', 'b', 'lost'),
    name: fc.constantFrom('p', 'q', 'r', 's'),
    podSelector: arbSelector,
    policyTypes: fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']),
    ingress: fc.array(arbRule('from'), { maxLength: 2 }),
    egress: fc.array(arbRule('to'), { maxLength: 2 }),
    broken: fc.integer({ min: 0, max: 30 }).map(n => n === 0),
  })
  .map(({ namespace, name, broken, ...spec }) => ({
    apiVersion: broken ? 'networking.k8s.io/v9' : 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec,
  }));

type Change =
  | { readonly kind: 'add' | 'replace'; readonly at: number; readonly policy: object }
  | { readonly kind: 'remove' | 'pod' | 'nothing' | 'swap'; readonly at: number };

const arbChange: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('add' as const, 'replace' as const),
      at: fc.nat(9),
      policy: arbPolicy,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('remove' as const, 'pod' as const, 'nothing' as const, 'swap' as const),
      at: fc.nat(9),
    }),
  },
);

/** Policies stand among the cluster's documents, before and behind. */
class History {
  private policies: KubernetesDocument[] = [];
  private readonly pods = new Set<KubernetesDocument>();
  private made = 0;

  apply(change: Change): void {
    const { length } = this.policies;
    const at = length === 0 ? 0 : change.at % length;
    if (change.kind === 'add' || change.kind === 'replace') {
      const document = read(change.policy, `policy-${this.made++}.json`);
      this.policies.splice(at, change.kind === 'add' || length === 0 ? 0 : 1, document);
    } else if (change.kind === 'remove') this.policies.splice(at, 1);
    else if (change.kind === 'swap') this.policies.reverse();
    else if (change.kind === 'pod') {
      const document = MORE_PODS[change.at % MORE_PODS.length]!;
      if (!this.pods.delete(document)) this.pods.add(document);
    }
  }

  get documents(): KubernetesDocument[] {
    const [first, ...others] = this.policies;
    return [...(first === undefined ? [] : [first]), ...CLUSTER, ...this.pods, ...others];
  }
}

const SIDES = ['egress', 'ingress'] as const;

/** Shapes that rules of this size do not choose, built over the same pods again and again. */
class Shapes {
  private pods: unknown = null;
  private builders: readonly TreeBuilder[] = [];

  build({ inventory, ruleset }: Compiled): Tree[] {
    if (this.pods !== inventory.pods) {
      this.pods = inventory.pods;
      this.builders = [{ mostDense: 0 }, { mostRuns: 0 }].map(options => createTreeBuilder(inventory, options));
    }
    return this.builders.map(build => build(ruleset));
  }
}

function expectSame(kept: Compiled, anew: Compiled, shapes: Shapes, packets: readonly PacketLiteral[]): void {
  expect(printRules(kept.ruleset)).toBe(printRules(anew.ruleset));
  expect(kept.ruleset).toEqual(anew.ruleset);
  kept.ruleset.rules.forEach((rule, i) => {
    if (rule.index !== i) expect(rule.index).toBe(i);
  });
  for (const side of SIDES) {
    for (const rule of kept.ruleset[side].flatMap(tier => tier.rules))
      expect(kept.ruleset.rules[rule.index]).toBe(rule);
  }
  expect([...kept.inventory.namespaces]).toEqual([...anew.inventory.namespaces]);
  expect([...kept.ignored]).toEqual([...anew.ignored]);
  const { buildMs: _, ...stats } = kept.classifier.stats();
  const { buildMs: __, ...fresh } = anew.classifier.stats();
  expect(stats.rules).toBe(fresh.rules);
  expect(stats.addressClasses).toBe(fresh.addressClasses);
  expect(findDeepest(kept.classifier as Tree).length).toBe(findDeepest(anew.classifier as Tree).length);
  const linear = createLinear(kept.ruleset, kept.inventory);
  const [sparse, forest] = shapes.build(kept);
  const engines = { kept: kept.classifier, anew: anew.classifier, sparse: sparse!, forest: forest! };
  for (const packet of packets) {
    const expected = classify(linear, packet).join();
    for (const [name, classifier] of Object.entries(engines)) {
      const actual = classify(classifier, packet).join();
      if (actual !== expected) expect({ name, packet, actual }).toEqual({ name, packet, actual: expected });
    }
  }
}

describe(`a compiler that keeps what has not changed (seed ${seed})`, () => {
  it('gives what a compilation from nothing gives, whatever was compiled before', () => {
    let compiledOften = 0;
    const arbHistory = fc.array(arbChange, { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...PROFILE_NAMES), arbHistory, arbPackets, (profile, changes, packets) => {
        const compiler = createCompiler({ profile });
        const history = new History();
        const shapes = new Shapes();
        let last: { readonly kept: Compiled; readonly outcomes: string[] } | null = null;
        for (const change of changes) {
          history.apply(change);
          const kept = compiler.compile(history.documents);
          const anew = compile(history.documents, { profile });
          expect(kept.problems).toEqual(anew.problems);
          expect(kept.compiled === null).toBe(anew.compiled === null);
          // What was given before stays as it was.
          if (last !== null) {
            expect(packets.map(packet => classify(last!.kept.classifier, packet).join())).toEqual(last.outcomes);
          }
          if (kept.compiled === null) continue;
          expectSame(kept.compiled, anew.compiled!, shapes, packets);
          const { classifier } = kept.compiled;
          last = { kept: kept.compiled, outcomes: packets.map(packet => classify(classifier, packet).join()) };
          compiledOften++;
        }
      }),
      { seed, numRuns: 150 },
    );
    expect(compiledOften).toBeGreaterThan(300);
  });

  it('keeps rules, policies and pods that have not changed', () => {
    const compiler = createCompiler();
    const policy = (name: string, port: number) =>
      read(
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name, namespace: 'a' },
          spec: { podSelector: {}, ingress: [{ ports: [{ port }] }] },
        },
        `${name}.json`,
      );
    const kept = policy('kept', 80);
    const first = compiler.compile([...CLUSTER, kept, policy('changed', 81)]).compiled!;
    const second = compiler.compile([...CLUSTER, kept, policy('changed', 82)]).compiled!;
    expect(second.inventory).toBe(first.inventory);
    expect(second.policies[0]).toBe(first.policies[0]);
    expect(second.ruleset.rules[0]).toBe(first.ruleset.rules[0]);
    expect(second.ruleset.rules[1]).not.toEqual(first.ruleset.rules[1]);
  });
});
