/**
 * The text of --cluster-stream: a file, a pipe, or standard input, as it comes.
 *
 * In:  a path, or `-`.  Out: pieces of text. A FIFO is waited for until somebody writes to it.
 */
import { isatty } from 'node:tty';
import { openSource, SourceError } from './sources.js';

export interface ClusterStream {
  readonly name: string;
  /** Ends where the stream does. */
  readonly text: AsyncIterable<string>;
  close(): void;
}

/** Bytes read at once. */
const PIECE = 1 << 16;

/** @throws SourceError where it cannot be opened */
export function openClusterStream(path: string): ClusterStream {
  if (path === '-' && isatty(0)) {
    throw new SourceError('standard input is a terminal; pipe into it what kubectl get pods -A -w -o json writes');
  }
  const source = openSource(path);
  return { name: path === '-' ? 'standard input' : path, text: textOf(source), close: () => source.close() };
}

async function* textOf({ read }: ReturnType<typeof openSource>): AsyncIterable<string> {
  const bytes = new Uint8Array(PIECE);
  const decoder = new TextDecoder();
  for (;;) {
    const length = await read(bytes, 0, PIECE);
    if (length === 0) break;
    yield decoder.decode(bytes.subarray(0, length), { stream: true });
    // Plain files would be read to their end before anything else is done.
    await new Promise(resolve => setImmediate(resolve));
  }
  yield decoder.decode();
}
