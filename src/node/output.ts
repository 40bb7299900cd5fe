/**
 * Results to standard output or to a file.
 *
 * In:  chunks.  Out: all of them, in order, written before write() returns.
 *
 * A file is written beside itself, as `NAME.HOST-PID.partial`, and takes its own name in close(), when all of it is on
 * the disk: a run that is killed leaves the old file or none, never half of one. What killed runs left goes away when the
 * same file is written again on that host. What is no plain file (a device, a FIFO, /dev/stdout) is written straight. When
 * the reader of a pipe has left (`| head`), write() answers false from then on and nothing is reported.
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { reason } from './sources.js';

/** A result that cannot be written; the message is one sentence for the user. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

export interface Output {
  readonly name: string;
  /** @returns false where nobody reads any more: stop producing. Text is written as UTF-8. */
  write(chunk: Uint8Array | string): boolean;
  /** Completes the file under its name. */
  close(): void;
  /** Gives the file up: what stood under its name stays. */
  discard(): void;
}

const STANDARD: Readonly<Record<string, number>> = { '-': 1, '/dev/stdout': 1, '/dev/stderr': 2 };
/** A descriptor of this process by name: whatever it leads to, others may write there too. */
const DESCRIPTOR = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/;

/** Whether what is written there goes where other results go. */
export const isStandardOutput = (path: string): boolean => descriptorOf(path) === 1;

function descriptorOf(path: string): number | null {
  const open = STANDARD[path] ?? DESCRIPTOR.exec(path)?.[1];
  return open === undefined ? null : Number(open);
}

/** @param path a file, or `-` for standard output */
export function openOutput(path: string): Output {
  const open = descriptorOf(path);
  if (open !== null) return descriptorOutput(path === '-' ? 'standard output' : path, open, () => {});
  const target = resolved(path);
  const status = statusOf(path, target);
  if (status?.isDirectory()) throw new OutputError(`${path}: is a directory; name a file in it`);
  if (status !== undefined && !status.isFile()) {
    const descriptor = openFor(path, target);
    return descriptorOutput(path, descriptor, () => closeSync(descriptor));
  }
  return fileOutput(path, target, status?.mode);
}

/** @param mode of the file that is replaced */
function fileOutput(path: string, target: string, mode = 0o666): Output {
  const prefix = `${target}.${hostname()}-`;
  removeLeftovers(prefix);
  const partial = `${prefix}${process.pid}.partial`;
  const descriptor = openFor(path, partial, mode & 0o777);
  const drop = (): void => rmSync(partial, { force: true });
  process.once('exit', drop);
  const done = (): void => {
    process.off('exit', drop);
    closeSync(descriptor);
  };
  const output = descriptorOutput(path, descriptor, () => {
    try {
      fsyncSync(descriptor);
      done();
      renameSync(partial, target);
    } catch (error) {
      drop();
      throw new OutputError(`${path}: ${writeReason(error)}`);
    }
  });
  return {
    ...output,
    discard() {
      done();
      drop();
    },
  };
}

/** Those of runs that are no more. */
function removeLeftovers(prefix: string): void {
  const folder = dirname(prefix);
  const begin = basename(prefix);
  for (const name of namesIn(folder)) {
    const pid = name.startsWith(begin) ? /^(\d+)\.partial$/.exec(name.slice(begin.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** Of a folder that cannot be listed none: what is wrong is said where the file is opened. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function descriptorOutput(name: string, descriptor: number, close: () => void): Output {
  const encoder = new TextEncoder();
  let gone = false;
  return {
    name,
    write(chunk) {
      if (gone) return false;
      const bytes = typeof chunk === 'string' ? encoder.encode(chunk) : chunk;
      try {
        writeAll(descriptor, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw new OutputError(`${name}: ${reason(error)}`);
        gone = true;
      }
      return !gone;
    },
    close,
    discard: close,
  };
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** A pipe may take only a part, or nothing for now (EAGAIN, where whoever made it set O_NONBLOCK). */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  let wait = 1;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written, bytes.length - written);
      wait = 1;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, wait);
      wait = Math.min(wait * 2, 50);
    }
  }
}

function openFor(path: string, target: string, mode = 0o666): number {
  try {
    return openSync(target, 'w', mode);
  } catch (error) {
    throw new OutputError(`${path}: ${writeReason(error)}`);
  }
}

/** A link is followed: the file it names is replaced, not the link. */
function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function statusOf(path: string, target: string): Stats | undefined {
  try {
    return lstatSync(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OutputError(`${path}: ${writeReason(error)}`);
  }
}

/** A file that is written need not exist, its directory must. */
function writeReason(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such directory to write into';
  return code === 'EISDIR' ? 'is a directory; name a file in it' : reason(error);
}
