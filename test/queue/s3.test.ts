/**
 * policap submit, worker and fetch with a store in S3, with a real server of it and a real redis-server: what workers found
 * together is what one process finds, also where the server dies meanwhile; and what is wrong is said.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { policap } from '../cli/person.js';
import { freePort, inOne, kill, Machines, type Program, SHOP, until } from './machines.js';
import { GUEST, hasS3, S3Server, SECRET } from './s3-server.js';

const hasAll = hasS3 && spawnSync('sh', ['-c', 'command -v redis-server']).status === 0;
const STORE = 's3://policap-tests/queue';

describe.skipIf(!hasAll)(`a store in S3${hasAll ? '' : ' (python3-swift or redis-server is not installed)'}`, () => {
  const machines = new Machines();
  const server = new S3Server();
  beforeAll(async () => {
    await server.start();
    await machines.startRedis();
    await server.makeBucket('policap-tests');
    machines.storeAddress = STORE;
    machines.environment = server.environment;
  });
  const workers: Program[] = [];
  afterEach(async () => {
    for (const worker of workers.splice(0)) await kill(worker);
  });
  afterAll(async () => {
    await server.end();
    await machines.end();
  });
  const startWorkers = (): void => {
    for (let i = 0; i < 2; i++) workers.push(machines.worker(['--lock', '1']));
  };
  const pointsOf = (worker: Program): string[] =>
    [...worker.said().matchAll(/ point (\d+) \([^)]*\): \d+ packets/g)].map(([, n]) => n!);

  it('24 captures over two workers are judged once each, as in one process', async () => {
    const captures = await machines.captures(24, 40);
    const id = await machines.submit(captures);
    startWorkers();
    const { code, err, part } = await machines.fetch(id);
    expect([code, err]).toEqual([0, '']);
    expect(part).toEqual(await inOne(captures));
    const all = Array.from({ length: 24 }, (_, i) => `${i + 1}`);
    expect(workers.flatMap(pointsOf).sort()).toEqual(all.sort());
    expect((await machines.status(id)).store ?? STORE).toBe(STORE);

    const written = server.requests().filter(request => request.startsWith(`PUT /policap-tests/queue/${id}/`));
    const names = ['job', 'result', ...all.map(n => `point-${n}`)].map(name => `${name}.json`);
    expect(new Set(written)).toEqual(new Set(names.map(name => `PUT /policap-tests/queue/${id}/${name} 200`)));
    expect(written.length).toBe(names.length);

    const again = await machines.policap('submit', ...captures, ...SHOP, ...machines.both);
    expect(again).toMatchObject({ code: 0, out: `${id}\n` });
    expect(again.err).toContain('24 captures at 24 points: done already');
    expect(workers.map(({ said }) => said()).join('')).not.toContain(SECRET);
  });

  it('a server that dies and comes back is waited for, by requests and then by the queue', async () => {
    const captures = await machines.captures(40, 40, 'dies-');
    const id = await machines.submit(captures);
    startWorkers();
    await until('some are done', () => workers.flatMap(pointsOf).length >= 5);
    await server.kill();
    const away = `: failed: --store ${STORE} at ${server.endpoint}: nothing listens there, 8 times\n`;
    await until('a point is given back to the queue', () => workers.some(({ said }) => said().includes(away)));
    await server.start();
    const { code, err, part } = await machines.fetch(id);
    expect([code, err]).toEqual([0, '']);
    expect(part).toEqual(await inOne(captures));
    expect(await machines.status(id)).toMatchObject({ points: { done: 40, failed: 0 }, packets: 1600 });
  });

  it('says what is wrong with the store, and prints no secret', async () => {
    const [capture] = (await machines.captures(1, 40)) as [string];
    const web = createServer((_, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const other = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { endpoint } = server;
    const at = `--store ${STORE} at ${endpoint}:`;
    const address = 'AWS_ENDPOINT_URL is the address of an S3 server; without it, AWS is asked';
    const pair = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a pair that the server knows';
    for (const [store, changed, message, hint] of [
      [
        STORE,
        { AWS_SECRET_ACCESS_KEY: `${SECRET}x` },
        `${at} AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are no pair that the server knows`,
        pair,
      ],
      [
        STORE,
        { AWS_ACCESS_KEY_ID: 'test:nobody' },
        `${at} AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are no pair that the server knows`,
        pair,
      ],
      [
        STORE,
        { AWS_ACCESS_KEY_ID: GUEST },
        `${at} access denied`,
        'the key needs s3:ListBucket for the bucket, s3:GetObject and s3:PutObject for what is in it',
      ],
      [
        STORE,
        { AWS_SECRET_ACCESS_KEY: '' },
        `--store ${STORE}: AWS_SECRET_ACCESS_KEY is not set`,
        'set what is missing; for those of a profile or a role: eval "$(aws configure export-credentials --format env)"',
      ],
      [STORE, { AWS_REGION: 'eu-west-1' }, `${at} the bucket is in the region us-east-1`, 'set AWS_REGION=us-east-1'],
      [
        's3://no-such-bucket',
        {},
        `--store s3://no-such-bucket at ${endpoint}: there is no such bucket`,
        'make it first: aws s3 mb s3://BUCKET',
      ],
      [STORE, { AWS_ENDPOINT_URL: nowhere }, `--store ${STORE} at ${nowhere}: nothing listens there, 3 times`, address],
      [
        STORE,
        { AWS_ENDPOINT_URL: other },
        `--store ${STORE} at ${other}: what answers there does not speak S3 (HTTP status 200)`,
        address,
      ],
      ['gs://bucket/a', {}, '--store gs://...: policap knows no such store', 'give a folder, or s3://BUCKET[/PREFIX]'],
    ] as const) {
      const environment = { ...server.environment, ...changed };
      for (const command of [['submit', capture, ...SHOP], ['worker'], ['fetch', 'j0123456789abcdef012']]) {
        const ran = await policap([...command, ...machines.queue, '--store', store], { environment });
        expect(ran).toEqual({ code: 2, out: '', err: `policap: error: ${message}\n    ${hint}\n` });
        expect(ran.err).not.toContain(SECRET);
      }
    }
    web.close();
  });

  it('says so where the job is in another store', async () => {
    const captures = await machines.captures(1, 40, 'other-');
    const id = await machines.submit(captures);
    startWorkers();
    expect((await machines.fetch(id)).code).toBe(0);
    const ran = await machines.policap('fetch', id, ...machines.queue, '--store', 's3://policap-tests/other');
    expect(ran).toMatchObject({
      code: 2,
      err:
        `policap: error: the store s3://policap-tests/other has no result of job ${id}\n` +
        '    give the --store that it was submitted with\n',
    });
  });
});
