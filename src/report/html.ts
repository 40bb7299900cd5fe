/**
 * html: a report that opens from disk, in one file (cold; what is counted a packet is in tally.ts and timeline.ts).
 *
 * In:  batches and the end.  Out: one page (html/page.ts), schema `policap.html/1` in its `generator`, written at the end. Its memory
 * is that of the summary and does not grow with the capture.
 */
import { Markup } from './html/markup.js';
import { page } from './html/page.js';
import type { Output, Report } from './report.js';
import { createSummary, type SummaryOptions } from './summary.js';
import { Timeline } from './timeline.js';

export interface HtmlOptions extends SummaryOptions {
  /** The matrix of the policies as an svg element, where there are pods. Asked for at the end. */
  readonly matrix?: () => string | null;
}

export function createHtmlReport(output: Output, options: HtmlOptions = {}): Report {
  const summary = createSummary(options);
  const timeline = new Timeline();
  let hasPods = false;
  return {
    begin(context) {
      hasPods = context.compiled.inventory.pods.length > 0;
      summary.begin(context);
    },
    batch(frames, packets, verdicts, first) {
      timeline.add(frames, verdicts);
      summary.batch(frames, packets, verdicts, first);
    },
    end(result) {
      const picture = options.matrix?.() ?? null;
      const matrix = picture === null ? null : new Markup(picture);
      output.write(page(summary.end(result), timeline, { matrix, hasPods }));
    },
  };
}
