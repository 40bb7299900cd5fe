/**
 * Parts of one run -> one part (cold).
 *
 * In:  parts, in any order.  Out: all their points; neighbours are one piece. Joining is associative and commutative, and a
 * point that comes twice counts once, so it makes no difference who joins what first (test/parts/property.test.ts).
 * What is found is joined as one replay after the other would have counted it, with nothing cut: summary.ts cuts.
 */
import { OWNERS_KEPT } from '../report/counters.js';
import { type RefusedRequests, requestKey } from '../report/requests.js';
import type { Noticed } from '../verdict/noticed.js';
import { pointsText } from './missing.js';
import {
  type CountedConversation,
  type CountedEnd,
  type CountedRequests,
  type Found,
  type Part,
  PartsDiffer,
  type Piece,
  type Time,
} from './part.js';

/** @throws PartsDiffer @param parts at least one */
export function joinParts(parts: readonly Part[]): Part {
  const first = parts[0]!;
  for (const { run, of } of parts) {
    if (run !== first.run || of !== first.of) {
      throw new PartsDiffer('they are of different runs: other documents, options, captures or another version');
    }
  }
  const pieces = parts
    .flatMap(part => part.pieces)
    // The longest first: what it holds is not taken again.
    .sort((a, b) => a.from - b.from || b.to - a.to);
  const joined: Piece[][] = [];
  let end = -1;
  for (const piece of pieces) {
    if (piece.to <= end) continue;
    if (piece.from < end) {
      throw new PartsDiffer(
        `points ${pointsText([[piece.from, end]])} of the run are in two of them, joined with different others`,
      );
    }
    if (piece.from === end) joined.at(-1)!.push(piece);
    else joined.push([piece]);
    end = piece.to;
  }
  return { ...first, pieces: joined.map(joinPieces) };
}

const joinPieces = (pieces: readonly Piece[]): Piece =>
  pieces.length === 1
    ? pieces[0]!
    : { from: pieces[0]!.from, to: pieces.at(-1)!.to, found: joinFound(pieces.map(({ found }) => found)) };

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Numbers added place by place; an empty list is one of zeros. */
function addUp(lists: readonly (readonly number[])[]): number[] {
  const total: number[] = [];
  for (const list of lists)
    list.forEach((number, i) => {
      total[i] = (total[i] ?? 0) + number;
    });
  return total;
}

/** Objects of numbers, key by key. */
const addFields = <T extends { readonly [K in keyof T]: number }>(objects: readonly T[]): T =>
  Object.fromEntries(
    Object.keys(objects[0]!).map(key => [key, sum(objects.map(object => object[key as keyof T]))]),
  ) as unknown as T;

/** What was found at one point after the other. @param founds at least one */
export function joinFound(founds: readonly Found[]): Found {
  const offsets: number[] = [];
  let packets = 0;
  for (const found of founds) {
    offsets.push(packets);
    packets += sum(found.packets);
  }
  return joinNumbered(founds, offsets);
}

/** @param offsets what is added to packet numbers of each */
export function joinNumbered(founds: readonly Found[], offsets: readonly number[]): Found {
  const pick = <K extends keyof Found>(key: K): Found[K][] => founds.map(found => found[key]);
  return {
    packets: addUp(pick('packets')),
    connections: addUp(pick('connections')),
    conversations: joinConversations(founds, offsets),
    others: addFields(pick('others')),
    hits: founds[0]!.hits.map((_, i) => addUp(founds.map(({ hits }) => hits[i]!))),
    requests: joinRequests(pick('requests'), offsets),
    mesh: joinRequests(pick('mesh'), offsets),
    unknown: addByName(pick('unknown').flat()),
    unknownOthers: sum(pick('unknownOthers')),
    observed: addFields(pick('observed')),
    captures: pick('captures').flat(),
    errors: pick('errors').flat(),
    first: extreme(pick('first'), -1),
    last: extreme(pick('last'), 1),
    // Compiled once for all of them, or once on each machine.
    compileMs: pick('compileMs').reduce((most, ms) => Math.max(most, ms)),
    replayMs: sum(pick('replayMs')),
    noticed: joinNoticed(pick('noticed')),
  };
}

function joinConversations(founds: readonly Found[], offsets: readonly number[]): CountedConversation[] {
  const known = new Map<string, CountedConversation>();
  founds.forEach(({ conversations }, i) => {
    for (const it of conversations) {
      const before = known.get(it.key);
      known.set(
        it.key,
        before === undefined
          ? { ...it, firstPacket: it.firstPacket + offsets[i]! }
          : {
              ...before,
              connections: before.connections + it.connections,
              packets: before.packets + it.packets,
              firstPacket: Math.min(before.firstPacket, it.firstPacket + offsets[i]!),
              source: joinEnds(before.source, it.source),
              destination: joinEnds(before.destination, it.destination),
            },
      );
    }
  });
  return [...known.values()];
}

const joinEnds = (before: CountedEnd, after: CountedEnd): CountedEnd => ({
  ...before,
  pods: [...new Set([...before.pods, ...after.pods])].slice(0, OWNERS_KEPT),
});

function joinRequests(all: readonly (CountedRequests | null)[], offsets: readonly number[]): CountedRequests | null {
  const each = all.filter(it => it !== null);
  if (each.length === 0) return null;
  const known = new Map<string, RefusedRequests>();
  all.forEach((it, i) => {
    for (const group of it?.refused ?? []) {
      const key = requestKey(group);
      const before = known.get(key);
      known.set(
        key,
        before === undefined
          ? { ...group, firstPacket: group.firstPacket + offsets[i]! }
          : { ...before, requests: before.requests + group.requests },
      );
    }
  });
  return {
    counts: addFields(each.map(({ counts }) => counts)),
    refused: [...known.values()],
    others: sum(each.map(({ others }) => others)),
    audited: addByName(each.flatMap(({ audited }) => audited)),
  };
}

/** Numbers by name, in the order of the names' first ones. */
function addByName(pairs: readonly (readonly [string, number])[]): [string, number][] {
  const totals = new Map<string, number>();
  for (const [name, number] of pairs) totals.set(name, (totals.get(name) ?? 0) + number);
  return [...totals];
}

/** @param sign -1 the earliest, 1 the latest */
function extreme(times: readonly (Time | null)[], sign: -1 | 1): Time | null {
  return times.reduce((found, time) => {
    if (found === null || time === null) return found ?? time;
    return (time[0] - found[0] || time[1] - found[1]) * sign > 0 ? time : found;
  }, null);
}

const joinNoticed = (all: readonly Noticed[]): Noticed => {
  const { younger: _, ...numbers } = all[0]!;
  const added = addFields(all.map(({ younger: _younger, ...others }): typeof numbers => others));
  return { ...added, younger: [...new Set(all.flatMap(({ younger }) => younger))] };
};
