/** DNS over TCP: whatever the order of segments, whatever comes twice, each message is told once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LearnedNames } from '../../src/names/learned.js';
import { exactName } from '../../src/names/patterns.js';
import { DnsStreams } from '../../src/names/streams.js';
import { seed } from '../support/seed.js';

const framed = (message: Uint8Array): number[] => [message.length >> 8, message.length & 255, ...message];

describe('DnsStreams', () => {
  it(`puts messages together (seed ${seed})`, () => {
    const arbMessages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 4 });
    const arbCuts = fc.array(fc.nat(1199), { maxLength: 8 });
    fc.assert(
      fc.property(arbMessages, arbCuts, fc.nat(2 ** 32 - 1), fc.array(fc.nat(20)), (messages, cuts, first, order) => {
        const bytes = Uint8Array.from(messages.flatMap(framed));
        const borders = [...new Set([0, ...cuts.filter(cut => cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        const segments = borders.slice(0, -1).map((from, i) => ({ from, to: borders[i + 1]! }));
        // Moved about, some twice, some with the one before.
        const sent = [...segments];
        order.forEach((place, i) => {
          const one = segments[i % segments.length]!;
          sent.splice(place % (sent.length + 1), 0, { from: Math.max(0, one.from - (place % 3)), to: one.to });
        });
        const streams = new DnsStreams();
        const told: number[][] = [];
        const give = (sequence: number, starts: boolean, payload: Uint8Array) =>
          streams.segment('a', sequence >>> 0, starts, payload, 0, (all, from, to) =>
            told.push([...all.subarray(from, to)]),
          );
        give(first, true, new Uint8Array(0));
        for (const { from, to } of sent) give(first + 1 + from, false, bytes.subarray(from, to));
        expect(told).toEqual(messages.map(message => [...message]));
      }),
      { seed, numRuns: 2000 },
    );
  });

  it('a stream that begins in the middle says nothing, nor one that has ended', () => {
    const streams = new DnsStreams();
    const told: unknown[] = [];
    const payload = Uint8Array.from(framed(Uint8Array.of(1)));
    streams.segment('a', 5, false, payload, 0, () => told.push('middle'));
    streams.segment('a', 4, true, new Uint8Array(0), 0, () => told.push('start'));
    streams.end('a');
    streams.segment('a', 5, false, payload, 0, () => told.push('ended'));
    expect(told).toEqual([]);
  });

  it('forgets the oldest of too many', () => {
    const streams = new DnsStreams();
    for (let i = 0; i <= 4096; i++) streams.segment(`${i}`, 4, true, new Uint8Array(0), 0, () => {});
    const told: string[] = [];
    const payload = Uint8Array.from(framed(Uint8Array.of(1)));
    for (const key of ['0', '1', '4096']) streams.segment(key, 5, false, payload, 0, () => told.push(key));
    expect(told).toEqual(['1', '4096']);
  });
});

describe('LearnedNames', () => {
  it('by listener and address, as long as the answer lasts', () => {
    const names = new LearnedNames();
    names.learn('n1', '192.0.2.1', 'a.b', 100);
    const knows = (listener: string, address: string, name: string, now: number) =>
      names.knows(listener, address, exactName(name), now);
    expect(knows('n1', '192.0.2.1', 'a.b', 100)).toBe(true);
    expect(knows('n1', '192.0.2.1', 'a.b', 100.5)).toBeNull();
    expect(knows('n2', '192.0.2.1', 'a.b', 50)).toBeNull();
    expect(knows('n1', '192.0.2.2', 'a.b', 50)).toBeNull();
    expect(knows('n1', '192.0.2.1', 'c.b', 50)).toBe(false);
    names.learn('n1', '192.0.2.1', 'a.b', 60);
    expect(knows('n1', '192.0.2.1', 'a.b', 100)).toBe(true);
    names.learn('n1', '192.0.2.1', 'a.b', 300);
    expect(knows('n1', '192.0.2.1', 'a.b', 200)).toBe(true);
  });

  it('up to its limit', () => {
    const names = new LearnedNames(2);
    for (const address of ['1', '2', '3', '1']) names.learn('n', address, 'a', 9);
    expect(names.leftOut).toBe(1);
    expect(names.knows('n', '3', () => true, 0)).toBeNull();
  });
});
