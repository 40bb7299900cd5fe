/**
 * Dataplane mode judges datagrams when they are whole: reports get every packet in order all the same, with its verdict.
 */
import { describe, expect, it } from 'vitest';
import { newPacketBatch } from '../../src/packet/parse.js';
import { createInOrder } from '../../src/report/in-order.js';
import type { LateVerdict } from '../../src/verdict/datagrams.js';
import { newVerdictBatch, PENDING, UNDECIDED_FRAGMENT } from '../../src/verdict/verdict.js';
import { generate } from '../kernel/generate.js';
import { ruleListText } from '../kernel/plain-nft.js';
import { compileRules, judgeByPolicap, RAW } from '../kernel/policap.js';
import { batchOf, ethernet, fragment4, ipv4, udp } from '../support/frames.js';
import { compileText, record, sourceOf, words } from '../support/replay.js';
import { seed as firstSeed } from '../support/seed.js';

const FRAGMENTS = fragment4(ipv4({ id: 7 }, udp({ payload: new Uint8Array(200) })), 64).map(part => ethernet(part));
const OTHER = ethernet(ipv4({ id: 8 }, udp({ sport: 99 })));
const NOTHING = compileText('');

describe('dataplane mode', () => {
  it('tells every fragment the verdict of its datagram, however the capture was read', async () => {
    const frames = [FRAGMENTS[0]!, OTHER, FRAGMENTS[1]!, FRAGMENTS[3]!, FRAGMENTS[2]!];
    for (const size of [1, 2, 5]) {
      const batches = [];
      for (let at = 0; at < frames.length; at += size) batches.push(batchOf(frames.slice(at, at + size)).batch);
      const { records } = await record(sourceOf(batches), NOTHING, { mode: 'dataplane' });
      expect(words(records)).toEqual(Array.from({ length: 5 }, () => 'allowed no-policy'));
      expect(records.map(({ packet }) => packet)).toEqual([1, 2, 3, 4, 5]);
      expect(records.map(({ connection }) => connection)).toEqual([2, 1, 2, 2, 2]);
      // The connection counts at the fragment that holds its ports.
      expect(records.map(({ marks }) => marks.includes('first'))).toEqual([true, true, false, false, false]);
    }
  });

  it('drops what never becomes whole', async () => {
    const frames = [FRAGMENTS[0]!, OTHER, FRAGMENTS[1]!];
    const { records } = await record(sourceOf([batchOf(frames).batch]), NOTHING, { mode: 'dataplane' });
    expect(words(records)).toEqual(['dropped fragment', 'allowed no-policy', 'dropped fragment']);
  });

  it('gives copies of a fragment its verdict, in the same batch and later', async () => {
    const frames = [FRAGMENTS[0]!, FRAGMENTS[0]!, ...FRAGMENTS.slice(1), FRAGMENTS[1]!, FRAGMENTS[2]!];
    const places = frames.map((_, i) => (i === 1 || i > 4 ? 1 : 0));
    const interfaces = [0, 1].map(() => ({ linkType: 1, fcsLength: 0, snapLength: 0, capture: 0 }));
    const start = 1_700_000_000_000_000_000n;
    const times = frames.map((_, i) => start + BigInt(i) * 1000n);
    const at = [...frames.keys()];
    const source = sourceOf(
      at.map(i => batchOf([frames[i]!], { times: [times[i]!], interfaceIndex: [places[i]!], interfaces }).batch),
    );
    Object.assign(source, { interfaces });
    const { records } = await record(source, NOTHING, { mode: 'dataplane' });
    expect(words(records)).toEqual(frames.map(() => 'allowed no-policy'));
    expect(records.map(({ marks }) => marks.includes('duplicate'))).toEqual(places.map(place => place === 1 && true));
  });

  it(`random traffic gets the same verdicts in batches of any size (seed ${firstSeed})`, async () => {
    const reasons = new Set<string>();
    for (let seed = firstSeed; seed < firstSeed + 8; seed++) {
      const { packets, rules, options } = generate(seed, 600);
      const compiled = compileRules(ruleListText(rules));
      const expected = judgeByPolicap(packets, compiled, options).map(({ verdict, reason }) => `${verdict} ${reason}`);
      for (const size of [1, 7, 256]) {
        const batches = [];
        for (let at = 0; at < packets.length; at += size) {
          const part = packets.slice(at, at + size);
          const times = part.map(({ time }) => 1_700_000_000_000_000_000n + BigInt(Math.round(time * 1e6)) * 1000n);
          batches.push(
            batchOf(
              part.map(({ bytes }) => bytes),
              { linkType: RAW, times },
            ).batch,
          );
        }
        const how = { ...options, mode: 'dataplane', duplicates: false, tunnels: false, maxConnections: 4096 } as const;
        const { records } = await record(sourceOf(batches, RAW), compiled, how);
        expect(words(records), `batches of ${size}`).toEqual(expected);
      }
      for (const each of expected) reasons.add(each);
    }
    // Traffic without fragments would prove nothing.
    expect(reasons).toContain('dropped fragment');
  });
});

describe('batches that are held', () => {
  const rows = newPacketBatch(1);
  const verdicts = newVerdictBatch(1);
  verdicts.count = 1;

  it('go on when the last verdict has come, and are given up where they would take too much memory', async () => {
    const reported: [number, number][] = [];
    const report = {
      begin() {},
      batch: (_f: unknown, _p: unknown, out: typeof verdicts, first: number) =>
        void reported.push([first, out.code[0]!]),
      end() {},
    };
    let waiting = 1;
    let late: LateVerdict[] = [];
    const released: number[] = [];
    const datagrams = {
      waiting: () => waiting,
      takeLate: () => late.splice(0),
      release(number: number) {
        released.push(number);
        late = [{ number: 1, code: UNDECIDED_FRAGMENT, decision: -1, connection: 0, marks: 0 }];
        waiting = Number.POSITIVE_INFINITY;
      },
    };
    const { batch } = batchOf([OTHER]);
    const inOrder = createInOrder([report], datagrams, 1000);
    for (let first = 1; first <= 3; first++) {
      verdicts.code[0] = first === 1 ? PENDING : first;
      await inOrder.batch(batch, rows, verdicts, first);
      expect(reported.length).toBe(0);
    }
    verdicts.code[0] = 4;
    await inOrder.batch(batch, rows, verdicts, 4);
    await inOrder.batch(batch, rows, verdicts, 5);
    expect(released).toEqual([1]);
    expect(reported).toEqual([
      [1, UNDECIDED_FRAGMENT],
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 4],
    ]);
  });
});
