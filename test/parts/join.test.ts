/**
 * What is cut where parts are told: as many conversations, addresses and requests as one run tells apart, and the rest
 * counted. And what does not join.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { joinParts } from '../../src/parts/join.js';
import { missingPoints, missingText } from '../../src/parts/missing.js';
import type { Found, Part } from '../../src/parts/part.js';
import { readPart } from '../../src/parts/read.js';
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

/** A share of a point, in a table for 100 connections. */
function share(
  point: number,
  points: number,
  index: number,
  of: number,
  change: Partial<Found> = {},
  since = real.pieces[0]!.found.unknown.map((_, i) => i),
  most = 1,
): Part {
  const unknown = change.unknown ?? (since.length === 0 ? [] : real.pieces[0]!.found.unknown);
  const { pieces, ...rest } = part(point, point + 1, points, { ...change, unknown });
  return { ...rest, pieces: [{ ...pieces[0]!, share: { index, of, most, room: 100, since } }] };
}

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

  it('keep shares of a point beside each other until all are there', () => {
    const a = share(1, 3, 0, 2);
    const b = share(1, 3, 1, 2);
    const beside = joinParts([part(2, 3, 3), a]);
    expect(beside.pieces.map(it => [it.from, it.to, it.share?.index])).toEqual([
      [1, 2, 0],
      [2, 3, undefined],
    ]);
    expect(missingText(beside)).toBe('capture point 1 of 3 is missing; share 2 of 2 of capture point 2 is missing');
    expect(readPart(JSON.stringify(beside))).toEqual({ part: beside });
    const whole = joinParts([beside, b, part(0, 1, 3)]);
    expect(whole.pieces.map(it => [it.from, it.to, it.share])).toEqual([[0, 3, undefined]]);
    expect(missingText(joinParts([share(0, 1, 1, 4)]))).toBe('shares 1, 3, 4 of 4 of capture point 1 are missing');
  });

  it('number packets behind all of a point of which shares are missing', () => {
    const packets = real.pieces[0]!.found.packets.reduce((sum, count) => sum + count, 0);
    const some = joinParts([share(0, 2, 0, 2, { packets: [], conversations: [] }), part(1, 2, 2)]);
    const [first] = real.pieces[0]!.found.conversations.map(it => it.firstPacket);
    const numbers = partSummary(some).denied.map(it => it.firstPacket);
    expect(Math.min(...numbers)).toBe(first! + packets);
  });

  it('tell the first 10,000 conversations and addresses of all shares of a point apart', () => {
    const [one] = real.pieces[0]!.found.conversations;
    const every = (from: number) =>
      numbers(0, 7000).map(n => ({ ...one!, key: `${2 * n + from}`, firstPacket: 2 * n + from, packets: 3 }));
    const unknown = (from: number) => numbers(from, from + 7000).map(n => [`a${n}`, 2] as const);
    const since = (from: number) => numbers(from, from + 7000);
    const pieces = [0, 1].map(index =>
      share(0, 1, index, 2, { conversations: every(index), unknown: unknown(6000 * index) }, since(6000 * index)),
    );
    const { found } = joinParts(pieces.toReversed()).pieces[0]!;
    expect(found.conversations.map(it => it.firstPacket)).toEqual(numbers(0, 10_000));
    expect(found.others.packets).toBe(3 * 4000 + 2 * real.pieces[0]!.found.others.packets);
    expect(found.unknown).toEqual(numbers(0, 10_000).map(n => [`a${n}`, n >= 6000 && n < 7000 ? 4 : 2]));
    expect(found.unknownOthers).toBe(2 * 3000);
    expect(found.doubts).toBe(undefined);
  });

  it('doubt what limits of one run may have made different', () => {
    const full = joinParts([share(0, 1, 0, 2, {}, [], 60), share(0, 1, 1, 2, {}, [], 40)]).pieces[0]!.found;
    expect(full.doubts).toEqual([expect.stringContaining('held up to 100 connections, one table holds 100,')]);
    expect(joinParts([share(0, 1, 0, 2, {}, [], 60), share(0, 1, 1, 2, {}, [], 39)]).pieces[0]!.found.doubts).toBe(
      undefined,
    );
    const many = joinParts([share(0, 2, 0, 2, { unknownOthers: 1 }), share(0, 2, 1, 2), part(1, 2, 2)]);
    expect(partSummary(many).warnings).toContainEqual(
      expect.stringContaining('one of which saw more than 10000 addresses that nobody owns'),
    );
    expect(readPart(JSON.stringify(many))).toEqual({ part: many });
  });
});

describe('a part with shares', () => {
  interface Loose {
    to: number;
    from: number;
    share: { index: unknown; of: number; since: number[] };
  }
  const wrong = (change: (pieces: Loose[], about: { requests: boolean }) => void): string => {
    const text = JSON.stringify(joinParts([share(0, 2, 0, 3), share(0, 2, 2, 3), part(1, 2, 2)]));
    const value = JSON.parse(text);
    change(value.pieces, value.about);
    const read = readPart(JSON.stringify(value));
    return 'problem' in read ? read.problem : 'none';
  };

  it.each<[string, Parameters<typeof wrong>[0], string]>([
    ['nothing', () => {}, 'none'],
    ['no number', pieces => (pieces[0]!.share.index = 'a'), 'pieces[0].share.index: a whole number was expected'],
    ['an index beyond', pieces => (pieces[1]!.share.index = 3), 'pieces[1]: a share of one point was expected'],
    ['one of one', pieces => (pieces[0]!.share = { ...pieces[0]!.share, of: 1 }), 'a share of one point was expected'],
    ['two points', pieces => (pieces[0]!.to = 2), 'pieces[0]: a share of one point was expected'],
    [
      'another division',
      pieces => (pieces[1]!.share.of = 4),
      'pieces[1]: shares in order, of as many as the one before',
    ],
    ['no order', pieces => (pieces[1]!.share.index = 0), 'pieces[1]: shares in order'],
    [
      'all of them',
      pieces => pieces.splice(1, 0, { ...pieces[0]!, share: { ...pieces[0]!.share, index: 1 } }),
      'one piece was expected',
    ],
    [
      'a whole point beside',
      pieces => Reflect.deleteProperty(pieces[1]!, 'share'),
      'pieces[1]: a share like the one before was expected',
    ],
    ['no beginnings', pieces => pieces[0]!.share.since.push(1), 'pieces[0].share.since: one for each unknown address'],
    ['requests', (_, about) => (about.requests = true), 'a whole point was expected, since requests were read'],
    ['a point twice', pieces => (pieces[2]!.from = 0), 'pieces[2]: a share like the one before was expected'],
  ])('is refused with %s', (_, change, problem) => {
    expect(wrong(change)).toContain(problem);
  });
});
