/**
 * policap suggest: captures and a cluster -> NetworkPolicies, and what is to be known about them.
 */
import { mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { onFastPath } from '../capture/loops.js';
import type { Compiled } from '../compile.js';
import type { KubernetesDocument } from '../documents/document.js';
import { openCaptures } from '../node/captures.js';
import { loadFastPath } from '../node/fast-path.js';
import { openOutput } from '../node/output.js';
import { isPolicyDocument } from '../policy/read.js';
import { conntrackOf, createFastPath } from '../replay-memory.js';
import { type Observing, prepare } from '../suggest/observe.js';
import type { SuggestedPolicy } from '../suggest/policy.js';
import { policiesJson, policiesYaml } from '../suggest/print.js';
import { headLines, leftOutLines, summaryLines } from '../suggest/summary.js';
import { type OpenedCaptures, type Suggestion, suggest } from '../suggest.js';
import { once, readPaths, showWarnings } from './documents.js';
import { DocumentError, EXIT_DAMAGED, EXIT_DONE, EXIT_FINDING, EXIT_INTERRUPTED, UsageError } from './errors.js';
import { checkConntrack, checkTimeoutsOf } from './options.js';
import { createProgress } from './progress.js';
import type { SuggestCommandOptions } from './suggest-command.js';
import { styleFor, type Terminal } from './terminal.js';

/** Milliseconds after an interrupt in which a replay ends by itself, unless it waits for packets. */
const PATIENCE = 200;

export async function runSuggest(
  paths: readonly string[],
  options: SuggestCommandOptions,
  terminal: Terminal,
): Promise<number> {
  check(paths, options);
  const { conntrack, timeout, maxConnections, tunnels, duplicates, oneWay = false } = options;
  checkConntrack(conntrack);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const { documents, observing } = prepareInput(options, terminal);
  const table = { conntrack, timeouts: timeout, maxConnections };
  const why = conntrack === undefined ? ` (of profile ${observing.isolated.profile.name})` : '';
  checkTimeoutsOf([{ kind: conntrackOf(table, observing.isolated), why }], timeout);
  if (observing.isUnenforced) {
    terminal.say(
      `policap: ${errors('yellow', 'warning:')} ${observing.asItIs.profile.title} is followed, as the cluster's own plugin enforces no policies: applied, they would have no effect.`,
    );
  }
  checkNamespaces(options, observing);

  const stop = new AbortController();
  let opened: OpenedCaptures | null = null;
  let wake: NodeJS.Timeout | undefined;
  let release = (): void => {};
  release = terminal.onInterrupt(() => {
    stop.abort();
    release();
    wake = setTimeout(() => opened?.source.close(), PATIENCE);
  });
  const open = async (compiled: Compiled): Promise<OpenedCaptures | null> => {
    const module = conntrackOf(table, compiled) === 'linux' ? loadFastPath(terminal.environment) : null;
    const fastPath = module === null ? null : createFastPath(module, table, compiled);
    const source = await openCaptures(paths, onFastPath(fastPath), stop.signal);
    opened = source === null ? null : { source, fastPath };
    return opened;
  };
  const progress = createProgress(terminal);
  try {
    const first = await open(observing.isolated);
    if (first === null) {
      terminal.say('policap: interrupted before the first packet came');
      return EXIT_INTERRUPTED;
    }
    const captures = paths.map(path => (path === '-' ? 'standard input' : path));
    const suggestion = await suggest(first, observing, documents, {
      replay: { ...table, tunnels, duplicates, captures, signal: stop.signal, onProgress: progress.update },
      oneWay,
      merge: options.mergeWith !== undefined,
      compile: { profile: options.profile },
      reopen: paths.every(isFile) ? open : null,
      blocks: { most: options.maxCidrs, length: options.cidrPrefix },
      defaultDeny: options.defaultDeny ?? false,
      ...(options.namespace !== undefined && { namespaces: new Set(options.namespace) }),
    });
    first.source.close();
    progress.clear();
    write(suggestion, captures, options, terminal);
    terminal.say(summaryLines(suggestion, errors).join('\n'));
    for (const error of suggestion.errors) terminal.say(`policap: ${errors('red', 'error:')} ${error.message}`);
    if (suggestion.interrupted !== null) {
      const then = { reading: 'are for what was read so far', verifying: 'were not held against the captures' };
      terminal.say(`policap: interrupted; the policies ${then[suggestion.interrupted]}`);
      return EXIT_INTERRUPTED;
    }
    if (suggestion.errors.length > 0) return EXIT_DAMAGED;
    const isRefused = (suggestion.verified?.refused.length ?? 0) > 0;
    return options.failOn === 'refused' && isRefused ? EXIT_FINDING : EXIT_DONE;
  } finally {
    release();
    clearTimeout(wake);
    progress.clear();
    (opened as OpenedCaptures | null)?.source.close();
  }
}

/** The cluster without policies, and the existing policies. */
function prepareInput({ cluster = [], mergeWith = [], profile, color }: SuggestCommandOptions, terminal: Terminal) {
  const stdin = once(() => terminal.readInput());
  const ofCluster = readPaths(cluster, stdin);
  const existing = readPaths(mergeWith, stdin);
  const documents: KubernetesDocument[] = [
    ...ofCluster.documents.filter(document => !isPolicyDocument(document)),
    ...existing.documents.filter(isPolicyDocument),
  ];
  const { observing, problems } = prepare(documents, { profile });
  const all = [...ofCluster.problems, ...existing.problems, ...problems];
  if (observing === null || all.some(({ severity }) => severity === 'error')) throw new DocumentError(all);
  showWarnings(all, terminal, styleFor(color, terminal.errIsTerminal, terminal.environment));
  return { documents, observing };
}

/** There, and no file: `/dev/stdin`, `<(...)`. */
function isPipe(path: string): boolean {
  try {
    return !statSync(path).isFile();
  } catch {
    return false;
  }
}

/** What a second look finds unchanged: no pipe. */
function isFile(path: string): boolean {
  try {
    return path !== '-' && statSync(path).isFile();
  } catch {
    return false;
  }
}

function write(
  suggestion: Suggestion,
  captures: readonly string[],
  options: SuggestCommandOptions,
  terminal: Terminal,
): void {
  const { policies } = suggestion;
  const print = (of: readonly SuggestedPolicy[], head: readonly string[]): string =>
    options.output === 'json' ? policiesJson(of) : policiesYaml(of, head);
  const head = [
    ...headLines(
      suggestion,
      captures.map(path => basename(path)),
    ),
    ...leftOutLines(suggestion),
  ];
  const { write: path } = options;
  if (path === undefined) {
    terminal.write(print(policies, head));
    return;
  }
  if (!path.endsWith('/') && !isDirectory(path)) {
    writeFile(path, print(policies, head));
    return;
  }
  makeDirectory(path);
  for (const namespace of new Set(policies.map(it => it.namespace))) {
    const own = policies.filter(it => it.namespace === namespace);
    writeFile(join(path, `${namespace}.${options.output}`), print(own, head));
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`, 'name a directory that can be made');
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function writeFile(path: string, text: string): void {
  const file = openOutput(path);
  try {
    file.write(text);
    file.close();
  } catch (error) {
    file.discard();
    throw error;
  }
}

function checkNamespaces({ namespace = [] }: SuggestCommandOptions, { asItIs }: Observing): void {
  const known = [...new Set(asItIs.inventory.pods.map(pod => pod.namespace))].sort();
  const unknown = namespace.find(name => !known.includes(name));
  if (unknown === undefined) return;
  throw new UsageError(
    `-n ${unknown}: no pods in this namespace`,
    `namespaces with pods: ${known.slice(0, 10).join(', ')}`,
  );
}

function check(paths: readonly string[], { cluster, mergeWith, failOn }: SuggestCommandOptions): void {
  if (paths.length === 0) {
    throw new UsageError(
      'no capture to suggest policies from',
      'captures come first, since -c takes every path behind it: policap suggest capture.pcap -c cluster.yaml',
    );
  }
  if (cluster === undefined) {
    throw new UsageError(
      'no cluster: without pods and their labels there is nobody to write policies for',
      'kubectl get ns,nodes,pods,svc,endpointslices -A -o yaml > cluster.yaml; then -c cluster.yaml',
    );
  }
  if (paths.includes('-') && [cluster, mergeWith].some(documents => documents?.includes('-'))) {
    throw new UsageError('standard input can be read only once', 'give the capture or the documents as a file');
  }
  const pipe = paths.find(path => path === '-' || isPipe(path));
  if (failOn !== undefined && pipe !== undefined) {
    throw new UsageError(
      `--fail-on ${failOn}: ${pipe === '-' ? 'standard input' : pipe} cannot be read twice, so nothing can be held against the policies`,
      'write the capture to a file first',
    );
  }
}
