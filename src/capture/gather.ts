/**
 * Batches of at least so many frames: what a reader gives in smaller ones (a pipe's, a merge's, jumbo frames') is put
 * together, so that whoever looks ahead by one batch sees as far, however the capture was cut.
 *
 * In:  a FrameSource.  Out: the same frames; every batch but the last holds `least` or more, and but those before a PAUSE
 * (pauses.ts): nothing else comes for now, so what is gathered goes out.
 * A batch that is big enough is handed through as it is, without a copy. Its memory belongs to the reader, which reuses
 * it when two more batches are read; where small ones follow it is therefore copied first.
 */
import { BATCH_FRAMES, type FrameBatch, type FrameSource } from './frame.js';
import { PAUSE } from './pauses.js';

/** The most frames that can be asked for; a gathered batch is smaller than that before its last part is added. */
export const MOST_LEAST = 256;
/** Frames a gathered batch holds at most. */
export const GATHERED_FRAMES = BATCH_FRAMES + MOST_LEAST;

/** @param least at most MOST_LEAST */
export function gatherFrames(source: FrameSource, least: number): Pick<FrameSource, 'next'> {
  if (least > MOST_LEAST) throw new RangeError(`${least} frames at least, where ${MOST_LEAST} is the most`);
  let current = newShell();
  let before = newShell();
  let ended = false;

  /** Appends small batches to `current` until it is big enough. */
  function gather(batch: FrameBatch | null): FrameBatch | null | Promise<FrameBatch | null> {
    let got = batch;
    for (;;) {
      if (got === null) ended = true;
      else append(current, got);
      if (ended || got === PAUSE || current.batch.count >= least) {
        return ended && current.batch.count === 0 ? null : current.batch;
      }
      const pending = source.next();
      if (pending instanceof Promise) return pending.then(gather);
      got = pending;
    }
  }

  function take(batch: FrameBatch | null): FrameBatch | null | Promise<FrameBatch | null> {
    if (batch === null || batch === PAUSE || batch.count >= least) {
      if (batch === null) ended = true;
      else refer(current, batch);
      return batch === null ? null : current.batch;
    }
    // Reading on would write over the batch that is judged meanwhile.
    own(before);
    current.batch.count = 0;
    own(current);
    return gather(batch);
  }

  return {
    next() {
      if (ended) return null;
      [before, current] = [current, before];
      const pending = source.next();
      return pending instanceof Promise ? pending.then(take) : take(pending);
    },
  };
}

/** A batch that either refers to the reader's memory or has its own. */
interface Shell {
  readonly batch: FrameBatch;
  /** Its own memory, kept for the next time; null while none was needed. */
  memory: FrameBatch | null;
}

const newShell = (): Shell => ({ batch: newBatch(0, 0), memory: null });

const newBatch = (frames: number, length: number): FrameBatch => ({
  count: 0,
  bytes: new Uint8Array(length),
  offset: new Int32Array(frames),
  captured: new Int32Array(frames),
  original: new Int32Array(frames),
  seconds: new Float64Array(frames),
  nanoseconds: new Int32Array(frames),
  interfaceIndex: new Int32Array(frames),
});

function refer({ batch }: Shell, from: FrameBatch): void {
  Object.assign(batch, from);
}

/** Copies what the shell's batch refers to into memory of its own. Frames keep their offsets. */
function own(shell: Shell): void {
  const { batch } = shell;
  if (shell.memory !== null && batch.offset === shell.memory.offset) return;
  shell.memory ??= newBatch(GATHERED_FRAMES, 0);
  const { memory } = shell;
  const { count } = batch;
  const end = count === 0 ? 0 : batch.offset[count - 1]! + batch.captured[count - 1]!;
  if (memory.bytes.length < end) memory.bytes = new Uint8Array(end);
  memory.bytes.set(batch.bytes.subarray(0, end));
  memory.offset.set(batch.offset.subarray(0, count));
  copyFrames(batch, memory, 0);
  Object.assign(batch, memory, { count });
}

function append(shell: Shell, from: FrameBatch): void {
  const { batch } = shell;
  const { count } = batch;
  const filled = count === 0 ? 0 : batch.offset[count - 1]! + batch.captured[count - 1]!;
  let length = 0;
  for (let i = 0; i < from.count; i++) length += from.captured[i]!;
  if (batch.bytes.length < filled + length) {
    const bytes = new Uint8Array(2 * (filled + length));
    bytes.set(batch.bytes.subarray(0, filled));
    batch.bytes = bytes;
    shell.memory!.bytes = bytes;
  }
  let at = filled;
  for (let i = 0; i < from.count; i++) {
    const start = from.offset[i]!;
    batch.bytes.set(from.bytes.subarray(start, start + from.captured[i]!), at);
    batch.offset[count + i] = at;
    at += from.captured[i]!;
  }
  copyFrames(from, batch, count);
  batch.count = count + from.count;
}

/** All but bytes and offsets. */
function copyFrames(from: FrameBatch, to: FrameBatch, at: number): void {
  const { count } = from;
  to.captured.set(from.captured.subarray(0, count), at);
  to.original.set(from.original.subarray(0, count), at);
  to.seconds.set(from.seconds.subarray(0, count), at);
  to.nanoseconds.set(from.nanoseconds.subarray(0, count), at);
  to.interfaceIndex.set(from.interfaceIndex.subarray(0, count), at);
}
