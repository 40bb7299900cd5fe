/**
 * gzip and zstd by content, not by name.
 *
 * In:  a ByteSource of whatever bytes.  Out: a ByteSource of the same bytes, or of what they decompress to; `size` and
 * `consumed` stay those of the compressed file. Where the compressed data are cut or corrupt, everything that could be
 * decompressed is read first; then read() throws a CaptureError.
 */
import zlib from 'node:zlib';
import type { ByteSource } from '../capture/frame.js';
import { beginningOf } from '../compression/beginning.js';
import { fzstdSource } from '../compression/fzstd.js';
import { transformSource } from './transform.js';
import { findZstd, zstdProgramSource } from './zstd-program.js';

const CHUNK = { chunkSize: 64 * 1024 };

/** @param reopen the source anew from its beginning, where that is possible: see transform.ts */
export async function decompress(source: ByteSource, reopen?: () => ByteSource): Promise<ByteSource> {
  const { format, source: whole } = await beginningOf(source).catch((error: unknown) => ({
    format: null,
    source: failingSource(source, error),
  }));
  if (format === 'gzip') return transformSource(whole, 'gzip', () => zlib.createGunzip(CHUNK), reopen);
  return format === 'zstd' ? openZstd(whole, reopen) : whole;
}

type ZstdModule = { createZstdDecompress?: (options: typeof CHUNK) => zlib.Gunzip };

function openZstd(source: ByteSource, reopen?: () => ByteSource): ByteSource {
  const create = (zlib as unknown as ZstdModule).createZstdDecompress;
  if (create !== undefined) return transformSource(source, 'zstd', () => create(CHUNK), reopen);
  const program = findZstd();
  return program === undefined ? fzstdSource(source) : zstdProgramSource(source, program);
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
