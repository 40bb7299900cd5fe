/**
 * The overview: what a judgement, or a whole replay, says in sum (cold).
 *
 * In:  a judgement's batches, or a replay's.  Out: the summary (totals, reasons, refused conversations, hits of policies), traffic
 * over time, and all connections.
 */
import { CONNECTION_COLUMNS, type ConnectionRow } from '../report/connection-columns.js';
import { createConnectionRecords } from '../report/connections.js';
import type { ReplayContext, ReplayResult, Report } from '../report/report.js';
import { createSummary, type Summary } from '../report/summary.js';
import { Timeline } from '../report/timeline.js';
import { batchesOf, type Judgement } from './judgement.js';
import type { Table } from './table.js';

/** Connections that have a row, where there are no packets to count their rows. */
const MOST_CONNECTIONS = 1 << 30;

export interface Overview {
  readonly context: ReplayContext;
  readonly summary: Summary;
  readonly timeline: Timeline;
  /** By connection number. */
  readonly connections: Table<ConnectionRow>;
}

export type OverviewReport = Report & { overview(): Overview };

export function createOverviewReport(): OverviewReport {
  const collector = createSummary();
  const timeline = new Timeline();
  let row: ConnectionRow | null = null;
  const slots: number[] = [];
  const records = createConnectionRecords(
    {
      begin() {},
      row(given) {
        row = given;
        slots.push(given.slot);
      },
      end() {},
    },
    null,
    MOST_CONNECTIONS,
  );
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
    end(result: ReplayResult) {
      void records.end(result);
      summary = collector.end(result);
    },
    overview: () => ({ context, summary, timeline, connections: connectionsOf(row, slots) }),
  };
}

export function overviewOf(judgement: Judgement): Overview {
  const report = createOverviewReport();
  report.begin(judgement.context);
  for (const { frames, packets, verdicts, first } of batchesOf(judgement)) {
    void report.batch(frames, packets, verdicts, first);
  }
  void report.end(judgement.result);
  return report.overview();
}

const connectionsOf = (row: ConnectionRow | null, slots: readonly number[]): Table<ConnectionRow> => ({
  columns: CONNECTION_COLUMNS,
  count: slots.length,
  moveTo(i) {
    row!.slot = slots[i]!;
    return row!;
  },
});
