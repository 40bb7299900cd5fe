/**
 * json: one document for the whole replay, schema `policap.summary/1` (report/summary.ts, key by key).
 */
import type { Output, Report } from './report.js';
import { createSummary, type SummaryCollector } from './summary.js';

export function createJsonReport(output: Output, summary: SummaryCollector = createSummary()): Report {
  return {
    begin: summary.begin,
    batch: summary.batch,
    end(result) {
      output.write(`${JSON.stringify(summary.end(result), null, 2)}\n`);
    },
  };
}
