/** Link layers from literal bytes. */
import { describe, expect, it } from 'vitest';
import { bytes } from '../support/frames.js';
import { parseOne } from './rows.js';

const MAC = '020000000002 020000000001';
/** 10.0.1.2:4312 > 10.0.2.3:53, UDP, 4 bytes of payload. */
const V4 = '4500 0020 0001 0000 4011 0000 0a000102 0a000203 10d8 0035 000c 0000 61626364';
/** fd00::1 port 4312 > fd00::2 port 53. */
const V6 =
  '60000000 000c 11 40 fd000000000000000000000000000001 fd000000000000000000000000000002 10d8 0035 000c 0000 61626364';
const is4 = {
  status: 'ok',
  family: 4,
  src: '10.0.1.2',
  dst: '10.0.2.3',
  protocol: 17,
  sport: 4312,
  dport: 53,
  payload: 4,
};
const is6 = {
  status: 'ok',
  family: 6,
  src: 'fd00::1',
  dst: 'fd00::2',
  protocol: 17,
  sport: 4312,
  dport: 53,
  payload: 4,
};
const notIp = { status: 'not-ip', family: 0, protocol: -1, src: '', sport: 0, dport: 0, l3: 0, end: 0, payload: 0 };

const read = (linkType: number, ...parts: (string | number)[]) => parseOne(bytes(...parts), { linkType });
const eth = (...parts: string[]) => read(1, MAC, ...parts);

describe('Ethernet', () => {
  it('II', () => {
    expect(eth('0800', V4)).toMatchObject({ ...is4, l3: 14, l4: 34, end: 46 });
    expect(eth('86dd', V6)).toMatchObject({ ...is6, l3: 14, l4: 54, end: 66 });
  });
  it.each(['0806', '88cc', '8863', '8809', '05ff', '0600', '8100 0001 0806'])('type %s is not IP', type => {
    expect(eth(type, V4)).toMatchObject(notIp);
  });
  it('802.1Q, 802.1ad and 0x9100, nested', () => {
    expect(eth('8100 2005 0800', V4)).toMatchObject({ ...is4, l3: 18 });
    expect(eth('88a8 0001 8100 0002 86dd', V6)).toMatchObject({ ...is6, l3: 22 });
    expect(eth('9100 0001 9100 0002 8100 0003 0800', V4)).toMatchObject({ ...is4, l3: 26 });
    expect(eth('8100 0001'.repeat(12), '0800', V4)).toMatchObject(is4);
  });
  it('tags without an end are bounded by the frame', () => {
    expect(eth('8100 0001'.repeat(300))).toMatchObject({ status: 'malformed', sport: 0 });
  });
  it('802.3 with SNAP: the length ends the packet', () => {
    expect(eth('0028 aaaa03 000000 0800', V4)).toMatchObject({ ...is4, l3: 22 });
    expect(eth('0028 aaaa03 0000f8 0800', V4)).toMatchObject(is4);
    expect(eth('0028 aaaa03 000000 0800', V4, 'ffffffff')).toMatchObject({ ...is4, end: 54 });
    // 802.1Q in front of the length, and an EtherType behind SNAP that is a tag again.
    expect(eth('8100 0001 0028 aaaa03 000000 0800', V4)).toMatchObject(is4);
    expect(eth('002c aaaa03 000000 8100 0001 0800', V4)).toMatchObject(is4);
    // A length that ends within the packet, and one beyond the frame.
    expect(eth('0027 aaaa03 000000 0800', V4)).toMatchObject({ status: 'malformed' });
    expect(eth('0029 aaaa03 000000 0800', V4)).toMatchObject({ status: 'malformed' });
  });
  it('other LLC is not IP', () => {
    expect(eth('0026 424203', V4)).toMatchObject(notIp); // spanning tree
    expect(eth('0028 aaaa03 00000c 2000', V4)).toMatchObject(notIp); // CDP
    expect(eth('0003 060603', V4)).toMatchObject({ status: 'malformed', family: 0 }); // IP by its SAP, but no byte of it
    expect(eth('0023 060603', V4)).toMatchObject(is4);
    expect(eth('0000')).toMatchObject(notIp);
  });
  it('MPLS: down to the bottom label, then by the version', () => {
    expect(eth('8847 00064140', V4)).toMatchObject({ ...is4, l3: 18 });
    expect(eth('8848 00064040 000c8140', V6)).toMatchObject({ ...is6, l3: 22 });
    expect(eth('8847 00064140 00000000', MAC, '0800', V4)).toMatchObject(notIp); // a pseudowire's control word
    expect(eth('8847', '00064040'.repeat(50))).toMatchObject({ status: 'malformed', family: 0 });
  });
  it('PPPoE session: its length ends the packet', () => {
    expect(eth('8864 11 00 0001 0022 0021', V4)).toMatchObject({ ...is4, l3: 22 });
    expect(eth('8864 11 00 0001 0036 0057', V6, 'ffff')).toMatchObject({ ...is6, end: 74 });
    expect(eth('8864 11 00 0001 0022 c021', V4)).toMatchObject(notIp); // LCP
    expect(eth('8864 11 00 0001 0021 0021', V4)).toMatchObject({ status: 'malformed' });
    expect(eth('8864 11 00 0001 0023 0021', V4)).toMatchObject({ status: 'malformed', family: 0 });
    expect(eth('8864 11 00 0001 0001 0021', V4)).toMatchObject({ status: 'malformed', family: 0 });
  });
});

describe('Linux cooked', () => {
  it('version 1', () => {
    expect(read(113, '0000 0001 0006 020000000001 0000 0800', V4)).toMatchObject({ ...is4, l3: 16 });
    expect(read(113, '0004 0304 0006 000000000000 0000 86dd', V6)).toMatchObject({ ...is6, l3: 16 });
    expect(read(113, '0000 0001 0006 020000000001 0000 8100 0005 0800', V4)).toMatchObject(is4);
    expect(read(113, '0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800', V4)).toMatchObject(is4);
    expect(read(113, '0000 0001 0006 020000000001 0000 0806', V4)).toMatchObject(notIp);
    expect(read(113, '0000 0338 0000 0000000000000000 0800', V4)).toMatchObject(notIp); // netlink
    expect(read(113, '0000 0118 0000 0000000000000000 000c', V4)).toMatchObject(notIp); // CAN
  });
  it('version 2', () => {
    expect(read(276, '0800 0000 00000003 0001 04 06 020000000001 0000', V4)).toMatchObject({ ...is4, l3: 20 });
    expect(read(276, '86dd 0000 00000003 0001 00 06 020000000001 0000', V6)).toMatchObject({ ...is6, l3: 20 });
    expect(read(276, '0806 0000 00000003 0001 00 06 020000000001 0000', V4)).toMatchObject(notIp);
  });
});

describe('BSD loopback and raw IP', () => {
  it('null in both byte orders, with every system’s IPv6 family', () => {
    expect(read(0, '02000000', V4)).toMatchObject({ ...is4, l3: 4 });
    expect(read(0, '00000002', V4)).toMatchObject(is4);
    for (const family of ['0a', '17', '18', '1c', '1e']) {
      expect(read(0, `${family}000000`, V6)).toMatchObject(is6);
      expect(read(0, `000000${family}`, V6)).toMatchObject(is6);
    }
    expect(read(0, '07000000', V4)).toMatchObject(notIp);
  });
  it('loop', () => {
    expect(read(108, '00000002', V4)).toMatchObject(is4);
    expect(read(108, '00000018', V6)).toMatchObject(is6);
  });
  it('raw', () => {
    for (const linkType of [12, 14, 101]) {
      expect(read(linkType, V4)).toMatchObject({ ...is4, l3: 0 });
      expect(read(linkType, V6)).toMatchObject({ ...is6, l3: 0 });
      expect(read(linkType, '50', V4)).toMatchObject({ status: 'malformed', family: 0 });
    }
    expect(read(228, V4)).toMatchObject(is4);
    expect(read(228, V6)).toMatchObject({ status: 'malformed', family: 0 });
    expect(read(229, V6)).toMatchObject(is6);
    expect(read(229, V4)).toMatchObject({ status: 'malformed', family: 0 });
  });
  it('a link type nobody reads is not IP', () => {
    for (const linkType of [105, 127, 195, 65535]) expect(read(linkType, V4)).toMatchObject(notIp);
  });
});
