/**
 * What was found at several points -> what was found at all of them (cold).
 *
 * In:  a Found a point, in their order.  Out: one Found, as one replay after the other would have counted it, with nothing
 * cut: summary.ts cuts.
 */
import { OWNERS_KEPT } from '../report/counters.js';
import { type RefusedRequests, requestKey } from '../report/requests.js';
import type { Noticed } from '../verdict/noticed.js';
import type { CountedConversation, CountedEnd, CountedRequests, Found, Time } from './part.js';

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
  for (const { captures } of founds) {
    offsets.push(packets);
    // All there are: where shares are missing, verdicts are too.
    packets += sum(captures.map(it => it.packets));
  }
  return joinNumbered(founds, offsets);
}

/** @param offsets what is added to the packet numbers of each */
export function joinNumbered(founds: readonly Found[], offsets: readonly number[]): Found {
  const doubts = founds.flatMap(found => found.doubts ?? []);
  const pick = <K extends keyof Found>(key: K): Found[K][] => founds.map(found => found[key]);
  return {
    packets: addUp(pick('packets')),
    connections: addUp(pick('connections')),
    conversations: joinConversations(pick('conversations'), offsets),
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
    ...(doubts.length > 0 && { doubts }),
  };
}

/** @param offsets what is added to the numbers of packets */
export function joinConversations(
  lists: readonly (readonly CountedConversation[])[],
  offsets: readonly number[],
): CountedConversation[] {
  const known = new Map<string, CountedConversation>();
  lists.forEach((list, i) => {
    for (const it of list) {
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
export function addByName(pairs: readonly (readonly [string, number])[]): [string, number][] {
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
  return { ...all[0]!, ...added, younger: [...new Set(all.flatMap(({ younger }) => younger))].sort() };
};
