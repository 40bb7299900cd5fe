/**
 * Random policies of Cilium and NetworkPolicies, and random connections with requests, from small pools so that they meet.
 *
 * Out: documents as they are written; connections with what is sent on them, byte by byte, and how it is captured.
 */
import fc from 'fast-check';
import { dnsQuestion } from '../../support/dns.js';
import type { OraclePod, OracleRequest, Raw } from './oracle.js';

const APPS = ['a', 'b', 'c'] as const;
export const WORLD = ['203.0.113.9', '2001:db8::9'] as const;
export const SERVICE = '10.96.0.7';

const some = <T>(arbitrary: fc.Arbitrary<T>, minLength = 1, maxLength = 2) =>
  fc.array(arbitrary, { minLength, maxLength });
const record = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Raw> =>
  fc.record(fields).map(it => Object.fromEntries(Object.entries(it).filter(([, value]) => value !== undefined)));
const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight = 5): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight, arbitrary }, { weight: 10 - weight, arbitrary: fc.constant(undefined) });

const arbPods: fc.Arbitrary<OraclePod[]> = fc
  .array(fc.record({ app: fc.constantFrom(...APPS), web: fc.constantFrom(80, 8080) }), { minLength: 5, maxLength: 5 })
  .map(all =>
    all.map(({ app, web }, i) => ({
      ...{ namespace: i < 3 ? 'shop' : 'other', name: `p${i}`, app, v4: `10.0.1.${i + 1}`, v6: `fd00::${i + 1}` },
      web,
    })),
  );

const arbSelector = record({ app: maybe(fc.constantFrom(...APPS), 6) }).map(matchLabels => ({ matchLabels }));
const arbPeerSelector = record({
  app: maybe(fc.constantFrom(...APPS), 6),
  'k8s:io.kubernetes.pod.namespace': maybe(fc.constantFrom('shop', 'other'), 3),
}).map(matchLabels => ({ matchLabels }));

const arbPath = fc.constantFrom(
  ...['/a(\\?.*)?', '/public/.*', '/.*', '/[^z].*', '/z\\?.*', '/b\\?i=.', '/(a|b)/?(\\?.*)?', '/a/b\\?.*'],
);
const arbHttp = record({
  method: maybe(fc.constantFrom('GET', 'GET|HEAD', 'P.*'), 4),
  path: maybe(arbPath, 7),
  host: maybe(fc.constantFrom('api', 'api\\.(shop|x)(:80)?'), 2),
  headers: maybe(some(fc.constantFrom('X-Key: one', 'X-Key', 'X-Other two', 'x-key: é')), 2),
  headerMatches: maybe(
    some(
      fc.constantFrom(
        ...[{ name: 'X-Key', value: 'one' }, { name: 'X-Other' }, { name: 'X-None', value: 'a', mismatch: 'LOG' }],
        { name: 'X-Key', secret: { namespace: 'shop', name: 's' } },
      ),
    ),
    1,
  ),
});
const arbName = fc.oneof(
  fc.constantFrom('api.example', 'a.shop').map(matchName => ({ matchName })),
  fc.constantFrom('*.shop', '**.shop', 'a*.example', '*').map(matchPattern => ({ matchPattern })),
);

const arbEntry = (way: 'egress' | 'ingress'): fc.Arbitrary<Raw> => {
  const httpPort = fc.constantFrom('80', '8080', ...(way === 'ingress' ? ['web', 'web'] : []));
  const plainPort = record({
    port: fc.constantFrom('80', '8080', '53', '0'),
    endPort: fc.constant(undefined),
    protocol: maybe(fc.constantFrom('TCP', 'UDP', 'ANY')),
  });
  const plain = record({ ports: some(fc.oneof(plainPort, fc.constant({ port: '79', endPort: 8090 }))) });
  const http = record({
    ports: some(httpPort.map(port => ({ port, protocol: 'TCP' }))),
    rules: some(arbHttp, 0, 3).map(rules => ({ http: rules })),
  });
  const dns = record({
    ports: fc.constantFrom('TCP', 'UDP', 'ANY').map(protocol => [{ port: '53', protocol }]),
    rules: some(arbName, 0, 3).map(rules => ({ dns: rules })),
  });
  return fc.oneof(
    { weight: 2, arbitrary: plain },
    { weight: 6, arbitrary: http },
    ...(way === 'egress' ? [{ weight: 6, arbitrary: dns }] : []),
  );
};

const arbPeers = (word: 'to' | 'from'): fc.Arbitrary<Raw> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 5, arbitrary: some(arbPeerSelector, 0, 2).map(all => ({ [`${word}Endpoints`]: all })) },
    { weight: 1, arbitrary: fc.constant({ [`${word}CIDR`]: ['203.0.113.0/24', '2001:db8::/32'] }) },
    { weight: 2, arbitrary: fc.constantFrom('all', 'world', 'cluster').map(it => ({ [`${word}Entities`]: [it] })) },
  );

const arbRule = (way: 'egress' | 'ingress'): fc.Arbitrary<Raw> =>
  fc
    .tuple(arbPeers(way === 'egress' ? 'to' : 'from'), maybe(some(arbEntry(way)), 9))
    .map(([peers, toPorts]) => ({ ...peers, ...(toPorts !== undefined && { toPorts }) }));
const arbDeny = (way: 'egress' | 'ingress'): fc.Arbitrary<Raw> =>
  fc
    .tuple(arbPeers(way === 'egress' ? 'to' : 'from'), fc.constantFrom('80', '8080', '53'))
    .map(([peers, port]) => ({ ...peers, toPorts: [{ ports: [{ port, protocol: 'TCP' }] }] }));

const arbCilium = (): fc.Arbitrary<Raw> =>
  fc
    .record({
      namespace: maybe(fc.constantFrom('shop', 'shop', 'other'), 8),
      spec: record({
        endpointSelector: arbSelector,
        ingress: maybe(some(arbRule('ingress'), 0), 6),
        egress: maybe(some(arbRule('egress'), 0), 6),
        ingressDeny: maybe(some(arbDeny('ingress'), 1, 1), 1),
        egressDeny: maybe(some(arbDeny('egress'), 1, 1), 1),
        enableDefaultDeny: maybe(fc.constantFrom({ ingress: false }, { egress: false, ingress: true }), 2),
      }),
    })
    .map(({ namespace, spec }) => ({
      apiVersion: 'cilium.io/v2',
      kind: namespace === undefined ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
      metadata: { ...(namespace !== undefined && { namespace }) },
      spec,
    }));

/** About everybody, so that requests are looked into. */
const arbWide = (): fc.Arbitrary<Raw> =>
  fc
    .constantFrom('egress' as const, 'ingress' as const)
    .chain(way => some(arbEntry(way), 2, 3).map(toPorts => ({ [way]: [{ toPorts }] })))
    .map(rules => ({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumClusterwideNetworkPolicy',
      metadata: {},
      spec: { endpointSelector: {}, ...rules },
    }));

const arbPlainRule = (word: 'to' | 'from') =>
  record({
    [word]: maybe(some(arbSelector.map(podSelector => ({ podSelector })))),
    ports: maybe(some(fc.record({ port: fc.constantFrom(80, 8080, 53), protocol: fc.constantFrom('TCP', 'UDP') }))),
  });
const arbPlain: fc.Arbitrary<Raw> = fc
  .record({
    namespace: fc.constantFrom('shop', 'other'),
    spec: record({
      podSelector: arbSelector,
      policyTypes: fc.constant(['Ingress', 'Egress']),
      ingress: some(arbPlainRule('from'), 0),
      egress: some(arbPlainRule('to'), 0),
    }),
  })
  .map(({ namespace, spec }) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace },
    spec,
  }));

export interface World {
  readonly pods: readonly OraclePod[];
  readonly policies: readonly Raw[];
  /** Pods behind the service, by their place. */
  readonly backends: readonly number[];
}

export const arbWorld: fc.Arbitrary<World> = fc
  .record({
    pods: arbPods,
    wide: fc.array(arbWide(), { minLength: 1, maxLength: 3 }),
    cilium: fc.array(arbCilium(), { maxLength: 3 }),
    plain: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: arbPlain.map(it => [it]) }),
    backends: fc.constantFrom([1], [1, 2], [1, 3]),
  })
  .map(({ pods, wide, cilium, plain, backends }) => ({
    pods,
    backends,
    policies: [...wide, ...cilium, ...plain].map((it, i) => ({
      ...it,
      metadata: { ...(it['metadata'] as Raw), name: `p${i}` },
    })),
  }));

// ---- what is sent ------------------------------------------------------------------------------------------------

/** A request that ends (its head, or its DNS message) at a byte; null: one that nobody can read for certain. */
export interface Sent {
  readonly bytes: Uint8Array;
  readonly head: number;
  readonly asked: OracleRequest | string | null;
}

const latin = (text: string): Uint8Array => new TextEncoder().encode(text);
const arbBody = fc.oneof(
  { weight: 4, arbitrary: fc.constant(['', ''] as const) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('x', 'xxxxxxxxxxxxxxxxxxxxxxxx', '\r\n\r\nab')
      .map(it => [`Content-Length: ${it.length}\r\n`, it] as const),
  },
  {
    weight: 1,
    arbitrary: fc.constant(['Transfer-Encoding: chunked\r\n', '3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n'] as const),
  },
);
const PATHS = ['/a', '/a', '/public/x', '/b', '/z', '/a/b', '/a/../b', '//a', '/%61', '/x%2fy/../z', '/a//../b'];
const arbRequest: fc.Arbitrary<Sent> = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
    path: fc
      .constantFrom(...PATHS, '/a/b/..', '/public/.', '/%2e%2e/z', '\\b', '/public/..%5cz')
      .filter(it => it[0] === '/'),
    query: fc.constantFrom('', '?i=1', '?i=/../z'),
    host: fc.constantFrom('api', 'api', 'api.shop', 'api.x:80'),
    fields: some(fc.tuple(fc.constantFrom('x-key', 'X-Other'), fc.constantFrom('one', 'two', 'é')), 0, 2),
    body: arbBody,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.1', '1.1', '1.1', '1.1', '1.0'),
  })
  .map(({ method, path: own, query, host, fields, body: [field, body], version }) => {
    const path = own + query;
    const lines = [`Host: ${host}`, ...fields.map(([name, value]) => `${name}: ${value}`)];
    const head = latin(`${method} ${path} HTTP/${version}\r\n${lines.join('\r\n')}\r\n${field}\r\n`);
    const bytes = Uint8Array.from([...head, ...latin(body)]);
    // Of HTTP/1.0 chunks are no framing.
    const isOdd = version === '1.0';
    return { bytes, head: head.length, asked: isOdd ? null : { method, path, host, fields } };
  })
  .filter(({ bytes, asked }) => asked !== null || !new TextDecoder().decode(bytes).includes('chunked'));

const arbQuestion: fc.Arbitrary<string> = fc.constantFrom(
  ...['api.example', 'API.Example', 'a.shop', 'a.b.shop', 'other', 'we!rd.shop', 'a.we!rd.shop', 'ab.example'],
);

export interface Sending {
  readonly source: number;
  /** A pod by its place, -1 the world, -2 the service. */
  readonly destination: number;
  readonly isV6: boolean;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly sent: readonly Sent[];
  /** Where the stream is cut, by parts of a thousand. */
  readonly cuts: readonly number[];
  readonly swaps: readonly number[];
  readonly again: readonly number[];
  readonly lost: readonly number[];
  readonly isCopied: boolean;
  readonly first: number;
}

export const arbSending: fc.Arbitrary<Sending> = fc
  .record({
    source: fc.integer({ min: -1, max: 4 }),
    destination: fc.integer({ min: -2, max: 4 }),
    isV6: fc.boolean(),
    what: fc.constantFrom('http', 'http', 'http', 'dns', 'udp'),
    port: fc.constantFrom(80, 8080),
    requests: fc.array(arbRequest, { minLength: 1, maxLength: 4 }),
    questions: fc.array(arbQuestion, { minLength: 1, maxLength: 3 }),
    cuts: fc.array(fc.nat(999), { maxLength: 8 }),
    swaps: fc.array(fc.nat(9), { maxLength: 2 }),
    again: fc.array(fc.nat(9), { maxLength: 2 }),
    lost: fc.array(fc.nat(9), { minLength: 1, maxLength: 2 }),
    isCopied: fc.boolean(),
    first: fc.constantFrom(1, 7, 2 ** 31 - 20, 2 ** 32 - 30, 2 ** 32 - 1),
  })
  .filter(({ source, destination }) => source !== destination && (source >= 0 || destination >= 0))
  .map(({ what, port, requests, questions, ...rest }) => {
    const asked = questions.map((name): Sent => {
      const message = dnsQuestion(name);
      const bytes = Uint8Array.from(what === 'udp' ? message : [0, message.length, ...message]);
      return { bytes, head: bytes.length, asked: name };
    });
    const isHttp = what === 'http';
    return {
      ...rest,
      isV6: rest.isV6 && rest.destination !== -2,
      port: rest.destination === -2 ? 80 : isHttp ? port : 53,
      protocol: what === 'udp' && rest.destination !== -2 ? 'UDP' : 'TCP',
      sent: isHttp || rest.destination === -2 ? requests : asked,
    } as Sending;
  });
