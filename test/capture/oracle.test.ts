/** Plain microsecond captures against `pcap-parser`, which shares no code with us. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, pcapHeader, pcapRecord } from './build.js';
import { type Frame, read } from './drain.js';

interface ParserPacket {
  readonly header: {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  };
  readonly data: Buffer;
}
interface Parser {
  on(event: 'packet', listener: (packet: ParserPacket) => void): Parser;
  on(event: 'end', listener: () => void): Parser;
  on(event: 'error', listener: (error: Error) => void): Parser;
}

// @ts-expect-error: the package has no types.
const { default: parser } = (await import('pcap-parser')) as { default: { parse(stream: Readable): Parser } };

const byParser = (bytes: Uint8Array): Promise<Frame[]> =>
  new Promise((resolve, reject) => {
    const frames: Frame[] = [];
    parser
      .parse(Readable.from([Buffer.from(bytes)]))
      .on('packet', ({ header, data }) => {
        frames.push({
          seconds: header.timestampSeconds,
          nanoseconds: header.timestampMicroseconds * 1000,
          captured: header.capturedLength,
          original: header.originalLength,
          interface: 0,
          hex: data.toString('hex'),
        });
      })
      .on('end', () => resolve(frames))
      .on('error', reject);
  });

describe('pcap-parser', () => {
  it('finds the same frames in any plain capture', { timeout: 300_000 }, async () => {
    const packet = fc.record({
      seconds: fc.nat(0xffffffff),
      microseconds: fc.nat(999_999),
      data: fc.uint8Array({ maxLength: 120 }),
      more: fc.nat(2000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(packet, { maxLength: 60 }), fc.boolean(), async (packets, littleEndian) => {
        const bytes = concat(
          pcapHeader({ littleEndian }),
          ...packets.map(({ seconds, microseconds, data, more }) =>
            pcapRecord(seconds, microseconds, data, { littleEndian, original: data.length + more }),
          ),
        );
        const { frames, errors } = await read(bytes, { bufferLength: 100 });
        expect(errors).toEqual([]);
        expect(frames).toHaveLength(packets.length);
        expect(frames).toEqual(await byParser(bytes));
      }),
      { numRuns: 200 },
    );
  });
});
