/** Header fields of every shipped capture, and of frames built here, equal tshark's. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as f from '../support/frames.js';
import { compareWithTshark, hasTshark } from '../support/tshark.js';

const root = new URL('../..', import.meta.url).pathname;
const captures = ['pcaps', 'examples'].flatMap(collection =>
  readdirSync(join(root, collection), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(root, collection, name)).map(file => join(collection, name, file)))
    .filter(path => /\.(pcap|pcapng)(\.gz|\.zst)?$/.test(path)),
);

const options = f.tcpOptions({ mss: 1460, scale: 7, sackPermitted: true, timestamps: [1, 2] });
const segment = f.tcp({ flags: 'SA', seq: 0xfffffff0, ack: 5, options, payload: f.text('hello') });
const sack = f.tcp({
  flags: 'A',
  ack: 1,
  options: f.tcpOptions({
    timestamps: [3, 4],
    sack: [
      [10, 20],
      [30, 40],
    ],
  }),
});
const p4 = f.ipv4({ id: 0x1234, ttl: 63 }, segment);
const p6 = f.ipv6({ hopLimit: 62 }, segment);
const chain = [
  f.extension(0),
  f.extension(43, f.bytes(0, 0, 0, 0, 0, 0)),
  f.extension(60, f.bytes(1, 4, 0, 0, 0, 0)),
  f.authHeader(77),
];
const transports: f.Segment[] = [
  segment,
  sack,
  f.udp({ dport: 9, payload: f.text('abc') }),
  f.udpLite({ dport: 9, coverage: 8, payload: f.text('abc') }),
  f.sctp({ tag: 0xdeadbeef, chunks: [f.chunk(1, 0, f.sctpInit(5))] }),
  f.dccp(),
  f.segment(50, f.bytes('11223344 00000001', new Uint8Array(32))),
  f.segment(89, new Uint8Array(24)),
  f.segment(47, f.bytes('2000 0000 00000007', new Uint8Array(8))),
];
const v4 = [
  ...transports,
  f.icmp({ id: 0x4321 }),
  f.icmp({ type: 13, payload: new Uint8Array(12) }),
  f.icmpError(p4.subarray(0, 28)),
  f.icmpError(p4, { type: 11, code: 0 }),
];
const v6 = [
  ...transports,
  f.icmpv6({ id: 0x4321 }),
  f.icmpv6Error(p6),
  f.icmpv6({ type: 135, payload: new Uint8Array(20) }),
];

/** Frames by link type. */
const built: Record<string, [linkType: number, frames: Uint8Array[]]> = {
  'IPv4 transports': [1, v4.map(s => f.ethernet(f.ipv4({ src: '10.9.8.7', dst: '192.168.255.254' }, s)))],
  'IPv4 options': [1, v4.map(s => f.ethernet(f.ipv4({ options: f.bytes('9404 0000') }, s)))],
  'IPv6 transports': [1, v6.map(s => f.ethernet(f.ipv6({ src: '2001:db8::1:0:0:1', dst: '::ffff:1.2.3.4' }, s)))],
  'IPv6 extension chains': [1, v6.map(s => f.ethernet(f.ipv6({ extensions: chain }, s)))],
  'IPv6 atomic fragments': [1, v6.map(s => f.ethernet(f.ipv6({ extensions: [f.fragmentHeader({ id: 9 })] }, s)))],
  fragments: [
    1,
    [
      ...f.fragment4(f.ipv4({ id: 7 }, f.udp({ dport: 9, payload: new Uint8Array(3000) })), 1480),
      ...f.fragment6(f.ipv6({}, f.udp({ dport: 9, payload: new Uint8Array(3000) })), 1448, 0xfeedface),
      ...f.fragment4(
        f.ipv4({ id: 8 }, f.vxlan(f.ethernet(f.ipv4({}, f.udp({ dport: 9, payload: new Uint8Array(2000) }))))),
        1480,
      ),
    ].map(packet => f.ethernet(packet)),
  ],
  'VLANs and MPLS': [
    1,
    [
      f.ethernet(p4, { vlans: [5] }),
      f.ethernet(p6, { vlans: [[0x88a8, 6], 7] }),
      f.ethernet(p4, { vlans: [[0x9100, 6], 7] }),
      f.ethernet(p4, { mpls: [100] }),
      f.ethernet(p6, { mpls: [100, 200, 300] }),
      f.ethernet(p4, { vlans: [9], mpls: [16] }),
    ],
  ],
  'SNAP, PPPoE, ARP': [
    1,
    [f.snapFrame(p4), f.snapFrame(p6), f.pppoe(p4), f.pppoe(p6), f.arp(), f.ethernet(p4, { padding: 0xff })],
  ],
  VXLAN: [
    1,
    [
      ...v4.map(s => f.vxlan(f.ethernet(f.ipv4({ src: '1.2.3.4' }, s)), { vni: 42 })),
      ...v6.map(s => f.vxlan(f.ethernet(f.ipv6({}, s)), { dport: 8472 })),
    ].map(s => f.ethernet(f.ipv4({}, s))),
  ],
  'VXLAN in IPv6, ARP in VXLAN': [
    1,
    [f.ethernet(f.ipv6({}, f.vxlan(f.ethernet(p4)))), f.ethernet(f.ipv4({}, f.vxlan(f.arp())))],
  ],
  Geneve: [
    1,
    [
      f.ethernet(f.ipv4({}, f.geneve(f.ethernet(p4), { options: f.bytes('0102 80 01 00000000') }))),
      f.ethernet(f.ipv6({}, f.geneve(f.ethernet(p6)))),
      f.ethernet(f.ipv4({}, f.geneve(p4, { type: 0x0800 }))),
    ],
  ],
  'GRE and ERSPAN': [
    1,
    [
      f.gre(p4, { type: 0x0800 }),
      f.gre(p6, { type: 0x86dd, checksum: true, key: 9, seq: 3 }),
      f.gre(f.ethernet(p4), { type: 0x6558, key: 1 }),
      f.gre(f.bytes('1000 0001 00000000', f.ethernet(p4)), { type: 0x88be, seq: 1 }),
      f.gre(f.bytes('2000 0001 00000000 0000 0000', f.ethernet(p6)), { type: 0x22eb, seq: 1 }),
      f.gre(f.bytes('2000 0001 00000000 0000 0001 00000000 00000000', f.ethernet(p6)), { type: 0x22eb, seq: 1 }),
    ].map(s => f.ethernet(f.ipv4({}, s))),
  ],
  'IP in IP': [
    1,
    [
      f.ethernet(f.ipv4({}, f.inIp(p4))),
      f.ethernet(f.ipv4({}, f.inIp(p6))),
      f.ethernet(f.ipv6({}, f.inIp(p4))),
      f.ethernet(f.ipv6({}, f.inIp(p6))),
      f.ethernet(f.ipv4({}, f.inIp(f.ipv6({}, f.inIp(f.ipv4({ src: '9.9.9.9' }, f.icmp())))))),
    ],
  ],
  'Linux cooked v1': [113, [f.sll(p4), f.sll(p6, { packetType: 4 }), f.sll(f.arp().subarray(14), { type: 0x0806 })]],
  'Linux cooked v2': [276, [f.sll2(p4), f.sll2(p6, { packetType: 4 })]],
  'BSD null': [0, [f.bsdNull(p4), f.bsdNull(p6), f.bsdNull(p6, { family: 24 }), f.bsdNull(p4, { bigEndian: true })]],
  'BSD loop': [108, [f.bsdNull(p4, { bigEndian: true }), f.bsdNull(p6, { bigEndian: true })]],
  'raw IP': [101, [p4, p6]],
  'raw IPv4': [228, [p4]],
  'raw IPv6': [229, [p6]],
};

describe.skipIf(!hasTshark())('header fields equal tshark', () => {
  it.each(Object.entries(built))('built: %s', async (name, [linkType, frames]) => {
    const folder = mkdtempSync(join(tmpdir(), 'policap-'));
    try {
      const file = join(folder, 'built.pcap');
      writeFileSync(file, f.pcapOf(frames, { linkType }));
      const { packets, differences } = await compareWithTshark(file);
      expect(differences, name).toEqual([]);
      expect(packets).toBe(frames.length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it.each(captures)('shipped: %s', async name => {
    const { packets, differences } = await compareWithTshark(join(root, name));
    expect(differences.slice(0, 20), `${differences.length} differences`).toEqual([]);
    expect(packets).toBeGreaterThan(0);
  });
});
