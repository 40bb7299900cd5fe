/**
 * The reader behind every single capture: buffers, refilling, damage; the formats themselves are in their own files.
 *
 * In:  a ByteSource.  Out: FrameBatch after FrameBatch.
 *
 * Contract: two slots alternate, each a byte buffer and a batch. next() takes the slot of two calls ago, carries the
 * unparsed tail over from the other one and reads behind it, so that a batch stays valid until the second next() after
 * it. A buffer holds 128 kB (it stays in the cache); it doubles only when it is full of real bytes of one record, and
 * never beyond the record limit: a lying length costs nothing. Every read is followed by parsing, so a live stream's
 * frames are out as soon as they are whole.
 */
import { type Memory, OWN_MEMORY } from '../memory/memory.js';
import { newFrameBatch } from './adopt.js';
import { Clock, type countStepsBack } from './clock.js';
import type { Format } from './format.js';
import { type ByteSource, CaptureError, type CaptureInterface, type FrameBatch, type FrameSource } from './frame.js';

export interface Slot {
  view: DataView;
  readonly batch: FrameBatch;
}

/** @param frames how many frames the batch has room for; @param length bytes of its buffer */
export function createSlot(frames: number, length: number, memory: Memory = OWN_MEMORY): Slot {
  const batch = newFrameBatch(memory, frames, length);
  return { view: viewOf(batch.bytes), batch };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Gives the slot a buffer of `length` bytes that begins with the `kept` first bytes of the old one. */
export function growSlot(slot: Slot, kept: number, length: number): void {
  const bytes = new Uint8Array(length);
  bytes.set(slot.batch.bytes.subarray(0, kept));
  slot.batch.bytes = bytes;
  slot.view = viewOf(bytes);
}

/** Recognises a format by its first bytes; `'more'` asks for more of them, an error says why it is none. */
export type Recognise = (
  view: DataView,
  length: number,
  ended: boolean,
) => 'more' | { readonly format: Format; readonly skip: number } | CaptureError;

export interface ReaderOptions {
  readonly bufferLength: number;
  readonly frames: number;
  readonly memory?: Memory;
  readonly countSteps?: typeof countStepsBack;
}

const AGAIN = undefined;

export class CaptureReader implements FrameSource {
  readonly errors: CaptureError[] = [];
  readonly #slots: readonly [Slot, Slot];
  #current = 0;
  /** The window: bytes of the current slot not parsed yet, and how many bytes of the stream lie before its buffer. */
  #from = 0;
  #to = 0;
  #before = 0;
  #ended = false;
  #finished = false;
  #closed = false;
  /** The batch was full: the window may hold further frames, so parse before reading. */
  #full = false;
  #format: Format | null = null;
  #damage: CaptureError | null = null;
  #taken = 0;
  readonly #clock: Clock;

  constructor(
    readonly source: ByteSource,
    readonly interfaces: CaptureInterface[],
    readonly recognise: Recognise,
    readonly options: ReaderOptions,
  ) {
    const { frames, bufferLength, memory, countSteps } = options;
    this.#clock = new Clock(memory, countSteps);
    this.#slots = [createSlot(frames, bufferLength, memory), createSlot(frames, bufferLength, memory)];
  }

  get bytesRead(): number {
    return this.source.consumed ?? this.#taken;
  }

  get bytesTotal(): number | undefined {
    return this.source.size;
  }

  get stepsBack(): number {
    return this.#clock.stepsBack;
  }

  next(): FrameBatch | null | Promise<FrameBatch | null> {
    if (this.#finished || this.#closed) return null;
    this.#flip();
    if (this.#full) {
      const batch = this.#parse();
      if (batch !== AGAIN) return batch;
    }
    return this.#pull();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.source.close();
  }

  #flip(): void {
    const old = this.#slots[this.#current]!;
    this.#current = 1 - this.#current;
    const slot = this.#slots[this.#current]!;
    const tail = this.#to - this.#from;
    if (slot.batch.bytes.length < tail) growSlot(slot, 0, old.batch.bytes.length);
    if (tail > 0) slot.batch.bytes.set(old.batch.bytes.subarray(this.#from, this.#to));
    slot.batch.count = 0;
    this.#before += this.#from;
    this.#from = 0;
    this.#to = tail;
  }

  /** Reads and parses until there is a batch or the end. */
  #pull(): FrameBatch | null | Promise<FrameBatch | null> {
    for (;;) {
      let got: number | Promise<number>;
      try {
        got = this.#read();
      } catch (error) {
        return this.#broken(error);
      }
      if (typeof got !== 'number') return got.then(this.#arrived, error => this.#broken(error));
      const batch = this.#accept(got);
      if (batch !== AGAIN) return batch;
    }
  }

  readonly #arrived = (got: number): FrameBatch | null | Promise<FrameBatch | null> => {
    if (this.#closed) return null;
    const batch = this.#accept(got);
    return batch === AGAIN ? this.#pull() : batch;
  };

  #read(): number | Promise<number> {
    const slot = this.#slots[this.#current]!;
    // No frame of this slot is out yet: what was stepped over makes room.
    if (this.#from > 0) {
      slot.batch.bytes.copyWithin(0, this.#from, this.#to);
      this.#before += this.#from;
      this.#to -= this.#from;
      this.#from = 0;
    }
    const wanted = Math.max(this.options.bufferLength, this.#format === null ? 0 : this.#format.need);
    if (this.#to === slot.batch.bytes.length) {
      growSlot(slot, this.#to, Math.min(slot.batch.bytes.length * 2, Math.max(wanted, this.#to + 1)));
    }
    return this.source.read(slot.batch.bytes, this.#to, Math.min(wanted, slot.batch.bytes.length) - this.#to);
  }

  #accept(got: number): FrameBatch | null | typeof AGAIN {
    this.#to += got;
    this.#taken += got;
    if (got === 0) this.#ended = true;
    return this.#parse();
  }

  #parse(): FrameBatch | null | typeof AGAIN {
    const slot = this.#slots[this.#current]!;
    if (this.#format === null) {
      const found = this.recognise(slot.view, this.#to, this.#ended);
      if (found === 'more') return AGAIN;
      if (found instanceof CaptureError) return this.#end(found);
      this.#format = found.format;
      this.#from = found.skip;
    }
    const format = this.#format;
    const { batch } = slot;
    if (this.#damage === null && format.damage === null) {
      this.#from = format.parse(slot.view, this.#from, this.#to, batch, this.options.frames);
    }
    // Its place is told in this window, but it is reported after the frames before it.
    if (this.#damage === null && format.damage !== null) {
      const { at, expected, found, hint } = format.damage;
      this.#damage = new CaptureError(this.source.name, this.#before + at, expected, found, hint);
    }
    this.#full = batch.count === this.options.frames;
    if (batch.count > 0) {
      this.#clock.watch(batch);
      return batch;
    }
    if (this.#damage !== null) return this.#end(this.#damage);
    if (!this.#ended) return AGAIN;
    if (this.#from === this.#to) return this.#end(null);
    const left = this.#to - this.#from;
    return this.#end(
      new CaptureError(
        this.source.name,
        this.#before + this.#from,
        `${format.record} of ${format.need === 0 ? 'some' : format.need} bytes`,
        `the end of the capture after ${left} of them`,
        'the capture was cut short: was it copied while it was being written?',
      ),
    );
  }

  #broken(error: unknown): null {
    if (this.#closed) return null;
    if (error instanceof CaptureError) return this.#end(error);
    const found = error instanceof Error ? error.message : String(error);
    return this.#end(new CaptureError(this.source.name, this.#before + this.#to, 'readable bytes', found));
  }

  #end(error: CaptureError | null): null {
    this.#finished = true;
    if (error !== null) this.errors.push(error);
    return null;
  }
}
