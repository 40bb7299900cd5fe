import { describe, expect, it } from 'vitest';
import { OPTION_MALFORMED, OPTION_SACK, OPTION_SACK_PERMITTED } from '../../src/packet/row.js';
import { bytes, ethernet, ipv4, segment, tcp, tcpOptions } from '../support/frames.js';
import { parseOne } from './rows.js';

/** Ethernet, 802.3 MACs 02..02 <- 02..01. */
const MAC = '020000000002 020000000001';

describe('TCP', () => {
  // A SYN-ACK as a Linux 6 host sends it: MSS, SACK permitted, timestamps, window scale 7.
  const synAck = bytes(
    MAC,
    '0800',
    '4500 003c 0000 4000 4006 2291 0a000203 0a000102',
    '0050 9c40 11223344 aabbccdd a012 fe88 0000 0000',
    '0204 05b4 0402 080a 00000001 00000002 01 030307',
  );
  it('reads every field from literal bytes', () => {
    expect(parseOne(synAck)).toEqual({
      status: 'ok',
      family: 4,
      protocol: 6,
      src: '10.0.2.3',
      dst: '10.0.1.2',
      sport: 80,
      dport: 40000,
      icmp: [0, 0, 0],
      flags: 0x12,
      seq: 0x11223344,
      ack: 0xaabbccdd,
      window: 0xfe88,
      options: 0x108,
      sack: 0,
      payload: 0,
      fragment: 0,
      id: 0,
      l3: 14,
      l4: 34,
      end: 74,
      outer: -1,
      bits: 0,
      ttl: 64,
      tag: 0,
    });
  });
  it('a data offset below five or beyond the packet contradicts itself', () => {
    const broken = synAck.slice();
    broken[46] = 0x40;
    expect(parseOne(broken)).toMatchObject({ status: 'malformed', sport: 80, dport: 40000 });
    broken[46] = 0xb0;
    expect(parseOne(broken)).toMatchObject({ status: 'malformed' });
  });

  const options = (...parts: (string | Uint8Array)[]) =>
    parseOne(ethernet(ipv4({}, tcp({ flags: 'SA', ack: 0xfffffff0, options: bytes(...parts) }))));
  it('window scale: one more than the shift, 14 at most; only with length 3', () => {
    expect(options('03 03 00 00').options).toBe(1);
    expect(options('01 03 03 0e').options).toBe(15);
    expect(options('01 03 03 0f').options).toBe(15);
    expect(options('01 03 03 ff').options).toBe(15);
    expect(options('03 04 07 00').options).toBe(0);
  });
  it('SACK: the highest right edge, over the wrap; only whole blocks', () => {
    const edge = (...blocks: [number, number][]) => options(tcpOptions({ sack: blocks }));
    expect(edge([0xfffffff8, 0xfffffffc])).toMatchObject({ options: OPTION_SACK, sack: 0xfffffffc });
    expect(edge([0xfffffff8, 0xfffffffc], [0, 8], [0xfffffff4, 0xfffffff6])).toMatchObject({
      options: OPTION_SACK,
      sack: 8,
    });
    expect(edge([0x10, 0x20], [0, 8])).toMatchObject({ sack: 0x20 });
    expect(options('05 09 00000001 000002').options & OPTION_SACK).toBe(0);
    expect(options('05 02 01 01')).toMatchObject({ options: 0, sack: 0 });
  });
  it('permitted, and all together in any order', () => {
    expect(options('04 02 01 01').options).toBe(OPTION_SACK_PERMITTED);
    expect(options('04 03 00 01').options).toBe(0);
    expect(options(tcpOptions({ mss: 1460, scale: 2, sackPermitted: true, timestamps: [1, 2] })).options).toBe(
      OPTION_SACK_PERMITTED | 3,
    );
  });
  it('an option of no or too much length ends the list; what came before counts', () => {
    for (const end of ['08 00', '08 01', '08 ff'])
      expect(options('03 03 07', end, '04 02 01'), end).toMatchObject({
        status: 'ok',
        options: OPTION_MALFORMED | 8,
      });
    expect(options('03 03 07 08').options).toBe(OPTION_MALFORMED | 8);
    // End of list: what stands behind it is padding.
    expect(options('03 03 07 00 04 02 04 02').options).toBe(8);
  });
  it('the payload ends where the IP packet does', () => {
    expect(parseOne(ethernet(ipv4({}, tcp({ payload: bytes('616263') })), { padding: 0xff }))).toMatchObject({
      payload: 3,
      end: 57,
    });
  });
});

describe('UDP and UDP-Lite', () => {
  it('from literal bytes', () => {
    expect(
      parseOne(bytes(MAC, '0800 4500 001e abcd 0000 ff11 0000 7f000001 7f000002 d431 0035 000a 0000 6869')),
    ).toMatchObject({
      status: 'ok',
      protocol: 17,
      sport: 0xd431,
      dport: 53,
      payload: 2,
      id: 0xabcd,
      ttl: 255,
      src: '127.0.0.1',
      dst: '127.0.0.2',
    });
    const lite = (coverage: string) =>
      parseOne(bytes(MAC, '0800 4500 001e 0000 0000 4088 0000 7f000001 7f000002 d431 0035', coverage, '0000 6869'));
    for (const coverage of ['0000', '0008', '000a'])
      expect(lite(coverage)).toMatchObject({ status: 'ok', protocol: 136, dport: 53, payload: 2 });
    for (const coverage of ['0001', '0007', '000b', 'ffff'])
      expect(lite(coverage)).toMatchObject({ status: 'malformed', protocol: 136 });
  });
});

describe('SCTP and DCCP', () => {
  it('from literal bytes', () => {
    expect(
      parseOne(bytes(MAC, '0800 4500 0024 0000 0000 4084 0000 7f000001 7f000002 1388 1389 deadbeef 00000000 0b000004')),
    ).toMatchObject({
      status: 'ok',
      protocol: 132,
      sport: 5000,
      dport: 5001,
      tag: 0xdeadbeef,
      payload: 4,
    });
    const dccp = (offset: string, x: string) =>
      parseOne(
        bytes(
          MAC,
          '0800 4500 0028 0000 0000 4021 0000 7f000001 7f000002 1388 1389',
          offset,
          '000000',
          x,
          '00 0000 00000001 00000000',
        ),
      );
    expect(dccp('05', '01')).toMatchObject({ status: 'ok', protocol: 33, sport: 5000, dport: 5001, payload: 0 });
    expect(dccp('03', '00')).toMatchObject({ status: 'ok', payload: 8 });
    // Linux tracks DCCP by its addresses alone: what its header says of itself does not matter.
    expect(dccp('03', '01')).toMatchObject({ status: 'ok', protocol: 33 });
    expect(dccp('06', '01')).toMatchObject({ status: 'ok', protocol: 33 });
  });
});

describe('ICMP and ICMPv6', () => {
  const v4 = (message: string) => parseOne(bytes(MAC, '0800 4500 001c 0000 0000 4001 0000 7f000001 7f000002', message));
  it('identifiers of queries only', () => {
    for (const type of ['00', '08', '0d', '0e', '0f', '10', '11', '12'])
      expect(v4(`${type} 00 0000 1234 0001`)).toMatchObject({
        status: 'ok',
        protocol: 1,
        icmp: [Number.parseInt(type, 16), 0, 0x1234],
        payload: 0,
        sport: 0,
      });
    for (const type of ['03', '04', '05', '0b', '0c', '13', 'ff'])
      expect(v4(`${type} 07 0000 1234 0001`).icmp).toEqual([Number.parseInt(type, 16), 7, 0]);
  });
  it('ICMPv6', () => {
    const v6 = (message: string) =>
      parseOne(
        bytes(
          MAC,
          '86dd 60000000 0008 3a ff fe800000000000000000000000000001 ff020000000000000000000000000001',
          message,
        ),
      );
    expect(v6('80 00 0000 1234 0001')).toMatchObject({
      status: 'ok',
      protocol: 58,
      icmp: [128, 0, 0x1234],
      src: 'fe80::1',
      dst: 'ff02::1',
    });
    expect(v6('81 00 0000 1234 0001').icmp).toEqual([129, 0, 0x1234]);
    expect(v6('87 00 0000 1234 0001').icmp).toEqual([135, 0, 0]);
  });
  it('a message below eight bytes is none', () => {
    expect(
      parseOne(bytes(MAC, '0800 4500 001b 0000 0000 4001 0000 7f000001 7f000002 08 00 0000 1234 00')),
    ).toMatchObject({ status: 'malformed', icmp: [0, 0, 0] });
  });
});

describe('other protocols', () => {
  it('by number, without ports, even with nothing behind the header', () => {
    for (const protocol of [0, 2, 43, 59, 60, 89, 103, 112, 253, 255])
      for (const size of [0, 3, 40])
        expect(parseOne(ethernet(ipv4({}, segment(protocol, new Uint8Array(size).fill(0x11)))))).toMatchObject({
          status: 'ok',
          protocol,
          sport: 0,
          dport: 0,
          payload: size,
        });
  });
  it('AH and ESP: the security parameters index', () => {
    expect(
      parseOne(ethernet(ipv4({}, segment(51, bytes('0604 0000 00000101 00000001', new Uint8Array(12)))))),
    ).toMatchObject({ status: 'ok', protocol: 51, tag: 257, sport: 0 });
    expect(parseOne(ethernet(ipv4({}, segment(51, bytes('0604 0000 00000101 000000')))))).toMatchObject({
      status: 'ok',
      tag: 0,
    });
    expect(parseOne(ethernet(ipv4({}, segment(50, bytes('00000101 000000')))))).toMatchObject({
      status: 'ok',
      tag: 0,
    });
  });
});
