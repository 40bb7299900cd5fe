/**
 * zstd in plain JavaScript, where neither Node nor the machine has it.
 *
 * In:  a compressed ByteSource.  Out: a ByteSource. Slices of the input are small: a block of a few bytes may stand for
 * 128 kB. fzstd checks the structure but not the content checksum: damage inside literals passes here, where Node and
 * the zstd program tell of it.
 */
import { Decompress } from 'fzstd';
import type { ByteSource } from '../capture/frame.js';
import { ChunkQueue, CompressedInput, chunkSource } from './chunks.js';

const SLICE = 2 * 1024;

export function fzstdSource(source: ByteSource): ByteSource {
  const queue = new ChunkQueue();
  const input = new CompressedInput(source, SLICE);
  // fzstd writes its output buffer again later.
  const decompressor = new Decompress(chunk => queue.push(chunk.slice()));
  const more = async (): Promise<boolean> => {
    const slice = await input.next();
    const ended = slice.length === 0;
    // fzstd keeps what it is given until a block is whole.
    decompressor.push(slice.slice(), ended);
    return !ended;
  };
  return chunkSource(input, 'zstd', queue, more, () => {});
}
