/**
 * A job: what is judged by what, as it stands in the store (schema `policap.job/1`), and the name that follows from it.
 *
 * In:  captures by path, documents, options.  Out: a Job. Its id is a hash of all of it: policap's version, options, the
 * documents' names and contents, the captures' paths, sizes and contents. So the same submission is the same job, and a
 * capture that has changed is another one. Every capture is read once for this.
 */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { CapturePoint, PointOptions } from '../node/replay-point.js';
import { reason, SourceError } from '../node/sources.js';
import type { ProfileName } from '../profile/profile.js';
import { QueueError } from './errors.js';
import type { Store } from './store.js';

const JOB_SCHEMA = 'policap.job/1';

export interface Job {
  readonly schema: typeof JOB_SCHEMA;
  readonly version: string;
  /** Of its parts (parts/part.ts). */
  readonly run: string;
  /** -p and -c, and --rules. */
  readonly documents: readonly StoredFile[];
  readonly rules: readonly StoredFile[];
  readonly profile?: ProfileName;
  readonly staged?: boolean;
  readonly options: PointOptions;
  /** Captures of one point, in their order. */
  readonly points: readonly (readonly StoredCapture[])[];
  /** How many shares each point is divided into, by flow; absent where none is. */
  readonly shares?: number;
}

/** What one worker does at once: a point, or a share of it. */
export interface JobTask {
  readonly point: number;
  readonly captures: readonly StoredCapture[];
  readonly share: CapturePoint['share'];
}

export interface StoredFile {
  readonly name: string;
  readonly sha256: string;
}

export interface StoredCapture {
  /** Where every worker reads it. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** What a job is called; a letter before its digits, since the queue keeps whole numbers for itself. */
const idOf = (text: string): string => `j${digest(text).slice(0, 19)}`;
export const ID = /^j[0-9a-f]{19}$/;

const jobName = (id: string): string => `${id}/job.json`;
const documentName = ({ sha256 }: StoredFile): string => `documents/${sha256}`;
export const partName = (id: string, task: number): string => `${id}/point-${task + 1}.json`;
export const resultName = (id: string): string => `${id}/result.json`;

/** Tasks are numbered from 0: point after point, share after share. */
export const tasksOf = ({ points, shares = 1 }: Job): number => points.length * shares;

/** @returns null where there is no such task */
export function taskAt({ points, shares = 1 }: Job, task: number): JobTask | null {
  const point = Math.floor(task / shares);
  const captures = points[point];
  if (captures === undefined) return null;
  return { point, captures, share: shares === 1 ? undefined : { index: task % shares, of: shares } };
}

/** @throws SourceError where the capture cannot be read @param onRead bytes of it, as they are read */
export async function storedCapture(path: string, onRead: (bytes: number) => void): Promise<StoredCapture> {
  const { size } = await statusOf(path);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer);
      onRead((chunk as Buffer).length);
    }
  } catch (error) {
    throw new SourceError(`${path}: ${reason(error)}`);
  }
  return { path, bytes: size, sha256: hash.digest('hex') };
}

/** Whether it is still what was submitted, by its size. @throws SourceError */
export async function checkCapture({ path, bytes }: StoredCapture): Promise<void> {
  const { size } = await statusOf(path);
  if (size !== bytes) {
    throw new SourceError(`${path}: has ${size} bytes now, and had ${bytes} when it was submitted; submit it again`);
  }
}

async function statusOf(path: string): Promise<Stats> {
  let status: Stats;
  try {
    status = await stat(path);
  } catch (error) {
    throw new SourceError(`${path}: ${reason(error)}`);
  }
  if (!status.isFile())
    throw new SourceError(`${path}: is no file; workers read captures from a folder that they share`);
  return status;
}

export const createJob = (job: Omit<Job, 'schema'>): { readonly id: string; readonly job: Job } => {
  const whole: Job = { schema: JOB_SCHEMA, ...job };
  return { id: idOf(JSON.stringify(whole)), job: whole };
};

export const storedFile = ({ name, bytes }: NamedBytes): StoredFile => ({ name, sha256: digest(bytes) });

/** Documents first: a job in the store is one that can be worked on. */
export async function storeJob(store: Store, id: string, job: Job, files: readonly NamedBytes[]): Promise<void> {
  for (const file of files) {
    const name = documentName(storedFile(file));
    if (!(await store.has(name))) await store.write(name, file.bytes);
  }
  if (!(await store.has(jobName(id)))) await store.write(jobName(id), `${JSON.stringify(job)}\n`);
}

/** @throws QueueError where the store has no such job */
export async function readJob(store: Store, id: string): Promise<Job> {
  const bytes = await store.read(jobName(id));
  if (bytes === null) {
    throw new QueueError(`the store ${store.name} has no job ${id}`, 'give the --store that it was submitted with');
  }
  return JSON.parse(bytes.toString()) as Job;
}

export async function readStored(store: Store, files: readonly StoredFile[]): Promise<NamedBytes[]> {
  return Promise.all(
    files.map(async file => {
      const bytes = await store.read(documentName(file));
      if (bytes === null) throw new QueueError(`the store ${store.name} has lost ${file.name} (${documentName(file)})`);
      return { name: file.name, bytes };
    }),
  );
}
