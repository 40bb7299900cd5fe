/**
 * Every packet of every shipped capture and example, in dataplane mode: policap's verdict is the running kernel's.
 *
 * Tunnels are opened, as policap does unless it is told otherwise: what the kernel is given is the inner packet; captures
 * that hold tunnels are compared a second time from outside. With POLICAP_RECORD=1 the kernel's answers are written to golden/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Answers, disagreements, kernelAnswers, leftOut, policapAnswers } from './agreement.js';
import type { CollectedPacket } from './collect.js';
import { formatGolden, goldenPath, RECORDED, readGolden } from './golden.js';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal, TRACK_ONLY } from './kernel.js';
import { COMPARED, load } from './shipped.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

const kernel = kernelProfile();
const total = { packets: 0, compared: 0, leftOut: new Map<string, number>() };

async function ask(packets: readonly CollectedPacket[], ruleset: string): Promise<Answers> {
  const asked = packets.flatMap(({ time, bytes }) => (bytes === null ? [] : [{ time, bytes }]));
  return kernelAnswers(packets, await judgeByKernel(asked, ruleset));
}

function count(packets: readonly CollectedPacket[], compared: number): void {
  total.packets += packets.length;
  total.compared += compared;
  for (const [why, number] of leftOut(packets)) total.leftOut.set(why, (total.leftOut.get(why) ?? 0) + number);
}

describe.skipIf(refusal !== null)('the running kernel judges every packet of a capture as policap does', () => {
  afterAll(async () => {
    await closeKernel();
    const left = [...total.leftOut].map(([why, number]) => `${number} ${why}`).join(', ');
    console.log(`${total.compared} of ${total.packets} packets compared with the kernel; not compared: ${left}`);
  });

  it.each(COMPARED)('$name', async folder => {
    const { ruleset, parts } = await load(folder, { kernel });
    const answers: Answers[] = [];
    for (const packets of parts) {
      const theirs = await ask(packets, ruleset);
      const ours = policapAnswers(packets);
      const found = disagreements(ours, theirs);
      expect(found.slice(0, 10), `${found.length} of ${ours.size}`).toEqual([]);
      count(packets, ours.size);
      answers.push(theirs);
    }
    if (kernel !== RECORDED) return;
    if (process.env.POLICAP_RECORD === '1') {
      mkdirSync(dirname(goldenPath(folder.name)), { recursive: true });
      writeFileSync(goldenPath(folder.name), formatGolden(answers));
    }
    expect(answers).toEqual(readGolden(folder.name));
  });

  it('and differs where it should: without the rules, with another timeout', async () => {
    const shop = COMPARED.find(({ name }) => name === 'pcaps/shop')!;
    const { ruleset, parts } = await load(shop, { kernel });
    const withoutRules = await ask(parts[0]!, TRACK_ONLY);
    expect(disagreements(policapAnswers(parts[0]!), withoutRules).length).toBeGreaterThan(100);
    const hasty = (await load(shop, { kernel, timeouts: { tcp_syn_sent: 119 } })).parts[0]!;
    expect(disagreements(policapAnswers(hasty), await ask(hasty, ruleset))[0]).toMatchObject({
      policap: expect.stringContaining('SYN_SENT 119 s'),
      kernel: expect.stringContaining('SYN_SENT 120 s'),
    });
  });
});
