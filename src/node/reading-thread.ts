/**
 * The reading thread's program (threads/reading.ts), in a worker of node:worker_threads.
 *
 * In:  Start, as workerData.  Out: Opened to the parent, then batches in the ring and News through the port. It ends when it
 * is told to; what it throws is the worker's `error`.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { onFastPath } from '../capture/loops.js';
import { FastPath } from '../memory/fast-path.js';
import { createParser, type ParserOptions } from '../packet/parse.js';
import { nextFrames } from '../packets.js';
import type { Counters } from '../report/counters.js';
import { type News, readInto } from '../threads/reading.js';
import { Ring } from '../threads/ring.js';
import { openCaptures } from './captures.js';
import { SourceError } from './sources.js';

export interface Start {
  readonly paths: readonly string[];
  readonly parser: ParserOptions;
  readonly least: number;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where the ring begins, its entries, and behind it where this thread's own arrays begin and end. */
  readonly ring: number;
  readonly entries: number;
  readonly bufferLength: number | undefined;
  readonly from: number;
  readonly to: number;
  readonly port: MessagePort;
}

/** What the captures are, or why they cannot be opened. */
export type Opened = { readonly bytesTotal: number | undefined } | { readonly refused: string };

async function read(start: Start): Promise<void> {
  const { module, memory, from, to } = start;
  const fastPath = new FastPath(module, { memory, from, to });
  const ring = new Ring(fastPath.memoryFrom(start.ring), start.entries, fastPath.globals);
  const source = await openCaptures(start.paths, { ...onFastPath(fastPath), bufferLength: start.bufferLength });
  parentPort!.postMessage({ bytesTotal: source.bytesTotal } satisfies Opened);
  const countAll = fastPath.entry<Counters['count']>('Counters_count');
  let isBound = false;
  await readInto(ring, {
    source,
    next: nextFrames(source, start.least),
    parser: createParser(start.parser, fastPath),
    count({ frames, packets, verdicts }) {
      if (!isBound) fastPath.loadGlobals(ring.globals);
      isBound = true;
      const { code, decision, connection, marks } = verdicts;
      return countAll(0, frames.count, packets.rows, code, decision, connection, marks);
    },
    post: (news: News) => start.port.postMessage(news),
  });
  source.close();
}

try {
  await read(workerData as Start);
} catch (error) {
  if (!(error instanceof SourceError)) throw error;
  parentPort!.postMessage({ refused: error.message } satisfies Opened);
}
