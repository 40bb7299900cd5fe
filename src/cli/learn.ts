/**
 * policap learn: the course in a terminal.
 *
 * In:  a lesson's name, what to do with it, and the folder of the learner's work.  Out: an exit code: 0 solved (or nothing was
 * checked), 1 not yet, 2 where the learner's file is no valid document.
 */
import { checkLesson } from '../lessons/check.js';
import { type LessonStanding, lessonsJson } from '../lessons/json.js';
import type { Lesson } from '../lessons/model.js';
import type { LessonResult } from '../lessons/result.js';
import { createWatch } from '../node/watch.js';
import type { Style } from '../report/style.js';
import { DocumentError, EXIT_DONE, EXIT_FINDING, EXIT_USAGE, problemLines, UsageError } from './errors.js';
import type { LearnCommandOptions } from './learn-command.js';
import {
  beginWork,
  chooseLesson,
  giveHint,
  hintsGiven,
  lessonNames,
  loadLesson,
  readWork,
  type Work,
  workOf,
} from './learn-folder.js';
import { listLines, markdownLines, resultLines, shortName, storyLines } from './learn-text.js';
import { styleFor, type Terminal } from './terminal.js';

export async function runLearn(
  asked: string | undefined,
  options: LearnCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { check, watch, hint, solution, dir } = options;
  const wants = [check === true || watch === true, hint === true, solution === true].filter(Boolean).length;
  if (wants > 1) throw new UsageError('--check, --hint and --solution are one at a time');
  const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
  const names = lessonNames();
  if (asked === undefined) {
    if (wants > 0) throw new UsageError('which lesson?', 'name it by its number: policap learn 1 --check');
    return list(names, options, terminal, style);
  }
  const lesson = loadLesson(chooseLesson(asked, names));
  const work = workOf(lesson, dir);
  if (solution === true) terminal.write(lesson.solution);
  else if (hint === true) printHint(lesson, work, terminal, style);
  else if (watch === true) return watchWork(lesson, work, options, terminal, style);
  else if (check === true) return printCheck(lesson, work, options, terminal, style);
  else await begin(lesson, work, options, terminal, style);
  return EXIT_DONE;
}

async function list(names: readonly string[], options: LearnCommandOptions, terminal: Terminal, style: Style) {
  const standings: LessonStanding[] = [];
  for (const name of names) {
    const lesson = loadLesson(name);
    standings.push(await standingOf(lesson, workOf(lesson, options.dir)));
  }
  terminal.write(options.output === 'json' ? lessonsJson(standings) : `${listLines(standings, style).join('\n')}\n`);
  return EXIT_DONE;
}

async function standingOf(lesson: Lesson, work: Work): Promise<LessonStanding> {
  const bytes = readWork(work);
  const passed = bytes !== null && (await checkLesson(lesson, bytes, work.file)).passed;
  return { lesson, state: bytes === null ? 'new' : passed ? 'passed' : 'begun', file: work.file };
}

async function begin(lesson: Lesson, work: Work, options: LearnCommandOptions, terminal: Terminal, style: Style) {
  const written = beginWork(lesson, work);
  if (options.output === 'json') {
    terminal.write(lessonsJson([{ ...(await standingOf(lesson, work)), isTold: true }]));
    return;
  }
  const name = shortName(lesson);
  const where = options.dir === 'policap-lessons' ? '' : ` --dir ${options.dir}`;
  const lines = [
    ...storyLines(lesson, style, columnsOf(terminal)),
    '',
    `Edit ${style('bold', work.file)}, then:`,
    `  policap learn ${name}${where} --check    what is right, what is not, and why`,
    `  policap learn ${name}${where} --watch    the same at every save`,
    `  policap learn ${name}${where} --hint     a hint`,
  ];
  terminal.write(`${lines.join('\n')}\n`);
  if (written.length > 0) terminal.say(`policap: wrote ${written.join(', ')} in ${work.folder}`);
}

function printHint(lesson: Lesson, work: Work, terminal: Terminal, style: Style): void {
  const index = giveHint(lesson, work);
  const all = lesson.hints.length;
  if (index === null) {
    throw new UsageError(
      `all ${all} hints are given: they stand in ${work.hints}`,
      `policap learn ${shortName(lesson)} --solution prints one right answer`,
    );
  }
  terminal.write(`${hintLines(lesson, index, style, columnsOf(terminal)).join('\n')}\n`);
}

/** Prose is not read in longer lines. */
const columnsOf = ({ columns }: Terminal): number => Math.min(columns, 100);

const hintLines = (lesson: Lesson, index: number, style: Style, columns: number): string[] => [
  style('bold', `Hint ${index + 1} of ${lesson.hints.length}`),
  ...markdownLines(lesson.hints[index]!, style, columns),
];

/** @throws UsageError where nothing was begun, DocumentError */
async function printCheck(
  lesson: Lesson,
  work: Work,
  options: LearnCommandOptions,
  terminal: Terminal,
  style: Style,
): Promise<number> {
  const bytes = readWork(work);
  if (bytes === null)
    throw new UsageError(`${work.file} is not there`, `policap learn ${shortName(lesson)} writes what you begin with`);
  const result = await checkLesson(lesson, bytes, work.file);
  if (options.output === 'json') {
    terminal.write(
      lessonsJson([{ lesson, state: result.passed ? 'passed' : 'begun', file: work.file, isTold: true, result }]),
    );
    return exitCode(result);
  }
  if (isBroken(result)) throw new DocumentError(result.problems);
  const warnings = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  if (result.problems.length > 0) terminal.say(problemLines(result.problems, warnings).join('\n'));
  const lines = resultLines(lesson, result, style, columnsOf(terminal));
  if (result.passed) lines.push(...nextLines(lesson));
  else lines.push('', ...hintLines(lesson, Math.max(0, hintsGiven(work) - 1), style, columnsOf(terminal)));
  terminal.write(`${lines.join('\n')}\n`);
  return exitCode(result);
}

const isBroken = ({ problems }: LessonResult): boolean => problems.some(({ severity }) => severity === 'error');

const exitCode = (result: LessonResult): number =>
  isBroken(result) ? EXIT_USAGE : result.passed ? EXIT_DONE : EXIT_FINDING;

function nextLines({ name }: Lesson): string[] {
  const names = lessonNames();
  const next = names[names.indexOf(name) + 1];
  return ['', next === undefined ? 'That was the last lesson.' : `Next: policap learn ${shortName({ name: next })}`];
}

async function watchWork(
  lesson: Lesson,
  work: Work,
  options: LearnCommandOptions,
  terminal: Terminal,
  style: Style,
): Promise<number> {
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  const watch = createWatch();
  try {
    watch.remember([work.file]);
    for (;;) {
      try {
        await printCheck(lesson, work, options, terminal, style);
      } catch (error) {
        sayProblem(error, terminal, options);
      }
      terminal.say('policap: watching; Ctrl-C ends it');
      if ((await watch.changed(stop.signal)) === null) return EXIT_DONE;
    }
  } finally {
    watch.close();
    release();
  }
}

/** What the learner can mend while it goes on. */
function sayProblem(error: unknown, terminal: Terminal, options: LearnCommandOptions): void {
  const style = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  if (error instanceof DocumentError) terminal.say(problemLines(error.problems, style).join('\n'));
  else if (error instanceof UsageError) {
    terminal.say(`policap: ${style('red', 'error:')} ${error.message}`);
    if (error.hint !== undefined) terminal.say(`    ${error.hint}`);
  } else throw error;
}
