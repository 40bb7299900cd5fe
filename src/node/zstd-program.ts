/**
 * zstd by the machine's `zstd` program.
 *
 * In:  a compressed ByteSource.  Out: a ByteSource. The child reads from a pipe that is filled as it takes, and writes
 * into one that is read as it is asked for; it ends when the source is closed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { ByteSource } from '../capture/frame.js';
import { ChunkQueue, CompressedInput, chunkSource } from '../compression/chunks.js';

const SLICE = 64 * 1024;

let found: string | null | undefined;

/** The program's name where it runs. */
export function findZstd(): string | undefined {
  if (found === undefined) found = spawnSync('zstd', ['--version'], { stdio: 'ignore' }).status === 0 ? 'zstd' : null;
  return found ?? undefined;
}

export function zstdProgramSource(source: ByteSource, program: string): ByteSource {
  const queue = new ChunkQueue();
  const input = new CompressedInput(source, SLICE);
  const child = spawn(program, ['-dcq', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = once(child, 'close');
  exit.catch(() => {});
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 500) complaint += text;
  });
  let inputFailure: unknown;
  const feed = async (): Promise<void> => {
    for (;;) {
      const slice = await input.next();
      if (slice.length === 0) break;
      await new Promise<void>((resolve, reject) =>
        child.stdin.write(slice, error => (error ? reject(error) : resolve())),
      );
    }
    child.stdin.end();
  };
  // A child that gave up on damaged data closes its input: its own message tells more than EPIPE.
  child.stdin.on('error', () => {});
  const fed = feed().catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') inputFailure = error;
    child.stdin.destroy();
  });
  const chunks = child.stdout[Symbol.asyncIterator]();
  const more = async (): Promise<boolean> => {
    const { done, value } = await chunks.next();
    if (!done) {
      queue.push(value);
      return true;
    }
    const [code] = await exit;
    await fed;
    if (inputFailure !== undefined) throw inputFailure;
    if (code !== 0) throw new Error(said(complaint));
    return false;
  };
  return chunkSource(input, 'zstd', queue, more, () => {
    child.stdout.destroy();
    child.kill();
  });
}

/** `/*stdin*\: Read error (39) : premature end` -> `Read error (39) : premature end`. */
function said(complaint: string): string {
  const line = complaint.trim().split('\n')[0] ?? '';
  return (
    line
      .replace(/^zstd: /, '')
      .replace(/^\S*stdin\S*\s*:\s*/, '')
      .trim() || 'data zstd cannot decompress'
  );
}
