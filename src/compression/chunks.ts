/**
 * A decompressor's output as a ByteSource: what the three ways to decompress have in common.
 *
 * In:  `more()`, which makes the decompressor go on: it resolves after it has put chunks into the queue, or when nothing
 * more will come (false); it throws where the compressed data are damaged, the queue keeping what came before.
 * Out: a ByteSource that counts both sides.
 */
import { type ByteSource, CaptureError } from '../capture/frame.js';

export class ChunkQueue {
  readonly #chunks: Uint8Array[] = [];
  #head = 0;
  #used = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  get empty(): boolean {
    return this.#head === this.#chunks.length;
  }

  take(target: Uint8Array, offset: number, length: number): number {
    let taken = 0;
    while (taken < length && this.#head < this.#chunks.length) {
      const chunk = this.#chunks[this.#head]!;
      const count = Math.min(length - taken, chunk.length - this.#used);
      target.set(chunk.subarray(this.#used, this.#used + count), offset + taken);
      taken += count;
      this.#used += count;
      if (this.#used < chunk.length) break;
      this.#used = 0;
      this.#head++;
    }
    if (this.empty) {
      this.#chunks.length = 0;
      this.#head = 0;
    }
    return taken;
  }
}

/** The compressed side: counts what was taken, and reads into a buffer of its own. */
export class CompressedInput {
  consumed = 0;
  readonly #slice: Uint8Array;

  constructor(
    readonly source: ByteSource,
    slice: number,
  ) {
    this.#slice = new Uint8Array(slice);
  }

  /** The next bytes; empty at the end. The memory is written again by the next call. */
  async next(): Promise<Uint8Array> {
    const got = await this.source.read(this.#slice, 0, this.#slice.length);
    this.consumed += got;
    return this.#slice.subarray(0, got);
  }
}

export function chunkSource(
  input: CompressedInput,
  format: string,
  queue: ChunkQueue,
  more: () => Promise<boolean>,
  close: () => void,
): ByteSource {
  const { source } = input;
  let delivered = 0;
  let failure: unknown;
  let ended = false;
  const damaged = (error: unknown): CaptureError =>
    error instanceof CaptureError
      ? error
      : new CaptureError(
          source.name,
          delivered,
          `whole ${format} data`,
          `${error instanceof Error ? error.message : String(error)} near byte ${input.consumed} of the compressed file`,
          'the file was cut short or damaged: copy or compress it again',
        );
  return {
    name: source.name,
    size: source.size,
    get consumed() {
      return input.consumed;
    },
    async read(target, offset, length) {
      while (queue.empty && !ended) {
        try {
          ended = !(await more());
        } catch (error) {
          failure = error;
          ended = true;
        }
      }
      const taken = queue.take(target, offset, length);
      delivered += taken;
      if (taken === 0 && failure !== undefined) throw damaged(failure);
      return taken;
    },
    close() {
      close();
      source.close();
    },
  };
}
