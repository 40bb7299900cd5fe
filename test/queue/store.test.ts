/** What a store promises, asked of each kind of them; and what S3's does when its server is slow, away or wrong. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/queue/open-store.js';
import { readS3Place } from '../../src/queue/s3-place.js';
import { s3Store } from '../../src/queue/s3-store.js';
import type { Store } from '../../src/queue/store.js';
import { until } from './machines.js';
import { hasS3, S3Server } from './s3-server.js';

const MEGABYTE = 1e6;
/** Until a server has started beside other tests. */
const LONG = { attempts: 40, silence: 30_000, first: 250 };
const server = new S3Server();
const folder = mkdtempSync(join(tmpdir(), 'policap-store-'));
beforeAll(async () => {
  if (!hasS3) return;
  await server.start();
  await server.makeBucket('policap-tests');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  if (hasS3) await server.end();
});

const KINDS: readonly (readonly [kind: string, open: (name: string) => Promise<Store>])[] = [
  ['a folder', name => openStore(join(folder, name), {}, { create: true })],
  ['a bucket', name => openStore(`s3://policap-tests/${name}`, server.environment, { create: true })],
];

for (const [kind, open] of KINDS) {
  const isHere = kind === 'a folder' || hasS3;
  describe.skipIf(!isHere)(`${kind} as a store${isHere ? '' : ' (python3-swift is not installed)'}`, () => {
    it('has what was written, and nothing else', async () => {
      const store = await open('plain');
      expect(await store.has('j0/job.json')).toBe(false);
      expect(await store.read('j0/job.json')).toBeNull();
      await store.write('j0/job.json', '{"ä": 1}\n');
      expect(await store.has('j0/job.json')).toBe(true);
      expect((await store.read('j0/job.json'))?.toString()).toBe('{"ä": 1}\n');
      expect(await store.has('j0/job')).toBe(false);
      expect(await store.has('j0/job.json.part')).toBe(false);
    });

    it('keeps bytes as they are, also none, and replaces them', async () => {
      const store = await open('bytes');
      const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
      // A view into a larger buffer: no more than the view is written.
      for (const content of [bytes, bytes.subarray(10, 20), new Uint8Array(0), '']) {
        await store.write('documents/a', content);
        expect(await store.has('documents/a')).toBe(true);
        expect(Buffer.compare((await store.read('documents/a'))!, Buffer.from(content))).toBe(0);
      }
    });

    it('is one store for all who open it, and none for those who open another one', async () => {
      const [first, second, other] = [await open("it's (a) b+ü"), await open("it's (a) b+ü"), await open('it')];
      await first.write('x/y', 'x');
      expect((await second.read('x/y'))?.toString()).toBe('x');
      expect(await other.has('x/y')).toBe(false);
      expect(first.name).toBe(second.name);
    });

    it('shows a name whole or not at all while it is written, and while it is replaced', async () => {
      const store = await open('large');
      const contents = [1, 2, 3].map(byte => new Uint8Array(20 * MEGABYTE).fill(byte));
      let isWriting = true;
      const seen = new Set<string>();
      const look = async (): Promise<void> => {
        while (isWriting) {
          const bytes = await store.read('point-1.json');
          seen.add(bytes === null ? 'nothing' : `${bytes.length} of ${[...new Set(bytes)]}`);
        }
      };
      const looking = look();
      for (const content of contents) await store.write('point-1.json', content);
      isWriting = false;
      await looking;
      const whole = [1, 2, 3].map(byte => `${20 * MEGABYTE} of ${byte}`);
      expect(['nothing', ...whole]).toEqual(expect.arrayContaining([...seen]));
      expect((await store.read('point-1.json'))?.equals(contents[2]!)).toBe(true);
    });
  });
}

describe.skipIf(!hasS3)(`a bucket whose server dies${hasS3 ? '' : ' (python3-swift is not installed)'}`, () => {
  it('is written and read when it is back', async () => {
    const store = await s3Store('s3://policap-tests/dies', server.environment, { patience: LONG });
    await store.write('a', 'a');
    await server.kill();
    const later = [store.write('b', 'b'), store.read('a'), store.has('b')];
    await server.start();
    const [, a] = await Promise.all(later);
    expect(String(a)).toBe('a');
    expect(String(await store.read('b'))).toBe('b');
  });

  it('has nothing of what was on its way when it died, and all of it when it is back', async () => {
    const content = new Uint8Array(60 * MEGABYTE).fill(1);
    // Between the two: it tells when a part of the upload has gone by.
    let passed = 0;
    const between = createTcpServer(client => {
      const upstream = connect(Number(new URL(server.endpoint).port), '127.0.0.1');
      client.on('data', chunk => {
        passed += chunk.length;
        // It takes a while.
        if (!upstream.write(chunk)) client.pause();
      });
      upstream.on('drain', () => client.resume()).on('data', chunk => client.write(chunk));
      for (const socket of [client, upstream]) {
        socket.on('error', () => {}).on('close', () => (socket === client ? upstream : client).destroy());
      }
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const endpoint = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
    const environment = { ...server.environment, AWS_ENDPOINT_URL: endpoint };
    const store = await s3Store('s3://policap-tests/halfway', environment, { patience: LONG });
    const before = passed;
    const written = store.write('part', content);
    await until('a part of it has gone by', () => passed > before + MEGABYTE);
    await server.kill();
    expect(passed - before, 'it was on its way').toBeLessThan(content.length);
    await server.start();
    const after = await (await KINDS[1]![1]('halfway')).read('part');
    expect([null, content.length]).toContain(after === null ? null : after.length);
    await written;
    expect((await store.read('part'))?.equals(content)).toBe(true);
    between.close();
  });
});

/** A server of HTTP that answers as it is told, once for each request; then with the last of it. */
async function answering(answers: readonly ((response: ServerResponse) => void)[]) {
  let asked = 0;
  const web = createServer((request, response) => {
    request.resume();
    answers[Math.min(asked++, answers.length - 1)]!(response);
  }).listen(0, '127.0.0.1');
  await once(web, 'listening');
  const endpoint = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const environment = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const end = (): void => {
    web.closeAllConnections();
    web.close();
  };
  return { endpoint, environment, asked: () => asked, end };
}

const status =
  (code: number, body = '', headers = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(code, headers).end(body);
  };
const error = (code: number, name: string, more = '') =>
  status(code, `<?xml version="1.0"?><Error><Code>${name}</Code><Message>In its words</Message>${more}</Error>`);
const LISTED = status(200, '<ListBucketResult></ListBucketResult>');
const QUICK = { attempts: 3, silence: 1000, first: 1 };

describe('a request to S3', () => {
  const outcome = async (...answers: readonly ((response: ServerResponse) => void)[]) => {
    const web = await answering(answers);
    try {
      return await s3Store('s3://bucket/a', web.environment, { firstContact: QUICK }).then(
        () => ({ asked: web.asked() }),
        ({ message, hint }) => ({
          asked: web.asked(),
          message: message.replace(`--store s3://bucket/a at ${web.endpoint}: `, ''),
          hint,
        }),
      );
    } finally {
      web.end();
    }
  };

  it('is made again where that may help, and no more often than is said', async () => {
    const silent = (): void => {};
    const broken = (response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': '1000' }).write('<ListBucketResult');
      setImmediate(() => response.destroy());
    };
    const stuck = (response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': '1000' }).write('<ListBucketResult');
    };
    expect(await outcome(status(503), status(429), LISTED)).toEqual({ asked: 3 });
    expect(await outcome(error(500, 'InternalError'), error(400, 'RequestTimeout'), LISTED)).toEqual({ asked: 3 });
    expect(await outcome(silent, broken, LISTED)).toEqual({ asked: 3 });
    const later = 'it may do better later: give the same command again';
    const wrong = 'AWS_ENDPOINT_URL is the address of an S3 server; without it, AWS is asked';
    for (const [answer, message, hint] of [
      [status(503), 'the server answers with status 503, 3 times', later],
      [error(503, 'SlowDown'), 'the server answers with status 503 (SlowDown: In its words), 3 times', later],
      [silent, 'no answer, 3 times', wrong],
      [stuck, 'no answer, 3 times', wrong],
      [broken, 'it ended the connection, 3 times', wrong],
    ] as const) {
      expect(await outcome(answer)).toEqual({ asked: 3, message, hint });
    }
  });

  it('is made once where nothing else would come of it', async () => {
    const elsewhere = 'the bucket is in the region eu-west-3';
    const wrong = 'AWS_ENDPOINT_URL is the address of an S3 server; without it, AWS is asked';
    for (const [answer, message, hint] of [
      [status(301, '', { 'x-amz-bucket-region': 'eu-west-3' }), elsewhere, 'set AWS_REGION=eu-west-3'],
      [error(400, 'AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>'), elsewhere, 'set AWS_REGION=eu-west-3'],
      [error(400, 'ExpiredToken'), 'the keys have expired', 'get new ones, with their AWS_SESSION_TOKEN'],
      [
        error(403, 'RequestTimeTooSkewed'),
        "the clock of this machine and the server's differ too much",
        'set the clock',
      ],
      [status(200, '<html>'), 'what answers there does not speak S3 (HTTP status 200)', wrong],
      [status(404, '<html>'), 'what answers there does not speak S3 (HTTP status 404)', wrong],
      [status(302, '', { location: '/login' }), 'what answers there does not speak S3 (HTTP status 302)', wrong],
      [error(400, 'Other'), 'the server answers with status 400 (Other: In its words)', wrong],
    ] as const) {
      expect(await outcome(answer)).toEqual({ asked: 1, message, hint });
    }
  });
});

describe('the place of a store in S3', () => {
  const KEYS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const url = (address: string, environment = {}): string =>
    readS3Place(address, { ...KEYS, ...environment }).objectUrl('j0/job.json');

  it('has the bucket in its host at AWS, and in its path elsewhere', () => {
    expect(url('s3://bucket/a')).toBe('https://bucket.s3.us-east-1.amazonaws.com/a/j0/job.json');
    const region = { AWS_REGION: 'eu-west-3', AWS_DEFAULT_REGION: 'us-west-1' };
    expect(url('s3://bucket', region)).toBe('https://bucket.s3.eu-west-3.amazonaws.com/j0/job.json');
    const china = { AWS_DEFAULT_REGION: 'cn-north-1' };
    expect(url('S3://bucket/', china)).toBe('https://bucket.s3.cn-north-1.amazonaws.com.cn/j0/job.json');
    expect(url('s3://a.b/c')).toBe('https://s3.us-east-1.amazonaws.com/a.b/c/j0/job.json');
    const endpoint = { AWS_ENDPOINT_URL: 'http://other:1', AWS_ENDPOINT_URL_S3: 'http://s3:9000/base/' };
    expect(url('s3://bucket/a b+/', endpoint)).toBe('http://s3:9000/base/bucket/a%20b%2B/j0/job.json');
    expect(readS3Place('s3://bucket/a/', KEYS)).toMatchObject({
      name: 's3://bucket/a',
      listUrl: 'https://bucket.s3.us-east-1.amazonaws.com/?list-type=2&max-keys=1&prefix=a%2F',
    });
  });

  it('is refused where it is none, and no key is printed', () => {
    const secret = 'S3CR3T';
    for (const [address, environment, message] of [
      ['s3://', {}, "--store s3://: '' is no name of a bucket"],
      ['s3:///a', {}, "--store s3:///a: '' is no name of a bucket"],
      ['s3://b u/a', {}, "--store s3://b u/a: 'b u' is no name of a bucket"],
      ['s3://bucket//a', {}, "--store s3://bucket//a: a prefix has no empty parts, no '.' and no '..'"],
      ['s3://bucket/../a', {}, "--store s3://bucket/../a: a prefix has no empty parts, no '.' and no '..'"],
      [`s3://key:${secret}@bucket`, {}, '--store s3://***: keys have no place in it'],
      ['s3://bucket', { AWS_REGION: 'a.b/' }, "--store s3://bucket: AWS_REGION 'a.b/' is no name of a region"],
      ['s3://bucket', { AWS_ENDPOINT_URL: 'minio:9000' }, "AWS_ENDPOINT_URL 'minio:9000': is no address of a server"],
      ['s3://bucket', { AWS_ENDPOINT_URL_S3: 'minio' }, "AWS_ENDPOINT_URL_S3 'minio': is no address"],
      ['s3://bucket', { AWS_ENDPOINT_URL: `http://a:${secret}@b` }, 'AWS_ENDPOINT_URL: keys have no place in it'],
      ['s3://bucket', { AWS_ENDPOINT_URL: `//a:${secret}@b` }, "AWS_ENDPOINT_URL '//***@b': is no address"],
      ['s3://bucket', { AWS_ACCESS_KEY_ID: '' }, '--store s3://bucket: AWS_ACCESS_KEY_ID is not set'],
      [
        's3://bucket',
        { AWS_SECRET_ACCESS_KEY: undefined, AWS_ACCESS_KEY_ID: undefined },
        '--store s3://bucket: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set',
      ],
      [
        's3://bucket',
        { AWS_SESSION_TOKEN: `${secret}\n` },
        '--store s3://bucket: AWS_SESSION_TOKEN holds a character that no key has, such as a blank or a line break',
      ],
    ] as const) {
      const read = (): unknown => readS3Place(address, { ...KEYS, ...environment });
      expect(read).toThrow(expect.objectContaining({ name: 'QueueError', message }));
      expect(read).not.toThrow(secret);
    }
  });
});
