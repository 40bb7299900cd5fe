/**
 * The course's pages: the runs that its stories show, and the list of lessons.
 *
 * In:  lessons/ and the built program.  Out: each lesson.md with what its commands print now, run in the folder that a learner
 * begins with; and lessons/README.md, its table made from what the lessons say of themselves.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beginWork, lessonNames, loadLesson, workOf } from '../../dist/cli/learn-folder.js';
import { TOPICS } from '../../dist/lessons/topics.js';
import { withRunsIn } from './cookbook.mjs';

/** @param {string} root @returns {[string, string][]} */
export function lessonPages(root) {
  const lessons = lessonNames().map(loadLesson);
  const stories = lessons.map(lesson => {
    const file = `lessons/${lesson.name}/lesson.md`;
    return [file, withFreshRuns(lesson, readFileSync(join(root, file), 'utf8'), root)];
  });
  return [...stories, ['lessons/README.md', indexPage(lessons)]];
}

function withFreshRuns(lesson, page, root) {
  const dir = mkdtempSync(join(tmpdir(), 'policap-lesson-'));
  const work = workOf(lesson, dir);
  try {
    beginWork(lesson, work);
    return withRunsIn(page, work.folder, {
      ...process.env,
      LC_ALL: 'C',
      PATH: `${join(root, 'bin')}:${process.env.PATH}`,
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const link = ({ name, title }) => `[${Number(name.slice(0, 2))}. ${title}](${name}/lesson.md)`;

const indexPage = lessons => `# The course

${lessons.length} lessons about network policies and stateful filtering. Each has a capture of real traffic, a task, and a check: not of the
text of your policy, but of what it does to the traffic. A lesson takes five to ten minutes.

\`\`\`console
$ policap learn            # the lessons, and which of them you have solved
$ policap learn 1          # the story and the task; writes policap-lessons/01-the-default/
$ policap learn 1 --check  # what is right, what is not, and why
\`\`\`

| lesson | what you learn | you write |
| --- | --- | --- |
${lessons.map(it => `| ${link(it)} | ${it.about.replaceAll('\n', ' ')} | ${it.asks.kind === 'policy' ? 'a policy' : 'answers'} |`).join('\n')}

## What they are about

Ten questions that are asked about NetworkPolicies again and again (\`scenario\`), six mistakes of beginners (\`mistake\`), and what stands
behind them.

| | topic | lesson |
| --- | --- | --- |
${Object.entries(TOPICS)
  .map(
    ([id, topic]) =>
      `| \`${id}\` | ${topic} | ${lessons
        .filter(it => it.covers.includes(id))
        .map(link)
        .join(', ')} |`,
  )
  .join('\n')}

## What is in a folder

| file | |
| --- | --- |
| \`lesson.md\` | the story, the task, hints, and what is shown when it is solved |
| \`check.yaml\` | what is checked: connections and captures with the verdicts that they must get, each with the sentence that is said of who fails it; or questions, whose right answers are found in the capture when they are asked |
| \`start.yaml\` | what you begin with |
| \`solution.yaml\` | one right answer |
| \`wrong/\` | typical wrong answers; the first line of each is what the check says of it |

Captures and clusters are those of [examples](../examples/README.md) and [pcaps](../pcaps/README.md), or stand in the folder with the
\`play.yaml\` that they were made from (\`node scripts/lab/run.mjs lessons/<lesson>\`).
`;
