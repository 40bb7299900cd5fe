/** Where payloads begin, in frames of both families, with options, cut and whole. */
import { describe, expect, it } from 'vitest';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import { payloadAt } from '../../src/packet/payload.js';
import { END, PAYLOAD } from '../../src/packet/row.js';
import { batchOf, ethernet, ipv4, ipv6, tcp, tcpOptions, text, udp } from '../support/frames.js';

const told = (frame: Uint8Array, snapLength?: number): string => {
  const { batch, interfaces } = batchOf([frame], snapLength === undefined ? {} : { snapLength });
  const packets = newPacketBatch(1);
  createParser({}).parse(batch, interfaces, packets);
  const { rows } = packets;
  const from = payloadAt(batch.bytes, rows, 0);
  return `${new TextDecoder().decode(batch.bytes.subarray(from, rows[END]!))} of ${rows[PAYLOAD]}`;
};
const payload = text('payload');
const options = tcpOptions({ mss: 1460, timestamps: [1, 2] });

describe('payloadAt', () => {
  it('is behind the header of TCP with its options, and of UDP', () => {
    expect(told(ethernet(ipv4({}, tcp({ flags: 'A', payload }))))).toBe('payload of 7');
    expect(told(ethernet(ipv4({}, tcp({ flags: 'A', payload, options }))))).toBe('payload of 7');
    expect(told(ethernet(ipv6({}, tcp({ flags: 'A', payload }))))).toBe('payload of 7');
    expect(told(ethernet(ipv4({}, udp({ payload }))))).toBe('payload of 7');
    expect(told(ethernet(ipv4({}, tcp({ flags: 'A' }))))).toBe(' of 0');
  });

  it('is followed by what the capture has of it', () => {
    expect(told(ethernet(ipv4({}, tcp({ flags: 'A', payload }))), 14 + 20 + 20 + 3)).toBe('pay of 7');
    expect(told(ethernet(ipv4({}, tcp({ flags: 'A', payload }))), 14 + 20 + 20)).toBe(' of 7');
  });
});
