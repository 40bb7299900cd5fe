/**
 * Counting that threads share, seen from the one that judges.
 *
 * In:  judged batches of the ring, and how to count what another thread leaves.  Out: every batch counted once, in order.
 * The other threads count in compiled code (counting.ts). At a packet that needs more they stop, and here the batch is
 * finished: when the next one is submitted, or where this thread would wait otherwise. Then it also counts what nobody has begun.
 */
import type { LaterCounting } from '../report/report.js';
import type { VerdictBatch } from '../verdict/verdict.js';
import { COUNTED, COUNTING, JUDGE, JUDGE_BELL, NOBODY, type Ring, STUCK, STUCK_AT, SUBMITTED } from './ring.js';

type Rest = (from: number) => void;

/**
 * Milliseconds of a wait, and waits in a row in which nothing happens: then the other threads are no more. They are counted, and
 * not the time: a process that was stopped for an hour and goes on has waited once.
 */
const MOMENT = 100;
const PATIENCE = 100;

export class SharedCounting implements LaterCounting {
  /** By task. */
  private readonly rests: Rest[] = [];
  /** By entry, the batch that was taken from it last. */
  private readonly batches: number[] = [];

  /**
   * @param prepare called once, before the first batch is submitted
   * @param patience waits in a row, a tenth of a second each, behind which the other threads are given up
   */
  constructor(
    private readonly ring: Ring,
    private prepare: (() => void) | null,
    private readonly patience = PATIENCE,
  ) {}

  taken(batch: number): void {
    this.batches[batch & (this.ring.size - 1)] = batch;
  }

  later(verdicts: VerdictBatch, rest: Rest): boolean {
    const { ring } = this;
    this.help(false);
    const entry = ring.entries.findIndex(it => it.verdicts === verdicts);
    // What was held back is a copy: it is counted here, and after all that came before.
    if (entry < 0) {
      this.settle();
      return false;
    }
    this.prepare?.();
    this.prepare = null;
    const task = ring.get(SUBMITTED);
    this.rests[task & (ring.size - 1)] = rest;
    ring.setTask(task, this.batches[entry]!);
    ring.set(SUBMITTED, task + 1);
    return true;
  }

  settle(): void {
    const { ring } = this;
    for (let idle = 0; idle < this.patience; ) {
      const heard = ring.get(JUDGE_BELL);
      if (ring.between(SUBMITTED, COUNTED) <= 0) return;
      idle = this.help(true) || ring.wait(JUDGE_BELL, heard, MOMENT) ? 0 : idle + 1;
    }
    throw new Error('a thread that reads the capture stopped while it counted');
  }

  /** Does the next batch, or the rest of it. @param begins also where nobody has begun. @returns whether it did */
  help(begins: boolean): boolean {
    const { ring } = this;
    if (ring.between(SUBMITTED, COUNTED) <= 0) return false;
    const isStuck = ring.exchange(COUNTING, STUCK, JUDGE);
    if (!isStuck && !(begins && ring.exchange(COUNTING, NOBODY, JUDGE))) return false;
    const isLeft = ring.between(SUBMITTED, COUNTED) > 0;
    if (isLeft) {
      const task = ring.get(COUNTED);
      this.rests[task & (ring.size - 1)]!(isStuck ? ring.get(STUCK_AT) : 0);
      ring.set(COUNTED, task + 1);
    }
    ring.set(COUNTING, NOBODY);
    return isLeft;
  }
}
