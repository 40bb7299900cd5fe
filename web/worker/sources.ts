/**
 * Captures that were dropped on the page, or that the server has -> bytes, decompressed where their content says so.
 *
 * In:  CaptureInputs.  Out: one FrameSource, merged by time. What cannot be opened at all throws an EngineFault; damage inside a
 * capture stands in FrameSource.errors. A capture may be opened again and again: a Blob is read from its beginning each time.
 */
import { type ByteSource, CaptureError, type FrameSource } from '../../src/capture/frame.js';
import { mergeCaptures } from '../../src/capture/merge.js';
import { openCapture } from '../../src/capture/open.js';
import { ChunkQueue, CompressedInput, chunkSource } from '../../src/node/chunks.js';
import { fzstdSource } from '../../src/node/fzstd.js';
import { type CaptureInput, EngineFault } from './protocol.js';

const MAGIC_LENGTH = 4;
/** Bytes that are given to the browser's decompressor at a time. */
const SLICE = 64 * 1024;

export async function openCaptures(inputs: readonly CaptureInput[]): Promise<FrameSource> {
  const opened: FrameSource[] = [];
  try {
    for (const [capture, input] of inputs.entries()) opened.push(openCapture(await openInput(input), { capture }));
  } catch (error) {
    for (const source of opened) source.close();
    throw error;
  }
  return mergeCaptures(opened);
}

async function openInput(input: CaptureInput): Promise<ByteSource> {
  const { stream, size } = await streamOf(input);
  const whole = await startingWith(streamSource(input.name, stream, size));
  const [a, b, c, d] = whole.start;
  if (a === 0x1f && b === 0x8b) return gzipSource(whole.source);
  // A frame, or a skippable frame before it (RFC 8878, section 3.1).
  const isZstd = a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd;
  const isSkippable = a !== undefined && a >> 4 === 5 && b === 0x2a && c === 0x4d && d === 0x18;
  return isZstd || isSkippable ? fzstdSource(whole.source) : whole.source;
}

async function streamOf({ name, blob, url, authorization }: CaptureInput) {
  if (blob !== undefined) return { stream: blob.stream(), size: blob.size };
  if (url === undefined) throw new EngineFault(`${name}: there is nothing to read`);
  const headers = authorization === undefined ? undefined : { authorization };
  const response = await fetch(url, { headers }).catch(() => null);
  if (response === null) throw new EngineFault(`${name}: the server does not answer; is policap ui still running?`);
  if (!response.ok || response.body === null) {
    throw new EngineFault(`${name}: the server answers ${response.status} ${response.statusText}`);
  }
  const length = response.headers.get('content-length');
  return { stream: response.body, size: length === null ? undefined : Number(length) };
}

function streamSource(name: string, stream: ReadableStream<Uint8Array>, size: number | undefined): ByteSource {
  const reader = stream.getReader();
  const queue = new ChunkQueue();
  const fill = async (target: Uint8Array, offset: number, length: number): Promise<number> => {
    while (queue.empty) {
      const { done, value } = await reader.read();
      if (done) return 0;
      queue.push(value);
    }
    return queue.take(target, offset, length);
  };
  return {
    name,
    ...(size === undefined ? {} : { size }),
    read: (target, offset, length) => (queue.empty ? fill(target, offset, length) : queue.take(target, offset, length)),
    close: () => void reader.cancel().catch(() => {}),
  };
}

async function startingWith(source: ByteSource): Promise<{ readonly start: Uint8Array; readonly source: ByteSource }> {
  const bytes = new Uint8Array(MAGIC_LENGTH);
  let length = 0;
  while (length < MAGIC_LENGTH) {
    const got = await source.read(bytes, length, MAGIC_LENGTH - length);
    if (got === 0) break;
    length += got;
  }
  const start = bytes.subarray(0, length);
  let used = 0;
  return {
    start,
    source: {
      ...source,
      read(target, offset, wanted) {
        if (used === length) return source.read(target, offset, wanted);
        const count = Math.min(wanted, length - used);
        target.set(start.subarray(used, used + count), offset);
        used += count;
        return count;
      },
    },
  };
}

/** By the browser's own decompressor. */
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
