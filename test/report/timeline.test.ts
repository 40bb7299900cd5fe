/**
 * Traffic over time, however long the capture is and however it comes in batches: the same counts as when every packet is put into its span
 * once the last one is known.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameBatch } from '../../src/capture/frame.js';
import { BUCKETS, TIMELINE_VERDICTS, Timeline } from '../../src/report/timeline.js';
import { CODES, type VerdictBatch, verdictOf } from '../../src/verdict/verdict.js';
import { seed } from '../support/seed.js';

interface At {
  /** Since the first packet, in nanoseconds. */
  readonly gap: number;
  readonly code: number;
}

const START = { seconds: 1_800_000_000, nanoseconds: 999_999_990 };

function timelineOf(packets: readonly At[], batch: number): Timeline {
  const timeline = new Timeline();
  let nanoseconds = START.nanoseconds;
  let { seconds } = START;
  const all = packets.map(({ gap, code }) => {
    nanoseconds += gap % 1e9;
    seconds += Math.floor(gap / 1e9) + Math.floor(nanoseconds / 1e9);
    nanoseconds %= 1e9;
    return { seconds, nanoseconds, code };
  });
  for (let i = 0; i < all.length; i += batch) {
    const part = all.slice(i, i + batch);
    const frames = { seconds: part.map(it => it.seconds), nanoseconds: part.map(it => it.nanoseconds) };
    const verdicts = { code: Uint8Array.from(part, it => it.code), count: part.length };
    timeline.add(frames as unknown as FrameBatch, verdicts as unknown as VerdictBatch);
  }
  return timeline;
}

describe(`traffic over time (seed ${seed})`, () => {
  it('has every packet in the span of its time', () => {
    const arbPacket = fc.record({
      gap: fc.oneof(
        fc.nat(3000),
        fc.nat(2e9),
        fc.integer({ min: 0, max: 1e12 }).map(x => x * 1000),
      ),
      code: fc.nat(CODES - 1),
    });
    let widened = 0;
    fc.assert(
      fc.property(
        fc.array(arbPacket, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (packets, batch) => {
          const timeline = timelineOf([{ ...packets[0]!, gap: 0 }, ...packets.slice(1)], batch);
          const { width, used, counts } = timeline;
          expect(Math.log2(width) % 1).toBe(0);
          if (width > 1) widened++;
          const expected = new Float64Array(BUCKETS * TIMELINE_VERDICTS.length);
          let after = 0;
          packets.forEach(({ gap, code }, i) => {
            after += i === 0 ? 0 : gap;
            expected[Math.floor(after / 1000 / width) * 3 + TIMELINE_VERDICTS.indexOf(verdictOf(code))]!++;
          });
          expect([...counts]).toEqual([...expected]);
          expect(used).toBe(Math.floor(after / 1000 / width) + 1);
          // Not wider than it has to be.
          if (width > 1) expect(Math.floor(after / 1000 / (width / 2))).toBeGreaterThanOrEqual(BUCKETS);
        },
      ),
      { seed, numRuns: 500 },
    );
    expect(widened).toBeGreaterThan(100);
  });

  it('puts a packet whose time steps back into the first span', () => {
    const timeline = timelineOf([{ gap: 0, code: 0 }], 1);
    const frames = { seconds: [START.seconds - 5], nanoseconds: [0] };
    timeline.add(frames as unknown as FrameBatch, { code: Uint8Array.of(0), count: 1 } as unknown as VerdictBatch);
    expect(timeline.counts[TIMELINE_VERDICTS.indexOf(verdictOf(0))]).toBe(2);
    expect(timeline.used).toBe(1);
  });
});
