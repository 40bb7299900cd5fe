/**
 * Which share a packet is of: the same for both directions and everything that hangs on them, and one of them for each.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import {
  FLAG_DUPLICATE,
  FLAG_FOREIGN,
  FLAGS,
  STATUS,
  STATUS_FOREIGN,
  STATUS_NOT_IP,
  STATUS_OK,
  STATUS_TRUNCATED,
  STRIDE,
} from '../../src/packet/row.js';
import { createShare } from '../../src/parts/divisible.js';
import { JOBS } from '../parts/traffic.js';
import {
  arp,
  batchOf,
  bytes,
  ethernet,
  fragment4,
  fragment6,
  icmp,
  icmpError,
  icmpv6,
  icmpv6Error,
  interfaceOf,
  ipv4,
  ipv6,
  tcp,
  udp,
  vxlan,
} from '../support/frames.js';
import { compileText } from '../support/replay.js';
import { CLUSTER } from '../verdict/cluster.js';

const compiled = compileText(CLUSTER, JOBS);

/** The share of each frame, which is of exactly one. */
function sharesOf(packets: readonly Uint8Array[], of: number, table = 'linux'): number[] {
  const { batch, interfaces } = batchOf(packets.map(packet => ethernet(packet)));
  const out = newPacketBatch(Math.max(1, packets.length));
  createParser({}).parse(batch, interfaces, out);
  const shares = Array.from({ length: of }, (_, index) => createShare({ index, of }, compiled, { table }));
  return packets.map((_, i) => {
    const held = shares.flatMap((share, index) => (share.holds(out.rows, i * STRIDE, batch.bytes) ? index : []));
    expect(held.length).toBe(1);
    return held[0]!;
  });
}

const v4 = fc.oneof(
  fc.constantFrom('10.0.1.2', '10.0.2.3', '10.0.1.21', '10.96.0.5', '192.168.0.1'),
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map(parts => `198.${parts.join('.')}`),
);
const v6 = fc.oneof(
  fc.constantFrom('fd00:1::2', 'fd00:2::3'),
  fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map(([a, b]) => `2001:db8:${a.toString(16)}::${b.toString(16)}`),
);

describe('a share of a capture point', () => {
  it('has both directions, all ports and protocols, fragments, and errors about them from whoever', () => {
    fc.assert(
      fc.property(v4, v4, v4, fc.integer({ min: 2, max: 9 }), (src, dst, router, of) => {
        const back = { src: dst, dst: src };
        const error = icmpError(ipv4({ src, dst }, tcp()).subarray(0, 28));
        const large = ipv4({ src, dst }, udp({ payload: new Uint8Array(64) }));
        const packets = [
          ipv4({ src, dst }, tcp({ sport: 1, dport: 2 })),
          ipv4(back, tcp({ sport: 80, dport: 40000 })),
          ipv4({ src, dst }, udp()),
          ipv4(back, icmp()),
          ipv4({ src: router, dst: src }, error),
          ipv4({ src: router, dst: src }, icmpError(ipv4(back, udp()), { type: 11 })),
          ipv4({ src: router, dst: router }, vxlan(ethernet(ipv4(back, udp())))),
          ...fragment4(large, 16),
        ];
        expect(new Set(sharesOf(packets, of)).size).toBe(1);
      }),
    );
  });

  it('has the same of IPv6, redirects among it', () => {
    fc.assert(
      fc.property(v6, v6, v6, fc.integer({ min: 2, max: 9 }), (src, dst, router, of) => {
        const about = ipv6({ src, dst }, udp({ payload: new Uint8Array(64) }));
        const option = bytes(new Uint8Array(32), 4, 14, new Uint8Array(6), about);
        const packets = [
          about,
          ipv6({ src: dst, dst: src }, tcp()),
          ipv6({ src: router, dst: src }, icmpv6Error(about)),
          ipv6({ src: 'fe80::1', dst: src, hopLimit: 255 }, icmpv6({ type: 137, rest: 0, payload: option })),
          ...fragment6(about, 16, 7),
        ];
        expect(new Set(sharesOf(packets, of)).size).toBe(1);
      }),
    );
  });

  it('takes errors by their own addresses where the table does not read what they quote', () => {
    const of = 64;
    const about = ipv4({ src: '198.0.0.1', dst: '198.0.0.2' }, tcp());
    const error = ipv4({ src: '198.0.0.3', dst: '198.0.0.1' }, icmpError(about));
    const own = ipv4({ src: '198.0.0.3', dst: '198.0.0.1' }, tcp());
    const [ofAbout, ofError, ofOwn] = sharesOf([about, error, own], of);
    expect([ofError, ofAbout === ofOwn]).toEqual([ofAbout, false]);
    expect(sharesOf([error], of, 'none')).toEqual([ofOwn]);
    expect(sharesOf([error], of, 'calico-ebpf')).toEqual([ofAbout]);
    // What is cut before its addresses are whole is about nothing.
    const cut = ipv4({ src: '198.0.0.3', dst: '198.0.0.1' }, icmpError(about.subarray(0, 19)));
    expect(sharesOf([cut], of)).toEqual([ofOwn]);
  });

  it('does not tell pods of one workload apart, nor addresses of one pod', () => {
    const packets = ['10.0.1.21', '10.0.1.22'].map(src => ipv4({ src, dst: '10.0.2.3' }, tcp()));
    packets.push(ipv4({ src: '10.0.1.2' }, tcp()), ipv6({ src: 'fd00:1::2', dst: 'fd00:2::3' }, tcp()));
    const [one, two, web, web6] = sharesOf(packets, 997);
    expect([one, web]).toEqual([two, web6]);
    expect(one).not.toBe(web);
  });

  it('is as large as any other', () => {
    const packets = Array.from({ length: 4000 }, (_, i) =>
      ipv4({ src: `10.7.${i >> 8}.${i & 255}`, dst: '10.0.2.3' }, udp()),
    );
    const counts = [0, 0, 0, 0, 0, 0, 0, 0];
    for (const share of sharesOf(packets, 8)) counts[share]!++;
    for (const count of counts) {
      expect(count).toBeGreaterThan(400);
      expect(count).toBeLessThan(600);
    }
  });

  it('leaves what is of others without a status, but for copies and fragments', () => {
    const packet = ipv4({ src: '198.0.0.1', dst: '198.0.0.2' }, tcp());
    const [piece] = fragment4(ipv4({ src: '198.0.0.1', dst: '198.0.0.2' }, udp({ payload: new Uint8Array(64) })), 16);
    const frames = [ethernet(packet), ethernet(packet), ethernet(piece!), arp(), ethernet(packet).subarray(0, 40)];
    const options = { interfaces: [interfaceOf(), interfaceOf()], interfaceIndex: [0, 1, 0, 0, 0] };
    const { batch, interfaces } = batchOf(frames, { ...options, original: frames.map(() => 54) });
    const of = 2;
    const [mine] = sharesOf([packet], of);
    const marked = [0, 1].map(index => {
      const out = newPacketBatch(frames.length);
      createParser({}).parse(batch, interfaces, out);
      createShare({ index, of }, compiled, { table: 'linux' }).mark(out.rows, batch.bytes, frames.length);
      return frames.map((_, i) => [out.rows[i * STRIDE + STATUS], out.rows[i * STRIDE + FLAGS]! & ~16]);
    });
    const arpAt = (share: number): unknown => (share === 0 ? [STATUS_NOT_IP, 0] : [STATUS_FOREIGN, FLAG_FOREIGN]);
    expect(marked[mine!]).toEqual([
      [STATUS_OK, 0],
      [STATUS_OK, FLAG_DUPLICATE],
      [STATUS_OK, 0],
      arpAt(mine!),
      [STATUS_TRUNCATED, 0],
    ]);
    expect(marked[1 - mine!]).toEqual([
      [STATUS_FOREIGN, FLAG_FOREIGN],
      [STATUS_OK, FLAG_DUPLICATE | FLAG_FOREIGN],
      [STATUS_OK, FLAG_FOREIGN],
      arpAt(1 - mine!),
      [STATUS_FOREIGN, FLAG_FOREIGN],
    ]);
  });
});
