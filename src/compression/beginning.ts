/**
 * How the bytes of a source are compressed, by its first ones.
 *
 * In:  a ByteSource.  Out: the format, and a source of the same bytes from the first one on. What reading throws is thrown.
 */
import type { ByteSource } from '../capture/frame.js';

const MAGIC_LENGTH = 4;

export interface Beginning {
  readonly format: 'gzip' | 'zstd' | null;
  readonly source: ByteSource;
}

export async function beginningOf(source: ByteSource): Promise<Beginning> {
  const start = new Uint8Array(MAGIC_LENGTH);
  let length = 0;
  while (length < MAGIC_LENGTH) {
    const got = await source.read(start, length, MAGIC_LENGTH - length);
    if (got === 0) break;
    length += got;
  }
  const format = isGzip(start, length) ? 'gzip' : isZstd(start, length) ? 'zstd' : null;
  return { format, source: startingWith(source, start.subarray(0, length)) };
}

const isGzip = (start: Uint8Array, length: number): boolean => length >= 2 && start[0] === 0x1f && start[1] === 0x8b;

/** A frame, or a skippable frame before it (RFC 8878, section 3.1). */
const isZstd = (start: Uint8Array, length: number): boolean =>
  length === 4 &&
  ((start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) ||
    (start[0]! >> 4 === 5 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18));

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
