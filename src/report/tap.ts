/**
 * Assertions as TAP 14 (https://testanything.org/tap-version-14-specification.html).
 *
 * In:  results in order.  Out: the version, the plan, and a line an assertion; below what is not ok a YAML block with the
 * message, where it stands, and the details.
 */
import { type AssertionResult, printable } from './assertions.js';

export function tapText(results: readonly AssertionResult[]): string {
  const lines = ['TAP version 14', `1..${results.length}${results.length === 0 ? ' # no assertions' : ''}`];
  results.forEach((result, i) => {
    const { name, status } = result;
    lines.push(`${status === 'passed' ? 'ok' : 'not ok'} ${i + 1} - ${describe(name)}`);
    if (status !== 'passed') lines.push(...block(result));
  });
  return `${lines.join('\n')}\n`;
}

/** `#` begins a directive, and a backslash escapes it. */
const describe = (name: string): string =>
  printable(name)
    .replace(/[\n\t]/g, ' ')
    .replace(/[\\#]/g, '\\$&');

function block({ status, position, message, details }: AssertionResult): string[] {
  return [
    '---',
    `message: ${quoted(message)}`,
    `severity: ${status === 'failed' ? 'fail' : 'error'}`,
    'at:',
    `  file: ${quoted(position.file)}`,
    `  line: ${position.line}`,
    `  column: ${position.column}`,
    ...(details.length === 0 ? [] : ['details:', ...details.map(line => `  - ${quoted(line)}`)]),
    '...',
  ].map(line => `  ${line}`);
}

/** A JSON string is a YAML string. */
const quoted = (text: string): string => JSON.stringify(printable(text));
