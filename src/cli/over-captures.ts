/**
 * Captures for commands that judge them several times at once (compare, diff): opened, watched for Ctrl-C, closed.
 *
 * In:  paths, and what judges them.  Out: what it gives, null where it was interrupted before the first packet came.
 */
import type { CaptureError, FrameSource } from '../capture/frame.js';
import { openCaptures } from '../node/captures.js';
import { plural, type Style } from '../report/style.js';
import { EXIT_DAMAGED, EXIT_INTERRUPTED } from './errors.js';
import { createProgress, type Progress } from './progress.js';
import type { Terminal } from './terminal.js';

/** Milliseconds after an interrupt in which a replay ends by itself, unless it waits for packets. */
const PATIENCE = 200;

interface Judged {
  readonly packets: number;
  readonly errors: readonly CaptureError[];
  readonly interrupted: boolean;
}

export async function overCaptures<T extends Judged>(
  paths: readonly string[],
  terminal: Terminal,
  judge: (source: FrameSource, signal: AbortSignal, onProgress: Progress['update']) => Promise<T>,
): Promise<T | null> {
  const stop = new AbortController();
  const source = await openCaptures(paths, {}, stop.signal);
  if (source === null) return null;
  let wake: NodeJS.Timeout | undefined;
  let release = (): void => {};
  release = terminal.onInterrupt(() => {
    stop.abort();
    release();
    wake = setTimeout(() => source.close(), PATIENCE);
  });
  const progress = createProgress(terminal);
  try {
    return await judge(source, stop.signal, progress.update);
  } finally {
    release();
    clearTimeout(wake);
    progress.clear();
    source.close();
  }
}

/** What is said below results that are not of the whole capture. @returns how the command ends then, null where they are */
export function sayIncomplete(
  { packets, errors, interrupted }: Judged,
  terminal: Terminal,
  style: Style,
): number | null {
  for (const error of errors) terminal.say(`policap: ${style('red', 'error:')} ${error.message}`);
  if (interrupted) {
    terminal.say(`policap: interrupted after ${plural(packets, 'packet')}; above is what was judged so far`);
    return EXIT_INTERRUPTED;
  }
  return errors.length > 0 ? EXIT_DAMAGED : null;
}

/** The captures as the user named them, for reports. */
export const namesOf = (paths: readonly string[]): string[] =>
  paths.map(path => (path === '-' ? 'standard input' : path));
