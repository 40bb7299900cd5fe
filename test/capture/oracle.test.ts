/** Plain microsecond captures against `pcap-parser`, which shares no code with us. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allCases } from '../support/cases.js';
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

const folders = allCases().flatMap(({ path, captures }) => captures.map(capture => `${path}/${capture}`));
/** Uncompressed pcap of either byte order with microseconds: what the oracle reads. */
const plain = [...new Set(folders)].filter(path => {
  const magic = readFileSync(path).readUInt32BE(0);
  return magic === 0xa1b2c3d4 || magic === 0xd4c3b2a1;
});

describe('pcap-parser', () => {
  it('has shipped captures to read', () => expect(plain.length).toBeGreaterThan(3));

  it.each(plain)('finds the same frames in %s', async path => {
    const bytes = new Uint8Array(readFileSync(path));
    const { frames, errors } = await read(bytes, { bufferLength: 16 * 1024 });
    expect(errors).toEqual([]);
    expect(frames.length).toBeGreaterThan(0);
    expect(frames).toEqual(await byParser(bytes));
  });

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
