/**
 * The parts of a job -> its result, in the store.
 *
 * In:  a job whose points have ended.  Out: the result, of the parts that there are; points that were set aside are missing in
 * it. Written again only where it holds more points than before, so it makes no difference how often, or by whom.
 */
import { joinParts } from '../parts/join.js';
import type { Part } from '../parts/part.js';
import { readPart } from '../parts/read.js';
import { type Job, partName, readJob, resultName, tasksOf } from './job.js';
import type { Store } from './store.js';

/** Parts that are joined at once: between these the event loop is served. */
const TOGETHER = 32;

export const pointsIn = ({ pieces }: Part): number =>
  pieces.reduce((sum, { from, to, share }) => (share === undefined ? sum + to - from : sum), 0);

const tasksIn = ({ pieces }: Part, { shares = 1 }: Job): number =>
  pieces.reduce((sum, { from, to, share }) => sum + (share === undefined ? (to - from) * shares : 1), 0);

/** @returns null where there is none @throws Error where what the store holds is no part */
export async function readStoredPart(store: Store, name: string): Promise<Part | null> {
  const bytes = await store.read(name);
  if (bytes === null) return null;
  const read = readPart(bytes.toString());
  if ('problem' in read) throw new Error(`${name} in the store ${store.name}: ${read.problem}`);
  return read.part;
}

/** @returns how many of the job's tasks the result holds */
export async function mergeJob(store: Store, id: string): Promise<number> {
  const job = await readJob(store, id);
  const all = tasksOf(job);
  let result: Part | null = null;
  for (let from = 0; from < all; from += TOGETHER) {
    const names = Array.from({ length: Math.min(TOGETHER, all - from) }, (_, i) => partName(id, from + i));
    const read = await Promise.all(names.map(name => readStoredPart(store, name)));
    const parts: Part[] = [result, ...read].filter(part => part !== null);
    if (parts.length > 0) result = joinParts(parts);
  }
  if (result === null) return 0;
  const before = await readStoredPart(store, resultName(id));
  if (before === null || tasksIn(before, job) < tasksIn(result, job)) {
    await store.write(resultName(id), `${JSON.stringify(result)}\n`);
  }
  return tasksIn(result, job);
}
