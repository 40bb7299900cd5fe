/**
 * The text of --cluster-stream: a file, a pipe, or standard input, as it comes.
 */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';

export interface OpenClusterStream {
  readonly name: string;
  readonly text: AsyncIterable<string>;
  close(): void;
}

/** @param path - for standard input. What cannot be opened is an error of the first read. */
export function openClusterStream(path: string): OpenClusterStream {
  const isInput = path === '-';
  const stream: Readable = isInput ? process.stdin : createReadStream(path);
  stream.setEncoding('utf8');
  return { name: isInput ? 'standard input' : path, text: stream, close: () => stream.destroy() };
}
