/** What counts as completed, what is left out and said, and what happens at the limits. */
import { describe, expect, it } from 'vitest';
import type { SuggestOptions } from '../../src/suggest.js';
import { chunk, ethernet, ipv4, type Segment, sctp, sctpInit, tcp, udp } from '../support/frames.js';
import { runSuggestion } from './run.js';

const pod = (name: string, address: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'x', name, labels: { app: name, ...more } },
  spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 80 }] }] },
  status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
});
const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n' },
  spec: { podCIDRs: ['10.0.1.0/24'] },
  status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
};
const CLUSTER = [node, pod('a', '10.0.1.1'), pod('b', '10.0.1.2'), pod('c', '10.0.1.3')];

let id = 1;
const send = (src: string, dst: string, message: Segment): Uint8Array =>
  ethernet(ipv4({ src, dst, id: id++ & 0xffff }, message));
const there = (flags: string, sport = 40000, dport = 80, more: object = {}) =>
  send('10.0.1.1', '10.0.1.2', tcp({ sport, dport, flags, seq: 1, ...more }));
const back = (flags: string, sport = 40000, dport = 80, more: object = {}) =>
  send('10.0.1.2', '10.0.1.1', tcp({ sport: dport, dport: sport, flags, seq: 9, ack: 2, ...more }));
const handshake = (sport: number, dport: number) => [
  there('S', sport, dport),
  back('SA', sport, dport),
  there('A', sport, dport, { seq: 2, ack: 10 }),
];

async function run(frames: Uint8Array[], options: Partial<SuggestOptions> = {}, cluster: object[] = CLUSTER) {
  const { suggestion, yaml } = await runSuggestion(cluster, frames, { options });
  return {
    suggestion,
    yaml,
    left: suggestion.traffic.leftOut.list().map(({ text }) => text),
    groups: suggestion.traffic.groups,
  };
}

describe('completed', () => {
  it.each<[string, Uint8Array[], number]>([
    ['a handshake', handshake(40000, 80), 1],
    ['a SYN scan of an open port', [there('S'), back('SA'), there('R', 40000, 80, { seq: 2 })], 0],
    ['a refused SYN', [there('S'), back('RA')], 0],
    ['an unanswered SYN', [there('S'), there('S')], 0],
    ['ACKs of both sides of a connection that began earlier', [there('A', 40000, 80, { ack: 10 }), back('A')], 1],
    ['an ACK scan', [there('A', 40000, 80, { ack: 10 }), back('R')], 0],
    [
      'a datagram with an answer',
      [
        send('10.0.1.1', '10.0.1.2', udp({ sport: 40000, dport: 80 })),
        send('10.0.1.2', '10.0.1.1', udp({ sport: 80, dport: 40000 })),
      ],
      1,
    ],
    ['a datagram without one', [send('10.0.1.1', '10.0.1.2', udp({ sport: 40000, dport: 80 }))], 0],
  ])('%s', async (_, frames, expected) => {
    const { groups, left } = await run(frames);
    expect([groups.length, left.length]).toEqual([expected, 1 - expected]);
    expect(groups.map(({ port, connections, packets }) => [port, connections, packets])).toEqual(
      expected === 0 ? [] : [[80, 1, frames.length]],
    );
  });

  it('one direction, if asked', async () => {
    const datagram = [send('10.0.1.1', '10.0.1.2', udp({ sport: 40000, dport: 514 }))];
    const data = [there('S'), there('PA', 40000, 80, { seq: 2, ack: 10, payload: Uint8Array.of(1) })];
    expect((await run(datagram)).left).toEqual([
      'x/a → x/b  UDP 514: 1 connection, seen in one direction only: --one-way includes them',
    ]);
    expect((await run(datagram, { oneWay: true })).yaml).toContain('port: 514');
    expect((await run(data)).groups).toEqual([]);
    expect((await run(data, { oneWay: true })).groups).toHaveLength(1);
    expect((await run([there('S')], { oneWay: true })).groups).toEqual([]);
  });

  it('says that who began is inferred', async () => {
    const { yaml } = await run([
      back('PA', 40000, 80, { payload: Uint8Array.of(1) }),
      there('PA', 40000, 80, { ack: 10, payload: Uint8Array.of(1) }),
    ]);
    expect(yaml).toContain('who began is inferred from the ports');
    expect(yaml).toContain('port: web');
    expect(yaml).not.toContain('40000');
    expect((await run(handshake(40000, 80))).yaml).not.toContain('inferred');
  });
});

describe('what is told of it', () => {
  it('a SYN-ACK tells who began, though the SYN is missing', async () => {
    const { yaml, groups } = await run([back('SA'), there('A', 40000, 80, { seq: 2, ack: 10 })]);
    expect(groups.map(({ port, inferred }) => [port, inferred])).toEqual([[80, 0]]);
    expect(yaml).not.toContain('inferred');
  });

  it('the earliest packet of all connections', async () => {
    const { groups } = await run(
      [1, 2, 3, 4, 5].flatMap(i => handshake(40000 + i, 80)),
      { limits: { recent: 8 } },
    );
    expect(groups.map(({ connections, first }) => [connections, first])).toEqual([[5, 1_700_000_000]]);
    const wrapped = await run(
      [1, 2, 3, 4].flatMap(i => handshake(40000 + i, 80)),
      { limits: { recent: 4 } },
    );
    expect(wrapped.groups.map(({ connections, first }) => [connections, first])).toEqual([[4, 1_700_000_000]]);
  });
});

describe('left out', () => {
  it('an association that was aborted', async () => {
    const init = sctp({ sport: 40000, dport: 80, chunks: [chunk(1, 0, sctpInit(7))] });
    const abort = sctp({ sport: 80, dport: 40000, tag: 7, chunks: [chunk(6)] });
    const { left, groups } = await run([send('10.0.1.1', '10.0.1.2', init), send('10.0.1.2', '10.0.1.1', abort)]);
    expect([groups, left]).toEqual([[], ['x/a → x/b  SCTP 80: 1 connection, refused by the other side']]);
  });

  it('a scan, in a line', async () => {
    const frames = Array.from({ length: 30 }, (_, i) => [
      there('S', 41000 + i, 100 + i),
      back('RA', 41000 + i, 100 + i),
    ]).flat();
    const { left, suggestion, yaml } = await run([...frames, ...handshake(40000, 80)]);
    expect(left).toEqual(['x/a → x/b  TCP 30 ports from 100 to 129: 30 connections, refused by the other side']);
    expect([...suggestion.traffic.leftOut.scanners()]).toEqual([['x/a', 30]]);
    expect(yaml.match(/port: /g)).toHaveLength(4);
  });

  it('an address of a pod that is gone', async () => {
    const frames = handshake(40000, 80).map(frame => {
      const copy = frame.slice();
      // 10.0.1.1 -> 10.0.1.77, in both directions.
      for (const at of [26, 30]) if (copy[at + 3] === 1) copy[at + 3] = 77;
      return copy;
    });
    const { left, suggestion, yaml } = await run(frames);
    expect(left[0]).toContain('10.0.1.77 → x/b  TCP 80: 1 connection, an address in a pod range');
    expect(yaml).toContain('it refuses, though it was seen: from 10.0.1.77, TCP 80');
    expect(suggestion.verified!.refused).toHaveLength(1);
  });
});

describe('at the limits', () => {
  it('connections that newer ones overtake are told', async () => {
    const opened = Array.from({ length: 8 }, (_, i) => there('S', 42000 + i, 90));
    const { suggestion } = await run(
      [there('S', 40000, 80), ...opened, back('SA', 40000, 80), there('A', 40000, 80, { seq: 2, ack: 10 })],
      {
        limits: { recent: 4 },
      },
    );
    expect([suggestion.traffic.givenUp, suggestion.traffic.late]).toEqual([5, 2]);
    expect(suggestion.traffic.leftOut.list().reduce((sum, { connections }) => sum + connections, 0)).toBe(9);
  });

  it('conversations beyond the limit are counted, and the replay says what becomes of them', async () => {
    const { suggestion } = await run([...handshake(40000, 80), ...handshake(40001, 81), ...handshake(40002, 82)], {
      limits: { groups: 2 },
    });
    expect([suggestion.traffic.groups.length, suggestion.traffic.beyond]).toEqual([2, 1]);
  });
});

describe('the same labels', () => {
  it('make one policy for two workloads, which is said', async () => {
    const same = [node, pod('a', '10.0.1.1', { app: 's' }), pod('b', '10.0.1.2', { app: 's' })];
    const { suggestion, yaml } = await run(handshake(40000, 80), {}, same);
    expect(suggestion.policies.map(({ workloads }) => workloads)).toEqual([['x/a', 'x/b']]);
    expect(suggestion.warnings).toEqual(['x/a, x/b have the same labels, so that one policy is for all of them.']);
    expect(yaml).toContain('app: s');
  });
});
