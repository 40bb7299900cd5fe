/**
 * policap submit, worker, status and fetch, with a real redis-server: what workers found together is what one process finds,
 * whatever dies, hangs or comes twice.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/queue/client.js';
import { failureText } from '../../src/queue/status.js';
import { folderStore } from '../../src/queue/store.js';
import { startWorking } from '../../src/queue/work.js';
import { policap } from '../cli/person.js';
import { freePort, inOne, kill, killAll, Machines, type Program, recordsOf, SHOP, until } from './machines.js';

const hasRedis = spawnSync('sh', ['-c', 'command -v redis-server']).status === 0;
const QUICK = ['--lock', '1'];

it('what was set aside is told with its captures', () => {
  const failed = { point: 1, captures: ['a.pcap', 'a.pcap1'], attempts: 4 };
  expect(failureText({ ...failed, error: 'a.pcap1: no such file' })).toBe('a.pcap1: no such file');
  expect(failureText({ ...failed, error: 'no progress' })).toBe('a.pcap and 1 more: no progress');
});

describe.skipIf(!hasRedis)(`a queue${hasRedis ? '' : ' (redis-server is not installed)'}`, () => {
  const machines = new Machines();
  beforeEach(() => machines.startRedis());
  afterEach(async () => {
    await killAll();
    machines.empty();
  });
  afterAll(() => machines.end());

  const pointsOf = (workers: readonly Program[]): string[] =>
    workers.flatMap(({ said }) => [...said().matchAll(/ point (\d+) \([^)]*\): \d+ packets/g)].map(([, n]) => n!));

  /** Until the worker is in the middle of the large capture; it stands still then. */
  async function stopInTheMiddle(worker: Program, id: string): Promise<void> {
    await until('it makes progress', async () => (await machines.status(id)).packets > 0);
    worker.child.kill('SIGSTOP');
    expect(existsSync(join(machines.store, id, 'point-1.json')), 'it is not done yet').toBe(false);
  }

  it('200 captures over four workers, submitted twice at once, are judged once each, as in one process', async () => {
    const captures = await machines.captures(200, 40);
    const ids = await Promise.all([machines.submit(captures), machines.submit(captures)]);
    expect(ids[0]).toBe(ids[1]);
    const workers = Array.from({ length: 4 }, () => machines.worker());
    const { code, err, part } = await machines.fetch(ids[0]!);
    expect([code, err]).toEqual([0, '']);
    expect(part).toEqual(await inOne(captures));
    const all = Array.from({ length: 200 }, (_, i) => `${i + 1}`);
    expect(pointsOf(workers).sort()).toEqual(all.sort());
    expect(workers.filter(worker => pointsOf([worker]).length > 0).length, 'workers that took part').toBe(4);

    const again = await policap(['submit', ...captures, ...SHOP, ...machines.both]);
    expect(again).toMatchObject({ code: 0, out: `${ids[0]}\n` });
    expect(again.err).toContain('200 captures at 200 points: done already');
    expect(await machines.status(ids[0]!)).toMatchObject({
      state: 'done',
      captures: 200,
      points: { total: 200, done: 200, active: 0, waiting: 0, retrying: 0, failed: 0 },
      packets: 8000,
      failed: [],
    });
    const { out } = await policap(['status', ...machines.queue]);
    expect(out).toContain(`${machines.address}  4 workers\n`);
    expect(out).toContain('    200 of 200 points done\n    8,000 packets, 100 % of ');
    const text = await policap(['fetch', ids[0]!, ...machines.both]);
    expect(text.out).toContain('packets      8,000');
  });

  it('a worker that is killed in the middle of a capture loses it to another one', async () => {
    const captures = [await machines.large(), ...(await machines.captures(3, 40))];
    const id = await machines.submit(captures);
    const first = machines.worker(QUICK, { slow: true });
    await stopInTheMiddle(first, id);
    await kill(first);
    const second = machines.worker(QUICK);
    const { code, part } = await machines.fetch(id);
    expect([code, part]).toEqual([0, await inOne(captures)]);
    expect(pointsOf([first])).toEqual([]);
    expect(pointsOf([second]).sort()).toEqual(['1', '2', '3', '4']);
  });

  it('a worker that hangs loses its capture, and what it finds late changes nothing', async () => {
    const captures = [await machines.large()];
    const id = await machines.submit(captures);
    const first = machines.worker(QUICK, { slow: true });
    await stopInTheMiddle(first, id);
    machines.worker(QUICK);
    const { code, part } = await machines.fetch(id);
    expect([code, part]).toEqual([0, await inOne(captures)]);
    const files = () =>
      ['point-1.json', 'result.json'].map(name => readFileSync(join(machines.store, id, name), 'utf8'));
    const [before, status] = [files(), await machines.status(id)];
    first.child.kill('SIGCONT');
    await until('the first one is done, too', () => first.said().includes('taken by another worker meanwhile'));
    await until('it has said so', () => pointsOf([first]).length === 1);
    expect(files()).toEqual(before);
    expect(await machines.status(id)).toEqual(status);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  it('a queue whose server dies and comes back goes on where it was', async () => {
    const captures = await machines.captures(60, 40);
    const id = await machines.submit(captures);
    const workers = [machines.worker(QUICK), machines.worker(QUICK)];
    await until('some are done', () => pointsOf(workers).length >= 5);
    await machines.killRedis();
    await until('both wait', () =>
      workers.every(({ said }) => said().includes(`${machines.address} is away; waiting`)),
    );
    expect(await policap(['status', ...machines.queue])).toMatchObject({
      code: 2,
      err: expect.stringContaining(`--queue ${machines.address}: nothing listens there\n    give the address`),
    });
    await machines.startRedis();
    const { code, part } = await machines.fetch(id);
    expect([code, part]).toEqual([0, await inOne(captures)]);
    expect(workers.every(({ said }) => said().includes('is back'))).toBe(true);
    expect(await machines.status(id)).toMatchObject({ points: { done: 60, failed: 0 }, packets: 2400 });
  });

  it('a thread that hangs is given up, and its capture tried again', async () => {
    const captures = await machines.captures(2, 40);
    const id = await machines.submit(captures);
    process.env['POLICAP_TEST_HANG'] = machines.path('hung');
    const said: string[] = [];
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    const working = startWorking(await connect(machines.address, { patient: true }), folderStore(machines.store), {
      ...{ version, concurrency: 1, stall: 4000, lock: 30_000 },
      say: sentence => said.push(sentence),
      program: new URL('./hang-once.mjs', import.meta.url),
    });
    const { code, err, part } = await machines.fetch(id);
    await working.finish();
    expect([code, err, part]).toEqual([0, '', await inOne(captures)]);
    expect(said.filter(sentence => sentence.includes('failed'))).toEqual([
      expect.stringMatching(/point \d .*: failed: no progress for 4 seconds$/),
    ]);
  });

  it('captures that cannot be read are set aside with their error, and the rest is merged', async () => {
    const [first, second, third] = (await machines.captures(3, 40)) as [string, string, string];
    const text = machines.path('notes.pcap');
    writeFileSync(text, 'no capture\n');
    const cut = machines.path('cut.pcap.gz');
    writeFileSync(cut, gzipSync(readFileSync(second), { level: 0 }).subarray(0, 3000));
    const captures = [first, text, cut, third];
    const id = await machines.submit(captures);
    renameSync(third, `${third}.away`);
    machines.worker();
    const { code, err, part } = await machines.fetch(id);
    expect(code).toBe(3);
    expect(part.pieces.map(({ from, to }: { from: number; to: number }) => [from, to])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(err).toContain(`${text}: at byte 0: expected a pcap or pcapng capture, found text`);
    expect(err).toContain(`${third}: no such file\n`);
    expect(err).toContain(`policap: 2 of 4 capture points are missing in the result`);
    expect(err).toContain(cut);
    const status = await machines.status(id);
    expect(status.points).toMatchObject({ total: 4, done: 2, failed: 2 });
    expect(status.failed).toEqual([
      { point: 2, captures: [text], attempts: 1, error: expect.stringContaining('found text') },
      { point: 4, captures: [third], attempts: 1, error: `${third}: no such file` },
    ]);
    const summary = await policap(['fetch', id, ...machines.both, '-o', 'json']);
    expect(summary.code).toBe(3);
    const { packets, warnings } = JSON.parse(summary.out);
    expect(warnings).toContain('This is not the whole run: capture points 2, 4 of 4 are missing.');
    expect(packets.total).toBeGreaterThan(40);
    expect(packets.total).toBeLessThan(80);

    renameSync(`${third}.away`, third);
    const again = await policap(['submit', ...captures, ...SHOP, ...machines.both]);
    expect(again).toMatchObject({
      out: `${id}\n`,
      err: expect.stringContaining('queued again for what was set aside'),
    });
    await machines.fetch(id);
    expect((await machines.status(id)).failed).toMatchObject([{ point: 2 }]);
    expect(JSON.parse((await policap(['fetch', id, ...machines.both, '-o', 'json'])).out).packets.total).toBe(
      packets.total + 40,
    );
  });

  it('files of one rotation are one point, in the order in which they were written', async () => {
    const [whole] = (await machines.captures(1, 300, 'whole-')) as [string];
    const bytes = readFileSync(whole);
    const records = recordsOf(bytes);
    const names = ['node.pcap', 'node.pcap1', 'node.pcap2'].map(name => machines.path(name));
    names.forEach((name, i) => {
      writeFileSync(name, Buffer.concat([bytes.subarray(0, 24), ...records.slice(i * 100, (i + 1) * 100)]));
    });
    const [a, b, c] = names as [string, string, string];
    const id = await machines.submit([c, a, b]);
    machines.worker();
    const { part } = await machines.fetch(id);
    expect(part.of).toBe(1);
    const [{ found }] = part.pieces;
    expect(found.captures.map(({ name }: { name: string }) => name)).toEqual([a, b, c]);
    expect(found.connections).toEqual((await inOne([whole])).pieces[0].found.connections);
  });

  it('points are divided among workers by flow, where flows can be told apart', async () => {
    const captures = await machines.captures(2, 3000, 'divided-');
    const id = await machines.submit(captures, '--mode', 'dataplane', '--shares', '3');
    const workers = [machines.worker(), machines.worker()];
    const { code, err, part } = await machines.fetch(id);
    expect([code, err]).toEqual([0, '']);
    expect(part).toEqual(await inOne(captures, '--mode', 'dataplane'));
    expect(pointsOf(workers).sort()).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(await machines.status(id)).toMatchObject({ state: 'done', points: { total: 6, done: 6 }, captures: 2 });
    const again = await policap([
      'submit',
      ...captures,
      ...SHOP,
      ...machines.both,
      '--mode',
      'dataplane',
      '--shares',
      '3',
    ]);
    expect(again).toMatchObject({ code: 0, out: `${id}\n` });
    expect(again.err).toContain('2 captures at 2 points, 3 shares each: done already');
    const whole = await policap(['submit', ...captures, ...SHOP, ...machines.both, '--shares', '3']);
    expect(whole.err).toMatch(/^policap: points are not divided: .*\npolicap: 2 captures at 2 points: queued\n$/);
  });

  it('a worker ends with what it has, or gives it back', async () => {
    const id = await machines.submit([await machines.large()]);
    const first = machines.worker([], { slow: true });
    await until('it makes progress', async () => (await machines.status(id)).packets > 0);
    expect(await policap(['fetch', id, ...machines.both])).toMatchObject({
      code: 2,
      err: expect.stringContaining(`job ${id} goes on: 0 of 1 point done`),
    });
    const waiting = ['fetch', id, '--wait', ...machines.both];
    expect(await policap(waiting, { interrupts: 'while it waits' })).toMatchObject({ code: 130, out: '' });
    first.child.kill('SIGTERM');
    await until('it will end', () => first.said().includes('once more gives it back'));
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(130);
    expect(first.said()).toContain(': given back');
    expect((await machines.status(id)).points).toMatchObject({ waiting: 1, active: 0, retrying: 0 });
    const second = machines.worker();
    await until('it makes progress', async () => (await machines.status(id)).points.active > 0);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect((await machines.status(id)).points.done).toBe(1);
  });

  it('a worker can be ended while the server of its queue is away', async () => {
    const id = await machines.submit([await machines.large()]);
    const worker = machines.worker([], { slow: true });
    await until('it makes progress', async () => (await machines.status(id)).packets > 0);
    await machines.killRedis();
    const { said, child, ended } = worker;
    await until('it waits', () => said().includes('is away; waiting for it'));
    child.kill('SIGTERM');
    await until('it will end', () => said().includes('once more gives it back'));
    child.kill('SIGTERM');
    await ended;
    expect(said()).not.toContain('internal error');
  });

  it('says what is wrong with a command', async () => {
    const [capture] = (await machines.captures(1, 40)) as [string];
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    const web = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const other = `127.0.0.1:${(web.address() as { readonly port: number }).port}`;
    const id = 'j0123456789abcdef012';
    const { store } = machines;
    for (const [args, message] of [
      [['submit', capture, ...SHOP, '--queue', nowhere, '--store', store], `--queue ${nowhere}: nothing listens there`],
      [['submit', capture, ...SHOP, '--queue', 'http://x', '--store', store], 'Give redis://HOST:PORT'],
      [['submit', capture, ...SHOP, ...machines.queue], "required option '--store <directory>' not specified"],
      [['submit', '-', ...SHOP, ...machines.both], 'a capture from standard input has no place in a queue'],
      [['submit', capture, '-p', '-', ...machines.both], 'documents from standard input have no place in a queue'],
      [['submit', capture, '-p', 'no-such.yaml', ...machines.both], 'no-such.yaml: no such file or directory'],
      [['submit', machines.path('none.pcap'), ...SHOP, ...machines.both], 'none.pcap: no such file'],
      [['submit', machines.folder, ...SHOP, ...machines.both], 'is no file; workers read captures from a folder'],
      [['worker', ...machines.queue, '--store', '/no/such'], '--store /no/such: no such file'],
      [['worker', ...machines.queue, '--store', capture], `--store ${capture}: is no folder`],
      [['status', '--queue', `redis://:secret@${other}`], `--queue redis://:***@${other}: what answers there is`],
      [['status', '--queue', `rediss://${other}`], `--queue rediss://${other}: TLS fails; redis:// goes without`],
      [['status', 'j1', ...machines.queue], 'j1: is no id of a job'],
      [['status', id, ...machines.queue], `${machines.address} has no job ${id} of policap `],
      [['fetch', id, ...machines.queue, '--store', machines.folder], `${machines.address} has no job ${id}`],
    ] as const) {
      const { code, out, err } = await policap(args);
      expect([args, code, out], err).toEqual([args, 2, '']);
      expect(err).toContain(message);
      expect(err).toMatch(/^policap: error: /);
    }
    web.close();
    expect(await policap(['status', ...machines.queue])).toMatchObject({
      code: 0,
      out: expect.stringContaining('no jobs'),
    });
  });
});
