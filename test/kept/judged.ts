/**
 * Judgements beside replays: what both say of each packet and in sum, as plain records that can be compared.
 */
import { expect } from 'vitest';
import type { FrameSource } from '../../src/capture/frame.js';
import type { Compiled } from '../../src/compile.js';
import { batchesOf, type Judgement } from '../../src/kept/judgement.js';
import { judge, keep, type Open } from '../../src/kept/keep.js';
import type { KeepOptions, Kept } from '../../src/kept/kept.js';
import { whyNot } from '../../src/kept/why-not.js';
import { replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';
import { createSummary, type Summary } from '../../src/report/summary.js';
import { createRecorder, type PacketRecord } from '../support/replay.js';

export interface Said {
  readonly records: readonly PacketRecord[];
  readonly forward: readonly (number | undefined)[];
  readonly summary: Summary;
}

function createSaid(): { readonly reports: readonly Report[]; said(): Said } {
  const recorder = createRecorder();
  const collector = createSummary();
  let summary: Summary;
  return {
    reports: [
      recorder,
      {
        begin: context => collector.begin(context),
        batch: (...batch) => collector.batch(...batch),
        end(result) {
          summary = collector.end(result);
        },
      },
    ],
    said: () => ({
      records: recorder.records,
      forward: recorder.records.map(({ decision }) => decision?.forward),
      // How long it took is not what it said.
      summary: JSON.parse(JSON.stringify({ ...summary, timing: null })) as Summary,
    }),
  };
}

export async function saidByReplay(open: Open, compiled: Compiled, options: KeepOptions): Promise<Said> {
  const { reports, said } = createSaid();
  const source: FrameSource = await open();
  await replay(source, compiled, options, reports);
  source.close();
  return said();
}

export function saidBy(judgement: Judgement): Said {
  const { reports, said } = createSaid();
  for (const report of reports) {
    void report.begin(judgement.context);
    for (const { frames, packets, verdicts, first } of batchesOf(judgement)) {
      void report.batch(frames, packets, verdicts, first);
    }
    void report.end(judgement.result);
  }
  return said();
}

export const OPTIONS: KeepOptions = { captures: ['test'], maxConnections: 4096 };

export async function keepAll(
  open: Open,
  compiled: Compiled,
  options: KeepOptions = OPTIONS,
): Promise<{ kept: Kept; judgement: Judgement }> {
  const keeping = await keep(open, compiled, { ...options, mostPackets: 1_000_000 });
  if (keeping.kept === null) throw new Error('it was not kept');
  return keeping;
}

/**
 * Kept under the first, judged under all of them: as replays say.
 * @param again none of them means another replay @returns what was said under each
 */
export async function expectAlike(
  open: Open,
  compiled: readonly Compiled[],
  options: KeepOptions = OPTIONS,
  again = false,
): Promise<readonly Said[]> {
  const { kept, judgement } = await keepAll(open, compiled[0]!, options);
  const all: Said[] = [];
  for (const [i, it] of compiled.entries()) {
    if (again) expect(whyNot(kept, it)).toBeNull();
    const judged = saidBy(i === 0 ? judgement : await judge(kept, open, it));
    const replayed = await saidByReplay(open, it, options);
    const differs = judged.records.findIndex(
      (record, p) => JSON.stringify(record) !== JSON.stringify(replayed.records[p]),
    );
    if (differs >= 0) expect(judged.records[differs]).toEqual(replayed.records[differs]);
    expect(judged.records.length).toBe(replayed.records.length);
    expect(judged).toEqual(replayed);
    all.push(judged);
  }
  return all;
}
