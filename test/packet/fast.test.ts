/** The fast path of common frames writes what the general parsers write, word for word. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fast } from '../../src/packet/fast.js';
import { LINKTYPE_ETHERNET, link } from '../../src/packet/link.js';
import { MAX_TUNNELS, open } from '../../src/packet/open.js';
import { clearRow } from '../../src/packet/packet.js';
import { END, PAYLOAD, STATUS, STATUS_OK, STRIDE } from '../../src/packet/row.js';
import * as f from '../support/frames.js';

function general(frame: Uint8Array, wire: number): Int32Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const rows = new Int32Array(STRIDE);
  clearRow(rows, 0);
  const next = link(LINKTYPE_ETHERNET, view, 0, frame.length, wire, rows, 0);
  if (next >= 0) open(MAX_TUNNELS, next, view, rows[END]!, rows[PAYLOAD]!, rows, 0);
  else rows[STATUS] = -next;
  return rows;
}

/** @returns whether the fast path took the frame; then both rows must be equal, else the row untouched. */
function taken(frame: Uint8Array, wire: number): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const rows = new Int32Array(STRIDE);
  const took = fast(view, 0, frame.length, wire, rows, 0);
  if (took) {
    expect(rows[STATUS]).toBe(STATUS_OK);
    expect(rows).toEqual(general(frame, wire));
  } else expect(rows).toEqual(new Int32Array(STRIDE));
  return took;
}

const options = f.tcpOptions({ mss: 1460, scale: 7, sackPermitted: true, sack: [[1, 2]] });
const segments = [
  f.tcp({ options, payload: f.text('hello') }),
  f.tcp(),
  f.udp({ payload: f.text('hello') }),
  f.udp(),
  f.udp({ dport: 4789, payload: new Uint8Array(30) }),
  f.udp({ sport: 51820, dport: 9, payload: f.bytes('04000000', new Uint8Array(28)) }),
  f.vxlan(f.ethernet(f.ipv4({}, f.tcp()))),
  f.icmp(),
];

describe('the fast path', () => {
  it('takes common frames, cut ones too, and no others', () => {
    const frame = (s: f.Payload, fields: f.Ipv4Fields = {}): Uint8Array => f.ethernet(f.ipv4(fields, s));
    expect(segments.map(s => taken(frame(s), frame(s).length))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    const tcp = frame(f.tcp({ options, payload: new Uint8Array(100) }));
    for (let length = 0; length <= tcp.length; length++)
      expect(taken(tcp.slice(0, length), tcp.length), `${length}`).toBe(length >= tcp.length - 100);
    expect(taken(f.ethernet(f.ipv4({}, f.udp()), { padding: 0xff }), 60)).toBe(true);
    for (const fields of [
      { flags: 1 },
      { fragmentOffset: 1 },
      { options: new Uint8Array(4) },
      { totalLength: 0 },
      { totalLength: 39 },
      { totalLength: 9999 },
    ])
      expect(taken(frame(f.tcp({ payload: new Uint8Array(50) }), fields), 104)).toBe(false);
    expect(taken(frame(f.tcp(), { flags: 2 }), 54)).toBe(true);
  });
  it('equals the general parsers on mutated frames', () => {
    let took = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...segments),
        fc.array(fc.tuple(fc.nat(70), fc.oneof(fc.constantFrom(0, 5, 6, 17, 0x40, 0x45, 0xff), fc.nat(255))), {
          maxLength: 3,
        }),
        fc.nat(40),
        fc.nat(20),
        (s, changes, cut, more) => {
          const frame = f.ethernet(f.ipv4({}, s), { padding: 7 });
          for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
          const length = Math.max(0, frame.length - Math.max(0, cut - 20));
          if (taken(frame.slice(0, length), frame.length + Math.max(0, more - 10))) took++;
        },
      ),
      { numRuns: 20_000 },
    );
    expect(took).toBeGreaterThan(2_000);
  });
});
