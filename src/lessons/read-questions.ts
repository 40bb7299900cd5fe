/**
 * The questions of check.yaml (cold). A part of read.ts.
 *
 *   questions:
 *     - { key, <measure>, otherwise, mistakes: [{ <measure>, says }], policies, mode, timeouts, maxConnections,
 *         profile }
 *     - { key, set: maxConnections | a timeout's name, none: { <measure> }, more, otherwise, ... }
 * A question has the lesson's captures; what it says of policies, mode and the table is its own.
 */
import { COUNT, type FieldReader, type Fields, isFields, TEXT } from '../cases/fields.js';
import type { KubernetesDocument, Path } from '../documents/document.js';
import { shown } from '../documents/findings.js';
import { timeoutNames } from '../flow/timeouts.js';
import { PROFILE_NAMES } from '../profile/profile.js';
import type { Question, Setup } from './model.js';
import { MEASURES, readMeasure } from './read-measure.js';

const SETUP_FIELDS = ['policies', 'mode', 'timeouts', 'maxConnections', 'profile'];
const FIELDS = ['key', ...MEASURES, 'set', 'none', 'more', 'otherwise', 'mistakes', ...SETUP_FIELDS];

export interface QuestionGround {
  readonly captures: readonly string[];
  /** The documents of a file of policies, by the path that names it. */
  policiesOf(path: string): readonly KubernetesDocument[];
}

export function readQuestions(
  list: unknown,
  document: KubernetesDocument,
  reader: FieldReader,
  ground: QuestionGround,
): Question[] {
  if (!Array.isArray(list)) {
    reader.error(['questions'], `Invalid value: ${shown(list)}: must be a list`);
    return [];
  }
  return list.flatMap((fields: unknown, i) => {
    const path = ['questions', i];
    if (isFields(fields)) return readQuestion(fields, path, document, reader, ground);
    reader.error(path, `Invalid value: ${shown(fields)}: must be a question`);
    return [];
  });
}

function readQuestion(
  fields: Fields,
  path: Path,
  document: KubernetesDocument,
  reader: FieldReader,
  ground: QuestionGround,
): Question[] {
  reader.known(fields, path, FIELDS, 'a question', {});
  reader.required(fields, path, 'key', 'the name under which answer.yaml has the answer');
  reader.required(fields, path, 'otherwise', 'what is said of a wrong answer');
  const key = reader.one(fields, path, 'key', TEXT);
  const otherwise = reader.one(fields, path, 'otherwise', TEXT);
  const setup = readSetup(fields, path, reader, ground);
  if (key === undefined || otherwise === undefined) return [];
  const asked = { key, otherwise, setup, position: document.at(path) };
  if ('set' in fields) {
    const [set] = reader.words(fields, path, 'set', ['maxConnections', ...timeoutNames()]);
    const none = readMeasure(reader.map(fields, path, 'none') ?? {}, [...path, 'none'], reader);
    const more = reader.one(fields, path, 'more', TEXT) ?? null;
    if (set === undefined || none === null) return [];
    return [{ ...asked, kind: 'setting', sets: set === 'maxConnections' ? set : { timeout: set }, none, more }];
  }
  const measure = readMeasure(fields, path, reader);
  if (measure === null) return [];
  const mistakes = (Array.isArray(fields['mistakes']) ? fields['mistakes'] : []).flatMap((mistake: unknown, i) => {
    const at = [...path, 'mistakes', i];
    const its = isFields(mistake) ? mistake : {};
    const wrong = readMeasure(its, at, reader);
    reader.required(its, at, 'says', 'what is said of this mistake');
    const says = reader.one(its, at, 'says', TEXT);
    return wrong === null || says === undefined ? [] : [{ measure: wrong, says }];
  });
  return [{ ...asked, kind: 'finding', measure, mistakes }];
}

function readSetup(fields: Fields, path: Path, reader: FieldReader, ground: QuestionGround): Setup {
  const [mode = 'what-if'] = reader.words(fields, path, 'mode', ['what-if', 'dataplane'] as const);
  const timeouts = reader.map(fields, path, 'timeouts') ?? {};
  reader.known(timeouts, [...path, 'timeouts'], timeoutNames(), 'timeouts', {});
  const [profile] = reader.words(fields, path, 'profile', PROFILE_NAMES);
  const maxConnections = reader.one(fields, path, 'maxConnections', COUNT);
  return {
    captures: ground.captures,
    policies: reader.some(fields, path, 'policies', TEXT).flatMap(file => ground.policiesOf(file)),
    mode,
    timeouts: Object.fromEntries(
      Object.keys(timeouts).map(name => [name, reader.one(timeouts, [...path, 'timeouts'], name, COUNT) ?? 0]),
    ),
    ...(maxConnections !== undefined && { maxConnections }),
    ...(profile !== undefined && { profile }),
  };
}
