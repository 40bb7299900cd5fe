/**
 * A learner's policies -> whether connections and the capture get the verdicts that they must get (cold).
 *
 * In:  a lesson that asks for a policy, and the learner's file.  Out: a LessonResult: not the text is judged but what it does.
 */
import type { CaptureAssertion, TestCases } from '../cases/model.js';
import type { CaseResult } from '../cases/result.js';
import { captureResult, runAssertions } from '../cases/run.js';
import { type Compiled, compile } from '../compile.js';
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { isPolicyDocument } from '../policy/read.js';
import { replay } from '../replay.js';
import type { Report } from '../report/report.js';
import { createSummary, type Summary } from '../report/summary.js';
import { openBytes } from './capture.js';
import type { Lesson } from './model.js';
import { type Expected, judged, type LessonResult, problemAt, unjudged } from './result.js';

export async function checkPolicy(
  lesson: Lesson,
  cases: TestCases,
  documents: readonly KubernetesDocument[],
): Promise<LessonResult> {
  const others = documents.filter(document => !isPolicyDocument(document));
  if (others.length > 0) {
    return unjudged(
      others.map(({ kind, position }) =>
        problemAt(position, `kind: ${kind} is no policy`, 'the cluster is given: write policies only'),
      ),
    );
  }
  const { compiled, problems } = compile([...lesson.cluster, ...documents]);
  const its = problems.filter(({ position }) => documents.some(document => document.position.file === position.file));
  if (compiled === null) return unjudged(its);
  const expected = [...runAssertions(cases.file, cases.assertions, compiled)].map(ofConnection);
  for (const assertion of cases.captures) expected.push(await ofCapture(assertion, lesson, compiled));
  return judged(expected, its as Problem[]);
}

function ofConnection({ status, message, details, asked }: CaseResult): Expected {
  const { query, expected, otherwise } = asked.assertion as Extract<typeof asked, { kind: 'connection' }>['assertion'];
  const { from, to, protocol = 'TCP', port } = query;
  const words = [`${from} -> ${to}`, query.icmpType === undefined ? protocol : 'ping', port].filter(
    it => it !== undefined,
  );
  const passed = status === 'passed';
  return {
    passed,
    asked: `${words.join(' ')} is ${expected.verdict}`,
    sentence: passed ? null : otherwise!,
    why: passed ? [] : status === 'error' ? [message, ...details] : [message],
  };
}

async function ofCapture(assertion: CaptureAssertion, lesson: Lesson, compiled: Compiled): Promise<Expected> {
  const summary = await summaryOf(assertion, lesson, compiled);
  const { status, message, details } = captureResult('', assertion, summary, compiled, 0);
  const passed = status === 'passed';
  return {
    passed,
    asked: `of ${summary.connections.total} connections in the capture, those are refused that must be, and no others`,
    sentence: passed ? null : assertion.otherwise!,
    why: passed ? [] : [message, ...details],
  };
}

export async function summaryOf(
  { captures, mode }: Pick<CaptureAssertion, 'captures' | 'mode'>,
  lesson: Pick<Lesson, 'captures'>,
  compiled: Compiled,
): Promise<Summary> {
  const collector = createSummary();
  let summary!: Summary;
  const report: Report = {
    ...collector,
    end(result) {
      summary = collector.end(result);
    },
  };
  const source = await openBytes(captures.map(path => [path, lesson.captures.get(path)!]));
  try {
    await replay(source, compiled, { mode, captures }, [report]);
  } finally {
    source.close();
  }
  return summary;
}
