/**
 * docs/lint: a page for each check, whose examples are run; and the table of what covers which kinds.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KINDS } from '../../src/lint/check.js';
import { CHECKS } from '../../src/lint/checks/index.js';
import type { ProfileName } from '../../src/profile/profile.js';
import { linted } from './lint.js';

const CLUSTER = readFileSync('docs/lint/cluster.yaml', 'utf8');
const MARK = '# found here';

interface Example {
  readonly yaml: string;
  readonly profile: ProfileName | undefined;
}

function exampleOf(page: string, title: string): Example {
  const section = page.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;
  const yaml = /```yaml\n([\s\S]*?)```/.exec(section)![1]!;
  return { yaml, profile: /--profile (\S+)`/.exec(section)?.[1] as ProfileName | undefined };
}

describe('docs/lint', () => {
  it('has a page for each check, and no other', () => {
    const pages = readdirSync('docs/lint').filter(name => name.endsWith('.md') && name !== 'README.md');
    expect(pages.sort()).toEqual(CHECKS.map(({ id }) => `${id}.md`).sort());
  });

  for (const { id } of CHECKS) {
    const file = `docs/lint/${id}.md`;
    if (!existsSync(file)) continue;
    const page = readFileSync(file, 'utf8');
    const run = ({ yaml, profile }: Example, text = yaml) =>
      linted({ 'policy.yaml': text, 'cluster.yaml': CLUSTER }, { only: [id], profile }).findings.filter(
        ({ position, about }) => position.file === 'policy.yaml' || about === 'namespace shop',
      );

    it(`${id}: what is bad is found where it says`, () => {
      const example = exampleOf(page, 'Found');
      const marked = example.yaml.split('\n').flatMap((line, i) => (line.includes(MARK) ? [i + 1] : []));
      const found = run(example);
      // Of pods the place is in the cluster's documents.
      expect(found.map(({ position: { file, line } }) => (file === 'policy.yaml' ? line : 'cluster'))).toEqual(
        id === 'pod-not-isolated' ? ['cluster'] : marked,
      );
      expect(found.length).toBeGreaterThan(0);
      for (const { fix, message } of found) expect([fix, message]).not.toContain('');
    });

    it(`${id}: what is good is not`, () => {
      expect(run(exampleOf(page, 'Not found'))).toEqual([]);
    });

    it(`${id}: a comment silences it, on the line and above`, () => {
      if (id === 'pod-not-isolated') return;
      const example = exampleOf(page, 'Found');
      const comment = `# policap-ignore: ${id}`;
      expect(run(example, example.yaml.replaceAll(MARK, comment))).toEqual([]);
      const above = example.yaml.replaceAll(new RegExp(`^(.*) ${MARK}$`, 'gm'), `${comment}\n$1`);
      expect(run(example, above)).toEqual([]);
      expect(run(example, example.yaml.replaceAll(MARK, '# policap-ignore: nothing'))).not.toEqual([]);
      expect(page).toContain(comment);
    });
  }

  it('tells which checks cover which kinds', () => {
    const table = readFileSync('docs/lint/README.md', 'utf8');
    const rows = CHECKS.map(
      ({ id, severity, needsCluster, kinds }) =>
        `| [${id}](${id}.md) | ${severity} | ${needsCluster ? 'yes' : ''} | ${KINDS.map(kind => (kinds.includes(kind) ? 'x' : '')).join(' | ')} |`,
    );
    expect(table.split('\n').filter(line => line.startsWith('| ['))).toEqual(rows);
  });
});
