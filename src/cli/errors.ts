/**
 * What ends a command early, and what the user reads then. Never a stack trace for what the user can mend.
 *
 * Exit codes: 0 done; 1 a finding asked for with --fail-on; 2 usage or an invalid document; 3 a damaged capture (what
 * could be read was judged); 70 a fault of policap itself (sysexits.h EX_SOFTWARE); 130 interrupted.
 */
import { formatPosition, type Problem } from '../documents/document.js';
import { plural, type Style } from '../report/style.js';

export const EXIT_DONE = 0;
export const EXIT_FINDING = 1;
export const EXIT_USAGE = 2;
export const EXIT_DAMAGED = 3;
export const EXIT_INTERNAL = 70;
export const EXIT_INTERRUPTED = 130;

/** What each exit code says, for help and manuals. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT_DONE, 'done'],
  [EXIT_FINDING, 'a finding asked for with --fail-on'],
  [EXIT_USAGE, 'usage or an invalid document'],
  [EXIT_DAMAGED, 'a damaged capture; what could be read was judged'],
  [EXIT_INTERNAL, 'a fault of policap itself'],
  [EXIT_INTERRUPTED, 'interrupted; what was judged so far was printed'],
];

/** Something in the command line, or in what it names, that the user can mend. One sentence, and a next step. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Errors in the documents; all of them. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  constructor(readonly problems: readonly Problem[]) {
    super(`${problems.length} problems in the documents`);
  }
}

const FORMATS = { error: 'red', warning: 'yellow' } as const;

/** `file:line:column: error: message` and the hint below it, in the order of files and lines. */
export function problemLines(problems: readonly Problem[], style: Style): string[] {
  return [...problems]
    .sort(byPosition)
    .flatMap(({ severity, position, message, hint }) => [
      `${style('bold', formatPosition(position))}: ${style(FORMATS[severity], `${severity}:`)} ${message}`,
      ...(hint === undefined ? [] : [`    ${hint}`]),
    ]);
}

/** Files keep the order in which they were given. */
function byPosition(a: Problem, b: Problem): number {
  if (a.position.file !== b.position.file) return 0;
  return a.position.line - b.position.line || a.position.column - b.position.column;
}

/** Errors first in number: `3 errors and 1 warning`. */
export function problemCount(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  return [errors > 0 ? plural(errors, 'error') : '', warnings > 0 ? plural(warnings, 'warning') : '']
    .filter(text => text !== '')
    .join(' and ');
}
