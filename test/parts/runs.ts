/**
 * One run over captures, and parts of it: what tests hold against each other. Captures come ten days after each other, so that
 * no connection of one is known in the next.
 */
import { chainCaptures } from '../../src/capture/chain.js';
import type { FrameSource } from '../../src/capture/frame.js';
import { restOf } from '../../src/capture/rest-of.js';
import type { Compiled } from '../../src/compile.js';
import { capacityOf } from '../../src/flow/conntrack.js';
import { createCollecting } from '../../src/parts/collect.js';
import { createShare } from '../../src/parts/divisible.js';
import { PART_SCHEMA, type Part, type Piece } from '../../src/parts/part.js';
import { readPart } from '../../src/parts/read.js';
import { type ReplayOptions, replay } from '../../src/replay.js';
import { conntrackOf } from '../../src/replay-memory.js';
import type { Report } from '../../src/report/report.js';
import { createSummary, type Summary } from '../../src/report/summary.js';
import type { ShareOf } from '../../src/verdict/share.js';
import { newFastPath } from '../support/fast-path.js';

const DAYS = 10 * 24 * 3600;

/** A capture that began so many times ten days later. */
function later(source: FrameSource, times: number): FrameSource {
  return Object.assign(restOf(source), {
    async next() {
      const batch = await source.next();
      if (batch !== null) for (let i = 0; i < batch.count; i++) batch.seconds[i] = batch.seconds[i]! + times * DAYS;
      return batch;
    },
  });
}

/** A capture; opened anew for each replay. */
export type Opener = () => Promise<FrameSource>;
export type Settings = Partial<ReplayOptions>;

const NAMES = ['a.pcap', 'b.pcap', 'c.pcap', 'd.pcap', 'e.pcap'];

/** @param share absent: the whole point @param isFast on the fast path, which must make no difference */
export async function partOf(
  open: Opener,
  index: number,
  of: number,
  compiled: Compiled,
  settings: Settings,
  share?: ShareOf,
  isFast = false,
): Promise<Part> {
  const collecting = createCollecting();
  const fastPath = isFast ? newFastPath(settings, compiled) : null;
  const mine = share === undefined ? null : createShare(share, compiled, { table: conntrackOf(settings, compiled) });
  const options = { ...settings, captures: [NAMES[index]!], fastPath, share: mine };
  await replay(later(await open(), index), compiled, options, [collecting]);
  const { about, found, facts } = collecting;
  const piece: Piece = { from: index, to: index + 1, found };
  const room = capacityOf(settings);
  const pieces = [share === undefined ? piece : { ...piece, share: { ...share, ...facts, room } }];
  const part: Part = { schema: PART_SCHEMA, run: 'run', of, about, pieces };
  // As they stand in a file.
  const read = readPart(JSON.stringify(part));
  if ('problem' in read) throw new Error(read.problem);
  return read.part;
}

export async function oneRun(openers: readonly Opener[], compiled: Compiled, settings: Settings): Promise<Summary> {
  const collector = createSummary();
  let summary: Summary;
  const source = chainCaptures(
    openers.map((open, i) => async () => later(await open(), i)),
    undefined,
  );
  const keeping: Report = {
    begin: collector.begin,
    batch: collector.batch,
    end(result) {
      summary = collector.end(result);
    },
  };
  await replay(source, compiled, { ...settings, captures: NAMES.slice(0, openers.length) }, [keeping]);
  return summary!;
}

export const plain = (summary: Summary): unknown => JSON.parse(JSON.stringify({ ...summary, timing: null }));

/** Parts without what a clock says. */
export const timeless = ({ pieces, ...part }: Part): unknown => ({
  ...part,
  pieces: pieces.map(({ found, ...piece }) => ({ ...piece, found: { ...found, compileMs: 0, replayMs: 0 } })),
});
