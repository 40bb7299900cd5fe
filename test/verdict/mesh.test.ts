/** The mesh behind a replay: what it says of the connections and requests in a capture; nothing of the plugin's changes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { replay } from '../../src/replay.js';
import type { RefusedRequests, RequestCounts } from '../../src/report/requests.js';
import { arbPods, arbPolicies, arbRequest, document } from '../dialects/istio/arbitrary.js';
import { namespace, pod, policy } from '../dialects/istio/ask.js';
import { ethernet, ipv4, type Segment, sourceOf, tcp, text, udp } from '../support/frames.js';
import { createRecorder, createWatch, words } from '../support/replay.js';
import { seed } from '../support/seed.js';

const [WEB, DB, OTHER, FAR] = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '203.0.113.4'];
const PODS = [
  pod({ at: 'shop/web', ip: WEB, account: 'web', proxy: 'containers' }),
  pod({ at: 'shop/db', ip: DB, labels: { app: 'db' }, proxy: 'containers' }),
  pod({ at: 'shop/other', ip: OTHER, proxy: 'containers' }),
];

function compiledOf(texts: readonly string[], objects: readonly object[]): Compiled {
  const cluster = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const documents = [...texts, cluster].flatMap((it, i) => readDocuments(it, `${i}.yaml`).documents);
  const { compiled, problems } = compile(documents);
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
}

interface Told {
  readonly words: readonly string[];
  readonly counts: RequestCounts | null;
  readonly refused: readonly RefusedRequests[];
  readonly audited: Readonly<Record<string, number>>;
}

async function tell(compiled: Compiled, frames: readonly Uint8Array[], batch = 3): Promise<Told> {
  const watch = createWatch();
  const recorder = createRecorder();
  const options = { captures: ['test'], maxConnections: 500, conntrack: 'linux' as const };
  await replay(sourceOf(frames, {}, batch), compiled, options, [recorder, watch]);
  const { mesh } = watch.context();
  return {
    words: words(recorder.records),
    counts: mesh === null ? null : { ...mesh.counts },
    refused: mesh?.refused() ?? [],
    audited: Object.fromEntries(mesh?.audited ?? []),
  };
}

let port = 40_000;
const frame = (src: string, dst: string, segment: Segment): Uint8Array => ethernet(ipv4({ src, dst }, segment));

/** The packets of a connection on which the client sends these pieces. */
function connection(sent: readonly (string | Uint8Array)[], src = WEB, dst = DB, dport = 80): Uint8Array[] {
  const sport = port++;
  let seq = 101;
  const frames = [
    frame(src, dst, tcp({ sport, dport, seq: 100, flags: 'S' })),
    frame(dst, src, tcp({ sport: dport, dport: sport, seq: 500, ack: 101, flags: 'SA' })),
  ];
  for (const it of sent) {
    const payload = typeof it === 'string' ? text(it) : it;
    frames.push(frame(src, dst, tcp({ sport, dport, seq, ack: 501, flags: 'PA', payload })));
    seq += payload.length;
  }
  return frames;
}
const get = (path: string, method = 'GET'): string => `${method} ${path} HTTP/1.1\r\nHost: db\r\n\r\n`;
const TLS = Uint8Array.of(22, 3, 1, 2, 0, 1, 0);

const OF_DB = 'selector: {matchLabels: {app: db}}';
const READS = policy('shop/reads', `{${OF_DB}, rules: [{to: [{operation: {methods: [GET], paths: ["/a", "/b"]}}]}]}`);
const WEB_ONLY = policy(
  'shop/web-only',
  `{${OF_DB}, rules: [{from: [{source: {principals: ["cluster.local/ns/shop/sa/web"]}}]}]}`,
);
const told = (policies: readonly string[], frames: readonly Uint8Array[]): Promise<Told> =>
  tell(compiledOf(policies, PODS), frames);

describe('the mesh in a replay', () => {
  it('answers each request', async () => {
    const { counts, refused } = await told([READS], connection([get('/a'), get('/c'), get('/b', 'POST'), get('/b')]));
    expect(counts).toEqual({ total: 4, allowed: 2, denied: 2, undecided: 0 });
    expect(refused.map(({ method, path, reason, firstPacket }) => [method, path, reason, firstPacket])).toEqual([
      ['GET', '/c', 'default-deny', 4],
      ['POST', '/b', 'default-deny', 5],
    ]);
    expect(refused[0]!.by).toMatchObject({
      side: 'mesh',
      kind: 'AuthorizationPolicy',
      policy: 'shop/reads',
      rule: null,
    });
  });

  it('answers once where requests make no difference, whatever the connection carries', async () => {
    for (const sent of [[], [TLS, 'abc'], ['SSH-2.0-a\r\n', 'more\r\n'], ['GET /a', ' HTTP/1.1\r\n']]) {
      const allowed = await told([WEB_ONLY], connection(sent));
      expect(allowed.counts, JSON.stringify(sent)).toEqual({ total: 1, allowed: 1, denied: 0, undecided: 0 });
      const { counts, refused } = await told([WEB_ONLY], connection(sent, OTHER));
      expect(counts, JSON.stringify(sent)).toEqual({ total: 1, allowed: 0, denied: 1, undecided: 0 });
      expect(refused[0]).toMatchObject({ protocol: 'TCP', method: null, reason: 'default-deny' });
    }
  });

  it('answers for the connection where it carries no HTTP, however that is cut', async () => {
    for (const sent of [
      ['SSH-2.0-a\r\n', 'more'],
      ['*1\r\n$4\r\nPING\r\n'],
      ['hello\n'],
      ['get a b\r\n', 'x'],
      ['\u0000\u0001'],
    ]) {
      const { counts, refused } = await told([READS], connection(sent));
      expect(counts, JSON.stringify(sent)).toEqual({ total: 1, allowed: 0, denied: 1, undecided: 0 });
      expect(refused[0]).toMatchObject({ protocol: 'TCP', reason: 'default-deny', firstPacket: 3 });
    }
  });

  it('leaves undecided what is encrypted, and what one parser takes for HTTP and another one not', async () => {
    for (const sent of [[TLS], ['GET /a\r\n'], ['GET /a b HTTP/1.1\r\n\r\n'], ['GET /a b', ' HTTP/1.1\r\n\r\n']]) {
      const { counts, refused } = await told([READS], connection(sent));
      expect(counts, JSON.stringify(sent)).toEqual({ total: 1, allowed: 0, denied: 0, undecided: 1 });
      expect(refused[0]).toMatchObject({ protocol: 'HTTP', reason: 'unsupported', by: null });
    }
  });

  it('a long request line is none the less one', async () => {
    const long = `GET /${'a'.repeat(9000)} HTTP/1.1\r\nX: ${'b'.repeat(3000)}\r\nHost: db\r\n\r\n`;
    const pieces = Array.from({ length: Math.ceil(long.length / 1400) }, (_, i) =>
      long.slice(i * 1400, (i + 1) * 1400),
    );
    expect((await told([READS], connection(pieces))).refused[0]).toMatchObject({ protocol: 'HTTP', method: 'GET' });
  });

  it('says nothing where nothing was sent and it would make a difference, nor of UDP, nor of pods that nobody selects', async () => {
    const nothing = { total: 0, allowed: 0, denied: 0, undecided: 0 };
    expect((await told([READS], connection([]))).counts).toEqual(nothing);
    const datagram = frame(WEB, DB, udp({ sport: 4000, dport: 80, payload: text(get('/c')) }));
    expect((await told([WEB_ONLY], [datagram])).counts).toEqual(nothing);
    expect((await told([READS], connection([get('/c')], DB, WEB))).counts).toEqual(nothing);
    expect((await told([], connection([get('/c')]))).counts).toBeNull();
  });

  it('reads on in a connection that began before the capture', async () => {
    const begun = connection(['rest of something', get('/c')]).slice(2);
    const { counts } = await told([READS], begun);
    expect(counts).toEqual({ total: 2, allowed: 0, denied: 1, undecided: 1 });
    expect((await told([WEB_ONLY], begun)).counts).toMatchObject({
      allowed: expect.any(Number),
      denied: 0,
      undecided: 0,
    });
  });

  it('names the policies that audit, also where no other policy asks', async () => {
    const audit = policy('shop/watch', `{${OF_DB}, action: AUDIT, rules: [{to: [{operation: {paths: ["/c*"]}}]}]}`);
    const { counts, audited } = await told([audit], connection([get('/a'), get('/c'), get('/cd')]));
    expect(counts).toEqual({ total: 3, allowed: 3, denied: 0, undecided: 0 });
    expect(audited).toEqual({ 'shop/watch': 2 });
  });

  it('is not asked about what the plugin drops', async () => {
    const closed = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
`;
    const { counts, words: all } = await told([READS, closed], connection([get('/c')]));
    expect(counts?.total).toBe(0);
    expect(all[0]).toBe('dropped default-deny');
  });

  it('asks every backend of a service that the connection may have reached', async () => {
    const service = (backends: readonly string[]): object[] => [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'shop', name: 'all' },
        spec: { clusterIP: '10.96.0.1', ports: [{ port: 80, targetPort: 80 }], selector: { x: 'y' } },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace: 'shop', name: 'all-1', labels: { 'kubernetes.io/service-name': 'all' } },
        addressType: 'IPv4',
        endpoints: backends.map(it => ({ addresses: [it], conditions: { ready: true } })),
        ports: [{ port: 80 }],
      },
    ];
    const of = async (backends: readonly string[]): Promise<RequestCounts | null> => {
      const compiled = compiledOf([READS], [...PODS, ...service(backends)]);
      return (await tell(compiled, connection([get('/a'), get('/c')], WEB, '10.96.0.1'))).counts;
    };
    expect(await of([DB])).toEqual({ total: 2, allowed: 1, denied: 1, undecided: 0 });
    expect(await of([OTHER, DB])).toEqual({ total: 2, allowed: 1, denied: 0, undecided: 1 });
    expect(await of([DB, OTHER])).toEqual({ total: 2, allowed: 1, denied: 0, undecided: 1 });
  });
});

const SIGNS = {
  sidecar: {},
  ambient: { 'istio.io/dataplane-mode': 'ambient' },
  none: { 'sidecar.istio.io/inject': 'false' },
  silent: {},
};

it(`random policies answer what mesh.request() and mesh.connection() do (seed ${seed})`, async () => {
  const seen = new Map<string, number>();
  const arbSent = fc.record({
    source: fc.nat(5),
    destination: fc.nat(4),
    port: fc.constantFrom(80, 8080, 443),
    requests: fc.array(arbRequest, { minLength: 1, maxLength: 3 }),
    isHttp: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  });
  const runs = fc.asyncProperty(
    arbPods,
    arbPolicies,
    fc.array(arbSent, { minLength: 4, maxLength: 10 }),
    fc.constantFrom(1, 4, 1000),
    async (pods, policies, all, batch) => {
      const objects = [
        ...['shop', 'lab', 'istio-system'].map(name => namespace(name)),
        ...pods.map(({ namespace: ns, name, ip, account, labels, state }) => {
          const signs = state === 'sidecar' ? { proxy: 'containers' as const } : {};
          return pod({ at: `${ns}/${name}`, ip, account, labels: { ...labels, ...SIGNS[state] }, ...signs });
        }),
      ];
      const texts = policies.map(it => JSON.stringify(document(it)));
      const compiled = compiledOf(texts, objects);
      const { mesh, inventory } = compiled;
      const expected = { total: 0, allowed: 0, denied: 0, undecided: 0 };
      const count = (verdict: 'allowed' | 'denied' | 'undecided'): void => {
        expected.total++;
        expected[verdict]++;
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
      };
      const frames = all.flatMap(({ source, destination, port: dport, requests, isHttp }) => {
        const from = pods[source]?.ip ?? FAR;
        const to = pods[destination % pods.length]!.ip;
        if (from === to) return [];
        const ownerOf = (address: string): number => inventory.byAddress.get(address)?.owner ?? -1;
        const about = {
          ...{ source: ownerOf(from), sourceAddress: from, destination: ownerOf(to), destinationAddress: to },
          ...{ port: dport, protocol: 6 },
        };
        const isSelected = mesh.selects(about.destination);
        if (!isHttp) {
          if (isSelected) count(mesh.connection(about).verdict);
          return connection(['NICK me\r\n', 'x'], from, to, dport);
        }
        const sent = requests.map(({ method, path, host, headers }) => {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
          return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`;
        });
        for (const { method, path, host, headers } of requests) {
          const fields = Object.entries({ ...headers, host }).map(
            ([name, value]) => [name.toLowerCase(), [value]] as const,
          );
          if (isSelected) count(mesh.request(about, { method, path, host, headers: new Map(fields) }).verdict);
        }
        const whole = sent.join('');
        const cut = whole.length >> 1;
        return connection([whole.slice(0, cut), whole.slice(cut)], from, to, dport);
      });
      const withMesh = await tell(compiled, frames, batch);
      expect(withMesh.counts ?? expected).toEqual(expected);
      expect((await tell(compiledOf([], objects), frames, batch)).words).toEqual(withMesh.words);
    },
  );
  await fc.assert(runs, { seed, endOnFailure: true, numRuns: 60 });
  for (const verdict of ['allowed', 'denied', 'undecided']) expect(seen.get(verdict) ?? 0, verdict).toBeGreaterThan(10);
});
