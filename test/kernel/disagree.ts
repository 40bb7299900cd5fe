/**
 * Random traffic held against the running kernel, and what is done about a disagreement: it is shrunk to a few packets.
 */

import type { TrackerOptions } from '../../src/flow/tracker.js';
import { generate, type RandomTraffic } from './generate.js';
import { judgeByKernel, kernelProfile } from './kernel.js';
import { nftText, ruleListText } from './plain-nft.js';
import { compileRules, judgeByPolicap, type TimedPacket } from './policap.js';
import { answerText } from './script.js';
import { answerOf, disagreement, policapAnswer } from './script-answer.js';
import { kernelPackets } from './scripts.js';

export interface Disagreement {
  readonly seed: number;
  /** What is left after shrinking. */
  readonly packets: readonly TimedPacket[];
  readonly text: string;
}

/** Judges packets by both. @returns index of the first packet on which they disagree, and how; or null. */
async function firstDisagreement(
  packets: readonly TimedPacket[],
  { rules, options }: RandomTraffic,
  asked: Asked,
): Promise<{ index: number; text: string } | null> {
  const said = await judgeByKernel(kernelPackets(packets), nftText(rules), { ...options, rules: asked.traced });
  const compiled = compileRules(ruleListText(rules));
  const mine = judgeByPolicap(packets, compiled, { ...options, kernel: kernelProfile(), ...asked.instead });
  for (let index = 0; index < packets.length; index++) {
    const answer = answerOf(said[index]!);
    const { rule, state } = said[index]!;
    const decided = mine[index]!.rule || 'default';
    // Which rule decided is asked only of packets that the rules are about.
    const byRule = asked.traced && state === 'new' && rule !== decided ? `rule ${rule}, not ${decided}` : '';
    const what = disagreement(answer, mine[index]!) || byRule;
    if (what !== '') {
      const policap = `${answerText(policapAnswer(mine[index]!))} (${mine[index]!.reason})`;
      return { index, text: `${what}: Linux: ${answerText(answer)}; policap: ${policap}` };
    }
  }
  return null;
}

interface Asked {
  readonly traced: boolean;
  readonly instead: TrackerOptions;
}

/**
 * Judges one seed's traffic by both. @returns null where they agree on every packet.
 * @param instead options that only policap gets: to see that a disagreement is found.
 */
export async function checkSeed(
  seed: number,
  count: number,
  instead: TrackerOptions = {},
): Promise<Disagreement | null> {
  const traffic = generate(seed, count);
  // Reading the deciding rules takes the kernel time: of every fifth seed.
  const asked = { traced: seed % 5 === 0, instead };
  const found = await firstDisagreement(traffic.packets, traffic, asked);
  if (found === null) return null;
  let kept = traffic.packets.slice(0, found.index + 1);
  let { text } = found;
  // Greedily: whatever can go without the disagreement at the last packet going too, goes; large pieces first.
  for (let size = kept.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size < kept.length; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      const still = await firstDisagreement(fewer, traffic, asked);
      if (still !== null) {
        kept = fewer.slice(0, still.index + 1);
        ({ text } = still);
      } else at += size;
    }
  }
  const hex = kept.map(({ time, bytes }) => `${time} ${Buffer.from(bytes).toString('hex')}`);
  const lines = [`seed ${seed}: ${text}`, JSON.stringify(traffic.options), ...hex, nftText(traffic.rules)];
  return { seed, packets: kept, text: lines.join('\n') };
}
