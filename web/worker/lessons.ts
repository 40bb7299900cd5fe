/**
 * Lessons in the page: opened from the files that were packed with the site, checked as `policap learn --check` does.
 *
 * In:  a lesson's files in base64; then what the learner wrote.  Out: what the page shows, and verdicts.
 */
import { castLines } from '../../src/lessons/cast.js';
import { checkLesson } from '../../src/lessons/check.js';
import type { Lesson } from '../../src/lessons/model.js';
import { readLesson } from '../../src/lessons/read.js';
import { problemOf } from './problems.js';
import { type Engine, EngineFault } from './protocol.js';

export function createLessons(): Pick<Engine, 'openLesson' | 'checkLesson'> {
  let lesson: Lesson | null = null;
  return {
    openLesson(name, files) {
      const bytes = new Map(Object.entries(files).map(([path, text]) => [path, bytesOf(text)]));
      const read = readLesson(name, bytes);
      lesson = read.lesson;
      if (lesson === null) throw new EngineFault(`lesson ${name}: ${read.problems[0]?.message}`);
      const { start, learnerFile, solution, captures, beside } = lesson;
      const decoder = new TextDecoder();
      return {
        ...{ start, learnerFile, solution },
        cast: castLines(lesson),
        captures: [...captures].map(([path, content]) => ({
          name: nameOf(path),
          blob: new Blob([content as Uint8Array<ArrayBuffer>]),
        })),
        documents: beside
          .filter(path => !captures.has(path))
          .map(path => ({ name: nameOf(path), text: decoder.decode(bytes.get(path)) })),
      };
    },
    async checkLesson(text) {
      if (lesson === null) throw new EngineFault('no lesson is open');
      const { passed, expected, problems } = await checkLesson(lesson, text, lesson.learnerFile);
      return { passed, expected, problems: problems.map(problemOf) };
    },
  };
}

const nameOf = (path: string): string => path.replace(/^.*\//, '');

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), c => c.charCodeAt(0));
