/** The server over real sockets: what it answers, what it refuses, and that it ends. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, serve } from '../../src/server/serve.js';
import { Unreadable, type Workspace } from '../../src/server/workspace.js';
import { type Answer, type Asking, ask } from './ask.js';

const folder = mkdtempSync(join(tmpdir(), 'policap-server-'));
const path = (name: string): string => join(folder, name);
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));
const LARGE = 64 * 1024 * 1024;

const WORKSPACE: Workspace = {
  schema: 'policap.workspace/1',
  captures: [],
  documents: [{ name: 'a.yaml', text: 'kind: "\u2028</script>"', role: 'policies' }],
  options: {
    profile: null,
    mode: 'what-if',
    staged: false,
    conntrack: null,
    timeouts: {},
    maxConnections: null,
    tunnels: true,
    duplicates: true,
  },
};

let serving: Serving;
let workspace = (): Workspace => WORKSPACE;
const faults: Error[] = [];

beforeAll(async () => {
  mkdirSync(path('web/lessons/deep'), { recursive: true });
  mkdirSync(path('web/.git'));
  writeFileSync(path('web/index.html'), '<!doctype html><title>policap</title>');
  for (const name of [
    'app.js',
    'style.css',
    'a.wasm',
    'a.json',
    'a.svg',
    'lessons/deep/one.js',
    'a.bin',
    '.git/config',
  ])
    writeFileSync(path(`web/${name}`), name);
  writeFileSync(path('secret.txt'), 'secret');
  symlinkSync(path('secret.txt'), path('web/link.txt'));
  writeFileSync(path('capture.pcap'), BYTES);
  writeFileSync(path('void.pcap'), '');
  writeFileSync(path('gone.pcap'), 'x');
  writeFileSync(path('large.pcap'), '');
  truncateSync(path('large.pcap'), LARGE);
  serving = await serve({
    page: path('web'),
    captures: ['capture.pcap', 'void.pcap', 'gone.pcap', 'large.pcap'].map(path),
    workspace: () => workspace(),
    onFault: error => faults.push(error),
  });
});
afterAll(async () => {
  await serving.close();
  rmSync(folder, { recursive: true });
});

const trusted = (): Record<string, string> => ({ Authorization: `Bearer ${serving.token}` });
const get = (target: string, asking: Asking = {}): Promise<Answer> => ask(serving.port, target, asking);
const api = (target: string, { headers, ...asking }: Asking = {}): Promise<Answer> =>
  get(`/api/${target}`, { ...asking, headers: { ...trusted(), ...headers } });
const errorOf = ({ body }: Answer): string => JSON.parse(body.toString()).error;

/** Descriptors that are open on a file of the folder. */
const openFiles = (name: string): number =>
  readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path(name);
    } catch {
      return false;
    }
  }).length;

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('the address', () => {
  it('is of this machine alone, with the token where it is sent nowhere', () => {
    expect(serving.url).toBe(`http://127.0.0.1:${serving.port}/`);
    expect(serving.address).toBe(`${serving.url}#token=${serving.token}`);
  });

  it('has 32 random bytes, others each time', async () => {
    const other = await serve({ page: path('web'), captures: [], workspace, onFault: () => {} });
    await other.close();
    expect(other.token).not.toBe(serving.token);
    expect([serving, other].map(({ token }) => Buffer.from(token, 'base64url').length)).toEqual([32, 32]);
  });

  it('is not listened on beyond the loopback', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap(addresses => addresses ?? [])
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
      .map(({ address }) => address);
    for (const host of ['127.0.0.2', '::1', ...others]) {
      const connected = await new Promise(resolve => {
        const socket = connect({ host, port: serving.port }, () => {
          socket.destroy();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
      expect([host, connected]).toEqual([host, false]);
    }
  });

  it('is refused where the port is taken', async () => {
    const again = serve({ page: path('web'), captures: [], workspace, onFault: () => {} }, serving.port);
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('the page', () => {
  it.each([
    ['/', 'text/html; charset=utf-8', '<!doctype html><title>policap</title>'],
    ['/index.html?x=1', 'text/html; charset=utf-8', '<!doctype html><title>policap</title>'],
    ['/app.js', 'text/javascript; charset=utf-8', 'app.js'],
    ['/style.css', 'text/css; charset=utf-8', 'style.css'],
    ['/a.wasm', 'application/wasm', 'a.wasm'],
    ['/a.json', 'application/json', 'a.json'],
    ['/a.svg', 'image/svg+xml', 'a.svg'],
    ['/a.bin', 'application/octet-stream', 'a.bin'],
    ['/lessons/deep/one.js', 'text/javascript; charset=utf-8', 'lessons/deep/one.js'],
  ])('has %s, as %s', async (target, type, text) => {
    const { status, headers, body } = await get(target);
    expect([status, headers['content-type'], body.toString()]).toEqual([200, type, text]);
    const head = await get(target, { method: 'HEAD' });
    expect([head.status, head.headers['content-type'], head.body.length]).toEqual([200, type, 0]);
  });

  it.each([
    '/none.js',
    '/lessons',
    '/lessons/',
    '/lessons/deep',
    '/../secret.txt',
    '/lessons/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '//secret.txt',
    '/link.txt',
    '/.git/config',
    '/index.html/',
    '/app.js%00',
    '/constructor',
    '/__proto__',
  ])('has nothing at %s', async target => {
    const { status, body } = await get(target);
    expect([status, body.toString()]).toEqual([404, '']);
  });

  it('may be built anew meanwhile', async () => {
    writeFileSync(path('web/new.js'), 'new');
    expect((await get('/new.js')).body.toString()).toBe('new');
    rmSync(path('web/new.js'));
    expect((await get('/new.js')).status).toBe(404);
  });
});

describe('refusals', () => {
  it.each([
    [421, '/', { headers: { Host: 'evil.example' } }],
    [421, '/api/workspace', { headers: { Host: 'evil.example' } }],
    [421, '/', { headers: { Host: 'not a host:99999' } }],
    [405, '/', { method: 'POST', body: 'x' }],
    [405, '/api/workspace', { method: 'POST', body: '{}' }],
    [405, '/api/workspace', { method: 'OPTIONS' }],
    [403, '/', { headers: { Origin: 'http://evil.example' } }],
    [403, '/api/workspace', { headers: { Origin: 'null' } }],
    [403, '/api/workspace', { headers: { 'Sec-Fetch-Site': 'cross-site' } }],
    [403, '/api/captures/0', { headers: { 'Sec-Fetch-Site': 'same-site' } }],
    [404, '/x/../api/workspace', {}],
    [404, '/%61pi/workspace', {}],
  ] as const)('%i for %s with %j, token or not', async (status, target, asking: Asking) => {
    for (const token of [{}, trusted()]) {
      const answer = await get(target, { ...asking, headers: { ...token, ...asking.headers } });
      expect([answer.status, answer.body.length]).toEqual([status, 0]);
    }
  });

  it.each(['/api', '/api/workspace', '/api/captures/0', '/api/captures/99', '/api/none'])(
    '401 for %s without the token, with nothing said',
    async target => {
      for (const Authorization of ['', 'Bearer x', `Bearer ${'A'.repeat(43)}`, `Basic ${serving.token}`]) {
        const { status, headers, body } = await get(target, { headers: { Authorization } });
        expect([status, headers['www-authenticate'], body.length]).toEqual([401, 'Bearer', 0]);
      }
    },
  );

  it.each(['GET / HTTP/1.0', 'GET / HTTP/1.1', 'GET / HTTP/1.1\r\nHost:'])('421 without a name: %j', async head => {
    const answer = await new Promise<string>(resolve => {
      const chunks: Buffer[] = [];
      const socket = connect({ host: '127.0.0.1', port: serving.port }, () => socket.write(`${head}\r\n\r\n`));
      socket.on('data', chunk => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).toContain("Content-Security-Policy: default-src 'none'");
  });

  it('takes the token from no query', async () => {
    expect((await get(`/api/workspace?token=${serving.token}`)).status).toBe(401);
  });

  it('names the methods there are', async () => {
    expect((await get('/', { method: 'DELETE' })).headers.allow).toBe('GET, HEAD');
  });
});

describe('headers', () => {
  it.each([
    ['/', 200, {}],
    ['/app.js', 200, {}],
    ['/none', 404, {}],
    ['/../x', 404, {}],
    ['/api/workspace', 401, {}],
    ['/', 421, { headers: { Host: 'evil.example' } }],
    ['/', 405, { method: 'POST' }],
    ['/', 403, { headers: { Origin: 'null' } }],
  ] as const)('of %s are strict: %i', async (target, status, asking: Asking) => {
    const answer = await get(target, asking);
    expect(answer.status).toBe(status);
    expectStrict(answer);
    expect(answer.headers['cache-control']).toBe(target.startsWith('/api') ? 'no-store' : 'no-cache');
  });

  it.each(['workspace', 'captures/0', 'captures/77', 'none'])('of /api/%s are strict', async target => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await api(target, { method });
      expectStrict(answer);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  function expectStrict({ headers }: Answer): void {
    expect(headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
        "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(Object.keys(headers).filter(name => name.startsWith('access-control'))).toEqual([]);
  }
});

describe('the workspace', () => {
  it('is json, and read at each request', async () => {
    const { status, headers, body } = await api('workspace');
    expect([status, headers['content-type'], JSON.parse(body.toString())]).toEqual([
      200,
      'application/json',
      WORKSPACE,
    ]);
    workspace = () => ({ ...WORKSPACE, documents: [] });
    expect(JSON.parse((await api('workspace')).body.toString()).documents).toEqual([]);
    workspace = () => WORKSPACE;
  });

  it('that cannot be read is a sentence, without a fault', async () => {
    workspace = () => {
      throw new Unreadable('a.yaml: no such file or directory');
    };
    const answer = await api('workspace');
    expect([answer.status, errorOf(answer)]).toEqual([422, 'a.yaml: no such file or directory']);
    workspace = () => WORKSPACE;
    expect(faults).toEqual([]);
  });

  it('that fails by our fault is 500, and the fault is told', async () => {
    workspace = () => {
      throw new TypeError('broken');
    };
    const answer = await api('workspace');
    expect([answer.status, errorOf(answer)]).toEqual([500, 'a fault of policap: broken']);
    workspace = () => WORKSPACE;
    expect(faults.splice(0).map(({ message }) => message)).toEqual(['broken']);
  });
});

describe('a capture', () => {
  it('is the bytes of the file', async () => {
    const { status, headers, body } = await api('captures/0');
    expect([status, body.equals(BYTES)]).toEqual([200, true]);
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(BYTES.length),
      'accept-ranges': 'bytes',
    });
    expect(headers['content-encoding'] ?? headers['content-range'] ?? null).toBe(null);
  });

  it('has a head', async () => {
    const head = await api('captures/0', { method: 'HEAD', headers: { Range: 'bytes=1-2' } });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(BYTES.length), 0]);
  });

  it('may be empty', async () => {
    const { status, headers, body } = await api('captures/1');
    expect([status, headers['content-length'], body.length]).toEqual([200, '0', 0]);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=100000-299999', 100_000, 300_000],
    ['bytes=299990-', 299_990, 300_000],
    ['bytes=-7', 299_993, 300_000],
    ['bytes=5-900000000', 5, 300_000],
  ])('is read in parts: %s', async (range, start, end) => {
    const { status, headers, body } = await api('captures/0', { headers: { Range: range } });
    expect([status, headers['content-range']]).toEqual([206, `bytes ${start}-${end - 1}/300000`]);
    expect([headers['content-length'], body.equals(BYTES.subarray(start, end))]).toEqual([String(end - start), true]);
  });

  it.each(['captures/0', 'captures/1'])('%s has nothing beyond its end', async target => {
    const { status, headers, body } = await api(target, { headers: { Range: 'bytes=300000-' } });
    expect([status, headers['content-range'], body.length]).toEqual([
      416,
      `bytes */${target === 'captures/0' ? 300000 : 0}`,
      0,
    ]);
  });

  it('is whole for several ranges, and for a version that nobody knows', async () => {
    const asked: Record<string, string>[] = [{ Range: 'bytes=0-1,4-5' }, { Range: 'bytes=0-1', 'If-Range': '"x"' }];
    for (const headers of asked) {
      const { status, body } = await api('captures/0', { headers });
      expect([status, body.length]).toEqual([200, BYTES.length]);
    }
  });

  it.each(['captures/4', 'captures/-1', 'captures/00', 'captures/0x0', 'captures/1e0', 'captures', 'captures/0/x'])(
    'is named by its number alone: there is no %s',
    async target => {
      const answer = await api(target);
      expect([answer.status, typeof errorOf(answer)]).toEqual([404, 'string']);
    },
  );

  it('that is gone is said in a sentence', async () => {
    rmSync(path('gone.pcap'));
    const answer = await api('captures/2');
    expect([answer.status, errorOf(answer)]).toEqual([422, `${path('gone.pcap')}: no such file any more`]);
    mkdirSync(path('gone.pcap'));
    expect(errorOf(await api('captures/2'))).toBe(`${path('gone.pcap')}: is no file any more`);
    rmSync(path('gone.pcap'), { recursive: true });
  });

  it('is closed when the client leaves', async () => {
    await new Promise<void>(resolve => {
      const asked = request(
        { host: '127.0.0.1', port: serving.port, path: '/api/captures/3', headers: trusted() },
        answer => {
          answer.once('data', () => {
            expect(openFiles('large.pcap')).toBe(1);
            asked.destroy();
          });
          answer.on('error', () => {});
          answer.on('close', resolve);
        },
      );
      asked.end();
    });
    await until(() => openFiles('large.pcap') === 0);
    expect((await api('captures/0')).status).toBe(200);
  });

  it('is closed when all is read, and when nothing is', async () => {
    await api('captures/0');
    await api('captures/0', { method: 'HEAD' });
    await api('captures/0', { headers: { Range: 'bytes=300000-' } });
    await until(() => openFiles('capture.pcap') === 0);
  });

  it('that shrinks while it is read does not look whole', async () => {
    const answer = new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: serving.port, path: '/api/captures/3', headers: trusted() },
        async incoming => {
          expect(incoming.headers['content-length']).toBe(String(LARGE));
          truncateSync(path('large.pcap'), 1000);
          incoming.on('error', reject);
          incoming.on('end', resolve);
          incoming.resume();
        },
      );
      asked.end();
    });
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(faults).toEqual([]);
  });
});

describe('the end', () => {
  it('comes at once, for idle and for busy connections', async () => {
    truncateSync(path('large.pcap'), LARGE);
    const other = await serve({ page: path('web'), captures: [path('large.pcap')], workspace, onFault: () => {} });
    const idle = connect({ host: '127.0.0.1', port: other.port });
    const idleEnd = new Promise(resolve => idle.on('close', resolve));
    idle.on('error', () => {});
    await new Promise(resolve => idle.on('connect', resolve));
    const headers = { Authorization: `Bearer ${other.token}` };
    const busyEnd = new Promise(resolve => {
      const asked = request({ host: '127.0.0.1', port: other.port, path: '/api/captures/0', headers }, incoming => {
        incoming.pause();
        incoming.on('error', () => {});
        incoming.on('close', resolve);
        other.close();
        incoming.resume();
      });
      asked.end();
    });
    await Promise.all([idleEnd, busyEnd]);
    await expect(ask(other.port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await until(() => openFiles('large.pcap') === 0);
  });
});
