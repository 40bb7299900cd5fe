/**
 * What `npm run docs` makes is what the program says now: pages of commands, the manual page, the runs of the
 * cookbook and of the lessons.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/main.js';
import { allCommands, referenceOf } from '../../src/cli/reference.js';
import type { Terminal } from '../../src/cli/terminal.js';

const PROGRAM = referenceOf(createProgram({ columns: 100, environment: {} } as Terminal, () => {}));
const COMMANDS = allCommands(PROGRAM).filter(({ path }) => path.length > 0 && path.at(-1) !== 'help');
const MANUAL = readFileSync('docs/man/policap.1', 'utf8');
const COOKBOOK = readFileSync('docs/cookbook.md', 'utf8');

const isInstalled = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const hasJq = isInstalled('jq');

describe('npm run docs', () => {
  it.skipIf(!hasJq)(
    `has been run since something changed${hasJq ? '' : ' (jq is not installed)'}`,
    () => {
      const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      // It runs every command that a page shows, one after another.
    },
    600_000,
  );
});

describe('docs/commands', () => {
  it.each(COMMANDS)('$path has its options, examples and help on its page', ({ path, options, help }) => {
    const page = readFileSync(`docs/commands/${path[0]}.md`, 'utf8');
    expect(page).toContain(`# policap ${path.join(' ')}\n`);
    for (const { flags } of options.filter(({ names }) => !names.includes('--help')))
      expect(page).toContain(`| \`${flags}\` |`);
    const examples = help.flatMap(part => (typeof part === 'string' ? [] : part.examples));
    expect(examples.length, 'every command has examples').toBeGreaterThan(0);
    for (const { command } of examples) expect(page).toContain(command);
  });

  it('links to what exists', () => {
    const pages = readdirSync('docs/commands').map(name => `docs/commands/${name}`);
    for (const file of [...pages, 'docs/cookbook.md', 'docs/config.md']) {
      for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g))
        expect(existsSync(join(dirname(file), target)), `${file}: ${target}`).toBe(true);
    }
  });
});

describe('the manual page', () => {
  it('has a section a command, and every option', () => {
    for (const { path, options } of COMMANDS) {
      expect(MANUAL).toContain(`.SS policap ${path.join(' ')}\n`);
      for (const { flags } of options) {
        if (!flags.includes('--help')) expect(MANUAL).toContain(`.B ${flags.replaceAll('-', '\\-')}\n`);
      }
    }
    for (const code of [0, 1, 2, 3, 70, 130]) expect(MANUAL).toContain(`.B ${code}\n`);
  });

  it('names the environment variables that the program reads, and no others', () => {
    const named = [...MANUAL.matchAll(/^\.B ([A-Z]+_[A-Z]+)$/gm)].map(([, name]) => name).sort();
    const sources = ['src/cli/main.ts', 'src/cli/terminal.ts', 'src/node/fast-path.ts'].map(file =>
      readFileSync(file, 'utf8'),
    );
    const read = [...sources.join().matchAll(/environment\['([A-Z_]+)'\]/g)].map(([, name]) => name);
    expect(named).toEqual([...new Set(read)].sort());
  });

  const lint = isInstalled('mandoc');
  it.skipIf(!lint)(`is correct markup${lint ? '' : ' (mandoc is not installed)'}`, () => {
    const { stdout } = spawnSync('mandoc', ['-Tlint', 'docs/man/policap.1'], { encoding: 'utf8' });
    // It has no date, so that the same program makes the same page.
    expect(stdout.split('\n').filter(line => line !== '' && !line.includes('missing date'))).toEqual([]);
  });
});

describe('the cookbook', () => {
  it('has ten tasks, each with a run', () => {
    const tasks = COOKBOOK.split('\n## ').slice(1);
    expect(tasks.length).toBe(10);
    for (const task of tasks) expect(task).toMatch(/```console\n\$ [\s\S]*\n```/);
  });

  it('is what npm run docs refreshes: each run is found, and prints something', () => {
    const runs = [...COOKBOOK.matchAll(/```console\n\$ ((?:.*\\\n)*.*)\n([\s\S]*?)```/g)];
    expect(runs.length).toBe(10);
    for (const [, command, output] of runs) {
      expect(command).toContain('bin/policap ');
      expect(output).not.toBe('');
    }
  });
});
