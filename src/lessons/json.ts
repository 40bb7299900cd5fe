/**
 * Lessons and results for programs: `policap.learn/1` (cold).
 *
 * In:  lessons, each with what has become of it.  Out: one document, key by key as docs/outputs.md says.
 */
import type { Lesson } from './model.js';
import type { LessonResult } from './result.js';

export type LessonState = 'new' | 'begun' | 'passed';

export interface LessonStanding {
  readonly lesson: Lesson;
  readonly state: LessonState;
  /** The learner's file. */
  readonly file: string;
  /** Only where it was asked for: the texts, and what the check says. */
  readonly isTold?: boolean;
  readonly result?: LessonResult;
}

export function lessonsJson(standings: readonly LessonStanding[]): string {
  return `${JSON.stringify({ schema: 'policap.learn/1', lessons: standings.map(record) }, null, 2)}\n`;
}

function record({ lesson, state, file, isTold, result }: LessonStanding) {
  const { name, title, about, covers, story, task } = lesson;
  return {
    name,
    title,
    about,
    covers,
    state,
    file,
    ...(isTold === true && { story, task }),
    ...(result !== undefined && { result: resultRecord(result) }),
  };
}

const resultRecord = ({ passed, expected, problems }: LessonResult) => ({
  passed,
  expected: expected.map(({ passed, asked, sentence, why }) => ({ passed, asked, sentence, why })),
  problems: problems.map(({ severity, position: { file, line, column }, message, hint }) => ({
    severity,
    file,
    line,
    column,
    message,
    ...(hint !== undefined && { hint }),
  })),
});
