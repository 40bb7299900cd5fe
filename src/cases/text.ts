/**
 * Results for people: what is not as expected first, then a count (cold).
 *
 * In:  results in order.  Out: lines. A failure says where it stands, what it means where the case says so (`otherwise`), what was
 * expected and what came, and below that the answer as `policap query` prints it, with the line of the policy that decided.
 */
import { answerLines } from '../query/answer-text.js';
import { countAssertions } from '../report/assertions.js';
import { count, plural, type Style } from '../report/style.js';
import type { CaseResult } from './result.js';

export function resultLines(results: readonly CaseResult[], style: Style, columns: number): string[] {
  const { passed, failed, errors } = countAssertions(results);
  const lines = results
    .filter(({ status }) => status !== 'passed')
    .flatMap(it => [...wrongLines(it, style, columns), '']);
  const parts = [
    failed > 0 ? style('red', `${count(failed)} failed`) : '',
    errors > 0 ? style('red', `${count(errors)} could not be asked`) : '',
  ].filter(part => part !== '');
  const all = passed === results.length;
  const said = all
    ? `${plural(passed, 'assertion')} passed`
    : `${count(passed)} of ${plural(results.length, 'assertion')} passed`;
  return [...lines, [all ? style('green', said) : said, ...parts].join(', ')];
}

function wrongLines(
  { status, name, position, message, details, asked }: CaseResult,
  style: Style,
  columns: number,
): string[] {
  const word = style('red', style('bold', status === 'failed' ? 'FAILED' : 'ERROR'));
  const where = style('dim', `${position.file}:${position.line}`);
  const answer = asked.kind === 'connection' ? asked.answer : null;
  const below = answer === null ? details : answerLines(answer, style, columns - INDENT);
  const { otherwise } = asked.assertion;
  const said = otherwise === undefined ? [message, ...below] : [otherwise, message, ...below];
  return [`${word}  ${name}  ${where}`, ...said.map(line => ' '.repeat(INDENT) + line)];
}

const INDENT = 4;
