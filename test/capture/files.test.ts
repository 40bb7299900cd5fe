import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ByteSource } from '../../src/capture/frame.js';
import { openCapture } from '../../src/capture/open.js';
import { fzstdSource } from '../../src/compression/fzstd.js';
import { openCaptures } from '../../src/node/captures.js';
import { decompress } from '../../src/node/decompress.js';
import { openSource, SourceError } from '../../src/node/sources.js';
import { findZstd } from '../../src/node/zstd-program.js';
import { random } from '../fuzz/mutate.js';
import { concat, pcapHeader, pcapRecord } from './build.js';
import { compileInto } from './compiled.js';
import { bytesSource, chunkedSource, type Drained, drain } from './drain.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

/** Packets that compress as real ones do: headers repeat, payloads do not. */
function capture(packets: number): Uint8Array {
  const pick = random(7);
  return concat(
    pcapHeader(),
    ...Array.from({ length: packets }, (_, i) => {
      const data = new Uint8Array(60 + pick(200)).fill(i & 7);
      for (let k = 40; k < data.length; k++) data[k] = pick(256);
      return pcapRecord(1_700_000_000 + i, pick(1_000_000), data);
    }),
  );
}

const bytes = capture(6_000);
const zstd = (input: Uint8Array): Uint8Array =>
  new Uint8Array(spawnSync('zstd', ['-qc'], { input, maxBuffer: 1 << 28 }).stdout);
const hasZstd = findZstd() !== undefined;
const needsZstd = !hasZstd && process.env['CI'] !== 'true';

const whole = (): Promise<Drained> => drain(openCapture(bytesSource(bytes)));
const frames = (result: Drained): Drained['frames'] => result.frames;

/** What came must be the beginning of the capture, and one error says that it is not all. */
function expectBeginning(result: Drained, all: Drained, least: number): void {
  expect(result.errors).toHaveLength(1);
  expect(result.frames.length).toBeGreaterThanOrEqual(least);
  expect(result.frames.length).toBeLessThan(all.frames.length);
  expect(result.frames).toEqual(all.frames.slice(0, result.frames.length));
}

describe('captures from files', () => {
  it('reads a plain file at once, without promises', () => {
    const source = openCapture(openSource(file('plain.pcap', bytes)));
    let count = 0;
    for (;;) {
      const batch = source.next();
      if (batch === null) break;
      if (batch instanceof Promise) throw new Error('a plain file made the reader wait');
      count += batch.count;
    }
    expect(count).toBe(6_000);
    expect(source.bytesRead).toBe(bytes.length);
    expect(source.bytesTotal).toBe(bytes.length);
    source.close();
  });

  it('merges files and numbers them as given', async () => {
    const early = file(
      'early.pcap',
      concat(pcapHeader(), pcapRecord(1, 0, Uint8Array.of(1)), pcapRecord(3, 0, Uint8Array.of(3))),
    );
    const late = file('late.pcap.gz', gzipSync(concat(pcapHeader(), pcapRecord(2, 0, Uint8Array.of(2)))));
    const { frames, interfaces } = await drain(await openCaptures([late, early]));
    expect(frames.map(f => f.hex)).toEqual(['01', '02', '03']);
    expect(frames.map(f => interfaces[f.interface]!.capture)).toEqual([1, 0, 1]);
  });

  it('says in a sentence what cannot be opened', async () => {
    const sentence = async (path: string): Promise<string> => {
      const error = await openCaptures([path]).catch(error => error);
      expect(error).toBeInstanceOf(SourceError);
      return error.message;
    };
    mkdirSync(join(folder, 'directory'));
    expect(await sentence(join(folder, 'nowhere'))).toBe(`${join(folder, 'nowhere')}: no such file`);
    expect(await sentence(join(folder, 'directory'))).toBe(
      `${join(folder, 'directory')}: is a directory; name the captures in it`,
    );
    expect(await sentence(join(file('f', bytes), 'under'))).toContain('a part of its path is no directory');
    await expect(openCaptures(['-', '-'])).rejects.toThrow('standard input can be given only once');
  });

  it('says what an empty file and foreign data are', async () => {
    const sentence = async (name: string, content: Uint8Array): Promise<string> => {
      const { errors } = await drain(await openCaptures([file(name, content)]));
      expect(errors).toHaveLength(1);
      return errors[0]!.message;
    };
    expect(await sentence('empty', new Uint8Array(0))).toContain('found an empty file');
    expect(await sentence('three', Uint8Array.of(0x28, 0xb5, 0x2f))).toContain(
      'found the end of the file after 3 bytes',
    );
    expect(await sentence('brotli', brotliCompressSync(bytes.subarray(0, 1000)))).toContain(
      'expected a pcap or pcapng',
    );
    expect(await sentence('text.gz', gzipSync(Buffer.from('kind: Pod\n')))).toContain('found text ("kind: Pod\\n")');
    expect(await sentence('twice.gz', gzipSync(gzipSync(bytes)))).toContain('found gzip data');
  });
});

describe('standard input', () => {
  const program = `
    import { openCaptures } from './captures.js';
    const source = await openCaptures([process.argv[2] ?? '-']);
    let count = 0;
    for (let batch; (batch = await source.next()) !== null; ) count += batch.count;
    console.log(count, source.errors.map(String).join());
  `;
  let compiled: string;
  beforeAll(() => {
    compiled = join(folder, 'compiled');
    compileInto(compiled, 'src/node/captures.ts');
    writeFileSync(join(compiled, 'node', 'count.js'), program);
  });

  const run = (command: string): string =>
    spawnSync('bash', ['-c', command.replace('COUNT', `${process.execPath} ${join(compiled, 'node', 'count.js')}`)], {
      encoding: 'utf8',
      cwd: folder,
    }).stdout;

  it('is a pipe, a file, a FIFO, compressed, empty or closed', () => {
    file('in.pcap', bytes);
    file('in.pcap.gz', gzipSync(bytes));
    expect(run('COUNT < in.pcap')).toBe('6000 \n');
    expect(run('cat in.pcap | COUNT')).toBe('6000 \n');
    expect(run('COUNT < in.pcap.gz')).toBe('6000 \n');
    expect(run('cat in.pcap.gz | COUNT')).toBe('6000 \n');
    expect(run('(head -c 3 in.pcap; sleep 0.2; tail -c +4 in.pcap) | COUNT')).toBe('6000 \n');
    expect(run('head -c -1 in.pcap | COUNT')).toMatch(
      /^5999 CaptureError: standard input: at byte \d+: expected a packet record/,
    );
    expect(run('mkfifo fifo; cat in.pcap > fifo & COUNT fifo')).toBe('6000 \n');
    expect(run('COUNT < /dev/null')).toContain('found an empty file');
    expect(run('true | COUNT')).toContain('found an empty file');
  });
});

describe('gzip', () => {
  it('equals plain, in one member and in several', async () => {
    const all = await whole();
    const half = bytes.length >> 1;
    for (const packed of [
      gzipSync(bytes),
      concat(gzipSync(bytes.subarray(0, half)), gzipSync(new Uint8Array(0)), gzipSync(bytes.subarray(half))),
    ]) {
      const source = await openCaptures([file('packed', packed)]);
      const result = await drain(source);
      expect(result.errors).toEqual([]);
      expect(frames(result)).toEqual(frames(all));
      expect(source.bytesRead).toBe(packed.length);
      expect(source.bytesTotal).toBe(packed.length);
      const chunked = await drain(openCapture(await decompress(chunkedSource(packed, [1, 1, 5, 10_000]))));
      expect(frames(chunked)).toEqual(frames(all));
    }
  });

  it('cut short yields what it holds, then one error', async () => {
    const all = await whole();
    const packed = new Uint8Array(gzipSync(bytes));
    for (const part of [0.001, 0.5, 0.999]) {
      const cut = packed.subarray(0, Math.floor(packed.length * part));
      const result = await drain(await openCaptures([file('cut.gz', cut)]));
      expectBeginning(result, all, Math.floor(6_000 * part * 0.9) - 200);
      expect(result.errors[0]).toMatchObject({
        expected: 'whole gzip data',
        found: expect.stringContaining('unexpected end'),
      });
    }
    // The deflated data are whole, the checksum is not.
    const result = await drain(await openCaptures([file('cut.gz', packed.subarray(0, -3))]));
    expect(frames(result)).toEqual(frames(all));
    expect(result.errors).toHaveLength(1);
  });

  it('cut at every byte never loses a frame that plain zlib can tell', async () => {
    const small = concat(pcapHeader(), ...[1, 2, 3].map(i => pcapRecord(i, 0, new Uint8Array(50).fill(i))));
    const packed = gzipSync(small);
    const all = await drain(openCapture(bytesSource(small)));
    for (let cut = 2; cut < packed.length; cut++) {
      const result = await drain(openCapture(await decompress(bytesSource(packed.subarray(0, cut)))));
      expect(result.errors).toHaveLength(1);
      expect(frames(result)).toEqual(frames(all).slice(0, result.frames.length));
    }
  });

  it('corrupt yields the frames before the damage, then one error', async () => {
    const all = await whole();
    const packed = new Uint8Array(gzipSync(bytes));
    // Deflate has no checks but the one at the end: wrong bytes may come out before it notices. But what stands before
    // the damage is what a cut there would have yielded.
    const middle = packed.length >> 1;
    const cut = await drain(openCapture(await decompress(bytesSource(packed.subarray(0, middle)))));
    const corrupt = packed.slice();
    corrupt.fill(0xff, middle, middle + 200);
    const damaged = await drain(await openCaptures([file('corrupt.gz', corrupt)]));
    expect(damaged.errors).toHaveLength(1);
    expect(cut.frames.length).toBeGreaterThan(2_700);
    expect(damaged.frames.slice(0, cut.frames.length)).toEqual(frames(all).slice(0, cut.frames.length));
    const checksum = packed.slice();
    checksum[packed.length - 6]! ^= 1;
    const result = await drain(await openCaptures([file('checksum.gz', checksum)]));
    expect(frames(result)).toEqual(frames(all));
    expect(result.errors).toMatchObject([{ found: expect.stringContaining('incorrect data check') }]);
  });
});

const ways: Readonly<Record<string, (source: ByteSource) => ByteSource | Promise<ByteSource>>> = {
  'as Node or the zstd program does': decompress,
  'in plain JavaScript': fzstdSource,
};

describe.skipIf(needsZstd)('zstd', () => {
  for (const [name, open] of Object.entries(ways)) {
    it(`equals plain, in one frame and in several, ${name}`, async () => {
      const all = await whole();
      const half = bytes.length >> 1;
      const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
      for (const packed of [
        zstd(bytes),
        concat(zstd(bytes.subarray(0, half)), zstd(bytes.subarray(half))),
        concat(skippable, zstd(bytes)),
      ]) {
        for (const source of [bytesSource(packed), chunkedSource(packed, [1, 3, 50_000])]) {
          const result = await drain(openCapture(await open(source)));
          expect(result.errors).toEqual([]);
          expect(frames(result)).toEqual(frames(all));
        }
      }
    });

    it(`cut short or corrupt yields what it holds, then one error, ${name}`, async () => {
      const all = await whole();
      const packed = zstd(bytes);
      const cut = packed.subarray(0, packed.length >> 1);
      const result = await drain(openCapture(await open(bytesSource(cut))));
      expectBeginning(result, all, 2_000);
      expect(result.errors[0]).toMatchObject({ expected: 'whole zstd data' });
      const corrupt = packed.slice();
      corrupt.fill(0xff, packed.length >> 1, (packed.length >> 1) + 5000);
      const damaged = await drain(openCapture(await open(bytesSource(corrupt))));
      // fzstd checks the structure, not the checksum: damaged literals pass.
      if (open === decompress) expect(damaged.errors).toHaveLength(1);
      expect(damaged.frames.slice(0, 2_000)).toEqual(frames(all).slice(0, 2_000));
      const reserved = packed.slice();
      // The first block's type, behind magic, descriptor and window: 3 is none.
      reserved[6]! |= 6;
      const refused = await drain(openCapture(await open(bytesSource(reserved))));
      expect(refused.frames).toEqual([]);
      expect(refused.errors).toMatchObject([{ offset: 0, expected: 'whole zstd data' }]);
    });
  }

  it('leaves no child behind when it is closed early', async () => {
    const source = await openCaptures([file('whole.zst', zstd(capture(100_000)))]);
    expect((await source.next())!.count).toBeGreaterThan(0);
    const children = (): string[] =>
      readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    const before = children();
    source.close();
    expect(await source.next()).toBeNull();
    // On a Node with its own zstd there is no child to end.
    while (children().length > 0 && children().length === before.length)
      await new Promise(done => setTimeout(done, 20));
    expect(children().length).toBe(Math.max(0, before.length - 1));
  });
});
