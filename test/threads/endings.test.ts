/**
 * However a replay by several threads ends, it ends: a thread that fails is an error, an interrupt is served, and nothing runs
 * on behind it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { generateCapture } from '../../src/generate/capture.js';
import { numberedPods } from '../../src/generate/ends.js';
import { CAPTURES } from '../kernel/shipped.js';
import { compileCase } from '../support/cases.js';
import { seed } from '../support/seed.js';
import { byOne, bySeveral, readByOthers } from '../support/threads.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));
const shop = CAPTURES.find(({ name }) => name === 'pcaps/shop')!;
const compiled = compileCase(shop);
const PACKETS = 60_000;
const capture = join(folder, 'traffic.pcap');
const options = { packets: PACKETS, connections: 500, snap: 96, skew: 1, life: 20, refused: 0.4, apart: 10, seed };
writeFileSync(
  capture,
  Buffer.concat(Array.from(generateCapture(numberedPods(60, 4), options), chunk => Buffer.from(chunk))),
);

describe('a reading thread', () => {
  it.each([
    ['exits', 'exits,-1', 'it ended'],
    ['throws', 'throws,-1', 'out of luck'],
    ['exits later', 'exits,2', 'it ended'],
    ['throws later', 'throws,2', 'out of luck'],
  ])('that %s is an error', async (_name, how, message) => {
    process.env['DYING'] = how;
    const program = new URL('./dying.mjs', import.meta.url);
    const run = bySeveral([capture], compiled, { mode: 'dataplane', maxConnections: 1000 }, ['json'], {
      threads: 3,
      readingProgram: program,
      entries: 2,
    });
    await expect(run).rejects.toThrow(message);
  });

  it.each([
    ['exits', 'exits,-1', 'it ended'],
    ['throws', 'throws,-1', 'out of luck'],
  ])('ends with the error of a parsing thread that %s with a batch', async (_name, how, message) => {
    process.env['DYING'] = how;
    const parsingProgram = new URL('./dying-parser.mjs', import.meta.url);
    const channel = new BroadcastChannel('dying-parser');
    const claimed = new Promise<void>(resolve => {
      channel.onmessage = () => resolve();
    });
    // Nothing is judged before, so that the batch is one of the capture's first.
    const options = { mode: 'dataplane', maxConnections: 1000, onProgress: () => claimed } as const;
    const run = bySeveral([capture], compiled, options, ['json'], { parsingProgram, threads: 3 });
    await expect(run).rejects.toThrow(message);
    channel.close();
  });

  it('says why a capture cannot be opened, as one thread does', async () => {
    const missing = join(folder, 'missing.pcap');
    const one = await byOne([missing], compiled, {}).catch(error => error);
    const two = await bySeveral([missing], compiled, {}).catch(error => error);
    expect(one.message).toContain('no such file');
    expect([two.name, two.message]).toEqual([one.name, one.message]);
  });

  it('is over when its source is closed, also while something waits for it', async () => {
    const { source } = await readByOthers([capture], compiled, {});
    await source.nextBatch();
    source.close();
    expect(source.nextBatch()).toBe(null);
    const held = await readByOthers([capture], compiled, {}, { entries: 2 });
    await held.source.nextBatch();
    await held.source.nextBatch();
    held.source.close();
    held.source.close();
  });

  it('is not waited for when the replay is interrupted before it is ready', async () => {
    const stop = new AbortController();
    const opening = readByOthers([capture], compiled, {}, { signal: stop.signal });
    stop.abort();
    expect((await opening).source).toBe(null);
  });
});

const program = fileURLToPath(new URL('../../bin/policap', import.meta.url));
const inputs = ['-p', join(shop.path, 'policies'), '-c', join(shop.path, 'cluster.yaml')];

function start(paths: readonly string[], more: readonly string[], workers: number) {
  const child = spawn(process.execPath, [program, 'replay', ...paths, ...inputs, '--workers', `${workers}`, ...more]);
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, ...said }));
  return { child, ended };
}

describe.each([2, 4])('policap replay --workers %i', workers => {
  it('reads standard input', async () => {
    const { child, ended } = start(['-'], ['-o', 'jsonl'], workers);
    createReadStream(capture).pipe(child.stdin);
    const several = await ended;
    const one = await start([capture], ['-o', 'jsonl'], 1).ended;
    expect(several.code).toBe(0);
    expect(one.out.split('\n').length).toBe(PACKETS + 1);
    expect(several.out === one.out).toBe(true);
  });

  it('is interrupted on a pipe that fell silent, and tells what came', async () => {
    const { child, ended } = start(['-'], ['-o', 'jsonl'], workers);
    child.stdin.write(readFileSync(capture).subarray(0, 400_000));
    await once(child.stdout, 'data');
    await new Promise(resolve => setTimeout(resolve, 200));
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    expect(code).toBe(130);
    expect(err).toContain(`interrupted after ${(out.split('\n').length - 1).toLocaleString('en')} packets`);
  });

  it('ends when nobody reads its results', async () => {
    const { child, ended } = start([capture], ['-o', 'jsonl'], workers);
    child.stdout.once('data', () => child.stdout.destroy());
    const { code, err } = await ended;
    expect([code, err]).toEqual([0, '']);
  });
});
