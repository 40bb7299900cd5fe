/** CI25: what proxies may take a path or a field for, where it makes a difference and where not. */
import { describe, expect, it } from 'vitest';
import type { CiliumHttp } from '../../src/policy/cilium/model.js';
import type { HttpRequest } from '../../src/requests/request.js';
import { conditionOf, readings } from '../../src/rules/cilium/layer7.js';

const request = (path: string, fields: Readonly<Record<string, string>> = {}): HttpRequest => ({
  ...{ method: 'GET', path, host: 'h' },
  headers: new Map(Object.entries(fields).map(([name, value]) => [name, [value]])),
});
const asks = (rule: Partial<CiliumHttp>, of: HttpRequest): boolean | null => {
  const whole = { method: null, path: null, host: null, headers: [], headerMatches: [], ...rule };
  const condition = conditionOf({ kind: 'http', rules: [whole] });
  if (condition?.protocol !== 'HTTP') throw new Error('no condition');
  return condition.allows(of);
};

describe('(CI25) paths', () => {
  it('each proxy makes its own of a path', () => {
    expect(readings('/a/b?c=//d/../%61')).toEqual(['/a/b?c=//d/../%61']);
    expect(new Set(readings('/a//../b'))).toEqual(new Set(['/a//../b', '/a/../b', '/a/b', '/b']));
    expect(readings('/a/b/..')).toContain('/a/');
    expect(readings('/a/b/.?c')).toContain('/a/b/?c');
    expect(readings('/x%2fy/../z')).toEqual(expect.arrayContaining(['/z', '/x/z']));
    expect(readings('/%61')).toEqual(['/%61', '/a']);
    expect(readings('/a\\..\\b')).toContain('/b');
    expect(readings('/%25%36%31')).toEqual(['/%25%36%31', '/%2561']);
    expect(readings('/a#b?c')).toEqual(['/a#b?c', '/a']);
    expect(readings('/..')).toEqual(['/..', '/']);
    expect(readings('*')).toEqual(['*']);
  });

  it('is told only where they are answered alike', () => {
    expect(asks({ path: '/b' }, request('/a//../b'))).toBeNull();
    expect(asks({ path: '/a/b' }, request('/a//../b'))).toBeNull();
    expect(asks({ path: '/c' }, request('/a//../b'))).toBe(false);
    expect(asks({ path: '/.*' }, request('/a//../b'))).toBe(true);
    expect(asks({ path: '/[^z].*' }, request('/x%2fy/../z'))).toBeNull();
    expect(asks({ path: '/a/' }, request('/a/b/..'))).toBeNull();
    expect(asks({ path: '/admin' }, request('/admin#x'))).toBeNull();
  });

  it('a path that is made for it ends somewhere', () => {
    const nested = `/${'%'.repeat(9)}${'%34%31'.repeat(2000)}${'/%2e%2e%2f\\..'.repeat(500)}`;
    const started = performance.now();
    expect([true, false, null]).toContain(asks({ path: '/a' }, request(nested)));
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('(CI25) fields', () => {
  it('are compared byte by byte', () => {
    // As UTF-8 has it, read a byte a character.
    expect(asks({ headers: ['X-Key: é'] }, request('/', { 'x-key': '\u00c3\u00a9' }))).toBe(true);
    expect(asks({ headers: ['X-Key: é'] }, request('/', { 'x-key': '\u00e9' }))).toBe(false);
  });

  it('that proxies write themselves are not known', () => {
    for (const name of ['X-Forwarded-Proto', 'X-Request-Id', 'Connection', ':path', 'Content-Length']) {
      expect(asks({ headers: [`${name}: a`] }, request('/', { [name.toLowerCase()]: 'a' })), name).toBeNull();
      expect(asks({ headers: [name] }, request('/')), name).toBeNull();
    }
    expect(asks({ headers: ['Host: h'] }, request('/'))).toBe(true);
  });
});
