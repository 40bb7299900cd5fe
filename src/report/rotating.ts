/**
 * A report over several files, one after the other.
 *
 * In:  how the report is made anew, and the files.  Out: between two batches, where a file is full or old enough, it is completed;
 * the next one begins with the next packet, and with whatever a file of the format begins with. So each can be read by
 * itself, and no record is in two of them. For formats that have written everything when they are flushed.
 */
import type { ReplayContext, Report } from './report.js';

export interface RotatingFiles {
  /** Whether the file at hand is to be completed. */
  isDue(): boolean;
  complete(): void;
  /** What is written from now on goes to a new file. */
  begin(): void;
}

/** @param files of which the first has begun */
export async function createRotating(make: () => Promise<Report>, files: RotatingFiles): Promise<Report> {
  let report: Report | null = await make();
  let context: ReplayContext;
  return {
    begin(begun) {
      context = begun;
      report!.begin(begun);
    },
    async batch(frames, packets, verdicts, first) {
      if (report === null) {
        if (verdicts.count === 0) return;
        files.begin();
        report = await make();
        report.begin(context);
      }
      await report.batch(frames, packets, verdicts, first);
      // What is written so far counts.
      report.flush?.();
      if (!files.isDue()) return;
      files.complete();
      report = null;
    },
    flush: () => report?.flush?.(),
    end: result => report?.end(result),
  };
}
