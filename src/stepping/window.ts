/**
 * One replay that keeps all about the packets of a window (cold), and the first one, which tells what the capture holds.
 *
 * In:  a capture that can be read again, compiled policies, the window.  Out: of each packet of it the facts that explain needs, its
 * frame, and the table after it. What is kept does not depend on where the window begins.
 */
import type { CaptureError, CaptureInterface, FrameBatch } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import { type Caught, headerOf, type PacketFacts, type Reopen, take } from '../explain/packet.js';
import { ASSURED, META, REPLIED, STATE_MASK, WORDS } from '../flow/entry.js';
import type { TrackerCounters } from '../flow/tracker.js';
import { type TrackerWatch, watchPackets } from '../flow/watched.js';
import { type ReplayOptions, replay } from '../replay.js';
import type { ReplayContext, Report } from '../report/report.js';
import { Contents } from './contents.js';
import { recordTable, type TableRecord } from './table-records.js';
import { both, type SettledTable, type TableWatch, watchTable } from './table-watch.js';

/** What a replay is given, but for what it watches. */
export type SteppingOptions = Omit<ReplayOptions, 'watch' | 'fastPath' | 'signal'>;

export interface KeptFrame {
  readonly bytes: Uint8Array;
  readonly original: number;
  readonly interface: CaptureInterface;
  /** Where the frame began in the batch that its row speaks of. */
  readonly offset: number;
}

export interface KeptPacket {
  readonly facts: PacketFacts;
  readonly frame: KeptFrame;
  readonly before: TableRecord | null;
  readonly after: TableRecord;
}

export interface Window {
  readonly from: number;
  readonly to: number;
  readonly packets: ReadonlyMap<number, KeptPacket>;
}

export interface Read {
  readonly contents: Contents;
  /** Where the capture is damaged; what stands before it was read. */
  readonly damage: CaptureError | null;
}

/** What of an entry is more than its timer. */
const CHANGING = STATE_MASK | REPLIED | ASSURED;

/** Reads the whole capture once. */
export async function readContents(reopen: Reopen, compiled: Compiled, options: SteppingOptions): Promise<Read> {
  const contents = new Contents();
  const changes = watchChanges(number => contents.markChange(number));
  const report = { ...SILENT, batch: (frames, _packets, verdicts) => contents.add(frames, verdicts) } as Report;
  const { packets, errors } = await replayed(reopen, compiled, options, changes, report, () => false);
  changes.end(packets);
  return { contents, damage: errors[0] ?? null };
}

/** @param range of the packets, both ends inclusive and in the capture @returns null where it was stopped */
export async function readWindow(
  reopen: Reopen,
  compiled: Compiled,
  options: SteppingOptions,
  contents: Contents,
  range: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<Window | null>;
export async function readWindow(
  reopen: Reopen,
  compiled: Compiled,
  options: SteppingOptions,
  contents: Contents,
  range: { readonly from: number; readonly to: number },
): Promise<Window>;
export async function readWindow(
  reopen: Reopen,
  compiled: Compiled,
  options: SteppingOptions,
  contents: Contents,
  { from, to }: { readonly from: number; readonly to: number },
  signal?: AbortSignal,
): Promise<Window | null> {
  const wanted = wantedFor(contents, from, to);
  const seen = watchPackets(wanted);
  const records = new Map<number, TableRecord>();
  const tables = watchRecords(from - 1, to, records);
  const caught = new Map<number, Caught>();
  const frames = new Map<number, KeptFrame>();
  let context: ReplayContext | null = null;
  const report: Report = {
    begin(begun) {
      context = begun;
    },
    batch(batch, packets, verdicts, first) {
      for (let i = 0; i < verdicts.count; i++) {
        const number = first + i;
        if (!wanted.has(number)) continue;
        caught.set(number, take(context!, batch, packets, verdicts, i, first));
        if (number >= from && number <= to) frames.set(number, frameOf(context!, batch, i));
      }
    },
    end() {},
  };
  const { packets } = await replayed(
    reopen,
    compiled,
    options,
    both(tables, seen),
    report,
    (first, count) => first + count > to || signal?.aborted === true,
  );
  if (signal?.aborted) return null;
  tables.end(packets);
  const { compiled: judged } = context!;
  const kept = new Map<number, KeptPacket>();
  for (let number = from; number <= to; number++) {
    const packet = caught.get(number)!;
    const opens = contents.openingOf(number);
    const opening = opens === null ? null : (caught.get(opens) ?? null);
    const tracked = seen.seen.get(contents.copyOf(number) ?? number) ?? null;
    const facts = { packet, opening, header: headerOf(judged, packet, opening), tracked, compiled: judged };
    const [before, after] = [records.get(number - 1) ?? null, records.get(number)!];
    kept.set(number, { facts, frame: frames.get(number)!, before, after });
  }
  return { from, to, packets: kept };
}

/** The window's packets, those that opened their connections, and those of which they are copies. */
function wantedFor(contents: Contents, from: number, to: number): Set<number> {
  const wanted = new Set<number>();
  for (let number = from; number <= to; number++) {
    wanted.add(number);
    for (const other of [contents.openingOf(number), contents.copyOf(number)]) if (other !== null) wanted.add(other);
  }
  return wanted;
}

const SILENT = { begin() {}, end() {} };

/** @param isEnough whether nothing is wanted of what comes behind a batch */
async function replayed(
  reopen: Reopen,
  compiled: Compiled,
  options: SteppingOptions,
  watch: TrackerWatch,
  report: Report,
  isEnough: (first: number, count: number) => boolean,
) {
  const source = await reopen();
  if (source === null) throw new Error('the captures cannot be opened');
  const stop = new AbortController();
  const stopping: Report = {
    ...report,
    batch(frames, packets, verdicts, first) {
      report.batch(frames, packets, verdicts, first);
      if (isEnough(first, verdicts.count)) stop.abort();
    },
  };
  try {
    return await replay(source, compiled, { ...options, fastPath: null, watch, signal: stop.signal }, [stopping]);
  } finally {
    source.close();
  }
}

function frameOf(
  { source }: ReplayContext,
  { bytes, offset, captured, original, interfaceIndex }: FrameBatch,
  i: number,
) {
  const begin = offset[i]!;
  return {
    bytes: bytes.slice(begin, begin + captured[i]!),
    original: original[i]!,
    interface: source.interfaces[interfaceIndex[i]!]!,
    offset: begin,
  };
}

/** Calls for each packet that made or ended an entry, or changed its state, or whether it is answered or assured. */
function watchChanges(changed: (number: number) => void): TableWatch {
  let before: TrackerCounters | null = null;
  let turned = 0;
  /** By slot: what of the entry is more than its timer. */
  let known = new Int32Array(0);
  return watchTable((number, { table, counters, touched }) => {
    if (known.length === 0 && table !== null) known = new Int32Array(table.capacity + 1);
    // Without a table every packet counts as a connection that is never there.
    let isChanged = counters.live !== (before?.live ?? 0) || (counters.live > 0 && turnover(counters) !== turned);
    if (touched !== null && table !== null) {
      const bits = table.snapshot().words[touched.slot * WORDS + META]! & CHANGING;
      if (known[touched.slot] !== bits) isChanged = true;
      known[touched.slot] = bits;
    }
    before = counters;
    turned = turnover(counters);
    if (isChanged) changed(number);
  });
}

const turnover = ({ created, expired, earlyEvictions }: TrackerCounters): number => created + expired + earlyEvictions;

/** Fills `records` with the table after each packet from `from` to `to`. */
function watchRecords(from: number, to: number, records: Map<number, TableRecord>): TableWatch {
  let slots = 0;
  return watchTable((number: number, state: SettledTable) => {
    if (state.touched !== null) slots = Math.max(slots, state.touched.slot + 1);
    if (number >= from && number <= to) records.set(number, recordTable(state, slots, records.get(number - 1) ?? null));
  });
}
