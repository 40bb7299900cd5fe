/**
 * The course: every lesson's solution passes, what a learner begins with does not, and each typical wrong answer is told its
 * own sentence. Answers that are too open or too closed are caught. Every question and mistake of the list has a lesson.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { lessonNames, loadLesson } from '../../src/cli/learn-folder.js';
import { checkLesson } from '../../src/lessons/check.js';
import { TOPICS } from '../../src/lessons/topics.js';
import { schemaErrors } from '../support/schema.js';

const NAMES = lessonNames();
const LESSONS = NAMES.map(loadLesson);
const POLICY_LESSONS = LESSONS.filter(({ asks }) => asks.kind === 'policy');

const sentences = async (lesson: (typeof LESSONS)[number], text: string): Promise<(string | null)[]> => {
  const { expected } = await checkLesson(lesson, text, 'learner.yaml');
  return expected.filter(({ passed }) => !passed).map(({ sentence }) => sentence);
};

describe.each(LESSONS.map(lesson => ({ name: lesson.name, lesson })))('lesson $name', ({ name, lesson }) => {
  const wrong = readdirSync(`lessons/${name}/wrong`);

  it('is passed by its solution', async () => {
    const result = await checkLesson(lesson, lesson.solution, 'solution.yaml');
    expect(result.expected.filter(({ passed }) => !passed)).toEqual([]);
    expect(result).toMatchObject({ passed: true, problems: [] });
    expect(result.expected.length).toBeGreaterThan(1);
  });

  it('is not passed by what the learner begins with', async () => {
    const result = await checkLesson(lesson, lesson.start, 'start.yaml');
    expect(result.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(result.passed).toBe(false);
    expect(result.expected.length).toBeGreaterThan(1);
  });

  it.each(wrong)('says of wrong/%s what is wrong', async file => {
    const text = readFileSync(`lessons/${name}/wrong/${file}`, 'utf8');
    const says = /^# Says: (.*)\n/.exec(text)?.[1];
    expect(says).toBeDefined();
    const result = await checkLesson(lesson, text, file);
    expect(result.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(result.expected.filter(({ passed }) => !passed).map(({ sentence }) => sentence)).toContain(says);
  });

  it('has a real capture, wrong answers, hints, and texts', () => {
    expect(wrong.length).toBeGreaterThanOrEqual(2);
    expect(lesson.hints.length).toBeGreaterThanOrEqual(2);
    expect(lesson.captures.size).toBe(1);
    for (const [path, bytes] of lesson.captures) {
      expect(bytes.length).toBeGreaterThan(1000);
      // Made by the lab from a play that stands beside it.
      expect(existsSync(join(dirname(join('lessons', name, path)), 'play.yaml'))).toBe(true);
    }
    for (const text of [lesson.about, lesson.story, lesson.task, lesson.solved]) expect(text).not.toBe('');
    expect(new Set(lesson.beside.map(path => basename(path))).size).toBe(lesson.beside.length);
  });

  it('shows a run in its story, which npm run docs refreshes', () => {
    const runs = [...lesson.story.matchAll(/```console\n\$ policap [^\n]*\n([\s\S]*?)```/g)];
    expect(runs.length).toBeGreaterThanOrEqual(1);
    for (const [, printed] of runs) expect(printed).not.toBe('');
  });
});

describe.each(POLICY_LESSONS.map(lesson => ({ name: lesson.name, lesson })))('lesson $name', ({ lesson }) => {
  const policies = (types: string, rest: string): string =>
    namespacesOf(lesson)
      .map(
        namespace =>
          `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: all, namespace: ${namespace} }\n` +
          `spec: { podSelector: {}, policyTypes: ${types}${rest} }\n`,
      )
      .join('---\n');

  it('is not passed by policies that allow everything, or nothing, or by none', async () => {
    expect(await sentences(lesson, policies('[Ingress, Egress]', ', ingress: [{}], egress: [{}]'))).not.toEqual([]);
    expect(await sentences(lesson, policies('[Ingress, Egress]', ''))).not.toEqual([]);
    expect(await sentences(lesson, '')).not.toEqual([]);
  });

  it('is not passed by its solution with everything allowed beside it, or with less', async () => {
    const more = await sentences(lesson, `${lesson.solution}\n---\n${policies('[Ingress]', ', ingress: [{}]')}`);
    const out = await sentences(lesson, `${lesson.solution}\n---\n${policies('[Egress]', ', egress: [{}]')}`);
    expect([...more, ...out]).not.toEqual([]);
    const documents = lesson.solution.split('---\n');
    // Where every pod has a policy of its own, a default deny adds nothing.
    const needed = documents.flatMap((text, i) => (/^ {2}(in|e)gress:/m.test(text) ? [i] : []));
    expect(needed.length).toBeGreaterThan(0);
    for (const i of needed)
      expect(await sentences(lesson, documents.toSpliced(i, 1).join('---\n')), `without document ${i}`).not.toEqual([]);
  });

  it('has cases as docs/schemas says them, each with its sentence', () => {
    const documents = parseAllDocuments(readFileSync(`lessons/${lesson.name}/check.yaml`, 'utf8')).map(it => it.toJS());
    const cases = documents.find(({ kind }) => kind === 'TestCases');
    expect(schemaErrors('policap.cases/1', cases)).toEqual([]);
    for (const it of cases.cases) expect(it.otherwise).toMatch(/^[A-Za-z].*\.$/);
  });

  it('looks at the capture, and asks for connections that pass and for ones that do not', () => {
    if (lesson.asks.kind !== 'policy') throw new Error('it asks for answers');
    const { assertions, captures } = lesson.asks.cases;
    expect(new Set(assertions.map(({ expected }) => expected.verdict))).toEqual(new Set(['allowed', 'dropped']));
    expect(captures.length).toBe(1);
    expect(captures[0]!.denied!.length).toBeGreaterThan(0);
  });
});

function namespacesOf({ cluster }: (typeof LESSONS)[number]): string[] {
  return cluster.filter(({ kind }) => kind === 'Namespace').map(({ name }) => name);
}

describe('the course', () => {
  it('has 22 lessons, numbered without a gap', () => {
    expect(NAMES.map(name => Number(name.slice(0, 2)))).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
  });

  it('has a lesson for each of the ten questions, the six mistakes and every other topic', () => {
    const covered = new Set(LESSONS.flatMap(({ covers }) => covers));
    expect([...covered].sort()).toEqual(Object.keys(TOPICS).sort());
    expect(Object.keys(TOPICS).filter(id => /^scenario-\d+$/.test(id)).length).toBe(10);
    expect(Object.keys(TOPICS).filter(id => /^mistake-\d+$/.test(id)).length).toBe(6);
  });

  it('is listed in lessons/README.md', () => {
    const page = readFileSync('lessons/README.md', 'utf8');
    for (const { name, title } of LESSONS) expect(page).toContain(`. ${title}](${name}/lesson.md) |`);
    for (const id of Object.keys(TOPICS)) expect(page).toMatch(new RegExp(`\`${id}\` \\| .{20,}lesson.md`));
    expect(Object.values(TOPICS).every(topic => page.includes(topic))).toBe(true);
  });
});
