/** policap's verdict on every packet of every shipped capture is the one that Linux gave when it was asked: everywhere. */
import { describe, expect, it } from 'vitest';
import { type Answers, disagreements, policapAnswers } from './agreement.js';
import { formatGolden, RECORDED, readGolden } from './golden.js';
import { COMPARED, load } from './shipped.js';

describe("policap's verdicts are the ones the kernel gave", () => {
  it.each(COMPARED)('$name', async folder => {
    const { parts } = await load(folder, { kernel: RECORDED });
    const recorded = readGolden(folder.name);
    expect(recorded.length).toBe(parts.length);
    parts.forEach((packets, i) => {
      const ours = policapAnswers(packets);
      const found = disagreements(ours, recorded[i]!);
      expect(found.slice(0, 10), `${found.length} of ${ours.size}`).toEqual([]);
    });
  });

  it('were read as they were written', () => {
    const [answers] = readGolden('pcaps/shop') as [Answers];
    expect(answers.size).toBeGreaterThan(700);
    expect(formatGolden([answers])).toContain('SYN_RECV 60 s replied: ');
    expect(formatGolden([answers]).split('\n').length).toBeLessThan(answers.size / 3);
  });
});
