/**
 * Results to a rotation of files.
 *
 * In:  `packets.jsonl`, chunks, and when a file is full or old enough.  Out: `packets_00001_20260101120000.jsonl` and so on, named as
 * dumpcap names captures: a number, and the UTC time at which the file was begun. Each takes its name when it is complete
 * (output.ts). With `keep`, the oldest files of this run beyond so many are removed.
 */
import { rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { type Output, openOutput } from './output.js';

export interface Rotation {
  /** Bytes from which on a file is full. */
  readonly bytes?: number;
  /** Milliseconds after which it is old enough. */
  readonly milliseconds?: number;
  readonly keep?: number;
}

export interface RotatingOutput extends Output {
  isDue(): boolean;
  /** Completes the file at hand. */
  complete(): void;
  /** Opens the next one. */
  begin(): void;
}

/** @param now milliseconds since 1970 */
export function openRotation(path: string, rotation: Rotation, now: () => number = Date.now): RotatingOutput {
  const { bytes = Number.POSITIVE_INFINITY, milliseconds = Number.POSITIVE_INFINITY, keep } = rotation;
  const done: string[] = [];
  let number = 0;
  let name = '';
  let begun = 0;
  let written = 0;
  let file: Output | null = null;

  function begin(): void {
    number++;
    begun = now();
    written = 0;
    name = nameOf(path, number, begun);
    file = openOutput(name);
  }

  function complete(): void {
    if (file === null) return;
    file.close();
    file = null;
    done.push(name);
    while (keep !== undefined && done.length > keep) rmSync(done.shift()!, { force: true });
  }

  begin();
  return {
    name: path,
    write(chunk) {
      written += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
      return file!.write(chunk);
    },
    isDue: () => written >= bytes || now() - begun >= milliseconds,
    complete,
    begin,
    close: complete,
    discard: () => file?.discard(),
  };
}

function nameOf(path: string, number: number, time: number): string {
  const extension = extname(path);
  const digits = new Date(time).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return join(dirname(path), `${basename(path, extension)}_${String(number).padStart(5, '0')}_${digits}${extension}`);
}
