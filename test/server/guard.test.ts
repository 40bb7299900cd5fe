/** Who may ask, as a function; the same over sockets stands in serve.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, createGuard, isApi } from '../../src/server/guard.js';

const TOKEN = 'x0-_'.repeat(10);
const guard = createGuard(4000, TOKEN);
const HEADERS = { host: '127.0.0.1:4000', authorization: `Bearer ${TOKEN}` };
const status = (asked: Partial<Asked>): number | null =>
  guard({ method: 'GET', target: '/api/workspace', headers: HEADERS, ...asked })?.status ?? null;
const withHeaders = (headers: Asked['headers']) => ({ headers: { ...HEADERS, ...headers } });

describe('the guard', () => {
  it.each(['127.0.0.1:4000', 'localhost:4000', 'LOCALHOST:4000'])('knows itself as %s', host => {
    expect(status(withHeaders({ host }))).toBe(null);
  });

  it.each([
    '127.0.0.1',
    '127.0.0.1:4001',
    '127.0.0.1:40000',
    '127.0.0.2:4000',
    'localhost',
    'localhost.:4000',
    'evil.example:4000',
    '127.0.0.1:4000.evil.example',
    '[::1]:4000',
    '0.0.0.0:4000',
    '2130706433:4000',
    'x@127.0.0.1:4000',
    '',
  ])('does not answer to the name %j, whatever is asked', host => {
    expect(status(withHeaders({ host }))).toBe(421);
    expect(status({ target: '/', ...withHeaders({ host }) })).toBe(421);
    expect(status({ method: 'POST', ...withHeaders({ host }) })).toBe(421);
  });

  it('asks for a Host', () => {
    expect(status({ headers: { authorization: HEADERS.authorization } })).toBe(421);
  });

  it('knows itself on port 80, which browsers leave out', () => {
    const on80 = createGuard(80, TOKEN);
    const of = (host: string) => on80({ method: 'GET', target: '/', headers: { host } })?.status ?? null;
    expect(['127.0.0.1', 'localhost', 'evil.example'].map(of)).toEqual([null, null, 421]);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'get', ''])('refuses %s', method => {
    expect([status({ method }), status({ method, target: '/' })]).toEqual([405, 405]);
  });

  it.each([
    'http://evil.example',
    'http://127.0.0.1:4001',
    'http://localhost:4000',
    'https://127.0.0.1:4000',
    'http://127.0.0.1:4000.evil.example',
    'null',
    '',
  ])('refuses the origin %j', origin => {
    expect([status(withHeaders({ origin })), status({ target: '/', ...withHeaders({ origin }) })]).toEqual([403, 403]);
  });

  it.each(['http://127.0.0.1:4000'])('takes its own origin', origin => {
    expect(status(withHeaders({ origin }))).toBe(null);
    expect(status(withHeaders({ host: 'LocalHost:4000', origin: 'http://localhost:4000' }))).toBe(null);
  });

  it.each(['cross-site', 'same-site', 'same-origin, cross-site', ''])(
    'gives %j nothing but the page, to which links may lead',
    site => {
      const of = (target: string) => status({ target, ...withHeaders({ 'sec-fetch-site': site }) });
      expect(['/api/workspace', '/api', '/'].map(of)).toEqual([403, 403, null]);
    },
  );

  it.each(['same-origin', 'none'])('takes %s', site => {
    expect(status(withHeaders({ 'sec-fetch-site': site }))).toBe(null);
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    TOKEN,
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN} x`,
    `Bearer x, Bearer ${TOKEN}`,
  ])('takes no authorization %j', authorization => {
    expect(status(withHeaders({ authorization }))).toBe(401);
    expect(status({ target: '/', ...withHeaders({ authorization }) })).toBe(null);
  });

  it('takes an empty token from nobody', () => {
    expect(status({ headers: { host: HEADERS.host } })).toBe(401);
  });

  it.each([
    '/../etc/passwd',
    '/lessons/../app.js',
    '/x/../api/workspace',
    '/./api/workspace',
    '//api/workspace',
    '/%2e%2e/etc/passwd',
    '/%61pi/workspace',
    '/..%2fapp.js',
    '/..\\app.js',
    '/api\\workspace',
    '/.git/config',
    '/lessons/',
    'http://127.0.0.1:4000/app.js',
    '*',
    'app.js',
    '',
    '/app.js\u0000',
    '/app.js#x',
  ])('has nothing at %j', target => {
    expect(status({ target })).toBe(404);
    expect(status({ target, headers: { host: HEADERS.host } })).toBe(404);
  });

  it.each(['/', '/index.html', '/lessons/one.js', '/app-1f_~x.js?v=../1', '/?x'])('lets pass %s', target => {
    expect(status({ target, headers: { host: HEADERS.host } })).toBe(null);
  });

  it('lets nothing pass without the token whose path, resolved and decoded, is of the api', () => {
    const part = fc.constantFrom(
      'api',
      'API',
      'workspace',
      '..',
      '.',
      '',
      '%61pi',
      '%2e%2e',
      'a',
      '?',
      '%2f',
      '\\',
      ';',
    );
    const target = fc.array(fc.tuple(fc.constantFrom('/', '//', '\\', ''), part), { maxLength: 6 });
    fc.assert(
      fc.property(target, parts => {
        const asked = parts.flat().join('');
        if (status({ target: asked, headers: { host: HEADERS.host } }) !== null) return;
        const { pathname } = new URL(asked, 'http://127.0.0.1:4000');
        expect(isApi(decodeURIComponent(pathname))).toBe(false);
        expect(pathname).toBe(asked.split('?')[0]);
      }),
      { numRuns: 2000 },
    );
  });
});
