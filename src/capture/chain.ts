/**
 * Captures one after the other, as one: the files of a rotation.
 *
 * In:  what opens each, in order.  Out: one FrameSource; a capture is opened when the one before has ended, so that thousands
 * take no more memory and descriptors than one. A capture that ends in damage ends; the next ones go on. What cannot be
 * opened rejects next().
 */
import { Clock } from './clock.js';
import type { CaptureError, CaptureInterface, FrameBatch, FrameSource } from './frame.js';

/** @param bytesTotal of all together, where it is known */
export function chainCaptures(
  openers: readonly (() => Promise<FrameSource>)[],
  bytesTotal: number | undefined,
): FrameSource {
  return new ChainedSource(openers, bytesTotal);
}

class ChainedSource implements FrameSource {
  readonly interfaces: CaptureInterface[] = [];
  readonly errors: CaptureError[] = [];
  readonly #clock = new Clock();
  #current: FrameSource | null = null;
  #opened = 0;
  /** Of the current capture's interfaces among all. */
  #firstInterface = 0;
  #bytesBefore = 0;
  #isClosed = false;

  constructor(
    private readonly openers: readonly (() => Promise<FrameSource>)[],
    readonly bytesTotal: number | undefined,
  ) {}

  get bytesRead(): number {
    return this.#bytesBefore + (this.#current?.bytesRead ?? 0);
  }

  get stepsBack(): number {
    return this.#clock.stepsBack;
  }

  next(): FrameBatch | null | Promise<FrameBatch | null> {
    if (this.#current === null) return this.#openNext();
    const batch = this.#current.next();
    return batch instanceof Promise ? batch.then(late => this.#take(late)) : this.#take(batch);
  }

  close(): void {
    this.#isClosed = true;
    this.#current?.close();
  }

  #take(batch: FrameBatch | null): FrameBatch | null | Promise<FrameBatch | null> {
    const { interfaces } = this.#current!;
    for (let i = this.interfaces.length - this.#firstInterface; i < interfaces.length; i++) {
      this.interfaces.push({ ...interfaces[i]!, capture: this.#opened - 1 });
    }
    if (batch === null) {
      this.#end();
      return this.#openNext();
    }
    const { interfaceIndex, count } = batch;
    for (let i = 0; i < count; i++) interfaceIndex[i] = interfaceIndex[i]! + this.#firstInterface;
    this.#clock.watch(batch);
    return batch;
  }

  #end(): void {
    const ended = this.#current!;
    this.errors.push(...ended.errors);
    this.#bytesBefore += ended.bytesRead;
    ended.close();
    this.#current = null;
    this.#firstInterface = this.interfaces.length;
  }

  async #openNext(): Promise<FrameBatch | null> {
    const open = this.openers[this.#opened];
    if (open === undefined || this.#isClosed) return null;
    this.#opened++;
    this.#current = await open();
    if (this.#isClosed) this.#current.close();
    return this.next();
  }
}
