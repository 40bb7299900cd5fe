/**
 * The ring as a source of parsed batches, for the thread that judges.
 *
 * In:  the ring, and what the reading thread sends beside it.  Out: a PacketSource: interfaces, errors, bytes read and steps
 * back are those of the batches taken so far, as if they had been read here.
 * It waits a moment without letting anything else run, then gives a promise, so that signals are served.
 */
import { CaptureError, type CaptureInterface } from '../capture/frame.js';
import type { PacketSource, ReadBatch } from '../packets.js';
import type { News } from './reading.js';
import { JUDGE_BELL, PARSER_BELL, READ, READER_BELL, RELEASED, type Ring, STOPPED, TAKEN } from './ring.js';
import type { SharedCounting } from './shared-counting.js';

/** Milliseconds that it waits at once; reading a batch takes tenths of one. */
const MOMENT = 10;

export class RingSource implements PacketSource {
  readonly interfaces: CaptureInterface[] = [];
  errors: readonly CaptureError[] = [];
  bytesRead = 0;
  stepsBack = 0;
  private batch = 0;
  private isOver = false;
  private failure: Error | null = null;
  private wake: () => void = () => {};

  /** @param receive the next message of the reading thread @param stop ends it, and all that parse */
  constructor(
    private readonly ring: Ring,
    readonly counting: SharedCounting,
    readonly bytesTotal: number | undefined,
    private readonly receive: () => News,
    private readonly stop: () => void,
  ) {}

  nextBatch(): ReadBatch | null | Promise<ReadBatch | null> {
    const { ring } = this;
    if (this.isOver) return null;
    if (this.batch >= 2) ring.set(RELEASED, this.batch - 1);
    // Waking a thread takes microseconds: it is left asleep while there is enough, and then finds more to do at once.
    if (((ring.get(READ) - this.batch) | 0) <= ring.size / 2) ring.ring(READER_BELL);
    for (;;) {
      const heard = ring.get(JUDGE_BELL);
      if (this.isThere()) return this.take();
      if (this.help()) continue;
      if (!ring.wait(JUDGE_BELL, heard, MOMENT)) return this.later();
    }
  }

  close(): void {
    if (this.ring.get(STOPPED) !== 0) return;
    this.isOver = true;
    this.ring.set(STOPPED, 1);
    this.ring.ring(READER_BELL);
    this.ring.ring(PARSER_BELL);
    this.stop();
    this.wake();
  }

  /** A thread is no more. */
  ended(failure: Error): void {
    this.failure ??= failure;
    this.wake();
  }

  private async later(): Promise<ReadBatch | null> {
    for (;;) {
      const { value } = Atomics.waitAsync(this.ring.words, JUDGE_BELL, this.ring.get(JUDGE_BELL));
      if (this.isOver) return null;
      if (this.isThere()) return this.take();
      if (this.failure !== null) throw this.failure;
      this.help();
      await new Promise<void>(resolve => {
        this.wake = resolve;
        Promise.resolve(value).then(() => resolve());
      });
    }
  }

  /** What is counted makes room in the ring. */
  private help(): boolean {
    const hasHelped = this.counting.help(true);
    if (hasHelped) this.ring.ring(READER_BELL);
    return hasHelped;
  }

  private isThere(): boolean {
    return ((this.ring.get(READ) - this.batch) | 0) > 0;
  }

  private take(): ReadBatch | null {
    const { ring, batch } = this;
    const entry = ring.entry(batch);
    const { bytesRead, stepsBack, hasMessage, isEnd } = ring.hear(batch);
    this.bytesRead = bytesRead;
    this.stepsBack = stepsBack;
    const news = hasMessage ? this.receive() : null;
    if (news !== null) {
      this.interfaces.push(...news.interfaces);
      this.errors = news.errors.map(
        ({ capture, offset, expected, found, hint }) => new CaptureError(capture, offset, expected, found, hint),
      );
    }
    this.isOver = isEnd;
    if (isEnd) return null;
    this.batch = batch + 1;
    ring.set(TAKEN, this.batch);
    this.counting.taken(batch);
    return news?.bytes ? { ...entry, frames: { ...entry.frames, bytes: news.bytes } } : entry;
  }
}
