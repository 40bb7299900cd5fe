import { describe, expect, it } from 'vitest';
import { batchOf, ethernet, icmp, ipv4, tcp, text, udp } from '../support/frames.js';
import { compileText, record, sourceOf, words } from '../support/replay.js';
import { API_FROM_WEB, API_ONE_CLOSED, CLUSTER, WEB_TO_API } from './cluster.js';

const WEB = '10.0.1.2';
const API_1 = '10.0.1.11';
const API_2 = '10.0.2.11';
const SERVICE = '10.96.0.5';
const NODE_A = '192.168.0.1';
const OUTSIDER = '203.0.113.9';

const syn = (src: string, dst: string, sport: number, dport: number, seq = 100): Uint8Array =>
  ethernet(ipv4({ src, dst }, tcp({ sport, dport, seq, flags: 'S' })));
const synAck = (src: string, dst: string, sport: number, dport: number): Uint8Array =>
  ethernet(ipv4({ src, dst }, tcp({ sport, dport, seq: 500, ack: 101, flags: 'SA' })));

const replayed = async (policies: string, batches: Uint8Array[][]) => {
  let clock = 1_700_000_000_000_000_000n;
  const tick = (): bigint => {
    clock += 20_000n;
    return clock;
  };
  const source = sourceOf(batches.map(frames => batchOf(frames, { times: frames.map(tick) }).batch));
  return (await record(source, compileText(CLUSTER, policies))).records;
};

describe('18: a packet to a service is judged behind the translation', () => {
  it('by its translated copy, where the capture holds it: one connection, two views', async () => {
    const frames = [
      syn(WEB, SERVICE, 40000, 80),
      syn(WEB, API_2, 40000, 8080),
      synAck(API_2, WEB, 8080, 40000),
      synAck(SERVICE, WEB, 80, 40000),
    ];
    const open = await replayed(API_ONE_CLOSED, [frames]);
    expect(words(open)).toEqual([
      'allowed no-policy',
      'allowed no-policy',
      'allowed established',
      'allowed established',
    ]);
    expect(open.map(r => r.connection)).toEqual([1, 1, 1, 1]);
    expect(open.map(r => r.marks)).toEqual([
      'first original translated',
      'original translated',
      'translated',
      'translated',
    ]);
    const closed = await replayed(API_ONE_CLOSED, [[syn(WEB, SERVICE, 40000, 80), syn(WEB, API_1, 40000, 8080)]]);
    expect(words(closed)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(closed[0]!.ingress).toMatchObject({ subject: 'shop/api-1' });
  });

  it('finds the translated copy in the batch behind, too', async () => {
    const records = await replayed(API_ONE_CLOSED, [
      [syn(WEB, SERVICE, 40000, 80)],
      [syn(WEB, API_1, 40000, 8080)],
      [],
    ]);
    expect(words(records)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(records.map(r => r.connection)).toEqual([1, 1]);
  });

  it('is not fooled by another connection to a backend with other sequence numbers', async () => {
    const records = await replayed(API_ONE_CLOSED, [[syn(WEB, SERVICE, 40000, 80), syn(WEB, API_1, 40000, 8080, 999)]]);
    expect(words(records)).toEqual(['undecided ambiguous-policy', 'dropped default-deny']);
    expect(records.map(r => r.connection)).toEqual([1, 2]);
  });

  it('by all ready backends where it does not: they agree, or it is undecided', async () => {
    const agree = await replayed(API_FROM_WEB, [[syn(WEB, SERVICE, 40000, 80)]]);
    expect(words(agree)).toEqual(['allowed rule']);
    const refused = await replayed(API_FROM_WEB, [[syn(OUTSIDER, SERVICE, 40000, 80)]]);
    expect(words(refused)).toEqual(['dropped default-deny']);
    const split = await replayed(API_ONE_CLOSED, [[syn(WEB, SERVICE, 40000, 80), synAck(SERVICE, WEB, 80, 40000)]]);
    expect(words(split)).toEqual(['undecided ambiguous-policy', 'undecided ambiguous-policy']);
    expect(split[0]!.decision!.backends).toEqual({ allowed: ['shop/api-2'], dropped: ['shop/api-1'] });
  });

  it('with the target port, not the service port, in the egress rules', async () => {
    expect(words(await replayed(WEB_TO_API, [[syn(WEB, SERVICE, 40000, 80)]]))).toEqual(['allowed rule']);
    expect(words(await replayed(WEB_TO_API, [[syn(WEB, SERVICE, 40000, 8080)]]))).toEqual(['dropped default-deny']);
  });

  it('from the middle of a connection, too', async () => {
    const answer = ethernet(
      ipv4(
        { src: SERVICE, dst: WEB },
        tcp({ sport: 80, dport: 40000, seq: 9, ack: 9, flags: 'PA', payload: text('x') }),
      ),
    );
    const records = await replayed(API_FROM_WEB, [[answer]]);
    expect(words(records)).toEqual(['allowed rule']);
    expect(records[0]!.marks).toContain('midstream');
    expect(records[0]!.ingress).toMatchObject({ subject: 'shop/api-1', policy: 'shop/api' });
  });

  it('as it is, where the service has no such port or the packet no port at all', async () => {
    expect(words(await replayed(WEB_TO_API, [[syn(WEB, SERVICE, 40000, 81)]]))).toEqual(['dropped default-deny']);
    const echo = ethernet(ipv4({ src: WEB, dst: SERVICE }, icmp({ type: 8 })));
    expect(words(await replayed(WEB_TO_API, [[echo]]))).toEqual(['dropped default-deny']);
  });

  it('through a node port: from the client, though the node put its own address in between', async () => {
    const frames = [syn(OUTSIDER, NODE_A, 40000, 30080), syn(NODE_A, API_2, 40000, 8080)];
    const records = await replayed(API_FROM_WEB, [frames]);
    expect(words(records)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(records.map(r => r.connection)).toEqual([1, 1]);
    const admitted = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: outside, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  policyTypes: [Ingress]
  ingress: [{ from: [{ ipBlock: { cidr: 203.0.113.0/24 } }] }]
`;
    expect(words(await replayed(admitted, [frames]))).toEqual(['allowed rule', 'allowed rule']);
    // Where the capture holds the masqueraded side alone, the node is all there is to judge.
    expect(words(await replayed(admitted, [frames.slice(1)]))).toEqual(['dropped default-deny']);
  });

  it("through a service address that is a node's: the service's ports there, the node's own others", async () => {
    const balancer = `
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: shop }
spec: { clusterIP: 10.96.0.9, externalIPs: [192.168.0.1], selector: { app: api }, ports: [{ port: 443, targetPort: 8080 }] }
`;
    const to = (port: number) => replayed(`${API_FROM_WEB}---${balancer}`, [[syn(OUTSIDER, NODE_A, 40000, port)]]);
    expect(words(await to(443))).toEqual(['dropped default-deny']);
    expect(words(await to(22))).toEqual(['allowed no-policy']);
  });

  it('of UDP datagrams: same source, same length', async () => {
    const datagram = (dst: string, dport: number): Uint8Array =>
      ethernet(ipv4({ src: WEB, dst }, udp({ sport: 40000, dport, payload: text('question') })));
    const dns = `
apiVersion: v1
kind: Service
metadata: { name: dns, namespace: shop }
spec: { clusterIP: 10.96.0.10, selector: { app: api }, ports: [{ port: 53, targetPort: 5353, protocol: UDP }] }
`;
    const records = await replayed(`${API_ONE_CLOSED}\n---${dns}`, [
      [datagram('10.96.0.10', 53), datagram(API_2, 5353)],
    ]);
    expect(words(records)).toEqual(['allowed no-policy', 'allowed no-policy']);
    expect(records.map(r => r.connection)).toEqual([1, 1]);
    // A resolver that asks two servers at once from one port has two connections.
    const twice = await replayed('', [[datagram(API_1, 5353), datagram(API_2, 5353)]]);
    expect(twice.map(r => r.connection)).toEqual([1, 2]);
  });
});

describe('masquerade', () => {
  it('is one connection, judged from the pod that sent it', async () => {
    const frames = [syn(WEB, OUTSIDER, 40000, 443), syn(NODE_A, OUTSIDER, 40000, 443)];
    const records = await replayed(WEB_TO_API, [frames]);
    expect(words(records)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(records.map(r => r.connection)).toEqual([1, 1]);
    expect(records[1]!.egress).toMatchObject({ subject: 'shop/web' });
  });

  it("leaves a node's own connection alone", async () => {
    const frames = [syn(WEB, OUTSIDER, 40000, 443), syn(NODE_A, OUTSIDER, 40000, 443, 999)];
    const records = await replayed(WEB_TO_API, [frames]);
    expect(words(records)).toEqual(['dropped default-deny', 'allowed no-policy']);
    expect(records.map(r => r.connection)).toEqual([1, 2]);
  });

  it('is warned about where only the node is seen', async () => {
    const source = sourceOf([batchOf([syn(NODE_A, API_2, 40000, 8080)]).batch]);
    const { outcome } = await record(source, compileText(CLUSTER));
    expect(outcome.warnings.join()).toMatch(/1 connection comes from node addresses/);
  });
});
