/** HTTP/1.1 requests from bytes: held to Node's own parser at random, and to RFC 9112 where it lets nobody guess. */
import { createServer, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpReader, NOT_HTTP } from '../../src/requests/http-reader.js';
import type { HttpRequest } from '../../src/requests/request.js';
import { seed } from '../support/seed.js';

const encode = (text: string): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0));

interface Seen {
  readonly requests: HttpRequest[];
  readonly unread: string[];
  readonly reader: HttpReader;
}

/** Reads pieces, each a segment; a number is a hole. */
function read(pieces: readonly (string | number)[], starts = true): Seen {
  const requests: HttpRequest[] = [];
  const unread: string[] = [];
  const sink = { request: (it: HttpRequest) => requests.push(it), unread: (why: string) => unread.push(why) };
  const reader = new HttpReader(sink, starts);
  for (const piece of pieces) {
    if (typeof piece === 'number') reader.missing(piece);
    else {
      const bytes = encode(piece);
      reader.bytes(bytes, 0, bytes.length, true);
    }
  }
  return { requests, unread, reader };
}

/** What Node's server makes of the bytes. */
async function parsedByNode(text: string, count: number): Promise<readonly (readonly [string, string, string])[]> {
  const found: [string, string, string][] = [];
  const server = createServer();
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  await new Promise<void>((resolve, reject) => {
    server.on('request', (request: IncomingMessage, response) => {
      found.push([request.method ?? '', request.url ?? '', JSON.stringify(request.rawHeaders)]);
      request.resume();
      request.on('end', () => {
        response.end();
        if (found.length === count) resolve();
      });
    });
    server.on('clientError', reject);
    server.emit('connection', socket);
    socket.push(encode(text));
  });
  socket.destroy();
  server.close();
  return found;
}

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const body = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant('length' as const), text: fc.stringMatching(/^[ -~\r\n]{0,80}$/) }),
  fc.record({
    kind: fc.constant('chunks' as const),
    chunks: fc.array(fc.stringMatching(/^[ -~\r\n]{1,40}$/), { maxLength: 4 }),
    trailer: fc.option(value),
  }),
);
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'),
  path: fc.stringMatching(/^\/[!-~]{0,30}$/),
  fields: fc.array(fc.tuple(token, value), { maxLength: 6 }),
  body,
});
const taken = new Set(['host', 'content-length', 'transfer-encoding', 'upgrade', 'connection', 'expect', 'trailer']);

function textOf({ method, path, fields, body: it }: typeof request extends fc.Arbitrary<infer T> ? T : never): string {
  const own = fields.filter(([name]) => !taken.has(name.toLowerCase()));
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: shop', ...own.map(([name, text]) => `${name}: ${text}`)];
  if (it === null) return [...lines, '', ''].join('\r\n');
  if (it.kind === 'length') return [...lines, `Content-Length: ${it.text.length}`, '', it.text].join('\r\n');
  const chunks = it.chunks.map(chunk => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const trailer = it.trailer === null ? '' : `X-Trailer: ${it.trailer}\r\n`;
  return `${[...lines, 'Transfer-Encoding: chunked', '', ''].join('\r\n')}${chunks}0\r\n${trailer}\r\n`;
}

describe('HttpReader', () => {
  it(`reads what Node's parser reads, however it is cut (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(600), { maxLength: 12 }),
        async (requests, cuts) => {
          const text = requests.map(textOf).join('');
          const borders = [0, ...cuts.filter(cut => cut < text.length), text.length].sort((a, b) => a - b);
          const seen = read(borders.slice(1).map((to, i) => text.slice(borders[i], to)));
          const nodes = await parsedByNode(text, requests.length);
          expect(seen.unread).toEqual([]);
          expect(seen.requests.map(it => [it.method, it.path])).toEqual(nodes.map(([method, url]) => [method, url]));
          nodes.forEach(([, , raw], i) => {
            const flat = JSON.parse(raw) as string[];
            const headers = new Map<string, string[]>();
            for (let at = 0; at < flat.length; at += 2) {
              const key = flat[at]!.toLowerCase();
              headers.set(key, [...(headers.get(key) ?? []), flat[at + 1]!]);
            }
            expect(seen.requests[i]!.headers).toEqual(headers);
            expect(seen.requests[i]!.host).toBe('shop');
          });
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('a hole in a body of known length does no harm; any other ends reading until a segment begins a request', () => {
    const post = 'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12';
    const get = 'GET /b HTTP/1.1\r\nHost: h\r\n\r\n';
    const paths = (seen: Seen): string[] => seen.requests.map(({ path }) => path);
    const passed = read([post, 8, get]);
    expect([paths(passed), passed.unread, passed.reader.isLost]).toEqual([['/a', '/b'], [], false]);
    const beyond = read([post, 9, 'x', get.replace('/b', '/c')]);
    expect([paths(beyond), beyond.unread.length, beyond.reader.isLost]).toEqual([['/a', '/c'], 1, false]);
    const lost = read([post, 9, 'GET /in-the-middle', ' HTTP/1.1\r\nHost: h\r\n\r\n']);
    expect([paths(lost), lost.reader.isLost]).toEqual([['/a'], true]);
    const between = read([get, 4]);
    expect([between.unread.length, between.reader.isLost]).toEqual([1, true]);
    const middle = read(['rest of a body', get], false);
    expect([paths(middle), middle.unread]).toEqual([['/b'], ['its connection began before the capture']]);
    for (const rest of ['ET', 'OST', 'LOCK', 'SEARCH']) {
      const inside = read([`${rest} /a HTTP/1.1\r\nHost: h\r\n\r\n`, get], false);
      expect([paths(inside), inside.unread.length], rest).toEqual([['/b'], 1]);
    }
    const seen = read([get], false);
    expect([paths(seen), seen.unread]).toEqual([['/b'], []]);
  });

  it('what several readers may take for several things is not read', () => {
    const head = (...lines: string[]): string => ['POST /a HTTP/1.1', 'Host: h', ...lines, '', ''].join('\r\n');
    const behind = 'GET /b HTTP/1.1\r\nHost: h\r\n\r\n';
    for (const text of [
      head('Content-Length: 1', 'Content-Length: 2'),
      head('Content-Length: 1', 'Transfer-Encoding: chunked'),
      head('Transfer-Encoding: gzip, chunked'),
      head('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
      head('Content-Length: +1'),
      head('Content-Length: 1, 1'),
      head('X-Name : value'),
      head('X-Name: a', ' folded'),
      head('X\u0000: a'),
      head('X: a\u0000b'),
      'GET /a HTTP/1.1\nHost: h\n\n',
      'GET /a HTTP/1.1\r\nHost: h\r\n\nGET /b',
      'GET  /a HTTP/1.1\r\nHost: h\r\n\r\n',
      'GET /a b HTTP/1.1\r\nHost: h\r\n\r\n',
      'GET a HTTP/1.1\r\nHost: h\r\n\r\n',
      'GET /a\r\n',
      'GET /a HTTP/3.0\r\nHost: h\r\n\r\n',
      'POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'SSH-2.0-OpenSSH_9.2\r\n',
      `GET /${'a'.repeat(70_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      const { requests, unread, reader } = read([text + behind]);
      expect([requests, unread.length, reader.isLost], JSON.stringify(text.slice(0, 80))).toEqual([[], 1, true]);
    }
    for (const text of ['POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello5\r\n', 'x']) {
      const broken = read([head('Transfer-Encoding: chunked') + (text === 'x' ? 'x\r\n' : '5\r\nhello5\r\n'), behind]);
      expect([broken.requests.length, broken.unread.length, broken.reader.isLost]).toEqual([1, 1, true]);
    }
  });

  it('of a head that is not whole at the end it is told, of anything else not', () => {
    const whole = 'POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n';
    for (const [text, count] of [
      ['GET /a HTT', 1],
      ['', 0],
      [`${whole}12345`, 0],
      [`${whole}123456789`, 0],
      [`${whole}123456789\r\n`, 0],
      [`${whole}123456789G`, 1],
    ] as const) {
      const { reader, unread } = read([text]);
      reader.end();
      expect(unread.length, text).toBe(count);
    }
  });

  it('one request alone may be in doubt: those behind it are read', () => {
    const behind = 'GET /b HTTP/1.1\r\nHost: h\r\n\r\n';
    const many = Array.from({ length: 101 }, (_, i) => `X-${i}: a\r\n`).join('');
    for (const text of [
      'GET /a HTTP/1.0\r\nHost: h\r\n\r\n',
      'GET /a HTTP/1.1\r\n\r\n',
      'GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n',
      `GET /a HTTP/1.1\r\nHost: h\r\n${many}\r\n`,
    ]) {
      const { requests, unread, reader } = read([`\r\n${text}`, behind]);
      expect([requests.map(({ path }) => path), unread.length, reader.isLost], text).toEqual([['/b'], 1, false]);
    }
  });

  it('where a request asks for another protocol, what follows is another one, or a request', () => {
    const upgrade = 'GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const frames = read([upgrade, '\u0081\u0085abcd', 'more']);
    expect([frames.requests.length, frames.unread, frames.reader.isLost]).toEqual([1, [], false]);
    const refused = read([
      upgrade,
      'GET /b HTTP/1.1\r\nHost: h\r\n\r\n',
      upgrade,
      'GET /c HTTP/1.1\r\nHost: h\r\n\r\n',
    ]);
    expect(refused.requests.map(({ path }) => path)).toEqual(['/chat', '/b', '/chat', '/c']);
    const glued = read([`${upgrade}GET /b HTTP/1.1\r\nHost: h\r\n\r\n`]);
    expect(glued.requests.map(({ path }) => path)).toEqual(['/chat', '/b']);
    const cut = read([upgrade, 'GE', 'T /b HTTP/1', '.1\r\nHost: h\r\n\r\n']);
    expect(cut.requests.map(({ path }) => path)).toEqual(['/chat', '/b']);
    for (const text of ['hello\n', 'hello\r\n', '\u0016\u0003\u0001', 'G\u0081']) {
      const other = read([upgrade, text, 'GET /b HTTP/1.1\r\nHost: h\r\n\r\n']);
      expect([other.requests.length, other.unread], JSON.stringify(text)).toEqual([1, []]);
    }
    const bare = read([upgrade, 'GET /b HTTP/1.1\nHost: h\n\n']);
    expect([bare.requests.length, bare.unread.length, bare.reader.isLost]).toEqual([1, 1, true]);
    const http2 = read([upgrade.replace('websocket', 'h2c'), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']);
    expect([http2.unread, http2.reader.isLost]).toEqual([['it is HTTP/2'], true]);
  });

  it('white space in a field takes no longer than other bytes', () => {
    const spaces = ' \t'.repeat(29_000);
    const many = Array.from(
      { length: 200 },
      () => `GET /a HTTP/1.1\r\nHost: h\r\nX:${spaces}a${spaces.slice(0, 100)}b${spaces.slice(0, 90)}\r\n\r\n`,
    );
    const inside = Array.from({ length: 200 }, () => `GET /a HTTP/1.1\r\nHost: h\r\nX: a${spaces}b\r\n\r\n`);
    const seen = read([...many, ...inside]);
    expect(seen.unread).toEqual([]);
    expect(seen.requests.map(({ headers }) => headers.get('x')![0]!.length)).toEqual([
      ...Array(200).fill(102),
      ...Array(200).fill(58_002),
    ]);
  });

  it('the authority of a target in absolute form goes before the Host field', () => {
    const { requests } = read([
      'GET http://one.example:8080/a?b HTTP/1.1\r\nHost: two.example\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: two.example\r\n\r\n',
      'GET http://one.example HTTP/1.1\r\nHost: two.example\r\n\r\n',
      'GET http://one.example?q HTTP/1.1\r\nHost: two.example\r\n\r\n',
    ]);
    expect(requests.map(({ path, host }) => [path, host])).toEqual([
      ['/a?b', 'one.example:8080'],
      ['*', 'two.example'],
      ['/', 'one.example'],
      ['/?q', 'one.example'],
    ]);
  });

  it('says what cannot be HTTP by its first bytes, however they are cut', () => {
    const all = (text: string): string[] => {
      const whys = [[text], [...text], [text.slice(0, 5), text.slice(5)]].map(pieces => read(pieces).unread);
      expect(whys[1], text).toEqual(whys[0]);
      expect(whys[2], text).toEqual(whys[0]);
      return whys[0]!;
    };
    for (const text of [
      'SSH-2.0-a\r\n',
      'EHLO host\r\n',
      '*1\r\n$4\r\nPING\r\n',
      'get a b\r\n\r\n',
      'hello\n',
      ' GET / HTTP/1.1',
    ])
      expect(all(text), text).toEqual([NOT_HTTP]);
    for (const text of ['GET /\r\n', 'GET /a b HTTP/1.1\r\n\r\n', 'GET /a HTTP/1.1\n', 'FOO /a HTTP/1.1\r\nX\r\n\r\n'])
      expect([all(text).length, all(text)[0] === NOT_HTTP], text).toEqual([1, false]);
  });

  it('takes its time by the bytes, not by the segments', () => {
    const started = performance.now();
    for (const text of [
      `GET /${'a'.repeat(60_000)}`,
      `GET / HTTP/1.1\r\nX: ${'a'.repeat(60_000)}`,
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ${'a'.repeat(60_000)}`,
      `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(10_000)}`,
    ]) {
      const { reader, unread } = read([...text]);
      reader.end();
      expect(unread.length).toBeLessThan(2);
    }
    // A second would be ten thousand instructions a byte.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
