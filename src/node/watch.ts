/**
 * Files that change, for who keeps running.
 *
 * In:  paths; a directory stands for all files below it.  Out: which files have changed, been added or gone, once they are
 * quiet again. What counts is what stat() says, asked at intervals: events of the file system (fs.watch) only make the asking
 * prompt, for they are missing on some mounts and after renames.
 * Contract: paths are remembered before they are read, so that a change while they are read is seen.
 */
import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Watch {
  /** From now on these are watched, too. */
  remember(paths: readonly string[]): void;
  /** The files that have changed since they were remembered or named here; null when the signal aborts. */
  changed(signal: AbortSignal): Promise<readonly string[] | null>;
  close(): void;
}

/** Milliseconds between two looks, and between two of a file that is being written. */
const INTERVAL = 500;
const QUIET = 50;
/** Looks at a file that never comes to rest. */
const MOST_LOOKS = 40;

type Snapshot = ReadonlyMap<string, string>;

export function createWatch(): Watch {
  const paths = new Set<string>();
  const watchers = new Map<string, FSWatcher>();
  let known = new Map<string, string>();
  let wake = (): void => {};

  /** Hints come from the directories, as a file's own watcher dies with a rename over it. */
  function hint(directory: string): void {
    if (watchers.has(directory)) return;
    try {
      const watcher = watch(directory, () => wake());
      watcher.on('error', () => watcher.close());
      watchers.set(directory, watcher);
    } catch {
      // The intervals do it alone.
    }
  }

  return {
    remember(added) {
      for (const path of added) {
        if (paths.has(path)) continue;
        paths.add(path);
        for (const [file, state] of look([path])) known.set(file, state);
      }
      for (const path of paths) hint(dirname(path));
      for (const file of known.keys()) hint(dirname(file));
    },
    async changed(signal) {
      while (!signal.aborted) {
        await sleep(INTERVAL, signal, listener => {
          wake = listener;
        });
        let now = look(paths);
        if (differing(known, now).length === 0) continue;
        for (let looks = 0; looks < MOST_LOOKS && !signal.aborted; looks++) {
          await sleep(QUIET, signal);
          const later = look(paths);
          const isQuiet = differing(now, later).length === 0;
          now = later;
          if (isQuiet) break;
        }
        const files = differing(known, now);
        known = new Map(now);
        if (files.length > 0) return files;
      }
      return null;
    },
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** Until the time is over, the signal aborts, or somebody calls what `onWake` is given. */
function sleep(milliseconds: number, signal: AbortSignal, onWake?: (listener: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    onWake?.(end);
  });
}

function differing(before: Snapshot, now: Snapshot): string[] {
  const names = new Set([...before.keys(), ...now.keys()]);
  return [...names].filter(name => before.get(name) !== now.get(name)).sort();
}

/** Every file below the paths, with what stat() says of it. What is not there has no state. */
function look(paths: Iterable<string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) lookInto(path, found);
  return found;
}

function lookInto(path: string, found: Map<string, string>): void {
  try {
    const status = statSync(path);
    if (!status.isDirectory()) found.set(path, `${status.ino} ${status.size} ${status.mtimeMs}`);
    else for (const name of readdirSync(path)) lookInto(join(path, name), found);
  } catch {
    // It is gone, or not readable: whoever reads it says so.
  }
}
