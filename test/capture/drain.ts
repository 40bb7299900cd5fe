/**
 * Frames as plain objects, and captures from bytes, for tests.
 */
import type { ByteSource, CaptureError, CaptureInterface, FrameBatch, FrameSource } from '../../src/capture/frame.js';
import { type CaptureOptions, openCapture } from '../../src/capture/open.js';

export interface Frame {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly captured: number;
  readonly original: number;
  readonly interface: number;
  readonly hex: string;
}

export interface Drained {
  readonly frames: Frame[];
  readonly errors: readonly CaptureError[];
  readonly interfaces: readonly CaptureInterface[];
  readonly stepsBack: number;
  readonly batches: number;
}

/** Bytes as a plain file gives them: at once. */
export function bytesSource(bytes: Uint8Array, name = 'test.pcap'): ByteSource {
  let at = 0;
  return {
    name,
    size: bytes.length,
    read(target, offset, length) {
      const count = Math.min(length, bytes.length - at);
      target.set(bytes.subarray(at, at + count), offset);
      at += count;
      return count;
    },
    close() {},
  };
}

/** Bytes as a stream gives them: later, in chunks of the sizes given over and over. */
export function chunkedSource(bytes: Uint8Array, sizes: readonly number[], name = 'test.pcap'): ByteSource {
  let at = 0;
  let turn = 0;
  return {
    name,
    async read(target, offset, length) {
      const count = Math.min(length, bytes.length - at, sizes[turn++ % sizes.length]!);
      target.set(bytes.subarray(at, at + count), offset);
      at += count;
      return count;
    },
    close() {},
  };
}

export function frameAt(batch: FrameBatch, i: number): Frame {
  const start = batch.offset[i]!;
  const captured = batch.captured[i]!;
  return {
    seconds: batch.seconds[i]!,
    nanoseconds: batch.nanoseconds[i]!,
    captured,
    original: batch.original[i]!,
    interface: batch.interfaceIndex[i]!,
    hex: Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset + start, captured).toString('hex'),
  };
}

/** Reads all; every batch is looked at only after the next one was fetched, as the replay does. */
export async function drain(source: FrameSource): Promise<Drained> {
  const frames: Frame[] = [];
  let batches = 0;
  let held: FrameBatch | null = null;
  let count = 0;
  const take = (): void => {
    for (let i = 0; i < count; i++) frames.push(frameAt(held!, i));
  };
  for (;;) {
    const batch = await source.next();
    take();
    if (batch === null) break;
    held = batch;
    count = batch.count;
    batches++;
  }
  source.close();
  const { errors, interfaces, stepsBack } = source;
  return { frames, errors, interfaces, stepsBack, batches };
}

export const read = (bytes: Uint8Array, options: CaptureOptions = {}): Promise<Drained> =>
  drain(openCapture(bytesSource(bytes), options));
