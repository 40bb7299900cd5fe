/**
 * What the README shows is what the program prints: every console block that runs bin/policap is run again. Times differ
 * from run to run and are left out of the comparison.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

const withoutTimes = (text: string): string =>
  text
    .replace(/judged in [^;]*;/, 'judged;')
    .replace(/compiled in .*/, 'compiled')
    .trim();

const blocks = [...README.matchAll(/```console\n\$ (bin\/policap (?:.*\\\n)*.*)\n([\s\S]*?)```/g)]
  .map(([, command = '', output = '']) => ({ command: command.replace(/\\\n\s*/g, ''), output }))
  .filter(({ output }) => output !== '');

describe('the README', () => {
  it('shows runs', () => expect(blocks.length).toBeGreaterThanOrEqual(2));

  it.each(blocks)('$command', ({ command, output }) => {
    const [, ...args] = command.split(' ');
    const printed = execFileSync(process.execPath, ['bin/policap', ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    expect(withoutTimes(printed)).toBe(withoutTimes(output));
  });

  const documents = [
    'README.md',
    'docs/replay.md',
    'docs/outputs.md',
    'docs/bench/bench.md',
    'bench/README.md',
    'docs/rules.md',
    'docs/semantics.md',
    'docs/conntrack.md',
    'docs/profiles/upstream.md',
    'docs/profiles/calico.md',
    'docs/profiles/kube-router.md',
    'docs/profiles/weave.md',
    'docs/profiles/antrea.md',
    'docs/dialects/admin.md',
    'docs/dialects/antrea.md',
    'docs/dialects/istio.md',
  ];
  it.each(documents)('%s links to files that exist', file => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect(existsSync(join(ROOT, dirname(file), target)), target).toBe(true);
    }
  });
});
