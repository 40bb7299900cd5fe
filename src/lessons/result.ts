/**
 * What a check says: the shape behind the text, the json and the page (cold).
 */
import type { Position, Problem } from '../documents/document.js';

/** One thing that must be so. */
export interface Expected {
  readonly passed: boolean;
  /** What was asked: `shop/web-1 -> shop/api-1 TCP 8080 is allowed`. */
  readonly asked: string;
  /** What it means that it is not so, in the lesson's words; null where it is so. */
  readonly sentence: string | null;
  /** What came, and why, with the policy's file and line; empty where it is as it must be. */
  readonly why: readonly string[];
}

export interface LessonResult {
  readonly passed: boolean;
  readonly expected: readonly Expected[];
  /** Of the learner's file. Where one is an error, nothing was judged. */
  readonly problems: readonly Problem[];
}

/** What was not judged. */
export const unjudged = (problems: readonly Problem[]): LessonResult => ({ passed: false, expected: [], problems });

export const judged = (expected: readonly Expected[], problems: readonly Problem[]): LessonResult => ({
  passed: expected.length > 0 && expected.every(({ passed }) => passed),
  expected,
  problems,
});

export const problemAt = (position: Position, message: string, hint?: string): Problem => ({
  severity: 'error',
  position,
  message,
  ...(hint !== undefined && { hint }),
});
