/**
 * The benchmark runs; what it measures with is sound traffic; and a replay leaves nothing a packet to collect.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/node/captures.js';
import { replay } from '../../src/replay.js';
import { compileText, createRecorder, type PacketRecord } from '../support/replay.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function generate(name: string, ...options: string[]): string {
  const file = join(folder, name);
  node('bench/generate.mjs', file, ...options);
  return file;
}

async function judged(file: string): Promise<PacketRecord[]> {
  const source = await openCaptures([file]);
  const recorder = createRecorder();
  try {
    await replay(source, compileText(), { mode: 'dataplane', captures: [file] }, [recorder]);
  } finally {
    source.close();
  }
  return recorder.records;
}

describe('the generated capture', () => {
  const options = ['--packets', '20000', '--connections', '300', '--life', '30'];

  it('is the same for the same seed, and another for another', () => {
    const first = readFileSync(generate('a.pcap', ...options));
    expect(readFileSync(generate('b.pcap', ...options)).equals(first)).toBe(true);
    expect(readFileSync(generate('c.pcap', ...options, '--seed', '2')).equals(first)).toBe(false);
  });

  it.each(['96', '65535'])('is traffic that connection tracking accepts, cut at %s bytes', async snap => {
    const records = await judged(generate('sound.pcap', ...options, '--snap', snap));
    expect(records.length).toBe(20_000);
    const reasons = new Set(records.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual(['established', 'no-policy']);
    const connections = new Set(records.map(({ connection }) => connection));
    expect(connections.size).toBeGreaterThan(500);
  });
});

describe('npm run bench', () => {
  it('measures every stage, peer and engine', () => {
    const file = join(folder, 'result.json');
    const sizes = ['--packets', '3000', '--connections', '20,200', '--rules', '100', '--pods', '40'];
    const printed = node('bench/run.mjs', '--built', ...sizes, '--milliseconds', '20', '--json', file);
    const result = JSON.parse(readFileSync(file, 'utf8'));
    expect(result.schema).toBe('policap.bench/1');
    expect(result.stages.map(({ stage }: { stage: string }) => stage)).toEqual(
      [20, 200].flatMap(() => ['read', 'parse', 'judge', 'report']),
    );
    for (const { together } of result.stages) expect(together).toBeGreaterThan(0);
    // The yardstick in C has counted the same verdicts, else there were no figures.
    for (const { nanoseconds, dataplane } of result.replays)
      expect([nanoseconds, dataplane].every(Number.isFinite)).toBe(true);
    const npm = result.peers.find(({ name }: { name: string }) => name.startsWith('pcap-parser'));
    expect(npm.nanoseconds).toBeGreaterThan(0);
    for (const name of ['cat', 'tcpdump', 'tshark']) expect(printed).toContain(name);
    expect(result.classifiers.map(({ family }: { family: string }) => family)).toEqual(['acl', 'fw', 'ipc']);
    for (const { engines } of result.classifiers) {
      const names = engines.map(({ engine }: { engine: string }) => engine);
      expect(names.slice(0, 4)).toEqual(['tree', 'tree, single', 'tuple space', 'linear']);
    }
  });
});

describe('a long replay', () => {
  /** Half of the capture's packets, one object of 16 bytes or more each, fill the 1 MB for new objects so often. */
  const PACKETS = 1_000_000;
  const collections = (file: string, objects: string, ...plain: string[]): number =>
    JSON.parse(node('--max-semi-space-size=1', 'bench/collections.mjs', file, '40', objects, ...plain)).after;

  it('allocates nothing a packet: what it leaves to collect does not grow with its packets', () => {
    const sizes = ['--packets', String(PACKETS), '--connections', '500', '--pods', '40', '--life', String(PACKETS)];
    const file = generate('long.pcap', ...sizes);
    expect(collections(file, '0')).toBeLessThanOrEqual(4);
    expect(collections(file, '0', 'plain')).toBeLessThanOrEqual(4);
    expect(collections(file, '1')).toBeGreaterThanOrEqual(8);
  });
});
