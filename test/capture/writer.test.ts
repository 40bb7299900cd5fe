import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptureInterface, FrameBatch } from '../../src/capture/frame.js';
import { openCapture } from '../../src/capture/open.js';
import { PcapWriter } from '../../src/capture/pcap-writer.js';
import { PcapngWriter } from '../../src/capture/pcapng-writer.js';
import { createSlot } from '../../src/capture/reader.js';
import { concat } from './build.js';
import { bytesSource, chunkedSource, drain, type Frame, read } from './drain.js';

/** Takes chunks as a sink must: copied, since their memory is used again. */
class Collected {
  readonly chunks: Uint8Array[] = [];
  write(chunk: Uint8Array): void {
    this.chunks.push(chunk.slice());
  }
  bytes(): Uint8Array {
    return concat(...this.chunks);
  }
}

type Given = Omit<Frame, 'captured' | 'interface'> & { interface: number };

function batchOf(frames: readonly Given[]): FrameBatch {
  const { batch } = createSlot(frames.length, 1 + frames.reduce((sum, f) => sum + f.hex.length / 2, 0));
  let at = 1;
  for (const [i, frame] of frames.entries()) {
    const bytes = Buffer.from(frame.hex, 'hex');
    batch.bytes.set(bytes, at);
    batch.offset[i] = at;
    batch.captured[i] = bytes.length;
    batch.original[i] = frame.original;
    batch.seconds[i] = frame.seconds;
    batch.nanoseconds[i] = frame.nanoseconds;
    batch.interfaceIndex[i] = frame.interface;
    at += bytes.length;
  }
  batch.count = frames.length;
  return batch;
}

const ethernet = (name?: string): CaptureInterface => ({ linkType: 1, fcsLength: 0, snapLength: 0, name, capture: 0 });

const bytesHex = fc
  .oneof(
    { weight: 20, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 3000, maxLength: 9000 }) },
  )
  .map(bytes => Buffer.from(bytes).toString('hex'));

const frame = fc
  .record({
    hex: bytesHex,
    seconds: fc.oneof(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.constantFrom(0, 1, 4294967295, 4294967296, 18_446_744_072, 1_700_000_000),
    ),
    nanoseconds: fc.oneof(fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom(0, 1, 999_999_999)),
    more: fc.oneof(fc.constant(0), fc.nat(100_000), fc.constant(2 ** 31 - 1)),
    interface: fc.nat(3),
    comment: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme', maxLength: 60 })),
    verdict: fc.nat(2),
  })
  .map(({ more, ...rest }) => ({ ...rest, original: Math.min(2 ** 31 - 1, rest.hex.length / 2 + more) }));

const interfaces = fc.array(
  fc.record({
    linkType: fc.constantFrom(0, 1, 101, 113, 228, 276, 65535),
    fcsLength: fc.constantFrom(0, 4),
    snapLength: fc.constantFrom(0, 96, 262144, 0xffffffff),
    name: fc.option(fc.constantFrom('eth0', 'any', 'vethé', 'x'.repeat(300)), { nil: undefined }),
    capture: fc.constant(0),
  }),
  { minLength: 4, maxLength: 4 },
);

describe('the pcapng writer', () => {
  it('writes what the reader reads back unchanged', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        interfaces,
        fc.array(frame, { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(64, 700, 262144),
        async (interfaces, frames, chunks, bufferLength) => {
          const sink = new Collected();
          const writer = new PcapngWriter(sink, interfaces);
          const batch = batchOf(frames);
          for (const [i, { comment, verdict }] of frames.entries())
            writer.write(batch, i, writer.comments.add(comment), verdict);
          writer.flush();
          const bytes = sink.bytes();
          const back = await drain(openCapture(bytesSource(bytes), { bufferLength }));
          expect(back.errors).toEqual([]);
          expect(back.frames.map(f => ({ ...f, interface: back.interfaces[f.interface] }))).toEqual(
            frames.map(({ hex, seconds, nanoseconds, original, interface: i }) => ({
              hex,
              seconds,
              nanoseconds,
              original,
              captured: hex.length / 2,
              interface: interfaces[i],
            })),
          );
          expect(back.interfaces).toHaveLength(new Set(frames.map(f => f.interface)).size);
          expect(await drain(openCapture(chunkedSource(bytes, chunks), { bufferLength }))).toEqual({
            ...back,
            batches: expect.any(Number),
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('bounds times that 64 bits of nanoseconds cannot hold, and comments that 16 bits of length cannot', async () => {
    const sink = new Collected();
    const writer = new PcapngWriter(sink, [ethernet()]);
    const frames = [
      [-5, 3],
      [18_446_744_073, 709_551_615],
      [18_446_744_073, 709_551_616],
      [8e12, 0],
    ].map(([seconds, nanoseconds]) => ({
      seconds: seconds!,
      nanoseconds: nanoseconds!,
      hex: 'aa',
      original: 1,
      interface: 0,
    }));
    const batch = batchOf(frames);
    for (let i = 0; i < frames.length; i++) writer.write(batch, i, writer.comments.add('€'.repeat(40_000)), 1);
    writer.flush();
    const { frames: back, errors } = await read(sink.bytes());
    expect(errors).toEqual([]);
    const last = [18_446_744_073, 709_551_615];
    expect(back.map(f => [f.seconds, f.nanoseconds])).toEqual([[0, 0], last, last, last]);
  });

  it('hands over large chunks, of memory it uses again', () => {
    const sink = new Collected();
    const writer = new PcapngWriter(sink, [ethernet()]);
    const batch = batchOf([{ seconds: 1, nanoseconds: 2, hex: 'ab'.repeat(1000), original: 1000, interface: 0 }]);
    for (let i = 0; i < 2000; i++) writer.write(batch, 0);
    writer.flush();
    expect(sink.chunks.length).toBeLessThan(12);
    const large = batchOf([
      { seconds: 1, nanoseconds: 2, hex: 'ab'.repeat(1_000_000), original: 1_000_000, interface: 0 },
    ]);
    writer.write(large, 0);
    writer.flush();
    expect(sink.chunks.at(-1)!.length).toBe(1_000_000 + 32);
  });
});

describe('the pcap writer', () => {
  it('writes what the reader reads back unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(interfaces, fc.array(frame, { maxLength: 30 }), async ([first], frames) => {
        const sink = new Collected();
        const writer = new PcapWriter(sink, first!);
        const batch = batchOf(frames);
        for (let i = 0; i < frames.length; i++) writer.write(batch, i);
        writer.flush();
        const back = await read(sink.bytes());
        expect(back.errors).toEqual([]);
        expect(back.interfaces).toEqual([{ ...first!, name: undefined }]);
        expect(back.frames.map(f => [f.hex, Math.min(f.seconds, 2 ** 32 - 1), f.nanoseconds, f.original])).toEqual(
          frames.map(f => [f.hex, Math.min(f.seconds, 2 ** 32 - 1), f.nanoseconds, f.original]),
        );
      }),
      { numRuns: 100 },
    );
  });
});

const tshark = spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0;

describe.skipIf(!tshark && process.env['CI'] !== 'true')('tshark', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'policap-writer-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const fields = (file: string, filter = ''): string[][] => {
    const names = [
      'frame.number',
      'frame.time_epoch',
      'frame.cap_len',
      'frame.len',
      'frame.comment',
      'frame.verdict.ebpf_xdp',
      'frame.interface_name',
      'frame.encap_type',
    ];
    const list = names.flatMap(name => ['-e', name]);
    const run = spawnSync('tshark', ['-r', file, '-Y', filter, '-T', 'fields', ...list], { encoding: 'utf8' });
    expect([run.status, run.stderr.replace(/^Running as user.*\n/, '')]).toEqual([0, '']);
    return run.stdout
      .split('\n')
      .slice(0, -1)
      .map(line => line.split('\t'));
  };

  it('reads back times, lengths, comments, verdicts and interfaces', () => {
    const sink = new Collected();
    const writer = new PcapngWriter(sink, [ethernet('eth0'), { ...ethernet('tun0'), linkType: 101, snapLength: 96 }]);
    const ip = '45000014000000004011000a0a0000010a000002';
    const ether = `020000000001020000000002${'0800'}${ip}`;
    const given = [
      { seconds: 1_700_000_000, nanoseconds: 123_456_789, hex: ether, original: 1500, interface: 0 },
      { seconds: 1_700_000_001, nanoseconds: 1, hex: ip, original: 20, interface: 1 },
      { seconds: 1_700_000_001, nanoseconds: 999_999_999, hex: `${ether}01`, original: 35, interface: 0 },
      { seconds: 4_300_000_000, nanoseconds: 0, hex: ether, original: 34, interface: 0 },
    ];
    const batch = batchOf(given);
    const comment = 'DROPPED shop/web ingress default-deny (policies/web.yaml:4)';
    writer.write(batch, 0, writer.comments.add(comment), 1);
    writer.write(batch, 1, writer.comments.add('é allowed'), 2, writer.comments.add(', copy of '), 1234567890123);
    writer.write(batch, 2, writer.comments.add(''), 1);
    writer.write(batch, 3);
    writer.flush();
    const file = join(folder, 'marked.pcapng');
    writeFileSync(file, sink.bytes());
    expect(fields(file)).toEqual([
      ['1', '1700000000.123456789', '34', '1500', comment, '1', 'eth0', '1'],
      ['2', '1700000001.000000001', '20', '20', 'é allowed, copy of 1234567890123', '2', 'tun0', '7'],
      ['3', '1700000001.999999999', '35', '35', '', '1', 'eth0', '1'],
      ['4', '4300000000.000000000', '34', '34', '', '', 'eth0', '1'],
    ]);
    expect(fields(file, 'frame.verdict.ebpf_xdp == 1').map(([number]) => number)).toEqual(['1', '3']);
  });

  it('reads back a pcap', () => {
    const sink = new Collected();
    const writer = new PcapWriter(sink, ethernet());
    const batch = batchOf([
      { seconds: 1_700_000_000, nanoseconds: 123_456_789, hex: 'ab'.repeat(60), original: 90, interface: 0 },
    ]);
    writer.write(batch, 0);
    writer.flush();
    const file = join(folder, 'plain.pcap');
    writeFileSync(file, sink.bytes());
    expect(fields(file)).toEqual([['1', '1700000000.123456789', '60', '90', '', '', '', '1']]);
  });
});
