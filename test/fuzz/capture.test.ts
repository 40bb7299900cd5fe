/**
 * Mutated captures through the reader: nothing thrown, nothing without end, and what stands before the first mutated
 * byte comes unchanged.
 */
import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/capture/frame.js';
import { openCapture } from '../../src/capture/open.js';
import {
  block,
  concat,
  enhancedPacket,
  interfaceBlock,
  obsoletePacket,
  pcapHeader,
  pcapRecord,
  sectionHeader,
  simplePacket,
  text,
} from '../capture/build.js';
import { bytesSource, chunkedSource, type Drained, drain } from '../capture/drain.js';
import { mutate } from './mutate.js';

/** POLICAP_MUTANTS: how many over all captures below; POLICAP_SEED: the first seed of each. */
const MUTANTS = Number(process.env['POLICAP_MUTANTS'] ?? 24_000);
const SEED = Number(process.env['POLICAP_SEED'] ?? 1);

const data = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7);

function pcap(littleEndian: boolean, magic: number): Uint8Array {
  const lengths = [60, 0, 1, 96, 14, 300];
  const records = lengths.map((length, i) => pcapRecord(1_700_000_000 + i, i * 999, data(length), { littleEndian }));
  return concat(pcapHeader({ littleEndian, magic }), ...records);
}

function pcapng(little: boolean): Uint8Array {
  return concat(
    sectionHeader(little),
    interfaceBlock(little, {
      list: [
        [2, text('eth0')],
        [9, Uint8Array.of(9)],
      ],
    }),
    interfaceBlock(little, {
      link: 113,
      list: [
        [9, Uint8Array.of(0x94)],
        [14, data(8)],
      ],
    }),
    enhancedPacket(little, 0, 1_700_000_000_123_456_789n, data(60), { list: [[1, text('a comment')]] }),
    enhancedPacket(little, 1, 1_700_000_000n << 20n, data(33)),
    simplePacket(little, 90, data(60)),
    block(little, 5, data(24)),
    obsoletePacket(little, 1, 1_700_000_001n << 20n, data(21)),
    sectionHeader(!little),
    interfaceBlock(!little, { snapLength: 40 }),
    enhancedPacket(!little, 0, 1_700_000_000_000_000n, data(40), { original: 1500 }),
    simplePacket(!little, 90, data(40)),
  );
}

const captures: Readonly<Record<string, Uint8Array>> = {
  'pcap, little-endian': pcap(true, 0xa1b2c3d4),
  'pcap, big-endian nanoseconds': pcap(false, 0xa1b23c4d),
  'pcapng, little-endian first': pcapng(true),
  'pcapng, big-endian first': pcapng(false),
};

/** A source that counts what the reader asks of it. */
function watched(source: ByteSource): ByteSource & { reads: number; largest: number } {
  return {
    ...source,
    reads: 0,
    largest: 0,
    read(target, offset, length) {
      this.reads++;
      this.largest = Math.max(this.largest, target.length);
      return source.read(target, offset, length);
    },
  };
}

function check(mutant: Uint8Array, found: Drained, source: { reads: number; largest: number }, buffer: number): void {
  expect(found.errors.length).toBeLessThanOrEqual(1);
  // The smallest frame takes 16 bytes, the smallest interface 20.
  expect(found.frames.length).toBeLessThanOrEqual(mutant.length / 16);
  expect(found.interfaces.length).toBeLessThanOrEqual(mutant.length / 20);
  expect(found.batches).toBeLessThanOrEqual(found.frames.length);
  expect(source.reads).toBeLessThanOrEqual(mutant.length + 2);
  expect(source.largest).toBeLessThanOrEqual(Math.max(buffer, 2 * mutant.length));
  for (const error of found.errors) {
    expect(error.offset).toBeGreaterThanOrEqual(0);
    expect(error.offset).toBeLessThanOrEqual(mutant.length);
  }
  for (const frame of found.frames) {
    expect(frame.hex.length).toBe(2 * frame.captured);
    expect(frame.original).toBeGreaterThanOrEqual(frame.captured);
    expect(frame.nanoseconds >= 0 && frame.nanoseconds < 1e9 && Number.isInteger(frame.nanoseconds)).toBe(true);
    expect(Number.isInteger(frame.seconds) && Math.abs(frame.seconds) <= 8.64e12).toBe(true);
    expect(frame.interface).toBeLessThan(found.interfaces.length);
  }
}

describe('mutated captures', () => {
  const each = Math.ceil(MUTANTS / Object.keys(captures).length);
  for (const [name, bytes] of Object.entries(captures)) {
    it(`${each} of ${name}, seeds from ${SEED} on`, { timeout: 3_600_000 }, async () => {
      const whole = await drain(openCapture(bytesSource(bytes)));
      expect(whole.errors).toEqual([]);
      expect(whole.frames.length).toBeGreaterThan(5);
      // How many frames are whole where the capture is cut.
      const before: number[] = [];
      for (let cut = 0; cut <= bytes.length; cut++) {
        before.push((await drain(openCapture(bytesSource(bytes.subarray(0, cut))))).frames.length);
      }
      for (let seed = SEED; seed < SEED + each; seed++) {
        const { bytes: mutant, firstChanged } = mutate(bytes, seed);
        const buffer = seed % 2 === 0 ? 1024 : 32 + (seed % 200);
        const plain = seed % 5 === 0 ? chunkedSource(mutant, [1 + (seed % 41), 64]) : bytesSource(mutant);
        const source = watched(plain);
        let found: Drained;
        try {
          found = await drain(openCapture(source, { bufferLength: buffer }));
          check(mutant, found, source, buffer);
          const kept = before[firstChanged]!;
          expect(found.frames.slice(0, kept)).toEqual(whole.frames.slice(0, kept));
        } catch (error) {
          throw new Error(`POLICAP_SEED=${seed} POLICAP_MUTANTS=1: a mutant of ${name}`, { cause: error });
        }
      }
    });
  }
});

describe('the mutator', () => {
  it('gives the same mutant for the same seed, and tells where it begins to differ', () => {
    const bytes = data(500);
    const original = bytes.slice();
    let differing = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const one = mutate(bytes, seed);
      expect(mutate(bytes, seed)).toEqual(one);
      expect(one.bytes.subarray(0, one.firstChanged)).toEqual(bytes.subarray(0, one.firstChanged));
      if (one.firstChanged < bytes.length) {
        expect(one.bytes[one.firstChanged]).not.toBe(bytes[one.firstChanged]);
        differing++;
      }
    }
    expect(differing).toBeGreaterThan(1500);
    expect(bytes).toEqual(original);
    expect(mutate(new Uint8Array(0), 3).firstChanged).toBe(0);
  });
});
