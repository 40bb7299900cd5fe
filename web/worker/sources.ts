/**
 * Captures that were dropped on the page, or that the server has -> bytes, decompressed where their content says so.
 *
 * In:  CaptureInputs.  Out: one FrameSource, merged by time. What cannot be opened at all throws an EngineFault; damage inside a
 * capture stands in FrameSource.errors. A capture may be opened again and again: a Blob is read from its beginning each time.
 */
import type { ByteSource, FrameSource } from '../../src/capture/frame.js';
import { mergeCaptures } from '../../src/capture/merge.js';
import { openCapture } from '../../src/capture/open.js';
import { ChunkQueue } from '../../src/compression/chunks.js';
import { decompressed } from '../../src/compression/platform.js';
import { type CaptureInput, EngineFault } from './protocol.js';

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
  return decompressed(streamSource(input.name, stream, size));
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
