import { describe, expect, it } from 'vitest';
import type { ReplayOptions } from '../../src/replay.js';
import {
  batchOf,
  chunk,
  ethernet,
  icmpError,
  ipv4,
  sctp,
  sctpInit,
  type TcpFields,
  tcp,
  text,
  udp,
} from '../support/frames.js';
import { compileText, record, sourceOf, words } from '../support/replay.js';
import { CLUSTER, DB_CLOSED, DB_FROM_WEB } from './cluster.js';

const WEB = '10.0.1.2';
const DB = '10.0.2.3';
const NODE_A = '192.168.0.1';
const OUTSIDER = '203.0.113.9';

const segment = (src: string, dst: string, fields: TcpFields): Uint8Array => ethernet(ipv4({ src, dst }, tcp(fields)));
const second = (at: number): bigint => BigInt(Math.round(at * 1e9)) + 1_700_000_000_000_000_000n;

/** Frames with their times in seconds. */
const judge = async (policies: string, given: [number, Uint8Array][], options: Partial<ReplayOptions> = {}) => {
  const frames = given.map(([, frame]) => frame);
  const source = sourceOf([batchOf(frames, { times: given.map(([at]) => second(at)) }).batch]);
  return (await record(source, compileText(CLUSTER, policies), options)).records;
};

// Ports that no container names and no convention tells apart.
const fromWeb = (fields: TcpFields): Uint8Array => segment(WEB, DB, { sport: 40001, dport: 50001, ...fields });
const fromDb = (fields: TcpFields): Uint8Array => segment(DB, WEB, { sport: 50001, dport: 40001, ...fields });
const syn = fromWeb({ seq: 100, flags: 'S' });

describe('what-if: a connection whose entry is gone is still the connection it was', () => {
  it('seen from one side for longer than the entry of an unanswered SYN lives', async () => {
    const data = (i: number): Uint8Array => fromWeb({ seq: 101 + i, ack: 501, flags: 'PA', payload: text('x') });
    const records = await judge(DB_CLOSED, [
      [0, syn],
      [1, data(0)],
      [100, data(1)],
      [200, data(2)],
      [400, data(3)],
    ]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1, 1, 1]);
    expect(words(records)).toEqual(['dropped default-deny', ...Array(4).fill('dropped connection-dropped')]);
    expect(records.slice(1).every(r => r.refusedAt === 1)).toBe(true);
    expect(records.filter(r => r.marks.includes('first')).length).toBe(1);
    expect(records.every(r => r.marks.includes('original'))).toBe(true);
  });

  it("seen from the server's side alone, whose SYN-ACK tells who asked", async () => {
    const records = await judge(DB_CLOSED, [
      [0, fromDb({ seq: 500, ack: 101, flags: 'SA' })],
      [0.1, fromDb({ seq: 501, ack: 105, flags: 'PA', payload: text('x') })],
      [0.2, fromDb({ seq: 502, ack: 105, flags: 'PA', payload: text('x') })],
    ]);
    expect(words(records)).toEqual(['dropped default-deny', ...Array(2).fill('dropped connection-dropped')]);
    expect(records.map(r => r.refusedAt)).toEqual([0, 1, 1]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1]);
    expect(records.map(r => r.marks.includes('original'))).toEqual([false, false, false]);
    expect(records.every(r => r.marks.includes('midstream'))).toBe(true);
  });

  it('after a reset, however many follow', async () => {
    const rst = fromWeb({ seq: 101, flags: 'R' });
    const records = await judge('', [
      [0, syn],
      [0.1, rst],
      [0.2, rst],
      [30, rst],
      [31, fromDb({ seq: 0, ack: 101, flags: 'RA' })],
    ]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1, 1, 1]);
    expect(records.every(r => r.verdict === 'allowed')).toBe(true);
  });

  it('after it made room for others in a full table', async () => {
    const other = segment(WEB, OUTSIDER, { sport: 41000, dport: 443, seq: 1, flags: 'S' });
    const records = await judge(
      DB_CLOSED,
      [
        [0, syn],
        [0.1, other],
        [0.2, fromDb({ seq: 500, ack: 101, flags: 'SA' })],
      ],
      { maxConnections: 1 },
    );
    expect(records.map(r => r.connection)).toEqual([1, 2, 1]);
    expect(words(records)[2]).toBe('dropped connection-dropped');
    expect(records[2]!.refusedAt).toBe(1);
    expect(records[2]!.marks).not.toContain('original');
    expect(records[2]!.marks).not.toContain('midstream');
  });

  it('and a SYN is a new one', async () => {
    const records = await judge(DB_CLOSED, [
      [0, syn],
      [0.1, fromDb({ seq: 0, ack: 101, flags: 'RA' })],
      [0.2, fromWeb({ seq: 9000, flags: 'S' })],
      [200, fromWeb({ seq: 99000, flags: 'S' })],
      [201, fromDb({ seq: 1, ack: 99001, flags: 'SA' })],
    ]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 2, 3, 3]);
    expect(records.map(r => r.refusedAt)).toEqual([0, 1, 0, 0, 4]);
  });
});

describe('what-if: handshakes out of the ordinary', () => {
  it('are one connection when the SYN or the SYN-ACK is repeated', async () => {
    const synAck = fromDb({ seq: 500, ack: 101, flags: 'SA' });
    const records = await judge(DB_CLOSED, [
      [0, syn],
      [1, syn],
      [1.1, synAck],
      [2, synAck],
      [2.1, fromWeb({ seq: 101, ack: 501, flags: 'A' })],
    ]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1, 1, 1]);
    expect(words(records)).toEqual(['dropped default-deny', ...Array(4).fill('dropped connection-dropped')]);
  });

  it('are one connection when both sides begin at once: the first to ask is the initiator', async () => {
    const records = await judge(DB_CLOSED, [
      [0, fromDb({ seq: 500, flags: 'S' })],
      [0.001, syn],
      [0.1, fromDb({ seq: 500, ack: 101, flags: 'SA' })],
      [0.2, fromWeb({ seq: 100, ack: 501, flags: 'SA' })],
    ]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1, 1]);
    expect(records.every(r => r.verdict === 'allowed')).toBe(true);
  });
});

describe('what-if: the initiator', () => {
  it('is not whoever answers on a node port, though a client may have a lower one', async () => {
    const answer = segment(NODE_A, OUTSIDER, { sport: 30080, dport: 20000, seq: 9, ack: 9, flags: 'PA' });
    const records = await judge(DB_CLOSED, [[0, answer]]);
    expect(records[0]!.marks).not.toContain('original');
    expect(records[0]!.decision!.service).toBeGreaterThanOrEqual(0);
  });
});

describe('what a snap length cuts', () => {
  const cases: [string, Uint8Array][] = [
    [
      'TCP',
      ipv4(
        { src: WEB, dst: DB },
        tcp({ sport: 40000, dport: 5432, flags: 'S', options: Uint8Array.of(2, 4, 5, 180, 4, 2, 1, 3, 3, 7, 1, 1) }),
      ),
    ],
    [
      'UDP',
      ipv4({ src: WEB, dst: DB }, udp({ sport: 40000, dport: 5432, payload: text('a question of some length') })),
    ],
    ['SCTP', ipv4({ src: WEB, dst: DB }, sctp({ chunks: [chunk(1, 0, sctpInit(77))] }))],
  ];
  it.each(cases)('of %s is undecided or judged as the whole packet is', async (_name, packet) => {
    const frame = ethernet(packet);
    const compiled = compileText(CLUSTER, DB_FROM_WEB);
    const verdict = async (snapLength: number): Promise<string> =>
      words((await record(sourceOf([batchOf([frame], { snapLength }).batch]), compiled)).records)[0]!;
    const whole = await verdict(frame.length);
    for (let length = 15; length < frame.length; length++) {
      expect([whole, 'undecided truncated'], `${length} bytes`).toContain(await verdict(length));
    }
    expect(await verdict(38)).toBe('undecided truncated');
  });

  it('of an error is undecided where the quote is cut, related where its ports are there', async () => {
    const query = ipv4({ src: WEB, dst: DB }, udp({ sport: 41000, dport: 5353, payload: text('question') }));
    const error = ethernet(ipv4({ src: DB, dst: WEB }, icmpError(query, { type: 3, code: 3 })));
    const compiled = compileText(CLUSTER);
    for (let length = 42; length <= error.length; length++) {
      const batches = [batchOf([ethernet(query)]).batch, batchOf([error], { snapLength: length }).batch];
      const expected = length < 14 + 20 + 8 + 20 + 4 ? 'undecided truncated' : 'allowed related';
      expect(words((await record(sourceOf(batches), compiled)).records)[1], `${length} bytes`).toBe(expected);
    }
  });
});
