/**
 * A cases file -> assertions, and every problem of it at once (cold).
 *
 * In:  text of YAML or JSON:
 *   apiVersion: policap/v1
 *   kind: TestCases
 *   policies, cluster, rules: paths      profile, staged: as the options of that name
 *   cases:
 *     - { name, from, to, port, protocol, sourcePort, icmpType, icmpCode, request, headers, expect, reason, side, policy, mesh,
 *         otherwise }
 *     - { name, capture, mode, otherwise, expect: { total, allowed, dropped, undecided, connections, packets, denied } }
 * from, to, port and protocol may be lists, which stand for every combination.
 * Out: TestCases, one a document.
 */
import type { KubernetesDocument, Path, Problem } from '../documents/document.js';
import { Findings, shown } from '../documents/findings.js';
import { readDocuments } from '../documents/read.js';
import { PROFILE_NAMES } from '../profile/profile.js';
import type { Query } from '../query/answer.js';
import { BYTE, FieldReader, type Fields, FLAG, HEADERS, isFields, PORT, PROTOCOL, TEXT } from './fields.js';
import { type Assertion, CASES_API_VERSION, CASES_KIND, type TestCases } from './model.js';
import { readCapture } from './read-capture.js';
import { MEANT_VERDICTS, REASONS_EXPECTED, VERDICTS } from './words.js';

export interface ReadCases {
  readonly files: readonly TestCases[];
  readonly problems: readonly Problem[];
}

/** Assertions that one document may stand for. */
const MOST_ASSERTIONS = 100_000;

const FILE_FIELDS = ['apiVersion', 'kind', 'metadata', 'policies', 'cluster', 'rules', 'profile', 'staged', 'cases'];
const CASE_FIELDS = [
  'name',
  'from',
  'to',
  'port',
  'protocol',
  'sourcePort',
  'icmpType',
  'icmpCode',
  'request',
  'headers',
  'expect',
  'reason',
  'side',
  'policy',
  'mesh',
  'otherwise',
];
const MEANT_IN_FILE = { policy: 'policies', clusters: 'cluster', tests: 'cases', case: 'cases' };
const MEANT_IN_CASE = {
  source: 'from',
  src: 'from',
  destination: 'to',
  dst: 'to',
  ports: 'port',
  dport: 'port',
  protocols: 'protocol',
  expected: 'expect',
  verdict: 'expect',
  header: 'headers',
  sides: 'side',
  policies: 'policy',
  captures: 'capture',
};

/** @param file its name, for positions */
export function readCases(input: string | Uint8Array, file: string): ReadCases {
  const read = readDocuments(input, file);
  const problems: Problem[] = [...read.problems];
  const files: TestCases[] = [];
  for (const document of read.documents) {
    if (document.kind === CASES_KIND) files.push(readCasesDocument(document, file, problems));
    else {
      const message = `kind: Unsupported value: ${shown(document.kind)}: supported values: "${CASES_KIND}"`;
      problems.push({
        severity: 'error',
        position: document.position,
        message,
        hint: 'policies and the cluster go to -p and -c',
      });
    }
  }
  if (read.documents.length === 0 && problems.length === 0) {
    const hint = `policap init writes a first one; it begins with apiVersion: ${CASES_API_VERSION}, kind: ${CASES_KIND}`;
    problems.push({
      severity: 'error',
      position: { file, line: 1, column: 1 },
      message: 'the file holds no cases',
      hint,
    });
  }
  return { files, problems };
}

/** @param problems what is wrong is added to them */
export function readCasesDocument(document: KubernetesDocument, file: string, problems: Problem[]): TestCases {
  const reader = new FieldReader(new Findings(document, problems));
  const { object } = document;
  if (document.apiVersion !== CASES_API_VERSION) {
    const body = `Unsupported value: ${shown(document.apiVersion)}: supported values: "${CASES_API_VERSION}"`;
    reader.error(['apiVersion'], body);
  }
  reader.known(object, [], FILE_FIELDS, `a ${CASES_KIND} file`, MEANT_IN_FILE);
  reader.required(object, [], 'cases', 'a case: { from: shop/web-0, to: shop/db-0, port: 5432, expect: dropped }');
  const cases = object['cases'] ?? [];
  if (!Array.isArray(cases)) reader.error(['cases'], `Invalid value: ${shown(cases)}: must be a list`);
  const assertions: Assertion[] = [];
  const captures: TestCases['captures'][number][] = [];
  for (const [i, fields] of (Array.isArray(cases) ? cases : []).entries()) {
    const path = ['cases', i];
    if (!isFields(fields)) reader.error(path, `Invalid value: ${shown(fields)}: must be a case`);
    else if ('capture' in fields) captures.push(...readCapture(fields, path, document, reader));
    else assertions.push(...readAssertions(fields, path, document, reader, MOST_ASSERTIONS - assertions.length));
  }
  const [profile] = reader.words(object, [], 'profile', PROFILE_NAMES);
  return {
    file,
    document,
    policies: reader.some(object, [], 'policies', TEXT),
    cluster: reader.some(object, [], 'cluster', TEXT),
    rules: reader.some(object, [], 'rules', TEXT),
    ...(profile !== undefined && { profile }),
    staged: reader.one(object, [], 'staged', FLAG) ?? false,
    assertions,
    captures,
  };
}

function readAssertions(
  fields: Fields,
  path: Path,
  document: KubernetesDocument,
  reader: FieldReader,
  room: number,
): Assertion[] {
  reader.hasFailed = false;
  reader.known(fields, path, CASE_FIELDS, 'a case', MEANT_IN_CASE);
  reader.required(fields, path, 'from', 'who begins the connection: a pod, a workload or an address');
  reader.required(fields, path, 'to', 'whom it is for: a pod, a workload, a service or an address');
  reader.required(fields, path, 'expect', `one of ${VERDICTS.join(', ')}`);
  const name = reader.one(fields, path, 'name', TEXT);
  const otherwise = reader.one(fields, path, 'otherwise', TEXT);
  const from = reader.some(fields, path, 'from', TEXT);
  const to = reader.some(fields, path, 'to', TEXT);
  const ports = reader.some(fields, path, 'port', PORT);
  const protocols = reader.some(fields, path, 'protocol', PROTOCOL);
  const rest: Partial<Query> = given({
    sourcePort: reader.one(fields, path, 'sourcePort', PORT),
    icmpType: reader.one(fields, path, 'icmpType', BYTE),
    icmpCode: reader.one(fields, path, 'icmpCode', BYTE),
    request: reader.one(fields, path, 'request', TEXT),
    headers: reader.one(fields, path, 'headers', HEADERS),
  });
  const [verdict] = single(reader, fields, path, 'expect', VERDICTS, MEANT_VERDICTS);
  const [reason] = single(reader, fields, path, 'reason', REASONS_EXPECTED);
  const [mesh] = single(reader, fields, path, 'mesh', ['allowed', 'denied', 'undecided'] as const);
  const sides = reader.words(fields, path, 'side', ['egress', 'ingress'] as const);
  const policies = reader.some(fields, path, 'policy', TEXT);
  const count = from.length * to.length * Math.max(1, ports.length) * Math.max(1, protocols.length);
  if (count > room)
    reader.error(path, `stands for more than ${MOST_ASSERTIONS} assertions with those before it`, 'split the file');
  if (reader.hasFailed || verdict === undefined) return [];
  const position = document.at(path);
  const expected = { verdict, ...given({ reason, mesh }), sides, policies };
  const orNone = <T>(list: readonly T[]): readonly (T | undefined)[] => (list.length === 0 ? [undefined] : list);
  const queries = from.flatMap(source =>
    to.flatMap(destination =>
      orNone(protocols).flatMap(protocol =>
        orNone(ports).map((port): Query => ({ from: source, to: destination, ...given({ port, protocol }), ...rest })),
      ),
    ),
  );
  return queries.map(query => {
    const asked = questionText(query);
    return {
      name: name === undefined ? asked : queries.length > 1 ? `${name}: ${asked}` : name,
      ...given({ otherwise }),
      query,
      expected,
      position,
    };
  });
}

/** A field that is no list. */
function single<T extends string>(
  reader: FieldReader,
  fields: Fields,
  path: Path,
  name: string,
  words: readonly T[],
  meant: Readonly<Record<string, T>> = {},
): T[] {
  if (!Array.isArray(fields[name])) return reader.words(fields, path, name, words, meant);
  reader.error([...path, name], `Invalid value: ${shown(fields[name])}: must be one word`);
  return [];
}

/** Without what is undefined. */
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

/** `shop/web -> shop/db TCP 5432`. */
function questionText({ from, to, protocol, port, icmpType, icmpCode, request }: Query): string {
  const name = protocol ?? (icmpType === undefined ? 'TCP' : 'ICMP');
  const type = icmpType === undefined ? '' : ` type ${icmpType}${icmpCode === undefined ? '' : ` code ${icmpCode}`}`;
  return `${from} -> ${to} ${name}${port === undefined ? '' : ` ${port}`}${type}${request === undefined ? '' : ` ${request}`}`;
}
