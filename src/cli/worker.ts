/**
 * policap worker: takes points from the queue until it is ended.
 *
 * The first interrupt (Ctrl-C, SIGTERM) lets it end what it has; the second gives that back. Where the queue's server is away
 * by then, or a thread waits for a disk that is gone, the process kills itself: what it had goes to others by itself.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from '../queue/client.js';
import { openStore } from '../queue/open-store.js';
import { startWorking } from '../queue/work.js';
import { EXIT_DONE, EXIT_INTERRUPTED } from './errors.js';
import type { Terminal } from './terminal.js';
import { version } from './version.js';
import type { WorkerCommandOptions } from './worker-command.js';

/** Milliseconds in which a worker that gives back what it has ends. */
const PATIENCE = 5000;

export async function runWorker(options: WorkerCommandOptions, terminal: Terminal): Promise<number> {
  const store = await openStore(options.store, terminal.environment);
  const client = await connect(options.queue, { patient: true });
  const say = (sentence: string): void => terminal.say(`policap worker: ${sentence}`);
  const working = startWorking(client, store, {
    version: version(),
    concurrency: options.concurrency,
    stall: options.stall * 1000,
    lock: options.lock * 1000,
    say,
  });
  say(`takes captures from ${client.name}, ${options.concurrency} at a time`);
  return new Promise((resolve, reject) => {
    let interrupts = 0;
    const release = terminal.onInterrupt(() => {
      interrupts++;
      if (interrupts === 1) {
        say('ends when it is done with what it has; once more gives it back to the queue');
        working.finish().then(haveEnded => end(haveEnded), reject);
      } else if (interrupts === 2) {
        Promise.race([working.giveBack(), wait(PATIENCE, false, { ref: false })]).then(
          haveEnded => end(haveEnded),
          reject,
        );
      }
    }, ['SIGTERM']);
    const end = (haveEnded: boolean): void => {
      release();
      if (!haveEnded) {
        say('something in it waits for a disk or for the queue, and does not end: it is killed');
        process.kill(process.pid, 'SIGKILL');
      }
      resolve(interrupts > 1 ? EXIT_INTERRUPTED : EXIT_DONE);
    };
  });
}
