/**
 * policap fetch: a job's result from the store, printed as `merge` prints it.
 *
 * In:  a job that is done, or --wait.  Out: what all its points found together. Points that were set aside are left out of it:
 * their captures are named on stderr, and the exit code says so.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { withClient } from '../queue/client.js';
import { resultName } from '../queue/job.js';
import { readStoredPart } from '../queue/merge.js';
import { openStore } from '../queue/open-store.js';
import { openQueues, type Queues } from '../queue/queue.js';
import { failureText, type JobStatus, readStatus } from '../queue/status.js';
import { count, plural } from '../report/style.js';
import { EXIT_DAMAGED, EXIT_DONE, EXIT_INTERRUPTED, UsageError } from './errors.js';
import type { FetchCommandOptions } from './fetch-command.js';
import { printPart } from './merge.js';
import { checkId } from './status.js';
import { styleFor, type Terminal } from './terminal.js';
import { version } from './version.js';

/** Milliseconds between two looks at a job that is waited for; where a look takes long, for very many points, it is rarer. */
const BETWEEN = 500;
const TIMES = 4;

export async function runFetch(id: string, options: FetchCommandOptions, terminal: Terminal): Promise<number> {
  checkId(id);
  const store = await openStore(options.store, terminal.environment);
  const job = await withClient(options.queue, async client => {
    const queues = openQueues(client, version());
    try {
      return await ended(queues, id, options.wait ?? false, terminal);
    } finally {
      await queues.close();
    }
  });
  if (job === null) return EXIT_INTERRUPTED;
  if (job.state === 'failed') throw new UsageError(`job ${id} could not be merged: ${job.error}`, 'submit it again');
  const result = await readStoredPart(store, resultName(id));
  const code = result === null ? EXIT_DONE : printPart(result, options, terminal);
  if (job.failed.length === 0) {
    if (result !== null) return code;
    throw new UsageError(
      `the store ${store.name} has no result of job ${id}`,
      'give the --store that it was submitted with',
    );
  }
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  for (const point of job.failed) terminal.say(`policap: ${errors('red', 'error:')} ${failureText(point)}`);
  const missing = `${count(job.failed.length)} of ${plural(job.points.total, 'capture point')}`;
  terminal.say(
    `policap: ${missing} ${job.failed.length === 1 ? 'is' : 'are'} missing in the result; the same submission again tries them again`,
  );
  return EXIT_DAMAGED;
}

/** @returns null where the waiting was interrupted @throws UsageError where there is no such job, or it goes on */
async function ended(queues: Queues, id: string, waits: boolean, terminal: Terminal): Promise<JobStatus | null> {
  const stop = new AbortController();
  const release = terminal.onInterrupt(() => stop.abort());
  try {
    for (;;) {
      const began = performance.now();
      const job = (await readStatus(queues, id))?.jobs[0];
      if (job === undefined) {
        throw new UsageError(
          `${queues.client.name} has no job ${id} of policap ${version()}`,
          'policap status lists what it has',
        );
      }
      if (job.state === 'done' || job.state === 'failed') return job;
      const far = `${count(job.points.done)} of ${plural(job.points.total, 'point')} done`;
      if (!waits) throw new UsageError(`job ${id} goes on: ${far}`, '--wait waits for it, policap status tells more');
      if (stop.signal.aborted) return null;
      if (terminal.errIsTerminal) terminal.progress(`${far}  ${count(job.packets)} packets`);
      const pause = Math.max(BETWEEN, (performance.now() - began) * TIMES);
      await wait(pause, undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    release();
    if (terminal.errIsTerminal) terminal.progress('');
  }
}
