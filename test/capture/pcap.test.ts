import { describe, expect, it } from 'vitest';
import { concat, fromHex, pcapHeader, pcapRecord } from './build.js';
import { read } from './drain.js';

const data = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0x01);

describe('pcap', () => {
  it('reads a capture written down by hand', async () => {
    const bytes = fromHex(`
      d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000
      00f15365 40e20100 04000000 3c000000 aabbccdd
      01f15365 00000000 00000000 00000000`);
    expect(await read(bytes)).toEqual({
      frames: [
        { seconds: 1700000000, nanoseconds: 123456000, captured: 4, original: 60, interface: 0, hex: 'aabbccdd' },
        { seconds: 1700000001, nanoseconds: 0, captured: 0, original: 0, interface: 0, hex: '' },
      ],
      errors: [],
      interfaces: [{ linkType: 1, fcsLength: 0, snapLength: 262144, capture: 0 }],
      stepsBack: 0,
      batches: 1,
    });
  });

  it('reads the same big-endian, in nanoseconds', async () => {
    const bytes = fromHex(`
      a1b23c4d 0002 0004 00000000 00000000 00040000 00000071
      6553f100 075bcd15 00000003 0000003c 010203`);
    const { frames, interfaces } = await read(bytes);
    expect(frames).toEqual([
      { seconds: 1700000000, nanoseconds: 123456789, captured: 3, original: 60, interface: 0, hex: '010203' },
    ]);
    expect(interfaces[0]!.linkType).toBe(113);
  });

  for (const littleEndian of [true, false]) {
    const order = littleEndian ? 'little-endian' : 'big-endian';

    it(`reads Kuznetzov's longer record headers, ${order}`, async () => {
      const extra = new Uint8Array(8).fill(0x77);
      const record = pcapRecord(5, 6, data, { littleEndian });
      const bytes = concat(
        pcapHeader({ littleEndian, magic: 0xa1b2cd34 }),
        ...[1, 2].flatMap(() => [record.subarray(0, 16), extra, data]),
      );
      const { frames, errors } = await read(bytes);
      expect(errors).toEqual([]);
      expect(frames.map(f => [f.seconds, f.nanoseconds, f.hex])).toEqual([
        [5, 6000, 'deadbeef01'],
        [5, 6000, 'deadbeef01'],
      ]);
    });

    it(`takes the FCS bits out of the link type, ${order}`, async () => {
      // f bit 26; two units of two bytes in the top four bits; then none given.
      const withFcs = await read(pcapHeader({ littleEndian, link: 0x24000001 }));
      expect(withFcs.interfaces[0]).toMatchObject({ linkType: 1, fcsLength: 4 });
      const without = await read(pcapHeader({ littleEndian, link: 0x20000001 }));
      expect(without.interfaces[0]).toMatchObject({ linkType: 1, fcsLength: 0 });
    });
  }

  it('takes the lengths the other way round before version 2.3, and either way in it', async () => {
    const record = pcapRecord(1, 0, data, { captured: 60, original: 5 });
    for (const minor of [2, 3]) {
      const { frames } = await read(concat(pcapHeader({ version: [2, minor] }), record));
      expect(frames.map(f => [f.captured, f.original])).toEqual([[5, 60]]);
    }
    const straight = pcapRecord(1, 0, data, { original: 60 });
    const { frames } = await read(concat(pcapHeader({ version: [2, 3] }), straight));
    expect(frames.map(f => [f.captured, f.original])).toEqual([[5, 60]]);
  });

  it('keeps seconds above 2^31 and carries a fraction of a second and more', async () => {
    const bytes = concat(
      pcapHeader(),
      pcapRecord(0xfffffff0, 999_999, data),
      pcapRecord(10, 2_500_000, data),
      pcapRecord(10, 0xffffffff, data),
    );
    const { frames, stepsBack } = await read(bytes);
    expect(frames.map(f => [f.seconds, f.nanoseconds])).toEqual([
      [4294967280, 999_999_000],
      [12, 500_000_000],
      [10 + 4294, 967_295_000],
    ]);
    expect(stepsBack).toBe(1);
  });

  it('raises a length on the wire that is below the captured one, and bounds it', async () => {
    const bytes = concat(
      pcapHeader(),
      pcapRecord(1, 0, data, { original: 2 }),
      pcapRecord(1, 0, data, { original: 0xffffffff }),
    );
    expect((await read(bytes)).frames.map(f => f.original)).toEqual([5, 0x7fffffff]);
  });

  it('accepts packets above 256 KiB only where the snap length says so', async () => {
    const large = new Uint8Array(300_000).fill(7);
    const small = await read(concat(pcapHeader(), pcapRecord(1, 0, data), pcapRecord(2, 0, large)));
    expect(small.frames).toHaveLength(1);
    expect(small.errors).toMatchObject([
      { offset: 24 + 21 + 8, expected: 'a captured length of at most 262144', found: '300000' },
    ]);
    const jumbo = concat(pcapHeader({ snapLength: 1_000_000 }), pcapRecord(1, 0, data), pcapRecord(2, 0, large));
    const { frames, errors } = await read(concat(jumbo, pcapRecord(3, 0, data)));
    expect(errors).toEqual([]);
    expect(frames.map(f => f.captured)).toEqual([5, 300_000, 5]);
    expect(frames[1]!.hex).toBe('07'.repeat(300_000));
    expect((await read(jumbo, { maxRecord: 299_999 })).errors).toMatchObject([{ found: '300000' }]);
  });

  it('fills batches of at most 4096 frames from buffers that hold more', async () => {
    const records = Array.from({ length: 20_000 }, (_, i) =>
      pcapRecord(i, 0, Uint8Array.of(i & 255).subarray(0, i % 2)),
    );
    const { frames, batches, errors } = await read(concat(pcapHeader(), ...records));
    expect(errors).toEqual([]);
    expect(batches).toBeGreaterThanOrEqual(5);
    expect(frames.map(f => f.seconds)).toEqual(records.map((_, i) => i));
    expect(frames[4097]!.hex).toBe('01');
  });
});
