/**
 * Assertions -> results (cold).
 *
 * In:  compiled policies, assertions, and for captures the summary of their replay.  Out: a result each, in order. Nothing is
 * thrown for what the user can mend: a question that cannot be answered is an `error` with its position and the next step.
 */
import type { Compiled } from '../compile.js';
import { createAnswers, QueryProblem } from '../query/answer.js';
import { answerLines } from '../query/answer-text.js';
import { plain } from '../report/style.js';
import type { Summary } from '../report/summary.js';
import { checkAnswer } from './check.js';
import { checkSummary, UnknownName } from './check-capture.js';
import type { Assertion, CaptureAssertion } from './model.js';
import type { CaseResult } from './result.js';

/** Columns of details, which machines keep as they are. */
const COLUMNS = 200;

export function* runAssertions(
  file: string,
  assertions: readonly Assertion[],
  compiled: Pick<Compiled, 'ruleset' | 'inventory' | 'mesh'>,
): Generator<CaseResult> {
  const answers = createAnswers(compiled);
  for (const assertion of assertions) {
    const { name, query, expected, position } = assertion;
    const started = performance.now();
    const common = { suite: file, name, position };
    const seconds = (): number => (performance.now() - started) / 1e3;
    try {
      const answer = answers.answer(query);
      const message = checkAnswer(answer, expected);
      const asked = { kind: 'connection', assertion, answer } as const;
      if (message === null) yield { ...common, status: 'passed', message: '', details: [], seconds: seconds(), asked };
      else {
        const details = answerLines(answer, plain, COLUMNS);
        yield { ...common, status: 'failed', message, details, seconds: seconds(), asked };
      }
    } catch (error) {
      if (!(error instanceof QueryProblem)) throw error;
      const asked = { kind: 'connection', assertion, answer: null } as const;
      const details = error.hint === undefined ? [] : [error.hint];
      yield { ...common, status: 'error', message: error.message, details, seconds: seconds(), asked };
    }
  }
}

export function captureResult(
  file: string,
  assertion: CaptureAssertion,
  summary: Summary,
  { inventory }: Pick<Compiled, 'inventory'>,
  seconds: number,
): CaseResult {
  const { name, position } = assertion;
  const common = { suite: file, name, seconds, asked: { kind: 'capture', assertion, summary } as const };
  try {
    const [message = '', ...details] = checkSummary(summary, assertion, inventory);
    return { ...common, position, status: message === '' ? 'passed' : 'failed', message, details };
  } catch (error) {
    if (!(error instanceof UnknownName)) throw error;
    const { message, hint, denial } = error;
    return { ...common, position: denial.position, status: 'error', message, details: [hint] };
  }
}

/** A capture that cannot be read at all. */
export const captureError = (file: string, assertion: CaptureAssertion, message: string): CaseResult => ({
  suite: file,
  name: assertion.name,
  position: assertion.position,
  status: 'error',
  message,
  details: [],
  seconds: 0,
  asked: { kind: 'capture', assertion, summary: null },
});
