/**
 * Numbers that count up by one, as the numbers of packets do where none is left out: DELTA_BINARY_PACKED, of which only the
 * differences' sameness is written.
 *
 * In:  the first number, and how many.  Out: bytes as https://parquet.apache.org/docs/file-format/data-pages/encodings/ says:
 * a header, then for each block of 128 differences the least of them, 1, and four times that none is larger.
 */
import { countsUp, STRETCH } from './stretches.js';

const BLOCK = 128;
const MINIBLOCKS = 4;
const ONE_ZIGZAG = 2;

export function isSequence(values: Float64Array, count: number): boolean {
  const first = values[0]!;
  if (values[count - 1]! - first !== count - 1) return false;
  for (let from = 0; from < count; from += STRETCH) {
    if (!countsUp(values, from, Math.min(count, from + STRETCH), first)) return false;
  }
  return true;
}

export function sequenceBytes(first: number, count: number): Uint8Array {
  const header = [...varint(BLOCK), ...varint(MINIBLOCKS), ...varint(count), ...varint(2 * first)];
  const blocks = Math.ceil((count - 1) / BLOCK);
  const bytes = new Uint8Array(header.length + blocks * (1 + MINIBLOCKS));
  bytes.set(header);
  for (let at = header.length; at < bytes.length; at += 1 + MINIBLOCKS) bytes[at] = ONE_ZIGZAG;
  return bytes;
}

/** Up to 2^53. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return bytes;
}
