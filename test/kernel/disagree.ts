/**
 * Random traffic held against the running kernel, and what is done about a disagreement: it is shrunk to a few packets.
 */

import { generate } from './generate.js';
import { judgeByKernel, kernelProfile } from './kernel.js';
import { nftText, type PlainRules, ruleListText } from './plain-nft.js';
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

/** @returns index of the first packet on which the two disagree and how, or null. */
async function firstDisagreement(
  packets: readonly TimedPacket[],
  rules: PlainRules,
  traced: boolean,
): Promise<{ index: number; text: string } | null> {
  const said = await judgeByKernel(kernelPackets(packets), nftText(rules), { rules: traced });
  const mine = judgeByPolicap(packets, compileRules(ruleListText(rules)), { kernel: kernelProfile() });
  for (let index = 0; index < packets.length; index++) {
    const answer = answerOf(said[index]!);
    const { rule, state } = said[index]!;
    // Which rule decided is asked only of packets that the rules are about.
    const byRule = traced && state === 'new' && rule !== (mine[index]!.rule || 'default');
    const what =
      disagreement(answer, mine[index]!) || (byRule ? `rule ${rule}, not ${mine[index]!.rule || 'default'}` : '');
    if (what !== '') {
      const policap = `${answerText(policapAnswer(mine[index]!))} (${mine[index]!.reason})`;
      return { index, text: `${what}: Linux: ${answerText(answer)}; policap: ${policap}` };
    }
  }
  return null;
}

/** Judges one seed's traffic by both. @returns null where they agree on every packet. */
export async function checkSeed(seed: number, count: number): Promise<Disagreement | null> {
  const { packets, rules } = generate(seed, count);
  // Reading the deciding rules takes the kernel time: of every fifth seed.
  const traced = seed % 5 === 0;
  const found = await firstDisagreement(packets, rules, traced);
  if (found === null) return null;
  let kept = packets.slice(0, found.index + 1);
  let { text } = found;
  // Greedily: whatever can go without the disagreement at the last packet going too, goes; large pieces first.
  for (let size = kept.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at + size < kept.length; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      const still = await firstDisagreement(fewer, rules, traced);
      if (still !== null) {
        kept = fewer.slice(0, still.index + 1);
        ({ text } = still);
      } else at += size;
    }
  }
  const hex = kept.map(({ time, bytes }) => `${time} ${Buffer.from(bytes).toString('hex')}`);
  return { seed, packets: kept, text: [`seed ${seed}: ${text}`, ...hex, nftText(rules)].join('\n') };
}
