/** policap bench: what it measures, in both formats; the figures themselves are the machine's. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policap } from './person.js';

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml', '--seconds', '1'];
const CAPTURE = 'pcaps/shop/capture.pcapng';
const folder = mkdtempSync(join(tmpdir(), 'policap-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Filters that overlap in every field. */
function tangled(): string {
  const file = join(folder, 'tangled.rules');
  const lines = Array.from({ length: 900 }, (_, i) => {
    const [a, b] = [(i * 7919) % 256, (i * 104729) % 256];
    return `@${a}.0.0.0/${8 + (i % 2)} ${b}.${a}.0.0/${8 + (i % 9)} ${i} : ${30000 + i} ${i % 700} : ${1000 + i} 0x06/0xFF`;
  });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

describe('policap bench', () => {
  it('tells of the tree, of its longest lookup, and of both engines', async () => {
    const { code, out, err } = await policap(['bench', ...SHOP]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^policies +5, 10 rules, 9 pods$/m);
    expect(out).toMatch(/^a changed policy +[\d.,]+ ms \([\d.,]+-[\d.,]+\)$/m);
    expect(out).toMatch(/^longest lookup +at most \d+ steps/m);
    expect(out).toMatch(
      /egress +\d+ steps behind the addresses, for example between shop\/\S+ \(10\.244\.\d+\.\d+\) and /,
    );
    expect(out).toMatch(/^ {4}shop\/web egress\[1\] \(pcaps\/shop\/policies\/shop\.yaml:29:7\)$/m);
    expect(out).toContain('8,192 headers made up from the rules');
    expect(out).toMatch(/^ +1\.000 .* linear$/m);
    expect(out).toMatch(/ tree$/m);
    expect(out).not.toContain('Stages');
  });

  it('measures the stages of a capture, and asks for its connections', async () => {
    const { code, out } = await policap(['bench', CAPTURE, ...SHOP, '--stages', '-o', 'json']);
    expect(code).toBe(0);
    const document = JSON.parse(out);
    expect(document).toMatchObject({
      schema: 'policap.bench/1',
      headers: { from: 'captures' },
      stages: { repeated: 321, tooFew: false },
    });
    expect(document.stages.stages.map(({ stage }: { stage: string }) => stage)).toEqual([
      ...['read', 'parse', 'track', 'judge', 'report'],
    ]);
    for (const { nanoseconds } of document.lookups) expect(nanoseconds.min).toBeLessThanOrEqual(nanoseconds.max);
    for (const { direction, steps } of document.deepest) {
      expect(['egress', 'ingress']).toContain(direction);
      expect(steps).toBeLessThanOrEqual(document.longest);
    }
    const text = await policap(['bench', CAPTURE, ...SHOP, '--stages']);
    expect(text.out).toMatch(
      /^Stages of a replay: [\d,]+ packets \(the capture 321 times\), behind a start of \d+\.\d ms$/m,
    );
    expect(text.out).toMatch(/ report$/m);
  });

  it('takes plain rules, and tells which rules are compared where they meet', async () => {
    const { code, out } = await policap(['bench', '--rules', tangled(), '--seconds', '1', '-o', 'json']);
    expect(code).toBe(0);
    const { deepest, classifier, lookups } = JSON.parse(out);
    expect(classifier.rules).toBe(900);
    for (const { direction, rules } of deepest) {
      expect(direction).toBe('forward');
      expect(rules.length).toBeGreaterThan(0);
    }
    expect(lookups.map(({ engine }: { engine: string }) => engine)).toEqual(['tree', 'tree, in batches', 'linear']);
  });

  it('shows its progress on a terminal, and takes it away', async () => {
    const { err } = await policap(['bench', CAPTURE, ...SHOP, '--stages'], { isTerminal: true });
    expect(err).toContain('\rlookups');
    expect(err).toContain('\rstages of a replay: track');
    expect(err.endsWith('\r')).toBe(true);
  });

  it('says what it cannot measure', async () => {
    const input = { input: '' };
    expect((await policap(['bench', '-', ...SHOP], input)).err).toContain('a capture is read several times');
    expect((await policap(['bench', ...SHOP, '--stages'])).err).toContain('--stages needs a capture');
    expect((await policap(['bench'])).err).toContain('no policies');
  });

  it('measures a damaged capture up to the damage, and ends with 3', async () => {
    const file = join(folder, 'cut.pcap');
    const header = Buffer.alloc(24);
    for (const [i, word] of [0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1].entries()) header.writeUInt32LE(word, i * 4);
    const record = Buffer.alloc(16 + 60);
    record.writeUInt32LE(60, 8);
    record.writeUInt32LE(60, 12);
    writeFileSync(file, Buffer.concat([header, record, record]));
    truncateSync(file, 24 + 76 + 30);
    const { code, out, err } = await policap(['bench', file, ...SHOP, '--stages']);
    expect(code).toBe(3);
    expect(err).toContain('cut.pcap');
    expect(out).toContain('Stages of a replay: 1 packet, ');
  });
});
