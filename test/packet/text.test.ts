/** Addresses, protocols and flags in text. */
import fc from 'fast-check';
import { Address4, Address6 } from 'ip-address';
import { describe, expect, it } from 'vitest';
import { DST, FAMILY, SRC, STRIDE } from '../../src/packet/row.js';
import {
  addressText,
  addressWords,
  ipv4Text,
  ipv6Text,
  protocolNumber,
  protocolText,
  tcpFlagText,
} from '../../src/packet/text.js';

const textOf = (address: string): string | null => {
  const it = addressWords(address);
  if (it === null) return null;
  return it.family === 4 ? ipv4Text(it.words[0]) : ipv6Text(...it.words);
};

describe('addresses', () => {
  // RFC 5952 section 4, RFC 4291 section 2.2.
  it.each([
    ['2001:db8::1', '2001:db8::1'],
    ['2001:0db8:0:0:0:0:0:0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8::ABCD', '2001:db8::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['ff02::1:ff00:0', 'ff02::1:ff00:0'],
    ['::ffff:192.0.2.128', '::ffff:192.0.2.128'],
    ['::FFFF:c000:280', '::ffff:192.0.2.128'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['255.255.255.255', '255.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
  ])('%s is %s', (address, canonical) => {
    expect(textOf(address)).toBe(canonical);
  });
  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.0x4',
    '+1.2.3.4',
    '1.2.3.-4',
    '1..3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    'g::',
    '::1%eth0',
    '::1/64',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8::',
    `${'0'.repeat(50)}::1`,
  ])('%j is no address', address => {
    expect(addressWords(address)).toBeNull();
  });
  it('agrees with ip-address on any words', () => {
    const word = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), words => {
        const [a, b, c, d] = words.map(value => value | 0) as [number, number, number, number];
        expect(new Address4(ipv4Text(a)).bigInt()).toBe(BigInt(words[0]));
        const text = ipv6Text(a, b, c, d);
        const value = words.reduce((sum, next) => (sum << 32n) | BigInt(next), 0n);
        expect(new Address6(text).bigInt()).toBe(value);
        if (!text.includes('.')) expect(text).toBe(Address6.fromBigInt(value).correctForm());
        expect(addressWords(text)).toEqual({ family: 6, words: [a, b, c, d] });
        expect(addressWords(ipv4Text(a))).toEqual({ family: 4, words: [a, 0, 0, 0] });
      }),
      { numRuns: 2_000 },
    );
  });
  it('of a row', () => {
    const rows = new Int32Array(2 * STRIDE);
    rows[STRIDE + FAMILY] = 4;
    rows[STRIDE + SRC] = 0xc0a80001 | 0;
    rows[FAMILY] = 6;
    rows.set([0xfd000000 | 0, 0, 0, 1], DST);
    expect(addressText(rows, STRIDE, SRC)).toBe('192.168.0.1');
    expect(addressText(rows, 0, DST)).toBe('fd00::1');
    expect(addressText(new Int32Array(STRIDE), 0, SRC)).toBe('');
  });
});

describe('protocols and flags', () => {
  it('names both ways', () => {
    const names = { ICMP: 1, TCP: 6, UDP: 17, GRE: 47, ESP: 50, AH: 51, ICMPv6: 58, SCTP: 132, UDPLite: 136 };
    for (const [name, number] of Object.entries(names)) {
      expect(protocolText(number)).toBe(name);
      expect(protocolNumber(name)).toBe(number);
      expect(protocolNumber(name.toLowerCase())).toBe(number);
      expect(protocolNumber(`${number}`)).toBe(number);
    }
    expect(protocolText(89)).toBe('89');
    expect(protocolText(0)).toBe('0');
    expect(protocolText(-1)).toBe('');
    expect(protocolNumber('UDP-Lite')).toBe(136);
    for (const bad of ['256', '-1', '', 'TCPx', '06', '1e2']) expect(protocolNumber(bad), bad).toBeNull();
  });
  it('TCP flags', () => {
    expect(tcpFlagText(0x12)).toBe('SYN,ACK');
    expect(tcpFlagText(0)).toBe('none');
    expect(tcpFlagText(0xff)).toBe('FIN,SYN,RST,PSH,ACK,URG,ECE,CWR');
  });
});
