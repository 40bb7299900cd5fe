/**
 * What the benchmark measures with is sound traffic; and a replay leaves nothing a packet to collect.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAPTURE_DEFAULTS, generateCapture } from '../../src/generate/capture.js';
import { numberedPods } from '../../src/generate/ends.js';
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

function generate(name: string, { pods = 2000, ip = 4 as 4 | 6, ...options }): string {
  const file = join(folder, name);
  writeFileSync(file, '');
  for (const chunk of generateCapture(numberedPods(pods, ip), { ...CAPTURE_DEFAULTS, ...options })) {
    appendFileSync(file, chunk);
  }
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
  const options = { packets: 20_000, connections: 300, life: 30 };

  it('is the same for the same seed, and another for another', () => {
    const first = readFileSync(generate('a.pcap', options));
    expect(readFileSync(generate('b.pcap', options)).equals(first)).toBe(true);
    expect(readFileSync(generate('c.pcap', { ...options, seed: 2 })).equals(first)).toBe(false);
  });

  it.each([96, 65535])('is traffic that connection tracking accepts, cut at %s bytes', async snap => {
    const records = await judged(generate('sound.pcap', { ...options, snap }));
    expect(records.length).toBe(20_000);
    const reasons = new Set(records.map(({ reason }) => reason));
    expect([...reasons].sort()).toEqual(['established', 'no-policy']);
    const connections = new Set(records.map(({ connection }) => connection));
    expect(connections.size).toBeGreaterThan(500);
  });

  it('is the same traffic in IPv6', async () => {
    const records = await judged(generate('six.pcap', { ...options, ip: 6 }));
    expect(records.length).toBe(20_000);
    expect(new Set(records.map(({ reason }) => reason))).toEqual(new Set(['established', 'no-policy']));
  });
});

describe('a long replay', () => {
  /** Half of the capture's packets, one object of 16 bytes or more each, fill the 1 MB for new objects so often. */
  const PACKETS = 1_000_000;
  const FLAGS = ['--max-semi-space-size=1', '--no-allocation-site-pretenuring'];
  const collections = (file: string, objects: string, ...plain: string[]): number =>
    JSON.parse(node(...FLAGS, 'bench/collections.mjs', file, '40', objects, ...plain)).after;

  it('allocates nothing a packet: what it leaves to collect does not grow with its packets', () => {
    const file = generate('long.pcap', { packets: PACKETS, connections: 500, pods: 40, life: PACKETS });
    expect(collections(file, '0')).toBeLessThanOrEqual(4);
    expect(collections(file, '0', 'plain')).toBeLessThanOrEqual(4);
    expect(collections(file, '1')).toBeGreaterThanOrEqual(8);
  });
});
