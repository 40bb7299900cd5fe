import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameSource } from '../../src/capture/frame.js';
import { mergeCaptures } from '../../src/capture/merge.js';
import { openCapture } from '../../src/capture/open.js';
import { concat, enhancedPacket, interfaceBlock, pcapHeader, pcapRecord, sectionHeader } from './build.js';
import { bytesSource, chunkedSource, type Drained, drain } from './drain.js';

const tagged = (capture: number, index: number, length = 4): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes[0] = capture;
  bytes[1] = index >> 8;
  bytes[2] = index & 255;
  return bytes;
};

/** A capture whose frames come at these microseconds and say which they are. */
const capture = (number: number, times: readonly number[], length = 4): Uint8Array =>
  concat(
    pcapHeader({ link: 100 + number, snapLength: 1 << 22 }),
    ...times.map((time, i) => pcapRecord(Math.floor(time / 1e6), time % 1e6, tagged(number, i, length))),
  );

const source = (bytes: Uint8Array, number: number, buffer?: number): FrameSource =>
  openCapture(bytesSource(bytes, `capture ${number}`), { capture: number, bufferLength: buffer });

const told = ({ frames }: Drained): string[] =>
  frames.map(f => `${Number.parseInt(f.hex.slice(0, 2), 16)}:${Number.parseInt(f.hex.slice(2, 6), 16)}`);

describe('merging captures', () => {
  it('orders by time, and by command line where times are equal', async () => {
    const merged = mergeCaptures([
      source(capture(0, [10, 20, 20, 30]), 0),
      source(capture(1, [5, 20, 40]), 1),
      source(capture(2, [20]), 2),
    ]);
    const result = await drain(merged);
    expect(told(result)).toEqual(['1:0', '0:0', '0:1', '0:2', '1:1', '2:0', '0:3', '1:2']);
    expect(result.stepsBack).toBe(0);
    for (const frame of result.frames) {
      const number = Number.parseInt(frame.hex.slice(0, 2), 16);
      expect(result.interfaces[frame.interface]).toMatchObject({ linkType: 100 + number, capture: number });
    }
  });

  it('leaves a single capture as it is', () => {
    const only = source(capture(0, [1]), 0);
    expect(mergeCaptures([only])).toBe(only);
  });

  it('counts steps back, within one capture and merged', async () => {
    expect((await drain(source(capture(0, [10, 9, 9, 8, 50, 49]), 0))).stepsBack).toBe(3);
    const merged = mergeCaptures([source(capture(0, [10, 5, 6]), 0), source(capture(1, [7, 20]), 1)]);
    const result = await drain(merged);
    expect(told(result)).toEqual(['1:0', '0:0', '0:1', '0:2', '1:1']);
    expect(result.stepsBack).toBe(1);
  });

  it('goes on where one of the captures is damaged, empty or none', async () => {
    const damaged = capture(0, [1, 2, 30]);
    const merged = mergeCaptures([
      source(damaged.subarray(0, -1), 0),
      source(capture(1, [3, 4]), 1),
      source(new Uint8Array(0), 2),
      source(capture(3, []), 3),
    ]);
    const result = await drain(merged);
    expect(told(result)).toEqual(['0:0', '0:1', '1:0', '1:1']);
    expect(result.errors.map(e => e.capture)).toEqual(['capture 0', 'capture 2']);
  });

  it('equals a stable sort of sorted captures, whatever the sizes and chunks', { timeout: 300_000 }, async () => {
    const times = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 120 }).map(list => list.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ times, length: fc.constantFrom(4, 60, 1500, 70_000) }), { minLength: 2, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(64, 1000, 65536),
        async (captures, chunks, buffer) => {
          const all = captures.map(({ times, length }, i) => capture(i, times, length));
          const expected = captures
            .flatMap(({ times }, number) => times.map((time, i) => ({ time, name: `${number}:${i}` })))
            .sort((a, b) => a.time - b.time)
            .map(({ name }) => name);
          const sources = all.map((bytes, i) =>
            i % 2
              ? openCapture(chunkedSource(bytes, chunks), { capture: i, bufferLength: buffer })
              : source(bytes, i, buffer),
          );
          const result = await drain(mergeCaptures(sources));
          expect(result.errors).toEqual([]);
          expect(told(result)).toEqual(expected);
          expect(result.stepsBack).toBe(0);
          for (const { hex, captured } of result.frames) {
            expect(captured).toBe(captures[Number.parseInt(hex.slice(0, 2), 16)]!.length);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes in interfaces that are described late', async () => {
    const data = (n: number): Uint8Array => tagged(n, 0);
    const late = concat(
      sectionHeader(true),
      interfaceBlock(true, { link: 1 }),
      enhancedPacket(true, 0, 10n, data(0)),
      interfaceBlock(true, { link: 113 }),
      enhancedPacket(true, 1, 30n, data(1)),
    );
    const result = await drain(mergeCaptures([source(late, 0, 64), source(capture(2, [5, 20, 40]), 1)]));
    expect(told(result)).toEqual(['2:0', '0:0', '2:1', '1:0', '2:2']);
    expect(result.frames.map(f => result.interfaces[f.interface]!.linkType)).toEqual([102, 1, 102, 113, 102]);
  });
});
