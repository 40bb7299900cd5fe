/**
 * policap query: questions about single connections -> answers with their reasons.
 */
import { readFileSync } from 'node:fs';
import type { Compiled } from '../compile.js';
import { asPlugin, profileField } from '../profile/profile.js';
import { type Answer, createAnswers, type Query, QueryProblem } from '../query/answer.js';
import type { MeshRecord } from '../query/answer-mesh.js';
import { answerLines } from '../query/answer-text.js';
import type { OutcomeRecord, Verdict } from '../verdict/verdict.js';
import { compileInput } from './documents.js';
import { EXIT_DONE, EXIT_FINDING, UsageError } from './errors.js';
import { isUnenforced, noticeText } from './notice.js';
import type { QueryCommandOptions } from './query-command.js';
import { readQueries } from './query-file.js';
import { styleFor, type Terminal } from './terminal.js';

export function runQuery(options: QueryCommandOptions, terminal: Terminal): number {
  const queries = readAll(options, terminal);
  const compiled = compileInput(
    options,
    terminal,
    styleFor(options.color, terminal.errIsTerminal, terminal.environment),
  );
  const answers = answerAll(queries, createAnswers(compiled));
  terminal.write(print(answers, compiled, options, terminal));
  const isFound = answers.some(({ verdict }) => options.failOn?.includes(verdict));
  const isUnheeded = options.failOn?.includes('unenforced') === true && isUnenforced(compiled);
  return isFound || isUnheeded ? EXIT_FINDING : EXIT_DONE;
}

/** A question and where it stands, for messages. */
export interface Asked {
  readonly query: Query;
  /** `questions.jsonl:3`, '' for the command line. */
  readonly where: string;
}

function readAll(options: QueryCommandOptions, terminal: Terminal): readonly Asked[] {
  const { from, to, port, protocol, sourcePort, icmpType, icmpCode, request, header, file } = options;
  if (file !== undefined) {
    if (from !== undefined || to !== undefined) throw new UsageError('either -f, or --from and --to: not both');
    if (file === '-' && [options.policies, options.cluster, options.rules].some(paths => paths?.includes('-'))) {
      throw new UsageError('standard input can be read only once', 'give the questions or the documents as a file');
    }
    return readQueries(file === '-' ? decode(terminal.readInput()) : readText(file), file === '-' ? '<stdin>' : file);
  }
  if (from === undefined || to === undefined) {
    throw new UsageError(
      `${from === undefined ? '--from' : '--to'} is missing`,
      'policap query -p policies/ -c cluster.yaml --from shop/web-0 --to shop/db-0 --port 5432',
    );
  }
  const headers = header === undefined ? undefined : readFields(header);
  return [{ query: { from, to, port, protocol, sourcePort, icmpType, icmpCode, request, headers }, where: '' }];
}

function readFields(fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    fields.map(field => {
      const colon = field.indexOf(':');
      if (colon > 0) return [field.slice(0, colon), field.slice(colon + 1).trim()];
      throw new UsageError(
        `--header ${JSON.stringify(field)} has no colon`,
        'a field is a name and a value: "Host: shop"',
      );
    }),
  );
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${file}: ${code === 'ENOENT' ? 'no such file' : message}`);
  }
}

/** All answers, or all that keeps questions from being answered. */
function answerAll(asked: readonly Asked[], answers: ReturnType<typeof createAnswers>): Answer[] {
  const found: Answer[] = [];
  const problems: string[] = [];
  let hint: string | undefined;
  for (const { query, where } of asked) {
    try {
      found.push(answers.answer(query));
    } catch (error) {
      if (!(error instanceof QueryProblem)) throw error;
      problems.push(`${where === '' ? '' : `${where}: `}${error.message}`);
      if (where !== '' && error.hint !== undefined) problems.push(`    ${error.hint}`);
      hint ??= where === '' ? error.hint : undefined;
    }
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'), hint);
  return found;
}

function print(
  answers: readonly Answer[],
  { profile, profileFrom }: Compiled,
  options: QueryCommandOptions,
  terminal: Terminal,
): string {
  if (options.output === 'text') {
    const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
    const read =
      profile.name === 'upstream' ? '' : `${style('dim', `Policies ${asPlugin(profile)} (${profileFrom}).`)}\n`;
    return (
      noticeText(profile, style) +
      answers
        .map(answer => `${answerLines(answer, style, terminal.columns).join('\n')}\n`)
        .join(answers.length > 1 ? '\n' : '') +
      read
    );
  }
  const schema = { schema: 'policap.query/1', ...profileField(profile) };
  const records = answers.map(answerRecord);
  if (options.output === 'jsonl') {
    return records.map((record, i) => `${JSON.stringify(i === 0 ? { ...schema, ...record } : record)}\n`).join('');
  }
  const document = options.file === undefined ? { ...schema, ...records[0] } : { ...schema, answers: records };
  return `${JSON.stringify(document, null, 2)}\n`;
}

interface AnswerRecord extends Query {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly egress: OutcomeRecord | null;
  readonly ingress: OutcomeRecord | null;
  readonly mesh?: MeshRecord;
}

/** The question's own keys, then the answer's; `forward`, `mesh`, `service` and `groups` only where there are any. */
function answerRecord(answer: Answer): AnswerRecord {
  const { query, verdict, reason, egress, ingress, forward, mesh, service, groups } = answer;
  return {
    ...query,
    verdict,
    reason,
    egress,
    ingress,
    ...(forward === null ? {} : { forward }),
    ...(mesh === null ? {} : { mesh }),
    ...(service === null ? {} : { service }),
    ...(groups.length === 0
      ? {}
      : {
          groups: groups.map(({ forward: rules, ...group }) => (rules === null ? group : { ...group, forward: rules })),
        }),
  };
}
