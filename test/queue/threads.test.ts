/** A worker's threads: what was compiled stays, and one that is stuck in the kernel holds up nobody. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Threads } from '../../src/queue/threads.js';

const PROGRAM = new URL('../../dist/queue/point-thread.js', import.meta.url);
const CAPTURE = 'pcaps/shop/capture.pcapng';
const folder = mkdtempSync(join(tmpdir(), 'policap-threads-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('threads', () => {
  let asked = 0;
  const run = (threads: Threads, path: string, job = 'a', signal = new AbortController().signal) =>
    threads.run(
      {
        ...{ job, captures: [path], index: 0, of: 1, run: 'run', share: undefined, options: {} },
        async documents() {
          asked++;
          const bytes = readFileSync('pcaps/shop/cluster.yaml');
          return { files: [{ name: 'cluster.yaml', bytes }], rules: [], profile: undefined, staged: undefined };
        },
      },
      { signal, onProgress: () => {} },
    );

  it('are used again, and read the documents of a job once', async () => {
    const threads = new Threads(30_000, PROGRAM);
    for (const job of ['a', 'a', 'b', 'b']) expect((await run(threads, CAPTURE, job)).packets).toBe(780);
    expect(asked).toBe(2);
    await expect(run(threads, 'README.md')).rejects.toMatchObject({ name: 'SourceError' });
    expect((await run(threads, CAPTURE)).packets).toBe(780);
    expect(await threads.close()).toBe(true);
  });

  it('are given up where they wait in the kernel, and that is said', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const threads = new Threads(3000, PROGRAM);
    await expect(run(threads, pipe)).rejects.toThrow('no progress for 3 seconds');
    expect((await run(threads, CAPTURE)).packets).toBe(780);
    expect(await threads.close()).toBe(false);
    closeSync(openSync(pipe, 'w'));
    await expect.poll(() => threads.close()).toBe(true);
  });

  it('give back what they have', async () => {
    const threads = new Threads(30_000, PROGRAM);
    const stop = new AbortController();
    const given = run(threads, CAPTURE, 'a', stop.signal);
    setImmediate(() => stop.abort());
    await expect(given).rejects.toMatchObject({ name: 'GivenBack' });
    expect(await threads.close()).toBe(true);
  });
});
