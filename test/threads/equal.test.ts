/**
 * A replay by any number of threads writes what one thread writes, byte for byte: on every shipped capture and on made-up
 * traffic, in both modes, in batches and rings of all sizes, with tables that overflow, damaged and compressed captures, and
 * stopped in between.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Compiled } from '../../src/compile.js';
import { generateCapture } from '../../src/generate/capture.js';
import { numberedPods } from '../../src/generate/ends.js';
import type { ReadingOptions } from '../../src/node/start-reading.js';
import type { ReplayOptions } from '../../src/replay.js';
import { concat, enhancedPacket, interfaceBlock, pcapHeader, pcapRecord, sectionHeader } from '../capture/build.js';
import { generate } from '../kernel/generate.js';
import { ruleListText } from '../kernel/plain-nft.js';
import { compileRules, RAW } from '../kernel/policap.js';
import { CAPTURES } from '../kernel/shipped.js';
import { compileCase, plainCapture } from '../support/cases.js';
import { ethernet, ipv4, pcapOf, udp } from '../support/frames.js';
import { seed } from '../support/seed.js';
import { ALL, byOne, bySeveral, type Format } from '../support/threads.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fileOf = (bytes: Uint8Array, suffix = '.pcap'): string => {
  const path = join(folder, `${files++}${suffix}`);
  writeFileSync(path, bytes);
  return path;
};

const MODES = ['dataplane', 'what-if'] as const;

/** Without threads that parse, with one, and with more than there are cores. */
const THREADS = [2, 3, 4, 7];

interface Ways extends Omit<ReadingOptions, 'threads'> {
  readonly threads?: readonly number[];
  readonly formats?: readonly Format[];
}

async function expectEqual(
  paths: readonly string[],
  compiled: Compiled,
  options: Partial<ReplayOptions>,
  { formats = ALL, threads = THREADS, ...reading }: Ways = {},
) {
  const one = await byOne(paths, compiled, options, formats, reading);
  for (const count of threads) {
    const several = await bySeveral(paths, compiled, options, formats, { ...reading, threads: count });
    for (const format of formats) {
      const [a, b] = [one.bytes[format]!, several.bytes[format]!];
      if (!a.equals(b)) expect(b.toString('latin1'), `${format} by ${count}`).toBe(a.toString('latin1'));
    }
    expect(several.outcome).toEqual(one.outcome);
  }
  return one;
}

const by = (threads: number): typeof byOne => (threads === 1 ? byOne : bySeveral);

/** Batches of a few packets, so that there are many. */
const SMALL = 2048;

describe.each(MODES)('in %s mode several threads write what one does', mode => {
  const [few, many] = mode === 'dataplane' ? [[2, 3], [4]] : [[4], [2, 7]];

  it.each(CAPTURES.map(it => [it.name, it] as const))('of %s', async (_name, it) => {
    const paths = it.captures.map(capture => join(it.path, capture));
    const { outcome } = await expectEqual(paths, compileCase(it), { mode, maxConnections: 1000 }, { threads: few });
    expect(outcome.packets).toBe(it.expected.packets.total);
    await expectEqual(
      paths,
      compileCase(it),
      { mode, maxConnections: 20 },
      { formats: ['json'], threads: many, entries: 2, bufferLength: SMALL },
    );
  });

  it.each([1, 2])(`of random traffic (seed ${seed} + %i)`, async more => {
    const { packets, rules, options } = generate(seed + more, 4000);
    const times = packets.map(({ time }) => 1_700_000_000_000_000_000n + BigInt(Math.round(time * 1e6)) * 1000n);
    const path = fileOf(
      pcapOf(
        packets.map(({ bytes }) => bytes),
        { linkType: RAW, times },
      ),
    );
    const compiled = compileRules(ruleListText(rules));
    for (const [entries, bufferLength, maxConnections, threads] of [
      [2, 512, 3, [3]],
      [4, SMALL, 40, [2, 7]],
      [8, undefined, 4096, [4]],
    ] as const) {
      const given = { ...options, mode, maxConnections };
      await expectEqual([path], compiled, given, { entries, bufferLength, threads });
      await expectEqual([path], compiled, given, { entries, bufferLength, threads, formats: ['json'] });
    }
  });
});

/** Pods that may reach each other on one port only, most of them through services. */
const shop = CAPTURES.find(({ name }) => name === 'pcaps/shop')!;
const services = CAPTURES.find(({ name }) => name === 'pcaps/services')!;

function generated(packets: number, snap: number): Uint8Array {
  const options = { packets, connections: 500, snap, skew: 1, life: 12, refused: 0.4, apart: 10, seed };
  return concat(...Array.from(generateCapture(numberedPods(60, 4), options), chunk => chunk.slice()));
}

describe.each(MODES)('in %s mode', mode => {
  const compiled = compileCase(shop);

  it.each([
    ['cut at 96 bytes', 96],
    ['whole', 65535],
  ] as const)('packets %s, connections evicted', async (_name, snap) => {
    const path = fileOf(generated(30_000, snap));
    for (const entries of [2, 4]) {
      const { outcome } = await expectEqual(
        [path],
        compiled,
        { mode, maxConnections: 64 },
        { formats: ['text'], threads: [2, 3], entries },
      );
      expect(outcome.packets).toBe(30_000);
      expect(outcome.tracker.earlyEvictions + outcome.tracker.refusedFull).toBeGreaterThan(1000);
    }
  });

  it('compressed, damaged and cut captures, and none', async () => {
    const whole = generated(3000, 96);
    const damaged = whole.slice();
    damaged.fill(0xff, 100_000, 100_100);
    const paths = [
      fileOf(gzipSync(whole), '.pcap.gz'),
      fileOf(gzipSync(whole).subarray(0, 20_000), '.pcap.gz'),
      fileOf(damaged),
      fileOf(whole.subarray(0, 200_001)),
      fileOf(new TextEncoder().encode('no capture')),
      fileOf(new Uint8Array(0)),
      fileOf(whole.subarray(0, 24)),
    ];
    const errors = [];
    for (const path of paths) {
      const { outcome } = await expectEqual(
        [path],
        compiled,
        { mode, maxConnections: 1000 },
        { entries: 4, threads: [2, 4] },
      );
      errors.push(outcome.errors.length);
    }
    expect(errors).toEqual([0, 1, 1, 1, 1, 1, 0]);
    // Merged by time; each is damaged for itself.
    const { outcome } = await expectEqual(
      paths.slice(0, 5),
      compiled,
      { mode, maxConnections: 1000 },
      { threads: [3, 7] },
    );
    expect(outcome.errors.length).toBe(4);
  });

  it('records longer than a place in the ring', async () => {
    const frame = ethernet(ipv4({ src: '10.244.1.5', dst: '10.244.1.6' }, udp({ sport: 4000, dport: 53 })));
    const long = concat(frame, new Uint8Array((1 << 20) + 5));
    const frames = Array.from({ length: 40 }, (_, i) => (i % 7 === 3 ? long : frame));
    const records = frames.map((data, i) => pcapRecord(1_700_000_000 + i, 0, data));
    const path = fileOf(concat(pcapHeader({ snapLength: 1 << 22 }), ...records));
    for (const it of [shop, services]) {
      const { outcome } = await expectEqual(
        [path],
        compileCase(it),
        { mode, maxConnections: 100 },
        { entries: 2, threads: [2, 4] },
      );
      expect(outcome.packets).toBe(40);
    }
  });

  it('stopped in between, at the same packet', async () => {
    const path = fileOf(generated(20_000, 96));
    const stopped = async (threads: number) => {
      const stop = new AbortController();
      const onProgress = (packets: number): void => {
        if (packets > 5000) stop.abort();
      };
      const options = { mode, maxConnections: 100, signal: stop.signal, onProgress };
      return by(threads)([path], compiled, options, ['json'], { threads });
    };
    const one = await stopped(1);
    expect(one.outcome.interrupted).toBe(true);
    expect(one.outcome.packets).toBeLessThan(20_000);
    for (const threads of THREADS) expect(await stopped(threads)).toEqual(one);
  });

  it('tells the same of how far it has read', async () => {
    const path = fileOf(generated(20_000, 96));
    const told = async (threads: number): Promise<unknown[]> => {
      const seen: unknown[] = [];
      const onProgress = (...all: unknown[]): void => void seen.push(all);
      await by(threads)([path], compiled, { mode, maxConnections: 100, onProgress }, ['json'], { threads });
      return seen;
    };
    const seen = await told(1);
    expect(seen.length).toBeGreaterThan(10);
    for (const threads of THREADS) expect(await told(threads)).toEqual(seen);
  });
});

it('copies on several interfaces, and clocks that step back', async () => {
  const [capture] = shop.captures;
  const plain = fileOf(plainCapture(readFileSync(join(shop.path, capture!))), '.pcapng');
  const late = fileOf(concat(pcapHeader(), ...[5, 3, 4, 1].map(s => pcapRecord(s, 0, new Uint8Array(60)))));
  const compiled = compileCase(shop);
  for (const paths of [[plain], [plain, plain], [late], [late, plain]]) {
    const { outcome } = await expectEqual(
      paths,
      compiled,
      { mode: 'what-if', maxConnections: 1000 },
      { bufferLength: SMALL, threads: [2, 4] },
    );
    expect(outcome.warnings.some(warning => warning.startsWith('Time ran backwards'))).toBe(paths[0] === late);
  }
});

/** How many packets lie between one and its copy: more than a small batch holds. */
const LAG = 40;

/** Packets of one interface; behind some of them a copy of an earlier one, on the last of interfaces that are told of then. */
function withCopies(packets: number, hasCopy: (i: number) => boolean, interfaces: number): Uint8Array {
  const parts = [sectionHeader(true), interfaceBlock(true)];
  const frames = Array.from({ length: packets }, (_, id) =>
    ethernet(ipv4({ src: '10.244.1.5', dst: '10.244.1.6', id }, udp({ sport: 4000 + (id % 50), dport: 53 }))),
  );
  let described = 1;
  for (const [i, frame] of frames.entries()) {
    const time = 1_700_000_000_000_000n + BigInt(i) * 100n;
    parts.push(enhancedPacket(true, 0, time, frame));
    if (!hasCopy(i)) continue;
    for (; described < interfaces; described++) parts.push(interfaceBlock(true));
    parts.push(enhancedPacket(true, interfaces - 1, time, frames[i - LAG]!));
  }
  return concat(...parts);
}

it.each([
  ['from the first packets on', LAG, 2],
  ['in the middle, behind batches without', 1500, 2],
  ['beyond as many interfaces as parsing threads are told', 1500, 1100],
])('copies that begin %s', async (_name, from, interfaces) => {
  const path = fileOf(
    withCopies(3000, i => i >= from && i % 3 === 0, interfaces),
    '.pcapng',
  );
  const { bytes } = await expectEqual(
    [path],
    compileCase(shop),
    { mode: 'dataplane', maxConnections: 100 },
    { bufferLength: SMALL, entries: 8 },
  );
  expect(bytes['jsonl']!.toString().match(/"duplicateOf":/g)!.length).toBeGreaterThan(400);
});
