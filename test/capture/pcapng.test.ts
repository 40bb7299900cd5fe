import { describe, expect, it } from 'vitest';
import {
  block,
  concat,
  enhancedPacket,
  fromHex,
  interfaceBlock,
  type Option,
  obsoletePacket,
  sectionHeader,
  simplePacket,
  text,
  Words,
} from './build.js';
import { read } from './drain.js';

const data = Uint8Array.of(1, 2, 3, 4, 5);

describe('pcapng', () => {
  it('reads a capture written down by hand', async () => {
    const bytes = fromHex(`
      0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
      01000000 14000000 6500 0000 60000000 14000000
      06000000 28000000 00000000 830a0600 40c2b44a 05000000 3c000000 0102030405 000000 28000000`);
    const { frames, errors, interfaces } = await read(bytes);
    expect(errors).toEqual([]);
    expect(interfaces).toEqual([{ linkType: 101, fcsLength: 0, snapLength: 96, name: undefined, capture: 0 }]);
    const micros = 0x00060a834ab4c240n;
    expect(frames).toEqual([
      {
        seconds: Number(micros / 1_000_000n),
        nanoseconds: Number(micros % 1_000_000n) * 1000,
        captured: 5,
        original: 60,
        interface: 0,
        hex: '0102030405',
      },
    ]);
  });

  for (const little of [true, false]) {
    describe(little ? 'little-endian' : 'big-endian', () => {
      it('reads enhanced, simple and obsolete packets and steps over everything else', async () => {
        const bytes = concat(
          sectionHeader(little),
          block(little, 4, new Uint8Array(20)),
          interfaceBlock(little, { snapLength: 4, list: [[2, text('eth0')]] }),
          block(little, 0x0bad, new Uint8Array(7)),
          enhancedPacket(little, 0, 1_700_000_000_000_001n, data, { original: 99, list: [[1, text('hello')]] }),
          block(little, 5, new Uint8Array(12)),
          simplePacket(little, 3, data.subarray(0, 3)),
          simplePacket(little, 99, data.subarray(0, 4)),
          obsoletePacket(little, 0, 1_700_000_001_000_002n, data, 77),
          block(little, 0x80000bad, new Uint8Array(0)),
        );
        const { frames, errors, interfaces } = await read(bytes);
        expect(errors).toEqual([]);
        expect(interfaces).toMatchObject([{ name: 'eth0', snapLength: 4 }]);
        expect(frames.map(f => [f.seconds, f.nanoseconds, f.captured, f.original, f.hex])).toEqual([
          [1_700_000_000, 1000, 5, 99, '0102030405'],
          [1_700_000_000, 1000, 3, 3, '010203'],
          [1_700_000_000, 1000, 4, 99, '01020304'],
          [1_700_000_001, 2000, 5, 77, '0102030405'],
        ]);
      });

      it('keeps sections apart, whatever their byte order', async () => {
        const bytes = concat(
          sectionHeader(little),
          interfaceBlock(little, { link: 1 }),
          interfaceBlock(little, { link: 113 }),
          enhancedPacket(little, 1, 1n, data),
          sectionHeader(!little, { length: 4711n }),
          interfaceBlock(!little, { link: 101 }),
          enhancedPacket(!little, 0, 2n, data),
          sectionHeader(little, { version: [1, 2] }),
          interfaceBlock(little, { link: 276 }),
          enhancedPacket(little, 0, 3n, data),
          enhancedPacket(little, 1, 4n, data),
        );
        const { frames, errors, interfaces } = await read(bytes);
        expect(interfaces.map(i => i.linkType)).toEqual([1, 113, 101, 276]);
        expect(frames.map(f => f.interface)).toEqual([1, 2, 3]);
        expect(errors).toMatchObject([{ expected: 'an interface number below 1', found: '1' }]);
      });

      const at = async (time: bigint, list: readonly Option[]): Promise<unknown> => {
        const { frames, errors } = await read(
          concat(sectionHeader(little), interfaceBlock(little, { list }), enhancedPacket(little, 0, time, data)),
        );
        expect(errors).toEqual([]);
        return [frames[0]!.seconds, frames[0]!.nanoseconds];
      };
      const resolution = (value: number): Option => [9, Uint8Array.of(value)];
      const max = 0xffffffffffffffffn;

      it('keeps every if_tsresol exact', async () => {
        expect(await at(1_700_000_000_123_456_789n, [resolution(9)])).toEqual([1_700_000_000, 123_456_789]);
        expect(await at(1_700_000_000_123n, [resolution(3)])).toEqual([1_700_000_000, 123_000_000]);
        expect(await at(1_700_000_000n, [resolution(0)])).toEqual([1_700_000_000, 0]);
        expect(await at(1_234_567_123_456_789_987n, [resolution(12)])).toEqual([1_234_567, 123_456_789]);
        expect(await at(1_700_000_000n * 1024n + 1023n, [resolution(0x8a)])).toEqual([1_700_000_000, 999_023_437]);
        expect(await at((1_700_000_000n << 32n) + 0xffffffffn, [resolution(0xa0)])).toEqual([
          1_700_000_000, 999_999_999,
        ]);
        expect(await at(max, [resolution(9)])).toEqual([18_446_744_073, 709_551_615]);
        expect(await at(max, [resolution(19)])).toEqual([1, 844_674_407]);
        expect(await at(max, [resolution(20)])).toEqual([0, 184_467_440]);
        expect(await at(max, [resolution(0xff)])).toEqual([0, 0]);
      });

      it('equals exact integer arithmetic at every resolution', async () => {
        const times = [0n, 1n, 0xffffffffn, 0x100000000n, 1_700_000_000_123_456_789n, 0x7fffffffffffffffn, max];
        for (let code = 0; code < 256; code++) {
          const units = (code & 0x80 ? 2n : 10n) ** BigInt(code & 0x7f);
          const bytes = concat(
            sectionHeader(little),
            interfaceBlock(little, { list: [resolution(code)] }),
            ...times.map(time => enhancedPacket(little, 0, time, data)),
          );
          const { frames } = await read(bytes);
          // Beyond what a Date holds only damage lies: there the time is bounded, everywhere else exact.
          const bound = (seconds: number, nanoseconds: number): unknown =>
            seconds < 8.63e12 ? [seconds, nanoseconds] : 'beyond';
          expect(frames.map(f => bound(f.seconds, f.nanoseconds))).toEqual(
            times.map(t => bound(Number(t / units), Number(((t % units) * 1_000_000_000n) / units))),
          );
          for (const { seconds } of frames) expect(() => new Date(seconds * 1000).toISOString()).not.toThrow();
        }
      });

      it('adds if_tsoffset, negative ones too', async () => {
        const offset = (value: bigint): Option => [14, new Words(little).u64(BigInt.asUintN(64, value)).bytes()];
        expect(await at(5_000_001n, [offset(1_700_000_000n)])).toEqual([1_700_000_005, 1000]);
        expect(await at(5_000_001n, [offset(-7n), resolution(6)])).toEqual([-2, 1000]);
      });

      it('reads if_fcslen as bytes or bits', async () => {
        const list = (value: number): Option[] => [[13, Uint8Array.of(value)]];
        const { interfaces } = await read(
          concat(
            sectionHeader(little),
            interfaceBlock(little, { list: list(4) }),
            interfaceBlock(little, { list: list(32) }),
            interfaceBlock(little, { list: list(0) }),
          ),
        );
        expect(interfaces.map(i => i.fcsLength)).toEqual([4, 4, 0]);
      });

      it('follows interfaces whose times advance at their own pace', async () => {
        const nanos = interfaceBlock(little, { list: [resolution(9)] });
        const time = 1_700_000_000n;
        const packets = Array.from({ length: 50 }, (_, i) => {
          const t = time * 1000n + BigInt(i * 1789);
          return enhancedPacket(little, i % 2, i % 2 ? t * 1_000_000n + 7n : t * 1000n, data);
        });
        const { frames } = await read(concat(sectionHeader(little), interfaceBlock(little), nanos, ...packets));
        expect(frames.map(f => f.seconds * 1000 + Math.floor(f.nanoseconds / 1e6))).toEqual(
          packets.map((_, i) => Number(time) * 1000 + i * 1789),
        );
        expect(frames.map(f => f.nanoseconds % 1000)).toEqual(packets.map((_, i) => (i % 2 ? 7 : 0)));
      });
    });
  }

  it('describes more interfaces than a small table holds', async () => {
    const many = Array.from({ length: 100 }, (_, i) =>
      interfaceBlock(true, { link: i, list: [[9, Uint8Array.of(9)]] }),
    );
    const { frames, interfaces } = await read(
      concat(sectionHeader(true), ...many, enhancedPacket(true, 99, 1_000_000_007n, data)),
    );
    expect(interfaces.map(i => i.linkType)).toEqual(many.map((_, i) => i));
    expect(frames).toMatchObject([{ interface: 99, seconds: 1, nanoseconds: 7 }]);
  });
});
