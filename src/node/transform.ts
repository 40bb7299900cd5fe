/**
 * Decompression by a stream of node:zlib.
 *
 * In:  a compressed ByteSource and the stream.  Out: a ByteSource.
 *
 * A destroyed stream forgets what it has not handed out, so its output is taken as it comes ('data') and the input is
 * given in slices small enough that even a bomb's output a slice stays bounded (gzip: 1032 times 16 kB).
 */
import type { Transform } from 'node:stream';
import type { ByteSource } from '../capture/frame.js';
import { ChunkQueue, CompressedInput, chunkSource } from './chunks.js';

const SLICE = { gzip: 16 * 1024, zstd: 2 * 1024 };

export function transformSource(source: ByteSource, format: 'gzip' | 'zstd', stream: Transform): ByteSource {
  const queue = new ChunkQueue();
  const input = new CompressedInput(source, SLICE[format]);
  let settle: (error?: Error | null) => void = () => {};
  let failure: Error | null = null;
  stream.on('data', (chunk: Uint8Array) => queue.push(chunk));
  stream.on('end', () => settle());
  stream.on('error', error => {
    failure = error;
    settle(error);
  });
  const more = async (): Promise<boolean> => {
    const slice = await input.next();
    if (failure !== null) throw failure;
    const ended = slice.length === 0;
    await new Promise<void>((resolve, reject) => {
      settle = error => (error ? reject(error) : resolve());
      if (ended) stream.end();
      else stream.write(slice, settle);
    });
    return !ended;
  };
  return chunkSource(input, format, queue, more, () => stream.destroy());
}
