import { describe, expect, it } from 'vitest';
import type { ReplayOptions } from '../../src/replay.js';
import {
  arp,
  batchOf,
  ethernet,
  fragment4,
  icmp,
  icmpError,
  icmpv6,
  ipv4,
  ipv6,
  type TcpFields,
  tcp,
  text,
  udp,
} from '../support/frames.js';
import { compileText, record, sourceOf, words } from '../support/replay.js';
import { CLUSTER, DB_CLOSED, DB_FROM_WEB } from './cluster.js';

const WEB = '10.0.1.2';
const DB = '10.0.2.3';
const OUTSIDER = '203.0.113.9';

/** One TCP segment between two addresses. */
const segment = (src: string, dst: string, fields: TcpFields): Uint8Array => ethernet(ipv4({ src, dst }, tcp(fields)));

/** A handshake, a request, an answer: client, server, client, client, server. */
const exchange = (client: string, server: string, sport: number, dport: number): Uint8Array[] => [
  segment(client, server, { sport, dport, seq: 100, flags: 'S' }),
  segment(server, client, { sport: dport, dport: sport, seq: 500, ack: 101, flags: 'SA' }),
  segment(client, server, { sport, dport, seq: 101, ack: 501, flags: 'A' }),
  segment(client, server, { sport, dport, seq: 101, ack: 501, flags: 'PA', payload: text('ping') }),
  segment(server, client, { sport: dport, dport: sport, seq: 501, ack: 105, flags: 'PA', payload: text('pong') }),
];

const judge = async (
  policies: string,
  frames: Uint8Array[],
  options: Partial<ReplayOptions> = {},
  times?: bigint[],
) => {
  const source = sourceOf([batchOf(frames, times ? { times } : {}).batch]);
  return (await record(source, compileText(CLUSTER, policies), options)).records;
};

const seconds = (...at: number[]): bigint[] => at.map(s => BigInt(Math.round(s * 1e9)) + 1_700_000_000_000_000_000n);

describe('what-if: a connection has one verdict, decided at its first packet', () => {
  it('allows by rule, then as established in both directions', async () => {
    const records = await judge(DB_FROM_WEB, exchange(WEB, DB, 40000, 5432));
    expect(words(records)).toEqual(['allowed rule', ...Array(4).fill('allowed established')]);
    expect(records.map(r => r.connection)).toEqual([1, 1, 1, 1, 1]);
    expect(records.map(r => r.marks)).toEqual(['first original', '', 'original', 'original', '']);
    expect(records[4]!.ingress).toMatchObject({
      subject: 'shop/db',
      verdict: 'allowed',
      policy: 'shop/db',
      rule: 'ingress[0]',
    });
    expect(records[4]!.egress).toMatchObject({ subject: 'shop/web', isolated: false, reason: 'no-policy' });
  });

  it('drops both directions of a connection whose first packet is refused, and says which packet that was', async () => {
    const records = await judge(DB_CLOSED, [arp(), ...exchange(WEB, DB, 40000, 5432)]);
    expect(words(records)).toEqual([
      'allowed not-ip',
      'dropped default-deny',
      ...Array(4).fill('dropped connection-dropped'),
    ]);
    expect(records.map(r => r.refusedAt)).toEqual([0, 0, 2, 2, 2, 2]);
  });

  it('says no-policy where neither side is isolated', async () => {
    const records = await judge(DB_CLOSED, exchange(DB, OUTSIDER, 40000, 443));
    expect(words(records)).toEqual(['allowed no-policy', ...Array(4).fill('allowed established')]);
    expect(records[0]!.ingress).toBeNull();
  });

  it('judges a connection again when its ports are used again after it was closed', async () => {
    const reset = segment(DB, WEB, { sport: 5432, dport: 40000, seq: 505, ack: 105, flags: 'RA' });
    const again = exchange(WEB, DB, 40000, 5432);
    const times = seconds(0, 0.1, 0.2, 0.3, 0.4, 0.5, 100, 100.1, 100.2, 100.3, 100.4);
    const records = await judge(DB_CLOSED, [...exchange(WEB, DB, 40000, 5432), reset, ...again], {}, times);
    expect(records[5]!.refusedAt).toBe(1);
    expect(records.slice(6).map(r => `${r.reason} ${r.refusedAt}`)).toEqual([
      'default-deny 0',
      ...Array(4).fill('connection-dropped 7'),
    ]);
    expect(new Set(records.map(r => r.connection))).toEqual(new Set([1, 2]));
  });
});

describe('dataplane: every packet as it is offered, with an empty table', () => {
  it('leaves no entry for a refused first packet, so that its answer is invalid and its next is judged anew', async () => {
    const records = await judge(DB_CLOSED, exchange(WEB, DB, 40000, 5432), { mode: 'dataplane' });
    expect(words(records)).toEqual([
      'dropped default-deny',
      'dropped invalid-state',
      'dropped default-deny',
      'dropped default-deny',
      'allowed no-policy',
    ]);
  });

  it('takes a mid-stream packet as it comes: its source is the initiator', async () => {
    const records = await judge(DB_FROM_WEB, exchange(WEB, DB, 40000, 5432).slice(3).reverse(), { mode: 'dataplane' });
    expect(words(records)).toEqual(['allowed no-policy', 'allowed established']);
  });

  it('has no mercy with a SYN-ACK that nothing asked for', async () => {
    const records = await judge(DB_FROM_WEB, exchange(WEB, DB, 40000, 5432).slice(1, 2), { mode: 'dataplane' });
    expect(words(records)).toEqual(['dropped invalid-state']);
  });
});

describe('what-if: connections that began before the capture', () => {
  it('infers the initiator from a SYN-ACK', async () => {
    const records = await judge(DB_FROM_WEB, exchange(WEB, DB, 40000, 5432).slice(1));
    expect(words(records)[0]).toBe('allowed rule');
    expect(records[0]!.marks).toContain('midstream');
    expect(records.every(r => r.verdict === 'allowed')).toBe(true);
  });

  it("infers it from the port the server's container listens on, whichever side is seen first", async () => {
    const [, , , request, answer] = exchange(WEB, DB, 40000, 5432) as [never, never, never, Uint8Array, Uint8Array];
    for (const frames of [
      [answer, request],
      [request, answer],
    ]) {
      const records = await judge(DB_CLOSED, frames);
      expect(words(records)).toEqual(['dropped default-deny', 'dropped connection-dropped']);
      expect(records[0]!.ingress).toMatchObject({ subject: 'shop/db' });
      expect(records.map(r => r.marks.includes('original'))).toEqual(
        frames[0] === request ? [true, false] : [false, true],
      );
      expect(records.every(r => r.marks.includes('midstream'))).toBe(true);
    }
  });

  it('infers it from the service port convention where no container names its port', async () => {
    const answer = segment(OUTSIDER, DB, { sport: 443, dport: 51000, seq: 9, ack: 9, flags: 'PA', payload: text('x') });
    const records = await judge(DB_CLOSED, [answer]);
    expect(words(records)).toEqual(['allowed no-policy']);
    expect(records[0]!.egress).toMatchObject({ subject: 'shop/db', isolated: false });
  });

  it('takes a FIN or RST that is left of a connection for that connection', async () => {
    const fin = segment(WEB, DB, { sport: 40000, dport: 5432, seq: 9, ack: 9, flags: 'FA' });
    expect(words(await judge(DB_CLOSED, [fin]))).toEqual(['dropped default-deny']);
    expect(words(await judge(DB_FROM_WEB, [fin]))).toEqual(['allowed rule']);
  });

  it('takes an early UDP datagram from a listening port for a reply, a late one for a beginning', async () => {
    const reply = ethernet(ipv4({ src: DB, dst: OUTSIDER }, udp({ sport: 40000, dport: 1234 })));
    const other = ethernet(ipv4({ src: WEB, dst: OUTSIDER }, udp({ sport: 50000, dport: 53 })));
    const early = await judge(DB_CLOSED, [other, reply], {}, seconds(0, 1));
    expect(`${early[1]!.verdict} ${early[1]!.reason} ${early[1]!.marks}`).toBe('dropped default-deny first midstream');
    const late = await judge(DB_CLOSED, [other, reply], {}, seconds(0, 121));
    expect(`${late[1]!.verdict} ${late[1]!.reason} ${late[1]!.marks}`).toBe('allowed no-policy first original');
  });

  it('takes an echo reply for an echo that was asked before', async () => {
    const reply = ethernet(ipv4({ src: DB, dst: WEB }, icmp({ type: 0, id: 7 })));
    expect(words(await judge(DB_CLOSED, [reply]))).toEqual(['dropped default-deny']);
    expect(words(await judge(DB_CLOSED, [reply], { mode: 'dataplane' }))).toEqual(['dropped invalid-state']);
  });
});

describe('what-if: captures of one direction', () => {
  it("judges the client's side alone as the connection it implies", async () => {
    const all = exchange(WEB, DB, 40000, 5432);
    const records = await judge(DB_FROM_WEB, [all[0]!, all[2]!, all[3]!]);
    expect(records.map(r => r.verdict)).toEqual(['allowed', 'allowed', 'allowed']);
    expect(records.map(r => r.marks.includes('one-way'))).toEqual([false, true, true]);
    const refused = await judge(DB_CLOSED, [all[0]!, all[2]!, all[3]!]);
    expect(words(refused)).toEqual([
      'dropped default-deny',
      'dropped connection-dropped',
      'dropped connection-dropped',
    ]);
    const kernel = await judge(DB_FROM_WEB, [all[0]!, all[2]!, all[3]!], { mode: 'dataplane' });
    expect(words(kernel)).toEqual(['allowed rule', 'dropped invalid-state', 'dropped invalid-state']);
  });

  it("judges the server's side alone as a connection from its client", async () => {
    const all = exchange(WEB, DB, 40000, 5432);
    const records = await judge(DB_CLOSED, [all[1]!, all[4]!]);
    expect(records.map(r => r.verdict)).toEqual(['dropped', 'dropped']);
    expect(records[1]!.ingress).toMatchObject({ subject: 'shop/db', reason: 'default-deny' });
  });
});

describe('what belongs to a connection without being of it', () => {
  const query = ipv4({ src: WEB, dst: DB }, udp({ sport: 41000, dport: 5353, payload: text('question') }));
  const unreachable = ethernet(ipv4({ src: DB, dst: WEB }, icmpError(query.subarray(0, 28), { type: 3, code: 3 })));

  it('relates an ICMP error to the connection it quotes', async () => {
    expect(words(await judge('', [ethernet(query), unreachable]))).toEqual(['allowed no-policy', 'allowed related']);
  });

  it('drops an error about a connection that would not have been', async () => {
    expect(words(await judge(DB_CLOSED, [ethernet(query), unreachable]))).toEqual([
      'dropped default-deny',
      'dropped connection-dropped',
    ]);
  });

  it('calls an error about nothing invalid', async () => {
    expect(words(await judge('', [unreachable]))).toEqual(['dropped invalid-state']);
  });

  it('judges fragments with their first one, and leaves undecided what came before it', async () => {
    const datagram = ipv4(
      { src: WEB, dst: DB, id: 77 },
      udp({ sport: 41000, dport: 5353, payload: new Uint8Array(3000) }),
    );
    const [first, second, third] = fragment4(datagram, 1480).map(part => ethernet(part)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    expect(words(await judge(DB_CLOSED, [first, third, second]))).toEqual(Array(3).fill('dropped default-deny'));
    expect(words(await judge('', [first, second, third]))).toEqual(Array(3).fill('allowed no-policy'));
    const late = await judge(DB_CLOSED, [second, first, third]);
    expect(words(late)).toEqual(['undecided fragment', 'dropped default-deny', 'dropped default-deny']);
    expect(late.map(r => r.marks.includes('first'))).toEqual([false, true, false]);
  });

  it('leaves undecided what follows a first fragment without whole headers, whatever the identification meant before', async () => {
    const datagram = ipv4(
      { src: WEB, dst: DB, id: 78 },
      udp({ sport: 41000, dport: 5353, payload: new Uint8Array(3000) }),
    );
    const [first, second] = fragment4(datagram, 1480).map(part => ethernet(part)) as [Uint8Array, Uint8Array];
    const batch = batchOf([first, second, first.subarray(0, 36), second], { original: [1514, 1514, 1514, 1514] }).batch;
    const { records } = await record(sourceOf([batch]), compileText(CLUSTER));
    expect(words(records)).toEqual([
      'allowed no-policy',
      'allowed no-policy',
      'undecided truncated',
      'undecided truncated',
    ]);
  });

  it('leaves undecided what the snap length cut, and lets neighbour discovery be', async () => {
    const cut = batchOf([ethernet(ipv4({ src: WEB, dst: DB }, tcp({})))], { snapLength: 36 }).batch;
    expect(words((await record(sourceOf([cut]), compileText(CLUSTER, DB_CLOSED))).records)).toEqual([
      'undecided truncated',
    ]);
    const solicitation = ethernet(
      ipv6(
        { src: 'fd00:1::2', dst: 'fd00:2::3', hopLimit: 255 },
        icmpv6({ type: 135, rest: 0, payload: new Uint8Array(16) }),
      ),
    );
    expect(words(await judge(DB_CLOSED, [solicitation]))).toEqual(['allowed not-enforced']);
  });
});

describe('the capture’s clock', () => {
  it('stands still where it runs backwards', async () => {
    const frames = exchange(WEB, DB, 40000, 5432);
    const records = await judge(DB_FROM_WEB, frames, {}, seconds(500, 400, 300, 200, 100));
    expect(words(records)).toEqual(['allowed rule', ...Array(4).fill('allowed established')]);
  });
});
