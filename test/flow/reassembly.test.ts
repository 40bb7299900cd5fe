/**
 * What reassembly does beyond the kernel's answers (test/kernel/scripts/fragments.script): bounds, cuts, bookkeeping.
 */
import { describe, expect, it } from 'vitest';
import { FATE_MALFORMED, FATE_TRUNCATED, FATE_WAITS, FATE_WHOLE, Reassembly } from '../../src/flow/reassembly.js';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import { DPORT, FLAG_CUT, FLAGS, PAYLOAD, STATUS, STATUS_OK, STATUS_TRUNCATED } from '../../src/packet/row.js';
import { batchOf, ethernet, fragment4, fragment6, ipv4, ipv6, udp } from '../support/frames.js';

const SECOND = 1e9;
const parser = createParser({ duplicates: false, tunnels: false });
const rows = newPacketBatch(1);

/** Gives a packet to the reassembly, of which the capture kept `snap` bytes. */
function give(
  reassembly: Reassembly,
  packet: Uint8Array,
  number: number,
  now = 0,
  snap = Number.POSITIVE_INFINITY,
): number {
  const frame = ethernet(packet);
  const { batch, interfaces } = batchOf([frame], { snapLength: snap });
  parser.parse(batch, interfaces, rows);
  return reassembly.add(rows.rows, 0, batch.bytes, now, number);
}

const datagram4 = (id: number, length = 100): Uint8Array =>
  ipv4({ id }, udp({ dport: 5353, payload: new Uint8Array(length) }));

describe('reassembly', () => {
  it('puts IPv4 and IPv6 datagrams together', () => {
    const reassembly = new Reassembly();
    const parts4 = fragment4(datagram4(7), 48);
    expect(parts4.map((part, i) => give(reassembly, part, i + 1))).toEqual([FATE_WAITS, FATE_WAITS, FATE_WHOLE]);
    expect(reassembly.share).toEqual([1, 2, 3]);
    expect([reassembly.rows[DPORT], reassembly.rows[PAYLOAD], reassembly.rows[STATUS]]).toEqual([5353, 100, STATUS_OK]);
    const whole6 = ipv6({}, udp({ dport: 5353, payload: new Uint8Array(100) }));
    const parts6 = fragment6(whole6, 48, 9);
    expect(parts6.map((part, i) => give(reassembly, part, i + 4))).toEqual([FATE_WAITS, FATE_WAITS, FATE_WHOLE]);
    expect(reassembly.bytes).toEqual(whole6);
    expect(reassembly.oldest()).toBe(Number.POSITIVE_INFINITY);
    expect(reassembly.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('knows what was cut: a datagram behind its cut is known by its header', () => {
    const reassembly = new Reassembly({ verifyChecksums: true });
    const [first, second] = fragment4(datagram4(7), 64) as [Uint8Array, Uint8Array];
    expect(give(reassembly, second, 1, 0, 60)).toBe(FATE_WAITS);
    expect(give(reassembly, first, 2, 0, 60)).toBe(FATE_WHOLE);
    expect([reassembly.rows[STATUS], reassembly.rows[DPORT]]).toEqual([STATUS_OK, 5353]);
    // Nor can its checksum be verified.
    expect(reassembly.rows[FLAGS]).toBe(FLAG_CUT);
    expect(reassembly.first).toBe(2);
  });

  it('a transport header that was cut stays cut', () => {
    const reassembly = new Reassembly();
    const [first, second] = fragment4(datagram4(7), 64) as [Uint8Array, Uint8Array];
    give(reassembly, first, 1, 0, 14 + 20 + 4);
    expect(give(reassembly, second, 2)).toBe(FATE_WHOLE);
    expect(reassembly.rows[STATUS]).toBe(STATUS_TRUNCATED);
  });

  it('takes no fragment whose own headers are cut or wrong', () => {
    const reassembly = new Reassembly();
    const optioned = ipv4({ id: 1, flags: 1, options: new Uint8Array(8).fill(1), protocol: 17 }, new Uint8Array(16));
    expect(give(reassembly, optioned, 1, 0, 14 + 24)).toBe(FATE_TRUNCATED);
    const long = ipv4({ id: 1, flags: 1, protocol: 17, totalLength: 200 }, new Uint8Array(16));
    expect(give(reassembly, long, 2)).toBe(FATE_MALFORMED);
    expect(reassembly.oldest()).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives up after 30 and 60 seconds, or as it is told', () => {
    const reassembly = new Reassembly();
    give(reassembly, fragment4(datagram4(1), 64)[0]!, 1);
    give(reassembly, fragment6(ipv6({}, udp({ payload: new Uint8Array(100) })), 64, 1)[0]!, 2, SECOND);
    expect(reassembly.deadline).toBe(30 * SECOND);
    reassembly.expire(30 * SECOND - 1);
    expect(reassembly.lost).toEqual([]);
    reassembly.expire(30 * SECOND);
    expect([reassembly.lost, reassembly.deadline]).toEqual([[1], 61 * SECOND]);
    reassembly.expire(61 * SECOND);
    expect(reassembly.lost).toEqual([2]);
    const short = new Reassembly({ timeouts: { ip_fragment: 2 } });
    give(short, fragment4(datagram4(1), 64)[0]!, 1);
    expect(short.deadline).toBe(2 * SECOND);
  });

  it('a flood of first fragments takes bounded memory, and what was begun can still become whole', () => {
    const reassembly = new Reassembly();
    // IPv6: IPv4 would forget the first for its distance.
    const parts = fragment6(ipv6({}, udp({ payload: new Uint8Array(100) })), 64, 0);
    let refused = 0;
    for (let id = 0; id < 20_000; id++) {
      const part = parts[0]!.slice();
      new DataView(part.buffer).setUint32(44, id);
      give(reassembly, part, id + 1);
      refused += reassembly.lost.length;
    }
    // 4 MiB by 64 bytes and their overhead.
    expect(20_000 - refused).toBe(Math.ceil((4 << 20) / (64 + 768)));
    expect(give(reassembly, parts[1]!, 30_000)).toBe(FATE_WHOLE);
    expect(reassembly.share).toEqual([1, 30_000]);
    reassembly.expire(Number.POSITIVE_INFINITY);
    expect(give(reassembly, parts[0]!, 30_001, 100 * SECOND)).toBe(FATE_WAITS);
    expect(reassembly.lost).toEqual([]);
  });

  it('lets go of the packets that nobody waits for', () => {
    const reassembly = new Reassembly();
    const parts = fragment4(datagram4(1), 48);
    give(reassembly, parts[0]!, 1);
    give(reassembly, parts[1]!, 5);
    expect(reassembly.addCopy(5, 6)).toBe(true);
    expect(reassembly.addCopy(4, 7)).toBe(false);
    expect(reassembly.release(4)).toEqual([1]);
    expect(reassembly.oldest()).toBe(5);
    expect(give(reassembly, parts[2]!, 8)).toBe(FATE_WHOLE);
    expect(reassembly.share).toEqual([5, 6, 8]);
  });
});
