/**
 * What the README, and that of an example that shows a run, show is what the program prints: every console block that runs
 * bin/policap is run again. Times differ from run to run and are left out of the comparison.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGES = ['README.md', 'examples/cni-differences/README.md'];

const withoutTimes = (text: string): string =>
  text
    .replace(/judged in [^;]*;/, 'judged;')
    .replace(/compiled in .*/, 'compiled')
    .trim();

const blocksOf = (page: string): RegExpExecArray[] => [
  ...readFileSync(join(ROOT, page), 'utf8').matchAll(/```console\n\$ (bin\/policap (?:.*\\\n)*.*)\n([\s\S]*?)```/g),
];

const blocks = PAGES.flatMap(blocksOf)
  .map(([, command = '', output = '']) => ({ command: command.replace(/\\\n\s*/g, ''), output }))
  .filter(({ output }) => output !== '');

describe('the README', () => {
  it.each(PAGES)('%s shows runs', page => {
    expect(blocksOf(page).filter(([, , output]) => output !== '').length).toBeGreaterThanOrEqual(
      page === 'README.md' ? 2 : 1,
    );
  });

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
    'examples/cni-differences/README.md',
    'docs/replay.md',
    'docs/testing.md',
    'docs/explain.md',
    'docs/outputs.md',
    'docs/suggest.md',
    'docs/bench/bench.md',
    'bench/README.md',
    'docs/queue.md',
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
