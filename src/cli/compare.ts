/**
 * policap compare: captures and policies -> the connections on which network plugins differ.
 */
import { compareProfiles } from '../compare.js';
import { conntrackOf } from '../replay-memory.js';
import type { Comparison } from '../report/comparison.js';
import { comparisonMarkdown, comparisonText } from '../report/comparison-text.js';
import type { CompareCommandOptions } from './compare-command.js';
import { compileInputs } from './documents.js';
import { EXIT_DONE, EXIT_FINDING, EXIT_INTERRUPTED, UsageError } from './errors.js';
import { isUnenforced } from './notice.js';
import { checkConntrack, checkTimeoutsOf } from './options.js';
import { namesOf, overCaptures, sayIncomplete } from './over-captures.js';
import { styleFor, type Terminal } from './terminal.js';

export async function runCompare(
  paths: readonly string[],
  options: CompareCommandOptions,
  terminal: Terminal,
): Promise<number> {
  check(paths, options);
  const { conntrack } = options;
  checkConntrack(conntrack);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const compiled = compileInputs(options, options.profiles, terminal, errors);
  const why = (profile: string): string => (conntrack === undefined ? ` (of profile ${profile})` : '');
  checkTimeoutsOf(
    compiled.map(it => ({ kind: conntrackOf({ conntrack }, it), why: why(it.profile.name) })),
    options.timeout,
  );
  const { mode, timeout, maxConnections, tunnels, duplicates } = options;
  const outcome = await overCaptures(paths, terminal, (source, signal, onProgress) =>
    compareProfiles(source, compiled, {
      ...{ mode, conntrack, timeouts: timeout, maxConnections, tunnels, duplicates, signal, onProgress },
      captures: namesOf(paths),
    }),
  );
  if (outcome === null) return EXIT_INTERRUPTED;
  terminal.write(print(outcome.comparison, options, terminal));
  const ended = sayIncomplete(outcome, terminal, errors);
  if (ended !== null) return ended;
  const found = {
    different: outcome.comparison.packets.different > 0,
    unenforced: compiled.some(isUnenforced),
  };
  return options.failOn?.some(finding => found[finding]) ? EXIT_FINDING : EXIT_DONE;
}

function print(comparison: Comparison, { output, top, color }: CompareCommandOptions, terminal: Terminal): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(comparison, null, 2)}\n`;
    case 'markdown':
      return `${comparisonMarkdown(comparison).join('\n')}\n`;
    case 'text': {
      const style = styleFor(color, terminal.outIsTerminal, terminal.environment);
      return `${comparisonText(comparison, { style, ...(top !== undefined && { top }) }).join('\n')}\n`;
    }
  }
}

function check(paths: readonly string[], { profiles, policies, cluster, rules }: CompareCommandOptions): void {
  if (paths.length === 0) {
    throw new UsageError(
      'no capture to compare on',
      'captures come first, since -p and -c take every path behind them: policap compare capture.pcap -p policies/ -c cluster.yaml --profiles calico,weave',
    );
  }
  if (profiles.length < 2) {
    throw new UsageError(
      `--profiles ${profiles.join()}: one profile differs from nobody`,
      'name two or more, with commas',
    );
  }
  if (paths.includes('-') && [policies, cluster, rules].some(documents => documents?.includes('-'))) {
    throw new UsageError('standard input can be read only once', 'give the capture or the documents as a file');
  }
}
