/**
 * What is wrong with files that changed, said by a command that goes on.
 */
import { SourceError } from '../node/sources.js';
import type { Style } from '../report/style.js';
import { DocumentError, problemLines, UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

/** What the user can mend while it goes on; anything else is thrown again. @param stays what is so until then */
export function sayProblem(error: unknown, terminal: Terminal, style: Style, stays: string): void {
  const word = style('red', 'error:');
  if (error instanceof DocumentError) terminal.say(problemLines(error.problems, style).join('\n'));
  else if (error instanceof UsageError || error instanceof SourceError) {
    terminal.say(`policap: ${word} ${error.message}`);
    if (error instanceof UsageError && error.hint !== undefined) terminal.say(`    ${error.hint}`);
  } else throw error;
  terminal.say(`policap: ${stays}`);
}
