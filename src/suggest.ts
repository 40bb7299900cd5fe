/**
 * A capture -> the NetworkPolicies that allow what was completed in it, and nothing else: one line a stage.
 *
 * In:  captures, which are opened twice; documents of the cluster, and of existing policies.  Out: policies, what is left out and
 * why, and what the same captures would have refused under them.
 * A capture that can be read only once is not held against the result: then `verified` is null.
 */
import type { CaptureError, FrameSource } from './capture/frame.js';
import { type Compiled, type CompileOptions, compile } from './compile.js';
import type { KubernetesDocument, Problem } from './documents/document.js';
import { readDocuments } from './documents/read.js';
import type { FastPath } from './memory/fast-path.js';
import { type ReplayOptions, replay } from './replay.js';
import { isNamed, listFlows } from './suggest/flows.js';
import { createExisting, createRefuses, createSidesOf, type Observing } from './suggest/observe.js';
import { type PolicyOptions, type Suggested, suggestPolicies } from './suggest/policies.js';
import { policiesJson } from './suggest/print.js';
import { createTrafficReport, type SeenGroup, type TrafficOptions, type TrafficSeen } from './suggest/traffic.js';
import { verdictOf } from './verdict/verdict.js';

export interface OpenedCaptures {
  readonly source: FrameSource;
  readonly fastPath: FastPath | null;
}

export interface SuggestOptions extends Omit<PolicyOptions, 'existing'> {
  readonly replay: Omit<ReplayOptions, 'fastPath' | 'mode'>;
  /** Flows that nobody answered count. */
  readonly oneWay: boolean;
  /** Existing policies are among the documents: only what is missing is suggested. */
  readonly merge: boolean;
  readonly compile: CompileOptions;
  /** Connections that are waited for at once, and distinct conversations; absent: traffic.ts has them. */
  readonly limits?: Pick<TrafficOptions, 'recent' | 'groups'>;
  /** Opens the captures once more; null where they can be read only once. */
  readonly reopen: ((compiled: Compiled) => Promise<OpenedCaptures | null>) | null;
}

export interface Verified {
  /** Completed conversations of TCP, UDP and SCTP that would have been refused, or of which it is not known. */
  readonly refused: readonly SeenGroup[];
  /** The same of protocols that NetworkPolicies have no word for (ICMP, GRE ...). */
  readonly unnamed: readonly SeenGroup[];
  readonly completed: number;
}

export interface Suggestion extends Suggested {
  readonly traffic: TrafficSeen;
  readonly verified: Verified | null;
  readonly packets: number;
  readonly errors: readonly CaptureError[];
  /** What it was doing then. */
  readonly interrupted: 'reading' | 'verifying' | null;
  /** Of the replay. */
  readonly notes: readonly string[];
}

/** @param documents those that `observing` was prepared from */
export async function suggest(
  { source, fastPath }: OpenedCaptures,
  observing: Observing,
  documents: readonly KubernetesDocument[],
  options: SuggestOptions,
): Promise<Suggestion> {
  const { isolated } = observing;
  const { oneWay, merge } = options;
  const report = createTrafficReport({ ...options.limits, sidesOf: createSidesOf(isolated), oneWay });
  const {
    packets,
    errors,
    interrupted: isCut,
    warnings: notes,
  } = await replay(source, isolated, { ...options.replay, fastPath }, [report]);
  const traffic = report.seen();
  const needed = listFlows(traffic, isolated.inventory, isolated.profile, createRefuses(isolated));
  const existing = merge ? createExisting(observing) : null;
  const suggested = suggestPolicies(traffic, needed, isolated.inventory, isolated.profile, { ...options, existing });
  const verified = isCut ? null : await verify(suggested, observing, documents, options);
  const isVerifyingCut = verified === null && options.reopen !== null;
  const interrupted = isCut ? 'reading' : isVerifyingCut ? 'verifying' : null;
  return { ...suggested, traffic, verified, packets, errors, interrupted, notes };
}

const DROPPED = 1;
const UNDECIDED = 2;

/** The same captures under the suggested policies, and the existing ones; null where they are not read to their end. */
async function verify(
  { policies }: Suggested,
  { isolated }: Observing,
  documents: readonly KubernetesDocument[],
  { reopen, oneWay, limits, compile: compileOptions, replay: replayOptions }: SuggestOptions,
): Promise<Verified | null> {
  if (reopen === null) return null;
  const written = readDocuments(policiesJson(policies), 'suggestion');
  const { compiled, problems } = compile([...documents, ...written.documents], {
    ...compileOptions,
    profile: isolated.profile.name,
  });
  if (compiled === null)
    throw new Error(`the suggestion is no valid document: ${firstError([...written.problems, ...problems])}`);
  const opened = await reopen(compiled);
  if (opened === null) return null;
  const report = createTrafficReport({ ...limits, sidesOf: ({ code }) => SIDES[verdictOf(code)], oneWay });
  try {
    const { interrupted } = await replay(opened.source, compiled, { ...replayOptions, fastPath: opened.fastPath }, [
      report,
    ]);
    if (interrupted) return null;
  } finally {
    opened.source.close();
  }
  const { groups } = report.seen();
  const refused = groups.filter(({ sides }) => sides !== 0);
  return {
    refused: refused.filter(({ protocol }) => isNamed(protocol)),
    unnamed: refused.filter(({ protocol }) => !isNamed(protocol)),
    completed: groups.reduce((sum, { connections }) => sum + connections, 0),
  };
}

const SIDES = { allowed: 0, dropped: DROPPED, undecided: UNDECIDED } as const;

const firstError = (problems: readonly Problem[]): string =>
  problems.find(({ severity }) => severity === 'error')?.message ?? 'nothing is said';
