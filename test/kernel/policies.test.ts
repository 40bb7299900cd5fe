/**
 * Random NetworkPolicies over random clusters, and random ordered rules in several tiers: the kernel, given what
 * `compile --emit nft` prints, decides first packets as policap does, by the same rules.
 */

import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/cluster/inventory.js';
import type { Compiled } from '../../src/compile.js';
import { createMesh } from '../../src/mesh/mesh.js';
import { noObjects } from '../../src/policy/dialects.js';
import { PROFILES } from '../../src/profile/index.js';
import { buildRules } from '../../src/rules/build.js';
import { emitNft } from '../../src/rules/emit-nft.js';
import type { Ruleset } from '../../src/rules/ruleset.js';
import { createTree } from '../../src/tree/tree.js';
import { batchOf } from '../support/frames.js';
import { sourceOf } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { arbInventory, arbPackets, arbPolicies, arbRuleset } from '../tree/arbitrary.js';
import type { PacketLiteral } from '../tree/packets.js';
import { disagreements, kernelAnswers, policapAnswers } from './agreement.js';
import { collect } from './collect.js';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal } from './kernel.js';
import { literalPacket } from './literal-packet.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

const RAW = 101;
/** Rulesets of each kind; each with 20 to 40 packets. */
const RULESETS = 100;

let compared = 0;
const decided = new Map<string, number>();

async function agree(ruleset: Ruleset, inventory: Inventory, literals: readonly PacketLiteral[]): Promise<void> {
  const classifier = createTree(ruleset, inventory);
  const compiled: Compiled = {
    inventory,
    policies: [],
    objects: noObjects(),
    mesh: createMesh([], inventory),
    profileFrom: 'asked for',
    profile: PROFILES.upstream,
    ruleset,
    classifier,
    problems: [],
    ignored: new Map(),
    compileMs: 0,
  };
  const frames = literals.filter(({ protocol }) => protocol !== -1).map(literalPacket);
  const times = frames.map((_, i) => BigInt(i) * 1_000_000n);
  const { batch } = batchOf(frames, { linkType: RAW, times });
  const packets = await collect(sourceOf([batch], RAW), compiled, { kernel: kernelProfile(), tunnels: false });
  const asked = packets.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
  const nft = emitNft(ruleset, inventory);
  const theirs = kernelAnswers(packets, await judgeByKernel(asked, nft));
  compared += theirs.size;
  for (const answer of theirs.values()) {
    const kind = answer
      .split(' | ')[1]!
      .replace(/^#\d+ /, '')
      .split(' ')[0]!;
    decided.set(kind, (decided.get(kind) ?? 0) + 1);
  }
  const found = disagreements(policapAnswers(packets), theirs);
  if (found.length > 0) {
    const packet = found.map(({ number }) => literals.filter(({ protocol }) => protocol !== -1)[number - 1]);
    expect({ seed, found, packet, nft }).toEqual({ seed, found: [], packet: [], nft: '' });
  }
}

describe.skipIf(refusal !== null)(`the kernel decides first packets as policap does (seed ${seed})`, () => {
  afterAll(closeKernel);

  it('by random NetworkPolicies', async () => {
    const arb = fc.tuple(arbInventory, arbPolicies, arbPackets);
    for (const [inventory, policies, packets] of fc.sample(arb, { seed, numRuns: RULESETS })) {
      await agree(buildRules(policies, inventory), inventory, packets);
    }
    expect(compared).toBeGreaterThan(RULESETS * 15);
    for (const kind of ['allow', 'default-deny', 'loopback', 'node', 'no', 'invalid']) {
      expect(decided.get(kind) ?? 0, kind).toBeGreaterThan(10);
    }
  });

  it('by random ordered rules in several tiers, with deny and pass', async () => {
    const arb = fc.tuple(arbInventory, arbRuleset, arbPackets);
    for (const [inventory, ruleset, packets] of fc.sample(arb, { seed, numRuns: RULESETS })) {
      await agree(ruleset, inventory, packets);
    }
    for (const kind of ['deny', 'allow']) expect(decided.get(kind) ?? 0, kind).toBeGreaterThan(10);
  });
});
