/**
 * The rulesets that Calico, kube-router and Weave Net install, as `compile --emit nft --profile` writes them, in the running
 * kernel: written packets for every decision, random NetworkPolicies over random clusters, and every shipped capture and example, are judged as policap does
 * with that profile. Compared are verdict, connection state and entry; the enforcers' rules have no names of policap's.
 */

import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import type { Compiled } from '../../src/compile.js';
import { emitEnforcer } from '../../src/enforcer/index.js';
import { createMesh } from '../../src/mesh/mesh.js';
import { openCaptures } from '../../src/node/captures.js';
import { noObjects } from '../../src/policy/dialects.js';
import type { NetworkPolicy, PolicyRule } from '../../src/policy/policy.js';
import { PROFILES } from '../../src/profile/index.js';
import type { ProfileName } from '../../src/profile/profile.js';
import { buildRules } from '../../src/rules/build.js';
import { createTree } from '../../src/tree/tree.js';
import { CASES, CLUSTER } from '../profile/cases.js';
import { cluster } from '../rules/cluster.js';
import { compileCase } from '../support/cases.js';
import { batchOf } from '../support/frames.js';
import { sourceOf } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPackets, arbPolicies } from '../tree/arbitrary.js';
import type { PacketLiteral } from '../tree/packets.js';
import { type Disagreement, disagreements, kernelAnswers, policapAnswers, withoutRules } from './agreement.js';
import { type CollectedPacket, collect } from './collect.js';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal } from './kernel.js';
import { literalPacket } from './literal-packet.js';
import { CAPTURES } from './shipped.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

const ENFORCERS = ['calico', 'kube-router', 'weave'] as const;
const RAW = 101;
/** Rulesets a profile; each with 20 to 40 packets. */
const RULESETS = 100;
const kernel = kernelProfile();

function compileWith(policies: readonly NetworkPolicy[], inventory: Inventory, name: ProfileName): Compiled {
  const profile = PROFILES[name];
  const ruleset = buildRules(policies, inventory, undefined, profile);
  const classifier = createTree(ruleset, inventory);
  return {
    inventory,
    policies,
    objects: noObjects(),
    mesh: createMesh([], inventory),
    profileFrom: 'asked for',
    profile,
    ruleset,
    classifier,
    problems: [],
    ignored: new Map(),
    compileMs: 0,
  };
}

function withoutNames(policy: NetworkPolicy): NetworkPolicy {
  const numbered = (rules: readonly PolicyRule[]): PolicyRule[] =>
    rules.map(rule => ({
      ...rule,
      ports: rule.ports?.map(it => (typeof it.port === 'string' ? { ...it, port: 80 } : it)) ?? null,
    }));
  const { ingress, egress, unlisted } = policy;
  const listed = { ...policy, ingress: numbered(ingress), egress: numbered(egress) };
  return unlisted === undefined ? listed : { ...listed, unlisted: numbered(unlisted) };
}

/** How often each verdict was seen: an enforcer that lets everything through would prove nothing. */
const seen = new Map<string, number>();

async function compare(packets: readonly CollectedPacket[], name: ProfileName, nft: string): Promise<Disagreement[]> {
  const asked = packets.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
  const theirs = kernelAnswers(packets, await judgeByKernel(asked, nft, { rules: false }));
  for (const answer of theirs.values()) {
    const kind = `${name} ${answer.split(' | ')[0]}`;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  }
  return disagreements(withoutRules(policapAnswers(packets)), withoutRules(theirs));
}

async function firstPackets(literals: readonly PacketLiteral[], compiled: Compiled): Promise<CollectedPacket[]> {
  const frames = literals.map(literalPacket);
  const times = frames.map((_, i) => BigInt(i) * 1_000_000n);
  const { batch } = batchOf(frames, { linkType: RAW, times });
  return collect(sourceOf([batch], RAW), compiled, { kernel, tunnels: false });
}

describe.skipIf(refusal !== null)(`the kernel with an enforcer's ruleset judges as its profile (seed ${seed})`, () => {
  afterAll(closeKernel);

  it.each(CASES.filter(([, { profile }]) => (ENFORCERS as readonly ProfileName[]).includes(profile)))(
    '%s',
    async (_, { profile, policies, asks }) => {
      const inventory = cluster(CLUSTER);
      const nft = emitEnforcer(profile, policies, inventory)!;
      const packets = await firstPackets(
        asks.map(({ packet }) => packet),
        compileWith(policies, inventory, profile),
      );
      const sent = packets.map(({ time, bytes }) => ({ time, bytes: bytes! }));
      const theirs = await judgeByKernel(sent, nft, { rules: false });
      asks.forEach(({ packet, here }, i) => {
        const said = { packet, kernel: theirs[i]!.verdict, policap: packets[i]!.verdict };
        expect(said).toEqual({ packet, kernel: here, policap: here });
      });
      expect(await compare(packets, profile, nft)).toEqual([]);
    },
  );

  it.each(ENFORCERS)('%s: random NetworkPolicies', async name => {
    const arb = fc.tuple(arbInventory, arbPolicies, arbPackets);
    for (const [i, [inventory, drawn, all]] of fc.sample(arb, { seed, numRuns: RULESETS }).entries()) {
      // Weave Net refuses what names a port: of most rulesets nothing would be left.
      const policies = name === 'weave' && i % 3 > 0 ? drawn.map(withoutNames) : drawn;
      const literals = all.filter(({ protocol }) => protocol !== -1);
      const nft = emitEnforcer(name, policies, inventory)!;
      const packets = await firstPackets(literals, compileWith(policies, inventory, name));
      const found = await compare(packets, name, nft);
      if (found.length > 0) {
        const packet = found.map(({ number }) => literals[number - 1]);
        expect({ seed, found, packet, policies, nft }).toEqual({ seed, found: [], packet: [], policies, nft: '' });
      }
    }
    for (const kind of ['allowed new', 'dropped new', 'dropped invalid']) {
      expect(seen.get(`${name} ${kind}`) ?? 0, kind).toBeGreaterThan(30);
    }
    if (name !== 'kube-router') expect(seen.get(`${name} allowed invalid`) ?? 0).toBeGreaterThan(3);
  });

  it.each(ENFORCERS)('%s: every shipped capture and example', async name => {
    for (const folder of CAPTURES) {
      const { policies, inventory } = compileCase(folder);
      const compiled = compileWith(policies, inventory, name);
      const source = await openCaptures(folder.captures.map(capture => join(folder.path, capture)));
      const packets = await collect(source, compiled, { kernel });
      source.close();
      const found = await compare(packets, name, emitEnforcer(name, policies, inventory)!);
      expect(found.slice(0, 5), `${folder.name}: ${found.length} of ${packets.length}`).toEqual([]);
    }
    expect(seen.get(`${name} allowed established`) ?? 0).toBeGreaterThan(5000);
  });
});
