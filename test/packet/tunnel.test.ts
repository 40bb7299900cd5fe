/** Tunnels: what is opened, what is not, and what the outside looks like. */
import { describe, expect, it } from 'vitest';
import { describeOuter } from '../../src/packet/outer.js';
import { FLAG_DARK } from '../../src/packet/row.js';
import * as f from '../support/frames.js';
import { parseOne } from './rows.js';

const segment = f.tcp({ sport: 4312, dport: 443 });
const p4 = f.ipv4({ src: '10.0.1.2', dst: '10.0.2.3' }, segment);
const p6 = f.ipv6({ src: 'fd00::1', dst: 'fd00::2' }, segment);
const nodes = { src: '192.168.0.1', dst: '192.168.0.2' };
const nodes6 = { src: '2001:db8::1', dst: '2001:db8::2' };
const inner4 = {
  status: 'ok',
  family: 4,
  src: '10.0.1.2',
  dst: '10.0.2.3',
  protocol: 6,
  sport: 4312,
  dport: 443,
  outer: 14,
};
const inner6 = {
  status: 'ok',
  family: 6,
  src: 'fd00::1',
  dst: 'fd00::2',
  protocol: 6,
  sport: 4312,
  dport: 443,
  outer: 14,
};
const between = (segment: f.Payload): Uint8Array => f.ethernet(f.ipv4(nodes, segment));
const outside = (frame: Uint8Array, l3 = 14) => describeOuter(f.batchOf([frame]).batch, 0, l3);
/** Judged as the packet between the nodes. */
const unopened = (protocol: number) => ({ status: 'ok', family: 4, src: '192.168.0.1', protocol, outer: -1 });

const erspan2 = f.gre(f.bytes('1000 0001 00000000', f.ethernet(p4)), { type: 0x88be, seq: 1 });
const cases: [string, Uint8Array, object, object][] = [
  ['VXLAN', between(f.vxlan(f.ethernet(p4), { vni: 42 })), inner4, { ...nodes, tunnel: 'VXLAN', vni: 42 }],
  [
    'VXLAN, Linux port',
    between(f.vxlan(f.ethernet(p6), { dport: 8472 })),
    inner6,
    { ...nodes, tunnel: 'VXLAN', vni: 1 },
  ],
  [
    'VXLAN with group policy',
    between(f.vxlan(f.ethernet(p4), { flags: 0x88 })),
    inner4,
    { ...nodes, tunnel: 'VXLAN', vni: 1 },
  ],
  [
    'VXLAN in IPv6, inner VLAN',
    f.ethernet(f.ipv6(nodes6, f.vxlan(f.ethernet(p4, { vlans: [7] })))),
    inner4,
    { ...nodes6, tunnel: 'VXLAN', vni: 1 },
  ],
  [
    'Geneve',
    between(f.geneve(f.ethernet(p6), { vni: 0xabcdef, options: new Uint8Array(252) })),
    inner6,
    { ...nodes, tunnel: 'Geneve', vni: 0xabcdef },
  ],
  ['Geneve without Ethernet', between(f.geneve(p4, { type: 0x0800 })), inner4, { ...nodes, tunnel: 'Geneve', vni: 1 }],
  ['IPIP', between(f.inIp(p4)), inner4, { ...nodes, tunnel: 'IPIP' }],
  ['6in4', between(f.inIp(p6)), inner6, { ...nodes, tunnel: '6in4' }],
  ['4in6', f.ethernet(f.ipv6(nodes6, f.inIp(p4))), inner4, { ...nodes6, tunnel: '4in6' }],
  [
    '6in6 behind destination options',
    f.ethernet(f.ipv6({ ...nodes6, extensions: [f.extension(60)] }, f.inIp(p6))),
    inner6,
    { ...nodes6, tunnel: '6in6' },
  ],
  ['GRE', between(f.gre(p4, { type: 0x0800 })), inner4, { ...nodes, tunnel: 'GRE' }],
  [
    'GRE with all fields',
    between(f.gre(p6, { type: 0x86dd, checksum: true, key: 0xfffffff0, seq: 3 })),
    inner6,
    { ...nodes, tunnel: 'GRE', key: 0xfffffff0 },
  ],
  ['GRE-TEB', between(f.gre(f.ethernet(p4), { type: 0x6558 })), inner4, { ...nodes, tunnel: 'GRE' }],
  [
    'GRE with MPLS',
    between(f.gre(f.bytes(f.mplsStack([16]), p4), { type: 0x8847 })),
    inner4,
    { ...nodes, tunnel: 'GRE' },
  ],
  ['ERSPAN I', between(f.gre(f.ethernet(p4), { type: 0x88be })), inner4, { ...nodes, tunnel: 'ERSPAN' }],
  ['ERSPAN II', between(erspan2), inner4, { ...nodes, tunnel: 'ERSPAN' }],
  [
    'ERSPAN III',
    between(f.gre(f.bytes('2000 0001 00000000 0000 0000', f.ethernet(p6)), { type: 0x22eb, seq: 1 })),
    inner6,
    { ...nodes, tunnel: 'ERSPAN' },
  ],
  [
    'ERSPAN III with subheader',
    between(f.gre(f.bytes('2000 0001 00000000 0000 0001 0000000000000000', f.ethernet(p6)), { type: 0x22eb, seq: 1 })),
    inner6,
    { ...nodes, tunnel: 'ERSPAN' },
  ],
];

describe('opened', () => {
  it.each(cases)('%s', (_name, frame, inner, outer) => {
    expect(parseOne(frame)).toMatchObject(inner);
    expect(outside(frame)).toEqual(outer);
    expect(parseOne(frame, { tunnels: false })).toMatchObject({
      status: 'ok',
      outer: -1,
      src: (outer as { src: string }).src,
    });
  });
  it('what is inside decides: not IP, malformed, truncated', () => {
    expect(parseOne(between(f.vxlan(f.arp())))).toMatchObject({ status: 'not-ip', family: 0, protocol: -1, outer: 14 });
    const bad = f.ipv4({}, f.tcp({ dataOffset: 3 }));
    expect(parseOne(between(f.vxlan(f.ethernet(bad))))).toMatchObject({
      status: 'malformed',
      family: 4,
      dport: 80,
      outer: 14,
    });
    const frame = between(f.vxlan(f.ethernet(p4)));
    expect(parseOne(frame, { snapLength: 70 })).toMatchObject({ status: 'truncated', family: 0, sport: 0, outer: 14 });
    // Even the tunnel's own header may be cut.
    expect(parseOne(frame, { snapLength: 46 })).toMatchObject({ status: 'truncated', family: 0, sport: 0, outer: 14 });
  });
  it('tunnels in tunnels, eight deep and no more', () => {
    const nest = (depth: number): Uint8Array => {
      let packet = p4;
      for (let i = depth; i > 0; i--) packet = f.ipv4({ src: `172.16.0.${i}`, dst: '172.16.1.1' }, f.inIp(packet));
      return f.ethernet(packet);
    };
    expect(parseOne(nest(8))).toMatchObject(inner4);
    expect(parseOne(nest(9))).toMatchObject({ status: 'ok', src: '172.16.0.9', protocol: 4, outer: 14 });
    expect(parseOne(nest(60))).toMatchObject({ status: 'ok', src: '172.16.0.9', protocol: 4, outer: 14 });
  });
});

describe('not opened', () => {
  it('a VXLAN port used by something else', () => {
    for (const flags of [0, 1, 0x18, 0xff])
      expect(parseOne(between(f.vxlan(f.ethernet(p4), { flags }))), `${flags}`).toMatchObject({
        ...unopened(17),
        dport: 4789,
      });
    expect(parseOne(between(f.udp({ dport: 4789, payload: f.text('08') })))).toMatchObject(unopened(17));
    expect(
      parseOne(between(f.udp({ dport: 4789, payload: f.bytes('08000000 00000101', f.ethernet(p4)) }))),
    ).toMatchObject(unopened(17));
    // A right header, but no frame behind it.
    expect(parseOne(between(f.vxlan(f.bytes('0102030405'))))).toMatchObject({
      ...unopened(17),
      dport: 4789,
      payload: 13,
    });
    expect(parseOne(between(f.vxlan(f.ethernet(f.bytes('35'), { type: 0x0800 }))))).toMatchObject(unopened(17));
  });
  it('an answer from a VXLAN port, and other ports', () => {
    expect(parseOne(between(f.vxlan(f.ethernet(p4), { sport: 4789, dport: 49152 })))).toMatchObject(unopened(17));
    expect(parseOne(between(f.vxlan(f.ethernet(p4), { dport: 4790 })))).toMatchObject(unopened(17));
  });
  it('Geneve control messages, other versions and payloads', () => {
    const with2 = (first: number, second: number, type = '6558'): f.Segment =>
      f.udp({ dport: 6081, payload: f.bytes(first, second, type, '00000100', f.ethernet(p4)) });
    expect(parseOne(between(with2(0, 0)))).toMatchObject(inner4);
    expect(parseOne(between(with2(0x40, 0)))).toMatchObject(unopened(17));
    expect(parseOne(between(with2(0, 0x80)))).toMatchObject(unopened(17));
    expect(parseOne(between(with2(0, 0, '8848')))).toMatchObject(unopened(17));
    expect(parseOne(between(with2(0x3f, 0)))).toMatchObject(unopened(17));
  });
  it('GRE of PPTP, with source routing, with other payloads; its key is kept', () => {
    expect(parseOne(between(f.segment(47, f.bytes('3001 880b 0010 1234 00000001', new Uint8Array(16)))))).toMatchObject(
      { ...unopened(47), tag: 0x1234 },
    );
    expect(parseOne(between(f.gre(f.bytes('00000000', p4), { type: 0x0800, flags: 0x4000 })))).toMatchObject(
      unopened(47),
    );
    expect(parseOne(between(f.gre(p4, { type: 0x0806, key: 77 })))).toMatchObject({ ...unopened(47), tag: 77 });
    // Its header is cut short: no tunnel, but still a packet between two addresses.
    expect(parseOne(between(f.segment(47, f.bytes('2000 0800 0000'))))).toMatchObject(unopened(47));
    expect(parseOne(between(f.segment(47, f.bytes('20'))))).toMatchObject(unopened(47));
  });
  it('protocol 4 and 41 without a packet of theirs', () => {
    expect(parseOne(between(f.segment(4, new Uint8Array(0))))).toMatchObject(unopened(4));
    expect(parseOne(between(f.segment(4, p6)))).toMatchObject(unopened(4));
    expect(parseOne(between(f.segment(41, p4)))).toMatchObject(unopened(41));
  });
  it('fragments of an outer packet', () => {
    const big = f.ethernet(f.ipv4({}, f.udp({ payload: new Uint8Array(500) })));
    for (const part of f.fragment4(f.ipv4(nodes, f.vxlan(big)), 256))
      expect(parseOne(f.ethernet(part))).toMatchObject({ ...unopened(17) });
    // Inside, fragments are fragments of the inner packet.
    const [, later] = f.fragment4(f.ipv4({}, f.udp({ payload: new Uint8Array(500) })), 256);
    expect(parseOne(between(f.vxlan(f.ethernet(later!))))).toMatchObject({
      status: 'ok',
      outer: 14,
      fragment: (32 << 4) | 2,
      dport: 0,
    });
  });
});

describe('dark', () => {
  const wireguard = (type: number, size: number, ports: f.UdpFields): f.Segment =>
    f.udp({ ...ports, payload: f.bytes(type, 0, 0, 0, new Uint8Array(size - 4)) });
  it('WireGuard by port, type and length', () => {
    for (const [type, size] of [
      [1, 148],
      [2, 92],
      [3, 64],
      [4, 32],
      [4, 1440],
    ] as const)
      for (const ports of [{ dport: 51820 }, { sport: 51871, dport: 9 }])
        expect(parseOne(between(wireguard(type, size, ports))), `${type} ${size}`).toMatchObject({
          ...unopened(17),
          bits: FLAG_DARK,
        });
    for (const [type, size] of [
      [0, 32],
      [1, 147],
      [2, 93],
      [3, 63],
      [4, 31],
      [4, 33],
      [5, 32],
    ] as const)
      expect(parseOne(between(wireguard(type, size, { dport: 51820 }))), `${type} ${size}`).toMatchObject({
        ...unopened(17),
        bits: 0,
      });
    expect(parseOne(between(wireguard(4, 64, { dport: 51822 })))).toMatchObject({ bits: 0 });
  });
  it('ESP, and ESP in UDP but not IKE', () => {
    expect(parseOne(between(f.segment(50, f.bytes('fedcba98 00000001', new Uint8Array(32)))))).toMatchObject({
      ...unopened(50),
      tag: 0xfedcba98,
      bits: FLAG_DARK,
    });
    expect(
      parseOne(between(f.udp({ dport: 4500, payload: f.bytes('fedcba98 00000001', new Uint8Array(32)) }))),
    ).toMatchObject({ bits: FLAG_DARK });
    expect(parseOne(between(f.udp({ dport: 4500, payload: f.bytes('00000000', new Uint8Array(32)) })))).toMatchObject({
      bits: 0,
    });
    expect(parseOne(between(f.udp({ dport: 4500, payload: f.bytes('ff') })))).toMatchObject({ bits: 0 });
  });
});
