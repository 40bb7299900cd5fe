/**
 * Bytes from files and standard input.
 *
 * In:  a path, or `-` for standard input.  Out: a ByteSource.
 *
 * Plain files are read synchronously straight into the reader's buffer (half the cost of a stream). Pipes, sockets and
 * FIFOs are read asynchronously, so that signals and timers are served while live traffic pauses.
 */
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import type { ByteSource } from '../capture/frame.js';

/** A capture that cannot be opened at all; the message is one sentence for the user. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

export function openSource(path: string): ByteSource {
  if (path === '-') return openDescriptor('standard input', 0, false);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    throw new SourceError(`${path}: ${reason(error)}`);
  }
  return openDescriptor(path, descriptor, true);
}

function openDescriptor(name: string, descriptor: number, owned: boolean): ByteSource {
  const status = statusOf(name, descriptor);
  const refuse = (message: string): never => {
    if (owned) closeSync(descriptor);
    throw new SourceError(`${name}: ${message}`);
  };
  if (status.isDirectory()) refuse('is a directory; name the captures in it');
  if (isatty(descriptor)) refuse('is a terminal; pipe a capture into it: tcpdump -U -w - | policap replay -');
  if (status.isFIFO() || status.isSocket()) {
    return streamSource(name, new Socket({ fd: descriptor, readable: true, writable: false }));
  }
  return {
    name,
    // What the kernel makes up while it is read (/proc) says 0.
    size: status.isFile() && status.size > 0 ? status.size : undefined,
    read: (target, offset, length) => readSync(descriptor, target, offset, length, null),
    close: () => {
      if (owned) closeSync(descriptor);
    },
  };
}

function statusOf(name: string, descriptor: number): Stats {
  try {
    return fstatSync(descriptor);
  } catch {
    throw new SourceError(`${name}: is closed; give it a capture`);
  }
}

/** A stream's chunks, handed out in the sizes asked for; nothing is read ahead of need. */
export function streamSource(
  name: string,
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
  size?: number,
): ByteSource {
  const chunks = stream[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  let used = 0;
  const take = (target: Uint8Array, offset: number, length: number): number => {
    const count = Math.min(length, chunk.length - used);
    target.set(chunk.subarray(used, used + count), offset);
    used += count;
    return count;
  };
  return {
    name,
    size,
    read(target, offset, length) {
      if (used < chunk.length) return take(target, offset, length);
      return (async () => {
        do {
          const { done, value } = await chunks.next();
          if (done) return 0;
          chunk = value;
          used = 0;
        } while (chunk.length === 0);
        return take(target, offset, length);
      })();
    },
    close() {
      stream.destroy();
    },
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a directory; name the captures in it',
  ENOTDIR: 'a part of its path is no directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files; raise the limit (ulimit -n) or give fewer captures at once',
  ENXIO: 'no such device, or nobody writes to it',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name cannot be looked up now',
};

/** What a failed system call means, in words. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || error.message;
}
