import { describe, expect, it } from 'vitest';
import { CaptureError } from '../../src/capture/frame.js';
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
  Words,
} from './build.js';
import { bytesSource, chunkedSource, drain, read } from './drain.js';

const data = Uint8Array.of(1, 2, 3, 4, 5, 6);

/** The parts of a capture: cut between them it is whole; `frames` says how many frames a part adds. */
interface Part {
  readonly bytes: Uint8Array;
  readonly frames: number;
}

const pcap = (littleEndian: boolean): Part[] => [
  { bytes: pcapHeader({ littleEndian }), frames: 0 },
  ...[0, 1, 6].map(length => ({
    bytes: pcapRecord(1, length, data.subarray(0, length), { littleEndian }),
    frames: 1,
  })),
];

const pcapng = (little: boolean): Part[] => [
  { bytes: sectionHeader(little), frames: 0 },
  { bytes: interfaceBlock(little, { list: [[2, text('eth0')]] }), frames: 0 },
  { bytes: enhancedPacket(little, 0, 1n, data, { list: [[1, text('comment')]] }), frames: 1 },
  { bytes: simplePacket(little, 6, data), frames: 1 },
  { bytes: block(little, 77, data), frames: 0 },
  { bytes: obsoletePacket(little, 0, 2n, data), frames: 1 },
  { bytes: sectionHeader(!little), frames: 0 },
  { bytes: interfaceBlock(!little), frames: 0 },
  { bytes: enhancedPacket(!little, 0, 3n, data), frames: 1 },
];

const captures: Readonly<Record<string, Part[]>> = {
  'pcap, little-endian': pcap(true),
  'pcap, big-endian': pcap(false),
  'pcapng, little-endian first': pcapng(true),
  'pcapng, big-endian first': pcapng(false),
};

describe('a capture cut at every byte', () => {
  for (const [name, parts] of Object.entries(captures)) {
    it(`yields the whole frames before the cut and one error: ${name}`, async () => {
      const bytes = concat(...parts.map(part => part.bytes));
      const whole = await read(bytes);
      expect(whole.errors).toEqual([]);
      const ends = new Map<number, number>();
      let end = 0;
      let frames = 0;
      for (const part of parts) {
        end += part.bytes.length;
        frames += part.frames;
        ends.set(end, frames);
      }
      let expected = 0;
      let start = 0;
      for (let cut = 0; cut <= bytes.length; cut++) {
        const between = ends.get(cut);
        if (between !== undefined) {
          expected = between;
          start = cut;
        }
        for (const source of [bytesSource(bytes.subarray(0, cut)), chunkedSource(bytes.subarray(0, cut), [7, 1, 13])]) {
          const cutOff = await drain(openCapture(source));
          expect(cutOff.frames).toEqual(whole.frames.slice(0, expected));
          expect(cutOff.errors.map(e => e.offset)).toEqual(between === undefined ? [start] : []);
        }
      }
    });
  }

  it('says what was expected and what was found', async () => {
    const record = pcapRecord(1, 2, data);
    const error = async (bytes: Uint8Array): Promise<string> => (await read(bytes)).errors.map(String).join('\n');
    expect(await error(concat(pcapHeader(), record, record.subarray(0, 18)))).toBe(
      'CaptureError: test.pcap: at byte 46: expected a packet record of 22 bytes, found the end of the capture after 18 of them; ' +
        'the capture was cut short: was it copied while it was being written?',
    );
    expect(await error(concat(pcapHeader(), record.subarray(0, 5)))).toContain('a packet record of 16 bytes');
    expect(await error(pcapHeader().subarray(0, 20))).toBe(
      'CaptureError: test.pcap: at byte 0: expected a pcap header of 24 bytes, found the end of the file after 20 bytes',
    );
    expect(await error(sectionHeader(true).subarray(0, 20))).toContain('expected a section header of 28 bytes');
  });
});

describe('what is no capture', () => {
  const sentence = async (bytes: Uint8Array): Promise<string> => {
    const { errors, frames } = await read(bytes);
    expect(frames).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(CaptureError);
    return errors[0]!.message;
  };

  it('gets one clear sentence', async () => {
    expect(await sentence(new Uint8Array(0))).toBe(
      'test.pcap: at byte 0: expected a pcap or pcapng capture, found an empty file',
    );
    expect(await sentence(text('abc'))).toContain('found the end of the file after 3 bytes');
    expect(await sentence(text('apiVersion: v1\nkind: Pod\nmetadata: {}\n'))).toBe(
      'test.pcap: at byte 0: expected a pcap or pcapng capture, found text ("apiVersion: v1\\nkind: Pod"); ' +
        'policies and cluster files are given with -p and -c',
    );
    expect(await sentence(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0))).toContain(
      'found xz data; decompress it first',
    );
    expect(await sentence(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0))).toContain('found gzip data');
    expect(await sentence(Uint8Array.of(0, 1, 2, 3, 4))).toContain('found the bytes 0x00010203');
  });

  it('is refused where its version is absurd', async () => {
    expect(await sentence(pcapHeader({ version: [7, 1] }))).toContain(
      'at byte 4: expected pcap version 2.0 to 2.4, found version 7.1',
    );
    expect(await sentence(pcapHeader({ version: [2, 5] }))).toContain('found version 2.5');
    expect(await sentence(pcapHeader({ version: [1, 4] }))).toContain('found version 1.4');
    expect(await sentence(sectionHeader(true, { version: [2, 0] }))).toContain(
      'at byte 12: expected pcapng version 1.0, found version 2.0',
    );
    const order = sectionHeader(true);
    order[8] = 0;
    expect(await sentence(order)).toContain('at byte 8: expected the byte-order magic 0x1a2b3c4d, found 0x1a2b3c00');
  });
});

describe('damage inside', () => {
  for (const little of [true, false]) {
    const start = concat(sectionHeader(little), interfaceBlock(little), enhancedPacket(little, 0, 5n, data));
    const after = enhancedPacket(little, 0, 6n, data);

    /** The damaged block stands between good ones; the frame before it must come, the one after it must not. */
    const damaged = async (bytes: Uint8Array): Promise<readonly [number, string, string]> => {
      const { frames, errors } = await read(concat(start, bytes, after));
      expect(frames.map(f => f.nanoseconds)).toEqual([5000]);
      expect(errors).toHaveLength(1);
      return [errors[0]!.offset - start.length, errors[0]!.expected, errors[0]!.found];
    };
    const patched = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setUint32(at, value, little);
      return copy;
    };

    it(`is named where it stands, ${little ? 'little' : 'big'}-endian pcapng`, async () => {
      const good = enhancedPacket(little, 0, 9n, data);
      expect(await damaged(patched(good, good.length - 4, 44))).toEqual([
        good.length - 4,
        "the block's length 40 again at the end of an enhanced packet",
        '44',
      ]);
      expect(await damaged(patched(good, 4, 41))).toEqual([4, 'a length divisible by 4 for an enhanced packet', '41']);
      expect(await damaged(patched(good, 4, 28))).toEqual([4, 'a length of at least 32 for an enhanced packet', '28']);
      expect(await damaged(patched(good, 4, 0))).toEqual([4, 'a length of at least 32 for an enhanced packet', '0']);
      expect(await damaged(patched(good, 4, 0xfffffffc))).toEqual([
        4,
        'a length of at most 16777216 for an enhanced packet',
        '4294967292',
      ]);
      expect(await damaged(patched(good, 8, 1))).toEqual([8, 'an interface number below 1', '1']);
      expect(await damaged(patched(good, 20, 9))).toEqual([
        20,
        'a captured length of at most 8 in an enhanced packet of 40 bytes',
        '9',
      ]);
      expect(await damaged(patched(good, 20, 0xffffffff))).toEqual([20, expect.any(String), '4294967295']);
      const unknown = block(little, 0x1234, data);
      expect(await damaged(patched(unknown, 4, 8))).toEqual([
        4,
        'a length of at least 12 for a block of type 0x00001234',
        '8',
      ]);
      const described = interfaceBlock(little, { list: [[2, text('eth0')]] });
      const option = described.slice();
      new DataView(option.buffer).setUint16(18, 0xffff, little);
      expect(await damaged(option)).toEqual([18, 'an option of at most 8 bytes in an interface description', '65535']);
    });

    it(`is a packet before any interface, ${little ? 'little' : 'big'}-endian`, async () => {
      for (const packet of [after, simplePacket(little, 6, data), obsoletePacket(little, 0, 1n, data)]) {
        const { errors, frames } = await read(concat(sectionHeader(little), packet));
        expect(frames).toEqual([]);
        expect(errors).toMatchObject([{ expected: 'an interface description before the first packet', found: 'none' }]);
      }
    });
  }

  it('ends where interfaces never do', async () => {
    const many = new Uint8Array(20 * 65537);
    const one = interfaceBlock(true);
    for (let i = 0; i < 65537; i++) many.set(one, i * 20);
    const { errors, interfaces } = await read(concat(sectionHeader(true), many));
    expect(interfaces).toHaveLength(65536);
    expect(errors).toMatchObject([{ offset: 28 + 65536 * 20, expected: 'at most 65536 interfaces' }]);
  });

  it('tells of a source that fails, after what it gave', async () => {
    const bytes = concat(pcapHeader(), pcapRecord(1, 0, data), pcapRecord(2, 0, data).subarray(0, 9));
    for (const source of [bytesSource(bytes), chunkedSource(bytes, [10])]) {
      const failing = {
        ...source,
        read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
          const got = source.read(target, offset, length);
          const check = (n: number): number => {
            if (n === 0) throw new Error('the disk is gone');
            return n;
          };
          return typeof got === 'number' ? check(got) : got.then(check);
        },
      };
      const { frames, errors } = await drain(openCapture(failing));
      expect(frames).toHaveLength(1);
      expect(errors).toMatchObject([{ offset: bytes.length, expected: 'readable bytes', found: 'the disk is gone' }]);
    }
  });
});

describe('a lying length', () => {
  it('allocates by the bytes that come, not by its word', async () => {
    const lie = new Words(true).u32(1, 2, 16_000_000, 16_000_000).bytes();
    const bytes = concat(pcapHeader({ snapLength: 0x7fffffff }), pcapRecord(1, 0, data), lie, new Uint8Array(300_000));
    const lengths: number[] = [];
    const source = bytesSource(bytes);
    const watched = {
      ...source,
      read(target: Uint8Array, offset: number, length: number) {
        lengths.push(target.length);
        return source.read(target, offset, length);
      },
    };
    const { frames, errors } = await drain(openCapture(watched));
    expect(frames).toHaveLength(1);
    expect(errors).toMatchObject([{ offset: 24 + 22, expected: 'a packet record of 16000016 bytes' }]);
    expect(Math.max(...lengths)).toBe(512 * 1024);
  });

  it('is not needed for the buffer to stay small where no packet comes', async () => {
    const unknown = block(true, 0x4711, new Uint8Array(5000));
    const lengths: number[] = [];
    const source = bytesSource(concat(sectionHeader(true), ...Array.from({ length: 400 }, () => unknown)));
    const watched = {
      ...source,
      read(target: Uint8Array, offset: number, length: number) {
        lengths.push(target.length);
        return source.read(target, offset, length);
      },
    };
    expect((await drain(openCapture(watched))).errors).toEqual([]);
    expect(Math.max(...lengths)).toBe(128 * 1024);
    expect(lengths.length).toBeLessThan(20);
  });

  it('costs a legitimately large record no more than twice its size', async () => {
    const large = new Uint8Array(5_000_000).fill(9);
    const bytes = concat(sectionHeader(true), interfaceBlock(true), enhancedPacket(true, 0, 1n, large));
    const { frames, errors } = await drain(openCapture(chunkedSource(concat(bytes, bytes), [60_000, 1])));
    expect(errors).toEqual([]);
    expect(frames.map(f => f.captured)).toEqual([5_000_000, 5_000_000]);
    expect(frames[1]!.hex.length).toBe(10_000_000);
  });
});
