/**
 * Several captures as one, in order of time.
 *
 * In:  FrameSources, each in its own order.  Out: one FrameSource; frames of equal time come in command line order, and
 * the frames of one capture keep their order even where its clock steps back.
 *
 * Frames are copied, since a batch has one buffer: not frame by frame but run by run, a run being the frames of one
 * capture up to the next frame of any other. Captures that follow each other in time cost a copy a batch.
 * A capture that ends in damage ends; the others go on.
 */

import { Clock } from './clock.js';
import { BATCH_FRAMES, type CaptureError, type CaptureInterface, type FrameBatch, type FrameSource } from './frame.js';
import { createSlot, growSlot, type Slot } from './reader.js';

/** One capture on its way into the merge. */
interface Lane {
  readonly source: FrameSource;
  /** Its interface index -> ours. */
  readonly interfaces: number[];
  batch: FrameBatch | null;
  next: number;
  ended: boolean;
}

const BUFFER_LENGTH = 256 * 1024;

export function mergeCaptures(sources: readonly FrameSource[]): FrameSource {
  return sources.length === 1 ? sources[0]! : new MergedSource(sources);
}

class MergedSource implements FrameSource {
  readonly interfaces: CaptureInterface[] = [];
  readonly #lanes: readonly Lane[];
  readonly #clock = new Clock();
  readonly #slots: readonly [Slot, Slot];
  #current = 0;

  constructor(sources: readonly FrameSource[]) {
    this.#lanes = sources.map(source => ({ source, interfaces: [], batch: null, next: 0, ended: false }));
    this.#slots = [createSlot(BATCH_FRAMES, BUFFER_LENGTH), createSlot(BATCH_FRAMES, BUFFER_LENGTH)];
  }

  get errors(): readonly CaptureError[] {
    return this.#lanes.flatMap(lane => lane.source.errors);
  }

  get bytesRead(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.source.bytesRead, 0);
  }

  get bytesTotal(): number | undefined {
    let sum = 0;
    for (const { source } of this.#lanes) {
      if (source.bytesTotal === undefined) return undefined;
      sum += source.bytesTotal;
    }
    return sum;
  }

  get stepsBack(): number {
    return this.#clock.stepsBack;
  }

  next(): FrameBatch | null | Promise<FrameBatch | null> {
    const waiting: Promise<void>[] = [];
    for (const lane of this.#lanes) {
      if (lane.batch !== null || lane.ended) continue;
      const batch = lane.source.next();
      if (batch instanceof Promise) waiting.push(batch.then(late => this.#arrive(lane, late)));
      else this.#arrive(lane, batch);
    }
    return waiting.length === 0 ? this.#merge() : Promise.all(waiting).then(() => this.#merge());
  }

  close(): void {
    for (const { source } of this.#lanes) source.close();
  }

  #arrive(lane: Lane, batch: FrameBatch | null): void {
    lane.batch = batch;
    lane.next = 0;
    lane.ended = batch === null;
    const described = lane.source.interfaces;
    for (let i = lane.interfaces.length; i < described.length; i++) {
      lane.interfaces.push(this.interfaces.length);
      this.interfaces.push(described[i]!);
    }
  }

  /** Every lane has a batch or has ended; merges until a batch is used up or ours is full. */
  #merge(): FrameBatch | null {
    this.#current = 1 - this.#current;
    const slot = this.#slots[this.#current]!;
    const { batch } = slot;
    batch.count = 0;
    let filled = 0;
    for (;;) {
      const first = this.#earliest(-1);
      if (first < 0) break;
      const lane = this.#lanes[first]!;
      const other = this.#earliest(first);
      const end = other < 0 ? lane.batch!.count : runEnd(lane, this.#lanes[other]!, first < other);
      const copied = copyRun(slot, filled, lane, end);
      if (copied < 0) break;
      filled = copied;
      if (lane.next === lane.batch!.count) {
        lane.batch = null;
        break;
      }
    }
    if (batch.count === 0) return null;
    this.#clock.watch(batch);
    return batch;
  }

  /** The lane with the earliest frame, other than `without`; the first of equals; -1 when there is none. */
  #earliest(without: number): number {
    let found = -1;
    let seconds = 0;
    let nanoseconds = 0;
    for (let i = 0; i < this.#lanes.length; i++) {
      const { batch, next } = this.#lanes[i]!;
      if (batch === null || i === without) continue;
      const s = batch.seconds[next]!;
      const n = batch.nanoseconds[next]!;
      if (found >= 0 && (s > seconds || (s === seconds && n >= nanoseconds))) continue;
      found = i;
      seconds = s;
      nanoseconds = n;
    }
    return found;
  }
}

/** The first frame of `lane` that comes after the next one of `other`; where they are equal `wins` decides. */
function runEnd(lane: Lane, other: Lane, wins: boolean): number {
  const { count, seconds, nanoseconds } = lane.batch!;
  const limitSeconds = other.batch!.seconds[other.next]!;
  const limitNanoseconds = other.batch!.nanoseconds[other.next]!;
  let end = lane.next;
  for (; end < count; end++) {
    const s = seconds[end]!;
    if (s > limitSeconds) break;
    if (s < limitSeconds) continue;
    const n = nanoseconds[end]!;
    if (n > limitNanoseconds || (n === limitNanoseconds && !wins)) break;
  }
  return end;
}

/**
 * Copies frames [lane.next, end) behind the `filled` bytes of the slot, as many as there is room for.
 * @returns bytes filled now; -1 where there was room for none
 */
function copyRun(slot: Slot, filled: number, lane: Lane, end: number): number {
  const from = lane.batch!;
  const to = slot.batch;
  const first = lane.next;
  const start = from.offset[first]!;
  const need = from.captured[first]!;
  if (to.count === 0 && need > to.bytes.length) growSlot(slot, 0, 2 ** Math.ceil(Math.log2(need)));
  const room = to.bytes.length - filled;
  const last = Math.min(end, first + to.offset.length - to.count);
  let stop = first;
  while (stop < last && from.offset[stop]! + from.captured[stop]! - start <= room) stop++;
  if (stop === first) return -1;
  const bytesEnd = from.offset[stop - 1]! + from.captured[stop - 1]!;
  to.bytes.set(from.bytes.subarray(start, bytesEnd), filled);
  const shift = filled - start;
  let count = to.count;
  for (let i = first; i < stop; i++, count++) {
    to.offset[count] = from.offset[i]! + shift;
    to.captured[count] = from.captured[i]!;
    to.original[count] = from.original[i]!;
    to.seconds[count] = from.seconds[i]!;
    to.nanoseconds[count] = from.nanoseconds[i]!;
    to.interfaceIndex[count] = lane.interfaces[from.interfaceIndex[i]!]!;
  }
  to.count = count;
  lane.next = stop;
  return filled + bytesEnd - start;
}
