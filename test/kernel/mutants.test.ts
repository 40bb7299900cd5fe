/**
 * Every shipped capture with flipped bits: the kernel judges the mutants as policap does.
 *
 * One packet in three is given up to three flipped bits in its first 90 bytes; lengths and the fragment fields stay, as a
 * packet shorter or longer than it says is not put on a wire, and a datagram that never becomes whole is a known difference
 * (docs/proof.md). POLICAP_SEED chooses another seed.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { compileCase } from '../support/cases.js';
import { batchOf } from '../support/frames.js';
import { sourceOf } from '../support/replay.js';
import { disagreements, kernelAnswers, policapAnswers } from './agreement.js';
import { collect } from './collect.js';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal } from './kernel.js';
import { COMPARED, load } from './shipped.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

const SEED = Number(process.env.POLICAP_SEED ?? 1);
const RAW = 101;
const MUTABLE = 90;
/** Bytes that stay: version and lengths, and where fragments are told. */
const KEPT = { 4: [0, 2, 3, 6, 7], 6: [0, 4, 5, 6] } as const;

/** A linear congruential generator: 0..below-1. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return below => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

function mutate(packet: Uint8Array, random: (below: number) => number): Uint8Array {
  const mutant = packet.slice();
  if (random(3) > 0) return mutant;
  const kept: readonly number[] = KEPT[packet[0]! >> 4 === 4 ? 4 : 6];
  for (let flips = 1 + random(3); flips > 0; flips--) {
    const at = random(Math.min(mutant.length, MUTABLE));
    const bit = 1 << random(8);
    if (!kept.includes(at)) mutant[at] = mutant[at]! ^ bit;
  }
  return mutant;
}

const mutable = COMPARED.filter(({ name }) => !name.startsWith('pcaps/fragments'));

describe.skipIf(refusal !== null)(`the kernel judges mutated captures as policap does (seed ${SEED})`, () => {
  let compared = 0;
  afterAll(async () => {
    await closeKernel();
    console.log(`${compared} packets of mutated captures compared with the kernel`);
  });

  it.each(mutable.map((folder, i) => ({ folder, i, name: folder.name })))('$name', async ({ folder, i }) => {
    const kernel = kernelProfile();
    const { parts, ruleset } = await load(folder, { kernel });
    const random = createRandom(SEED * 1009 + i);
    const originals = parts[0]!.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
    const frames = originals.map(({ bytes }) => mutate(bytes, random));
    const { batch } = batchOf(frames, { linkType: RAW, times: originals.map(({ time }) => time) });
    const packets = await collect(sourceOf([batch], RAW), compileCase(folder), { kernel, tunnels: false });
    const asked = packets.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
    const ours = policapAnswers(packets);
    const found = disagreements(ours, kernelAnswers(packets, await judgeByKernel(asked, ruleset)));
    const hex = found.map(({ number }) =>
      Buffer.from(packets[number - 1]!.bytes!.subarray(0, MUTABLE)).toString('hex'),
    );
    expect({ found: found.slice(0, 5), hex: hex.slice(0, 5) }).toEqual({ found: [], hex: [] });
    compared += ours.size;
  });
});
