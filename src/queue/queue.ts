/**
 * The queue itself: two of BullMQ's, and what stands in their jobs.
 *
 * `points` holds a job for each capture point, or for each of its shares, `jobs` one for each submission, which becomes ready when all of its points
 * have ended, done or not: then it merges. Names of policap's version: workers of another one judge otherwise, and take none.
 * What has ended is forgotten by the queue after KEPT; the store keeps it.
 */
import type { FlowProducer, Queue, Job as QueueJob } from 'bullmq';
import type { BullMQ, Client } from './client.js';
import { type Job, taskAt, tasksOf } from './job.js';

export interface PointData {
  readonly job: string;
  /** Which of the job's tasks. */
  readonly point: number;
  /** Their paths. */
  readonly captures: readonly string[];
  readonly bytes: number;
}

export interface PointDone {
  readonly packets: number;
  readonly bytes: number;
}

/** While it goes on. */
export interface PointProgress extends PointDone {
  readonly worker: string;
}

export interface SubmissionData {
  readonly job: string;
  readonly points: number;
  readonly captures: number;
  readonly bytes: number;
  /** For people. */
  readonly store: string;
}

export type PointJob = QueueJob<PointData, PointDone>;
export type SubmissionJob = QueueJob<SubmissionData, { readonly points: number }>;

export const POINTS = 'points';
export const JOBS = 'jobs';

/** Seconds: thirty days. */
const KEPT = 30 * 24 * 3600;
/** How often a point is tried where the fault may be the machine's, and the first wait in milliseconds, which doubles. */
const ATTEMPTS = 4;
const WAIT = 1000;

export const prefixOf = (version: string): string => `policap-${version}`;

export interface Queues {
  readonly client: Client;
  readonly prefix: string;
  readonly points: Queue<PointData, PointDone>;
  readonly jobs: Queue<SubmissionData, { readonly points: number }>;
  readonly flow: FlowProducer;
  close(): Promise<void>;
}

export function openQueues(client: Client, version: string): Queues {
  const { Queue, FlowProducer }: BullMQ = client.bullmq;
  const options = { connection: client.redis, prefix: prefixOf(version) };
  const points = new Queue<PointData, PointDone>(POINTS, options);
  const jobs = new Queue<SubmissionData, { readonly points: number }>(JOBS, options);
  const flow = new FlowProducer(options);
  // The client tells of them.
  const quiet = (): void => {};
  points.on('error', quiet);
  jobs.on('error', quiet);
  flow.on('error', quiet);
  return {
    client,
    prefix: options.prefix,
    points,
    jobs,
    flow,
    async close() {
      await Promise.all([points.close(), jobs.close(), flow.close()]);
    },
  };
}

export const pointId = (job: string, point: number): string => `${job}-${point + 1}`;

const bytesOf = (captures: readonly { readonly bytes: number }[]): number =>
  captures.reduce((sum, { bytes }) => sum + bytes, 0);

/** A submission and its points, put there in one transaction. */
export async function addToQueue({ flow }: Queues, id: string, job: Job, store: string): Promise<void> {
  const again = {
    attempts: ATTEMPTS,
    backoff: { type: 'exponential', delay: WAIT, jitter: 0.5 },
    removeOnComplete: { age: KEPT },
    removeOnFail: { age: KEPT },
    stackTraceLimit: 0,
  };
  const captures = job.points.flat();
  const data: SubmissionData = {
    job: id,
    points: tasksOf(job),
    captures: captures.length,
    // Each share reads all of its point.
    bytes: bytesOf(captures) * (job.shares ?? 1),
    store,
  };
  await flow.add({
    name: 'merge',
    queueName: JOBS,
    data,
    opts: { ...again, jobId: id },
    children: Array.from({ length: tasksOf(job) }, (_, point) => {
      const files = taskAt(job, point)!.captures;
      return {
        name: 'point',
        queueName: POINTS,
        data: {
          job: id,
          point,
          captures: files.map(({ path }) => path),
          bytes: bytesOf(files),
        } satisfies PointData,
        opts: { ...again, jobId: pointId(id, point), ignoreDependencyOnFailure: true },
      };
    }),
  });
}
