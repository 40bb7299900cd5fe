/**
 * Random traffic against the running kernel: at least 100,000 packets, the same ones every time.
 *
 *   node scripts/kernel-random.mjs [packets] [first seed]     as many as one likes
 *
 * A disagreement prints its seed, what is left of its packets after shrinking, and the rules.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { checkSeed } from './disagree.js';
import { generate } from './generate.js';
import { closeKernel, kernelRefusal } from './kernel.js';

const PACKETS = Number(process.env['POLICAP_RANDOM_PACKETS'] ?? 100_000);
const FIRST = Number(process.env['POLICAP_RANDOM_SEED'] ?? 1);
/** Packets a seed: few enough that every seed's rules and connections differ, enough to meet old connections again. */
const EACH = 1000;
/** Seeds a test. */
const GROUP = 20;

const refusal = kernelRefusal();

afterAll(closeKernel);

it('the same seed gives the same packets, and another seed others', () => {
  expect(generate(7, 50)).toEqual(generate(7, 50));
  expect(generate(7, 50)).not.toEqual(generate(8, 50));
});

it('the kernel can be asked where it must be', () => {
  if (process.env['CI'] === 'true') expect(refusal).toBeNull();
  else expect([null, expect.any(String)]).toContainEqual(refusal);
});

describe.runIf(refusal === null)('random traffic', () => {
  it('a disagreement is found, and shrunk to the packets it needs', async () => {
    const found = await checkSeed(FIRST, EACH, { timeouts: { udp: 29, tcp_syn_sent: 119, icmp: 29 } });
    expect(found?.text).toContain(`seed ${FIRST}: timeout: Linux: `);
    expect(found?.packets).toHaveLength(1);
  });

  const seeds = Math.ceil(PACKETS / EACH);
  for (let first = FIRST; first < FIRST + seeds; first += GROUP) {
    const last = Math.min(first + GROUP, FIRST + seeds) - 1;
    it(`of seeds ${first} to ${last}: Linux and policap agree on every packet`, { timeout: 600_000 }, async () => {
      for (let seed = first; seed <= last; seed++) {
        const found = await checkSeed(seed, EACH);
        expect(found?.text ?? '').toBe('');
      }
    });
  }
});
