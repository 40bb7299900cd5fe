/**
 * What is cut where parts are told: as many conversations, addresses and requests as one run tells apart, and the rest
 * counted. And what does not join.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { joinParts } from '../../src/parts/join.js';
import { missingPoints } from '../../src/parts/missing.js';
import type { Found, Part } from '../../src/parts/part.js';
import { partSummary } from '../../src/parts/summary.js';
import { policap } from '../cli/person.js';

let real: Part;
beforeAll(async () => {
  const input = ['-p', 'pcaps/shop/policies', '-c', 'pcaps/shop/cluster.yaml'];
  real = JSON.parse((await policap(['replay', 'pcaps/shop/capture.pcapng', ...input, '-o', 'part'])).out);
});

/** @param change what was found there */
const part = (from: number, to: number, of: number, change: Partial<Found> = {}): Part => ({
  ...real,
  of,
  pieces: [{ from, to, found: { ...real.pieces[0]!.found, ...change } }],
});

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('parts', () => {
  it('tell the first 10,000 conversations apart, and count the others', () => {
    const [one] = real.pieces[0]!.found.conversations;
    const conversations = (from: number, to: number) =>
      numbers(from, to).map(n => ({ ...one!, key: String(n), firstPacket: n + 1, connections: 2, packets: 3 }));
    const a = part(0, 1, 2, { conversations: conversations(0, 6000) });
    const b = part(1, 2, 2, {
      conversations: conversations(4000, 12_000),
      others: { connections: 50, packets: 70 },
    });
    const { denied, deniedOthers } = partSummary(joinParts([b, a]));
    expect(denied.length).toBe(10_000);
    // Those that both have come first, then the earliest.
    expect(denied.slice(0, 2000).map(it => [it.connections, it.packets, it.firstPacket])).toEqual(
      numbers(4000, 6000).map(n => [4, 6, n + 1]),
    );
    expect(deniedOthers).toEqual({ connections: 50 + 2 * 2000, packets: 70 + 3 * 2000 });
  });

  it('tell the first 10,000 addresses apart, and count the others', () => {
    const unknown = (from: number, to: number) => numbers(from, to).map(n => [`a${n}`, 3] as const);
    const parts = [part(0, 1, 2, { unknown: unknown(0, 8000) }), part(1, 2, 2, { unknown: unknown(7999, 11_000) })];
    const { unknownAddresses, unknownOthers } = partSummary(joinParts(parts));
    expect(unknownAddresses.length).toBe(10_000);
    expect(unknownAddresses[0]).toEqual({ address: 'a7999', connections: 6 });
    expect(unknownOthers).toBe(3 * 1000);
  });

  it('tell the first 10,000 requests apart, and count the others', () => {
    const refused = (from: number, to: number) =>
      numbers(from, to).map(
        n => ({ verdict: 'denied' as const, path: `/${n}`, requests: 2, firstPacket: n + 1 }) as never,
      );
    const requests = (from: number, to: number): Found['requests'] => ({
      counts: { total: 9, allowed: 1, denied: 8, undecided: 0 },
      refused: refused(from, to),
      others: 5,
      audited: [['shop/audit', from]],
    });
    const parts = [part(0, 1, 2, { requests: requests(0, 9000) }), part(1, 2, 2, { requests: requests(8999, 10_500) })];
    const summary = partSummary(joinParts(parts)).requests!;
    expect(summary.refused.length).toBe(10_000);
    expect(summary.refused[0]).toMatchObject({ path: '/8999', requests: 4, firstPacket: 9000 });
    expect(summary.others).toBe(5 + 5 + 2 * 500);
    expect(summary.counts).toEqual({ total: 18, allowed: 2, denied: 16, undecided: 0 });
  });

  it('number packets behind those of the points before', () => {
    const packets = real.pieces[0]!.found.packets.reduce((sum, count) => sum + count, 0);
    const { pieces } = joinParts([part(1, 2, 3, { conversations: [] }), part(2, 3, 3), part(0, 1, 3)]);
    const numbered = pieces[0]!.found.conversations.map(it => it.firstPacket);
    expect(numbered).toEqual(real.pieces[0]!.found.conversations.map(it => it.firstPacket));
    const behind = joinParts([part(0, 1, 2, { conversations: [] }), part(1, 2, 2)]).pieces[0]!.found.conversations;
    expect(behind.map(it => it.firstPacket)).toEqual(numbered.map(number => number + packets));
  });

  it('of other runs, and those that are joined with different others, do not join', () => {
    const other = { ...part(1, 2, 4), run: 'other' };
    expect(() => joinParts([part(0, 1, 4), other])).toThrow('they are of different runs');
    expect(() => joinParts([part(0, 1, 4), part(1, 2, 5)])).toThrow('they are of different runs');
    expect(() => joinParts([part(0, 2, 4), part(1, 3, 4)])).toThrow('points 2 of the run are in two of them');
    expect(missingPoints(joinParts([part(1, 2, 4), part(3, 4, 4)]))).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });
});
