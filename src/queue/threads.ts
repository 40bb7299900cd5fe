/**
 * The threads in which a worker replays points, so that its own event loop stays free for the queue.
 *
 * In:  points of jobs.  Out: the part of each, as text. A thread that gives no sign of life for `stall` milliseconds is ended, and
 * its point fails; the next point gets a new thread. A thread that waits in the kernel, for a disk that is gone, cannot be ended.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SourceError } from '../node/sources.js';
import type { Documents, PointNews, PointTask } from './point-thread.js';

export interface PointRequest extends Omit<PointTask, 'documents'> {
  /** The job's id: the same documents. */
  readonly job: string;
  readonly documents: () => Promise<Documents>;
}

export interface PointHooks {
  /** Ends the thread. */
  readonly signal: AbortSignal;
  readonly onProgress: (packets: number, bytes: number) => void;
}

export interface PointPart {
  readonly part: string;
  readonly packets: number;
}

/** The point was taken away from the thread. */
export class GivenBack extends Error {
  override readonly name = 'GivenBack';
}

/** Milliseconds in which a thread ends that can. */
const ENDS = 2000;

interface Thread {
  readonly worker: Worker;
  job: string | null;
}

export class Threads {
  readonly #idle: Thread[] = [];
  readonly #ending = new Set<Worker>();

  /** @param program the thread's: another one for tests */
  constructor(
    private readonly stall: number,
    private readonly program: URL = new URL('./point-thread.js', import.meta.url),
  ) {}

  /** @throws SourceError where the capture is at fault, GivenBack where `signal` was aborted, Error for anything else */
  async run(request: PointRequest, hooks: PointHooks): Promise<PointPart> {
    const { documents, job, ...point } = request;
    const thread = this.#take();
    let isUsable = false;
    try {
      const task: PointTask = { ...point, documents: thread.job === job ? null : await documents() };
      thread.job = job;
      const news = await this.#answer(thread.worker, task, hooks);
      isUsable = true;
      if ('part' in news) return news;
      throw 'refused' in news ? new SourceError(news.refused) : new Error(news.failed);
    } finally {
      if (isUsable) this.#idle.push(thread);
      else this.#end(thread.worker);
    }
  }

  #take(): Thread {
    const idle = this.#idle.pop();
    // One that ended meanwhile has no number any more.
    return idle !== undefined && idle.worker.threadId >= 0 ? idle : this.#start();
  }

  #start(): Thread {
    const worker = new Worker(this.program);
    // What it throws while it is ended is nobody's.
    worker.on('error', () => {});
    return { worker, job: null };
  }

  #answer(
    worker: Worker,
    task: PointTask,
    { signal, onProgress }: PointHooks,
  ): Promise<Exclude<PointNews, { readonly alive: unknown }>> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        worker.off('message', heard).off('error', reject).off('exit', exited);
        settle();
      };
      const watch = (): void => {
        clearTimeout(timer);
        const hung = (): void => end(() => reject(new Error(`no progress for ${this.stall / 1000} seconds`)));
        timer = setTimeout(hung, this.stall);
      };
      const aborted = (): void => end(() => reject(new GivenBack('given back')));
      const exited = (code: number): void => end(() => reject(new Error(`the thread ended with ${code}`)));
      const heard = (news: PointNews): void => {
        if ('alive' in news) {
          watch();
          onProgress(news.alive.packets, news.alive.bytes);
        } else end(() => resolve(news));
      };
      if (signal.aborted) return aborted();
      signal.addEventListener('abort', aborted);
      worker.on('message', heard).on('error', reject).on('exit', exited);
      watch();
      worker.postMessage(task);
    });
  }

  /** Nobody waits for it: one that is stuck in the kernel does not end. */
  #end(worker: Worker): void {
    this.#ending.add(worker);
    void worker.terminate().then(() => this.#ending.delete(worker));
  }

  /** @returns false where threads are stuck: the process must be killed, for its exit would wait for them */
  async close(): Promise<boolean> {
    for (const { worker } of this.#idle.splice(0)) this.#end(worker);
    const end = performance.now() + ENDS;
    while (this.#ending.size > 0 && performance.now() < end) await wait(20);
    return this.#ending.size === 0;
  }
}
