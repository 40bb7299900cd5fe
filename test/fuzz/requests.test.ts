/**
 * Hostile bytes to whoever reads requests: streams of HTTP cut in any way, damaged captures of requests, and more connections
 * than are kept. Nothing throws; how a stream is cut changes nothing; every request is counted once.
 *
 * POLICAP_MUTANTS and POLICAP_SEED as in replay.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/open.js';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { replay } from '../../src/replay.js';
import { HttpReader, NOT_HTTP } from '../../src/requests/http-reader.js';
import { Segments } from '../../src/streams/segments.js';
import { dnsQuestion } from '../support/dns.js';
import { ethernet, ipv4, pcapOf, sourceOf, tcp, text, udp } from '../support/frames.js';
import { createWatch } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { memory } from './memory.js';
import { mutate } from './mutate.js';

const MUTANTS = Number(process.env['POLICAP_MUTANTS'] ?? 40_000);
const FIRST_SEED = Number(process.env['POLICAP_SEED'] ?? 1);

const TOKENS = [
  ...[
    'GET ',
    'POST /a',
    '/b HTTP/1.1',
    ' HTTP/1.0',
    '\r\n',
    '\n',
    '\r',
    'Host: h\r\n',
    'Content-Length: 7\r\n',
    '\r\n\r\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n',
    '0\r\n',
    '5\r\nabcde\r\n',
    'Upgrade: x\r\n',
    'PRI * HTTP/2.0\r\n\r\n',
    '\u0016\u0003',
  ],
  ...[
    'GET /c HTTP/1.1\r\nHost: h\r\n\r\n',
    'POST /d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc',
    ':',
    ' ',
    'x',
    '\u0000',
    'ÿ',
  ],
];
const arbStream = fc.array(fc.constantFrom(...TOKENS), { maxLength: 12 }).map(all => all.join(''));
const encode = (it: string): Uint8Array => Uint8Array.from(it, letter => letter.charCodeAt(0));

function reading(starts = true) {
  const got: string[] = [];
  const reader = new HttpReader(
    { request: it => got.push(`${it.method} ${it.path}`), unread: why => got.push(why === NOT_HTTP ? why : 'unread') },
    starts,
  );
  return { got, reader };
}

describe('streams of hostile bytes', () => {
  it(`however they are cut, the same is read (seed ${seed})`, () => {
    let read = 0;
    const cuts = fc.array(fc.nat(200), { maxLength: 10 });
    fc.assert(
      fc.property(arbStream, cuts, (stream, at) => {
        const bytes = encode(stream);
        const results = [[], [...at].sort((a, b) => a - b), bytes.keys()].map(places => {
          const { got, reader } = reading();
          let from = 0;
          for (const to of [...places, bytes.length]) {
            if (to > from && to <= bytes.length) {
              reader.bytes(bytes, from, to, true);
              from = to;
            }
          }
          reader.end();
          return got;
        });
        expect(results[1]).toEqual(results[0]);
        expect(results[2]).toEqual(results[0]);
        read += results[0]!.filter(it => it.startsWith('GET')).length;
      }),
      { seed, numRuns: 3000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it(`segments of any number and length, cut or not (seed ${seed})`, () => {
    const piece = fc.record({
      at: fc.oneof(fc.nat(400), fc.nat(2 ** 32 - 1)),
      stream: arbStream,
      cut: fc.constantFrom(0, 0, 0, 1, 70_000),
    });
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.array(piece, { maxLength: 90 }), fc.boolean(), (first, pieces, starts) => {
        const { reader } = reading(starts);
        const segments = new Segments(first);
        for (const { at, stream, cut } of pieces) {
          const bytes = encode(stream);
          segments.take((first + at) >>> 0, bytes, 0, bytes.length, cut, reader);
          expect(segments.kept).toBeLessThanOrEqual(1 << 18);
        }
        segments.end(reader);
        expect(segments.kept).toBe(0);
      }),
      { seed, numRuns: 1000 },
    );
  });
});

const cluster = (extra: string): string => `
apiVersion: v1
kind: List
items:
- { apiVersion: v1, kind: Pod, metadata: { namespace: a, name: web, labels: { app: web } }, spec: { containers: [] }, status: { phase: Running, podIPs: [{ ip: 10.0.0.1 }] } }
- { apiVersion: v1, kind: Pod, metadata: { namespace: a, name: api, labels: { app: api } }, spec: { containers: [] }, status: { phase: Running, podIPs: [{ ip: 10.0.0.2 }] } }
${extra}`;
const MESH = `- apiVersion: security.istio.io/v1
  kind: AuthorizationPolicy
  metadata: { namespace: a, name: m }
  spec: { rules: [{ to: [{ operation: { paths: ['/b'] } }] }] }`;
const CILIUM = `- apiVersion: cilium.io/v2
  kind: CiliumNetworkPolicy
  metadata: { namespace: a, name: c }
  spec:
    endpointSelector: {}
    ingress: [{ toPorts: [{ ports: [{ port: '80', protocol: TCP }], rules: { http: [{ path: '/b.*' }] } }] }]
    egress: [{ toPorts: [{ ports: [{ port: '53' }], rules: { dns: [{ matchName: a.b }] } }, { ports: [{ port: '80' }] }] }, { toPorts: [{ ports: [{ port: '53' }] }], toCIDR: [192.0.2.0/24] }]
- { apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { namespace: a, name: plain }, spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ ports: [{ port: 53 }, { port: 53, protocol: UDP }] }] } }
`;
const ANTREA = `- apiVersion: crd.antrea.io/v1beta1
  kind: NetworkPolicy
  metadata: { namespace: a, name: t }
  spec:
    priority: 5
    appliedTo: [{ podSelector: {} }]
    ingress: [{ action: Allow, ports: [{ protocol: TCP, port: 80 }], l7Protocols: [{ http: { path: '/b*' } }] }]
`;
function compiled(policies: string, profile: 'cilium' | 'antrea'): Compiled {
  const made = compile(readDocuments(cluster(policies), 'all.yaml').documents, { profile });
  if (made.compiled === null) throw new Error(JSON.stringify(made.problems));
  return made.compiled;
}

function framesOf(): Uint8Array[] {
  const out: Uint8Array[] = [];
  const ends = { src: '10.0.0.1', dst: '10.0.0.2' };
  const framed = Uint8Array.from([0, dnsQuestion('c.d').length, ...dnsQuestion('c.d')]);
  const streams: readonly (readonly [number, readonly Uint8Array[]])[] = [
    [80, [text('GET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HTT'), text('P/1.1\r\nHost: h\r\n\r\n')]],
    [80, [text('POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'), text('cde\r\n0\r\n\r\n')]],
    [80, [text('GET /b HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\n\r\n'), text('\u0081binary'), text('GET /c HTTP/1.1\r\n')]],
    [53, [framed.subarray(0, 9), framed.subarray(9)]],
  ];
  for (const [i, [dport, sent]] of streams.entries()) {
    const sport = 40_000 + i;
    out.push(ethernet(ipv4(ends, tcp({ sport, dport, seq: 100, flags: 'S' }))));
    let seq = 101;
    for (const payload of sent) {
      out.push(ethernet(ipv4(ends, tcp({ sport, dport, seq, ack: 1, flags: 'PA', payload }))));
      seq += payload.length;
    }
    out.push(ethernet(ipv4(ends, tcp({ sport, dport, seq, ack: 1, flags: 'FA' }))));
  }
  const payload = Uint8Array.from(dnsQuestion('a.b'));
  return [...out, ethernet(ipv4(ends, udp({ sport: 4000, dport: 53, payload })))];
}

describe('captures of requests', () => {
  const all = [compiled(CILIUM + MESH, 'cilium'), compiled(ANTREA + MESH, 'antrea')];

  it('damaged in any way they are judged to their end', { timeout: 3_600_000 }, async () => {
    const whole = pcapOf(framesOf());
    let denied = 0;
    for (let mutant = FIRST_SEED; mutant < FIRST_SEED + Math.ceil(MUTANTS / 40); mutant++) {
      const { bytes } = mutate(whole, mutant);
      const watch = createWatch();
      const mode = mutant % 2 === 0 ? 'dataplane' : 'what-if';
      const conntrack = mutant % 3 === 0 ? 'cilium' : 'linux';
      const options = { captures: ['mutant'], mode, conntrack, maxConnections: 64 } as const;
      try {
        const source = openCapture(memory(bytes), { bufferLength: 16 * 1024 });
        await replay(source, all[mutant & 1]!, options, [watch]);
        for (const tally of [watch.context().requests!, watch.context().mesh!]) {
          const { total, allowed, denied: refused, undecided } = tally.counts;
          expect(total).toBe(allowed + refused + undecided);
          denied += refused;
        }
      } catch (error) {
        throw new Error(`POLICAP_SEED=${mutant} POLICAP_MUTANTS=1: ${mode}`, { cause: error });
      }
    }
    expect(denied).toBeGreaterThan(MUTANTS >= 40_000 ? 100 : -1);
  });

  it('of more connections than are kept the oldest that are open are given up, and it is said', async () => {
    const ends = { src: '10.0.0.1', dst: '10.0.0.2' };
    const payload = text('GET /b HTTP/1.1\r\nHost: h\r\n');
    const rest = text('\r\n');
    const syn = (sport: number, more: object = {}): Uint8Array =>
      ethernet(
        ipv4(
          { ...ends, src: `10.1.${sport >> 14}.1` },
          tcp({ sport: sport & 16383, dport: 80, seq: 100, flags: 'S', ...more }),
        ),
      );
    const half = Array.from({ length: 66_000 }, (_, i) => syn(i, { payload }));
    const frames = [
      ...half,
      ...[0, 65_999].map(i => syn(i, { flags: 'PA', seq: 101 + payload.length, ack: 1, payload: rest })),
    ];
    const watch = createWatch();
    const options = { captures: ['many'], conntrack: 'cilium', maxConnections: 200_000 } as const;
    const { warnings } = await replay(sourceOf(frames, { times: frames.map(() => 0n) }), all[0]!, options, [watch]);
    expect(warnings.join()).toContain('465 connections were read to a part only');
    const { counts } = watch.context().requests!;
    expect(counts).toMatchObject({ allowed: 1, denied: 0 });
    expect(counts.total).toBeGreaterThanOrEqual(66_000);
  });

  it('connections that have ended take no place of those that are open', async () => {
    const ends = { src: '10.0.0.1', dst: '10.0.0.2' };
    const begin = text('GET /c HTTP/1.1\r\nHost: h\r\n');
    const open = { sport: 5, dport: 80 };
    const frames = [
      ethernet(ipv4(ends, tcp({ ...open, seq: 100, flags: 'S', payload: begin }))),
      ...Array.from({ length: 66_000 }, (_, i) => {
        const from = { ...ends, src: `10.1.${i >> 14}.1` };
        return ethernet(ipv4(from, tcp({ sport: i & 16383, dport: 80, seq: 100, flags: 'SF' })));
      }),
      ethernet(ipv4(ends, tcp({ ...open, seq: 101 + begin.length, ack: 1, flags: 'PA', payload: text('\r\n') }))),
    ];
    const watch = createWatch();
    const options = { captures: ['many'], conntrack: 'cilium', maxConnections: 200_000 } as const;
    const { warnings } = await replay(sourceOf(frames, { times: frames.map(() => 0n) }), all[0]!, options, [watch]);
    expect(warnings.filter(it => it.includes('to a part only'))).toEqual([]);
    expect(watch.context().requests!.counts).toEqual({ total: 1, allowed: 0, denied: 1, undecided: 0 });
  });
});
