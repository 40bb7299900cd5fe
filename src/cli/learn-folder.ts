/**
 * Where lessons are, and where a learner's work is.
 *
 * In:  the lessons beside the installed program, and --dir.  Out: lessons read; folders begun; hints that were given.
 * All that is known of a learner is what stands in the folder: the file that they write, and hints.md.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatPosition } from '../documents/document.js';
import { nearest } from '../documents/suggest.js';
import type { Lesson } from '../lessons/model.js';
import { LESSON_FILES, pathsNamed, readLesson } from '../lessons/read.js';
import { reason } from '../node/sources.js';
import { UsageError } from './errors.js';

const LESSONS = fileURLToPath(new URL('../../lessons', import.meta.url));

/** In the order of the course. */
export const lessonNames = (): string[] =>
  readdirSync(LESSONS)
    .filter(name => /^\d\d-/.test(name))
    .sort();

/** Lessons are part of the program: one that is wrong is no user's fault. */
export function loadLesson(name: string): Lesson {
  const folder = join(LESSONS, name);
  const read = (path: string): Uint8Array => readFileSync(join(folder, path));
  const paths = [...LESSON_FILES, ...pathsNamed(read('check.yaml'))];
  const { lesson, problems } = readLesson(name, new Map(paths.map(path => [path, read(path)])));
  if (lesson !== null) return lesson;
  throw new Error(problems.map(({ position, message }) => `${formatPosition(position)}: ${message}`).join('; '));
}

/** @param asked a number, a name, or a part of one. @throws UsageError */
export function chooseLesson(asked: string, names: readonly string[]): string {
  const number = /^\d+$/.test(asked) ? `${asked.padStart(2, '0')}-` : null;
  const found = names.filter(name => (number === null ? name.includes(asked) : name.startsWith(number)));
  const exact = names.find(name => name === asked || name.slice(3) === asked);
  if (exact !== undefined) return exact;
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw new UsageError(`${asked}: several lessons have this name`, found.join(', '));
  const near = nearest(
    asked,
    names.map(name => name.slice(3)),
  );
  const hint = near === null ? 'policap learn lists them' : `did you mean "${near}"?`;
  throw new UsageError(`there is no lesson "${asked}"`, hint);
}

export interface Work {
  readonly folder: string;
  /** The learner's own file. */
  readonly file: string;
  readonly hints: string;
}

export function workOf({ name, learnerFile }: Pick<Lesson, 'name' | 'learnerFile'>, dir: string): Work {
  const folder = join(dir, name);
  return { folder, file: join(folder, learnerFile), hints: join(folder, 'hints.md') };
}

/** null where the lesson was not begun. @throws UsageError */
export function readWork({ file }: Work): Uint8Array | null {
  if (!existsSync(file)) return null;
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file}: ${reason(error)}`);
  }
}

/** Writes what is not there yet. @returns the names that were written. @throws UsageError */
export function beginWork(lesson: Lesson, { folder, file }: Work): string[] {
  const written: string[] = [];
  const write = (path: string, content: string | Uint8Array): void => {
    if (existsSync(path)) return;
    writeFileSync(path, content);
    written.push(basename(path));
  };
  try {
    mkdirSync(folder, { recursive: true });
    write(file, lesson.start);
    for (const path of lesson.beside) {
      write(join(folder, basename(path)), readFileSync(join(LESSONS, lesson.name, path)));
    }
  } catch (error) {
    throw new UsageError(`${folder}: ${reason(error)}`, 'give another folder with --dir');
  }
  return written;
}

/** How many hints were given. */
export function hintsGiven({ hints }: Work): number {
  return existsSync(hints)
    ? readFileSync(hints, 'utf8')
        .split('\n')
        .filter(line => /^\d+\. /.test(line)).length
    : 0;
}

/** Notes one more hint. @returns its index; null where there is none left. @throws UsageError */
export function giveHint(lesson: Lesson, work: Work): number | null {
  const given = hintsGiven(work);
  if (given >= lesson.hints.length) return null;
  try {
    mkdirSync(work.folder, { recursive: true });
    const item = `${given + 1}. ${lesson.hints[given]!.replaceAll('\n', '\n   ')}\n`;
    writeFileSync(work.hints, given === 0 ? `# Hints given so far\n\n${item}` : item, { flag: 'a' });
  } catch (error) {
    throw new UsageError(`${work.hints}: ${reason(error)}`, 'give another folder with --dir');
  }
  return given;
}
