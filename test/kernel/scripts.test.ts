/**
 * Every script: policap is held to the kernel's recorded answers everywhere, and where a kernel can be asked it is asked
 * again whether it still says so.
 *
 *   POLICAP_RECORD=1 npx vitest run test/kernel/scripts.test.ts     writes the running kernel's answers into the scripts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { closeKernel, judgeByKernel, kernelProfile, kernelRefusal } from './kernel.js';
import { nftText, ruleListText } from './plain-nft.js';
import { compileRules, judgeByPolicap } from './policap.js';
import { answerText, parseScripts, recordAnswers, type Script, ScriptError } from './script.js';
import { answerOf, disagreement, policapAnswer } from './script-answer.js';
import { FOLDER, kernelPackets, runOf, scriptFiles } from './scripts.js';

const refusal = kernelRefusal();
const recording = process.env['POLICAP_RECORD'] === '1';

afterAll(closeKernel);

const titleOf = ({ line, purpose }: Script, family: number): string => `${line}: ${purpose} (IPv${family})`;

for (const file of scriptFiles()) {
  const text = readFileSync(FOLDER + file, 'utf8');
  const scripts = parseScripts(text, file);
  const runs = scripts.flatMap(script =>
    script.families.map(family => ({ script, family, run: runOf(script, family) })),
  );

  describe(`policap and the recorded answers of ${file}`, () => {
    it.each(runs.map(each => [titleOf(each.script, each.family), each] as const))('%s', (_title, { script, run }) => {
      // Recorded on Linux 6.18.
      const options = { ...run.options, kernel: '6.18' } as const;
      const verdicts = judgeByPolicap(run.packets, compileRules(ruleListText(run.rules)), options);
      const wrong = script.packets.flatMap(({ answer, line }, i) => {
        if (answer === null) return [`${file}:${line}: no recorded answer`];
        const what = disagreement(answer, verdicts[i]!);
        if (what === '') return [];
        const mine = `${answerText(policapAnswer(verdicts[i]!))} (${verdicts[i]!.reason})`;
        return [`${file}:${line}: ${what}: Linux: ${answerText(answer)}; policap: ${mine}`];
      });
      expect(wrong).toEqual([]);
    });
  });

  describe.runIf(refusal === null)(`the running kernel and the recorded answers of ${file}`, () => {
    it('agree', async () => {
      const answers = new Map<number, string>();
      const wrong: string[] = [];
      for (const { script, family, run } of runs) {
        if (script.settings.has('6.18') && kernelProfile() !== '6.18') continue;
        const asked = { ...run.options, rules: run.rules.rules.length > 0 };
        const verdicts = await judgeByKernel(kernelPackets(run.packets), nftText(run.rules), asked);
        const mine = judgeByPolicap(run.packets, compileRules(ruleListText(run.rules)), run.options);
        script.packets.forEach(({ line, answer }, i) => {
          const said = answerText(answerOf(verdicts[i]!));
          const other = answers.get(line);
          if (other !== undefined && other !== said) {
            wrong.push(`${file}:${line}: IPv4: ${other}; IPv6: ${said}: write a script for each family`);
          }
          answers.set(line, said);
          if (recording) return;
          const recorded = answer === null ? 'nothing' : answerText(answer);
          if (recorded !== said) wrong.push(`${file}:${line} (IPv${family}): recorded: ${recorded}; Linux: ${said}`);
          const { rule, state } = verdicts[i]!;
          const decided = mine[i]!.rule || 'default';
          if (asked.rules && state === 'new' && mine[i]!.state === 'new' && rule !== decided) {
            wrong.push(`${file}:${line} (IPv${family}): Linux: rule ${rule}; policap: ${decided}`);
          }
        });
      }
      if (recording) writeFileSync(FOLDER + file, recordAnswers(text, answers));
      expect(wrong).toEqual([]);
    });
  });
}

it('the kernel can be asked where it must be', () => {
  if (process.env['CI'] === 'true') expect(refusal).toBeNull();
  else expect([null, expect.any(String)]).toContainEqual(refusal);
});

describe('a script with a mistake', () => {
  it.each([
    ['0 client > server S', '1: "0" stands before the first "purpose ..."'],
    ['purpose x', '1: the script has no packets'],
    ['purpose x\n0 client > nobody S', '2: end "nobody": there are client, server, router, other, and [addresses]'],
    ['purpose x\n1 client > server S\n0.5 client > server S', "3: time 0.5 lies before the last packet's, 1"],
    ['purpose x\n0 client > server S sequence 5', '2: "sequence": there are seq, ack, win'],
    ['purpose x\n0 client > server Q', '2: "Q": write TCP flags (S, SA, A ..., - for none) or one of udp'],
    ['purpose x\n0 client > server S = fine', '2: answer "fine": it begins with one of new, established'],
    ['purpose x\nallow tcp client server\n0 client > server S', '2: rule "allow tcp client server": write'],
    ['purpose x\n0 client > server sctp tag 1 JUNK', '2: chunk "JUNK": there are DATA, INIT'],
  ])('is named with its place: %j', (text, message) => {
    expect(() => parseScripts(text, 'a.script')).toThrow(ScriptError);
    expect(() => parseScripts(text, 'a.script')).toThrow(`a.script:${message}`);
  });
});
