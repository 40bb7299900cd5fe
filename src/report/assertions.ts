/**
 * Assertions and what became of them: what tap.ts, junit.ts and github.ts write.
 *
 * In:  whoever tests something, one result an assertion, in order.  Out: this shape, which knows nothing of what was tested.
 * `failed` is an assertion that does not hold; `error` one that could not be asked at all.
 */
import type { Position } from '../documents/document.js';

export interface AssertionResult {
  /** The file that holds it. */
  readonly suite: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'error';
  readonly position: Position;
  /** One sentence on what is wrong, '' where nothing is. */
  readonly message: string;
  /** Lines below that sentence. */
  readonly details: readonly string[];
  readonly seconds: number;
}

export interface AssertionCounts {
  readonly passed: number;
  readonly failed: number;
  readonly errors: number;
}

export function countAssertions(results: readonly AssertionResult[]): AssertionCounts {
  const of = (status: AssertionResult['status']): number => results.filter(it => it.status === status).length;
  return { passed: of('passed'), failed: of('failed'), errors: of('error') };
}

/** Characters that no text format carries: all control characters but tab and line feed, and halves of pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|\p{Surrogate}/gu;

/** With each of them written out: `\u0007`. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, it => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`);
