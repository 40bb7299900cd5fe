/**
 * Judging again: the verdicts of other policies on a kept capture, without its bytes (cold but for the loop in trace.ts).
 *
 * In:  a kept capture, and policies that whyNot() (why-not.ts) has nothing against.  Out: a Judgement, equal to what a replay under
 * them would have said. Every distinct question of the replay is asked once; every packet's verdict follows.
 */
import type { Compiled } from '../compile.js';
import { STRIDE } from '../packet/row.js';
import { Counters, MAX_CONVERSATIONS } from '../report/counters.js';
import { createCountings } from '../report/countings.js';
import type { ReplayContext, ReplayResult } from '../report/report.js';
import { createWritings } from '../report/writing.js';
import { createDecisions, type Decision } from '../verdict/decisions.js';
import { EndOwners } from '../verdict/end-owners.js';
import { createEnds } from '../verdict/ends.js';
import { type Noticed, noticedWarnings } from '../verdict/noticed.js';
import { createObservations } from '../verdict/observations.js';
import { MARK_ORIGINAL } from '../verdict/verdict.js';
import type { Judgement, Verdicts } from './judgement.js';
import type { Kept } from './kept.js';
import type { Trace } from './trace.js';
import { whyNot } from './why-not.js';

export function judgeAgain(kept: Kept, compiled: Compiled): Judgement {
  const started = performance.now();
  const { packets, traced } = kept;
  const problem = whyNot(kept, compiled);
  if (traced === null || problem !== null) throw new Error(problem ?? 'nothing to judge from');
  const { trace, asked } = traced;
  const decisions = createDecisions();
  const ends = createEnds(compiled.classifier, compiled.inventory, decisions);
  const decisionOf = asked.decisions(ends, decisions);
  const codeOf = new Uint8Array(decisionOf.length);
  for (let i = 0; i < codeOf.length; i++) codeOf[i] = decisions.list[decisionOf[i]!]!.code;
  const verdicts = trace.verdicts(decisionOf, codeOf);
  const context = contextOf(kept, compiled, decisions.list);
  const replayMs = performance.now() - started;
  let noticed: Noticed | null = null;
  const result: ReplayResult = {
    tracker: kept.tracker,
    replayMs,
    get noticed() {
      noticed ??= noticedIn(kept, trace, verdicts, context);
      return noticed;
    },
    get warnings() {
      return noticedWarnings(result.noticed);
    },
  };
  return { context, packets, verdicts, result, trace };
}

function contextOf(kept: Kept, compiled: Compiled, decisions: readonly Decision[]): ReplayContext {
  const { options, source, traced } = kept;
  const { classifier, inventory } = compiled;
  const connections = Math.max(1, traced?.trace.connections ?? 0);
  let newCounting: ReplayContext['newCounting'] | null = null;
  const context: ReplayContext = {
    compiled,
    source,
    decisions,
    of: () => context,
    isOwn: () => true,
    current: () => context,
    ends: new EndOwners(decisions, classifier),
    requests: null,
    mesh: null,
    newCounting(conversations) {
      newCounting ??= createCountings(
        compiled,
        new Counters(classifier, inventory.owners.length, MAX_CONVERSATIONS, connections),
        null,
      );
      return newCounting(conversations);
    },
    newWriting: createWritings(null),
    mode: options.mode ?? 'what-if',
    captures: options.captures,
    changes: [],
  };
  return context;
}

/** What a replay would have noticed on the way. */
function noticedIn({ packets, stepsBack }: Kept, trace: Trace, verdicts: Verdicts, context: ReplayContext): Noticed {
  const { ends, compiled } = context;
  const observations = createObservations(compiled.inventory);
  const row = new Int32Array(STRIDE);
  if (packets.count > 0) observations.begin(packets.seconds[0]!);
  for (let connection = 1; connection <= trace.connections; connection++) {
    const i = trace.openedBy[connection]! - 1;
    packets.headers.write(packets.header[i]!, row, 0);
    ends.find(verdicts.decision[i]!, row, 0, (verdicts.marks[i]! & MARK_ORIGINAL) !== 0);
    observations.connection(ends.source, ends.destination, trace.openedAt[connection]!);
  }
  if (packets.darkPackets > 0) observations.dark(packets.darkBytes, packets.darkPackets);
  const bytes = packets.length.reduce((sum, length) => sum + length, 0);
  return { ...observations.observed(), bytes, givenUp: 0, stepsBack };
}
