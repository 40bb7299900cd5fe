/**
 * policap status: what the queue tells, as text or json.
 */
import { withClient } from '../queue/client.js';
import { ID } from '../queue/job.js';
import { openQueues } from '../queue/queue.js';
import { failureText, type JobStatus, readStatus, type Status } from '../queue/status.js';
import { count, plural, type Style } from '../report/style.js';
import { EXIT_DONE, UsageError } from './errors.js';
import type { StatusCommandOptions } from './status-command.js';
import { styleFor, type Terminal } from './terminal.js';
import { version } from './version.js';

/** Points that were set aside, shown of each job where all jobs are. */
const SHOWN = 5;

export async function runStatus(
  id: string | undefined,
  options: StatusCommandOptions,
  terminal: Terminal,
): Promise<number> {
  checkId(id);
  const status = await statusOf(options.queue, id);
  if (options.output === 'json') terminal.write(`${JSON.stringify(status, null, 2)}\n`);
  else {
    const style = styleFor(options.color, terminal.outIsTerminal, terminal.environment);
    terminal.write(`${textOf(status, id === undefined ? SHOWN : Number.POSITIVE_INFINITY, style).join('\n')}\n`);
  }
  return EXIT_DONE;
}

/** @throws UsageError */
export function checkId(id: string | undefined): void {
  if (id !== undefined && !ID.test(id)) {
    throw new UsageError(`${id}: is no id of a job`, 'policap submit prints it; policap status lists all of them');
  }
}

/** @throws UsageError where there is no such job, QueueError */
const statusOf = (queue: string, id: string | undefined): Promise<Status> =>
  withClient(queue, async client => {
    const queues = openQueues(client, version());
    try {
      const status = await readStatus(queues, id ?? null);
      if (status !== null) return status;
      throw new UsageError(
        `${client.name} has no job ${id} of policap ${version()}`,
        'policap status lists what it has; what is done is forgotten after 30 days, and the store keeps it',
      );
    } finally {
      await queues.close();
    }
  });

function textOf({ queue, workers, jobs }: Status, most: number, style: Style): string[] {
  const none = jobs.length === 0 ? ['no jobs'] : [];
  return [`${queue}  ${plural(workers, 'worker')}`, ...none, ...jobs.flatMap(job => jobText(job, most, style))];
}

function jobText(job: JobStatus, most: number, style: Style): string[] {
  const { points, bytes, failed } = job;
  const share = bytes.total === 0 ? 100 : Math.floor((bytes.done / bytes.total) * 100);
  const parts = [
    `${count(points.done)} of ${plural(points.total, 'point')} done`,
    ...(['active', 'waiting', 'retrying'] as const).flatMap(state =>
      points[state] > 0 ? [`${count(points[state])} ${state}`] : [],
    ),
    ...(points.failed > 0 ? [style('red', `${count(points.failed)} set aside`)] : []),
  ];
  const shown = failed.slice(0, most);
  return [
    '',
    `${style('bold', job.id)}  ${job.state}  ${job.submitted}  ${plural(job.captures, 'capture')}`,
    `    ${parts.join(', ')}`,
    `    ${plural(job.packets, 'packet')}, ${share} % of ${megabytes(bytes.total)}`,
    ...(job.error === undefined ? [] : [`    ${style('red', 'error:')} ${job.error}`]),
    ...shown.map(it => `    point ${it.point} after ${plural(it.attempts, 'attempt')}: ${failureText(it)}`),
    ...(failed.length > shown.length
      ? [`    and ${count(failed.length - shown.length)} more: policap status ${job.id}`]
      : []),
  ];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
