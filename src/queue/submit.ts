/**
 * A submission -> the queue, once.
 *
 * In:  a job that the store has.  Out: what became of it. The same job again is the same entry of the queue: what goes on goes
 * on, what is done is left alone; where points were set aside these are tried again, and the parts of the others stay.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { QueueError } from './errors.js';
import { type Job, partName, resultName, tasksOf } from './job.js';
import { addToQueue, pointId, type Queues } from './queue.js';
import type { Store } from './store.js';

/** `queued`; `running`: it is in the queue already; `done`; `again`: with what was set aside. */
export type Submitted = 'queued' | 'running' | 'done' | 'again';

/** Milliseconds that one submission may take before another one of the same job believes that it died. */
const LONGEST = 60_000;
/** Entries that are removed at once. */
const TOGETHER = 500;

/** @throws QueueError */
export async function submitJob(queues: Queues, store: Store, id: string, job: Job): Promise<Submitted> {
  return alone(queues, id, async () => {
    const before = await queues.jobs.getJob(id);
    if (before !== undefined) {
      const state = await before.getState();
      if (state !== 'completed' && state !== 'failed') return 'running';
      if (await isWhole(store, id, job)) return 'done';
      await forget(queues, id, job);
    }
    await addToQueue(queues, id, job, store.name);
    return before === undefined ? 'queued' : 'again';
  });
}

async function isWhole(store: Store, id: string, job: Job): Promise<boolean> {
  for (let point = 0; point < tasksOf(job); point++) if (!(await store.has(partName(id, point)))) return false;
  return store.has(resultName(id));
}

async function forget({ jobs, points }: Queues, id: string, job: Job): Promise<void> {
  const all = tasksOf(job);
  for (let from = 0; from < all; from += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, all - from) }, (_, i) => points.remove(pointId(id, from + i)));
    await Promise.all(some);
  }
  await jobs.remove(id);
}

/** One submission of a job at a time, whoever submits it. */
async function alone<T>({ client: { redis }, prefix }: Queues, id: string, run: () => Promise<T>): Promise<T> {
  const key = `${prefix}:submitting:${id}`;
  const token = randomUUID();
  const end = performance.now() + LONGEST;
  while ((await redis.set(key, token, 'PX', LONGEST, 'NX')) === null) {
    if (performance.now() > end) throw new QueueError(`job ${id} is being submitted by someone else`, 'try it again');
    await wait(50);
  }
  try {
    return await run();
  } finally {
    if ((await redis.get(key)) === token) await redis.del(key);
  }
}
