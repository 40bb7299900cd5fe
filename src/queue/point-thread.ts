/**
 * The program of a worker's thread: capture points of jobs, one after the other.
 *
 * In:  PointTask messages.  Out: `alive` now and then, and at the end the part as text, or why there is none. What was compiled
 * stays for the next point of the same job. The thread lives until it is ended.
 */
import { parentPort } from 'node:worker_threads';
import { type Compiled, compile } from '../compile.js';
import { readDocuments } from '../documents/read.js';
import { loadFastPath } from '../node/fast-path.js';
import { type CapturePoint, type PointOptions, replayPoint } from '../node/replay-point.js';
import { SourceError } from '../node/sources.js';
import type { ProfileName } from '../profile/profile.js';
import type { NamedBytes } from './job.js';

export interface PointTask {
  readonly captures: readonly string[];
  readonly index: number;
  readonly of: number;
  readonly run: string;
  /** Of the point; undefined: all of it. */
  readonly share: CapturePoint['share'];
  readonly options: PointOptions;
  /** Null where they are those of the task before. */
  readonly documents: Documents | null;
}

export interface Documents {
  readonly files: readonly NamedBytes[];
  readonly rules: readonly NamedBytes[];
  readonly profile: ProfileName | undefined;
  readonly staged: boolean | undefined;
}

export type PointNews =
  | { readonly alive: { readonly packets: number; readonly bytes: number } }
  | { readonly part: string; readonly packets: number }
  /** The capture's own fault: nothing of it can be read. */
  | { readonly refused: string }
  | { readonly failed: string };

/** Milliseconds between two signs of life. */
const BETWEEN = 200;

let compiled: Compiled | null = null;

function compileDocuments({ files, rules, profile, staged }: Documents): Compiled {
  const documents = files.flatMap(({ name, bytes }) => readDocuments(bytes, name).documents);
  const decoder = new TextDecoder();
  const ruleFiles = rules.map(({ name, bytes }) => ({ file: name, text: decoder.decode(bytes) }));
  const fastPath = ruleFiles.length > 0 ? loadFastPath(process.env) : null;
  const result = compile(documents, { profile, staged, ruleFiles, fastPath });
  if (result.compiled === null)
    throw new Error('the documents of the job do not compile here, as they did where it was submitted');
  return result.compiled;
}

async function work(task: PointTask): Promise<PointNews> {
  const { captures, index, of, run, share, options } = task;
  let told = Number.NEGATIVE_INFINITY;
  const tell = (packets: number, bytes: number): void => {
    if (performance.now() - told < BETWEEN) return;
    told = performance.now();
    parentPort!.postMessage({ alive: { packets, bytes } } satisfies PointNews);
  };
  tell(0, 0);
  if (task.documents !== null) compiled = compileDocuments(task.documents);
  const hooks = { environment: process.env, onProgress: tell };
  const point = { captures, index, of, run, ...(share !== undefined && { share }) };
  const part = (await replayPoint(point, compiled!, options, hooks))!;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  const packets = sum(part.pieces.flatMap(({ found }) => found.packets));
  const damage = part.pieces.flatMap(({ found }) => found.errors);
  const read = sum(part.pieces.flatMap(({ found }) => found.captures.map(it => it.packets)));
  if (read === 0 && damage.length > 0) throw new SourceError(damage.join('; '));
  return { part: JSON.stringify(part), packets };
}

parentPort!.on('message', async (task: PointTask) => {
  let news: PointNews;
  try {
    news = await work(task);
  } catch (error) {
    const { message } = error as Error;
    news = error instanceof SourceError ? { refused: message } : { failed: message };
  }
  parentPort!.postMessage(news);
});
