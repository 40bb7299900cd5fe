/**
 * IPv4 gives up what has come of a datagram when more than 64 other fragments of its source came before its next one
 * (ipfrag_max_dist); IPv6 does not count. policap is held to that, and where it can be asked, so is the kernel.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { closeKernel, judgeByKernel, kernelRefusal } from './kernel.js';
import { nftText, ruleListText } from './plain-nft.js';
import { compileRules, judgeByPolicap } from './policap.js';
import { type Family, parsePacket } from './script-packet.js';
import { kernelPackets } from './scripts.js';

const OPEN = { rules: [], default: 'allow' } as const;
const refusal = kernelRefusal();

afterAll(closeKernel);

/** A datagram's two fragments, with first fragments of other datagrams between them. */
function packets(family: Family, between: number, source = 'client') {
  const build = (line: string): Uint8Array =>
    parsePacket(line.split(' '), 0, message => {
      throw new Error(message);
    }).build(family, []);
  const others = Array.from({ length: between }, (_, i) =>
    build(`${source} > server udp len 200 ipid ${100 + i} part 0-64`),
  );
  const [first, second] = ['0-64', '64-'].map(part => build(`client > server udp len 200 ipid 5 part ${part}`));
  return [first!, ...others, second!].map((bytes, i) => ({ time: i / 1000, bytes }));
}

const CASES: readonly (readonly [Family, number, string, string])[] = [
  [4, 63, 'client', 'allowed'],
  [4, 64, 'client', 'dropped'],
  [4, 64, 'other', 'allowed'],
  [6, 64, 'client', 'allowed'],
];

describe.each(CASES)('IPv%i, %i fragments of the %s in between', (family, between, source, verdict) => {
  const sent = packets(family, between, source);

  it(`policap: ${verdict}`, () => {
    const said = judgeByPolicap(sent, compileRules(ruleListText(OPEN)));
    expect([said[0]!.verdict, said.at(-1)!.verdict]).toEqual([verdict, verdict]);
    expect(said.slice(1, -1).every(each => each.verdict === 'dropped' && each.reason === 'fragment')).toBe(true);
  });

  it.runIf(refusal === null)(`Linux: ${verdict}`, async () => {
    const said = await judgeByKernel(kernelPackets(sent), nftText(OPEN), { rules: false });
    expect([said[0]!.verdict, said.at(-1)!.verdict]).toEqual([verdict, verdict]);
  });
});
