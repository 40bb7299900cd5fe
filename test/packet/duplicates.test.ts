/** Copies and retransmissions. Times are nanoseconds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createParser, newPacketBatch, type ParserOptions } from '../../src/packet/parse.js';
import { FLAG_DUPLICATE, FLAGS, STRIDE } from '../../src/packet/row.js';
import * as f from '../support/frames.js';

const US = 1_000;
const MS = 1_000_000;

/** For every frame the number of the packet it is a copy of, 0 for none. */
function copies(frames: Uint8Array[], options: f.BatchOptions & ParserOptions, batchSize = 4096): number[] {
  const source = f.sourceOf(
    frames,
    { ...options, times: options.times?.map(time => 1_700_000_000_000_000_000n + BigInt(time)) },
    batchSize,
  );
  const parser = createParser(options);
  const out = newPacketBatch(batchSize);
  const found: number[] = [];
  for (let batch = source.next(); batch !== null; batch = source.next()) {
    if (batch instanceof Promise) throw new Error('a source of frames at hand answers at once');
    parser.parse(batch, source.interfaces, out);
    for (let i = 0; i < out.count; i++) {
      const marked = (out.rows[i * STRIDE + FLAGS]! & FLAG_DUPLICATE) !== 0;
      expect(out.duplicateOf[i]! > 0).toBe(marked);
      found.push(out.duplicateOf[i]!);
    }
  }
  return found;
}

const query = (id: number, payload = 'who', ttl = 64): Uint8Array =>
  f.ipv4({ id, ttl }, f.udp({ payload: f.text(payload) }));
const datagram6 = (payload = 'who', hopLimit = 64): Uint8Array =>
  f.ipv6({ hopLimit }, f.udp({ payload: f.text(payload) }));
const two = [f.interfaceOf(), f.interfaceOf()];

describe('merged captures', () => {
  it('a forwarded packet is one, with another TTL, MAC and header checksum', () => {
    const frames = [f.ethernet(query(1)), f.ethernet(query(1, 'who', 63), { src: '02aaaaaaaaaa' })];
    expect(copies(frames, { interfaces: two, interfaceIndex: [0, 1], times: [0, 50 * US] })).toEqual([0, 1]);
  });
  it('before and inside its encapsulation, and behind a VLAN tag', () => {
    const frames = [
      f.ethernet(query(1)),
      f.ethernet(f.ipv4({ src: '192.168.0.1' }, f.vxlan(f.ethernet(query(1))))),
      f.ethernet(query(1), { vlans: [5] }),
    ];
    const interfaces = [...two, f.interfaceOf()];
    expect(copies(frames, { interfaces, interfaceIndex: [0, 1, 2], times: [0, 1, 2] })).toEqual([0, 1, 1]);
  });
  it('the checksum that offload left out does not tell copies apart; payload does', () => {
    const one = f.ethernet(f.ipv4({ id: 1 }, f.udp({ payload: f.text('who'), checksum: 0x1234 })));
    expect(copies([one, f.ethernet(query(1))], { interfaces: two, interfaceIndex: [0, 1], times: [0, 1] })).toEqual([
      0, 1,
    ]);
    expect(
      copies([one, f.ethernet(query(1, 'why'))], { interfaces: two, interfaceIndex: [0, 1], times: [0, 1] }),
    ).toEqual([0, 0]);
  });
  it.each([
    ['source', f.ipv4({ src: '10.0.1.3' }, f.tcp())],
    ['identification', f.ipv4({ id: 2 }, f.tcp())],
    ['sequence number', f.ipv4({}, f.tcp({ seq: 2 }))],
    ['acknowledgement', f.ipv4({}, f.tcp({ ack: 2 }))],
    ['flags', f.ipv4({}, f.tcp({ flags: 'SA' }))],
    ['window', f.ipv4({}, f.tcp({ window: 9 }))],
    ['port', f.ipv4({}, f.tcp({ sport: 9 }))],
    ['length', f.ipv4({}, f.tcp({ payload: f.text('a') }))],
    ['options', f.ipv4({}, f.tcp({ options: f.tcpOptions({ timestamps: [1, 2] }) }))],
    ['protocol', f.ipv4({ protocol: 99 }, f.tcp())],
  ])('another %s is another packet', (_name, other) => {
    const times = [0, 1];
    expect(
      copies([f.ethernet(f.ipv4({}, f.tcp())), f.ethernet(other)], { interfaces: two, interfaceIndex: [0, 1], times }),
    ).toEqual([0, 0]);
  });
  it('only within the window; clocks may step back', () => {
    const frames = [f.ethernet(query(1)), f.ethernet(query(1))];
    const at = (times: number[], duplicateWindow?: number) =>
      copies(frames, { interfaces: two, interfaceIndex: [0, 1], times, duplicateWindow });
    expect(at([0, 10 * MS])).toEqual([0, 1]);
    expect(at([0, 10 * MS + 1])).toEqual([0, 0]);
    expect(at([5 * MS, 0])).toEqual([0, 1]);
    expect(at([10 * MS + 1, 0])).toEqual([0, 0]);
    expect(at([0, MS], 100 * US)).toEqual([0, 0]);
  });
  it('packet numbers count over batches', () => {
    const frames = [1, 2, 3, 1, 2, 3].map(id => f.ethernet(query(id)));
    const options = { interfaces: two, interfaceIndex: [0, 0, 0, 1, 1, 1], times: [0, 1, 2, 3, 4, 5] };
    for (const size of [1, 2, 4, 6]) expect(copies(frames, options, size)).toEqual([0, 0, 0, 1, 2, 3]);
  });
});

describe('never a retransmission', () => {
  const frame = f.ethernet(datagram6());
  it('the same content twice at one place is two packets', () => {
    expect(copies([frame, frame], { interfaces: two, interfaceIndex: [0, 0], times: [0, 1] })).toEqual([0, 0]);
  });
  it('both with their copies, in either order of arrival', () => {
    expect(
      copies([frame, frame, frame, frame], { interfaces: two, interfaceIndex: [0, 1, 0, 1], times: [0, 1, 2, 3] }),
    ).toEqual([0, 1, 0, 3]);
    expect(
      copies([frame, frame, frame, frame], { interfaces: two, interfaceIndex: [0, 0, 1, 1], times: [0, 1, 2, 3] }),
    ).toEqual([0, 0, 1, 2]);
  });
  it('a flood of equal packets: as many packets as the place that saw most', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 50 }), places => {
        const interfaces = [0, 1, 2, 3].map(() => f.interfaceOf());
        const found = copies(
          places.map(() => frame),
          { interfaces, interfaceIndex: places, times: places.map((_, i) => i) },
        );
        const most = Math.max(...[0, 1, 2, 3].map(place => places.filter(other => other === place).length));
        expect(found.filter(copyOf => copyOf === 0).length).toBe(most);
        // No two packets of one place are copies of the same packet, or one of the other.
        for (const place of [0, 1, 2, 3]) {
          const identities = found
            .map((copyOf, i) => (copyOf === 0 ? i + 1 : copyOf))
            .filter((_, i) => places[i] === place);
          expect(new Set(identities).size).toBe(identities.length);
        }
      }),
      { numRuns: 300 },
    );
  });
  it('memory and time stay bounded: 100,000 equal packets at one place', () => {
    const many = Array.from({ length: 100_000 }, () => frame);
    expect(
      copies(many, { interfaces: two, interfaceIndex: many.map(() => 0), times: many.map((_, i) => i) }).every(
        copyOf => copyOf === 0,
      ),
    ).toBe(true);
  });
  it('the seventeenth copy on as many interfaces is judged again, not lost', () => {
    const interfaces = Array.from({ length: 17 }, () => f.interfaceOf());
    const found = copies(
      interfaces.map(() => frame),
      { interfaces, interfaceIndex: interfaces.map((_, i) => i), times: interfaces.map((_, i) => i) },
    );
    expect(found).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0, 9, 9, 9, 9, 9, 9, 9, 0]);
  });
});

describe('one interface', () => {
  it('is not looked at', () => {
    const frames = [f.ethernet(query(1)), f.ethernet(query(1))];
    expect(copies(frames, { times: [0, 1] })).toEqual([0, 0]);
  });
  it('cooked v2: the interface index and direction are the place', () => {
    const seen = (interfaceIndex: number, packetType: number, id = 1): Uint8Array =>
      f.sll2(query(id), { interfaceIndex, packetType });
    // From a pod's veth through the bridge to the node's interface.
    expect(copies([seen(7, 0), seen(5, 0), seen(2, 4)], { linkType: 276, times: [0, 10, 20] })).toEqual([0, 1, 1]);
    // In and out by the same interface: forwarded back.
    expect(copies([seen(2, 0), seen(2, 4)], { linkType: 276, times: [0, 10] })).toEqual([0, 1]);
    expect(copies([seen(2, 0), seen(2, 0)], { linkType: 276, times: [0, 10] })).toEqual([0, 0]);
  });
  it('cooked v1: only the direction is', () => {
    const seen = (packetType: number): Uint8Array => f.sll(query(1), { packetType });
    expect(copies([seen(0), seen(4)], { linkType: 113, times: [0, 10] })).toEqual([0, 1]);
    expect(copies([seen(0), seen(0), seen(4)], { linkType: 113, times: [0, 10, 20] })).toEqual([0, 0, 1]);
  });
  it('the option turns it off', () => {
    const frames = [f.sll(query(1)), f.sll(query(1), { packetType: 4 })];
    expect(copies(frames, { linkType: 113, times: [0, 10], duplicates: false })).toEqual([0, 0]);
  });
});
