/**
 * A capture in memory -> frames (cold).
 *
 * In:  the bytes of pcap or pcapng, also compressed.  Out: a FrameSource; several are merged by time.
 */
import type { ByteSource, FrameSource } from '../capture/frame.js';
import { mergeCaptures } from '../capture/merge.js';
import { openCapture } from '../capture/open.js';
import { decompressed } from '../compression/platform.js';

export async function openBytes(captures: readonly (readonly [string, Uint8Array])[]): Promise<FrameSource> {
  const sources: FrameSource[] = [];
  for (const [name, bytes] of captures) {
    sources.push(openCapture(await decompressed(sourceOf(name, bytes)), { capture: sources.length }));
  }
  return mergeCaptures(sources);
}

function sourceOf(name: string, bytes: Uint8Array): ByteSource {
  let at = 0;
  return {
    name,
    size: bytes.length,
    read(target, offset, length) {
      const piece = bytes.subarray(at, at + length);
      target.set(piece, offset);
      at += piece.length;
      return piece.length;
    },
    close() {},
  };
}
