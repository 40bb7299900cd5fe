/**
 * Captures by path: opened, decompressed where their content says so, recognised, and merged by time.
 *
 * In:  paths (`-` is standard input).  Out: one FrameSource. What cannot be opened at all throws a SourceError; damage
 * inside a capture stands in FrameSource.errors. A pipe says what it holds with its first bytes: an aborted signal ends
 * the waiting for these, and then the answer is null.
 */
import type { FrameSource } from '../capture/frame.js';
import { mergeCaptures } from '../capture/merge.js';
import { type CaptureOptions, openCapture } from '../capture/open.js';
import { decompress } from './decompress.js';
import { openSource, SourceError } from './sources.js';

/** Buffers of many captures together stay below this. */
const ALL_BUFFERS = 32 * 1024 * 1024;

export async function openCaptures(
  paths: readonly string[],
  options?: Omit<CaptureOptions, 'capture'>,
): Promise<FrameSource>;
export async function openCaptures(
  paths: readonly string[],
  options: Omit<CaptureOptions, 'capture'>,
  signal: AbortSignal,
): Promise<FrameSource | null>;
export async function openCaptures(
  paths: readonly string[],
  options: Omit<CaptureOptions, 'capture'> = {},
  signal?: AbortSignal,
): Promise<FrameSource | null> {
  if (paths.filter(path => path === '-').length > 1) throw new SourceError('standard input can be given only once');
  const share = 2 ** Math.floor(Math.log2(ALL_BUFFERS / 2 / Math.max(1, paths.length)));
  const bufferLength = options.bufferLength ?? Math.max(16 * 1024, Math.min(128 * 1024, share));
  // Several captures are merged into buffers of their own.
  const { memory, loops } = paths.length === 1 ? options : {};
  const opened: FrameSource[] = [];
  try {
    for (const path of paths) {
      const file = openSource(path);
      let stopped = false;
      const stop = (): void => {
        stopped = true;
        file.close();
      };
      signal?.addEventListener('abort', stop);
      const source = await decompress(file, path === '-' ? undefined : () => openSource(path));
      signal?.removeEventListener('abort', stop);
      if (stopped) {
        for (const before of opened) before.close();
        return null;
      }
      opened.push(openCapture(source, { ...options, memory, loops, bufferLength, capture: opened.length }));
    }
  } catch (error) {
    for (const source of opened) source.close();
    throw error;
  }
  return mergeCaptures(opened);
}
