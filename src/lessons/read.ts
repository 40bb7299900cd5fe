/**
 * A lesson's files -> a Lesson (cold).
 *
 * In:  the folder's name, and its files by path relative to it: lesson.md, check.yaml, start.yaml, solution.yaml, and what
 * check.yaml names (pathsNamed), such as ../../examples/tenants/capture.pcapng.gz.  Out: a Lesson, or all that is wrong.
 *
 *   apiVersion: policap/v1
 *   kind: Lesson
 *   covers: [scenario-1]
 *   cluster, captures, policies: paths; policies are given with the cluster
 *   questions: as read-questions.ts has them; or, in their place, a second document of kind TestCases (src/cases)
 */
import { FieldReader, type Fields, TEXT } from '../cases/fields.js';
import { CASES_KIND } from '../cases/model.js';
import { readCasesDocument } from '../cases/read.js';
import type { KubernetesDocument, Problem } from '../documents/document.js';
import { Findings, shown } from '../documents/findings.js';
import { readDocuments } from '../documents/read.js';
import { LESSON_API_VERSION, LESSON_KIND, type Lesson, type Task } from './model.js';
import { readQuestions } from './read-questions.js';
import { readStory } from './story.js';
import { TOPICS } from './topics.js';

export type LessonFiles = ReadonlyMap<string, Uint8Array>;

export interface ReadLesson {
  readonly lesson: Lesson | null;
  readonly problems: readonly Problem[];
}

/** Files of the folder itself that every lesson has. */
export const LESSON_FILES = ['lesson.md', 'check.yaml', 'start.yaml', 'solution.yaml'] as const;
const FIELDS = ['apiVersion', 'kind', 'metadata', 'covers', 'cluster', 'captures', 'policies', 'questions'];

/** What else must be given: the paths in check.yaml. */
export function pathsNamed(check: Uint8Array): string[] {
  const { documents } = readDocuments(check, 'check.yaml');
  const named = documents.flatMap(({ kind, object }) => {
    if (kind !== LESSON_KIND) return [];
    const questions = Array.isArray(object['questions']) ? (object['questions'] as Fields[]) : [];
    return [object['cluster'], object['captures'], object['policies'], ...questions.map(it => it?.['policies'])];
  });
  return [...new Set(named.flat().filter(path => typeof path === 'string'))];
}

export function readLesson(name: string, files: LessonFiles): ReadLesson {
  const problems: Problem[] = [];
  const place = (path: string): string => `${name}/${path}`;
  const wrong = (path: string, message: string): void => {
    problems.push({ severity: 'error', position: { file: place(path), line: 0, column: 0 }, message });
  };
  const bytes = (path: string): Uint8Array => {
    const found = files.get(path);
    if (found === undefined) wrong(path, 'the file is missing');
    return found ?? new Uint8Array();
  };
  const text = (path: string): string => new TextDecoder().decode(bytes(path));
  const documentsOf = (path: string): readonly KubernetesDocument[] => {
    const read = readDocuments(bytes(path), place(path));
    problems.push(...read.problems);
    return read.documents;
  };

  const read = readStory(text('lesson.md'), place('lesson.md'));
  problems.push(...read.problems);
  const documents = documentsOf('check.yaml');
  const head = documents.find(({ kind }) => kind === LESSON_KIND);
  if (head === undefined) wrong('check.yaml', `there is no document of kind ${LESSON_KIND}`);
  if (head === undefined || read.story === null) return { lesson: null, problems };

  const { object } = head;
  const reader = new FieldReader(new Findings(head, problems));
  if (head.apiVersion !== LESSON_API_VERSION)
    reader.error(['apiVersion'], `Unsupported value: ${shown(head.apiVersion)}: must be "${LESSON_API_VERSION}"`);
  reader.known(object, [], FIELDS, `a ${LESSON_KIND}`, {});
  reader.required(object, [], 'cluster', 'the cluster: [cluster.yaml]');
  const [cluster, captures, policies] = ['cluster', 'captures', 'policies'].map(key =>
    reader.some(object, [], key, TEXT),
  );
  const given = policies!.flatMap(documentsOf);

  const asks = readTask(documents, head, reader, problems, place('check.yaml'), captures!, documentsOf);
  if (asks === null) wrong('check.yaml', `asks nothing: questions, or a document of kind ${CASES_KIND}`);
  const lesson: Omit<Lesson, 'asks'> = {
    ...read.story,
    name,
    covers: reader.words(object, [], 'covers', Object.keys(TOPICS)),
    start: text('start.yaml'),
    learnerFile: asks?.kind === 'policy' ? 'policy.yaml' : 'answer.yaml',
    solution: text('solution.yaml'),
    cluster: [...cluster!.flatMap(documentsOf), ...given],
    beside: pathsNamed(bytes('check.yaml')),
    captures: new Map(captures!.map(path => [path, bytes(path)])),
  };
  const isWrong = asks === null || problems.some(({ severity }) => severity === 'error');
  return { lesson: isWrong ? null : { ...lesson, asks }, problems };
}

function readTask(
  documents: readonly KubernetesDocument[],
  head: KubernetesDocument,
  reader: FieldReader,
  problems: Problem[],
  file: string,
  captures: readonly string[],
  policiesOf: (path: string) => readonly KubernetesDocument[],
): Task | null {
  if ('questions' in head.object) {
    const questions = readQuestions(head.object['questions'], head, reader, { captures, policiesOf });
    return { kind: 'answers', questions };
  }
  const document = documents.find(({ kind }) => kind === CASES_KIND);
  if (document === undefined) return null;
  const cases = readCasesDocument(document, file, problems);
  for (const { name, otherwise, position } of [...cases.assertions, ...cases.captures]) {
    if (otherwise !== undefined) continue;
    problems.push({ severity: 'error', position, message: `${name}: says nothing of who fails it: otherwise` });
  }
  for (const path of cases.captures.flatMap(it => it.captures)) {
    if (captures.includes(path)) continue;
    problems.push({ severity: 'error', position: document.position, message: `${path} is none of the captures` });
  }
  return { kind: 'policy', cases };
}
