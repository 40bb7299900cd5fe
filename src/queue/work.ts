/**
 * A worker: takes points from the queue, replays each in a thread, and merges jobs whose points have ended.
 *
 * In:  the queue, a store, what to do.  Out: parts and results in the store. The queue delivers at least once: a worker that
 * dies or hangs loses its lock, and another one gets the point. Parts are named by what they are of, and the first one that is
 * written stays, so nothing is counted twice. A fault of the capture sets the point aside at once (poison); any other one
 * is tried again, later each time.
 */
import { hostname } from 'node:os';
import type { Worker } from 'bullmq';
import { SourceError } from '../node/sources.js';
import type { Client } from './client.js';
import { checkCapture, ID, type Job, partName, readJob, readStored, taskAt } from './job.js';
import { mergeJob, readStoredPart } from './merge.js';
import {
  JOBS,
  POINTS,
  type PointData,
  type PointDone,
  type PointJob,
  type PointProgress,
  prefixOf,
  type SubmissionData,
} from './queue.js';
import type { Store } from './store.js';
import { GivenBack, Threads } from './threads.js';

export interface WorkOptions {
  readonly version: string;
  /** Points at once. */
  readonly concurrency: number;
  /** Milliseconds without progress after which a thread is given up. */
  readonly stall: number;
  /** Milliseconds after which a point of a worker that is not heard of goes to another one. */
  readonly lock: number;
  /** One sentence for whoever watches the worker. */
  readonly say: (sentence: string) => void;
  /** The threads' program (threads.ts). */
  readonly program?: URL;
}

/** Both take no more; the answer is false where threads are stuck (threads.ts). */
export interface Working {
  /** Resolves when what it has is done. */
  finish(): Promise<boolean>;
  /** Gives back what it has. */
  giveBack(): Promise<boolean>;
}

/** How often a point may be lost with its worker before it is set aside: it may be the capture that kills it. */
const MOST_LOSSES = 3;
/** Milliseconds between two reports of progress to the queue, and between attempts to tell it that a point is done. */
const BETWEEN = 500;
const AGAIN = 1000;

const WORKER = `${hostname()}:${process.pid}`;

export function startWorking(client: Client, store: Store, options: WorkOptions): Working {
  const { bullmq, redis } = client;
  const { concurrency, lock, say, version } = options;
  const threads = new Threads(options.stall, options.program);
  const stop = new AbortController();
  const jobs = new Map<string, Promise<Job>>();

  const job = (id: string): Promise<Job> => {
    const known = jobs.get(id) ?? readJob(store, id);
    jobs.clear();
    jobs.set(id, known);
    known.catch(() => jobs.delete(id));
    return known;
  };

  const foundBefore = async ({ job: id, point, bytes }: PointData): Promise<PointDone | null> => {
    const part = await readStoredPart(store, partName(id, point));
    return part === null ? null : { packets: sum(part.pieces.flatMap(({ found }) => found.packets)), bytes };
  };

  const replayPoint = async (queued: PointJob): Promise<PointDone> => {
    const { job: id, point } = queued.data;
    const name = partName(id, point);
    const whole = await job(id);
    const { points, run, options: how, documents, rules, profile, staged } = whole;
    const task = taskAt(whole, point);
    if (task === null) throw new bullmq.UnrecoverableError(`job ${id} has no point ${point}`);
    const { captures, share } = task;
    for (const capture of captures) await checkCapture(capture);
    const { part, packets } = await threads.run(
      {
        job: id,
        captures: captures.map(({ path }) => path),
        index: task.point,
        of: points.length,
        run,
        share,
        options: how,
        documents: async () => ({
          files: await readStored(store, documents),
          rules: await readStored(store, rules),
          profile,
          staged,
        }),
      },
      { signal: stop.signal, onProgress: reporting(queued) },
    );
    // Whoever was first: the same was found.
    if (!(await store.has(name))) await store.write(name, `${part}\n`);
    return { packets, bytes: queued.data.bytes };
  };

  const process = async (queued: PointJob, token?: string): Promise<PointDone> => {
    // What stands in the queue may come from anyone who can reach it; a name must stay a name in the store.
    if (!ID.test(queued.data.job)) throw new bullmq.UnrecoverableError('no point of a job');
    try {
      const known = await foundBefore(queued.data);
      const done = known ?? (await replayPoint(queued));
      say(`${where(queued.data)}: ${known === null ? `${done.packets} packets` : 'was done before'}`);
      return done;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof GivenBack) {
        await queued.moveToWait(token);
        say(`${where(queued.data)}: given back`);
        throw new bullmq.WaitingError();
      }
      if (error instanceof SourceError) {
        say(`${where(queued.data)}: set aside: ${why}`);
        throw new bullmq.UnrecoverableError(why);
      }
      say(`${where(queued.data)}: failed: ${why}`);
      throw new Error(why);
    }
  };

  const common = {
    connection: redis,
    prefix: prefixOf(version),
    name: WORKER,
    lockDuration: lock,
    stalledInterval: lock,
    maxStalledCount: MOST_LOSSES,
    runRetryDelay: AGAIN,
  };
  const workers: Worker[] = [
    new bullmq.Worker<PointData, PointDone>(POINTS, process, { ...common, concurrency }),
    new bullmq.Worker<SubmissionData, { points: number }>(
      JOBS,
      async ({ data }) => {
        if (!ID.test(data.job)) throw new bullmq.UnrecoverableError('no job');
        const points = await mergeJob(store, data.job);
        say(`${data.job}: ${points} of ${data.points} points merged`);
        return { points };
      },
      common,
    ),
  ];
  for (const worker of workers) worker.on('error', error => tell(error, say));
  sayConnection(client, say);

  const close = async (): Promise<boolean> => {
    await Promise.all(workers.map(worker => worker.close()));
    const haveEnded = await threads.close();
    redis.disconnect();
    return haveEnded;
  };
  return {
    finish: close,
    giveBack() {
      stop.abort();
      return close();
    },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const where = ({ job, point, captures }: PointData): string =>
  `${job} point ${point + 1} (${captures[0]}${captures.length > 1 ? ` and ${captures.length - 1} more` : ''})`;

/** To the queue, one report at a time; one that cannot be made is left out. */
function reporting(queued: PointJob): (packets: number, bytes: number) => void {
  let isReporting = false;
  let reported = Number.NEGATIVE_INFINITY;
  return (packets, bytes) => {
    if (isReporting || performance.now() - reported < BETWEEN) return;
    reported = performance.now();
    isReporting = true;
    const done = (): void => {
      isReporting = false;
    };
    queued.updateProgress({ packets, bytes, worker: WORKER } satisfies PointProgress).then(done, done);
  };
}

/** What BullMQ reports beside the jobs' own failures. */
function tell({ name, message }: Error, say: WorkOptions['say']): void {
  if (/lock/i.test(message)) {
    say('a point was taken by another worker meanwhile, since this one was not heard of; it is counted once');
  } else if (!CONNECTION.test(`${name} ${message}`)) say(`warning: ${message}`);
}

/** sayConnection() tells of it. */
const CONNECTION = /ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|Connection|closed|LOADING|Stream isn't/i;

function sayConnection({ redis, name }: Client, say: WorkOptions['say']): void {
  let isAway = false;
  redis.on('reconnecting', () => {
    if (!isAway) say(`${name} is away; waiting for it`);
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) say(`${name} is back`);
    isAway = false;
  });
}
