/**
 * answer.yaml: a key a question (cold).
 *
 * In:  the learner's documents.  Out: the answers by key, each a number, numbers or words, where they stand; or what is wrong.
 *
 *   apiVersion: policap/v1
 *   kind: Answer
 *   packets: [3, 5]
 *   timeout: 10
 */
import type { KubernetesDocument, Position, Problem } from '../documents/document.js';
import { shown } from '../documents/findings.js';
import { nearest } from '../documents/suggest.js';
import type { Measured, Question } from './model.js';
import { problemAt } from './result.js';

export interface Answered {
  /** null: not answered yet. */
  readonly value: Measured | null;
  readonly position: Position;
}

const HEAD = ['apiVersion', 'kind', 'metadata'];

export function readAnswers(
  documents: readonly KubernetesDocument[],
  questions: readonly Question[],
  problems: Problem[],
): ReadonlyMap<string, Answered> {
  const answers = new Map<string, Answered>();
  const keys = questions.map(({ key }) => key);
  for (const document of documents) {
    const { kind, object } = document;
    if (kind !== 'Answer') {
      problems.push(problemAt(document.at(['kind']), `kind: ${kind} is no answer`, 'kind: Answer'));
      continue;
    }
    for (const key of Object.keys(object)) {
      if (HEAD.includes(key) || keys.includes(key)) continue;
      const near = nearest(key, keys);
      const hint = near === null ? `the keys are: ${keys.join(', ')}` : `did you mean "${near}"?`;
      problems.push(problemAt(document.at([key]), `unknown field "${key}"`, hint));
    }
    for (const question of questions) {
      const { key } = question;
      if (!(key in object)) continue;
      const position = document.at([key]);
      const value = readValue(object[key], question);
      if (value === undefined)
        problems.push(problemAt(position, `${key}: Invalid value: ${shown(object[key])}: must be ${said(question)}`));
      else answers.set(key, { value, position });
    }
  }
  return answers;
}

type Shape = 'number' | 'numbers' | 'words';

function shapeOf(question: Question): Shape {
  if (question.kind === 'setting') return 'number';
  const { kind } = question.measure;
  return kind === 'packets' ? 'numbers' : kind === 'profiles' ? 'words' : 'number';
}

const SAID: Readonly<Record<Shape, string>> = {
  number: 'a number',
  numbers: 'a list of packet numbers: [3, 5]',
  words: 'a list of words: [calico, cilium]',
};

function said(question: Question): string {
  const shape = SAID[shapeOf(question)];
  if (question.kind !== 'finding' || question.measure.kind !== 'profiles') return shape;
  return `${shape}, each one of ${question.measure.of.join(', ')}`;
}

/** undefined where it is none. */
function readValue(given: unknown, question: Question): Measured | null | undefined {
  if (given === null || given === '') return null;
  const shape = shapeOf(question);
  if (shape === 'number') return typeof given === 'number' && Number.isFinite(given) && given >= 0 ? given : undefined;
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (shape === 'numbers')
    return list.every(it => Number.isInteger(it)) ? [...new Set(list as number[])].sort((a, b) => a - b) : undefined;
  const { of } = (question as Extract<Question, { kind: 'finding' }>).measure as { readonly of?: readonly string[] };
  const words = list as readonly string[];
  return list.every(it => typeof it === 'string' && of?.includes(it))
    ? (of ?? []).filter(it => words.includes(it))
    : undefined;
}
