/**
 * policap diff: two sets of policies -> what changes, over captures or over everything that pods may say.
 */
import type { Compiled } from '../compile.js';
import type { Diff } from '../diff/connections.js';
import { diffMarkdown } from '../diff/markdown.js';
import { diffReach } from '../diff/reach.js';
import { reachDiffMarkdown } from '../diff/reach-markdown.js';
import { reachDiffText } from '../diff/reach-text.js';
import { diffReplays } from '../diff/replay.js';
import { diffText } from '../diff/text.js';
import { openOutput } from '../node/output.js';
import { conntrackOf } from '../replay-memory.js';
import type { DiffCommandOptions } from './diff-command.js';
import { compileSides } from './documents.js';
import { EXIT_DONE, EXIT_FINDING, EXIT_INTERRUPTED, UsageError } from './errors.js';
import { checkConntrack, checkTimeoutsOf } from './options.js';
import { namesOf, overCaptures, sayIncomplete } from './over-captures.js';
import { createRowProgress } from './progress.js';
import { styleFor, type Terminal } from './terminal.js';

/** What `--fail-on` may find. */
type Found = Readonly<Record<NonNullable<DiffCommandOptions['failOn']>[number], boolean>>;

export async function runDiff(
  paths: readonly string[],
  options: DiffCommandOptions,
  terminal: Terminal,
): Promise<number> {
  check(paths, options);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const sides = [options.before ?? [], options.after ?? []];
  // Without packets there is nothing to look up quickly: the tree is not needed.
  const engine = paths.length > 0 ? 'tree' : 'linear';
  const [before, after] = compileSides(options, sides, terminal, errors, { engine }) as [Compiled, Compiled];
  return paths.length > 0
    ? diffCaptures(paths, before, after, options, terminal)
    : diffMatrix(before, after, options, terminal);
}

async function diffMatrix(
  before: Compiled,
  after: Compiled,
  options: DiffCommandOptions,
  terminal: Terminal,
): Promise<number> {
  if (!after.inventory.pods.some(({ hostNetwork }) => !hostNetwork)) {
    throw new UsageError('there are no pods to hold the policies against', 'name the cluster with -c, or captures');
  }
  const stop = new AbortController();
  let release = (): void => {};
  release = terminal.onInterrupt(() => {
    stop.abort();
    release();
  });
  const progress = createRowProgress(terminal);
  try {
    const { outside } = options;
    const diff = await diffReach(before, after, { outside, onProgress: progress.update, signal: stop.signal });
    progress.clear();
    print(options, terminal, {
      json: () => diff,
      markdown: () => reachDiffMarkdown(diff),
      text: textOptions => reachDiffText(diff, textOptions),
    });
    if (stop.signal.aborted) {
      terminal.say('policap: interrupted; above is what was found so far');
      return EXIT_INTERRUPTED;
    }
    const { newlyDropped, newlyAllowed, undecided } = diff.pairs;
    const found = { 'newly-dropped': newlyDropped > 0, 'newly-allowed': newlyAllowed > 0, undecided: undecided > 0 };
    return codeOf({ ...found, different: Object.values(found).includes(true) }, options);
  } finally {
    release();
    progress.clear();
  }
}

async function diffCaptures(
  paths: readonly string[],
  before: Compiled,
  after: Compiled,
  options: DiffCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { mode, conntrack, timeout, maxConnections, tunnels, duplicates } = options;
  checkConntrack(conntrack);
  const why = ({ profile }: Compiled): string => (conntrack === undefined ? ` (of profile ${profile.name})` : '');
  checkTimeoutsOf(
    [before, after].map(it => ({ kind: conntrackOf({ conntrack }, it), why: why(it) })),
    timeout,
  );
  const outcome = await overCaptures(paths, terminal, (source, signal, onProgress) =>
    diffReplays(source, before, after, {
      ...{ mode, conntrack, timeouts: timeout, maxConnections, tunnels, duplicates, signal, onProgress },
      captures: namesOf(paths),
    }),
  );
  if (outcome === null) return EXIT_INTERRUPTED;
  const { diff } = outcome;
  print(options, terminal, {
    json: () => diff,
    markdown: () => diffMarkdown(diff),
    text: textOptions => diffText(diff, textOptions),
  });
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  return sayIncomplete(outcome, terminal, errors) ?? codeOf(findingsOf(diff), options);
}

function findingsOf({ packets, requests, before, after }: Diff): Found {
  const { newlyDropped, newlyAllowed, undecided } = packets;
  const found = {
    'newly-dropped': newlyDropped + requests.newlyDenied > 0,
    'newly-allowed': newlyAllowed + requests.newlyPassed > 0,
    undecided: undecided > 0,
  };
  const isAlike = ['requests', 'mesh'].every(
    key => JSON.stringify(before[key as 'mesh']) === JSON.stringify(after[key as 'mesh']),
  );
  return { ...found, different: !isAlike || Object.values(found).includes(true) };
}

const codeOf = (found: Found, { failOn }: DiffCommandOptions): number =>
  failOn?.some(finding => found[finding]) ? EXIT_FINDING : EXIT_DONE;

interface Printed {
  json(): unknown;
  markdown(): string[];
  text(options: { style: ReturnType<typeof styleFor>; top?: number }): string[];
}

function print({ output, top, color, write }: DiffCommandOptions, terminal: Terminal, printed: Printed): void {
  const file = write === undefined ? null : openOutput(write);
  const style = styleFor(file === null ? color : 'never', terminal.outIsTerminal, terminal.environment);
  const text = {
    json: () => JSON.stringify(printed.json(), null, 2),
    markdown: () => printed.markdown().join('\n'),
    text: () => printed.text({ style, ...(top !== undefined && { top }) }).join('\n'),
  }[output]();
  (file ?? terminal).write(`${text}\n`);
  file?.close();
}

function check(paths: readonly string[], { before, after, policies, cluster, rules }: DiffCommandOptions): void {
  if (before === undefined && after === undefined) {
    throw new UsageError(
      'nothing to hold against each other: name the policies of a side with --before or --after',
      'policap diff capture.pcap -c cluster.yaml --before policies/ --after proposed/',
    );
  }
  if (paths.length === 0 && rules !== undefined) {
    throw new UsageError(
      '--rules are the same on both sides: without captures they change nothing',
      'leave them out, or name captures before -c',
    );
  }
  const inputs = [paths, before, after, policies, cluster, rules];
  const readers = inputs.flatMap(given => given ?? []).filter(path => path === '-');
  const isShared = paths.includes('-') || (before?.includes('-') && after?.includes('-'));
  if (readers.length > 1 && isShared) {
    throw new UsageError('standard input can be read only once', 'give the capture or the documents as a file');
  }
}
