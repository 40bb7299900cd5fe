/**
 * A learner's answers -> whether they are what the engine finds (cold).
 *
 * In:  a lesson that asks questions, and the learner's documents.  Out: a LessonResult. A wrong answer is told why it is wrong
 * without the right one: what became of packets that do not belong, how many are missing, whether a number is too high.
 */
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { plural } from '../report/style.js';
import { type Answered, readAnswers } from './answer.js';
import { type Ground, measure, packetsOf, threeDigits } from './measure.js';
import type { Finding, Lesson, Measured, Question, Setting, Setup } from './model.js';
import { type Expected, judged, type LessonResult, unjudged } from './result.js';

/** Packets named that do not belong. */
const NAMED = 5;

export async function checkAnswers(
  lesson: Lesson,
  questions: readonly Question[],
  documents: readonly KubernetesDocument[],
): Promise<LessonResult> {
  const problems: Problem[] = [];
  const answers = readAnswers(documents, questions, problems);
  if (problems.length > 0) return unjudged(problems);
  const expected: Expected[] = [];
  for (const question of questions) expected.push(await check(question, answers.get(question.key), lesson));
  return judged(expected, []);
}

async function check(question: Question, answer: Answered | undefined, ground: Ground): Promise<Expected> {
  const { key } = question;
  const value = answer?.value ?? null;
  if (value === null) {
    return {
      passed: false,
      asked: key,
      sentence: 'There is no answer yet.',
      why: [`${key}: write the answer behind it`],
    };
  }
  const wrong =
    question.kind === 'setting'
      ? await wrongSetting(question, value as number, ground)
      : await wrongFinding(question, value, ground);
  const asked = `${key}: ${shownValue(value)}`;
  return wrong === null ? { passed: true, asked, sentence: null, why: [] } : { passed: false, asked, ...wrong };
}

type Wrong = Pick<Expected, 'sentence' | 'why'> | null;

async function wrongFinding(question: Finding, given: Measured, ground: Ground): Promise<Wrong> {
  const { measure: what, setup, mistakes, otherwise } = question;
  const value = what.kind === 'comparisons' ? threeDigits(given as number) : given;
  const right = await measure(what, setup, ground);
  if (isSame(right, value)) return null;
  let sentence = otherwise;
  for (const { measure: other, says } of mistakes) {
    if (!isSame(await measure(other, setup, ground), value)) continue;
    sentence = says;
    break;
  }
  return { sentence, why: await differences(question, right, value, ground) };
}

const isSame = (a: Measured, b: Measured): boolean => JSON.stringify(a) === JSON.stringify(b);

async function differences({ measure: what, setup }: Finding, right: Measured, value: Measured, ground: Ground) {
  if (typeof right === 'number') return [`${shownValue(value)} is too ${(value as number) > right ? 'high' : 'low'}`];
  const [rights, values] = [right as readonly (number | string)[], value as readonly (number | string)[]];
  const extra = values.filter(it => !rights.includes(it));
  const missing = rights.filter(it => !values.includes(it)).length;
  const lines = missing === 0 ? [] : [`${plural(missing, 'more belongs', 'more belong')} to the answer`];
  if (what.kind !== 'packets') return [...extra.map(it => `${it} does not belong to it`), ...lines];
  const all = new Map((await packetsOf(null, setup, ground)).map(({ number, said }) => [number, said]));
  const named = extra.slice(0, NAMED).map(it => {
    const said = all.get(it as number);
    return said === undefined ? `there is no packet ${it}` : `packet ${it} does not belong to it: ${said}`;
  });
  const rest = extra.length - named.length;
  return [...named, ...(rest > 0 ? [`nor do ${plural(rest, 'other packet')}`] : []), ...lines];
}

async function wrongSetting(
  { sets, none, more, otherwise, setup }: Setting,
  value: number,
  ground: Ground,
): Promise<Wrong> {
  if (!Number.isInteger(value) || value < LEAST || value > MOST) {
    return { sentence: otherwise, why: [`${value} is no whole number from ${LEAST} to ${MOST}`] };
  }
  const countWith = async (it: number): Promise<number> => {
    const found = await measure(none, withSetting(setup, sets, it), ground);
    return typeof found === 'number' ? found : found.length;
  };
  const left = await countWith(value);
  if (left > 0) return { sentence: otherwise, why: [`with ${value}: ${plural(left, what(none.kind))}`] };
  if (more !== null && value > LEAST && (await countWith(value - 1)) === 0) return { sentence: more, why: [] };
  return null;
}

/** What a timeout in seconds and a table's room may be. */
const LEAST = 1;
const MOST = 1_000_000;

const what = (kind: string): string =>
  kind === 'table' ? 'such event' : kind === 'connectionCount' ? 'such connection' : 'such packet';

const withSetting = (setup: Setup, sets: Setting['sets'], value: number): Setup =>
  sets === 'maxConnections'
    ? { ...setup, maxConnections: value }
    : { ...setup, timeouts: { ...setup.timeouts, [sets.timeout]: value } };

const shownValue = (value: Measured): string => (Array.isArray(value) ? `[${value.join(', ')}]` : String(value));
