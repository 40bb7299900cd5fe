/** IPv6 extension header chains, fragments and jumbograms. */
import { describe, expect, it } from 'vitest';
import { FLAG_AUTH_HEADER, FLAG_EXTENSIONS, FRAG_ATOMIC, FRAG_LATER, FRAG_MORE } from '../../src/packet/row.js';
import * as f from '../support/frames.js';
import { parseOne } from './rows.js';

const segment = f.tcp({ sport: 4312, dport: 443 });
const ports = { sport: 4312, dport: 443 };
const none = { sport: 0, dport: 0 };
const read = (fields: f.Ipv6Fields, payload: f.Payload = segment) => parseOne(f.ethernet(f.ipv6(fields, payload)));

describe('the chain', () => {
  it.each([0, 43, 60])('header %i is stepped over', type => {
    for (const size of [0, 6, 14, 2038])
      expect(
        read({
          extensions: [
            f.extension(type, f.bytes(1, Math.max(0, Math.min(size - 2, 255)), new Uint8Array(Math.max(0, size - 2)))),
          ],
        }),
      ).toMatchObject({ status: 'ok', protocol: 6, ...ports, bits: FLAG_EXTENSIONS });
  });
  it('authentication header: stepped over, its index kept', () => {
    expect(read({ extensions: [f.extension(0), f.authHeader(0xcafe)] })).toMatchObject({
      status: 'ok',
      protocol: 6,
      ...ports,
      tag: 0xcafe,
      bits: FLAG_EXTENSIONS | FLAG_AUTH_HEADER,
    });
  });
  it.each([
    [50, 0x01020304],
    [59, 0],
    [135, 0],
    [139, 0],
    [140, 0],
    [253, 0],
  ])('protocol %i ends it', (protocol, tag) => {
    const payload = f.bytes('01020304 00000001', new Uint8Array(16));
    expect(read({ extensions: [f.extension(60)], protocol }, payload)).toMatchObject({
      status: 'ok',
      protocol,
      ...none,
      tag,
    });
  });
  it('any length of chain is walked, eight bytes a step', () => {
    const extensions = Array.from({ length: 500 }, () => f.extension(60));
    expect(read({ extensions })).toMatchObject({ status: 'ok', protocol: 6, ...ports });
    // The same without an upper layer: it ends at the packet's end.
    expect(read({ extensions, protocol: 60 }, new Uint8Array(0))).toMatchObject({
      status: 'malformed',
      protocol: -1,
      ...none,
    });
  });
  it('an extension header longer than the packet contradicts it, whatever stands behind', () => {
    for (const type of [0, 43, 60]) {
      const packet = f.ipv6({ extensions: [f.extension(type, new Uint8Array(0), 200)] }, segment);
      expect(parseOne(f.ethernet(packet))).toMatchObject({ status: 'malformed', protocol: -1, ...none });
      expect(parseOne(f.bytes(f.ethernet(packet), new Uint8Array(2000)))).toMatchObject({
        status: 'malformed',
        ...none,
      });
    }
  });
  it('a payload length that ends within the chain or the ports', () => {
    const extensions = [f.extension(60)];
    expect(read({ extensions, payloadLength: 4 })).toMatchObject({ status: 'malformed', protocol: -1, ...none });
    expect(read({ extensions, payloadLength: 8 })).toMatchObject({ status: 'malformed', protocol: 6, ...none });
    expect(read({ extensions, payloadLength: 11 })).toMatchObject({ status: 'malformed', protocol: 6, ...none });
    expect(read({ extensions, payloadLength: 29 })).toMatchObject({ status: 'malformed' });
  });
});

describe('fragments', () => {
  it('atomic: whole', () => {
    expect(read({ extensions: [f.fragmentHeader({ id: 0xfeedface })] })).toMatchObject({
      status: 'ok',
      protocol: 6,
      ...ports,
      fragment: FRAG_ATOMIC,
      id: 0xfeedface,
    });
  });
  it('first and later', () => {
    const [first, second, third] = f.fragment6(f.ipv6({}, f.udp({ dport: 53, payload: new Uint8Array(100) })), 48, 7);
    expect(parseOne(f.ethernet(first!))).toMatchObject({
      status: 'ok',
      protocol: 17,
      dport: 53,
      fragment: FRAG_MORE,
      id: 7,
    });
    expect(parseOne(f.ethernet(second!))).toMatchObject({
      status: 'ok',
      protocol: 17,
      dport: 0,
      fragment: (6 << 4) | FRAG_LATER | FRAG_MORE,
      payload: 48,
    });
    expect(parseOne(f.ethernet(third!))).toMatchObject({
      status: 'ok',
      dport: 0,
      fragment: (12 << 4) | FRAG_LATER,
      payload: 12,
    });
  });
  it('a later fragment’s payload is never read as a header', () => {
    const later = f.ipv6(
      { extensions: [f.fragmentHeader({ offset: 1, id: 7 })], protocol: 60 },
      f.bytes('06ff 1111 2222 3333'),
    );
    expect(parseOne(f.ethernet(later))).toMatchObject({ status: 'ok', protocol: 60, ...none });
  });
  it('a first fragment may end within the chain: cut, not contradictory', () => {
    const extensions = [f.fragmentHeader({ more: true }), f.extension(60, new Uint8Array(0), 5)];
    expect(read({ extensions }, new Uint8Array(0))).toMatchObject({
      status: 'truncated',
      protocol: -1,
      fragment: FRAG_MORE,
    });
  });
});

describe('jumbograms and offload', () => {
  const big = f.tcp({ ...ports, payload: new Uint8Array(70_000) });
  const jumbo = (length: number): f.Extension =>
    f.extension(0, f.bytes(0xc2, 4, (length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255));
  it('the option’s length counts', () => {
    expect(read({ extensions: [jumbo(70_028)], payloadLength: 0 }, big)).toMatchObject({
      status: 'ok',
      ...ports,
      payload: 70_000,
    });
    expect(
      parseOne(f.ethernet(f.ipv6({ extensions: [jumbo(70_028)], payloadLength: 0 }, big)), { snapLength: 128 }),
    ).toMatchObject({ status: 'ok', ...ports, payload: 70_000 });
  });
  it('not more than the frame, not below 65,536, not with a payload length, not missing', () => {
    expect(read({ extensions: [jumbo(70_029)], payloadLength: 0 }, big)).toMatchObject({
      status: 'malformed',
      ...none,
    });
    expect(read({ extensions: [jumbo(65_535)], payloadLength: 0 }, big)).toMatchObject({
      status: 'malformed',
      ...none,
    });
    expect(read({ extensions: [jumbo(0xffffffff)], payloadLength: 0 }, big)).toMatchObject({
      status: 'malformed',
      ...none,
    });
    expect(read({ extensions: [jumbo(70_028)], payloadLength: 100 }, big)).toMatchObject({
      status: 'malformed',
      ...none,
    });
    expect(read({ extensions: [f.extension(0)], payloadLength: 0 }, big)).toMatchObject({
      status: 'malformed',
      ...none,
    });
  });
  it('payload length 0 in a large TCP packet is segmentation left to the card; in a small one it is wrong', () => {
    expect(read({ payloadLength: 0 }, big)).toMatchObject({ status: 'ok', ...ports, payload: 70_000 });
    expect(read({ payloadLength: 0 })).toMatchObject({ status: 'malformed', ...none });
    expect(read({ payloadLength: 0, protocol: 59 }, new Uint8Array(100))).toMatchObject({
      status: 'ok',
      protocol: 59,
      payload: 0,
    });
  });
  it('UDP above 65,535 bytes has no length', () => {
    const udp = f.udp({ dport: 53, length: 0, payload: new Uint8Array(70_000) });
    expect(read({ extensions: [jumbo(70_016)], payloadLength: 0 }, udp)).toMatchObject({
      status: 'ok',
      dport: 53,
      payload: 70_000,
    });
  });
});
