/** What is kept of captures that are long, damaged or broken off, and when other policies mean another replay. */
import { describe, expect, it } from 'vitest';
import { type Compiled, compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { connectionsOf } from '../../src/kept/connections.js';
import { judgeAgain } from '../../src/kept/judge.js';
import { judge, keep } from '../../src/kept/keep.js';
import { bytesOf } from '../../src/kept/kept.js';
import { summaryOf } from '../../src/kept/overview.js';
import { packetsOf } from '../../src/kept/packet-table.js';
import { cellsOf } from '../../src/kept/table.js';
import { whyNot } from '../../src/kept/why-not.js';
import type { ProfileName } from '../../src/profile/profile.js';
import { ethernet, ipv4, sourceOf, tcp } from '../support/frames.js';
import { CLUSTER, DB_CLOSED, DB_FROM_WEB, WEB_TO_API } from '../verdict/cluster.js';
import { expectAlike, keepAll, OPTIONS, saidBy, saidByReplay } from './judged.js';

const compiledOf = (texts: readonly string[], profile?: ProfileName): Compiled => {
  const { compiled, problems } = compile(
    texts.flatMap((text, i) => readDocuments(text, `document-${i + 1}.yaml`).documents),
    { profile },
  );
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
};

const CLOSED = compiledOf([CLUSTER, DB_CLOSED]);
const OPEN = compiledOf([CLUSTER, DB_FROM_WEB]);

/** Connections of web to db, three packets each. */
const frames = (connections: number): Uint8Array[] =>
  Array.from({ length: connections }, (_, i) => {
    const [sport, dport] = [20_000 + i, 5432];
    return [
      ethernet(ipv4({ src: '10.0.1.2', dst: '10.0.2.3' }, tcp({ sport, dport, flags: 'S', seq: 1 }))),
      ethernet(
        ipv4({ src: '10.0.2.3', dst: '10.0.1.2' }, tcp({ sport: dport, dport: sport, flags: 'SA', seq: 9, ack: 2 })),
      ),
      ethernet(ipv4({ src: '10.0.1.2', dst: '10.0.2.3' }, tcp({ sport, dport, flags: 'A', seq: 2, ack: 10 }))),
    ];
  }).flat();
const port = (packet: number): number => 20_000 + Math.floor(packet / 3);
const openOf = (connections: number) => () => sourceOf(frames(connections));

const REQUESTS = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: db } }
  ingress: [{ toPorts: [{ ports: [{ port: "5432", protocol: TCP }], rules: { http: [{ method: GET }] } }] }]
`;
const NAMES = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: names, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: web } }
  egress: [{ toFQDNs: [{ matchName: example.com }] }]
`;
const MESH = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: db, namespace: shop }
spec: { selector: { matchLabels: { app: db } }, action: DENY, rules: [{}] }
`;

describe('keeping a capture', () => {
  it('of many batches says what replays say', async () => {
    const open = openOf(3000);
    const { kept } = await keepAll(open, CLOSED);
    expect(kept.packets.count).toBe(9000);
    expect(kept.traced!.trace.connections).toBe(3000);
    await expectAlike(open, [CLOSED, OPEN], OPTIONS, true);
    const table = packetsOf(judgeAgain(kept, OPEN));
    expect(cellsOf(table, ['packet', 'connection', 'reason'], [0, 4095, 4096, 8999, 4097])).toEqual([
      ['1', '1', 'rule'],
      ['4096', '1366', 'rule'],
      ['4097', '1366', 'established'],
      ['9000', '3000', 'established'],
      ['4098', '1366', 'established'],
    ]);
    const ports = cellsOf(
      table,
      ['sport', 'dport'],
      Array.from({ length: 9000 }, (_, i) => i),
    );
    expect(ports).toEqual(ports.map((_, i) => (i % 3 === 1 ? [5432, port(i)] : [port(i), 5432]).map(String)));
  }, 60_000);

  it('takes some 60 bytes a packet', async () => {
    const { kept } = await keepAll(() => sourceOf([...frames(1000), ...frames(1000), ...frames(1000)]), CLOSED);
    // Half of them are the two headers of each connection.
    expect(bytesOf(kept) / kept.packets.count).toBeLessThan(100);
  });

  it('of more packets than are kept knows connections and totals alone', async () => {
    const open = openOf(2000);
    const at = await keep(open, CLOSED, { ...OPTIONS, mostPackets: 6000 });
    expect(at.kept?.packets.count).toBe(6000);
    const beyond = await keep(open, CLOSED, { ...OPTIONS, mostPackets: 5999 });
    if (beyond.kept !== null) throw new Error('it was kept');
    const { summary, connections, timeline } = beyond.overview;
    const replayed = await saidByReplay(open, CLOSED, OPTIONS);
    expect(JSON.parse(JSON.stringify({ ...summary, timing: null }))).toEqual(replayed.summary);
    expect(timeline.counts.reduce((sum, count) => sum + count, 0)).toBe(6000);
    const { judgement } = await keepAll(open, CLOSED);
    const table = connectionsOf(judgement);
    expect(connections.count).toBe(2000);
    const names = table.columns.map(({ name }) => name);
    expect(cellsOf(connections, names, [0, 1999])).toEqual(cellsOf(table, names, [0, 1999]));
    const dataplane = await keep(open, CLOSED, { ...OPTIONS, mode: 'dataplane', mostPackets: 5999 });
    expect(dataplane.kept).toBeNull();
  });

  it('without a packet is empty', async () => {
    const { kept, judgement } = await keepAll(() => sourceOf([]), CLOSED);
    expect(kept.packets.count).toBe(0);
    expect(packetsOf(judgement).count).toBe(0);
    expect(connectionsOf(judgement).count).toBe(0);
    expect(summaryOf(judgement).packets.total).toBe(0);
  });

  it('keeps what was read before somebody ended it', async () => {
    const stop = new AbortController();
    const source = sourceOf(frames(3000), {}, 500);
    let batches = 0;
    const next = (): ReturnType<typeof source.next> => {
      if (++batches === 4) stop.abort();
      return source.next();
    };
    const open = () => ({ ...source, next });
    const { kept, judgement } = await keepAll(open, CLOSED, { ...OPTIONS, signal: stop.signal });
    expect(kept.interrupted).toBe(true);
    expect(kept.packets.count).toBeGreaterThan(0);
    expect(kept.packets.count).toBeLessThan(9000);
    expect(summaryOf(judgement).packets).toMatchObject({ total: kept.packets.count, dropped: kept.packets.count });
    const meshed = await judge(kept, openOf(3000), compiledOf([CLUSTER, DB_FROM_WEB, MESH]));
    expect(meshed.verdicts.code.length).toBe(kept.packets.count);
    expect(summaryOf(meshed).packets).toMatchObject({ total: kept.packets.count, allowed: kept.packets.count });
  });
});

describe('other policies', () => {
  it('are judged from what is kept, unless it is not the same: then the reason is told', async () => {
    const open = openOf(3);
    const { kept } = await keepAll(open, OPEN);
    expect(whyNot(kept, CLOSED)).toBeNull();
    // Node by node the same cluster, read again.
    expect(whyNot(kept, compiledOf([DB_CLOSED, WEB_TO_API, CLUSTER]))).toBeNull();
    expect(whyNot(kept, compiledOf([CLUSTER, MESH]))).toContain('service mesh');
    expect(whyNot(kept, compiledOf([CLUSTER, DB_CLOSED], 'cilium'))).toContain('connection table is cilium');
    const linux = { ...kept, options: { ...OPTIONS, conntrack: 'linux' as const } };
    expect(whyNot(linux, compiledOf([CLUSTER, DB_CLOSED], 'cilium'))).toBeNull();
    expect(whyNot(linux, compiledOf([CLUSTER, REQUESTS], 'cilium'))).toContain('requests');
    expect(whyNot(linux, compiledOf([CLUSTER, NAMES], 'cilium'))).toContain('names');
    const moved = [/10\.0\.2\.3/g, /30080/g, /containerPort: 5432/g].map(it => CLUSTER.replaceAll(it, '4321'));
    for (const cluster of [...moved, CLUSTER.replace('name: web, namespace', 'name: web2, namespace')]) {
      expect(
        whyNot(kept, compiledOf([cluster.replace('ip: 4321', 'ip: 10.0.2.4').replace('port: 4321,', 'port: 4321,')])),
      ).toContain('another one');
    }
    const { byAddress } = CLOSED.inventory;
    const swapped = new Map([...byAddress.keys()].map((address, i, all) => [address, byAddress.get(all.at(i - 1)!)!]));
    const other = { ...CLOSED, inventory: { ...CLOSED.inventory, byAddress: swapped } };
    expect(whyNot(kept, other)).toContain('another one');
    expect(() => judgeAgain(kept, compiledOf([CLUSTER, MESH]))).toThrow('service mesh');
  });

  it.each([
    ['in dataplane mode', { mode: 'dataplane' as const }, 'dataplane mode'],
    ['with an eBPF table', { conntrack: 'cilium' as const }, 'cilium'],
  ])('%s are replayed', async (_, more, reason) => {
    const open = openOf(3);
    const options = { ...OPTIONS, ...more };
    const { kept } = await keepAll(open, OPEN, options);
    expect(kept.traced).toBeNull();
    expect(whyNot(kept, CLOSED)).toContain(reason);
    expect(saidBy(await judge(kept, open, CLOSED))).toEqual(await saidByReplay(open, CLOSED, options));
  });
});
