/**
 * Starts the reading thread.
 *
 * In:  captures by path, the replay's options, a fast path whose memory threads share (ringBytes() of it are for this).
 * Out: a PacketSource for replay(); null where `signal` was aborted before the captures were open. The thread ends with
 * close().
 */
import { once } from 'node:events';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { BATCH_FRAMES } from '../capture/frame.js';
import type { Compiled } from '../compile.js';
import type { FastPath } from '../memory/fast-path.js';
import { MeasuredMemory } from '../memory/memory.js';
import type { PacketSource } from '../packets.js';
import { leastFrames, type ReplayOptions } from '../replay.js';
import type { News } from '../threads/reading.js';
import { ENTRIES, Ring } from '../threads/ring.js';
import { RingSource } from '../threads/ring-source.js';
import { SharedCounting } from '../threads/shared-counting.js';
import type { Opened, Start } from './reading-thread.js';
import { SourceError } from './sources.js';

/** What the thread takes for itself: a capture reader's two slots, and interfaces. */
const OWN_BYTES = 2 * (512 * 1024 + BATCH_FRAMES * 32) + (1 << 23);
/** More than the fast path's module has. */
const MOST_GLOBALS = 1024;

/** Bytes of the shared memory that the ring and the thread take. */
export function ringBytes(entries: number = ENTRIES): number {
  const measured = new MeasuredMemory();
  new Ring(measured, entries, MOST_GLOBALS);
  return measured.bytes + OWN_BYTES;
}

export interface ReadingOptions {
  readonly entries?: number;
  /** Bytes of a reader's buffer (capture/open.ts). */
  readonly bufferLength?: number;
  /** The thread's program. */
  readonly program?: URL;
  readonly signal?: AbortSignal;
}

export async function startReading(
  paths: readonly string[],
  compiled: Compiled,
  options: ReplayOptions,
  fastPath: FastPath,
  {
    entries = ENTRIES,
    bufferLength,
    program = new URL('./reading-thread.js', import.meta.url),
    signal,
  }: ReadingOptions = {},
): Promise<PacketSource | null> {
  const at = fastPath.memory.uint8(0).byteOffset;
  const ring = new Ring(fastPath.memory, entries, fastPath.globals);
  const from = fastPath.memory.uint8(OWN_BYTES).byteOffset;
  const { port1, port2 } = new MessageChannel();
  const start: Start = {
    ...fastPath.instantiated,
    paths,
    parser: {
      tunnels: options.tunnels,
      duplicates: options.duplicates,
      duplicateWindow: options.duplicateWindow,
      verifyChecksums: options.verifyChecksums,
    },
    least: leastFrames(options, compiled),
    ring: at,
    entries,
    bufferLength,
    from,
    to: from + OWN_BYTES,
    port: port2,
  };
  const worker = new Worker(program, { workerData: start, transferList: [port2] });
  const opened = await openedBy(worker, signal);
  if (opened === null || 'refused' in opened) {
    await worker.terminate();
    port1.close();
    if (opened === null) return null;
    throw new SourceError(opened.refused);
  }
  const counting = new SharedCounting(ring, () => fastPath.saveGlobals(ring.globals));
  const receive = (): News => receiveMessageOnPort(port1)!.message as News;
  const source = new RingSource(ring, counting, opened.bytesTotal, receive, () => {
    port1.close();
    worker.terminate();
  });
  worker.on('error', error => source.ended(failed(error)));
  worker.on('exit', () => source.ended(failed('it ended')));
  return source;
}

const failed = (why: unknown): Error =>
  new Error(`the thread that reads the captures failed: ${why instanceof Error ? why.message : String(why)}`);

/** @returns null where the signal came first */
async function openedBy(worker: Worker, signal: AbortSignal | undefined): Promise<Opened | null> {
  if (signal?.aborted) return null;
  const stop = new AbortController();
  const ended = once(worker, 'exit', { signal: stop.signal }).then(() => {
    throw failed('it ended');
  });
  const aborted = signal === undefined ? [] : [once(signal, 'abort', { signal: stop.signal }).then(() => null)];
  try {
    const opened = once(worker, 'message', { signal: stop.signal }).then(([message]) => message as Opened);
    return await Promise.race([opened, ended, ...aborted]);
  } finally {
    stop.abort();
  }
}
