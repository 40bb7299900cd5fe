/**
 * `-o verdicts` on the shipped captures, in both modes: every byte is what jsonl says of the packet, by the header alone.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createVerdictsReport } from '../../src/report/verdicts.js';
import { ALLOWED_RULE, CODES, DROPPED_RULE } from '../../src/verdict/verdict.js';
import { policap, policapBytes } from '../cli/person.js';
import { makeShop } from '../cli/shop.js';
import { CAPTURES } from '../kernel/shipped.js';
import { batchesOf, collect, run } from './fixture.js';

const shop = makeShop();
afterAll(shop.remove);

interface Verdicts {
  readonly header: { schema: string; mode: string; codes: ({ verdict: string; reason: string } | null)[] };
  readonly bytes: Uint8Array;
}

/** As docs/outputs.md tells it. */
function read(file: Buffer): Verdicts {
  expect([file.toString('latin1', 0, 8), file.readUInt32LE(8)]).toEqual(['policap\n', 1]);
  const from = 16 + file.readUInt32LE(12);
  return { header: JSON.parse(file.toString('utf8', 16, from)), bytes: file.subarray(from) };
}

const words = ({ header, bytes }: Verdicts): string[] =>
  [...bytes].map(byte => `${header.codes[byte]!.verdict} ${header.codes[byte]!.reason}`);

const wordsOfLines = (jsonl: string): string[] =>
  jsonl
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
    .map(({ verdict, reason }) => `${verdict} ${reason}`);

describe.each(['what-if', 'dataplane'])('in %s mode', mode => {
  it.each(CAPTURES.map(folder => [folder.name, folder] as const))(
    '%s: bytes say what jsonl says',
    async (_, folder) => {
      const { path } = folder;
      const captures = folder.captures.map(capture => join(path, capture));
      const input = ['-p', join(path, 'policies'), '-c', join(path, 'cluster.yaml'), '--mode', mode];
      const verdicts = read((await policapBytes(['replay', ...captures, ...input, '-o', 'verdicts'])).bytes);
      expect(verdicts.header).toMatchObject({ schema: 'policap.verdicts/1', mode });
      expect(verdicts.header.codes).toHaveLength(CODES);
      const lines = wordsOfLines((await policap(['replay', ...captures, ...input, '-o', 'jsonl'])).out);
      expect(lines.length).toBeGreaterThan(0);
      expect(words(verdicts)).toEqual(lines);
    },
  );
});

describe('verdicts', () => {
  it('are written as far as the capture was judged before its damage', async () => {
    const shopCapture = readFileSync('pcaps/shop/capture.pcapng');
    writeFileSync(shop.path('half.pcapng'), shopCapture.subarray(0, shopCapture.length >> 1));
    const input = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
    const file = shop.path('half.bin');
    const { code, out } = await policap(['replay', shop.path('half.pcapng'), ...input, '-o', 'verdicts', '-w', file]);
    expect(code).toBe(3);
    expect(out).toContain('connections would be refused');
    const half = words(read(readFileSync(file)));
    const whole = await policap(['replay', 'pcaps/shop/capture.pcapng', ...input, '-o', 'jsonl']);
    expect(half.length).toBeGreaterThan(200);
    const damaged = await policap(['replay', shop.path('half.pcapng'), ...input, '-o', 'jsonl']);
    expect(half).toEqual(wordsOfLines(damaged.out));
    expect(half.length).toBeLessThan(wordsOfLines(whole.out).length);
  });

  it('keep their order in batches of every size', async () => {
    const frame = new Uint8Array(0);
    for (const count of [1, 1000, 65_535, 65_536, 70_000]) {
      const out = collect();
      const report = createVerdictsReport(out);
      const batches = batchesOf([{ frame, code: ALLOWED_RULE }], [0n], [0]);
      const code = Uint8Array.from({ length: count }, (_, i) => (i % 7 === 0 ? DROPPED_RULE : ALLOWED_RULE));
      const verdicts = { ...batches.verdicts, code, count };
      await run(
        {
          ...report,
          async batch(frames, packets, _, first) {
            for (let times = 0; times < 3; times++) await report.batch(frames, packets, verdicts, first);
          },
        },
        { batches },
      );
      const { bytes } = read(Buffer.from(out.bytes()));
      expect(bytes.length).toBe(3 * count);
      expect(Buffer.compare(bytes, Buffer.concat([code, code, code]))).toBe(0);
    }
  });
});
