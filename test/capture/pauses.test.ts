/**
 * Live traffic pauses: what has come is given out then, and its verdicts are those of the same packets without a pause.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newFrameBatch } from '../../src/capture/adopt.js';
import type { FrameBatch, FrameSource } from '../../src/capture/frame.js';
import { gatherFrames } from '../../src/capture/gather.js';
import { onFastPath } from '../../src/capture/loops.js';
import { openCapture } from '../../src/capture/open.js';
import { PAUSE, withPauses } from '../../src/capture/pauses.js';
import type { FastPath } from '../../src/memory/fast-path.js';
import { OWN_MEMORY } from '../../src/memory/memory.js';
import { replay } from '../../src/replay.js';
import { newFastPath } from '../support/fast-path.js';
import { compileText, createRecorder, type PacketRecord } from '../support/replay.js';

const after = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Frames of one byte each, numbered in `original`. */
function batchOf(...numbers: number[]): FrameBatch {
  const batch = newFrameBatch(OWN_MEMORY, numbers.length, numbers.length);
  batch.count = numbers.length;
  batch.captured.fill(1);
  numbers.forEach((number, i) => {
    batch.original[i] = number;
    batch.offset[i] = i;
  });
  return batch;
}

/** @param script batches, and numbers: milliseconds until what stands behind them comes */
function scripted(...script: (FrameBatch | number | Error)[]): FrameSource {
  const next = async (): Promise<FrameBatch | null> => {
    const step = script.shift();
    if (step === undefined) return null;
    if (step instanceof Error) throw step;
    if (typeof step !== 'number') return step;
    await after(step);
    return next();
  };
  return { interfaces: [], errors: [], bytesRead: 0, stepsBack: 0, next, close() {} };
}

const numbersOf = ({ count, original }: FrameBatch): number[] => [...original.subarray(0, count)];

async function all(source: Pick<FrameSource, 'next'>): Promise<number[][]> {
  const given: number[][] = [];
  for (;;) {
    const batch = await source.next();
    if (batch === null) return given;
    given.push(numbersOf(batch));
  }
}

describe('a pause', () => {
  it('is an empty batch; what comes behind it is neither lost nor given twice', async () => {
    const given = await all(withPauses(scripted(batchOf(1, 2), 120, batchOf(3), batchOf(4), 120, batchOf(5)), 25));
    const frames = given.filter(numbers => numbers.length > 0);
    expect(frames).toEqual([[1, 2], [3], [4], [5]]);
    const empty = given.map(numbers => numbers.length === 0);
    expect(empty.indexOf(true)).toBe(1);
    expect(empty.lastIndexOf(true)).toBe(empty.length - 2);
  });

  it('is none where batches are at hand', async () => {
    expect(await all(withPauses(scripted(batchOf(1), batchOf(2)), 1000))).toEqual([[1], [2]]);
  });

  it('keeps what goes wrong behind it', async () => {
    const source = withPauses(scripted(60, new Error('gone')), 20);
    expect((await source.next())?.count).toBe(0);
    await after(100);
    await expect(source.next()).rejects.toThrow('gone');
  });

  it('lets out what is gathered', async () => {
    const source = scripted(batchOf(1), batchOf(2), PAUSE, batchOf(3, 4, 5), batchOf(6), PAUSE, PAUSE);
    expect(await all(gatherFrames(source, 3))).toEqual([[1, 2], [3, 4, 5], [6], []]);
  });
});

const YAML = ['pcaps/shop/cluster.yaml', 'pcaps/shop/policies/shop.yaml', 'pcaps/shop/policies/data.yaml'];
const CAPTURE = readFileSync('pcaps/shop/capture.pcapng');

describe('an empty batch that is no pause', () => {
  it('lets nothing out', async () => {
    const source = scripted(batchOf(1), batchOf(), batchOf(2), batchOf(), batchOf(3), batchOf(4));
    expect(await all(gatherFrames(source, 3))).toEqual([[1, 2, 3], [4]]);
  });
});

describe('a replay with pauses', () => {
  /** @param chunk bytes that come at a time, with a pause behind them; 0: all at once */
  async function judged(chunk: number, isFast: boolean): Promise<PacketRecord[]> {
    const compiled = compileText(...YAML.map(path => readFileSync(path, 'utf8')));
    const fastPath: FastPath | null = isFast ? newFastPath({}, compiled) : null;
    let at = 0;
    const read = (target: Uint8Array, offset: number, length: number): number => {
      const part = CAPTURE.subarray(at, at + Math.min(length, chunk === 0 ? length : chunk));
      target.set(part, offset);
      at += part.length;
      return part.length;
    };
    const bytes = {
      name: 'shop',
      read: (target: Uint8Array, offset: number, length: number) =>
        chunk === 0 ? read(target, offset, length) : after(4).then(() => read(target, offset, length)),
      close() {},
    };
    const opened = openCapture(bytes, onFastPath(fastPath));
    const recorder = createRecorder();
    const source = chunk === 0 ? opened : withPauses(opened, 1);
    await replay(source, compiled, { captures: ['shop'], fastPath }, [recorder]);
    return recorder.records;
  }

  it.each([
    ['plain', false],
    ['on the fast path', true],
  ])('gives the verdicts of one without (%s)', async (_, isFast) => {
    const whole = await judged(0, isFast);
    expect(whole.length).toBeGreaterThan(100);
    expect(await judged(1500, isFast)).toEqual(whole);
  });
});
