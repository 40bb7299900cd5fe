/**
 * The store: where the documents of jobs, the parts of their points and their results lie, for every machine to read.
 *
 * In:  names such as `j0123/job.json`.  Out: bytes, whole or not at all: a name appears when all of it is on the disk. What
 * stands under a name says what it is (a job's name is a hash of what was submitted), so it makes no difference who writes it
 * first, and how often. Who can answer these three questions can be a store: a folder here, a bucket in s3-store.ts.
 */
import { mkdirSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openOutput } from '../node/output.js';
import { reason } from '../node/sources.js';
import { QueueError } from './errors.js';

export interface Store {
  /** For people. */
  readonly name: string;
  has(name: string): Promise<boolean>;
  /** @returns null where there is no such name */
  read(name: string): Promise<Buffer | null>;
  /** Replaces what stood there. */
  write(name: string, content: Uint8Array | string): Promise<void>;
}

/** @param create whether the folder is made where there is none @throws QueueError */
export function folderStore(folder: string, { create = false } = {}): Store {
  if (create) makeFolder(folder);
  check(folder);
  const root = resolve(folder);
  const path = (name: string): string => join(root, name);
  return {
    name: root,
    has: async name => (await orNull(stat(path(name)))) !== null,
    read: name => orNull(readFile(path(name))),
    async write(name, content) {
      makeFolder(dirname(path(name)));
      const output = openOutput(path(name));
      try {
        output.write(content);
      } catch (error) {
        output.discard();
        throw error;
      }
      output.close();
    },
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new QueueError(`--store ${folder}: ${reason(error)}`);
  }
}

function check(folder: string): void {
  let isFolder = false;
  try {
    isFolder = statSync(folder).isDirectory();
  } catch (error) {
    throw new QueueError(`--store ${folder}: ${reason(error)}`, 'give the folder that policap submit was given');
  }
  if (!isFolder)
    throw new QueueError(`--store ${folder}: is no folder`, 'give the folder that policap submit was given');
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
