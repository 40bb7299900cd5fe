/**
 * A capture's bytes as they are on disk: a path -> the answer, written to the connection while the client takes it.
 *
 * Nothing is unpacked and nothing is kept. A file that shrinks meanwhile ends the connection: an answer that is shorter than
 * it says must not look whole.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { rangeOf } from './range.js';
import { Unreadable } from './workspace.js';

/** @throws Unreadable before anything is written */
export async function sendCapture(path: string, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    // Without validators no If-Range can hold, and HEAD has no ranges.
    const isWhole = asked.method !== 'GET' || asked.headers['if-range'] !== undefined;
    const range = rangeOf(isWhole ? undefined : asked.headers.range, size);
    const { start, end } = range === 'beyond' ? { start: 0, end: 0 } : (range ?? { start: 0, end: size });
    answer.writeHead(range === null ? 200 : range === 'beyond' ? 416 : 206, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': end - start,
      'Accept-Ranges': 'bytes',
      ...(range !== null && { 'Content-Range': `bytes ${range === 'beyond' ? '*' : `${start}-${end - 1}`}/${size}` }),
    });
    if (asked.method === 'HEAD' || start === end) answer.end();
    else await send(file, start, end, answer);
  } finally {
    await file.close();
  }
}

async function send(file: FileHandle, start: number, end: number, answer: ServerResponse): Promise<void> {
  const bytes = file.createReadStream({ start, end: end - 1, autoClose: false });
  try {
    await pipeline(bytes, answer, { end: false });
  } catch {
    // The client has left, or the disk failed.
  }
  if (bytes.bytesRead === end - start && !answer.destroyed) answer.end();
  else answer.destroy();
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe waits for somebody who writes to it.
    if (!(await stat(path)).isFile()) throw new Unreadable(`${path}: is no file any more`);
    return await open(path);
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Unreadable(`${path}: ${code === 'ENOENT' ? 'no such file any more' : message}`);
  }
}
