/**
 * Assertions as JUnit XML, as CI systems collect it: a testsuite a file, a testcase an assertion.
 *
 * In:  results in order.  Out: one XML 1.0 document. Characters that XML cannot hold are written out, so that strict
 * parsers read it whatever names a capture or a policy has.
 */
import { type AssertionResult, countAssertions, printable } from './assertions.js';

export function junitText(results: readonly AssertionResult[]): string {
  const suites = [...new Set(results.map(({ suite }) => suite))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="policap" ${counts(results)}>`,
    ...suites.flatMap(suite =>
      suiteLines(
        suite,
        results.filter(it => it.suite === suite),
      ),
    ),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteLines(suite: string, results: readonly AssertionResult[]): string[] {
  return [
    `  <testsuite name="${escaped(suite)}" ${counts(results)} skipped="0">`,
    ...results.flatMap(caseLines),
    '  </testsuite>',
  ];
}

function caseLines({ suite, name, status, position, message, details, seconds }: AssertionResult): string[] {
  const open = `    <testcase name="${escaped(name)}" classname="${escaped(suite)}" file="${escaped(position.file)}" line="${position.line}" time="${seconds.toFixed(3)}"`;
  if (status === 'passed') return [`${open}/>`];
  const element = status === 'failed' ? 'failure' : 'error';
  const text = [message, ...details].join('\n');
  return [
    `${open}>`,
    `      <${element} message="${escaped(message)}" type="${status}">${escaped(text)}</${element}>`,
    '    </testcase>',
  ];
}

function counts(results: readonly AssertionResult[]): string {
  const { failed, errors } = countAssertions(results);
  const seconds = results.reduce((sum, it) => sum + it.seconds, 0);
  return `tests="${results.length}" failures="${failed}" errors="${errors}" time="${seconds.toFixed(3)}"`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** For attributes and text alike. */
const escaped = (text: string): string => printable(text).replace(/[&<>"]/g, it => ENTITIES[it]!);
