/**
 * A capture in memory -> frames, gzip undone (cold).
 *
 * In:  the bytes of pcap or pcapng, also in gzip.  Out: a FrameSource; several are merged by time.
 * A page has no files, so what is undone is done by the platform's DecompressionStream, which Node has too.
 */
import type { ByteSource, FrameSource } from '../capture/frame.js';
import { mergeCaptures } from '../capture/merge.js';
import { openCapture } from '../capture/open.js';

export async function openBytes(captures: readonly (readonly [string, Uint8Array])[]): Promise<FrameSource> {
  const sources: FrameSource[] = [];
  for (const [name, bytes] of captures) {
    sources.push(openCapture(sourceOf(name, await plain(bytes)), { capture: sources.length }));
  }
  return mergeCaptures(sources);
}

async function plain(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const undone = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(undone).arrayBuffer());
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
