/**
 * Tiers of several kinds: what checks say of regions, held to the linear engine packet by packet.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../src/cluster/inventory.js';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { createContext } from '../../src/lint/context.js';
import { lint } from '../../src/lint/lint.js';
import { ANY_HEADER, Budget, type Header } from '../../src/lint/region.js';
import { mayPass } from '../../src/lint/walk.js';
import { fromAddresses } from '../../src/rules/addresses.js';
import type { Ruleset, Tier } from '../../src/rules/ruleset.js';
import { createLinear } from '../../src/tree/linear.js';
import { codeOf } from '../../src/verdict/outcome.js';
import { verdictOf } from '../../src/verdict/verdict.js';
import { podYaml } from './lint.js';

const PODS = [
  ['one', 'a', { app: 'a', tier: 'x' }, '10.0.0.1'],
  ['one', 'b', { app: 'b', tier: 'x' }, '10.0.0.2'],
  ['two', 'c', { app: 'a' }, '10.0.0.3'],
  ['two', 'd', { app: 'b' }, '10.0.0.4'],
] as const;
const cluster = readDocuments(
  PODS.map(([namespace, name, labels, ip]) => podYaml(namespace, name, labels, { ips: [ip] })).join('\n---\n'),
  'cluster.yaml',
).documents;

const LABELS = [{}, { app: 'a' }, { app: 'b' }, { tier: 'x' }] as const;
const labels = fc.constantFrom(...LABELS);
const low = fc.constantFrom(1, 79, 80, 443);
const range = fc.tuple(low, fc.constantFrom(0, 1, 20)).map(([from, more]): [number, number] => [from, from + more]);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 2 });

const expression = fc.constantFrom('all()', "app == 'a'", "app == 'b'", "tier == 'x'", "app != 'a'");
const calicoRule = (side: 'source' | 'destination') =>
  fc
    .tuple(
      fc.constantFrom('Allow', 'Allow', 'Deny', 'Pass'),
      expression,
      optional(range),
      fc.constantFrom('TCP', 'UDP'),
    )
    .map(([action, selector, ports, protocol]) => ({
      action,
      ...(ports === null
        ? { [side]: { selector } }
        : side === 'source'
          ? { protocol, source: { selector }, destination: { ports: [`${ports[0]}:${ports[1]}`] } }
          : { protocol, destination: { selector, ports: [`${ports[0]}:${ports[1]}`] } }),
    }));
const calico = fc
  .tuple(
    fc.constantFrom('first', 'default'),
    fc.constantFrom(1, 2, 2000),
    expression,
    fc.array(calicoRule('source'), { maxLength: 4 }),
    fc.array(calicoRule('destination'), { maxLength: 3 }),
  )
  .map(([tier, order, selector, ingress, egress]) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    spec: { tier, order, selector, types: ['Ingress', 'Egress'], ingress, egress },
  }));

const podsOf = (matchLabels: object) => ({ pods: { namespaceSelector: {}, podSelector: { matchLabels } } });
const adminRule = (field: 'from' | 'to') =>
  fc.tuple(fc.constantFrom('Allow', 'Deny', 'Pass'), labels, optional(range)).map(([action, peer, ports]) => ({
    action,
    [field]: [podsOf(peer)],
    ...(ports && { ports: [{ portRange: { protocol: 'TCP', start: Math.max(1, ports[0]), end: ports[1] + 1 } }] }),
  }));
const admin = fc
  .tuple(
    fc.constantFrom(1, 1, 2),
    labels,
    fc.array(adminRule('from'), { maxLength: 3 }),
    fc.array(adminRule('to'), { maxLength: 3 }),
  )
  .map(([priority, subject, ingress, egress]) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    spec: { priority, subject: podsOf(subject), ingress, egress },
  }));

const ciliumRule = (field: 'fromEndpoints' | 'toEndpoints') =>
  fc.tuple(labels, optional(low)).map(([matchLabels, port]) => ({
    [field]: [{ matchLabels }],
    ...(port && { toPorts: [{ ports: [{ port: `${port}`, protocol: 'TCP' }] }] }),
  }));
const cilium = fc
  .tuple(
    labels,
    fc.array(ciliumRule('fromEndpoints'), { maxLength: 2 }),
    fc.array(ciliumRule('fromEndpoints'), { maxLength: 1 }),
    fc.array(ciliumRule('toEndpoints'), { maxLength: 2 }),
  )
  .map(([matchLabels, ingress, ingressDeny, egress]) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    spec: { endpointSelector: { matchLabels }, ingress, ingressDeny, egress },
  }));

const upstreamRule = (field: 'from' | 'to') =>
  fc.tuple(labels, optional(range)).map(([matchLabels, ports]) => ({
    [field]: [{ podSelector: { matchLabels } }],
    ...(ports && { ports: [{ port: Math.max(1, ports[0]), endPort: ports[1] + 1 }] }),
  }));
const upstream = fc
  .tuple(labels, fc.array(upstreamRule('from'), { maxLength: 2 }), fc.array(upstreamRule('to'), { maxLength: 2 }))
  .map(([matchLabels, ingress, egress]) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: { podSelector: { matchLabels }, ingress, egress },
  }));

const FIRST_TIER = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'Tier',
  metadata: { name: 'first' },
  spec: { order: 10 },
};
const NAMESPACED = new Set(['NetworkPolicy', 'CiliumNetworkPolicy']);
const objects = fc
  .array(fc.oneof(calico, calico, admin, admin, cilium, upstream), { minLength: 1, maxLength: 5 })
  .map(all => [
    FIRST_TIER,
    ...all.map((it, i) => {
      const tier = it.kind === 'GlobalNetworkPolicy' ? `${(it.spec as { tier: string }).tier}.` : '';
      const namespace = NAMESPACED.has(it.kind) ? { namespace: i % 2 === 0 ? 'one' : 'two' } : {};
      return { ...it, metadata: { name: `${tier === 'default.' ? '' : tier}p${i}`, ...namespace } };
    }),
  ]);

function compiledOf(all: readonly object[]) {
  const read = readDocuments(all.map(it => JSON.stringify(it)).join('\n---\n'), 'policies.yaml').documents;
  const documents = [...read, ...cluster];
  const { compiled, problems } = compile(documents, { engine: 'linear' });
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return { compiled, documents };
}

const PORTS = [-1, 0, 1, 2, 3, 21, 22, 78, 79, 80, 81, 82, 99, 100, 101, 102, 442, 443, 444, 445, 463, 464, 465, 65535];
const PROTOCOLS = [6, 17, 1, 99];

function outcomesOf({ inventory }: Pick<Compiled, 'inventory'>, ruleset: Ruleset) {
  const linear = createLinear(ruleset, inventory);
  return (source: Pod, destination: Pod, protocol: number, destinationPort: number) =>
    linear.decide({
      source: { owner: source.owner, address: source.addresses[0]! },
      destination: { owner: destination.owner, address: destination.addresses[0]! },
      ...{ protocol, sourcePort: 999, destinationPort, icmpType: 8, icmpCode: 0 },
    });
}

const pairsOf = (pods: readonly Pod[]): [Pod, Pod][] =>
  pods.flatMap(a => pods.flatMap((b): [Pod, Pod][] => (a === b ? [] : [[a, b]])));

describe('shadowed', () => {
  it('decides no packet', () => {
    let found = 0;
    fc.assert(
      fc.property(objects, all => {
        const { compiled, documents } = compiledOf(all);
        const { findings } = lint(compiled, documents, { only: ['shadowed'] });
        const gone = new Set(findings.map(({ about, message }) => `${about} ${message.split(' can ')[0]}`));
        found += gone.size;
        const { ruleset } = compiled;
        const less = (tiers: readonly Tier[]): Tier[] =>
          tiers.map(tier => ({
            ...tier,
            rules: tier.rules.filter(({ origin }) => !gone.has(`${origin.kind} ${origin.policy} ${origin.rule}`)),
          }));
        const before = outcomesOf(compiled, ruleset);
        const after = outcomesOf(compiled, {
          ...ruleset,
          egress: less(ruleset.egress),
          ingress: less(ruleset.ingress),
        });
        for (const [a, b] of pairsOf(compiled.inventory.pods)) {
          for (const protocol of PROTOCOLS) {
            for (const port of PORTS) expect(after(a, b, protocol, port)).toEqual(before(a, b, protocol, port));
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(found).toBeGreaterThan(10);
  });
});

describe('mayPass', () => {
  it('is true where some packet of the region passes, or is undecided, and else false', () => {
    fc.assert(
      fc.property(objects, range, fc.constantFrom('egress' as const, 'ingress' as const), (all, [from, to], side) => {
        const { compiled, documents } = compiledOf(all);
        const { groups } = createContext(compiled, documents);
        const decide = outcomesOf(compiled, compiled.ruleset);
        const ports = PORTS.filter(port => port >= from && port <= to);
        for (const [subject, peer] of pairsOf(compiled.inventory.pods)) {
          const [group] = groups[side].of([subject]);
          const header: Header = [[6, 6], ANY_HEADER[1], [from, to], ANY_HEADER[3], ANY_HEADER[4]];
          const some = ports.some(port => {
            const outcomes = side === 'egress' ? decide(subject, peer, 6, port) : decide(peer, subject, 6, port);
            return verdictOf(codeOf(outcomes[side === 'egress' ? 0 : 1], compiled.ruleset.rules)) !== 'dropped';
          });
          const box = group!.box(fromAddresses(peer.addresses), header);
          expect(mayPass(group!, box, new Budget(1e6))).toBe(some);
        }
      }),
      { numRuns: 150 },
    );
  });
});
