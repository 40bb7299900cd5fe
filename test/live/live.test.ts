/**
 * policap live in a network namespace, on real traffic: tcpdump beside it writes the same packets to a file, and a replay of
 * that file must say the same of every one of them.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import {
  cpSync,
  createWriteStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { createNamespace, type Namespace } from './namespace.js';

/** Pods of the shop: prometheus may not reach the database, the API may. */
const DB = addressOf('db-0');
const API = addressOf('api-');
const WEB = addressOf('web-');
const SHOP = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
const LIVE = ['bin/policap', 'live', '-i', 'lo', ...SHOP];

function addressOf(pod: string): string {
  const text = readFileSync('pcaps/shop/cluster.yaml', 'utf8');
  const pods = text.split(/^ {2}- /m).filter(part => /^ {2,4}kind: Pod$/m.test(part) || part.startsWith('kind: Pod'));
  const found = pods.find(part => new RegExp(`^ +name: ${pod}`, 'm').test(part));
  return /podIP: (\S+)/.exec(found!)![1]!;
}

let namespace: Namespace;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policap-live-'));
  namespace = createNamespace(`policap-live-${process.pid}`, [DB, API, WEB]);
});
afterAll(() => {
  namespace.remove();
  rmSync(folder, { recursive: true });
});

const running = new Set<Running>();
afterEach(async () => {
  for (const { child, end } of running) {
    child.kill('SIGINT');
    await end;
  }
  running.clear();
});

interface Running {
  readonly child: ChildProcess;
  readonly said: { out: string; err: string };
  readonly end: Promise<number | null>;
}

function start(program: string, args: readonly string[]): Running {
  const child = namespace.start(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout!.setEncoding('utf8').on('data', text => {
    said.out += text;
  });
  child.stderr!.setEncoding('utf8').on('data', text => {
    said.err += text;
  });
  const end = new Promise<number | null>(resolve => child.on('close', code => resolve(code)));
  const started = { child, said, end };
  running.add(started);
  return started;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (isSo()) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`waited 30 seconds until ${what}`);
}

/** tcpdump runs as the child of the program: the process that reads the interface. */
function tcpdumpOf({ child }: Running): number | null {
  try {
    return Number(execFileSync('pgrep', ['-x', 'tcpdump', '-P', String(child.pid)], { encoding: 'utf8' }).trim());
  } catch {
    return null;
  }
}

/** Its capture has begun when the kernel lists its packet socket: as many as programs that look on. */
async function looking(programs: number): Promise<void> {
  await until(`${programs} look on`, () => {
    const sockets = namespace.run('cat', '/proc/net/packet').trim().split('\n').slice(1);
    return sockets.length >= programs;
  });
}

/** One request, outside of the test's own namespace. */
const ASK = `const [url, method] = process.argv.slice(1);
fetch(url, { method }).then(async r => console.log(r.status + ' ' + r.headers.get('content-type') + '\\n' + (await r.text()).trim()))`;

const traffic = (client: string, server: string, port: number, connections: number, datagrams: number): string =>
  namespace.run(
    process.execPath,
    'test/live/traffic.mjs',
    ...[client, server, port, connections, datagrams].map(String),
  );

const ESCAPE = '\u001b';
/** Moves and erasures, or what stands between them. */
const ESCAPES = new RegExp(`${ESCAPE}\\[(\\d*)([A-Za-z])|([^${ESCAPE}]+)`, 'g');

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));

describe('policap live', () => {
  it('says of every packet what a replay of the same packets says', async () => {
    const file = join(folder, 'beside.pcap');
    const beside = start('tcpdump', ['-i', 'lo', '-n', '-U', '-B', '16384', '-Z', 'root', '-w', file]);
    await looking(1);
    const live = start(process.execPath, [...LIVE, '-o', 'jsonl', '--buffer', '16384']);
    await looking(2);
    traffic(API, DB, 5432, 20, 10_000);
    traffic(WEB, DB, 5432, 20, 10_000);
    // The last of each run's datagrams comes after all its others.
    const all = (text: string, last: string): boolean => text.split(last).length === 3;
    await until('the first has seen all', () => all(readFileSync(file, 'latin1'), 'datagram 9999'));
    await until('both have seen all', () => live.said.out.split('"protocol":"UDP"').length === 20_001);
    live.child.kill('SIGINT');
    expect([await live.end, live.said.err]).toEqual([0, '']);
    beside.child.kill('SIGINT');
    await beside.end;
    expect(beside.said.err).toContain('\n0 packets dropped by kernel');
    const { out } = await policap(['replay', file, ...SHOP, '-o', 'jsonl']);
    const expected = lines(out);
    // Each of the two stamps a packet by itself.
    const untimed = (records: Record<string, unknown>[]) => records.map(({ time: _, ...others }) => others);
    expect(expected.length).toBeGreaterThan(20_000);
    expect(untimed(lines(live.said.out))).toEqual(untimed(expected));
    const dropped = expected.filter(({ verdict }) => verdict === 'dropped');
    expect(new Set(dropped.map(({ src }) => src))).toContain(WEB);
    expect(dropped.length).toBeLessThan(expected.length);
  });

  it('says what has gone by while nothing more does', async () => {
    const live = start(process.execPath, [...LIVE, '-o', 'jsonl']);
    await looking(1);
    traffic(API, DB, 5432, 0, 5);
    await until('the last packet is told', () => live.said.out.split('\n').length === 5 + 1);
    expect(live.child.exitCode).toBe(null);
    live.child.kill('SIGTERM');
    expect(await live.end).toBe(0);
  });

  it('serves its counts and its health while it runs, and what goes by is judged on', async () => {
    const listening = ['--listen', `${DB}:0`];
    const live = start(process.execPath, [...LIVE, '-o', 'json', ...listening]);
    await until('it listens', () => live.said.err.includes('/metrics'));
    const url = /http:\S+(?=\/metrics)/.exec(live.said.err)![0];
    await looking(1);
    const ask = (path: string, ...more: string[]): string =>
      namespace.run(process.execPath, '-e', ASK, url + path, ...more);
    expect(ask('/healthz')).toBe('200 application/json\n{"ok":true,"lost":0}\n');
    expect(ask('/')).toMatch(/^404 /);
    expect(ask('//')).toMatch(/^404 /);
    expect(ask('/metrics', 'POST')).toMatch(/^405 /);
    traffic(API, DB, 5432, 0, 5);
    await until('they are counted', () =>
      /^policap_packets_total\{verdict="dropped",reason="connection-dropped"\} 4$/m.test(ask('/metrics')),
    );
    live.child.kill('SIGINT');
    expect(await live.end).toBe(0);
    expect(JSON.parse(live.said.out).packets.dropped).toBe(5);
  });

  it('ends after --duration, with a summary', async () => {
    const live = start(process.execPath, [...LIVE, '--duration', '10']);
    await looking(1);
    traffic(WEB, DB, 5432, 3, 0);
    expect([await live.end, live.said.err]).toEqual([0, '']);
    expect(live.said.out).toMatch(/^connections +3 +0 +3 +0$/m);
  });

  it('judges what tcpdump gave before it was killed, and says so', async () => {
    const live = start(process.execPath, [...LIVE, '-o', 'jsonl']);
    await looking(1);
    traffic(API, DB, 5432, 0, 5);
    await until('all are told', () => live.said.out.split('\n').length === 5 + 1);
    process.kill(tcpdumpOf(live)!, 'SIGKILL');
    expect(await live.end).toBe(3);
    expect(live.said.err).toBe('policap: error: tcpdump was ended by SIGKILL; above is what was judged until then\n');
    expect(lines(live.said.out).length).toBe(5);
  });

  it('counts what tcpdump could not take, while it runs', async () => {
    const live = start(process.execPath, [...LIVE, '-o', 'json', '--buffer', '64']);
    await looking(1);
    const tcpdump = tcpdumpOf(live)!;
    process.kill(tcpdump, 'SIGSTOP');
    traffic(API, DB, 5432, 0, 20_000);
    process.kill(tcpdump, 'SIGCONT');
    await until('the loss is told', () => /went by unseen so far/.test(live.said.err));
    expect(live.child.exitCode).toBe(null);
    live.child.kill('SIGINT');
    expect(await live.end).toBe(0);
    const told = /warning: ([\d,]+) packets went by unseen so far: .*\n$/.exec(live.said.err)!;
    const { packets } = JSON.parse(live.said.out);
    // On the loopback interface the kernel counts both ways of a packet.
    const unseen = Number(told[1]!.replaceAll(',', ''));
    expect(packets.total).toBeLessThan(20_000);
    expect(unseen).toBeGreaterThanOrEqual(20_000 - packets.total);
  });

  it('ends in order, too, when it is interrupted before tcpdump has begun', async () => {
    const live = start(process.execPath, LIVE);
    await until('tcpdump is there', () => tcpdumpOf(live) !== null);
    live.child.kill('SIGINT');
    expect([0, 130]).toContain(await live.end);
    const { code, out, err } = await policap(['live', '-i', 'lo', ...SHOP], { interrupts: 'at once' });
    expect([code, out, err]).toEqual([130, '', 'policap: interrupted before the first packet came\n']);
  });

  it('ends when the reader of its results leaves', async () => {
    const words = [process.execPath, ...LIVE, '-o', 'jsonl'].join(' ');
    const live = start('bash', ['-o', 'pipefail', '-c', `${words} | head -1`]);
    await looking(1);
    for (let tries = 0; live.child.exitCode === null && tries < 20; tries++) {
      traffic(WEB, DB, 5432, 0, 5);
      await new Promise(resolve => setTimeout(resolve, 500));
    }
    expect([live.child.exitCode, live.said.err]).toEqual([0, '']);
    expect(lines(live.said.out).map(({ packet }) => packet)).toEqual([1]);
  });

  it('shows a terminal each line whole, though a line of progress stands there', async () => {
    // Some shells would stay in between, and get the signal that is meant for the program.
    const words = ['exec', process.execPath, ...LIVE, '-o', 'jsonl'].join(' ');
    const live = start('script', ['-qefc', words, '/dev/null']);
    await looking(1);
    const seen = (text: string): number => live.said.out.split(text).length - 1;
    for (let i = 1; i <= 4; i++) {
      traffic(WEB, DB, 5432, 0, 2);
      await until('both are shown', () => seen('"packet":') === 2 * i);
      const lines = seen(' undecided');
      await until('a line of progress stands there', () => seen(' undecided') > lines);
    }
    const child = Number(execFileSync('pgrep', ['-P', String(live.child.pid)], { encoding: 'utf8' }).trim());
    process.kill(child, 'SIGINT');
    expect(await live.end).toBe(0);
    expect(live.said.out).toMatch(/\d+ packets {2}\d+\/s {2}\d+ dropped {2}0 undecided/);
    const shown = live.said.out.split('\r\n').map(line => line.split('\r\u001b[K').at(-1)!);
    const records = shown.filter(line => line.includes('"packet":'));
    expect(records.length).toBe(8);
    for (const record of records) expect(() => JSON.parse(record)).not.toThrow();
  });

  it('shows a terminal what is refused while it runs, in place, and the summary behind it', async () => {
    const live = start('script', ['-qefc', ['exec', process.execPath, ...LIVE].join(' '), '/dev/null']);
    await looking(1);
    // What a terminal shows: lines that were gone over are not there.
    const screen = (): string => {
      const shown: string[] = [''];
      for (const [, up, move, text = ''] of live.said.out.matchAll(ESCAPES)) {
        if (move === 'A') shown.length -= Number(up);
        else if (move === 'K' || move === 'J') shown[shown.length - 1] = '';
        text.split('\n').forEach((line, i) => {
          if (i > 0) shown.push('');
          shown[shown.length - 1] += line;
        });
      }
      return shown.join('\n');
    };
    traffic(WEB, DB, 5432, 2, 0);
    const before = /\n *connections +packets +refused\r?\n +2 +\d+ {2}shop\/\S+ → shop\/\S+ {2}TCP 5432/;
    await until('the refused are shown', () => before.test(screen()));
    traffic(WEB, DB, 5432, 3, 0);
    await until('there are more', () => new RegExp(before.source.replace('2 +', '5 +')).test(screen()));
    expect(screen().split(' undecided').length).toBe(2);
    const child = Number(execFileSync('pgrep', ['-P', String(live.child.pid)], { encoding: 'utf8' }).trim());
    process.kill(child, 'SIGINT');
    expect(await live.end).toBe(0);
    expect(screen().split('TCP 5432').length).toBe(2);
    expect(screen()).toMatch(/^lo {2}5 of 5 connections would be refused in 1 distinct conversation/m);
  });

  it('writes one file after the other', async () => {
    const files = ['-o', 'csv', '-w', join(folder, 'live.csv'), '--rotate-seconds', '1', '--keep', '3'];
    const live = start(process.execPath, [...LIVE, ...files]);
    await looking(1);
    const complete = (): string[] => readdirSync(folder).filter(name => /^live_\d{5}_\d{14}\.csv$/.test(name));
    for (let i = 1; i <= 2; i++) {
      traffic(API, DB, 5432, 0, 3);
      await until(`file ${i} is complete`, () => complete().length === i);
    }
    traffic(API, DB, 5432, 0, 3);
    live.child.kill('SIGINT');
    expect([await live.end, live.said.err]).toEqual([0, '']);
    const rows = complete()
      .sort()
      .flatMap(name => readFileSync(join(folder, name), 'utf8').trimEnd().split('\r\n').slice(1));
    expect(rows.map(row => row.split(',')[0])).toEqual(Array.from({ length: rows.length }, (_, i) => String(i + 1)));
    expect(rows.length).toBeGreaterThanOrEqual(6);
    expect(live.said.out).toContain(' packets');
  });

  it('leaves no tcpdump behind', () => {
    expect(namespace.run('cat', '/proc/net/packet').trim().split('\n').length).toBe(1);
  });
});

describe('policap live cannot begin', () => {
  it.each([
    [['-i', 'lo', '--listen', '192.0.2.1:9090'], /^policap: error: --listen 192\.0\.2\.1:9090: /],
    [['-i', 'lo', '--rotate-size', '1'], /^policap: error: --rotate-size needs files to write\n/],
    [['-i', 'lo', '--rotate-seconds', '1', '-w', 'x'], /^policap: error: --rotate-seconds is for records, and -o text/],
    [['-i', 'lo', '--keep', '1'], /^policap: error: --keep is for files that rotate\n/],
    [['-i', 'lo', '--cluster-stream', 'missing.json'], /^policap: error: missing\.json: no such file\n$/],
    [
      ['-i', 'lo', '--cluster-stream', 'x', '-c', '-'],
      /^policap: error: documents from standard input cannot change\n/,
    ],
    [['-i', 'nothing0'], /^policap: error: nothing0: tcpdump could not begin: .*No such device exists/],
    [
      ['-i', 'lo', '--filter', 'port and'],
      /^policap: error: lo: tcpdump could not begin: can't parse filter expression/,
    ],
  ])('with %j', async (args, said) => {
    const { code, out, err } = await policap(['live', ...args, ...SHOP]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(said);
    // A sentence, and at most a next step.
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('without tcpdump', () => {
    symlinkSync(process.execPath, join(folder, 'node'));
    const script = `PATH=${folder} exec node bin/policap live -i lo ${SHOP.join(' ')} 2>&1`;
    const out = execFileSync('bash', ['-c', `(${script}); echo "exit $?"`], { encoding: 'utf8' });
    expect(out).toMatch(/^policap: error: tcpdump is not installed; install it, or pipe a capture .*\nexit 2\n$/);
  });
});

describe('policap live, while its policies change', () => {
  const DB_DNS = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db-datagrams, namespace: shop }
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{}]
  egress: [{}]
`;
  const sent = (live: Running): { verdict: string; connection: number; policy: string | null }[] =>
    lines(live.said.out).map(({ verdict, connection, ingress }) => ({
      verdict: verdict as string,
      connection: connection as number,
      policy: (ingress as { policy: string | null }).policy,
    }));

  it.each([
    ['keep', ['dropped', 'dropped']],
    ['reevaluate', ['dropped', 'allowed']],
  ] as const)('%s', async (what, verdicts) => {
    const policies = join(folder, `policies-${what}`);
    cpSync('pcaps/shop/policies', policies, { recursive: true });
    const args = ['live', '-i', 'lo', '-p', policies, '-c', 'pcaps/shop/cluster.yaml', '--on-policy-change', what];
    // Asking for counts is traffic, too.
    args.push('--filter', 'udp');
    const summary = join(folder, `${what}.json`);
    const live = start(process.execPath, ['bin/policap', ...args, '-o', 'jsonl']);
    const beside = start(process.execPath, [
      'bin/policap',
      ...args,
      '-o',
      'json',
      '-w',
      summary,
      '--listen',
      `${DB}:0`,
    ]);
    /** Both have judged so many packets. */
    const judged = async (packets: number): Promise<void> => {
      await until(`${packets} are told`, () => live.said.out.split('\n').length === packets + 1);
      await until(`${packets} are counted`, () => {
        const counted = namespace.run(process.execPath, '-e', ASK, /http:\S+\/metrics/.exec(beside.said.err)![0]);
        const counts = [...counted.matchAll(/^policap_packets_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
        return counts.reduce((sum, count) => sum + count, 0) === packets;
      });
    };
    await looking(2);
    // One connection of datagrams, whose packets come before and behind the change.
    traffic(API, DB, 5432, 0, 5);
    await judged(5);
    writeFileSync(join(policies, 'datagrams.yaml'), DB_DNS);
    for (const it of [live, beside]) await until('the change is told', () => it.said.err.includes('in force from'));
    traffic(API, DB, 5432, 0, 5);
    traffic(WEB, DB, 5432, 0, 5);
    await judged(15);
    // A broken one changes nothing.
    writeFileSync(join(policies, 'datagrams.yaml'), DB_DNS.replace('{}', '{'));
    for (const it of [live, beside]) await until('the error is told', () => it.said.err.includes('stays in force'));
    traffic(WEB, DB, 5432, 0, 5);
    await judged(20);
    expect(live.said.err).toContain(`${join(policies, 'datagrams.yaml')}:`);
    for (const it of [live, beside]) {
      it.child.kill('SIGINT');
      expect(await it.end).toBe(0);
    }
    const told = sent(live);
    const [before, behind] = verdicts;
    expect(told.map(({ verdict }) => verdict)).toEqual([
      ...Array(5).fill(before),
      ...Array(5).fill(behind),
      ...Array(10).fill('allowed'),
    ]);
    expect(new Set(told.slice(0, 10).map(({ connection }) => connection)).size).toBe(1);
    expect(told.at(-1)!.policy).toBe('shop/db-datagrams');
    const found = JSON.parse(readFileSync(summary, 'utf8'));
    expect(found.packets).toEqual({
      total: 20,
      allowed: told.filter(({ verdict }) => verdict === 'allowed').length,
      dropped: told.filter(({ verdict }) => verdict === 'dropped').length,
      undecided: 0,
    });
    const again = what === 'keep' ? { asked: 0, changed: 0 } : { asked: 1, changed: 1 };
    expect(found.changes).toEqual([{ firstPacket: 6, time: expect.stringMatching(/^20.*Z$/), ...again }]);
    expect(found.policies.map(({ policy }: { policy: string }) => policy)).toContain('shop/db-datagrams');
    expect(beside.said.out).toContain('1 change of the documents on the way, from packet 6 on');
  });

  it('addresses are whose they are when a packet goes by', async () => {
    const [db, web] = ['db-0', 'moved-0'].map(name => podText(name, DB, name === 'db-0' ? 'db' : 'web'));
    const stream = join(folder, 'pods.fifo');
    execFileSync('mkfifo', [stream]);
    const live = start(process.execPath, [...LIVE, '-o', 'jsonl', '--cluster-stream', stream]);
    const pods = createWriteStream(stream);
    pods.write(db);
    await looking(1);
    traffic(API, DB, 5432, 0, 1);
    await until('the first is told', () => live.said.out.split('\n').length === 1 + 1);
    pods.write(web);
    // Nothing says when that is in force but a packet.
    await until('a packet goes to the new pod', () => {
      traffic(WEB, DB, 5432, 0, 1);
      return live.said.out.includes('"shop/moved-0"');
    });
    pods.end();
    await until('its end is told', () => live.said.err.includes('has ended'));
    live.child.kill('SIGINT');
    expect(await live.end).toBe(0);
    const subjects = lines(live.said.out).map(({ ingress }) => (ingress as { subject: string }).subject);
    expect(subjects[0]).toBe('shop/db-0');
    expect(subjects.at(-1)).toBe('shop/moved-0');
  });

  it('what is no object in the stream is said, and the cluster stays', async () => {
    const stream = join(folder, 'broken.json');
    writeFileSync(stream, `${podText('db-0', DB, 'db')}\nError from server`);
    const live = start(process.execPath, [...LIVE, '-o', 'jsonl', '--cluster-stream', stream]);
    await looking(1);
    traffic(API, DB, 5432, 0, 1);
    await until('the packet is told', () => live.said.out.split('\n').length === 1 + 1);
    live.child.kill('SIGINT');
    expect(await live.end).toBe(0);
    expect(live.said.err).toMatch(
      /^policap: error: --cluster-stream \S+: at character \d+: "E" where an object must begin\n/,
    );
    expect((lines(live.said.out)[0]!['ingress'] as { subject: string }).subject).toBe('shop/db-0');
  });

  const podText = (name: string, ip: string, app: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', labels: { app } },
      spec: { nodeName: 'node-1', containers: [{ name: 'c' }] },
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
    });
});
