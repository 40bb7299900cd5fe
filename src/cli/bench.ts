/**
 * policap bench: what the user's own policies cost, and what a packet of the user's own captures does.
 *
 * Out: text, or one document `policap.bench/1` (docs/outputs.md). All times are CPU time of this process, medians and
 * extremes of rounds; it ends within about the seconds it is given, behind the compilation.
 */
import type { CaptureError } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import { formatPosition } from '../documents/document.js';
import { loadFastPath } from '../node/fast-path.js';
import { profileField } from '../profile/profile.js';
import { formatV4, formatV6 } from '../rules/print.js';
import type { ClassifierStats } from '../tree/classifier.js';
import { type Deepest, findDeepest, mostSteps } from '../tree/deepest.js';
import type { Tree } from '../tree/tree.js';
import { measureChange } from './bench-changes.js';
import type { BenchCommandOptions } from './bench-command.js';
import { headersOfCaptures, headersOfRules } from './bench-headers.js';
import { type EngineFigures, measureLookups, type Spread } from './bench-lookups.js';
import { measureStages, type StageFigures } from './bench-stages.js';
import { benchText } from './bench-text.js';
import { compileInput } from './documents.js';
import { EXIT_DAMAGED, EXIT_DONE, UsageError } from './errors.js';
import { styleFor, type Terminal } from './terminal.js';

export interface DeepestDocument {
  readonly direction: string;
  readonly steps: number;
  readonly subject: string | null;
  readonly peer: string | null;
  readonly rules: readonly { readonly policy: string; readonly rule: string; readonly source: string }[];
}

export interface BenchDocument {
  readonly schema: 'policap.bench/1';
  readonly policies: number;
  readonly cluster: {
    readonly namespaces: number;
    readonly nodes: number;
    readonly pods: number;
    readonly services: number;
  };
  readonly classifier: ClassifierStats;
  /** Most steps of a lookup, the address lookups among them. */
  readonly longest: number;
  readonly deepest: readonly DeepestDocument[];
  readonly headers: { readonly count: number; readonly from: 'captures' | 'rules' };
  readonly lookups: readonly EngineFigures[];
  readonly stages?: {
    readonly packets: number;
    readonly repeated: number;
    readonly tooFew: boolean;
    readonly startMs: number;
    readonly stages: readonly StageFigures[];
  };
  readonly compileMs: number;
  /** CPU time to follow a changed policy; null without policies. */
  readonly changeMs: Spread | null;
  /** Bytes. */
  readonly memory: number;
}

export async function runBench(
  paths: readonly string[],
  options: BenchCommandOptions,
  terminal: Terminal,
): Promise<number> {
  if (paths.includes('-'))
    throw new UsageError('a capture is read several times: standard input cannot be', 'give it as a file');
  if (options.stages && paths.length === 0)
    throw new UsageError(
      '--stages needs a capture',
      'captures come first: policap bench capture.pcap -p policies/ --stages',
    );
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const progress = (text: string): void => {
    if (terminal.errIsTerminal) terminal.progress(text);
  };
  const fastPath = loadFastPath(terminal.environment);
  const compiled = compileInput(options, terminal, errors, { fastPath });
  const milliseconds = options.seconds * 1000 * (options.stages ? 0.5 : 1);
  try {
    progress('a changed policy');
    const changeMs = measureChange(compiled, milliseconds / 5);
    progress('lookups');
    const asked = paths.length > 0 ? await headersOfCaptures(paths) : null;
    const headers = asked !== null && asked.count > 0 ? asked : headersOfRules(compiled);
    const lookups = measureLookups(compiled, headers, milliseconds * 0.8);
    const staged = options.stages
      ? await measureStages(paths, compiled, terminal.environment, milliseconds, stage =>
          progress(`stages of a replay: ${stage}`),
        )
      : null;
    progress('');
    const { count, from } = headers;
    const { packets = 0, repeated = 1, tooFew = true, startMs = 0, stages = [] } = staged ?? {};
    const document: BenchDocument = {
      schema: 'policap.bench/1',
      ...head(compiled),
      headers: { count, from },
      lookups,
      ...(staged === null ? {} : { stages: { packets, repeated, tooFew, startMs, stages } }),
      compileMs: compiled.compileMs,
      changeMs,
      memory: process.resourceUsage().maxRSS * 1024,
    };
    const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
    terminal.write(options.output === 'json' ? `${JSON.stringify(document, null, 2)}\n` : benchText(document, style));
    return damage(staged?.errors ?? [], terminal);
  } finally {
    progress('');
  }
}

function damage(found: readonly CaptureError[], terminal: Terminal): number {
  for (const { message } of found) terminal.say(`policap: error: ${message}`);
  return found.length > 0 ? EXIT_DAMAGED : EXIT_DONE;
}

function head(compiled: Compiled): Pick<BenchDocument, 'policies' | 'cluster' | 'classifier' | 'longest' | 'deepest'> {
  const { classifier, policies, inventory, profile } = compiled;
  const { pods, nodes, services, namespaces } = inventory;
  const deepest = findDeepest(classifier as Tree);
  return {
    ...profileField(profile),
    policies: policies.length,
    cluster: { namespaces: namespaces.size, nodes: nodes.length, pods: pods.length, services: services.length },
    classifier: classifier.stats(),
    longest: mostSteps(classifier as Tree, deepest),
    deepest: deepest.map(each => describe(each, compiled)),
  };
}

function describe({ direction, steps, subject, peer, rules }: Deepest, compiled: Compiled): DeepestDocument {
  const named = (address: number | bigint | null): string | null =>
    address === null ? null : endOf(address, compiled);
  return {
    direction,
    steps,
    subject: named(subject),
    peer: named(peer),
    rules: originsOf(rules, compiled),
  };
}

/** A rule as it was written may be several here: a list of ports is. */
function originsOf(rules: readonly number[], { ruleset }: Compiled): DeepestDocument['rules'] {
  const origins = new Map<string, DeepestDocument['rules'][number]>();
  for (const index of rules) {
    const { policy, rule, position } = ruleset.rules[index]!.origin;
    const source = formatPosition(position);
    origins.set(`${policy} ${rule} ${source}`, { policy, rule, source });
  }
  return [...origins.values()];
}

/** `shop/db-0 (10.244.2.7)`, or the address alone where nobody is known to own it. */
function endOf(address: number | bigint, { inventory }: Compiled): string {
  const text = typeof address === 'number' ? formatV4(address) : formatV6(address);
  const owner = inventory.byAddress.get(text);
  if (owner === undefined) return text;
  return `${'namespace' in owner ? `${owner.namespace}/` : ''}${owner.name} (${text})`;
}
