/**
 * Decompression by a stream of node:zlib.
 *
 * In:  a compressed ByteSource, a way to make the stream and, where it can be read again, the source anew.
 * Out: a ByteSource.
 *
 * A destroyed stream forgets what it has not handed out, so its output is taken as it comes ('data') and the input is
 * given in slices small enough that even a bomb's output a slice stays bounded (gzip: 1032 times 16 kB).
 *
 * Where data are corrupt, zlib throws away up to a chunk of output that came before the damage. To have that too, the
 * source is read again from its beginning and the slice in question is given byte by byte; what was delivered already
 * is skipped. Standard input cannot be read again: there that last chunk (at most 64 kB) is lost.
 */
import type { Transform } from 'node:stream';
import type { ByteSource } from '../capture/frame.js';
import { ChunkQueue, CompressedInput, chunkSource } from '../compression/chunks.js';

const SLICE = { gzip: 16 * 1024, zstd: 2 * 1024 };

export function transformSource(
  source: ByteSource,
  format: 'gzip' | 'zstd',
  create: () => Transform,
  reopen?: () => ByteSource,
): ByteSource {
  const queue = new ChunkQueue();
  const input = new CompressedInput(source, SLICE[format]);
  let produced = 0;
  const stage = new Stage(create(), chunk => {
    produced += chunk.length;
    queue.push(chunk);
  });
  const more = async (): Promise<boolean> => {
    const before = input.consumed;
    const slice = await input.next();
    if (slice.length === 0) {
      await stage.end();
      return false;
    }
    try {
      await stage.write(slice);
    } catch (error) {
      if (reopen !== undefined) await rescue(reopen(), before, slice, produced);
      throw error;
    }
    return true;
  };

  /** Decompresses `whole` bytes of the source at once and then `slice` byte by byte; skips what is known. */
  const rescue = async (again: ByteSource, whole: number, slice: Uint8Array, known: number): Promise<void> => {
    let skip = known;
    const careful = new Stage(create(), chunk => {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      queue.push(chunk.subarray(skipped));
    });
    try {
      const buffer = new Uint8Array(SLICE[format]);
      for (let left = whole; left > 0; ) {
        const got = await again.read(buffer, 0, Math.min(left, buffer.length));
        if (got === 0) return;
        await careful.write(buffer.subarray(0, got));
        left -= got;
      }
      for (let i = 0; i < slice.length; i++) await careful.write(slice.subarray(i, i + 1));
    } catch {
      // This is the damage that is being reported; what came before it is in the queue now.
    } finally {
      careful.close();
      again.close();
    }
  };
  return chunkSource(input, format, queue, more, () => stage.close());
}

/** A stream whose every step can be waited for. */
class Stage {
  #settle: (error?: Error | null) => void = () => {};
  #failure: Error | null = null;

  constructor(
    readonly stream: Transform,
    take: (chunk: Uint8Array) => void,
  ) {
    stream.on('data', take);
    stream.on('end', () => this.#settle());
    stream.on('error', error => {
      this.#failure = error;
      this.#settle(error);
    });
  }

  /** Resolves when all that these bytes decompress to was taken. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#step(() => this.stream.write(bytes, error => this.#settle(error)));
  }

  end(): Promise<void> {
    return this.#step(() => this.stream.end());
  }

  close(): void {
    this.stream.destroy();
  }

  #step(act: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#settle = error => (error ? reject(error) : resolve());
      act();
    });
  }
}
