import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/capture/frame.js';
import { mergeCaptures } from '../../src/capture/merge.js';
import { openCapture } from '../../src/capture/open.js';
import { PAUSE } from '../../src/capture/pauses.js';
import { decompress } from '../../src/node/decompress.js';
import { batchOf, ethernet, fragment4, ipv4, pcapOf, tcp, text, udp } from '../support/frames.js';
import { compileText, type PacketRecord, record, sourceOf } from '../support/replay.js';
import { API_ONE_CLOSED, CLUSTER, WEB_TO_API } from './cluster.js';

const DOCUMENTS = [CLUSTER, API_ONE_CLOSED, WEB_TO_API];
const WEB = '10.0.1.2';
const DB = '10.0.2.3';
const API = ['10.0.1.11', '10.0.2.11'] as const;
const SERVICE = '10.96.0.5';
const NODE_A = '192.168.0.1';
const OUTSIDER = '203.0.113.9';

/** A small generator of numbers below 2^32, so that a failure can be repeated. */
const generator = (seed: number): ((below: number) => number) => {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** Connections through the service with and without their copies, masquerade, fragments, all mixed up in time. */
function traffic(seed: number): { frames: Uint8Array[]; times: bigint[] } {
  const random = generator(seed);
  const sent: { at: number; frame: Uint8Array }[] = [];
  const put = (
    at: number,
    src: string,
    dst: string,
    sport: number,
    dport: number,
    seq: number,
    flags: string,
  ): void => {
    sent.push({
      at,
      frame: ethernet(ipv4({ src, dst }, tcp({ sport, dport, seq, ack: flags === 'S' ? 0 : 1, flags }))),
    });
  };
  for (let i = 0; i < 150; i++) {
    const at = random(40_000_000);
    const src = [WEB, DB, OUTSIDER][random(3)]!;
    const backend = API[random(2)]!;
    const [sport, seq] = [32768 + random(40), random(1000)];
    switch (random(5)) {
      case 0:
        put(at, src, SERVICE, sport, 80, seq, 'S');
        break;
      case 1:
        put(at, src, SERVICE, sport, 80, seq, 'S');
        put(at + random(11_000_000), src, backend, sport, 8080, seq, 'S');
        put(at + 20_000_000, backend, src, 8080, sport, 7, 'SA');
        break;
      case 2:
        put(at, OUTSIDER, NODE_A, sport, 30080, seq, 'S');
        put(at + random(50_000), NODE_A, backend, sport, 8080, seq, 'S');
        break;
      case 3:
        put(at, SERVICE, src, 80, sport, seq, 'A');
        put(at + random(50_000), src, OUTSIDER, sport, 443, seq, 'S');
        break;
      default: {
        const datagram = ipv4({ src, dst: SERVICE, id: i }, udp({ sport, dport: 80, payload: text('x'.repeat(100)) }));
        sent.push(...fragment4(datagram, 48).map((part, k) => ({ at: at + k * 1000, frame: ethernet(part) })));
      }
    }
  }
  sent.sort((a, b) => a.at - b.at);
  return {
    frames: sent.map(({ frame }) => frame),
    times: sent.map(({ at }) => 1_700_000_000_000_000_000n + BigInt(at)),
  };
}

const bytesOf = (data: Uint8Array, chunk: () => number, late: boolean): ByteSource => {
  let at = 0;
  return {
    name: 'test.pcap',
    read(target, offset, length) {
      const part = data.subarray(at, at + Math.min(length, chunk()));
      at += part.length;
      target.set(part, offset);
      return late ? Promise.resolve(part.length) : part.length;
    },
    close() {},
  };
};

const compiled = compileText(...DOCUMENTS);
const judged = async (source: Parameters<typeof record>[0]): Promise<PacketRecord[]> =>
  (await record(source, compiled)).records;

describe('verdicts do not depend on how the capture was read', () => {
  it.each([1, 2, 3, 4, 5, 6])('in batches of any sizes (seed %i)', async seed => {
    const { frames, times } = traffic(seed);
    const whole = await judged(sourceOf([batchOf(frames, { times }).batch]));
    expect(new Set(whole.map(r => r.reason)).size).toBeGreaterThan(4);
    const random = generator(seed * 7919);
    for (const most of [1, 2, 20, 300, 600]) {
      const batches = [];
      for (let at = 0; at < frames.length; ) {
        // An empty batch now and then.
        const to = Math.min(frames.length, at + (random(20) === 0 ? 0 : 1 + random(most)));
        batches.push(batchOf(frames.slice(at, to), { times: times.slice(at, to) }).batch);
        at = to;
      }
      expect(await judged(sourceOf(batches)), `batches of up to ${most}`).toEqual(whole);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])('but that a pause of live traffic may leave them undecided (seed %i)', async seed => {
    const { frames, times } = traffic(seed);
    const whole = await judged(sourceOf([batchOf(frames, { times }).batch]));
    const random = generator(seed * 104_729);
    const batches = [];
    for (let at = 0; at < frames.length; ) {
      const to = Math.min(frames.length, at + 1 + random(30));
      batches.push(batchOf(frames.slice(at, to), { times: times.slice(at, to) }).batch, PAUSE);
      at = to;
    }
    const paused = await judged(sourceOf(batches));
    expect(paused.length).toBe(whole.length);
    const differing = paused.filter(({ verdict }, i) => verdict !== whole[i]!.verdict);
    expect(new Set(differing.map(({ reason }) => reason))).toEqual(new Set(['ambiguous-policy']));
  });

  it('from a file, a pipe in odd pieces, compressed, and as two captures', async () => {
    const { frames, times } = traffic(42);
    const file = pcapOf(frames, { times });
    const whole = await judged(sourceOf([batchOf(frames, { times }).batch]));
    const random = generator(42);
    const odd = (): number => 1 + random(700);
    const all = (): number => Number.POSITIVE_INFINITY;
    const halves = [frames.slice(0, 200), frames.slice(200)];
    const merged = mergeCaptures(
      halves.map((half, i) => {
        const part = pcapOf(half, { times: i === 0 ? times.slice(0, 200) : times.slice(200) });
        return openCapture(bytesOf(part, odd, i === 0));
      }),
    );
    expect(await judged(openCapture(bytesOf(file, all, false)))).toEqual(whole);
    expect(await judged(openCapture(bytesOf(file, odd, true)))).toEqual(whole);
    expect(await judged(openCapture(bytesOf(file, odd, false)))).toEqual(whole);
    expect(await judged(openCapture(await decompress(bytesOf(gzipSync(file), odd, true))))).toEqual(whole);
    expect(await judged(merged)).toEqual(whole);
  });
});
