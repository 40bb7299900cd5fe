import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { ethernet, ipv4, pcapOf, tcp } from '../support/frames.js';
import { policap } from './person.js';
import { makeShop } from './shop.js';

const shop = makeShop();
afterAll(shop.remove);

const replay = (capture: string, ...args: string[]): string[] => ['replay', shop.path(capture), ...shop.input, ...args];
const words = (jsonl: string): string[] =>
  jsonl
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
    .map(({ packet, verdict, reason }) => `${packet} ${verdict} ${reason}`);

describe('replay', () => {
  it('prints the summary, refused conversations first', async () => {
    const { code, out, err } = await policap(replay('three.pcap'));
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines[0]).toBe(
      `${shop.path('three.pcap')}  1 of 2 connections would be refused in 1 distinct conversation.`,
    );
    expect(lines[3]).toBe('          1        2  shop/StatefulSet/web → shop/StatefulSet/db  TCP 6379');
    expect(lines[4]).toMatch(/^ +10\.0\.1\.1 → 10\.0\.2\.1/);
    expect(out).toMatch(/ingress default-deny: shop\/db \(.*db\.yaml:1\)/);
    expect(out).toMatch(/^packets +3 +1 +2 +0$/m);
  });

  it('prints a verdict a packet', async () => {
    const { code, out } = await policap(replay('three.pcap', '-o', 'jsonl'));
    expect(code).toBe(0);
    expect(words(out)).toEqual(['1 allowed rule', '2 dropped default-deny', '3 dropped connection-dropped']);
  });

  it('offers packets one by one in dataplane mode', async () => {
    const { out } = await policap(replay('three.pcap', '-o', 'jsonl', '--mode', 'dataplane'));
    expect(words(out)).toEqual(['1 allowed rule', '2 dropped default-deny', '3 dropped invalid-state']);
  });

  it('follows the kernel that is named: an inexact reset leaves 300 seconds in 6.12 and 10 in 6.18', async () => {
    const [web, db] = ['10.0.1.1', '10.0.2.1'];
    const segment = (src: string, dst: string, flags: string, seq: number, ack: number): Uint8Array => {
      const [sport, dport] = src === web ? [40000, 5432] : [5432, 40000];
      return ethernet(ipv4({ src, dst }, tcp({ sport, dport, flags, seq, ack, window: 1000 })));
    };
    const frames = [
      segment(web, db, 'S', 100, 0),
      segment(db, web, 'SA', 500, 101),
      segment(web, db, 'A', 101, 501),
      // In the window, but not what comes next.
      segment(db, web, 'RA', 600, 101),
      segment(web, db, 'A', 101, 501),
    ];
    const times = [0n, 1n, 2n, 3n, 23n].map(seconds => 1_700_000_000_000_000_000n + seconds * 1_000_000_000n);
    writeFileSync(shop.path('reset.pcap'), pcapOf(frames, { times }));
    for (const [kernel, last] of [
      ['6.12', '5 allowed established'],
      ['6.18', '5 allowed rule'],
    ] as const) {
      const args = ['-o', 'jsonl', '--mode', 'dataplane', '--kernel', kernel];
      expect(words((await policap(replay('reset.pcap', ...args))).out).at(-1)).toBe(last);
    }
    const { code, err } = await policap(replay('reset.pcap', '--kernel', '5.4'));
    expect([code, err]).toEqual([2, expect.stringContaining('Allowed choices are 6.12, 6.18')]);
  });

  it('prints one JSON document', async () => {
    const { out } = await policap(replay('three.pcap', '-o', 'json'));
    expect(JSON.parse(out)).toMatchObject({
      schema: 'policap.summary/1',
      mode: 'what-if',
      packets: { total: 3, allowed: 1, dropped: 2, undecided: 0 },
      captures: [{ name: shop.path('three.pcap'), packets: 3, error: null }],
    });
  });

  it('writes a result to a file and the summary beside it, and leaves nothing half written', async () => {
    const marked = shop.path('marked.pcapng');
    const { code, out } = await policap(replay('three.pcap', '-o', 'pcapng', '-w', marked));
    expect([code, out.includes('1 of 2 connections')]).toEqual([0, true]);
    expect(readFileSync(marked).includes('DROPPED shop/db-0 ingress default-deny')).toBe(true);
    const lost = shop.path('lost.json');
    expect((await policap(replay('none.pcap', '-o', 'json', '-w', lost))).code).toBe(2);
    expect(existsSync(lost)).toBe(false);
  });

  it('fails on findings that were asked for, and on no others', async () => {
    const ends = async (finding: string): Promise<number> =>
      (await policap(replay('three.pcap', '--fail-on', finding))).code;
    expect(await ends('dropped')).toBe(1);
    expect(await ends('undecided,dropped')).toBe(1);
    expect(await ends('undecided')).toBe(0);
    expect(await ends('warnings')).toBe(0);
  });

  it('judges what stands before the damage, says so, and ends with 3', async () => {
    const { code, out, err } = await policap(replay('cut.pcap', '-o', 'jsonl', '--fail-on', 'dropped'));
    expect(words(out)).toEqual(['1 allowed rule', '2 dropped default-deny']);
    expect(err).toMatch(
      /^policap: error: .*cut\.pcap: at byte \d+: expected .*, found .*\n {4}2 packets before the damage were judged\n$/,
    );
    expect(code).toBe(3);
  });

  it.each([
    ['text.pcap', 3, 'expected a pcap or pcapng capture, found text ("hell'],
    ['void.pcap', 3, 'expected a pcap or pcapng capture, found an empty file'],
    ['policies', 2, 'is a directory; name the captures in it'],
    ['none.pcap', 2, 'no such file'],
  ])('says in one sentence that %s is no capture', async (name, expected, message) => {
    const { code, out, err } = await policap(replay(name));
    expect([code, out]).toEqual([expected, '']);
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('stops when the reader of its results leaves', async () => {
    expect(await policap(replay('three.pcap', '-o', 'jsonl'), { patience: 0 })).toEqual({ code: 0, out: '', err: '' });
  });

  it('prints what was judged so far when it is interrupted', async () => {
    const { code, out, err } = await policap(replay('three.pcap'), { interrupts: 'at once' });
    expect(code).toBe(130);
    expect(out).toContain('no packets');
    expect(err).toContain('interrupted after 0 packets');
  });

  it('says so when it is interrupted before a pipe has sent anything', async () => {
    execFileSync('mkfifo', [shop.path('live')]);
    // Held open for writing too, so that nobody waits for the other side.
    const pipe = openSync(shop.path('live'), 'r+');
    const ran = await policap(replay('live'), { interrupts: 'while it waits' });
    closeSync(pipe);
    expect(ran).toEqual({ code: 130, out: '', err: 'policap: interrupted before the first packet came\n' });
  });
});
