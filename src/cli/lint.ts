/**
 * policap lint: policies -> findings, as they are printed, and fixes, as they are written.
 */
import { compile } from '../compile.js';
import { nearest } from '../documents/suggest.js';
import { CHECKS } from '../lint/checks/index.js';
import { type Finding, SEVERITIES, type Severity } from '../lint/finding.js';
import { type Fixed, removeEntries } from '../lint/fix.js';
import { type LintResult, lint } from '../lint/lint.js';
import { patchLines } from '../lint/patch.js';
import { openOutput } from '../node/output.js';
import { plural } from '../report/style.js';
import { readInput, showWarnings } from './documents.js';
import { DocumentError, EXIT_DONE, EXIT_FINDING, UsageError } from './errors.js';
import type { LintCommandOptions } from './lint-command.js';
import { checkLines, lintText } from './lint-text.js';
import { styleFor, type Terminal } from './terminal.js';

export function runLint(options: LintCommandOptions, terminal: Terminal): number {
  check(options);
  if (options.listChecks === true) {
    terminal.write(`${checkLines().join('\n')}\n`);
    return EXIT_DONE;
  }
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const { documents, problems: unread, files } = readInput(options, terminal);
  // The classifier is not asked: the one that costs nothing to build.
  const { compiled, problems } = compile(documents, {
    engine: 'linear',
    profile: options.profile,
    staged: options.staged,
  });
  const all = [...unread, ...problems];
  if (compiled === null || all.some(({ severity }) => severity === 'error')) throw new DocumentError(all);

  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const texts = new Map(files.map(({ name, bytes }) => [name, decoder.decode(bytes)]));
  const result = lint(compiled, documents, {
    only: options.only,
    ignore: options.ignore,
    texts,
    onCheck: id => {
      if (terminal.errIsTerminal) terminal.progress(id === null ? '' : `looking for ${id}`);
    },
  });
  showWarnings([...unread, ...result.warnings], terminal, errors);
  const shown = options.fix === undefined ? result : fix(result, texts, options.fix, terminal);
  write(options, terminal, style => lintText(shown, compiled, options.output, style));
  return isFailure(shown.findings, options.failOn) ? EXIT_FINDING : EXIT_DONE;
}

function check({ only, ignore, rules }: LintCommandOptions): void {
  if (rules !== undefined) {
    throw new UsageError('--rules: lint looks at policies, and plain rules are none', 'name policies with -p');
  }
  const known = CHECKS.map(({ id }) => id);
  for (const id of [...(only ?? []), ...(ignore ?? [])]) {
    if (known.includes(id)) continue;
    const meant = nearest(id, known);
    throw new UsageError(
      `there is no check ${JSON.stringify(id)}${meant === null ? '' : ` (did you mean ${meant}?)`}`,
      'policap lint --list-checks prints them',
    );
  }
}

function write(
  { write: path, color }: LintCommandOptions,
  terminal: Terminal,
  text: (style: ReturnType<typeof styleFor>) => string,
): void {
  if (path === undefined || path === '-') {
    terminal.write(text(styleFor(color, terminal.outIsTerminal, terminal.environment)));
    return;
  }
  const output = openOutput(path);
  output.write(text(styleFor(color, false, terminal.environment)));
  output.close();
}

/** What is fixed is no finding any more; of a dry run all are. */
function fix(
  result: LintResult,
  texts: ReadonlyMap<string, string>,
  how: 'write' | 'dry-run',
  terminal: Terminal,
): LintResult {
  const byFile = new Map<string, Finding[]>();
  for (const finding of result.findings) {
    if (finding.removable === undefined) continue;
    const { file } = finding.position;
    byFile.set(file, [...(byFile.get(file) ?? []), finding]);
  }
  const gone = new Set<unknown>();
  let changed = 0;
  for (const [file, findings] of byFile) {
    const text = texts.get(file) ?? '';
    const fixed = removeEntries(
      text,
      file,
      findings.map(({ removable }) => removable!),
    );
    for (const { removable, reason } of fixed.left) {
      const { position } = findings.find(it => it.removable === removable)!;
      terminal.say(`policap: ${file}:${position.line}: not fixed: ${reason}`);
    }
    if (fixed.removed.length === 0) continue;
    terminal.say(patchLines(file, text, fixed.cuts).join('\n'));
    if (how === 'dry-run') continue;
    if (!rewrite(file, fixed, terminal)) continue;
    changed++;
    for (const removable of fixed.removed) gone.add(removable);
  }
  if (byFile.size === 0) terminal.say('policap: nothing to fix');
  else if (how === 'write')
    terminal.say(`policap: fixed ${plural(gone.size, 'finding')} in ${plural(changed, 'file')}`);
  return {
    ...result,
    findings: result.findings.filter(({ removable }) => removable === undefined || !gone.has(removable)),
  };
}

function rewrite(file: string, { text }: Fixed, terminal: Terminal): boolean {
  if (file === '<stdin>') {
    terminal.say('policap: standard input is not written to: name the file');
    return false;
  }
  const output = openOutput(file);
  output.write(text);
  output.close();
  return true;
}

function isFailure(findings: readonly Finding[], least: Severity | undefined): boolean {
  if (least === undefined) return false;
  return findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(least));
}
