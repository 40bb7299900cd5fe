/**
 * The overview: what a judgement, or a whole replay, says in sum (cold).
 *
 * In:  a judgement, or a replay's batches.  Out: totals, traffic over time, the summary (reasons, refused conversations, hits of
 * policies, warnings). Totals and timeline are there in milliseconds; the summary looks at every packet's header.
 */
import type { ConnectionRow } from '../report/connection-columns.js';
import type { ReplayContext, Report } from '../report/report.js';
import { createSummary, type Summary } from '../report/summary.js';
import { Timeline } from '../report/timeline.js';
import { CODES, MARK_FIRST, reasonOf, type Verdict, verdictOf } from '../verdict/verdict.js';
import { createConnectionReport } from './connections.js';
import { batchesOf, type Judgement } from './judgement.js';
import type { Table } from './table.js';

type Counts = Readonly<Record<Verdict, number>>;

export interface Totals {
  readonly packets: Counts;
  readonly connections: Counts;
  /** By reason, those there are. */
  readonly packetReasons: Readonly<Record<string, number>>;
  readonly connectionReasons: Readonly<Record<string, number>>;
}

/** Of a capture whose packets are not kept. */
export interface Overview {
  readonly context: ReplayContext;
  readonly summary: Summary;
  readonly timeline: Timeline;
  /** By connection number. */
  readonly connections: Table<ConnectionRow>;
}

export function totalsOf({ verdicts: { code, marks } }: Pick<Judgement, 'verdicts'>): Totals {
  const packets = new Float64Array(CODES);
  const connections = new Float64Array(CODES);
  for (let i = 0; i < code.length; i++) {
    packets[code[i]!]!++;
    if ((marks[i]! & MARK_FIRST) !== 0) connections[code[i]!]!++;
  }
  return {
    packets: byVerdict(packets),
    connections: byVerdict(connections),
    packetReasons: byReason(packets),
    connectionReasons: byReason(connections),
  };
}

export function timelineOf({ packets, verdicts: { code } }: Pick<Judgement, 'packets' | 'verdicts'>): Timeline {
  const timeline = new Timeline();
  timeline.add(packets, { code, count: packets.count });
  return timeline;
}

export function summaryOf(judgement: Judgement): Summary {
  const collector = createSummary();
  collector.begin(judgement.context);
  for (const { frames, packets, verdicts, first } of batchesOf(judgement)) {
    collector.batch(frames, packets, verdicts, first);
  }
  return collector.end(judgement.result);
}

export function createOverviewReport(): Report & { overview(): Overview } {
  const collector = createSummary();
  const timeline = new Timeline();
  const records = createConnectionReport();
  let context: ReplayContext;
  let summary: Summary;
  return {
    begin(begun) {
      context = begun;
      collector.begin(begun);
      records.begin(begun);
    },
    batch(frames, packets, verdicts, first) {
      timeline.add(frames, verdicts);
      collector.batch(frames, packets, verdicts, first);
      void records.batch(frames, packets, verdicts, first);
    },
    end(result) {
      void records.end(result);
      summary = collector.end(result);
    },
    overview: () => ({ context, summary, timeline, connections: records.table() }),
  };
}

function byVerdict(byCode: Float64Array): Counts {
  const counts = { allowed: 0, dropped: 0, undecided: 0 };
  byCode.forEach((count, code) => {
    counts[verdictOf(code)] += count;
  });
  return counts;
}

function byReason(byCode: Float64Array): Record<string, number> {
  const counts: Record<string, number> = {};
  byCode.forEach((count, code) => {
    if (count > 0) counts[reasonOf(code)] = (counts[reasonOf(code)] ?? 0) + count;
  });
  return counts;
}
