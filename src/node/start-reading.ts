/**
 * Starts the threads of a replay beside the one that judges: one that reads, and any others that parse.
 *
 * In:  captures by path, the replay's options, a fast path whose memory threads share (ringBytes() of it are for this).
 * Out: a PacketSource for replay(); null where `signal` was aborted before the captures were open. The threads end with
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
import { entriesFor, Ring } from '../threads/ring.js';
import { RingSource } from '../threads/ring-source.js';
import { SharedCounting } from '../threads/shared-counting.js';
import type { Joining } from './joining.js';
import type { ParsingStart } from './parsing-thread.js';
import type { Opened, ReadingStart } from './reading-thread.js';
import { SourceError } from './sources.js';

/** What the reading thread takes for itself: a capture reader's two slots, and interfaces. */
const READER_BYTES = 2 * (512 * 1024 + BATCH_FRAMES * 32) + (1 << 23);
/** What a parsing thread takes: as many interfaces as it is told. */
const PARSER_BYTES = 1 << 17;
/** More than the fast path's module has. */
const MOST_GLOBALS = 1024;

/** Threads: one judges, one reads, the others parse. */
const parsersOf = (threads: number): number => Math.max(0, threads - 2);

/** Bytes of the shared memory that the ring and all threads but the judge's take. */
export function ringBytes(threads: number, entries: number = entriesFor(threads)): number {
  const measured = new MeasuredMemory();
  new Ring(measured, entries, MOST_GLOBALS);
  return measured.bytes + READER_BYTES + parsersOf(threads) * PARSER_BYTES;
}

export interface ReadingOptions {
  /** Threads in all, 2 or more. */
  readonly threads?: number;
  readonly entries?: number;
  /** Bytes of a reader's buffer (capture/open.ts). */
  readonly bufferLength?: number;
  /** The threads' programs. */
  readonly readingProgram?: URL;
  readonly parsingProgram?: URL;
  readonly signal?: AbortSignal;
}

export async function startReading(
  paths: readonly string[],
  compiled: Compiled,
  options: ReplayOptions,
  fastPath: FastPath,
  {
    threads = 2,
    entries = entriesFor(threads),
    bufferLength,
    readingProgram = new URL('./reading-thread.js', import.meta.url),
    parsingProgram = new URL('./parsing-thread.js', import.meta.url),
    signal,
  }: ReadingOptions = {},
): Promise<PacketSource | null> {
  const at = fastPath.memory.uint8(0).byteOffset;
  const ring = new Ring(fastPath.memory, entries, fastPath.globals);
  const join = (bytes: number): Joining => {
    const from = fastPath.memory.uint8(bytes).byteOffset;
    return { ...fastPath.instantiated, ring: at, entries, from, to: from + bytes };
  };
  const parser = { tunnels: options.tunnels, verifyChecksums: options.verifyChecksums };
  const parsers = parsersOf(threads);
  const { port1, port2 } = new MessageChannel();
  const reading: ReadingStart = {
    ...join(READER_BYTES),
    paths,
    parser,
    duplicates: options.duplicates !== false,
    duplicateWindow: options.duplicateWindow,
    least: leastFrames(options, compiled),
    parsers,
    bufferLength,
    port: port2,
  };
  const reader = new Worker(readingProgram, { workerData: reading, transferList: [port2] });
  const opened = await openedBy(reader, signal);
  if (opened === null || 'refused' in opened) {
    await reader.terminate();
    port1.close();
    if (opened === null) return null;
    throw new SourceError(opened.refused);
  }
  const counting = new SharedCounting(ring, () => fastPath.saveGlobals(ring.globals));
  const receive = (): News => receiveMessageOnPort(port1)!.message as News;
  const workers = [reader];
  for (let i = 0; i < parsers; i++) {
    const parsing: ParsingStart = { ...join(PARSER_BYTES), parser };
    workers.push(new Worker(parsingProgram, { workerData: parsing }));
  }
  const source = new RingSource(ring, counting, opened.bytesTotal, receive, () => {
    port1.close();
    for (const worker of workers) worker.terminate();
  });
  for (const worker of workers) {
    worker.on('error', error => source.ended(failed(error)));
    worker.on('exit', () => source.ended(failed('it ended')));
  }
  return source;
}

const failed = (why: unknown): Error =>
  new Error(`a thread that reads the captures failed: ${why instanceof Error ? why.message : String(why)}`);

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
