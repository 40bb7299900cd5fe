/** Cuts, lies and noise: never a field that the packet's own captured bytes do not hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import { FLAG_CUT, FLAG_DARK } from '../../src/packet/row.js';
import * as f from '../support/frames.js';
import { parseOne, type ReadRow, readRow } from './rows.js';

const options = f.tcpOptions({ mss: 1460, scale: 7, sackPermitted: true, timestamps: [1, 2] });
const segment = f.tcp({ sport: 4312, dport: 443, flags: 'S', seq: 7, options, payload: f.text('hello') });
const p4 = f.ipv4({}, segment);
const p6 = f.ipv6({}, segment);
const chain = [
  f.extension(0),
  f.extension(43, new Uint8Array(6)),
  f.extension(60),
  f.fragmentHeader({ id: 3 }),
  f.authHeader(5),
];

/** Link type and frame. */
const representative: Record<string, [number, Uint8Array]> = {
  'IPv4 TCP': [1, f.ethernet(p4)],
  'IPv4 options': [1, f.ethernet(f.ipv4({ options: f.bytes('9404 0000 0101') }, segment))],
  'IPv6 TCP': [1, f.ethernet(p6)],
  'IPv6 chain': [1, f.ethernet(f.ipv6({ extensions: chain }, segment))],
  UDP: [1, f.ethernet(f.ipv4({}, f.udp({ payload: f.text('question') })))],
  'UDP-Lite': [1, f.ethernet(f.ipv6({}, f.udpLite({ payload: f.text('question') })))],
  SCTP: [1, f.ethernet(f.ipv4({}, f.sctp({ tag: 9, chunks: [f.chunk(1, 0, f.sctpInit(5))] })))],
  DCCP: [1, f.ethernet(f.ipv4({}, f.dccp()))],
  ICMP: [1, f.ethernet(f.ipv4({}, f.icmp({ id: 3, payload: f.text('ping') })))],
  ICMPv6: [1, f.ethernet(f.ipv6({}, f.icmpv6({ id: 3, payload: f.text('ping') })))],
  GRE: [1, f.ethernet(f.ipv4({}, f.gre(new Uint8Array(9), { type: 0x1234, key: 3, seq: 4 })))],
  ESP: [1, f.ethernet(f.ipv4({}, f.segment(50, f.bytes('11223344 00000001', new Uint8Array(32)))))],
  'first fragment': [1, f.ethernet(f.fragment4(f.ipv4({}, f.udp({ payload: new Uint8Array(100) })), 48)[0]!)],
  'later fragment': [1, f.ethernet(f.fragment6(f.ipv6({}, f.udp({ payload: new Uint8Array(100) })), 48, 7)[1]!)],
  'VLAN and MPLS': [1, f.ethernet(p4, { vlans: [5, 6], mpls: [100, 200] })],
  SNAP: [1, f.snapFrame(p4)],
  PPPoE: [1, f.pppoe(p6)],
  'cooked v1': [113, f.sll(p4)],
  'cooked v2': [276, f.sll2(p4)],
  null: [0, f.bsdNull(p6)],
  raw: [101, p4],
  VXLAN: [1, f.ethernet(f.ipv4({}, f.vxlan(f.ethernet(p6))))],
  Geneve: [1, f.ethernet(f.ipv4({}, f.geneve(f.ethernet(p4), { options: new Uint8Array(8) })))],
  ERSPAN: [1, f.ethernet(f.ipv4({}, f.gre(f.bytes('1000 0001 00000000', f.ethernet(p4)), { type: 0x88be, seq: 1 })))],
  'IP in IP': [1, f.ethernet(f.ipv4({}, f.inIp(p6)))],
};

/** What a cut may change: how far the capture reaches. */
const apart = (row: ReadRow): ReadRow => ({ ...row, end: 0, bits: row.bits & ~FLAG_CUT });

describe('every cut of a packet', () => {
  it.each(Object.entries(representative))('%s: truncated, or as the whole packet', (_name, [linkType, frame]) => {
    const whole = parseOne(frame, { linkType });
    const outside = parseOne(frame, { linkType, tunnels: false });
    expect(whole.status).toBe('ok');
    let cut = 0;
    for (let length = 0; length < frame.length; length++) {
      const row = parseOne(frame, { linkType, snapLength: length });
      if (row.status === 'truncated') {
        cut++;
        // A tunnel that is cut within its outer headers is not known to be one: what is cut is the outer packet.
        const seen = row.outer < 0 ? outside : whole;
        expect([0, seen.sport], `${length} bytes`).toContain(row.sport);
        expect([0, seen.dport]).toContain(row.dport);
        if (row.protocol !== -1) expect(row.protocol).toBe(seen.protocol);
        if (row.src !== '') expect([row.src, row.dst]).toEqual([seen.src, seen.dst]);
      } else {
        expect(apart(row), `${length} bytes`).toEqual(apart(whole));
        expect(row.end).toBe(length);
        expect(row.bits & FLAG_CUT).toBe(FLAG_CUT);
      }
    }
    expect(cut).toBeGreaterThan(whole.l4 - 1);
  });
});

describe('a packet that is short on the wire, too', () => {
  it.each(Object.entries(representative))('%s: malformed, never truncated', (name, [linkType, frame]) => {
    const whole = parseOne(frame, { linkType });
    for (let length = 0; length < frame.length; length++) {
      const row = parseOne(frame.subarray(0, length), { linkType });
      // An opened tunnel whose inner packet is no frame leaves the outer packet, which claims more than there is.
      if (name === 'first fragment' && length >= whole.l4) expect(['malformed']).toContain(row.status);
      else expect(row.status, `${length} bytes`).toBe('malformed');
      expect([0, whole.sport, 49152]).toContain(row.sport);
    }
  });
});

describe('lengths that lie', () => {
  it('an IPv4 total length that ends before the ports hides them, whatever stands there', () => {
    for (let total = 0; total < 60; total++) {
      const row = parseOne(f.ethernet(f.ipv4({ totalLength: total }, segment)));
      if (total < 24 && total !== 0) expect([row.sport, row.dport]).toEqual([0, 0]);
      // 0 is the length of a packet whose segmentation was left to the card (the frame is larger than a padded one).
      expect(row.status).toBe(total === 0 ? 'ok' : 'malformed');
      expect(row.family).toBe(4);
    }
  });
  it('padding behind a short packet is never read', () => {
    const padded = f.ethernet(f.ipv4({ protocol: 6 }, f.bytes('10e1')), { padding: 0x77 });
    expect(padded.length).toBe(60);
    expect(parseOne(padded)).toMatchObject({ status: 'malformed', protocol: 6, sport: 0, dport: 0, end: 36 });
    const empty = f.ethernet(f.ipv4({ protocol: 17, totalLength: 20 }, new Uint8Array(0)), { padding: 0x77 });
    expect(parseOne(empty)).toMatchObject({ status: 'malformed', sport: 0, dport: 0 });
  });
  it('a total length of 0 in a frame as small as a padded one is wrong', () => {
    const frame = f.ethernet(f.ipv4({ totalLength: 0 }, f.tcp()), { padding: 0 });
    expect(parseOne(frame)).toMatchObject({ status: 'malformed', sport: 0 });
  });
  it('a total length beyond the frame contradicts it, cut or not', () => {
    const frame = f.ethernet(f.ipv4({ totalLength: 73 }, segment));
    expect(parseOne(frame)).toMatchObject({ status: 'malformed' });
    expect(parseOne(frame, { snapLength: 34 })).toMatchObject({ status: 'malformed' });
    expect(parseOne(frame, { original: [frame.length + 3] })).toMatchObject({ status: 'malformed' });
  });
  it('a claimed wire length below the captured one is raised', () => {
    const frame = f.ethernet(p4);
    expect(parseOne(frame, { original: [10] })).toEqual(parseOne(frame));
  });
  it('a wire length as large as a file can claim', () => {
    const frame = f.ethernet(p4);
    for (const linkType of [1, 101])
      expect(parseOne(linkType === 1 ? frame : p4, { linkType, original: [0x7fffffff] })).toMatchObject({
        status: 'ok',
        sport: 4312,
        bits: 0,
      });
    expect(parseOne(f.snapFrame(p4), { original: [0x7fffffff] })).toMatchObject({ status: 'ok', sport: 4312 });
    expect(parseOne(f.ethernet(p6, { vlans: [1] }), { original: [0x7fffffff], snapLength: 40 })).toMatchObject({
      status: 'truncated',
      sport: 0,
    });
    expect(parseOne(frame.subarray(0, 2), { fcsLength: 4 })).toMatchObject({ status: 'malformed', end: 0 });
    expect(parseOne(p4.subarray(0, 2), { linkType: 101, fcsLength: 4 })).toMatchObject({ status: 'malformed', end: 0 });
  });
  it('a UDP length below its header or beyond its packet contradicts it; a shorter one does not', () => {
    const at = (length: number) =>
      parseOne(f.ethernet(f.ipv4({}, f.udp({ length, payload: new Uint8Array(10) })))).status;
    expect([0, 7, 8, 17, 18, 19, 65535].map(at)).toEqual([
      'malformed',
      'malformed',
      'ok',
      'ok',
      'ok',
      'malformed',
      'malformed',
    ]);
  });
  it('a header length below five words is no header', () => {
    for (let words = 0; words < 5; words++)
      expect(parseOne(f.ethernet(f.ipv4({ headerWords: words }, segment)))).toMatchObject({
        status: 'malformed',
        family: 0,
        protocol: -1,
      });
  });
  it('another version than the EtherType says is malformed', () => {
    expect(parseOne(f.ethernet(p6, { type: 0x0800 }))).toMatchObject({ status: 'malformed', family: 0, src: '' });
    expect(parseOne(f.ethernet(p4, { type: 0x86dd }))).toMatchObject({ status: 'malformed', family: 0, src: '' });
  });
  it('a frame check sequence is no part of the packet', () => {
    const frame = f.bytes(f.ethernet(f.ipv4({}, f.udp({ length: 12 }))), 'aabbccdd');
    expect(parseOne(frame, { fcsLength: 4 })).toMatchObject({ status: 'malformed' });
    const whole = f.bytes(f.ethernet(p4), 'aabbccdd');
    expect(parseOne(whole, { fcsLength: 4 })).toMatchObject({ status: 'ok', end: whole.length - 4 });
    // Cut within the sequence: nothing of the packet is missing.
    expect(parseOne(whole, { fcsLength: 4, snapLength: whole.length - 2 })).toMatchObject({ status: 'ok', bits: 0 });
  });
  it('the first fragment of a datagram may end inside its transport header', () => {
    const [first, second] = f.fragment4(f.ipv4({}, segment), 8);
    expect(parseOne(f.ethernet(first!))).toMatchObject({
      status: 'truncated',
      sport: 4312,
      dport: 443,
      fragment: 1,
      flags: 0,
    });
    expect(parseOne(f.ethernet(second!))).toMatchObject({
      status: 'ok',
      sport: 0,
      dport: 0,
      fragment: (1 << 4) | 3,
      protocol: 6,
    });
  });
});

/** A frame inside a batch whose other bytes are all `fill`. */
function parseAmong(frame: Uint8Array, wire: number, linkType: number, fill: number): ReadRow {
  const before = 64;
  const bytes = new Uint8Array(frame.length + 2 * before).fill(fill);
  bytes.set(frame, before);
  const out = newPacketBatch(1);
  createParser({ verifyChecksums: true }).parse(
    {
      count: 1,
      bytes,
      offset: Int32Array.of(before),
      captured: Int32Array.of(frame.length),
      original: Int32Array.of(wire),
      seconds: new Float64Array(1),
      nanoseconds: new Int32Array(1),
      interfaceIndex: new Int32Array(1),
    },
    [f.interfaceOf(linkType)],
    out,
  );
  return readRow(out.rows, 0);
}

describe('mutated packets', () => {
  const mutant = fc.record({
    name: fc.constantFrom(...Object.keys(representative)),
    changes: fc.array(
      fc.tuple(fc.nat(160), fc.oneof(fc.constantFrom(0, 1, 4, 5, 6, 0x45, 0x60, 0x7f, 0x80, 0xff), fc.nat(255))),
      { maxLength: 4 },
    ),
    length: fc.nat(200),
    wire: fc.nat(300),
  });
  it('never throw, and never show a byte from beyond what was captured', () => {
    fc.assert(
      fc.property(mutant, ({ name, changes, length, wire }) => {
        const [linkType, original] = representative[name]!;
        const frame = original.slice(0, length);
        for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
        const one = parseAmong(frame, wire, linkType, 0x00);
        expect(parseAmong(frame, wire, linkType, 0xff)).toEqual(one);
        expect(parseAmong(frame, wire, linkType, 0x45)).toEqual(one);
        expect(one.end).toBeLessThanOrEqual(64 + frame.length);
        expect(one.payload).toBeGreaterThanOrEqual(0);
        if (one.status === 'ok') {
          expect([4, 6]).toContain(one.family);
          expect(one.l3).toBeGreaterThanOrEqual(64);
          expect(one.l4).toBeGreaterThan(one.l3);
          expect(one.l4).toBeLessThanOrEqual(one.end);
        }
        if (one.status === 'not-ip') expect([one.family, one.protocol, one.sport, one.dport]).toEqual([0, -1, 0, 0]);
      }),
      { numRuns: 20_000 },
    );
  });
  it('noise behind any link type is judged, too', () => {
    const linkTypes = fc.constantFrom(0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 127, 65535);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), linkTypes, fc.nat(200), (frame, linkType, wire) => {
        const one = parseAmong(frame, wire, linkType, 0x00);
        expect(parseAmong(frame, wire, linkType, 0x99)).toEqual(one);
        expect(one.bits & ~(FLAG_DARK | 63)).toBe(0);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('frames built from fields', () => {
  const port = fc.nat(65535);
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const v4 = fc.ipV4();
  it('come back as these fields, with right checksums', () => {
    fc.assert(
      fc.property(
        v4,
        v4,
        port,
        port,
        word,
        word,
        fc.nat(255),
        port,
        fc.nat(14),
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        (src, dst, sport, dport, seq, ack, flags, window, scale, payload, wide) => {
          const tcp = f.tcp({ sport, dport, seq, ack, flags, window, payload, options: f.tcpOptions({ scale }) });
          const packet = wide
            ? f.ipv6({ src: `2001:db8::${src}`, dst: `64:ff9b::${dst}` }, tcp)
            : f.ipv4({ src, dst }, tcp);
          expect(parseOne(f.ethernet(packet), { verifyChecksums: true })).toMatchObject({
            status: 'ok',
            family: wide ? 6 : 4,
            sport,
            dport,
            seq,
            ack,
            flags,
            window,
            payload: payload.length,
            options: scale + 1,
            bits: 0,
            ...(wide ? {} : { src, dst }),
          });
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
