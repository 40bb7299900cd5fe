/**
 * A frame's layers follow one another through it, end in the packet that is judged, and each field's bytes stand where it says;
 * for every frame of the shipped captures, and for frames that are noise.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createParser, newPacketBatch } from '../../src/packet/parse.js';
import { END, L3, L4, OUTER_L3, STATUS, STATUS_OK, STRIDE } from '../../src/packet/row.js';
import { addressWords } from '../../src/packet/text.js';
import type { Field } from '../../src/stepping/fields.js';
import { type Frame, type Layer, layersOf, packetsIn } from '../../src/stepping/layers.js';
import { allCases } from '../support/cases.js';
import { seed } from '../support/seed.js';
import { caseNamed, documentOf, reopened } from './reopened.js';

/** Fields with one value of so many bytes, as number or address. */
const PLAIN = new Set([
  'identification',
  'time to live',
  'hop limit',
  'protocol',
  'source',
  'destination',
  'source port',
  'destination port',
  'sequence number',
  'acknowledgement number',
  'type',
  'code',
  'identifier',
  'verification tag',
  'window',
]);

function bytesOf({ name, value, length }: Field): number[] | null {
  if (!PLAIN.has(name)) return null;
  const address = name === 'source' || name === 'destination' ? addressWords(value) : null;
  const words = address === null ? null : address.words.slice(0, length / 4);
  if (words !== null) return words.flatMap(word => [24, 16, 8, 0].map(shift => (word >>> shift) & 255));
  const number = Number(/\((\d+)\)/.exec(value)?.[1] ?? /^\d+/.exec(value)?.[0]);
  return Array.from({ length }, (_, i) => Math.floor(number / 256 ** (length - 1 - i)) % 256);
}

let fields = 0;

function holdTrue(frame: Frame, layers: readonly Layer[]): void {
  let at = 0;
  for (const { name, offset, length, fields: of } of layers) {
    expect(offset, name).toBeGreaterThanOrEqual(at);
    expect(length, name).toBeGreaterThanOrEqual(0);
    at = offset + length;
    expect(at, name).toBeLessThanOrEqual(frame.bytes.length);
    for (const field of of) {
      if (field.offset === null) continue;
      expect(field.offset, field.name).toBeGreaterThanOrEqual(offset);
      const wanted = bytesOf(field);
      if (wanted === null || field.offset + field.length > frame.bytes.length) continue;
      expect([...frame.bytes.subarray(field.offset, field.offset + field.length)], `${name} ${field.name}`).toEqual(
        wanted,
      );
      fields++;
    }
  }
}

/** The row of the parser itself, with offsets in the frame. */
function parsedRow({ bytes, original, interface: it }: Frame): Int32Array {
  const batch = newPacketBatch(1);
  const frames = {
    count: 1,
    bytes,
    offset: Int32Array.of(0),
    captured: Int32Array.of(bytes.length),
    original: Int32Array.of(Math.max(original, bytes.length)),
    seconds: Float64Array.of(0),
    nanoseconds: Int32Array.of(0),
    interfaceIndex: Int32Array.of(0),
  };
  createParser({ duplicates: false }).parse(frames, [{ ...it, snapLength: 0, capture: 0 }], batch);
  return batch.rows.slice(0, STRIDE);
}

function endInThePacket(frame: Frame): void {
  const row = parsedRow(frame);
  const { rows, why } = packetsIn(frame, true);
  const last = rows.at(-1);
  if (why !== null) expect(row[STATUS]).not.toBe(STATUS_OK);
  else {
    const ends = [L3, L4, END, STATUS].map(word => row[word]);
    expect([L3, L4, END, STATUS].map(word => last![word])).toEqual(ends);
    expect(rows.length > 1 ? rows[0]![L3] : -1).toBe(row[OUTER_L3]);
  }
}

describe('layersOf', () => {
  it.each(allCases().map(it => [it.name, it] as const))('%s', async (_, shipped) => {
    const { reopen } = reopened(shipped);
    const source = await reopen();
    for (let batch = await source.next(); batch !== null; batch = await source.next()) {
      for (let i = 0; i < batch.count; i++) {
        const begin = batch.offset[i]!;
        const frame = {
          bytes: batch.bytes.slice(begin, begin + batch.captured[i]!),
          original: batch.original[i]!,
          interface: source.interfaces[batch.interfaceIndex[i]!]!,
        };
        holdTrue(frame, layersOf(frame, true));
        endInThePacket(frame);
      }
    }
  });

  it('of noise', () => {
    const noise = fc.uint8Array({ maxLength: 120 });
    const link = fc.constantFrom(0, 1, 101, 113, 228, 229, 276, 147);
    fc.assert(
      fc.property(
        noise,
        noise,
        link,
        fc.nat(200),
        fc.constantFrom(0x45, 0x60, 0x46),
        (head, rest, linkType, more, version) => {
          const bytes = Uint8Array.of(
            ...(linkType === 1 ? [...new Uint8Array(12), 8, 0] : []),
            version,
            ...head,
            ...rest,
          );
          const frame = { bytes, original: bytes.length + more, interface: { linkType, fcsLength: 0 } };
          holdTrue(frame, layersOf(frame, true));
          endInThePacket(frame);
        },
      ),
      { seed, numRuns: 3000 },
    );
  });

  it('holds fields of all shipped frames', () => expect(fields).toBeGreaterThan(100_000));

  it('names a tunnel and what is in it, outermost first', async () => {
    const steps = reopened(caseNamed('pcaps/vxlan')).stepper();
    let tunnelled: readonly Layer[] = [];
    for (let number = 1; tunnelled.length === 0; number++) {
      const { layers } = await documentOf(steps, number);
      if (layers.some(({ name }) => name === 'TCP')) tunnelled = layers;
    }
    const names = tunnelled.map(({ name }) => name);
    expect(names.slice(0, 6)).toEqual(['Ethernet', 'IPv4', 'UDP', 'VXLAN tunnel', 'IPv4', 'TCP']);
    expect(tunnelled[3]!.note).toMatch(/^network \d+$/);
  });
});
