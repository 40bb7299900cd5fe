/**
 * Assertions as GitHub's workflow commands: an annotation at the line of each assertion that is not ok, and a count.
 *
 * In:  results in order.  Out: `::error file=...,line=...,col=...,title=...::message` lines, escaped as the runner's
 * toolkit escapes them.
 */
import { type AssertionResult, countAssertions, printable } from './assertions.js';

export function githubText(results: readonly AssertionResult[]): string {
  const wrong = results.filter(({ status }) => status !== 'passed');
  const { passed } = countAssertions(results);
  const lines = wrong.map(({ name, position: { file, line, column }, message, details }) => {
    const at = `file=${property(file)},line=${line},col=${column}`;
    return `::error ${at},title=${property(name)}::${data([message, ...details].join('\n'))}`;
  });
  return `${[...lines, `${passed} of ${results.length} assertions passed`].join('\n')}\n`;
}

const data = (text: string): string => printable(text).replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');

const property = (text: string): string => data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
