/**
 * policap submit: captures, documents and options -> a job in the store and in the queue; its id on standard output.
 *
 * What is wrong with the documents, the options or a capture's path is said here, and not by a worker in the night.
 */
import { resolve } from 'node:path';
import type { Compiled } from '../compile.js';
import { type PointOptions, runOf } from '../node/replay-point.js';
import { undivided } from '../parts/divisible.js';
import { capturePoints } from '../parts/points.js';
import { withClient } from '../queue/client.js';
import { createJob, type NamedBytes, type StoredCapture, storedCapture, storedFile, storeJob } from '../queue/job.js';
import { openStore } from '../queue/open-store.js';
import { openQueues } from '../queue/queue.js';
import { type Submitted, submitJob } from '../queue/submit.js';
import { conntrackOf } from '../replay-memory.js';
import { plural } from '../report/style.js';
import { compileInput, readFiles } from './documents.js';
import { EXIT_DONE, UsageError } from './errors.js';
import { checkConntrack } from './options.js';
import { pointOptions } from './part.js';
import { checkTable } from './replay.js';
import type { ReplayCommandOptions } from './replay-command.js';
import type { SubmitCommandOptions } from './submit-command.js';
import { styleFor, type Terminal } from './terminal.js';
import { version } from './version.js';

const WHAT: Readonly<Record<Submitted, string>> = {
  queued: 'queued',
  running: 'in the queue already',
  done: 'done already',
  again: 'queued again for what was set aside',
};

/** Milliseconds between two lines of progress. */
const BETWEEN = 200;

export async function runSubmit(
  paths: readonly string[],
  options: SubmitCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const replayed: ReplayCommandOptions = { ...options, output: 'part', records: 'packets', workers: 1 };
  checkConntrack(options.conntrack);
  if (paths.includes('-')) throw new UsageError('a capture from standard input has no place in a queue', 'give files');
  const { policies = [], cluster = [], profile, staged } = options;
  const documents = readFiles([...policies, ...cluster], refuseInput);
  const rules = readFiles(options.rules ?? [], refuseInput);
  const errors = styleFor(options.color, terminal.errIsTerminal, terminal.environment);
  const compiled = compileInput(options, terminal, errors);
  checkTable(replayed, compiled);

  return withClient(options.queue, async client => {
    const store = await openStore(options.store, terminal.environment, { create: true });
    const points = await storedPoints(paths, terminal);
    const how = pointOptions(replayed);
    const shares = sharesOf(options.shares ?? 1, compiled, how, terminal);
    const names = points.map(files => files.map(({ path }) => path));
    const { id, job } = createJob({
      version: version(),
      run: runOf(version(), names, [...documents, ...rules], { profile, staged, ...how }),
      documents: documents.map(storedFile),
      rules: rules.map(storedFile),
      profile,
      staged,
      options: how,
      points,
      ...(shares > 1 && { shares }),
    });
    await storeJob(store, id, job, [...documents, ...rules] satisfies NamedBytes[]);
    const queues = openQueues(client, version());
    try {
      const submitted = await submitJob(queues, store, id, job);
      terminal.write(`${id}\n`);
      const captures = plural(names.flat().length, 'capture');
      const divided = shares > 1 ? `, ${shares} shares each` : '';
      terminal.say(`policap: ${captures} at ${plural(points.length, 'point')}${divided}: ${WHAT[submitted]}`);
      return EXIT_DONE;
    } finally {
      await queues.close();
    }
  });
}

/** 1 where flows cannot be told apart, and why is said. */
function sharesOf(asked: number, compiled: Compiled, options: PointOptions, terminal: Terminal): number {
  if (asked === 1) return 1;
  const whole = undivided(compiled, { mode: options.mode ?? 'what-if', table: conntrackOf(options, compiled) });
  if (whole === null) return asked;
  terminal.say(`policap: points are not divided: ${whole.why}; ${whole.instead}`);
  return 1;
}

const refuseInput = (): never => {
  throw new UsageError(
    'documents from standard input have no place in a queue',
    'give them as files: the same submission again is the same job',
  );
};

/** Reads every capture once, for its content is in the job's id. */
async function storedPoints(paths: readonly string[], terminal: Terminal): Promise<StoredCapture[][]> {
  const points: StoredCapture[][] = [];
  let read = 0;
  let shown = performance.now();
  const show = (bytes: number): void => {
    read += bytes;
    if (!terminal.errIsTerminal || performance.now() - shown < BETWEEN) return;
    shown = performance.now();
    terminal.progress(`reading captures  ${(read / 1e6).toFixed(0)} MB`);
  };
  try {
    for (const files of capturePoints(paths.map(path => resolve(path)))) {
      const stored: StoredCapture[] = [];
      for (const path of files) stored.push(await storedCapture(path, show));
      points.push(stored);
    }
  } finally {
    if (terminal.errIsTerminal) terminal.progress('');
  }
  return points;
}
