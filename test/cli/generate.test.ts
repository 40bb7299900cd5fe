/**
 * policap generate: what it makes is the same for the same seed, is what it says it is, and is read back without a word.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCaptures } from '../../src/node/captures.js';
import { policap, policapBytes } from './person.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-generate-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('policap generate rules', () => {
  it.each(['acl', 'fw', 'ipc'])(
    '%s: as many different filters as asked for, the same for the same seed',
    async family => {
      const args = ['generate', 'rules', '--family', family, '--count', '500'];
      const [first, again, other] = [await policap(args), await policap(args), await policap([...args, '--seed', '2'])];
      expect(first.code).toBe(0);
      expect(new Set(lines(first.out)).size).toBe(500);
      expect(again.out).toBe(first.out);
      expect(other.out).not.toBe(first.out);
      const stats = await policap(['compile', '--rules', '-', '--emit', 'stats', '-o', 'json'], { input: first.out });
      expect(stats.err).toBe('');
      expect(JSON.parse(stats.out).classifier.rules).toBe(500);
    },
  );

  it('means the same rules in both formats', async () => {
    const args = ['generate', 'rules', '--family', 'ipc', '--count', '300', '--ip', '6'];
    const printed: string[] = [];
    for (const format of ['classbench', 'rulelist']) {
      const { out } = await policap([...args, '--format', format]);
      const rules = await policap(['compile', '--rules', '-', '--emit', 'rules'], { input: out });
      expect(rules.err).toBe('');
      printed.push(rules.out.replaceAll(/ # .*$/gm, '').replaceAll(/\{::-ffff[f:]*\}|::\/0/g, 'any'));
    }
    expect(lines(printed[1]!).length).toBe(lines(printed[0]!).length);
  });

  it('an empty list is one', async () => {
    const { out } = await policap(['generate', 'rules', '--count', '0', '--format', 'rulelist']);
    expect(out).toBe('kind: RuleList\ndefault: deny\nrules: []\n');
  });
});

describe('policap generate trace', () => {
  it('gives headers of the rules; skewed ones repeat', async () => {
    const input = (await policap(['generate', 'rules', '--count', '200'])).out;
    const args = ['generate', 'trace', '--rules', '-', '--count', '2000'];
    const even = await policap(args, { input });
    expect(even.code).toBe(0);
    expect(lines(even.out)).toHaveLength(2000);
    for (const line of lines(even.out)) expect(line).toMatch(/^[\d.]+ [\d.]+ \d+ \d+ \d+$/);
    expect((await policap(args, { input })).out).toBe(even.out);
    const skewed = await policap([...args, '--skew', '2'], { input });
    expect(new Set(lines(skewed.out)).size).toBeLessThan(new Set(lines(even.out)).size / 2);
  });
});

describe('policap generate cluster', () => {
  it('gives objects that are read back as they were meant', async () => {
    const args = ['generate', 'cluster', '--nodes', '3', '--pods', '200', '--policies', '40', '--namespaces', '5'];
    const { code, out } = await policap(args);
    expect(code).toBe(0);
    expect((await policap(args)).out).toBe(out);
    const stats = await policap(['compile', '-p', '-', '-c', '-', '--emit', 'stats', '-o', 'json'], { input: out });
    expect(stats.err).toBe('');
    const { policies, cluster } = JSON.parse(stats.out);
    expect({ policies, ...cluster }).toEqual({ policies: 40, namespaces: 5, nodes: 3, pods: 200, services: 0 });
  });

  it('refuses policies without pods', async () => {
    const { code, err } = await policap(['generate', 'cluster', '--pods', '0', '--policies', '1']);
    expect(code).toBe(2);
    expect(err).toContain('--policies need --pods');
  });
});

describe('policap generate capture', () => {
  const small = ['generate', 'capture', '--packets', '3000', '--connections', '200', '--life', '20'];

  it('gives a capture, the same for the same options', async () => {
    const first = await policapBytes(small);
    expect(first.err).toBe('');
    expect((await policapBytes(small)).bytes).toEqual(first.bytes);
    for (const other of [
      ['--seed', '2'],
      ['--skew', '1'],
      ['--refused', '1'],
      ['--pods', '7'],
      ['--ip', '6'],
      ['--snap', '200'],
    ]) {
      const { code, bytes } = await policapBytes([...small, ...other]);
      expect({ other, code, isSame: Buffer.compare(bytes, first.bytes) === 0 }).toEqual({
        other,
        code: 0,
        isSame: false,
      });
    }
    expect(await recordsOf(first.bytes)).toBe(3000);
  });

  it("is between a cluster's pods, and goes where its policies allow it but for the refused share", async () => {
    const input = (await policap(['generate', 'cluster', '--pods', '300', '--policies', '60', '--namespaces', '6']))
      .out;
    const replayed = async (refused: string) => {
      const { bytes, err } = await policapBytes([...small, '-p', '-', '--refused', refused], { input });
      expect(err).toBe('');
      const file = join(folder, 'traffic.pcap');
      writeFileSync(file, bytes);
      const { out } = await policap(['replay', file, '-p', '-', '-o', 'json'], { input });
      return JSON.parse(out);
    };
    const allowed = await replayed('0');
    expect(allowed.packets.total).toBe(3000);
    expect(allowed.packets.dropped).toBeLessThan(150);
    expect((await replayed('1')).packets.dropped).toBeGreaterThan(allowed.packets.dropped + 300);
  });

  it.each([
    [['--refused', '2'], 'from 0 to 1'],
    [['--connections', '0'], 'from 1 to'],
  ])('%s is refused', async (args, message) => {
    const { code, err } = await policap([...small, ...args]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
  });

  it('is nothing for a terminal, and needs pods of the family', async () => {
    expect((await policap(small, { isTerminal: true })).err).toContain('> traffic.pcap');
    const input = (await policap(['generate', 'cluster', '--pods', '5', '--policies', '1'])).out;
    const { code, err } = await policap([...small, '-c', '-', '--ip', '6'], { input });
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('IPv6') });
  });
});

/** Packets that a reader finds in the file. */
async function recordsOf(bytes: Uint8Array): Promise<number> {
  const file = join(folder, 'read.pcap');
  writeFileSync(file, bytes);
  const source = await openCaptures([file]);
  let packets = 0;
  for (let frames = await source.next(); frames !== null; frames = await source.next()) packets += frames.count;
  expect(source.errors).toEqual([]);
  source.close();
  return packets;
}
