/**
 * policap learn: a whole lesson from the list to the next one, in this process and as a process; what is refused, and that
 * nothing of a learner is written over.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lessonNames, loadLesson } from '../../src/cli/learn-folder.js';
import { markdownLines } from '../../src/cli/learn-text.js';
import { plain } from '../../src/report/style.js';
import { type Person, policap } from './person.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'policap-learn-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const learn = (args: readonly string[], person: Person = {}) => policap(['learn', ...args, '--dir', dir], person);
const file = (lesson: string, name = 'policy.yaml'): string => join(dir, lesson, name);
const solve = (lesson: string, name?: string): void =>
  cpSync(`lessons/${lesson}/solution.yaml`, file(lesson, name), { force: true });

describe('policap learn', () => {
  it('lists the lessons, what is begun and what is solved', async () => {
    const before = await learn([]);
    expect(before.code).toBe(0);
    expect(before.out.split('\n').length).toBe(22 + 3);
    expect(before.out).toContain('01-the-default');
    expect(before.out).toContain('0 of 22 solved.  policap learn 1\n');
    await learn(['1']);
    await learn(['2']);
    solve('01-the-default');
    const after = (await learn([])).out;
    expect(after).toMatch(/^solved {2}01-the-default +Before and after the first policy\n/);
    expect(after).toMatch(/^begun {3}02-default-deny /m);
    expect(after).toContain('1 of 22 solved.  policap learn 2\n');
  });

  it('tells the story, says who is there, and writes what the learner begins with', async () => {
    const { code, out, err } = await learn(['1']);
    expect(code).toBe(0);
    expect(out).toMatch(/^1\. Before and after the first policy\n/);
    expect(out).toContain('    $ policap replay capture.pcapng.gz -c cluster.yaml | head -6\n');
    expect(out).toContain('Who is there\n  namespace shop  kubernetes.io/metadata.name=shop\n    web-1 ');
    expect(out).toContain(`Edit ${file('01-the-default')}, then:\n`);
    expect(out).toContain(`policap learn 1 --dir ${dir} --check`);
    expect(err).toBe(`policap: wrote policy.yaml, cluster.yaml, capture.pcapng.gz in ${join(dir, '01-the-default')}\n`);
    expect(readdirSync(join(dir, '01-the-default')).sort()).toEqual([
      'capture.pcapng.gz',
      'cluster.yaml',
      'policy.yaml',
    ]);
    expect(out.split('\n').every(line => line.startsWith('    ') || line.length <= 100)).toBe(true);
  });

  it('writes nothing over', async () => {
    await learn(['1']);
    writeFileSync(file('01-the-default'), '# mine\n');
    writeFileSync(file('01-the-default', 'cluster.yaml'), '# mine, too\n');
    const { err } = await learn(['1']);
    expect(err).toBe('');
    expect(readFileSync(file('01-the-default'), 'utf8')).toBe('# mine\n');
    expect(readFileSync(file('01-the-default', 'cluster.yaml'), 'utf8')).toBe('# mine, too\n');
  });

  it('checks: what is not right first, each sentence once with what came, then what is right, and one hint', async () => {
    await learn(['5']);
    const { code, out } = await learn(['5', '--check']);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^05-both-sides: \d+ of 16 right\n\n {2}not yet {2}The frontend still cannot reach the backend\.\n/,
    );
    expect(out).toContain(
      `           microservices/frontend-6d8 -> microservices/backend-5b7 TCP 8080: expected allowed, got dropped: egress default-deny: microservices/default-deny-all (${file('05-both-sides')}:1)\n`,
    );
    expect(out.match(/The frontend still cannot reach the backend/g)!.length).toBe(1);
    expect(out).toMatch(/ {2}right {4}/);
    expect(out).toMatch(/\nHint 1 of 3\nThe ingress half is there\. .*\n$/);
    expect(out.split('\n').length).toBeLessThan(30);
  });

  it('is solved: says so, what was learned, and what is next', async () => {
    await learn(['1']);
    solve('01-the-default');
    const { code, out } = await learn(['1', '--check']);
    expect(code).toBe(0);
    expect(out).toMatch(/^01-the-default: solved, 14 of 14 right\n\nOne policy closed one pod in one direction\./);
    expect(out).toMatch(/\nNext: policap learn 2\n$/);
    await learn(['22']);
    solve('22-syn-flood', 'answer.yaml');
    expect((await learn(['22', '--check'])).out).toMatch(/\nThat was the last lesson\.\n$/);
  });

  it('gives one hint after the other, and notes them in the folder', async () => {
    expect((await learn(['1', '--hint'])).out).toMatch(/^Hint 1 of 3\n/);
    expect((await learn(['1', '--hint'])).out).toMatch(/^Hint 2 of 3\n/);
    await learn(['1']);
    expect((await learn(['1', '--check'])).out).toContain('\nHint 2 of 3\n');
    expect((await learn(['1', '--hint'])).out).toContain('\n    ingress:\n      - from:\n');
    const none = await learn(['1', '--hint']);
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('all 3 hints are given');
    expect(readFileSync(file('01-the-default', 'hints.md'), 'utf8')).toMatch(
      /^# Hints given so far\n\n1\. [\s\S]*\n3\. /,
    );
  });

  it('prints a solution that passes', async () => {
    await learn(['dns']);
    const { code, out } = await learn(['dns', '--solution']);
    expect(code).toBe(0);
    writeFileSync(file('06-dns'), out);
    expect((await learn(['dns', '--check'])).code).toBe(0);
  });

  it('asks for an answer where no policy is asked for', async () => {
    await learn(['20']);
    const { code, out } = await learn(['20', '--check']);
    expect(code).toBe(1);
    expect(out).toContain(
      'not yet  There is no answer yet.\n           lost: write the answer behind it\n           seconds: write the answer behind it\n',
    );
    writeFileSync(
      file('20-timeouts', 'answer.yaml'),
      'apiVersion: policap/v1\nkind: Answer\nlost: [13, 14]\nseconds: 23\n',
    );
    const near = await learn(['20', '--check']);
    expect(near.code).toBe(1);
    expect(near.out).toContain('packet 14 does not belong to it: allowed: rule\n');
    expect(near.out).toContain('  right    seconds: 23\n');
  });

  it('is told of a file that is none with its line, and ends with 2', async () => {
    await learn(['1']);
    writeFileSync(file('01-the-default'), 'kind: NetworkPolicy\n  spec: {}\n');
    const { code, out, err } = await learn(['1', '--check']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`${file('01-the-default')}:1:7: error:`);
    expect(err).toContain('nothing was judged');
  });

  it('prints json, for a program that watches a class', async () => {
    await learn(['1']);
    const { code, out } = await learn(['1', '--check', '-o', 'json']);
    expect(code).toBe(1);
    const [lesson] = JSON.parse(out).lessons;
    expect(lesson).toMatchObject({ name: '01-the-default', state: 'begun', file: file('01-the-default') });
    expect(lesson.result.expected[2].sentence).toBe('Somebody other than web-1 can still connect to api-1.');
    expect(JSON.parse((await learn(['1', '-o', 'json'])).out).lessons[0].task).toContain('`api-1` answers');
    writeFileSync(file('01-the-default'), 'a: [');
    const broken = await learn(['1', '--check', '-o', 'json']);
    expect(broken.code).toBe(2);
    expect(JSON.parse(broken.out).lessons[0].result.problems[0]).toMatchObject({ severity: 'error', line: 1 });
  });

  it('watches until it is interrupted, and goes on after a file that is broken', async () => {
    await learn(['1']);
    writeFileSync(file('01-the-default'), 'a: [');
    const { code, err } = await learn(['1', '--watch'], { interrupts: 'while it waits' });
    expect(code).toBe(0);
    expect(err).toContain(`${file('01-the-default')}:1:`);
    expect(err).toMatch(/policap: watching; Ctrl-C ends it\n$/);
  });

  it.each([
    [['30'], 'there is no lesson "30"', 'policap learn lists them'],
    [['tennants'], 'there is no lesson "tennants"', 'did you mean "tenants"?'],
    [['de'], 'de: several lessons have this name', '02-default-deny'],
    [['--check'], 'which lesson?', 'policap learn 1 --check'],
    [['1', '--check', '--hint'], '--check, --hint and --solution are one at a time', ''],
    [['1', '--check'], 'policy.yaml is not there', 'policap learn 1 writes what you begin with'],
  ])('%j is refused with the next step', async (args, message, hint) => {
    const { code, out, err } = await learn(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).toContain(hint);
  });

  it('takes numbers, names and parts of names', async () => {
    for (const asked of ['8', '08', '08-and-or', 'and-or'])
      expect((await learn([asked, '--solution'])).out).toBe(loadLesson('08-and-or').solution);
    // A whole name goes before a part of others.
    expect((await learn(['ports', '--solution'])).out).toBe(loadLesson('12-ports').solution);
  });

  it('says where it cannot write', async () => {
    writeFileSync(join(dir, 'taken'), '');
    const { code, err } = await policap(['learn', '1', '--dir', join(dir, 'taken')]);
    expect(code).toBe(2);
    expect(err).toContain('give another folder with --dir');
  });
});

describe('Markdown in a terminal', () => {
  it('is broken anew, items hang, code stays as it is', () => {
    const text = 'one two\nthree four\n\n- five six seven\n  eight\n- nine\n\n```yaml\na:\n\n  - b\n```';
    expect(markdownLines(text, plain, 12)).toEqual([
      'one two',
      'three four',
      '',
      '- five six',
      '  seven',
      '  eight',
      '- nine',
      '',
      '    a:',
      '',
      '      - b',
    ]);
  });
});

describe('policap learn as a process', () => {
  const program = resolve('bin/policap');
  const run = (...args: string[]) => spawnSync(program, ['learn', ...args], { cwd: dir, encoding: 'utf8' });

  it('goes through a whole lesson from any folder, and checks at every save', async () => {
    expect(run('4')).toMatchObject({ status: 0 });
    const mine = join(dir, 'policap-lessons/04-replies/policy.yaml');
    expect(existsSync(mine)).toBe(true);
    expect(run('4', '--check')).toMatchObject({ status: 1 });

    const watching = spawn(program, ['learn', '4', '--watch'], { cwd: dir });
    let out = '';
    watching.stdout.on('data', chunk => {
      out += chunk;
    });
    const ended = new Promise<number | null>(done => watching.on('exit', done));
    const until = async (text: string): Promise<void> => {
      for (let i = 0; i < 1200 && !out.includes(text); i++) await new Promise(done => setTimeout(done, 50));
      expect(out).toContain(text);
    };
    await until('Hint 1 of 3');
    writeFileSync(mine, loadLesson('04-replies').solution);
    await until('04-replies: solved');
    watching.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(run('4', '--check')).toMatchObject({ status: 0 });
    expect(run().stdout).toContain('solved  04-replies');
  });

  it('finds all that lessons name in the package', () => {
    const packed = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { encoding: 'utf8' }));
    const files = new Set<string>(packed[0].files.map(({ path }: { path: string }) => path));
    for (const name of lessonNames()) {
      const { beside } = loadLesson(name);
      for (const path of ['lesson.md', 'check.yaml', 'start.yaml', 'solution.yaml', ...beside])
        expect(files, `${name}: ${path}`).toContain(join('lessons', name, path));
    }
    expect([...files].filter(path => path.includes('/wrong/'))).toEqual([]);
  });
});
