/** The numbers in docs/proof.md are the ones that the tests of test/kernel work with. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readGolden } from '../kernel/golden.js';
import { readScripts } from '../kernel/scripts.js';
import { COMPARED } from '../kernel/shipped.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROOF = readFileSync(join(ROOT, 'docs/proof.md'), 'utf8');

describe('docs/proof.md', () => {
  it('counts the packets whose answers are kept', () => {
    const parts = COMPARED.flatMap(({ name }) => readGolden(name));
    const packets = parts.reduce((sum, answers) => sum + answers.size, 0);
    expect(PROOF).toContain(`${packets.toLocaleString('en-US')} packets in ${COMPARED.length} replays`);
  });

  it('counts the scripts', () => {
    const claimed = Number(/more than (\d+) scripts/.exec(PROOF)![1]);
    const scripts = readScripts().length;
    expect(scripts).toBeGreaterThan(claimed);
    expect(scripts).toBeLessThan(claimed + 100);
  });

  it('links to what exists', () => {
    for (const [, target = ''] of PROOF.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect(existsSync(join(ROOT, dirname('docs/proof.md'), target)), target).toBe(true);
    }
    for (const [, file = ''] of PROOF.matchAll(/`([\w-]+(?:\.test)?\.(?:ts|txt))`/g)) {
      expect(existsSync(join(ROOT, 'test/kernel', file)), file).toBe(true);
    }
  });
});
