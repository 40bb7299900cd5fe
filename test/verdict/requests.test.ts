/** Rules that look at requests: HTTP and DNS, judged from the capture's payload; on the fast path and without it alike. */
import { describe, expect, it } from 'vitest';
import { dnsAnswer, dnsQuestion } from '../support/dns.js';
import { ethernet, ipv4, text, udp } from '../support/frames.js';
import {
  API,
  connection,
  DENIED,
  DNS,
  FRONT,
  get,
  ingress,
  judge,
  newPort,
  OPEN,
  PASSED,
  policy,
  SERVICE,
  UNREAD,
} from '../support/requests.js';

describe('HTTP rules', () => {
  const API_RULES = policy('api', 'api', 'shop', ingress("[{ method: GET, path: '/public/.*' }, { path: /health }]"));

  it('(CI25) judges each request; a refused one drops no packet', async () => {
    const frames = connection([
      get('/public/a'),
      get('/admin'),
      get('/health', '', 'HEAD'),
      get('/public/b', '', 'POST'),
    ]);
    for (const mode of ['what-if', 'dataplane'] as const) {
      const judged = await judge(API_RULES, frames, { mode });
      expect(judged.words).toEqual([...OPEN, ...PASSED, ...DENIED, ...PASSED, ...DENIED]);
      expect(judged.counts).toEqual({ total: 4, allowed: 2, denied: 2, undecided: 0 });
      expect(judged.refused[0]).toMatchObject({
        ...{ verdict: 'denied', reason: 'http-denied', source: 'shop/front', destination: 'shop/api', port: 8080 },
        ...{ method: 'GET', path: '/admin', host: 'api', requests: 1, firstPacket: 5 },
        by: { side: 'ingress', policy: 'shop/api', rule: 'ingress[0]', kind: 'CiliumNetworkPolicy' },
      });
    }
  });

  it('(CI25) expressions match the whole value; of the path with its query', async () => {
    const paths = ['/public/', '/public', '/x/public/a', '/public/a?b=/admin', '/health?x', '/health'];
    const { words: all } = await judge(API_RULES, connection(paths.map(path => get(path))));
    expect(all.filter((_, i) => i >= 2 && i % 2 === 0).map(word => word.split(' ')[1])).toEqual([
      'established',
      'http-denied',
      'http-denied',
      'established',
      'http-denied',
      'established',
    ]);
  });

  it('(CI25) a path that proxies may read in two ways is decided where both are answered alike', async () => {
    const paths = [
      '/public/../admin',
      '//public/a',
      '/public/./a',
      '/%70ublic/a',
      '/health/..',
      '/public/%2e%2e/admin',
    ];
    const { words: all } = await judge(API_RULES, connection(paths.map(path => get(path))));
    expect(all.filter((_, i) => i >= 2 && i % 2 === 0).map(word => word.split(' ')[1])).toEqual([
      'unsupported',
      'unsupported',
      'established',
      'unsupported',
      'http-denied',
      'unsupported',
    ]);
  });

  it('(CI25) host and header fields', async () => {
    const rules = policy(
      'api',
      'api',
      'shop',
      ingress(
        `[{ host: 'api\\.(shop|example)', headers: ['X-Key: secret', X-Any], headerMatches: [{ name: X-Env, value: prod }, { name: X-Log, value: a, mismatch: LOG }] }]`,
      ),
    );
    const request = (host: string, ...fields: string[]): string =>
      `GET / HTTP/1.1\r\nHost: ${host}\r\n${fields.map(it => `${it}\r\n`).join('')}\r\n`;
    const good = ['x-key: secret', 'X-ANY: 1', 'X-Env: prod'];
    const frames = connection([
      request('api.shop', ...good),
      request('api.shop:8080', ...good),
      request('apiXshop', ...good),
      request('api.example', 'X-Key: other', ...good.slice(1)),
      request('api.example', 'X-Key: secret', 'X-Env: prod'),
      request('api.example', 'X-Key: secret', 'X-Any:', 'X-Env: test'),
      request('api.example', 'X-Key: secret', 'X-Key: secret', ...good.slice(1)),
    ]);
    const { counts, words: all } = await judge(rules, frames);
    expect(all.filter((_, i) => i >= 2 && i % 2 === 0).map(word => word.split(' ')[1])).toEqual([
      'established',
      ...Array(5).fill('http-denied'),
      'unsupported',
    ]);
    expect(counts).toEqual({ total: 7, allowed: 1, denied: 5, undecided: 1 });
  });

  it('(CI25) rules of several policies add up, a rule without HTTP beside them lets everything through', async () => {
    const frames = connection([get('/a'), get('/b'), get('/c')]);
    const both =
      policy('one', 'api', 'shop', ingress('[{ path: /a }]')) + policy('two', 'api', 'shop', ingress('[{ path: /b }]'));
    expect((await judge(both, frames)).words).toEqual([...OPEN, ...PASSED, ...PASSED, ...DENIED]);
    const other = policy('two', 'api', 'shop', ingress('[{ path: /b }]', 'nobody'));
    expect((await judge(policy('one', 'api', 'shop', ingress('[{ path: /a }]')) + other, frames)).words).toEqual([
      ...OPEN,
      ...PASSED,
      ...DENIED,
      ...DENIED,
    ]);
    const otherPort = policy('two', 'api', 'shop', ingress('[{ path: /b }]', 'front', '8081'));
    expect(
      (await judge(policy('one', 'api', 'shop', ingress('[{ path: /a }]')) + otherPort, frames)).counts?.denied,
    ).toBe(2);
    const plain = `  ingress:
    - toPorts: [{ ports: [{ port: '8080', protocol: TCP }] }]`;
    const open = await judge(both + policy('plain', 'api', 'shop', plain), frames);
    expect(open.words).toEqual([...OPEN, ...PASSED, ...PASSED, ...PASSED]);
    expect(open.counts?.total).toBe(0);
    expect((await judge(policy('none', 'api', 'shop', ingress('[]')), frames)).counts).toBe(null);
  });

  it('a request must pass on both sides; the side that refuses first is named', async () => {
    const egress = `  egress:
    - toEndpoints: [{ matchLabels: { app: api } }]
      toPorts: [{ ports: [{ port: '8080', protocol: TCP }], rules: { http: [{ method: GET }] } }]`;
    const both = policy('front', 'front', 'shop', egress) + API_RULES;
    const frames = connection([get('/public/a'), get('/public/a', '', 'POST'), get('/admin'), get('/x', '', 'PUT')]);
    const judged = await judge(both, frames);
    expect(judged.words).toEqual([...OPEN, ...PASSED, ...DENIED, ...DENIED, ...DENIED]);
    expect(judged.refused.map(({ by, path }) => `${by?.side} ${path}`)).toEqual([
      'egress /public/a',
      'ingress /admin',
      'egress /x',
    ]);
  });

  it('is judged behind the service, in both families', async () => {
    const frames = [
      ...connection([get('/admin')], FRONT, SERVICE, 80),
      ...connection([get('/admin')], 'fd00::1', 'fd00::2'),
    ];
    const judged = await judge(API_RULES, frames);
    expect(judged.words).toEqual([...OPEN, ...DENIED, ...OPEN, ...DENIED]);
    expect(judged.refused).toHaveLength(1);
    expect(judged.refused[0]).toMatchObject({ destination: 'shop/api', port: 8080, requests: 2 });
  });

  it('what the connection is refused for has no requests', async () => {
    const judged = await judge(API_RULES, connection([get('/public/a')], DNS));
    expect(new Set(judged.words.map(word => word.split(' ')[0]))).toEqual(new Set(['dropped']));
    expect(judged.counts?.total).toBe(0);
  });

  it('what is encrypted, cut, of another protocol or begun before is undecided, from there on', async () => {
    const tls = Uint8Array.of(22, 3, 1, 2, 0, 1, 0);
    const encrypted = await judge(API_RULES, connection([tls, get('/admin')]));
    expect(encrypted.words).toEqual([...OPEN, ...UNREAD, ...UNREAD]);
    expect(encrypted.counts).toEqual({ total: 1, allowed: 0, denied: 0, undecided: 1 });
    expect(encrypted.refused[0]).toMatchObject({ reason: 'unsupported', why: 'it is encrypted (TLS)', by: null });
    const http2 = await judge(API_RULES, connection(['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']));
    expect(http2.words).toEqual([...OPEN, ...UNREAD]);
    // Of the second request the head is cut, of the first only what stands behind it.
    const long = get('/public/a', `Content-Length: 4000\r\n`) + 'x'.repeat(1400);
    const cut = [long, 'x'.repeat(1300), 'x'.repeat(1300), get('/admin', `X: ${'a'.repeat(300)}\r\n`), get('/health')];
    const short = await judge(API_RULES, connection(cut), { snapLength: 200 });
    expect(short.words).toEqual([...OPEN, ...PASSED, ...PASSED, ...PASSED, ...UNREAD, ...PASSED]);
    // Nobody knows what it was about before; from the first segment that begins a request on it is read.
    const middle = await judge(API_RULES, connection(['x', get('/public/a'), get('/admin')]).slice(2));
    expect(middle.words).toEqual([...UNREAD, ...PASSED, ...DENIED]);
    const request = await judge(API_RULES, connection([get('/public/a'), get('/admin')]).slice(2));
    expect(request.counts).toEqual({ total: 2, allowed: 1, denied: 1, undecided: 0 });
  });

  it('a copy of a packet on another interface shares its verdict, and a request that is sent again is one', async () => {
    const frames = connection([get('/admin')]);
    const again = [...frames.slice(0, 3), frames[2]!, ...frames.slice(3)];
    const judged = await judge(API_RULES, again);
    expect(judged.counts).toEqual({ total: 1, allowed: 0, denied: 1, undecided: 0 });
  });

  it('(CI19) names open a port for the requests of a rule', async () => {
    const named = (path: string, name: string): string => `    - toFQDNs: [{ matchName: ${name} }]
      toPorts: [{ ports: [{ port: '80', protocol: TCP }], rules: { http: [{ path: ${path} }] } }]
`;
    const dns = `  egress:
    - toEndpoints: [{ matchLabels: { app: coredns, io.kubernetes.pod.namespace: dns } }]
      toPorts: [{ ports: [{ port: '53', protocol: ANY }], rules: { dns: [{ matchPattern: '*' }] } }]
`;
    const told = (name: string, address: string): Uint8Array =>
      ethernet(
        ipv4(
          { src: DNS, dst: FRONT },
          udp({ sport: 53, dport: 5353, payload: Uint8Array.from(dnsAnswer(name, [address], 60)) }),
        ),
      );
    const far = '192.0.2.1';
    const one = policy('front', 'front', 'shop', dns + named('/a', 'one.example'));
    const asked = connection([get('/a'), get('/b')], FRONT, far, 80);
    const known = await judge(one, [told('one.example', far), ...asked]);
    expect(known.words.slice(1)).toEqual([...OPEN, ...PASSED, ...DENIED]);
    expect((await judge(one, asked)).words[0]).toBe('undecided unsupported');
    expect((await judge(one, [told('other.example', far), ...asked])).words[1]).toBe('dropped default-deny');
    // The address may have the other rule's name, too.
    const two = policy('front', 'front', 'shop', dns + named('/a', 'one.example') + named('/b', 'two.example'));
    const both = await judge(two, [told('one.example', far), ...asked]);
    expect(both.words.slice(1)).toEqual([...OPEN, ...PASSED, 'undecided unsupported', 'allowed established']);
  });

  it('what a rule asks of it may not be known', async () => {
    const secret = `[{ headerMatches: [{ name: X, secret: { namespace: a, name: b } }] }]`;
    const judged = await judge(policy('api', 'api', 'shop', ingress(secret)), connection([get('/a')]));
    expect(judged.refused[0]).toMatchObject({ verdict: 'undecided', why: 'what a rule asks of it is not known' });
    const broken = await judge(policy('api', 'api', 'shop', ingress("[{ path: '(' }]")), connection([get('/a')]));
    expect(broken.counts?.undecided).toBe(1);
  });
});

describe('DNS rules', () => {
  const RULES = policy(
    'front',
    'front',
    'shop',
    `  egress:
    - toEndpoints: [{ matchLabels: { app: coredns, io.kubernetes.pod.namespace: dns } }]
      toPorts: [{ ports: [{ port: '53', protocol: ANY }], rules: { dns: [{ matchName: api.example }, { matchPattern: '*.shop' }] } }]`,
  );
  const ask = (name: string): Uint8Array =>
    ethernet(
      ipv4({ src: FRONT, dst: DNS }, udp({ sport: newPort(), dport: 53, payload: Uint8Array.from(dnsQuestion(name)) })),
    );

  it('(CI26) judges each question, over UDP and TCP', async () => {
    const names = ['api.example', 'API.Example', 'other.example', 'a.shop', 'a.b.shop'];
    const judged = await judge(RULES, names.map(ask));
    expect(judged.words).toEqual([
      'allowed rule',
      'allowed rule',
      'allowed dns-denied',
      'allowed rule',
      'allowed dns-denied',
    ]);
    expect(judged.refused[0]).toMatchObject({ reason: 'dns-denied', name: 'other.example', method: null, port: 53 });
    const framed = (name: string): Uint8Array => {
      const question = dnsQuestion(name);
      return Uint8Array.of(0, question.length, ...question);
    };
    const stream = Uint8Array.from(names.flatMap(name => [...framed(name)]));
    const overTcp = await judge(RULES, connection([stream.subarray(0, 40), stream.subarray(40)], FRONT, DNS, 53));
    expect(overTcp.counts).toEqual({ total: 5, allowed: 3, denied: 2, undecided: 0 });
    const noQuestion = ethernet(
      ipv4({ src: FRONT, dst: DNS }, udp({ sport: newPort(), dport: 53, payload: text('hello') })),
    );
    expect((await judge(RULES, [noQuestion])).words).toEqual(['undecided unsupported']);
  });
});

describe("Antrea's layer 7", () => {
  const antrea = (name: string, rule: string, priority = 5): string => `
apiVersion: crd.antrea.io/v1beta1
kind: NetworkPolicy
metadata: { namespace: shop, name: ${name} }
spec:
  priority: ${priority}
  appliedTo: [{ podSelector: { matchLabels: { app: api } } }]
  ingress: [${rule}]
---`;
  const http = (entries: string, more = 'ports: [{ protocol: TCP, port: 8080 }], '): string =>
    `{ action: Allow, from: [{ podSelector: { matchLabels: { app: front } } }], ${more}l7Protocols: [${entries}] }`;
  const PUBLIC = antrea(
    'api',
    `${http('{ http: { path: /public/*, host: "*.shop", method: GET } }')}, { action: Drop }`,
  );
  const ask = (path: string, host = 'api.shop', method = 'GET'): string =>
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const first = async (sent: string, policies = PUBLIC): Promise<string> =>
    (await judge(policies, connection([sent]), { profile: 'antrea' })).words[2]!;

  it('(AN14) a refused request ends its connection', async () => {
    const frames = connection([ask('/admin'), ask('/public/a')]);
    for (const mode of ['what-if', 'dataplane'] as const) {
      const judged = await judge(PUBLIC, frames, { profile: 'antrea', mode });
      const gone = 'dropped connection-dropped';
      expect(judged.words).toEqual([...OPEN, 'dropped http-denied', gone, gone, gone]);
      expect(judged.counts).toEqual({ total: 1, allowed: 0, denied: 1, undecided: 0 });
      expect(judged.refused[0]).toMatchObject({ reason: 'http-denied', by: { side: 'ingress', policy: 'shop/api' } });
    }
    const piped = await judge(PUBLIC, connection([ask('/admin') + ask('/other')]), { profile: 'antrea' });
    expect(piped.counts?.total).toBe(1);
    const passed = await judge(PUBLIC, connection([ask('/public/a'), ask('/public/b')]), { profile: 'antrea' });
    expect(passed.words).toEqual([...OPEN, ...PASSED, ...PASSED]);
  });

  it('(AN14) behind a request that passed, one that does not match is undecided', async () => {
    const judged = await judge(PUBLIC, connection([ask('/public/a'), ask('/admin')]), { profile: 'antrea' });
    expect(judged.words).toEqual([...OPEN, ...PASSED, 'undecided unsupported', 'allowed established']);
  });

  it('(AN14) paths, hosts and methods', async () => {
    const word = { yes: 'allowed established', no: 'dropped http-denied', unknown: 'undecided unsupported' };
    for (const [sent, expected] of [
      [ask('/public/'), 'yes'],
      [ask('/public'), 'no'],
      [ask('/public/a?b'), 'yes'],
      [ask('/public/a', 'API.Shop:8080'), 'yes'],
      [ask('/public/a', 'shop'), 'no'],
      [ask('/public/a', 'api.shop.example'), 'no'],
      [ask('/public/a', 'api.shop', 'POST'), 'no'],
      [ask('/public/%61'), 'unknown'],
      [ask('/public/%61', 'other'), 'no'],
      [ask('/public//a'), 'unknown'],
      [ask('/public/./a'), 'unknown'],
    ] as const) {
      expect(await first(sent), sent).toBe(word[expected]);
    }
    const of = (entry: string): string => antrea('api', http(`{ http: ${entry} }`));
    expect(await first(ask('/a/v2/b'), of('{ path: "*/v2/*" }'))).toBe(word.yes);
    expect(await first(ask('/v2'), of('{ path: "*/v2/*" }'))).toBe(word.no);
    expect(await first(ask('/a.html'), of('{ path: "*.html" }'))).toBe(word.yes);
    expect(await first(ask('/a'), of('{}'))).toBe(word.yes);
    expect(await first(ask('/a'), of('{ path: "*" }'))).toBe(word.unknown);
    expect(await first(ask('/a'), of('{ host: API.shop }'))).toBe(word.unknown);
  });

  it('(AN14) later rules are not asked, earlier ones decide alone; policies of equal priority that meet are undecided', async () => {
    const narrow = antrea('api', `${http('{ http: { path: /a } }')}, ${http('{ http: { path: /b } }')}`);
    expect(await first(ask('/b'), narrow)).toBe('dropped http-denied');
    const open = antrea('first', '{ action: Allow }', 1) + PUBLIC;
    expect(await first(ask('/admin'), open)).toBe('allowed established');
    const two = antrea('one', http('{ http: { path: /a } }')) + antrea('two', http('{ http: { path: /b } }'));
    for (const path of ['/a', '/b']) expect(await first(ask(path), two)).toBe('undecided unsupported');
    expect(
      await first(ask('/a'), antrea('one', http('{ http: { path: /a } }')) + antrea('two', '{ action: Allow }')),
    ).toBe('undecided unsupported');
  });

  it('(AN14) over TCP alone, and of HTTP alone', async () => {
    const any = antrea('api', http('{ http: {} }', ''));
    expect(await first(ask('/a'), any)).toBe('allowed established');
    const datagram = ethernet(ipv4({ src: FRONT, dst: API }, udp({ sport: 4000, dport: 8080, payload: text('a') })));
    expect((await judge(any, [datagram], { profile: 'antrea' })).words).toEqual(['undecided unsupported']);
    const tls = antrea('api', http('{ http: {} }, { tls: { sni: a } }'));
    expect((await judge(tls, connection([ask('/a')]), { profile: 'antrea' })).counts).toBeNull();
  });
});
