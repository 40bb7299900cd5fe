/**
 * gzip and zstd where there is neither zlib nor a program: gzip by the platform's DecompressionStream, which browsers and Node have,
 * zstd in plain JavaScript.
 *
 * In:  a ByteSource of whatever bytes.  Out: a ByteSource of the same bytes, or of what they decompress to; damage throws a CaptureError
 * behind what could be decompressed. The stream reads one gzip stream: one behind it is an error, which says what reads both.
 */
import { type ByteSource, CaptureError } from '../capture/frame.js';
import { beginningOf } from './beginning.js';
import { ChunkQueue, CompressedInput, chunkSource } from './chunks.js';
import { fzstdSource } from './fzstd.js';

/** Bytes that are given to the stream at a time. */
const SLICE = 64 * 1024;

export async function decompressed(given: ByteSource): Promise<ByteSource> {
  const { format, source } = await beginningOf(given);
  return format === 'gzip' ? gzipSource(source) : format === 'zstd' ? fzstdSource(source) : source;
}

function gzipSource(source: ByteSource): ByteSource {
  const queue = new ChunkQueue();
  const input = new CompressedInput(source, SLICE);
  const stream = new DecompressionStream('gzip');
  const [writer, reader] = [stream.writable.getWriter(), stream.readable.getReader()];
  // Where the data are damaged, reading fails too, and tells.
  const ignore = (): void => {};
  const feed = async (): Promise<void> => {
    for (;;) {
      const slice = await input.next();
      if (slice.length === 0) break;
      await writer.write(slice.slice());
    }
    await writer.close();
  };
  let isFed = false;
  let delivered = 0;
  const more = async (): Promise<boolean> => {
    if (!isFed) void feed().catch(ignore);
    isFed = true;
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw isMoreBehind(error) ? severalStreams(source.name, delivered) : error;
    });
    if (done) return false;
    delivered += value.length;
    queue.push(value);
    return true;
  };
  return chunkSource(input, 'gzip', queue, more, () => void reader.cancel().catch(ignore));
}

/** Browsers read the first of several gzip streams in a file, and say so of the rest in words of their own. */
const isMoreBehind = (error: unknown): boolean =>
  error instanceof TypeError && /junk|trailing|after (the )?end/i.test(error.message);

const severalStreams = (name: string, offset: number): CaptureError =>
  new CaptureError(
    name,
    offset,
    'the end of the gzip data',
    'another gzip stream behind it, which browsers do not read',
    'decompress it first (gunzip), or use policap replay, which reads them all',
  );
