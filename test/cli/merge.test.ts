/**
 * policap replay -o part and policap merge, as people use them.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Part } from '../../src/parts/part.js';
import { policap } from './person.js';

const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
const CAPTURES = ['shop/capture.pcapng', 'scan/capture.pcap', 'nodes/capture.pcapng', 'midstream/capture.pcapng'].map(
  name => `pcaps/${name}`,
);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-merge-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => join(folder, name);

/** A shard of the captures, in a file of this name. */
async function shard(
  of: string,
  name: string,
  more: readonly string[] = [],
  captures: readonly string[] = CAPTURES,
): Promise<string> {
  const ran = await policap(['replay', ...captures, ...SHOP, '-o', 'part', '--shard', of, '-w', file(name), ...more]);
  expect(ran).toEqual({ code: 0, out: '', err: '' });
  return file(name);
}

const timeless = (json: string): unknown => ({ ...JSON.parse(json), timing: null });

describe('policap merge', () => {
  it('gives for shards what it gives for the whole, in any order, a few at a time', async () => {
    const whole = await shard('1/1', 'whole');
    const shards = [await shard('1/3', '1'), await shard('2/3', '2'), await shard('3/3', '3')];
    const expected = await policap(['merge', whole, '-o', 'json']);
    expect(expected).toMatchObject({ code: 0, err: '' });
    const merged = await policap(['merge', ...shards.toReversed(), '-o', 'json']);
    expect(timeless(merged.out)).toEqual(timeless(expected.out));
    expect(await policap(['merge', shards[2]!, shards[0]!, '-o', 'part', '-w', file('3-1')])).toMatchObject({
      code: 0,
    });
    const stepwise = await policap(['merge', file('3-1'), shards[1]!, shards[1]!, '-o', 'json']);
    expect(timeless(stepwise.out)).toEqual(timeless(expected.out));
    // The documents are compiled once, however many points there are.
    const { timing } = JSON.parse(merged.out);
    const compiled = shards.flatMap(name => JSON.parse(readFileSync(name, 'utf8')).pieces as Part['pieces']);
    expect(timing.compileMs).toBeCloseTo(Math.max(...compiled.map(({ found }) => found.compileMs)), 2);
    const summary = JSON.parse(expected.out);
    expect(summary.captures.map(({ name }: { name: string }) => name)).toEqual(CAPTURES);
    expect(summary.packets.dropped).toBeGreaterThan(0);
  });

  it('gives for one capture what a replay gives, as text too', async () => {
    const one = ['replay', CAPTURES[0]!, ...SHOP];
    expect(await policap([...one, '-o', 'part', '-w', file('one')])).toMatchObject({ code: 0 });
    expect(timeless((await policap(['merge', file('one'), '-o', 'json'])).out)).toEqual(
      timeless((await policap([...one, '-o', 'json'])).out),
    );
    const untimed = (text: string): string => text.replace(/^.*judged in .*$/m, '');
    const text = await policap(['merge', file('one')]);
    expect(untimed(text.out)).toBe(untimed((await policap(one)).out));
    expect(await policap(['merge', file('one'), '--fail-on', 'dropped'])).toMatchObject({ code: 1, out: text.out });
    expect(await policap(['merge', file('one'), '-w', file('text')])).toMatchObject({ code: 0, out: '' });
    expect(readFileSync(file('text'), 'utf8')).toBe(text.out);
  });

  it('says which points are missing, and prints the others', async () => {
    const first = await shard('1/4', '1of4');
    const third = await shard('3/4', '3of4');
    const { code, out, err } = await policap(['merge', first, third]);
    expect([code, err]).toEqual([
      3,
      'policap: error: this is not the whole run: capture points 2, 4 of 4 are missing\n',
    ]);
    expect(out).toContain('pcaps/shop/capture.pcapng');
    expect(out).toMatch(/capture points 2, 4 of 4 are\s+missing/);
    const second = await shard('2/4', '2of4');
    expect((await policap(['merge', first, third, second])).err).toContain(': capture point 4 of 4 is missing\n');
  });

  it('takes empty shards, of a point that is not divided', async () => {
    const args = ['replay', ...CAPTURES, ...SHOP, '-o', 'part'];
    const empty = file('empty');
    const { code, out, err } = await policap([...args, '--shard', '2/9', '-w', empty]);
    expect([code, out]).toEqual([0, '']);
    expect(err).toBe(
      `policap: ${CAPTURES[0]} is not divided but judged by shard 1/9: what-if mode knows connections again among a ` +
        'limited number over all flows; --mode dataplane can be divided\n',
    );
    expect(JSON.parse(readFileSync(empty, 'utf8')).pieces).toEqual([]);
    const first = await policap([...args, '--shard', '1/9', '-w', file('first')]);
    expect(first).toMatchObject({ code: 0, err });
    const { pieces } = JSON.parse(readFileSync(file('first'), 'utf8'));
    expect([pieces.length, pieces[0].from, pieces[0].to, 'share' in pieces[0]]).toEqual([1, 0, 1, false]);
    const whole = await shard('1/1', 'whole');
    expect(await policap(['merge', empty, whole])).toMatchObject({ code: 0, err: '' });
    expect((await policap(['merge', empty])).err).toContain('the parts hold no points');
  });

  it('gives for shares of one capture what a replay gives, and says which are missing', async () => {
    const one = CAPTURES.slice(0, 1);
    const way = ['--mode', 'dataplane'];
    const shares = await Promise.all([1, 2, 3].map(i => shard(`${i}/3`, `share-${i}`, way, one)));
    const replayed = await policap(['replay', ...one, ...SHOP, ...way, '-o', 'json']);
    const merged = await policap(['merge', ...shares.toReversed(), '-o', 'json']);
    expect(merged).toMatchObject({ code: 0, err: '' });
    expect(timeless(merged.out)).toEqual(timeless(replayed.out));
    expect(JSON.parse(replayed.out).packets.dropped).toBeGreaterThan(0);
    // Each has some of it.
    for (const name of shares) {
      const { pieces } = JSON.parse(readFileSync(name, 'utf8')) as Part;
      expect(pieces[0]!.share).toMatchObject({ of: 3 });
      expect(pieces[0]!.found.packets.some(count => count > 0)).toBe(true);
    }
    const some = await policap(['merge', shares[2]!, shares[0]!, '-o', 'json']);
    expect([some.code, some.err]).toEqual([
      3,
      'policap: error: this is not the whole run: share 2 of 3 of capture point 1 is missing\n',
    ]);
    const missing = 'This is not the whole run: share 2 of 3 of capture point 1 is missing.';
    expect(JSON.parse(some.out).warnings).toContain(missing);
    expect(await policap(['merge', shares[2]!, shares[0]!, '-o', 'part', '-w', file('1-3')])).toMatchObject({
      code: 0,
    });
    const stepwise = await policap(['merge', file('1-3'), shares[1]!, shares[1]!, '-o', 'json']);
    expect(timeless(stepwise.out)).toEqual(timeless(replayed.out));
    // Of another division they join with the whole only.
    const half = await shard('2/2', 'half', way, one);
    const refused = await policap(['merge', shares[0]!, half]);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toMatch(
      /half does not join .*: capture point 1 is divided into 2 and 3 shares: shares of different divisions do not join/,
    );
    const whole = await shard('1/1', 'whole-one', way, one);
    expect(timeless((await policap(['merge', whole, half, shares[0]!, '-o', 'json'])).out)).toEqual(
      timeless(replayed.out),
    );
  });

  it('does not join shares of a capture that has changed in between', async () => {
    const changing = file('changing.pcapng');
    const way = ['--mode', 'dataplane'];
    copyFileSync('pcaps/shop/capture.pcapng', changing);
    const first = await shard('1/2', 'before', way, [changing]);
    copyFileSync('pcaps/nodes/capture.pcapng', changing);
    const second = await shard('2/2', 'after', way, [changing]);
    const { code, err } = await policap(['merge', first, second]);
    expect(code).toBe(2);
    expect(err).toContain('shares of capture point 1 read different packets: its captures have changed in between');
  });

  it('says where shares together held more connections than one table', async () => {
    const captures = ['pcaps/scan/capture.pcap'];
    const way = ['--mode', 'dataplane', '--max-connections', '3'];
    const shares = [await shard('1/2', 'full-1', way, captures), await shard('2/2', 'full-2', way, captures)];
    const { code, out } = await policap(['merge', ...shares, '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(out).warnings).toContainEqual(
      expect.stringMatching(
        /^pcaps\/scan\/capture.pcap was divided among 2 shares, each with a connection table of its own: they held up to \d+ connections, one table holds 3,/,
      ),
    );
  });

  it('does not join what is of different runs', async () => {
    const one = await shard('1/2', 'one-of-2');
    for (const more of [
      ['--mode', 'dataplane'],
      ['--profile', 'calico'],
      ['--timeout', 'tcp_established=60'],
    ]) {
      const other = await shard('2/2', 'other', more);
      const { code, out, err } = await policap(['merge', one, other]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(/other does not join with the files before it: they are of different runs/);
    }
  });

  it('says what is wrong with a file', async () => {
    const part: Part = JSON.parse(readFileSync(await shard('1/1', 'good'), 'utf8'));
    const bad: readonly (readonly [string, string, string])[] = [
      ['cut', JSON.stringify(part).slice(0, 1000), 'no whole JSON document'],
      ['text', 'hello', 'no whole JSON document'],
      ['null', 'null', 'no partial result: expected schema policap.part/1, it has none'],
      [
        'summary',
        '{"schema":"policap.summary/1"}',
        'no partial result: expected schema policap.part/1, found policap.summary/1',
      ],
      [
        'next',
        JSON.stringify({ ...part, schema: 'policap.part/2' }),
        'no partial result: expected schema policap.part/1, found policap.part/2',
      ],
      ['points', JSON.stringify({ ...part, of: 2 }), 'damaged: pieces[0]: points in order, among 2, were expected'],
      [
        'counts',
        JSON.stringify({
          ...part,
          pieces: [{ ...part.pieces[0], found: { ...part.pieces[0]!.found, packets: ['1'] } }],
        }),
        'damaged: the document.pieces[0].found.packets[0]: a whole number was expected',
      ],
    ];
    for (const [name, text, problem] of bad) {
      writeFileSync(file(name), text);
      const { code, out, err } = await policap(['merge', file('good'), file(name)]);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(`${file(name)}: ${problem}`);
    }
    expect((await policap(['merge', file('nowhere')])).err).toContain('nowhere: no such file');
  });
});

describe('policap replay -o part', () => {
  it('judges the files of a rotation as one capture', async () => {
    const names = ['x_00001_20260101120000.pcapng', 'x_00002_20260101130000.pcapng'].map(file);
    for (const name of names) copyFileSync('pcaps/midstream/capture.pcapng', name);
    const part = await policap(['replay', ...names.toReversed(), ...SHOP, '-o', 'part', '-w', file('rotation')]);
    expect(part).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(file('rotation'), 'utf8')).of).toBe(1);
    const { out } = await policap(['merge', file('rotation'), '-o', 'json']);
    const summary = JSON.parse(out);
    expect(summary.captures.map(({ name }: { name: string }) => name)).toEqual(names);
    // Known again in the second file, as in one capture: its connections are counted once.
    const once = JSON.parse((await policap(['replay', names[0]!, ...SHOP, '-o', 'json'])).out);
    expect(summary.connections.total).toBeLessThan(2 * once.connections.total);
    expect(summary.packets.total).toBe(2 * once.packets.total);
  });

  it('takes them in order of time, where the oldest was written over', async () => {
    const [first, second] = ['ring.pcap00', 'ring.pcap01'].map(file);
    // What was written over has the later packets.
    copyFileSync('pcaps/ipv6/capture.pcap', second!);
    const later = readFileSync('pcaps/ipv6/capture.pcap');
    for (let at = 24; at < later.length; at += 16 + later.readUInt32LE(at + 8)) {
      later.writeUInt32LE(later.readUInt32LE(at) + 3600, at);
    }
    writeFileSync(first!, later);
    expect(await policap(['replay', first!, second!, ...SHOP, '-o', 'part', '-w', file('ring')])).toMatchObject({
      code: 0,
    });
    const { captures, warnings } = JSON.parse((await policap(['merge', file('ring'), '-o', 'json'])).out);
    expect(captures.map(({ name }: { name: string }) => name)).toEqual([second, first]);
    expect(warnings.filter((warning: string) => warning.startsWith('Time ran'))).toEqual([]);
  });

  it('keeps what is damaged, and says so in the end', async () => {
    writeFileSync(file('half.pcapng'), readFileSync(CAPTURES[0]!).subarray(0, 20_000));
    writeFileSync(file('none.pcap'), 'this is no capture');
    const captures = [file('half.pcapng'), CAPTURES[0]!, file('none.pcap')];
    const ran = await policap(['replay', ...captures, ...SHOP, '-o', 'part', '-w', file('damaged')]);
    expect([ran.code, ran.err.split('error:').length]).toEqual([3, 3]);
    const { code, out, err } = await policap(['merge', file('damaged'), '-o', 'json']);
    expect([code, err]).toEqual([3, ran.err]);
    const errors = JSON.parse(out).captures.map(({ error }: { error: unknown }) => error !== null);
    expect(errors).toEqual([true, false, true]);
  });

  it('writes nothing when it is interrupted', async () => {
    const { code, out, err } = await policap(['replay', ...CAPTURES, ...SHOP, '-o', 'part'], { interrupts: 'at once' });
    expect([code, out]).toEqual([130, '']);
    expect(err).toContain('policap: interrupted at point 1 of 4; nothing was written\n');
  });

  it.each([
    [['--shard', '1/2'], '--shard is for results that are joined later: it needs -o part'],
    [['-o', 'part', '--fail-on', 'dropped'], '--fail-on has no place beside -o part'],
    [['-o', 'part', '--shard', '3/2'], 'Give i/n'],
    [['-o', 'part', '--only', 'dropped'], '--only dropped is for records'],
    [['-o', 'part', '--workers', '2'], '--workers 2 has no place beside -o part'],
  ])('does not take %j', async (options, message) => {
    const { code, out, err } = await policap(['replay', ...CAPTURES, ...SHOP, ...options]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it('needs its documents as files', async () => {
    const { code, err } = await policap(['replay', CAPTURES[0]!, '-p', '-', ...SHOP.slice(2), '-o', 'part']);
    expect([code, err]).toEqual([2, expect.stringContaining('cannot come from standard input')]);
  });

  it('says which capture is missing', async () => {
    const names = ['y.pcap', 'y.pcap1'].map(file);
    copyFileSync('pcaps/ipv6/capture.pcap', names[0]!);
    const { code, err } = await policap(['replay', ...names, ...SHOP, '-o', 'part', '-w', file('missing')]);
    expect([code, err]).toEqual([2, `policap: error: ${names[1]}: no such file\n`]);
  });
});
