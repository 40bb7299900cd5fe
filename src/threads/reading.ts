/**
 * The reading thread: frames and rows some batches ahead of the judge, and counting of judged batches in between.
 *
 * In:  a source, a parser, the ring.  Out: batches in the ring, then its end; what does not fit into it, by message.
 * It keeps the judge supplied first, then counts, then reads on. Counting stops at what only the judge's thread can count
 * (shared-counting.ts).
 */
import { copyFrames, endOfFrames } from '../capture/adopt.js';
import type { CaptureError, CaptureInterface, FrameBatch, FrameSource } from '../capture/frame.js';
import type { PacketParser } from '../packet/parse.js';
import {
  COUNTED,
  COUNTING,
  type Entry,
  JUDGE_BELL,
  NOBODY,
  READ,
  READER,
  READER_BELL,
  RELEASED,
  type Ring,
  STOPPED,
  STUCK,
  STUCK_AT,
  SUBMITTED,
  TAKEN,
} from './ring.js';

/** Comes with a batch whose entry says so. */
export interface News {
  /** Interfaces met since the last news. */
  readonly interfaces: readonly CaptureInterface[];
  /** All damage so far. */
  readonly errors: readonly Damage[];
  /** Frames too long for an entry. */
  readonly bytes: Uint8Array | null;
}

/** What makes up a CaptureError: between threads objects lose their class. */
export type Damage = Pick<CaptureError, 'capture' | 'offset' | 'expected' | 'found' | 'hint'>;

/** Batches that should wait for the judge before there is time to count. */
const SUPPLY = 2;

export interface Reading {
  readonly source: FrameSource;
  /** Of the source, or a gatherer's around it. */
  readonly next: FrameSource['next'];
  readonly parser: PacketParser;
  /** Counts an entry's packets on the fast path. @returns the first that was not counted, or how many there are */
  readonly count: (entry: Entry) => number;
  readonly post: (news: News) => void;
}

/** @returns when the judge wants no more */
export async function readInto(ring: Ring, { source, next, parser, count, post }: Reading): Promise<void> {
  let described = 0;
  let damaged = 0;
  let isEnd = false;
  for (let batch = 0; serve(ring, isEnd ? null : batch, count); batch++) {
    const pending = next();
    const frames = pending instanceof Promise ? await pending : pending;
    isEnd = frames === null;
    const bytes = frames === null ? null : fill(ring.entry(batch), frames, source.interfaces, parser);
    const { interfaces, errors, bytesRead, stepsBack } = source;
    const hasMessage = bytes !== null || interfaces.length > described || errors.length > damaged;
    if (hasMessage) post({ interfaces: interfaces.slice(described), errors: errors.map(damageOf), bytes });
    described = interfaces.length;
    damaged = errors.length;
    ring.tell(batch, { bytesRead, stepsBack, hasMessage, isEnd });
    ring.set(READ, batch + 1);
    ring.ring(JUDGE_BELL);
  }
}

/** @returns the frames' bytes where they are too long for the entry */
function fill(
  { frames, packets }: Entry,
  given: FrameBatch,
  interfaces: readonly CaptureInterface[],
  parser: PacketParser,
): Uint8Array | null {
  const end = endOfFrames(given);
  const isLong = end > frames.bytes.length;
  copyFrames(given, frames);
  if (!isLong) frames.bytes.set(given.bytes.subarray(0, end));
  parser.parse(isLong ? given : frames, interfaces, packets);
  return isLong ? given.bytes.slice(0, end) : null;
}

/** Counts until it is time to read `batch` (null: never). @returns false when the judge wants no more */
function serve(ring: Ring, batch: number | null, count: Reading['count']): boolean {
  for (;;) {
    const heard = ring.get(READER_BELL);
    if (ring.get(STOPPED) !== 0) return false;
    const hasRoom = batch !== null && isFree(ring, batch);
    if (hasRoom && ((batch - ring.get(TAKEN)) | 0) < SUPPLY) return true;
    if (countNext(ring, count)) continue;
    if (hasRoom) return true;
    ring.wait(READER_BELL, heard);
  }
}

/** Whether the batch that stood in its entry before is released and counted. */
export function isFree(ring: Ring, batch: number): boolean {
  const before = batch - ring.size;
  if (((before - ring.get(RELEASED)) | 0) >= 0) return false;
  const task = ring.get(COUNTED);
  return ((ring.get(SUBMITTED) - task) | 0) <= 0 || ((ring.taskOf(task) - before) | 0) > 0;
}

/** @returns whether there was a batch to count */
export function countNext(ring: Ring, count: Reading['count']): boolean {
  if (ring.between(SUBMITTED, COUNTED) <= 0 || !ring.claim(NOBODY, READER)) return false;
  const task = ring.get(COUNTED);
  const isLeft = ring.between(SUBMITTED, COUNTED) > 0;
  let isStuck = false;
  if (isLeft) {
    const entry = ring.entry(ring.taskOf(task));
    const counted = count(entry);
    isStuck = counted < entry.frames.count;
    if (isStuck) ring.set(STUCK_AT, counted);
    else ring.set(COUNTED, task + 1);
  }
  ring.set(COUNTING, isStuck ? STUCK : NOBODY);
  ring.ring(JUDGE_BELL);
  return isLeft;
}

const damageOf = ({ capture, offset, expected, found, hint }: CaptureError): Damage => ({
  capture,
  offset,
  expected,
  found,
  hint,
});
