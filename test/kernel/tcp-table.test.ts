/**
 * Every state of TCP x direction x set of flags: policap is held to the kernel's recorded answers (tcp-table.txt)
 * everywhere, and the running kernel to them where it can be asked.
 *
 *   POLICAP_RECORD=1 npx vitest run test/kernel/tcp-table.test.ts     writes the running kernel's answers
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { closeKernel, judgeByKernel, kernelRefusal } from './kernel.js';
import { nftText, ruleListText } from './plain-nft.js';
import { compileRules, judgeByPolicap } from './policap.js';
import { answerText, parseAnswerText } from './script.js';
import { answerOf, disagreement } from './script-answer.js';
import { kernelPackets } from './scripts.js';
import { DRIVES, tcpTable } from './tcp-table.js';

const FILE = fileURLToPath(new URL('tcp-table.txt', import.meta.url));
const HEAD = `# Linux on one TCP packet: state, direction and flags of the packet -> its answer (script.ts).
# Written by POLICAP_RECORD=1 npx vitest run test/kernel/tcp-table.test.ts
`;
const OPEN = { rules: [], default: 'allow' } as const;
const refusal = kernelRefusal();
const recording = refusal === null && process.env['POLICAP_RECORD'] === '1';

const recorded = (): Map<string, string> =>
  new Map(
    readFileSync(FILE, 'utf8')
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'))
      .map(line => line.split(/ +-> /) as [string, string]),
  );

afterAll(closeKernel);

it('holds every state, direction and set of flags', () => {
  const { probes } = tcpTable(4);
  expect(probes).toHaveLength((DRIVES.length * 2 - 1) * 64);
  expect(new Set(probes.map(({ name }) => name)).size).toBe(probes.length);
});

describe.each([4, 6] as const)('IPv%i', family => {
  const { packets, probes } = tcpTable(family);

  it.runIf(refusal === null)('the running kernel says what was recorded', async () => {
    const verdicts = await judgeByKernel(kernelPackets(packets), nftText(OPEN), { rules: false });
    const lines = probes.map(({ name, packet }) => `${name.padEnd(30)} -> ${answerText(answerOf(verdicts[packet]!))}`);
    if (recording) writeFileSync(FILE, `${HEAD}${lines.join('\n')}\n`);
    const expected = recorded();
    const different = lines.filter(line => {
      const [name, answer] = line.split(/ +-> /) as [string, string];
      return expected.get(name) !== answer;
    });
    expect(different).toEqual([]);
  });

  it('policap says what was recorded', () => {
    const expected = recorded();
    const verdicts = judgeByPolicap(packets, compileRules(ruleListText(OPEN)), { kernel: '6.18' });
    const different = probes.flatMap(({ name, packet }) => {
      const what = disagreement(parseAnswerText(expected.get(name) ?? ''), verdicts[packet]!);
      return what === ''
        ? []
        : [`${name}: ${what}: Linux: ${expected.get(name)}; policap: ${JSON.stringify(verdicts[packet])}`];
    });
    expect(different).toEqual([]);
  });
});
