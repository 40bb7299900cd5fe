/**
 * The reading thread's program (threads/reading.ts), in a worker of node:worker_threads.
 *
 * In:  ReadingStart, as workerData.  Out: Opened to the parent, then batches in the ring and News through the port. It ends when
 * it is told to; what it throws is the worker's `error`.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { onFastPath } from '../capture/loops.js';
import { createDuplicates } from '../packet/duplicates.js';
import { createParser } from '../packet/parse.js';
import { nextFrames } from '../packets.js';
import { type News, readInto } from '../threads/reading.js';
import { openCaptures } from './captures.js';
import { joinReplay } from './joining.js';
import type { ParsingStart } from './parsing-thread.js';
import { SourceError } from './sources.js';

export interface ReadingStart extends ParsingStart {
  readonly paths: readonly string[];
  readonly duplicates: boolean;
  readonly duplicateWindow: number | undefined;
  readonly least: number;
  /** Parsing threads beside this one. */
  readonly parsers: number;
  readonly bufferLength: number | undefined;
  readonly port: MessagePort;
}

/** What the captures are, or why they cannot be opened. */
export type Opened = { readonly bytesTotal: number | undefined } | { readonly refused: string };

async function read(start: ReadingStart): Promise<void> {
  const { fastPath, ring, count } = joinReplay(start);
  const source = await openCaptures(start.paths, { ...onFastPath(fastPath), bufferLength: start.bufferLength });
  parentPort!.postMessage({ bytesTotal: source.bytesTotal } satisfies Opened);
  await readInto(ring, {
    source,
    next: nextFrames(source, start.least),
    parser: createParser({ ...start.parser, duplicates: false }, fastPath),
    duplicates: start.duplicates ? createDuplicates(start.duplicateWindow) : null,
    parsers: start.parsers,
    count,
    post: (news: News) => start.port.postMessage(news),
  });
  source.close();
}

try {
  await read(workerData as ReadingStart);
} catch (error) {
  if (!(error instanceof SourceError)) throw error;
  parentPort!.postMessage({ refused: error.message } satisfies Opened);
}
