/** The emitted ruleset of every shipped policy set is one that nft takes, and every deciding rule has a comment. */
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { emitNft, ruleComment } from '../../src/rules/emit-nft.js';
import { allCases, compileCase } from '../support/cases.js';
import { closeKernel, judgeByKernel, kernelRefusal } from './kernel.js';

const refusal = kernelRefusal();
if (refusal !== null && process.env.CI === 'true') throw new Error(refusal);

/** One case a policy set. */
const folders = new Map(allCases().map(folder => [folder.path, folder]));

const loadAndList = (text: string): string => {
  const script = 'nft -c -f - <<"END_OF_RULES" && nft -f - <<"END_OF_RULES" && nft list ruleset';
  const input = `${script}\n${text}END_OF_RULES\n${text}END_OF_RULES\n`;
  const { stdout, stderr } = spawnSync('unshare', ['--net', 'sh'], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(stderr).toBe('');
  return stdout;
};

describe.skipIf(refusal !== null)('nft takes what compile --emit nft prints', () => {
  afterAll(closeKernel);

  it.each([...folders.values()])('$name', folder => {
    const { ruleset, inventory } = compileCase(folder);
    const listed = loadAndList(emitNft(ruleset, inventory));
    for (const rule of ruleset.rules) {
      const { subjects, peers, destinationPorts, action } = rule;
      const hasAddresses = [4, 6].some(family =>
        [subjects, peers].every(({ v4, v6 }) => (family === 4 ? v4.length : v6.length) > 0),
      );
      // What passes a packet on decides nothing, and what nobody knows is not written.
      const decides = action === 'allow' || action === 'deny';
      if (hasAddresses && decides && destinationPorts?.length !== 0) expect(listed).toContain(ruleComment(rule));
    }
  });

  it('plain rules of every shape, with names that need care', async () => {
    const text = `
kind: RuleList
default: deny
rules:
  - { name: 'a "quoted" \\ name, longer than the longest comment: ${'x'.repeat(200)}', action: allow, source: 10.0.0.0/8, protocol: TCP, destinationPorts: [80, "8000-8100"] }
  - { name: ping, action: allow, protocol: ICMP, icmpType: 8, icmpCode: 0 }
  - { name: ping6, action: allow, protocol: ICMPv6, icmpType: 128 }
  - { name: from-low-ports, action: allow, sourcePorts: ["1-1023"], protocol: UDP }
  - { name: lists, action: deny, source: [192.0.2.0/24, 198.51.100.7, "2001:db8::/32"], destination: [10.1.0.0/16, 10.3.0.0/16] }
`;
    const { compiled, problems } = compile([], { ruleFiles: [{ file: 'rules.yaml', text }] });
    expect(problems).toEqual([]);
    const { ruleset, inventory } = compiled!;
    const emitted = emitNft(ruleset, inventory);
    expect(loadAndList(emitted)).toContain('#1 allow rules.yaml ping');
    expect(await judgeByKernel([], emitted)).toEqual([]);
  });
});
