/** Packets quoted in ICMP errors. */
import { describe, expect, it } from 'vitest';
import { parseQuoted } from '../../src/packet/quoted.js';
import { END, L4, STRIDE } from '../../src/packet/row.js';
import * as f from '../support/frames.js';
import { parseOne, type ReadRow, readRow } from './rows.js';

function quote(packet: Uint8Array, length = packet.length, family = packet[0]! >> 4): ReadRow {
  const bytes = f.bytes(new Uint8Array(100).fill(0x45), packet, new Uint8Array(20).fill(0x99));
  const rows = new Int32Array(STRIDE).fill(0x55555555);
  parseQuoted(bytes, 100, 100 + length, family, rows, 0);
  return readRow(rows, 0);
}
const segment = f.tcp({ sport: 4312, dport: 443, seq: 9, payload: new Uint8Array(1000) });

describe('a quoted packet', () => {
  it('needs the four bytes of the ports, whatever length it claims', () => {
    const packet = f.ipv4({ src: '10.0.1.2', dst: '10.0.2.3' }, segment);
    for (let length = 0; length <= 60; length++) {
      const row = quote(packet, length);
      expect(row.status, `${length}`).toBe(length >= 24 ? 'ok' : 'truncated');
      expect([row.sport, row.dport]).toEqual(length >= 24 ? [4312, 443] : [0, 0]);
      expect(row.src).toBe(length >= 20 ? '10.0.1.2' : '');
    }
    for (const totalLength of [0, 1, 20, 65535])
      expect(quote(f.ipv4({ totalLength }, segment), 28)).toMatchObject({
        status: 'ok',
        sport: 4312,
        l3: 100,
        l4: 120,
        end: 128,
      });
  });
  it('IPv6 with its chain; options of IPv4', () => {
    const packet = f.ipv6({ extensions: [f.extension(0), f.fragmentHeader({ id: 3 })] }, segment);
    for (let length = 0; length <= 80; length++) expect(quote(packet, length).sport).toBe(length >= 60 ? 4312 : 0);
    expect(quote(f.ipv4({ options: new Uint8Array(8).fill(1) }, segment), 32)).toMatchObject({
      status: 'ok',
      sport: 4312,
      l4: 128,
    });
    expect(quote(f.ipv4({ options: new Uint8Array(8).fill(1) }, segment), 27)).toMatchObject({
      status: 'truncated',
      sport: 0,
    });
  });
  it('ICMP needs its eight bytes, other protocols none', () => {
    expect(quote(f.ipv4({}, f.icmp({ id: 77 })), 28)).toMatchObject({ status: 'ok', icmp: [8, 0, 77] });
    expect(quote(f.ipv4({}, f.icmp({ id: 77 })), 27)).toMatchObject({ status: 'truncated', icmp: [0, 0, 0] });
    expect(quote(f.ipv6({}, f.icmpv6({ id: 78 })))).toMatchObject({ status: 'ok', icmp: [128, 0, 78] });
    expect(quote(f.ipv4({}, f.segment(89, new Uint8Array(0))))).toMatchObject({ status: 'ok', protocol: 89 });
    for (const s of [f.udp({ sport: 1, dport: 2 }), f.udpLite({ sport: 1, dport: 2 }), f.sctp({ sport: 1, dport: 2 })])
      expect(quote(f.ipv4({}, s), 24)).toMatchObject({ status: 'ok', protocol: s.protocol, sport: 1, dport: 2 });
  });
  it('a later fragment names no connection', () => {
    const [, later] = f.fragment4(f.ipv4({}, segment), 512);
    expect(quote(later!)).toMatchObject({ status: 'ok', fragment: (64 << 4) | 2, sport: 0 });
  });
  it("is of the error's family, whatever version or header length it claims, as Linux takes it", () => {
    const four = f.ipv4({ src: '10.0.1.2' }, segment);
    four[0] = 0xb5;
    expect(quote(four, 28, 4)).toMatchObject({ status: 'ok', family: 4, src: '10.0.1.2', sport: 4312 });
    const six = f.ipv6({ src: 'fd00::2' }, segment);
    six[0] = 0x30;
    expect(quote(six, 48, 6)).toMatchObject({ status: 'ok', family: 6, src: 'fd00::2', sport: 4312 });
    const short = f.ipv4({ src: '10.0.1.2', dst: '10.0.2.3', headerWords: 4 }, segment);
    // The ports are then read from the destination address.
    expect(quote(short)).toMatchObject({ status: 'ok', l4: 116, sport: 0x0a00, dport: 0x0203 });
  });
  it('of DCCP needs nothing behind its addresses', () => {
    expect(quote(f.ipv4({}, f.dccp({ sport: 1, dport: 2 })), 20)).toMatchObject({
      status: 'ok',
      protocol: 33,
      sport: 0,
    });
  });
  it('is where a parsed error says', () => {
    const frame = f.ethernet(f.ipv4({}, f.icmpError(f.ipv4({ src: '1.1.1.1' }, segment).subarray(0, 28))));
    const row = parseOne(frame);
    const rows = new Int32Array(STRIDE);
    parseQuoted(frame, row.l4 + 8, row.end, 4, rows, 0);
    expect(readRow(rows, 0)).toMatchObject({ status: 'ok', src: '1.1.1.1', sport: 4312, dport: 443 });
    expect([rows[L4], rows[END]]).toEqual([14 + 20 + 8 + 20, frame.length]);
  });
});
