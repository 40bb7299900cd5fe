/**
 * One capture point, or one share of it -> what was found there, as a part of its run.
 *
 * In:  the point's captures, what was compiled, and options as plain data.  Out: a Part of one point, or null where it was
 * aborted. A share reads all of the point (parts/divisible.ts tells which points have some). Damage inside a capture stands in the part (what could be read was judged), and so does what is no capture at all;
 * what cannot be opened throws a SourceError.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { chainCaptures } from '../capture/chain.js';
import type { FrameSource } from '../capture/frame.js';
import { onFastPath } from '../capture/loops.js';
import type { CaptureOptions } from '../capture/open.js';
import type { Compiled } from '../compile.js';
import { capacityOf } from '../flow/conntrack.js';
import { createCollecting } from '../parts/collect.js';
import { createShare } from '../parts/divisible.js';
import { PART_SCHEMA, type Part, type Piece } from '../parts/part.js';
import { type ReplayOptions, replay } from '../replay.js';
import { conntrackOf, createFastPath } from '../replay-memory.js';
import type { ShareOf } from '../verdict/share.js';
import { openCaptures } from './captures.js';
import { loadFastPath } from './fast-path.js';
import { reason, SourceError } from './sources.js';

/** Bytes that are read of a capture to see when it begins. */
const BEGINNING = 16 * 1024;

/** What verdicts depend on beside the documents: plain data. */
export type PointOptions = Pick<
  ReplayOptions,
  | 'mode'
  | 'conntrack'
  | 'timeouts'
  | 'maxConnections'
  | 'liberal'
  | 'kernel'
  | 'verifyChecksums'
  | 'tunnels'
  | 'duplicates'
>;

export interface CapturePoint {
  /** Paths: one, or the files of a rotation. */
  readonly captures: readonly string[];
  /** Its number in the run, from 0, and how many there are. */
  readonly index: number;
  readonly of: number;
  /** runOf(). */
  readonly run: string;
  /** Of this point; absent: all of it. */
  readonly share?: ShareOf;
}

export interface PointHooks {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: ReplayOptions['onProgress'];
}

export async function replayPoint(
  { captures: named, index, of, run, share }: CapturePoint,
  compiled: Compiled,
  options: PointOptions,
  { environment, signal, onProgress }: PointHooks,
): Promise<Part | null> {
  const captures = await inOrder(named);
  const module = loadFastPath(environment);
  const fastPath = module === null ? null : createFastPath(module, options, compiled);
  const source = await openPoint(captures, onFastPath(fastPath), signal);
  if (source === null) return null;
  const collecting = createCollecting();
  try {
    const table = conntrackOf(options, compiled);
    const mine = share === undefined ? null : createShare(share, compiled, { table });
    const given = { ...options, captures, fastPath, signal, onProgress, share: mine };
    const { interrupted } = await replay(source, compiled, given, [collecting]);
    if (interrupted) return null;
  } finally {
    source.close();
  }
  const { about, found, facts } = collecting;
  const piece: Piece = { from: index, to: index + 1, found };
  const room = capacityOf(options);
  const pieces = [share === undefined ? piece : { ...piece, share: { ...share, ...facts, room } }];
  return { schema: PART_SCHEMA, run, of, about, pieces };
}

/** @returns null where it was aborted */
async function openPoint(
  captures: readonly string[],
  options: Omit<CaptureOptions, 'capture'>,
  signal: AbortSignal = new AbortController().signal,
): Promise<FrameSource | null> {
  if (captures.length === 1) return openCaptures(captures, options, signal);
  const bytes = captures.map(sizeOf).reduce((sum, size) => sum + size, 0);
  return chainCaptures(
    captures.map(path => () => openCaptures([path])),
    bytes,
  );
}

/** The files of a rotation in order of their first packets: names begin anew where the oldest file is written over. */
async function inOrder(captures: readonly string[]): Promise<readonly string[]> {
  if (captures.length === 1) return captures;
  const begun: { readonly path: string; readonly seconds: number; readonly nanoseconds: number }[] = [];
  for (const path of captures) {
    const source = await openCaptures([path], { bufferLength: BEGINNING });
    try {
      const batch = await source.next();
      // One without packets stays behind the one before it.
      const before = begun.at(-1) ?? { seconds: 0, nanoseconds: 0 };
      const isEmpty = batch === null || batch.count === 0;
      const time = isEmpty ? before : { seconds: batch.seconds[0]!, nanoseconds: batch.nanoseconds[0]! };
      begun.push({ ...time, path });
    } finally {
      source.close();
    }
  }
  return begun.sort((a, b) => a.seconds - b.seconds || a.nanoseconds - b.nanoseconds).map(({ path }) => path);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    throw new SourceError(`${path}: ${reason(error)}`);
  }
}

/** What tells runs apart: parts of different ones do not join. @param documents with their bytes, in order */
export function runOf(
  version: string,
  captures: readonly (readonly string[])[],
  documents: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  options: Readonly<Record<string, unknown>>,
): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([version, captures, options]));
  for (const { name, bytes } of documents) hash.update(JSON.stringify([name, bytes.length])).update(bytes);
  return hash.digest('hex');
}
