/**
 * A parsing thread's program (threads/parsing.ts), in a worker of node:worker_threads.
 *
 * In:  ParsingStart, as workerData.  Out: rows in the ring. It ends when it is told to; what it throws is the worker's `error`.
 */
import { workerData } from 'node:worker_threads';
import { createParser, type ParserOptions } from '../packet/parse.js';
import { parseAlong } from '../threads/parsing.js';
import { type Joining, joinReplay } from './joining.js';

export interface ParsingStart extends Joining {
  readonly parser: Pick<ParserOptions, 'tunnels' | 'verifyChecksums'>;
}

const start: ParsingStart = workerData;
const { fastPath, ring, count } = joinReplay(start);
parseAlong(ring, createParser({ ...start.parser, duplicates: false }, fastPath), count);
