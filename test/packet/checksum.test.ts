/** Checksums: right ones pass, every flipped bit that one covers is found. */
import { describe, expect, it } from 'vitest';
import { FLAG_BAD_CHECKSUM } from '../../src/packet/row.js';
import * as f from '../support/frames.js';
import { parseOne } from './rows.js';

const bad = (frame: Uint8Array, options: f.BatchOptions = {}): boolean => {
  const row = parseOne(frame, { ...options, verifyChecksums: true });
  expect(row.status).toBe('ok');
  return (row.bits & FLAG_BAD_CHECKSUM) !== 0;
};
const payload = f.text('odd length.');
const both = [f.tcp({ payload }), f.udp({ payload }), f.sctp({ tag: 1, chunks: [f.chunk(10, 0, payload)] })];

/** The checksum with UDP's protocol number in the pseudo-header. */
const asUdp = (segment: f.Segment): f.Segment => ({
  ...segment,
  seal: (data, pseudo, family) => segment.seal!(data, pseudo - 136 + 17, family),
});

describe('checksums', () => {
  it.each([
    ...both.map((s): [string, Uint8Array] => [`IPv4 ${s.protocol}`, f.ipv4({}, s)]),
    ...both.map((s): [string, Uint8Array] => [`IPv6 ${s.protocol}`, f.ipv6({ extensions: [f.extension(60)] }, s)]),
    ['ICMP', f.ipv4({}, f.icmp({ payload }))],
    ['ICMPv6', f.ipv6({}, f.icmpv6({ payload }))],
  ])('%s', (_name, packet) => {
    const frame = f.ethernet(packet);
    expect(bad(frame)).toBe(false);
    expect(parseOne(frame).bits & FLAG_BAD_CHECKSUM).toBe(0);
    const row = parseOne(frame);
    for (let at = row.l4; at < frame.length; at++) {
      const flipped = frame.slice();
      flipped[at]! ^= 0x10;
      const read = parseOne(flipped, { verifyChecksums: true });
      // Only an OK row is verified: a flipped length may be malformed instead.
      if (read.status === 'ok') expect(read.bits & FLAG_BAD_CHECKSUM, `byte ${at}`).toBe(FLAG_BAD_CHECKSUM);
    }
  });
  it('known values', () => {
    // The IPv4 header of the Wikipedia article on its checksum: b861. CRC32c of "123456789" is e3069283 (RFC 3720 B.4).
    expect(
      f
        .ipv4(
          { src: '192.168.0.1', dst: '192.168.0.199', id: 0, flags: 2, protocol: 17, totalLength: 0x73 },
          new Uint8Array(95),
        )
        .slice(10, 12),
    ).toEqual(f.bytes('b861'));
    expect(f.crc32c(f.text('123456789'))).toBe(0xe3069283);
  });
  it('the IPv4 header’s, in cut packets and fragments too', () => {
    expect(bad(f.ethernet(f.ipv4({ checksum: 0x1234 }, f.udp({ payload }))))).toBe(true);
    expect(bad(f.ethernet(f.ipv4({ checksum: 0x1234 }, f.udp({ payload }))), { snapLength: 44 })).toBe(true);
    const fragments = f.fragment4(f.ipv4({}, f.udp({ payload: new Uint8Array(100), checksum: 0x1234 })), 48);
    for (const part of fragments) expect(bad(f.ethernet(part))).toBe(false);
    fragments[1]![8]! ^= 1;
    expect(bad(f.ethernet(fragments[1]!))).toBe(true);
  });
  it('of a cut packet counts as right', () => {
    const frame = f.ethernet(f.ipv4({}, f.tcp({ payload, checksum: 0x1234 })));
    expect(bad(frame)).toBe(true);
    expect(bad(frame, { snapLength: frame.length - 1 })).toBe(false);
  });
  it('UDP without one passes, UDP-Lite without one does not', () => {
    expect(bad(f.ethernet(f.ipv4({}, f.udp({ payload, checksum: 0 }))))).toBe(false);
    expect(bad(f.ethernet(f.ipv6({}, f.udp({ payload, checksum: 0 }))))).toBe(false);
    expect(bad(f.ethernet(f.ipv4({}, f.udpLite({ payload, checksum: 0 }))))).toBe(true);
  });
  it('UDP-Lite with a right checksum is wrong to Linux, which takes the number of UDP into it', () => {
    expect(bad(f.ethernet(f.ipv4({}, f.udpLite({ payload }))))).toBe(true);
    expect(bad(f.ethernet(f.ipv6({}, f.udpLite({ payload }))))).toBe(true);
    expect(bad(f.ethernet(f.ipv4({}, asUdp(f.udpLite({ payload })))))).toBe(false);
    expect(bad(f.ethernet(f.ipv6({}, asUdp(f.udpLite({ payload })))))).toBe(false);
  });
  it('UDP-Lite: only what is covered', () => {
    const frame = f.ethernet(f.ipv4({}, asUdp(f.udpLite({ coverage: 8, payload }))));
    frame[frame.length - 1]! ^= 1;
    expect(bad(frame)).toBe(false);
    frame[14 + 20]! ^= 1;
    expect(bad(frame)).toBe(true);
  });
  it('padding is not summed', () => {
    expect(bad(f.ethernet(f.ipv4({}, f.udp({ payload: f.text('a') })), { padding: 0xff }))).toBe(false);
  });
  it('of the inner packet, where a tunnel is opened', () => {
    expect(bad(f.ethernet(f.ipv4({}, f.vxlan(f.ethernet(f.ipv4({}, f.tcp()))))))).toBe(false);
    expect(bad(f.ethernet(f.ipv4({}, f.vxlan(f.ethernet(f.ipv4({}, f.tcp({ checksum: 1 })))))))).toBe(true);
  });
});
