/**
 * policap merge: parts of a run -> one, and its summary.
 *
 * In:  files of parts.  Out: the summary as replay prints it, or a part. Files are read one after the other, and joined as
 * they are read.
 */
import { readFileSync } from 'node:fs';
import { openOutput } from '../node/output.js';
import { reason } from '../node/sources.js';
import { joinParts } from '../parts/join.js';
import { missingText } from '../parts/missing.js';
import { type Part, PartsDiffer } from '../parts/part.js';
import { readPart } from '../parts/read.js';
import { damageOf } from '../parts/shares.js';
import { partSummary } from '../parts/summary.js';
import type { Style } from '../report/style.js';
import type { Summary } from '../report/summary.js';
import { summaryText } from '../report/text.js';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_FINDING, UsageError } from './errors.js';
import type { MergeCommandOptions } from './merge-command.js';
import { styleFor, type Terminal } from './terminal.js';

export function runMerge(paths: readonly string[], options: MergeCommandOptions, terminal: Terminal): number {
  let part: Part | null = null;
  for (const path of paths) part = joined(part, read(path), path);
  return printPart(part!, options, terminal);
}

/** Prints what a part holds, and says what is missing. @returns the exit code @throws UsageError */
export function printPart(part: Part, options: MergeCommandOptions, terminal: Terminal): number {
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const missing = missingText(part);
  const isPart = options.output === 'part';
  if (part.pieces.length === 0 && !isPart) {
    throw new UsageError('there is nothing to print: the parts hold no points', 'give those of the other shards, too');
  }
  const summary = isPart ? null : partSummary(part);
  print(part, summary, options, terminal);
  const damage = damageOf(part);
  for (const message of damage) terminal.say(`policap: ${errors('red', 'error:')} ${message}`);
  if (missing !== null && !isPart) {
    terminal.say(`policap: ${errors('red', 'error:')} this is not the whole run: ${missing}`);
    return EXIT_DAMAGED;
  }
  if (damage.length > 0) return EXIT_DAMAGED;
  return summary !== null && finds(summary, options) ? EXIT_FINDING : EXIT_DONE;
}

function finds({ packets, warnings }: Summary, { failOn = [] }: MergeCommandOptions): boolean {
  const found = { dropped: packets.dropped > 0, undecided: packets.undecided > 0, warnings: warnings.length > 0 };
  return failOn.some(finding => found[finding]);
}

function read(path: string): Part {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path}: ${reason(error)}`);
  }
  const result = readPart(text);
  if ('part' in result) return result.part;
  throw new UsageError(`${path}: ${result.problem}`, 'it should be what policap replay -o part wrote, whole');
}

function joined(before: Part | null, part: Part, path: string): Part {
  if (before === null) return part;
  try {
    return joinParts([before, part]);
  } catch (error) {
    if (!(error instanceof PartsDiffer)) throw error;
    throw new UsageError(
      `${path} does not join with the files before it: ${error.message}`,
      'all parts of a run come from the same command but for --shard and -w',
    );
  }
}

function print(part: Part, summary: Summary | null, options: MergeCommandOptions, terminal: Terminal): void {
  const { write, top, color, output } = options;
  const textOf = (style?: Style): string => {
    if (summary === null) return `${JSON.stringify(part)}\n`;
    if (output === 'json') return `${JSON.stringify(summary, null, 2)}\n`;
    const columns = style === undefined ? undefined : terminal.columns;
    return `${summaryText(summary, part.about.facts, { style, top, columns }).join('\n')}\n`;
  };
  if (write === undefined) {
    terminal.write(textOf(styleFor(color, terminal.outIsTerminal, terminal.environment)));
    return;
  }
  const file = openOutput(write);
  file.write(textOf());
  file.close();
}
