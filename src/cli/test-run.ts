/**
 * What `policap test` runs: cases read, paths beside them, documents compiled, captures replayed -> results.
 */
import { dirname, isAbsolute, join } from 'node:path';
import { CaptureError } from '../capture/frame.js';
import { onFastPath } from '../capture/loops.js';
import type { CaptureAssertion, TestCases } from '../cases/model.js';
import type { CaseResult } from '../cases/result.js';
import { captureError, captureResult, runAssertions } from '../cases/run.js';
import type { Compiled } from '../compile.js';
import { openCaptures } from '../node/captures.js';
import { loadFastPath } from '../node/fast-path.js';
import { SourceError } from '../node/sources.js';
import { replay } from '../replay.js';
import { createFastPath } from '../replay-memory.js';
import type { Report } from '../report/report.js';
import { createSummary, type Summary } from '../report/summary.js';
import type { InputOptions } from './documents.js';
import { UsageError } from './errors.js';
import { createProgress, type Progress } from './progress.js';
import type { InputCompiler } from './recompile.js';
import type { Terminal } from './terminal.js';
import type { TestCommandOptions } from './test-command.js';

export interface Outcome {
  readonly results: readonly CaseResult[];
  /** Captures that are damaged; their results are errors. */
  readonly damaged: number;
  readonly isInterrupted: boolean;
}

const beside = (file: string, paths: readonly string[]): string[] =>
  paths.map(path => (isAbsolute(path) ? path : join(dirname(file), path)));

/** What stands on the command line goes before what the file says. */
function inputOf(
  { file, policies, cluster, rules, profile, staged }: TestCases,
  options: TestCommandOptions,
): InputOptions {
  return {
    policies: options.policies ?? beside(file, policies),
    cluster: options.cluster ?? beside(file, cluster),
    rules: options.rules ?? beside(file, rules),
    profile: options.profile ?? profile,
    staged: options.staged ?? staged,
  };
}

/** What is read beside the cases themselves. */
export function pathsOf(cases: TestCases, options: TestCommandOptions): string[] {
  const { policies = [], cluster = [], rules = [] } = inputOf(cases, options);
  return [
    ...policies,
    ...cluster,
    ...rules,
    ...beside(
      cases.file,
      cases.captures.flatMap(({ captures }) => captures),
    ),
  ];
}

/** Everything that the cases ask, in order. @throws UsageError, DocumentError where the documents are wrong */
export async function runAll(
  all: readonly TestCases[],
  options: TestCommandOptions,
  compiler: InputCompiler,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Outcome> {
  const results: CaseResult[] = [];
  let damaged = 0;
  const progress = createProgress(terminal);
  try {
    for (const cases of all) {
      const compiled = compileFor(cases, options, compiler);
      for (const result of runAssertions(cases.file, cases.assertions, compiled)) {
        results.push(result);
        await progress.update(results.length, 0, undefined);
        if (signal.aborted) break;
      }
      for (const assertion of cases.captures) {
        if (signal.aborted) break;
        const judged = await judge(cases, assertion, compiled, terminal, progress, signal);
        if (judged === null) break;
        results.push(judged.result);
        if (judged.isDamaged) damaged++;
      }
      if (signal.aborted) break;
    }
  } finally {
    progress.clear();
  }
  return { results, damaged, isInterrupted: signal.aborted };
}

function compileFor(cases: TestCases, options: TestCommandOptions, compiler: InputCompiler): Compiled {
  const input = inputOf(cases, options);
  if ([input.policies, input.cluster, input.rules].every(paths => paths?.length === 0)) {
    throw new UsageError(
      `${cases.file}: names neither policies nor a cluster`,
      'write `policies: [policies/]` and `cluster: [cluster.yaml]`, or give -p and -c',
    );
  }
  try {
    return compiler.compile(input);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(
      `${cases.file}: ${error.message}`,
      error.hint ?? 'paths are relative to the file of the cases',
    );
  }
}

/** null where it was interrupted. */
async function judge(
  { file }: TestCases,
  assertion: CaptureAssertion,
  compiled: Compiled,
  terminal: Terminal,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ readonly result: CaseResult; readonly isDamaged: boolean } | null> {
  const started = performance.now();
  const paths = beside(file, assertion.captures);
  try {
    const module = loadFastPath(terminal.environment);
    const fastPath = module === null ? null : createFastPath(module, {}, compiled);
    const source = await openCaptures(paths, onFastPath(fastPath), signal);
    if (source === null) return null;
    const kept = keepSummary();
    try {
      const { mode } = assertion;
      const outcome = await replay(
        source,
        compiled,
        { mode, fastPath, captures: paths, onProgress: progress.update, signal },
        [kept.report],
      );
      if (outcome.interrupted) return null;
      const [damage] = outcome.errors;
      if (damage !== undefined) return { result: captureError(file, assertion, damage.message), isDamaged: true };
    } finally {
      source.close();
    }
    const seconds = (performance.now() - started) / 1e3;
    return { result: captureResult(file, assertion, kept.summary(), compiled, seconds), isDamaged: false };
  } catch (error) {
    if (!(error instanceof SourceError || error instanceof CaptureError)) throw error;
    return { result: captureError(file, assertion, error.message), isDamaged: error instanceof CaptureError };
  }
}

function keepSummary(): { readonly report: Report; readonly summary: () => Summary } {
  const collector = createSummary();
  let made: Summary;
  return {
    report: {
      ...collector,
      end(result) {
        made = collector.end(result);
      },
    },
    summary: () => made,
  };
}
