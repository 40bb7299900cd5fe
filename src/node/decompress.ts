/**
 * gzip and zstd by content, not by name.
 *
 * In:  a ByteSource of whatever bytes.  Out: a ByteSource of the same bytes, or of what they decompress to; `size` and
 * `consumed` stay those of the compressed file. Where the compressed data are cut or corrupt, everything that could be
 * decompressed is read first; then read() throws a CaptureError.
 */
import zlib from 'node:zlib';
import type { ByteSource } from '../capture/frame.js';
import { fzstdSource } from './fzstd.js';
import { transformSource } from './transform.js';
import { findZstd, zstdProgramSource } from './zstd-program.js';

const MAGIC_LENGTH = 4;
const CHUNK = { chunkSize: 64 * 1024 };

/** @param reopen the source anew from its beginning, where that is possible: see transform.ts */
export async function decompress(source: ByteSource, reopen?: () => ByteSource): Promise<ByteSource> {
  const start = new Uint8Array(MAGIC_LENGTH);
  let length = 0;
  try {
    while (length < MAGIC_LENGTH) {
      const got = await source.read(start, length, MAGIC_LENGTH - length);
      if (got === 0) break;
      length += got;
    }
  } catch (error) {
    return failingSource(source, error);
  }
  const whole = startingWith(source, start.subarray(0, length));
  if (isGzip(start, length)) return transformSource(whole, 'gzip', () => zlib.createGunzip(CHUNK), reopen);
  if (isZstd(start, length)) return openZstd(whole, reopen);
  return whole;
}

const isGzip = (start: Uint8Array, length: number): boolean => length >= 2 && start[0] === 0x1f && start[1] === 0x8b;

/** A frame, or a skippable frame before it (RFC 8878, section 3.1). */
const isZstd = (start: Uint8Array, length: number): boolean =>
  length === 4 &&
  ((start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) ||
    (start[0]! >> 4 === 5 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18));

type ZstdModule = { createZstdDecompress?: (options: typeof CHUNK) => zlib.Gunzip };

function openZstd(source: ByteSource, reopen?: () => ByteSource): ByteSource {
  const create = (zlib as unknown as ZstdModule).createZstdDecompress;
  if (create !== undefined) return transformSource(source, 'zstd', () => create(CHUNK), reopen);
  const program = findZstd();
  return program === undefined ? fzstdSource(source) : zstdProgramSource(source, program);
}

/** `source`, of which the first bytes were taken already. */
function startingWith(source: ByteSource, start: Uint8Array): ByteSource {
  let used = 0;
  return {
    name: source.name,
    size: source.size,
    read(target, offset, length) {
      if (used === start.length) return source.read(target, offset, length);
      const count = Math.min(length, start.length - used);
      target.set(start.subarray(used, used + count), offset);
      used += count;
      return count;
    },
    close: () => source.close(),
  };
}

function failingSource(source: ByteSource, error: unknown): ByteSource {
  return {
    name: source.name,
    size: source.size,
    read() {
      throw error;
    },
    close: () => source.close(),
  };
}
