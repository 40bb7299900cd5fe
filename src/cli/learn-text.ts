/**
 * Lessons for people: the list, the story, and what a check says.
 *
 * In:  lessons and results.  Out: lines. A check fits a screen: what is not right comes first, a sentence once, with what came
 * and why below it.
 */
import { castLines } from '../lessons/cast.js';
import type { LessonStanding, LessonState } from '../lessons/json.js';
import type { Lesson } from '../lessons/model.js';
import type { Expected, LessonResult } from '../lessons/result.js';
import type { Style } from '../report/style.js';

const WORDS: Readonly<Record<LessonState, string>> = { new: '', begun: 'begun', passed: 'solved' };

export function listLines(standings: readonly LessonStanding[], style: Style): string[] {
  const width = Math.max(...standings.map(({ lesson }) => lesson.name.length));
  const solved = standings.filter(({ state }) => state === 'passed').length;
  const next = standings.find(({ state }) => state !== 'passed');
  return [
    ...standings.map(({ lesson: { name, title }, state }) => {
      const word = WORDS[state].padEnd(6);
      return `${state === 'passed' ? style('green', word) : word}  ${style('bold', name.padEnd(width))}  ${title}`;
    }),
    '',
    `${solved} of ${standings.length} solved.${next === undefined ? '' : `  policap learn ${shortName(next.lesson)}`}`,
  ];
}

/** The number that a lesson can be named by. */
export const shortName = ({ name }: Pick<Lesson, 'name'>): string => String(Number(name.slice(0, 2)));

export function storyLines(lesson: Lesson, style: Style, columns: number): string[] {
  const head = (text: string): string => style('bold', text);
  return [
    head(`${Number(lesson.name.slice(0, 2))}. ${lesson.title}`),
    ...markdownLines(lesson.about, style, columns),
    '',
    ...markdownLines(lesson.story, style, columns),
    '',
    head('Who is there'),
    ...castLines(lesson).map(line => `  ${line}`),
    '',
    head('Task'),
    ...markdownLines(lesson.task, style, columns),
  ];
}

/** Paragraphs and items are broken anew; of code, fences are left out, and what stands between them is indented. */
export function markdownLines(text: string, style: Style, columns: number): string[] {
  const lines: string[] = [];
  let paragraph = '';
  let isCode = false;
  const end = (): void => {
    if (paragraph !== '') lines.push(...broken(paragraph, columns));
    paragraph = '';
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) {
      end();
      isCode = !isCode;
    } else if (isCode) lines.push(line === '' ? '' : style('dim', `    ${line}`));
    else {
      if (line === '' || ITEM.test(line)) end();
      if (line === '') lines.push('');
      else paragraph += paragraph === '' ? line : ` ${line.trim()}`;
    }
  }
  end();
  return lines;
}

const ITEM = /^(-|\d+\.) /;

/** An item's further lines stand below its first word. */
function broken(paragraph: string, columns: number): string[] {
  const indent = ' '.repeat(ITEM.exec(paragraph)?.[0].length ?? 0);
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent + word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}

/** Lines below one sentence. */
const WHY = 4;
/** Right ones that are listed; else they are counted. */
const RIGHT = 12;

export function resultLines(
  lesson: Lesson,
  { passed, expected }: LessonResult,
  style: Style,
  columns: number,
): string[] {
  const right = expected.filter(it => it.passed);
  if (passed) {
    const head = style('green', style('bold', `${lesson.name}: solved`));
    return [
      `${head}, ${expected.length} of ${expected.length} right`,
      '',
      ...markdownLines(lesson.solved, style, columns),
    ];
  }
  const lines = [style('bold', `${lesson.name}: ${right.length} of ${expected.length} right`), ''];
  for (const [sentence, all] of grouped(expected)) {
    lines.push(`  ${style('red', 'not yet')}  ${sentence}`);
    const why = all.flatMap(whyLines);
    for (const line of why.slice(0, WHY)) lines.push(`           ${style('dim', line)}`);
    if (why.length > WHY) lines.push(`           ${style('dim', `and ${why.length - WHY} more`)}`);
  }
  if (right.length > 0) lines.push('');
  if (right.length > RIGHT) lines.push(`  ${style('green', 'right')}    ${right.length} others`);
  else for (const { asked } of right) lines.push(`  ${style('green', 'right')}    ${asked}`);
  return lines;
}

/** The first line says what it is about, where it does not already. */
function whyLines({ asked, why }: Expected): string[] {
  const about = / (is|of) /.test(asked) && asked.includes(' -> ') ? `${asked.replace(/ is \w+$/, '')}: ` : '';
  return why.map((line, i) => (i === 0 ? `${about}${line}` : line));
}

function grouped(expected: readonly Expected[]): Map<string, Expected[]> {
  const groups = new Map<string, Expected[]>();
  for (const it of expected) {
    if (it.sentence === null) continue;
    const group = groups.get(it.sentence) ?? [];
    group.push(it);
    groups.set(it.sentence, group);
  }
  return groups;
}
