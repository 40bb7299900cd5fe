/**
 * The queue -> what stands where, as it is printed (schema `policap.status/1`).
 *
 * In:  the queue's own entries: the store is not asked.  Out: a line of facts a job, with its points and what was set aside.
 */
import type { PointJob, PointProgress, Queues, SubmissionJob } from './queue.js';
import { pointId } from './queue.js';

export interface Status {
  readonly schema: 'policap.status/1';
  /** Its address. */
  readonly queue: string;
  readonly workers: number;
  /** The newest first. */
  readonly jobs: readonly JobStatus[];
}

export interface JobStatus {
  readonly id: string;
  /** `running`: points are open; `merging`: all have ended; `failed`: they cannot be merged. */
  readonly state: 'running' | 'merging' | 'done' | 'failed';
  /** Why it is failed. */
  readonly error?: string;
  readonly submitted: string;
  readonly store: string;
  readonly captures: number;
  /** `retrying`: failed, and waits for another attempt; `failed`: set aside. */
  readonly points: {
    readonly total: number;
    readonly done: number;
    readonly active: number;
    readonly waiting: number;
    readonly retrying: number;
    readonly failed: number;
  };
  readonly packets: number;
  readonly bytes: { readonly done: number; readonly total: number };
  readonly failed: readonly FailedPoint[];
}

export interface FailedPoint {
  readonly point: number;
  readonly captures: readonly string[];
  readonly attempts: number;
  readonly error: string;
}

/** Entries that are asked for at once. */
const TOGETHER = 500;
/** BullMQ's words for a point whose workers died or hung again and again. */
const LOST = /stalled more than allowable/;

/** @param id null: all jobs @returns null where there is no such job */
export async function readStatus(queues: Queues, id: string | null): Promise<Status | null> {
  const submissions = (await (id === null
    ? queues.jobs.getJobs(['waiting-children', 'waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed'])
    : Promise.all([queues.jobs.getJob(id)]))) as readonly (SubmissionJob | undefined)[];
  const known = submissions.filter(it => it !== undefined).sort((a, b) => b.timestamp - a.timestamp);
  if (id !== null && known.length === 0) return null;
  const active = new Set((await queues.points.getActive()).map(point => point?.id));
  const jobs: JobStatus[] = [];
  for (const submission of known) jobs.push(await statusOf(queues, submission, active));
  const workers = await queues.points.getWorkersCount();
  return { schema: 'policap.status/1', queue: queues.client.name, workers, jobs };
}

async function statusOf(
  { points }: Queues,
  submission: SubmissionJob,
  active: ReadonlySet<string | undefined>,
): Promise<JobStatus> {
  const { job: id, points: total, captures, bytes, store } = submission.data;
  const count = { done: 0, active: 0, waiting: 0, retrying: 0, failed: 0 };
  const failed: FailedPoint[] = [];
  let packets = 0;
  let read = 0;
  for (let from = 0; from < total; from += TOGETHER) {
    const numbers = Array.from({ length: Math.min(TOGETHER, total - from) }, (_, i) => from + i);
    const some = (await Promise.all(numbers.map(point => points.getJob(pointId(id, point))))) as readonly PointJob[];
    for (const point of some) {
      // What is forgotten was done, a month ago.
      const state = point === undefined ? 'done' : stateOf(point, active);
      count[state]++;
      const progress = progressOf(point, state);
      packets += progress.packets;
      read += progress.bytes;
      if (state === 'failed') failed.push(failedPoint(point));
    }
  }
  const state = await submission.getState();
  return {
    id,
    state:
      state === 'completed'
        ? 'done'
        : state === 'failed'
          ? 'failed'
          : state === 'waiting-children'
            ? 'running'
            : 'merging',
    ...(state === 'failed' && { error: submission.failedReason }),
    submitted: new Date(submission.timestamp).toISOString(),
    store,
    captures,
    points: { total, ...count },
    packets,
    bytes: { done: read, total: bytes },
    failed,
  };
}

type State = 'done' | 'active' | 'waiting' | 'retrying' | 'failed';

function stateOf(point: PointJob, active: ReadonlySet<string | undefined>): State {
  // The reason of an attempt that failed stays when a later one does not.
  if (point.finishedOn !== undefined) return point.returnvalue === null ? 'failed' : 'done';
  if (active.has(point.id)) return 'active';
  return point.attemptsMade > 0 ? 'retrying' : 'waiting';
}

function progressOf(point: PointJob | undefined, state: State): { readonly packets: number; readonly bytes: number } {
  const nothing = { packets: 0, bytes: 0 };
  if (point === undefined) return nothing;
  if (state === 'done') return point.returnvalue ?? nothing;
  if (state !== 'active' || typeof point.progress !== 'object') return nothing;
  const { packets, bytes } = point.progress as PointProgress;
  return { packets, bytes };
}

const failedPoint = ({ data, failedReason, attemptsMade }: PointJob): FailedPoint => ({
  point: data.point + 1,
  captures: data.captures,
  attempts: attemptsMade,
  error: LOST.test(failedReason) ? 'its workers died or hung, one after the other' : failedReason,
});

/** With the captures, where the error does not begin with one. */
export function failureText({ captures, error }: FailedPoint): string {
  if (captures.some(capture => error.startsWith(capture))) return error;
  const more = captures.length > 1 ? ` and ${captures.length - 1} more` : '';
  return `${captures[0]}${more}: ${error}`;
}
