import { describe, expect, it } from 'vitest';
import { bytes, ethernet, ipv4, ipv6, segment, text, udp } from '../support/frames.js';
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
});
