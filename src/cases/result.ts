/**
 * Results of cases: what every format of `policap test` is written from (cold).
 *
 * In:  an assertion and what came.  Out: a CaseResult: an AssertionResult (report/assertions.ts) with the plain data.
 */
import type { Answer } from '../query/answer.js';
import type { AssertionResult } from '../report/assertions.js';
import type { Summary } from '../report/summary.js';
import type { Assertion, CaptureAssertion } from './model.js';

export interface CaseResult extends AssertionResult {
  readonly asked:
    | { readonly kind: 'connection'; readonly assertion: Assertion; readonly answer: Answer | null }
    | { readonly kind: 'capture'; readonly assertion: CaptureAssertion; readonly summary: Summary | null };
}
