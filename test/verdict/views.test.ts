import { describe, expect, it } from 'vitest';
import { batchOf, ethernet, icmp, ipv4, type TcpFields, tcp, text, udp } from '../support/frames.js';
import { compileText, record, sourceOf, words } from '../support/replay.js';
import { API_ONE_CLOSED, CLUSTER, WEB_TO_API } from './cluster.js';

const WEB = '10.0.1.2';
const DB = '10.0.2.3';
const API_1 = '10.0.1.11';
const API_2 = '10.0.2.11';
const SERVICE = '10.96.0.5';
const DNS = '10.96.0.10';
const NODE_A = '192.168.0.1';
const OUTSIDER = '203.0.113.9';

const DNS_SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: dns, namespace: shop }
spec: { clusterIP: 10.96.0.10, selector: { app: api }, ports: [{ port: 53, targetPort: 5353, protocol: UDP }] }
`;

const segment = (src: string, dst: string, fields: TcpFields): Uint8Array => ethernet(ipv4({ src, dst }, tcp(fields)));
const syn = (src: string, dst: string, sport: number, dport: number, seq = 100): Uint8Array =>
  segment(src, dst, { sport, dport, seq, flags: 'S' });
const query = (src: string, dst: string, sport: number, dport: number): Uint8Array =>
  ethernet(ipv4({ src, dst }, udp({ sport, dport, payload: text('question') })));

/** Packets some microseconds apart. */
const judge = async (documents: string, frames: Uint8Array[], apart = 20_000n) => {
  const times = frames.map((_, i) => 1_700_000_000_000_000_000n + BigInt(i) * apart);
  return (await record(sourceOf([batchOf(frames, { times }).batch]), compileText(CLUSTER, documents))).records;
};
const connections = (records: readonly { connection: number }[]): number[] => records.map(r => r.connection);

describe('another view of a connection', () => {
  it('is one too where the translated packet was written first', async () => {
    const records = await judge(API_ONE_CLOSED, [syn(WEB, API_1, 40000, 8080), syn(WEB, SERVICE, 40000, 80)]);
    expect(words(records)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(connections(records)).toEqual([1, 1]);
  });

  it('is not the query to another server that a resolver asks at once from the same port', async () => {
    const records = await judge(`${WEB_TO_API}---${DNS_SERVICE}`, [
      query(WEB, DNS, 40000, 53),
      query(WEB, OUTSIDER, 40000, 53),
      query(WEB, API_2, 40000, 5353),
    ]);
    expect(connections(records)).toEqual([1, 2, 1]);
    expect(records[1]!.decision).toMatchObject({ destination: -1, service: -1 });
  });

  it('is not the answer to another client that is as long, of a service asked before the capture', async () => {
    const answer = (dst: string, dport: number): Uint8Array =>
      ethernet(ipv4({ src: DNS, dst }, udp({ sport: 53, dport, payload: text('answer') })));
    const records = await judge(DNS_SERVICE, [answer(WEB, 40000), answer(DB, 40000), answer(DB, 40001)]);
    expect(connections(records)).toEqual([1, 2, 3]);
  });

  it('of a datagram leads to a ready backend only: alike is not the same', async () => {
    const records = await judge(DNS_SERVICE, [query(WEB, DNS, 40000, 53), query(WEB, DB, 40000, 5353)]);
    expect(connections(records)).toEqual([1, 2]);
  });

  it('is found of answers alone', async () => {
    const answer = (src: string, sport: number): Uint8Array =>
      segment(src, WEB, { sport, dport: 40000, seq: 9, ack: 9, flags: 'PA', payload: text('x') });
    for (const frames of [
      [answer(API_1, 8080), answer(SERVICE, 80)],
      [answer(SERVICE, 80), answer(API_1, 8080)],
    ]) {
      expect(connections(await judge('', frames))).toEqual([1, 1]);
    }
    const synAck = (src: string, sport: number): Uint8Array =>
      segment(src, WEB, { sport, dport: 40000, seq: 9, ack: 9, flags: 'SA' });
    const records = await judge(API_ONE_CLOSED, [synAck(API_1, 8080), synAck(SERVICE, 80)]);
    expect(connections(records)).toEqual([1, 1]);
    expect(words(records)).toEqual(['dropped default-deny', 'dropped default-deny']);
  });

  it("is not another client's packet that has the same sequence number", async () => {
    const records = await judge(API_ONE_CLOSED, [syn(WEB, SERVICE, 40000, 80, 0), syn(DB, API_1, 41000, 8080, 0)]);
    expect(words(records)).toEqual(['undecided ambiguous-policy', 'dropped default-deny']);
    expect(connections(records)).toEqual([1, 2]);
  });

  it('of two clients with one sequence number is found for each', async () => {
    const records = await judge(API_ONE_CLOSED, [
      syn(WEB, SERVICE, 40000, 80, 0),
      syn(DB, SERVICE, 40000, 80, 0),
      syn(DB, API_2, 40000, 8080, 0),
      syn(WEB, API_1, 40000, 8080, 0),
    ]);
    expect(connections(records)).toEqual([1, 2, 2, 1]);
    expect(records.map(r => r.verdict)).toEqual(['dropped', 'allowed', 'allowed', 'dropped']);
  });

  it('is not a scan of many addresses from one port with one sequence number', async () => {
    const records = await judge(API_ONE_CLOSED, [
      syn(OUTSIDER, SERVICE, 40000, 80, 0),
      syn(OUTSIDER, API_1, 40000, 80, 0),
      syn(OUTSIDER, DB, 40000, 80, 0),
    ]);
    expect(connections(records)).toEqual([1, 2, 3]);
  });

  it('goes to a backend that is no longer ready, too', async () => {
    const unready = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: api-x, namespace: shop, labels: { kubernetes.io/service-name: api } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - { addresses: [10.0.1.11], conditions: { ready: false } }
  - { addresses: [10.0.2.11], conditions: { ready: true } }
`;
    const records = await judge(`${API_ONE_CLOSED}---${unready}`, [
      syn(WEB, SERVICE, 40000, 80),
      syn(WEB, API_1, 40000, 8080),
    ]);
    expect(words(records)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(connections(records)).toEqual([1, 1]);
  });

  it('goes to a backend outside the cluster, and to one on a node’s own address', async () => {
    const outside = `
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: shop }
spec: { type: NodePort, clusterIP: 10.96.0.20, ports: [{ name: x, port: 443, targetPort: 8443, nodePort: 30443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: edge-1, namespace: shop, labels: { kubernetes.io/service-name: edge } }
addressType: IPv4
ports: [{ name: x, port: 8443, protocol: TCP }]
endpoints: [{ addresses: [203.0.113.9] }, { addresses: [192.168.0.1] }]
`;
    const closed = `${WEB_TO_API}---${outside}`;
    const external = await judge(closed, [syn(WEB, '10.96.0.20', 40000, 443), syn(WEB, OUTSIDER, 40000, 8443)]);
    expect(words(external)).toEqual(['dropped default-deny', 'dropped default-deny']);
    expect(connections(external)).toEqual([1, 1]);
    // web's own node: allowed (14).
    const hosted = await judge(closed, [syn(WEB, '10.96.0.20', 40000, 443), syn(WEB, NODE_A, 40000, 8443)]);
    expect(words(hosted)).toEqual(['allowed node', 'allowed node']);
    const onNode = await judge(closed, [syn(OUTSIDER, NODE_A, 40000, 30443), syn(OUTSIDER, NODE_A, 40000, 8443)]);
    expect(connections(onNode)).toEqual([1, 1]);
    expect(onNode[0]!.decision!.port).toBe(8443);
  });

  it('is looked for within ten milliseconds only', async () => {
    const frames = [syn(WEB, SERVICE, 40000, 80), syn(WEB, API_2, 40000, 8080)];
    expect(connections(await judge('', frames, 10_000_000n))).toEqual([1, 1]);
    const apart = await judge(API_ONE_CLOSED, frames, 10_000_001n);
    expect(connections(apart)).toEqual([1, 2]);
    expect(words(apart)[0]).toBe('undecided ambiguous-policy');
  });

  it("of a ping is told by its identifier: the node's own ping is its own", async () => {
    const ping = (src: string, id: number): Uint8Array =>
      ethernet(ipv4({ src, dst: OUTSIDER }, icmp({ type: 8, id, payload: text('0123456789') })));
    const records = await judge(WEB_TO_API, [ping(WEB, 7), ping(NODE_A, 8), ping(NODE_A, 7)]);
    expect(connections(records)).toEqual([1, 2, 1]);
    expect(records.map(r => r.verdict)).toEqual(['dropped', 'allowed', 'dropped']);
  });

  it('is the pod itself behind a hairpin: it always reaches itself (13)', async () => {
    const records = await judge(API_ONE_CLOSED, [syn(API_1, SERVICE, 40000, 80), syn(NODE_A, API_1, 40000, 8080)]);
    expect(words(records)).toEqual(['allowed loopback', 'allowed loopback']);
    expect(connections(records)).toEqual([1, 1]);
  });
});
