/** Requests in captures of odd connections: ports used again, probes, resets, fragments, services with several backends. */
import { describe, expect, it } from 'vitest';
import { dnsQuestion } from '../support/dns.js';
import {
  bytes,
  ethernet,
  extension,
  fragment4,
  ipv4,
  ipv6,
  type TcpFields,
  tcp,
  text,
  udp,
  vxlan,
} from '../support/frames.js';
import { API, connection, DNS, FRONT, get, ingress, judge, newPort, policy, SERVICE } from '../support/requests.js';

const RULES = policy('api', 'api', 'shop', ingress("[{ method: GET, path: '/public/.*' }]"));
const up = (fields: TcpFields, sport: number): Uint8Array =>
  ethernet(ipv4({ src: FRONT, dst: API }, tcp({ sport, dport: 8080, flags: 'PA', ack: 501, ...fields })));
const down = (fields: TcpFields, sport: number): Uint8Array =>
  ethernet(ipv4({ src: API, dst: FRONT }, tcp({ sport: 8080, dport: sport, flags: 'A', seq: 501, ...fields })));
const opening = (sport: number, seq: number): Uint8Array[] => [
  up({ flags: 'S', seq, ack: 0 }, sport),
  down({ flags: 'SA', seq: 500, ack: seq + 1 }, sport),
];
const reasons = (words: readonly string[]): string[] => words.map(it => it.split(' ')[1]!);

describe('odd connections', () => {
  it('a port that is used again begins anew, whatever the connection table makes of it', async () => {
    for (const conntrack of ['linux', 'cilium'] as const) {
      for (const ends of [['FA'], ['RA'], []]) {
        const sport = newPort();
        const one = text(get('/public/a'));
        const frames = [
          ...[...opening(sport, 100), up({ seq: 101, payload: one }, sport)],
          ...ends.flatMap(flags => [
            up({ flags, seq: 101 + one.length }, sport),
            down({ flags, seq: 501, ack: 102 + one.length }, sport),
          ]),
          ...[...opening(sport, 3_000_000_000), up({ seq: 3_000_000_001, payload: text(get('/admin')) }, sport)],
        ];
        const { counts } = await judge(RULES, frames, { conntrack });
        // Linux takes a SYN inside of an open connection for none of it.
        const isRefused = conntrack === 'linux' && ends.length === 0;
        if (!isRefused)
          expect(counts, `${conntrack} ${ends}`).toEqual({ total: 2, allowed: 1, denied: 1, undecided: 0 });
      }
    }
  });

  it('of several requests in a packet a refusal counts, then what is not known; a question that is cut is not known', async () => {
    const odd = 'GET /public/a HTTP/1.0\r\nHost: h\r\n\r\n';
    for (const sent of [odd + get('/admin'), get('/admin') + odd, get('/public/a') + odd + get('/admin')]) {
      expect(reasons((await judge(RULES, connection([sent]))).words)[2]).toBe('http-denied');
    }
    expect(reasons((await judge(RULES, connection([odd + get('/public/a')]))).words)[2]).toBe('unsupported');
    const dns = policy(
      'front',
      'front',
      'shop',
      `  egress: [{ toPorts: [{ ports: [{ port: '53', protocol: TCP }], rules: { dns: [{ matchName: a.example }] } }] }]`,
    );
    const question = Uint8Array.from([0, dnsQuestion('a.example').length, ...dnsQuestion('a.example')]);
    const { counts } = await judge(dns, connection([question, question.subarray(0, 9)], FRONT, DNS, 53));
    expect(counts).toEqual({ total: 2, allowed: 1, denied: 0, undecided: 1 });
  });

  it('what cannot be read of a port that is used again is undecided, though it had ended before', async () => {
    const sport = newPort();
    const tls = Uint8Array.of(22, 3, 1, 2, 0);
    const frames = [
      ...[
        ...opening(sport, 100),
        up({ flags: 'FA', seq: 101 }, sport),
        down({ flags: 'FA', seq: 501, ack: 102 }, sport),
      ],
      ...[...opening(sport, 3_000_000_000), up({ seq: 3_000_000_001, payload: tls }, sport)],
      down({ ack: 3_000_000_006 }, sport),
    ];
    const { words } = await judge(RULES, frames, { conntrack: 'cilium' });
    expect(words.slice(-2)).toEqual(['undecided unsupported', 'undecided unsupported']);
  });

  it('a SYN that is answered by nobody ends nothing', async () => {
    const sport = newPort();
    const one = text(get('/public/a'));
    const stray = up({ flags: 'S', seq: 9_000_000, ack: 0 }, sport);
    const frames = [
      ...[...opening(sport, 100), up({ seq: 101, payload: one }, sport), stray],
      up({ seq: 101 + one.length, payload: text(get('/admin')) }, sport),
    ];
    const { counts } = await judge(RULES, frames, { conntrack: 'cilium' });
    expect(counts).toEqual({ total: 2, allowed: 1, denied: 1, undecided: 0 });
  });

  it('a connection that is captured from a probe on is read', async () => {
    const sport = newPort();
    const frames = [
      up({ flags: 'A', seq: 999 }, sport),
      down({ ack: 1000 }, sport),
      up({ seq: 1000, payload: text(get('/admin')) }, sport),
    ];
    expect(reasons((await judge(RULES, frames)).words)[2]).toBe('http-denied');
  });

  it('a SYN may carry a request', async () => {
    const sport = newPort();
    const frames = [
      up({ flags: 'S', seq: 4_294_967_290, ack: 0, payload: text(get('/admin').slice(0, 9)) }, sport),
      down({ flags: 'SA', seq: 500, ack: 4 }, sport),
      up({ seq: 4, payload: text(get('/admin').slice(9)) }, sport),
    ];
    const { counts, refused } = await judge(RULES, frames, { conntrack: 'cilium' });
    expect(counts).toEqual({ total: 1, allowed: 0, denied: 1, undecided: 0 });
    expect(refused[0]).toMatchObject({ path: '/admin', firstPacket: 3 });
  });

  it('behind a reset that changes nothing, what cannot be read stays undecided', async () => {
    const sport = newPort();
    const tls = Uint8Array.of(22, 3, 1, 2, 0);
    const frames = [
      ...[...opening(sport, 100), up({ seq: 101, payload: tls }, sport)],
      ...[up({ flags: 'R', seq: 77 }, sport), up({ seq: 106, payload: tls }, sport)],
    ];
    const { words } = await judge(RULES, frames, { conntrack: 'cilium' });
    expect(words[4]).toBe('undecided unsupported');
  });

  it('what comes of a hole that was given up is not taken for read', async () => {
    const sport = newPort();
    const gap = get('/admin');
    let seq = 101 + gap.length;
    const frames = opening(sport, 100);
    for (let i = 0; i < 65; i++) {
      const payload = text(get('/public/a'));
      frames.push(up({ seq, payload }, sport));
      seq += payload.length;
    }
    frames.push(up({ seq: 101, payload: text(gap) }, sport));
    const { words, counts } = await judge(RULES, frames, { conntrack: 'cilium' });
    expect(words.at(-1)).toBe('undecided unsupported');
    expect(counts).toEqual({ total: 67, allowed: 65, denied: 0, undecided: 2 });
  });

  it('of what waits at the end the last packet of its connection is named', async () => {
    const sport = newPort();
    const frames = [
      ...[...opening(sport, 100), up({ seq: 110, payload: text(get('/admin')) }, sport)],
      ...connection([get('/public/a')]),
    ];
    const { refused } = await judge(RULES, frames);
    expect(refused.map(({ path, firstPacket }) => [path, firstPacket])).toEqual([
      ['/admin', 3],
      [null, 3],
    ]);
  });

  it('what comes in fragments is undecided', async () => {
    const dns = policy(
      'front',
      'front',
      'shop',
      `  egress: [{ toPorts: [{ ports: [{ port: '53', protocol: UDP }], rules: { dns: [{ matchName: a.example }] } }] }]`,
    );
    const payload = Uint8Array.from(dnsQuestion('evil.example'));
    const whole = ipv4({ src: FRONT, dst: DNS }, udp({ sport: newPort(), dport: 53, payload }));
    for (const mode of ['what-if', 'dataplane'] as const) {
      const { counts } = await judge(
        dns,
        fragment4(whole, 24).map(it => ethernet(it)),
        { mode },
      );
      expect(counts, mode).toEqual({ total: 1, allowed: 0, denied: 0, undecided: 1 });
    }
    const segment = ipv4(
      { src: FRONT, dst: API },
      tcp({ sport: newPort(), dport: 8080, seq: 101, flags: 'PA', ack: 501, payload: text(get('/admin')) }),
    );
    const { counts } = await judge(
      RULES,
      fragment4(segment, 24).map(it => ethernet(it)),
    );
    expect(counts).toMatchObject({ allowed: 0, denied: 0 });
    expect(counts!.undecided).toBeGreaterThan(0);
  });

  it('reads behind VLANs, extension headers and inside tunnels', async () => {
    const sent = { flags: 'PA', seq: 101, ack: 501, dport: 8080, payload: text(get('/admin')) };
    const syn = { flags: 'S', seq: 100, dport: 8080 };
    const wraps: ((fields: TcpFields) => Uint8Array)[] = [
      it => ethernet(ipv4({ src: FRONT, dst: API }, tcp(it)), { vlans: [7, 8] }),
      it => ethernet(ipv4({ src: FRONT, dst: API, options: bytes(1, 1, 1, 1) }, tcp(it)), { padding: 0 }),
      it => ethernet(ipv6({ src: 'fd00::1', dst: 'fd00::2', extensions: [extension(0), extension(60)] }, tcp(it))),
      it =>
        ethernet(
          ipv4({ src: '192.0.2.1', dst: '192.0.2.2' }, vxlan(ethernet(ipv4({ src: FRONT, dst: API }, tcp(it))))),
        ),
      it => ethernet(ipv4({ src: FRONT, dst: API }, tcp({ ...it, options: new Uint8Array(40).fill(1) }))),
    ];
    for (const wrap of wraps) {
      const sport = newPort();
      const { words } = await judge(RULES, [wrap({ ...syn, sport }), wrap({ ...sent, sport })]);
      expect(reasons(words)).toEqual(['rule', 'http-denied']);
    }
  });

  it('a service is judged by every backend that may have been reached, until the capture shows which it was', async () => {
    const cluster = `---
apiVersion: v1
kind: Pod
metadata: { namespace: shop, name: second, labels: { app: second } }
spec: { nodeName: n1, containers: [] }
status: { phase: Running, podIPs: [{ ip: 10.0.2.2 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: shop, name: api-2, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
endpoints: [{ addresses: [10.0.2.2], conditions: { ready: true } }]
ports: [{ port: 8080 }]
`;
    const second = policy('second', 'second', 'shop', ingress("[{ path: '/public/a' }, { path: /admin }]"));
    const sent = connection([get('/public/a'), get('/public/b'), get('/admin'), get('/none')], FRONT, SERVICE, 80);
    for (const policies of [RULES + second, second + RULES]) {
      const { counts, refused } = await judge(policies, sent, { cluster });
      expect(counts).toEqual({ total: 4, allowed: 1, denied: 1, undecided: 2 });
      expect(refused.map(({ path, verdict }) => `${verdict} ${path}`)).toEqual([
        'denied /none',
        'undecided /public/b',
        'undecided /admin',
      ]);
    }
    // Whether it is looked into at all is a question of the backend, too.
    const { counts } = await judge(second, sent, { cluster });
    expect(counts).toEqual({ total: 4, allowed: 2, denied: 0, undecided: 2 });
    const shown = sent.flatMap(frame => [frame, translated(frame)]);
    expect((await judge(RULES + second, shown, { cluster, batch: 1000 })).counts).toEqual({
      ...{ total: 4, allowed: 2, denied: 2, undecided: 0 },
    });
  });
});

/** The packet behind the service's translation: to the pod, or from it. */
function translated(frame: Uint8Array): Uint8Array {
  const out = frame.slice();
  const isUp = out[14 + 16] === 10 && out[14 + 17] === 96;
  out.set([10, 0, 2, 1], 14 + (isUp ? 16 : 12));
  const at = 34 + (isUp ? 2 : 0);
  out[at] = 8080 >> 8;
  out[at + 1] = 8080 & 255;
  // Sent on without checksums, as a card would fill them in.
  return out;
}
