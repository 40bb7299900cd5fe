/**
 * A learner's file -> what is right, what is not, and why (cold): the one function that a page and the command call.
 *
 * In:  a Lesson, and the file's text with the name it has in positions.  Out: a LessonResult. Nothing is thrown for what a
 * learner writes: problems of the file carry line and column.
 */
import { readDocuments } from '../documents/read.js';
import { checkAnswers } from './check-answer.js';
import { checkPolicy } from './check-policy.js';
import type { Lesson } from './model.js';
import { type LessonResult, unjudged } from './result.js';

export async function checkLesson(lesson: Lesson, text: string | Uint8Array, file: string): Promise<LessonResult> {
  const { documents, problems } = readDocuments(text, file);
  if (problems.some(({ severity }) => severity === 'error')) return unjudged(problems);
  const { asks } = lesson;
  const result =
    asks.kind === 'policy'
      ? await checkPolicy(lesson, asks.cases, documents)
      : await checkAnswers(lesson, asks.questions, documents);
  return { ...result, problems: [...problems, ...result.problems] };
}
