/**
 * Policies that change on the way: every packet has the verdict, and is told in the words, that a replay under the policies of
 * its connection alone gives it. Those replays are the specification: in what-if mode the connections of a capture are the same
 * whatever the policies.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Compiled } from '../../src/compile.js';
import { createChangingSummary } from '../../src/parts/changing.js';
import { type PolicyChanges, replay } from '../../src/replay.js';
import { createJsonlReport } from '../../src/report/jsonl.js';
import type { ReplayContext, Report } from '../../src/report/report.js';
import type { Summary, SummaryCollector } from '../../src/report/summary.js';
import { collect } from '../report/fixture.js';
import { batchOf, ethernet, icmp, ipv4, tcp, udp } from '../support/frames.js';
import { compileText, createWatch, sourceOf } from '../support/replay.js';
import { seed } from '../support/seed.js';
import { API_FROM_WEB, API_ONE_CLOSED, CLUSTER, DB_CLOSED, DB_FROM_WEB, WEB_TO_API } from './cluster.js';

const POLICIES = [API_FROM_WEB, API_ONE_CLOSED, DB_CLOSED, DB_FROM_WEB, WEB_TO_API];
/** By bits: which of the policies are in force. */
const compiled = Array.from({ length: 2 ** POLICIES.length }, (_, bits) =>
  compileText(CLUSTER, ...POLICIES.filter((_policy, i) => (bits & (1 << i)) !== 0)),
);
const BEGIN = 1_700_000_000;
const [WEB, DB, API, NODE, OUTSIDE] = ['10.0.1.2', '10.0.2.3', '10.0.1.11', '192.168.0.1', '203.0.113.9'] as const;
const FLOWS = [
  { src: WEB, dst: DB, sport: 40000, dport: 5432 },
  { src: WEB, dst: API, sport: 40000, dport: 8080 },
  { src: OUTSIDE, dst: DB, sport: 40001, dport: 5432 },
  { src: OUTSIDE, dst: API, sport: 40001, dport: 8080 },
  { src: NODE, dst: API, sport: 40000, dport: 8080 },
  { src: API, dst: WEB, sport: 40000, dport: 5432 },
] as const;

interface Packet {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
  readonly flags: string;
  readonly gap: number;
}

const packet: fc.Arbitrary<Packet> = fc
  .record({
    flow: fc.constantFrom(...FLOWS),
    isReply: fc.boolean(),
    flags: fc.constantFrom('S', 'A', 'A', 'R', 'F', 'UDP', 'UDP', 'ICMP'),
    /** Seconds since the packet before it: now and then as many as an entry lives. */
    gap: fc.constantFrom(0, 0, 1, 1, 1, 40, 200),
  })
  .map(({ flow: { src, dst, sport, dport }, isReply, flags, gap }) =>
    isReply
      ? { src: dst, dst: src, sport: dport, dport: sport, flags: flags === 'S' ? 'SA' : flags, gap }
      : { src, dst, sport, dport, flags, gap },
  );
const change = fc.record({ at: fc.nat({ max: 60 }), bits: fc.nat({ max: compiled.length - 1 }) });
const packets = fc.array(packet, { minLength: 1, maxLength: 60, size: 'max' });
const changes = fc.array(change, { minLength: 1, maxLength: 4 });

const frameOf = ({ src, dst, sport, dport, flags }: Packet): Uint8Array =>
  ethernet(
    ipv4(
      { src, dst },
      flags === 'UDP'
        ? udp({ sport, dport })
        : flags.startsWith('ICMP')
          ? icmp({ type: sport < dport ? 0 : 8, id: 7 })
          : tcp({ sport, dport, flags }),
    ),
  );

function timesOf(list: readonly Packet[]): number[] {
  let now = BEGIN;
  return list.map(({ gap }) => {
    now += gap;
    return now;
  });
}

interface Line {
  readonly packet: number;
  readonly connection: number | null;
  readonly verdict: string;
  readonly reason: string;
  readonly refusedAt?: number;
}

interface Run {
  readonly lines: readonly Line[];
  readonly summary: Summary;
}

const keepSummary = (collector: SummaryCollector, keep: (summary: Summary) => void): Report => ({
  begin: collector.begin,
  batch: collector.batch,
  end: result => keep(collector.end(result)),
});

async function run(list: readonly Packet[], by: Compiled, given?: PolicyChanges, mode?: 'dataplane'): Promise<Run> {
  const { batch } = batchOf(list.map(frameOf));
  timesOf(list).forEach((seconds, i) => {
    batch.seconds[i] = seconds;
  });
  const output = collect();
  let summary: Summary;
  const options = {
    captures: ['a.pcap'],
    maxConnections: 1024,
    ...(given && { changes: given }),
    ...(mode && { mode }),
  };
  const keeping = keepSummary(createChangingSummary(), it => {
    summary = it;
  });
  await replay(sourceOf([batch]), by, options, [createJsonlReport(output), keeping]);
  const lines = output.text().trimEnd().split('\n');
  return { lines: lines.map(line => ({ ...JSON.parse(line), schema: undefined })), summary: summary! };
}

/** In force from a time on. */
interface Timed {
  readonly time: number;
  readonly bits: number;
}

const timed = (list: readonly Packet[], given: readonly { at: number; bits: number }[]): Timed[] => {
  const times = timesOf(list);
  const byTime = new Map(given.map(({ at, bits }) => [times[at % times.length]!, bits]));
  return [...byTime].map(([time, bits]) => ({ time, bits })).sort((a, b) => a.time - b.time);
};

function changesOf(all: readonly Timed[], reevaluates: boolean): PolicyChanges {
  let next = 0;
  return {
    reevaluates,
    times: all.map(({ time }) => time),
    take(seconds) {
      let found: Compiled | null = null;
      for (; next < all.length && all[next]!.time <= seconds; next++) found = compiled[all[next]!.bits]!;
      return found;
    },
  };
}

/** Which policies are in force at packet i. */
const bitsAt = (list: readonly Packet[], all: readonly Timed[]): number[] =>
  timesOf(list).map(time => all.findLast(it => it.time <= time)?.bits ?? 0);

describe('in what-if mode', () => {
  it('connections keep the verdicts of the policies that they were opened under', async () => {
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(packets, changes, async (list, given) => {
        const all = timed(list, given);
        const bits = bitsAt(list, all);
        const { lines, summary } = await run(list, compiled[0]!, changesOf(all, false));
        const alone = new Map<number, readonly Line[]>();
        for (const each of new Set(bits)) alone.set(each, (await run(list, compiled[each]!)).lines);
        const openedBy = new Map<number, number>();
        lines.forEach((line, i) => {
          const { connection } = line;
          if (connection !== null && !openedBy.has(connection)) openedBy.set(connection, bits[i]!);
          const by = connection === null ? bits[i]! : openedBy.get(connection)!;
          if (by !== bits[i]) kept++;
          expect(line).toEqual(alone.get(by)![i]);
        });
        expectCounted(lines, summary);
      }),
      { seed, numRuns: 40, endOnFailure: true },
    );
    expect(kept).toBeGreaterThan(100);
  });

  it('connections that are asked again have the verdicts of the policies in force', async () => {
    let changed = 0;
    await fc.assert(
      fc.asyncProperty(packets, changes, async (list, given) => {
        const all = timed(list, given);
        const bits = bitsAt(list, all);
        const { lines, summary } = await run(list, compiled[0]!, changesOf(all, true));
        const alone = new Map<number, readonly Line[]>();
        for (const each of new Set(bits)) alone.set(each, (await run(list, compiled[each]!)).lines);
        lines.forEach((line, i) => {
          const expected = alone.get(bits[i]!)![i]!;
          // It is refused from the change on that refused it.
          expect({ ...line, refusedAt: 0 }).toEqual({ ...expected, refusedAt: 0 });
          if (line.refusedAt !== undefined) expectRefused(lines, i, bits);
          if (i > 0 && bits[i] !== bits[i - 1]) changed += summary.changes!.reduce((sum, it) => sum + it.changed, 0);
        });
        expectCounted(lines, summary);
      }),
      { seed, numRuns: 40, endOnFailure: true },
    );
    expect(changed).toBeGreaterThan(100);
  });
});

describe('in dataplane mode', () => {
  /** The slow model: what a host that tracks connections keeps of each, and the rules as they are now. */
  interface Entry {
    replied: boolean;
    /** What became of it when it was asked again; null: it passes. */
    refused: string | null;
    last: number;
  }
  /** Longer than the gaps between packets add up to, but for the long ones, which are over any timeout. */
  const TIMEOUT = 25;

  const datagrams = fc.array(
    fc.record({
      flow: fc.constantFrom(...FLOWS),
      isReply: fc.boolean(),
      gap: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 200),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  );

  it.each([
    [false, 'rules see the packets of connections without a reply, and no others'],
    [true, 'connections that are asked again are refused both ways'],
  ])('reevaluates: %s: %s', async (reevaluates, _what) => {
    const alone = await Promise.all(compiled.map(by => verdictsAlone(by)));
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(datagrams, changes, async (given, when) => {
        const list = given.map(({ flow: { src, dst, sport, dport }, isReply, gap }) => ({
          ...(isReply ? { src: dst, dst: src, sport: dport, dport: sport } : { src, dst, sport, dport }),
          flags: 'UDP',
          gap,
        }));
        const times = timesOf(list);
        const all = timed(list, when);
        const bits = bitsAt(list, all);
        const { lines } = await run(list, compiled[0]!, changesOf(all, reevaluates), 'dataplane');
        const entries = new Map<string, Entry>();
        const verdicts = list.map((packet, i) => {
          const now = times[i]!;
          const rules = (key: string): string => alone[bits[i]!]!.get(key)!;
          for (const [key, entry] of entries) {
            if (now - entry.last > TIMEOUT) entries.delete(key);
            else if (i > 0 && bits[i] !== bits[i - 1] && reevaluates) {
              asked++;
              entry.refused = rules(key) === 'allowed' ? null : 'dropped';
            }
          }
          const key = keyOf(packet);
          const own = entries.get(key);
          const entry = own ?? entries.get(keyOf(reversed(packet)));
          if (entry === undefined) {
            if (rules(key) === 'allowed') entries.set(key, { replied: false, refused: null, last: now });
            return rules(key);
          }
          entry.last = now;
          if (own === undefined) entry.replied = true;
          if (entry.refused !== null) return entry.refused;
          if (!entry.replied) asked++;
          return entry.replied ? 'allowed' : rules(key);
        });
        expect(lines.map(({ verdict }) => verdict)).toEqual(verdicts);
      }),
      { seed, numRuns: 40, endOnFailure: true },
    );
    expect(asked).toBeGreaterThan(100);
  });

  const reversed = ({ src, dst, sport, dport, ...it }: Packet): Packet => ({
    ...it,
    src: dst,
    dst: src,
    sport: dport,
    dport: sport,
  });
  const keyOf = ({ src, dst, sport, dport }: Packet): string => `${src}:${sport} ${dst}:${dport}`;

  /** What the rules say of each packet, on its own. */
  async function verdictsAlone(by: Compiled): Promise<ReadonlyMap<string, string>> {
    const list = FLOWS.flatMap(flow => {
      const packet = { ...flow, flags: 'UDP', gap: 1000 };
      return [packet, reversed(packet)];
    });
    const { lines } = await run(list, by, undefined, 'dataplane');
    return new Map(list.map((packet, i) => [keyOf(packet), lines[i]!.verdict]));
  }
});

describe('when policies change', () => {
  /** By what is judged from packet `from` (from 0) on. */
  const from = (list: readonly { time: number }[], at: number, by: Compiled, reevaluates: boolean): PolicyChanges => {
    let isTaken = false;
    const { time } = list[at]!;
    return {
      reevaluates,
      times: [time],
      take(seconds) {
        if (isTaken || seconds < time) return null;
        isTaken = true;
        return by;
      },
    };
  };

  interface Sent {
    readonly src: string;
    readonly dst: string;
    readonly sport: number;
    readonly dport: number;
    readonly seq: number;
    readonly flags: string;
    readonly time: number;
  }

  async function told(
    list: readonly Sent[],
    by: Compiled,
    changes: PolicyChanges,
  ): Promise<{ readonly lines: readonly Told[]; readonly summary: Summary; readonly context: ReplayContext }> {
    const frames = list.map(({ src, dst, sport, dport, seq, flags }) =>
      ethernet(ipv4({ src, dst }, flags === 'UDP' ? udp({ sport, dport }) : tcp({ sport, dport, seq, flags }))),
    );
    const { batch } = batchOf(frames);
    list.forEach(({ time }, i) => {
      batch.seconds[i] = Math.floor(time);
      batch.nanoseconds[i] = Math.round((time % 1) * 1e9);
    });
    const output = collect();
    let summary: Summary;
    const keeping = keepSummary(createChangingSummary(), it => {
      summary = it;
    });
    const options = { captures: ['a.pcap'], maxConnections: 1024, changes };
    const watch = createWatch();
    await replay(sourceOf([batch]), by, options, [createJsonlReport(output), keeping, watch]);
    const lines = output.text().trimEnd().split('\n');
    return { lines: lines.map(line => JSON.parse(line) as Told), summary: summary!, context: watch.context() };
  }

  type Told = Line & {
    readonly ingress: { readonly subject: string; readonly verdict: string } | null;
    readonly egress: { readonly subject: string } | null;
  };

  const SERVICE = '10.96.0.5';
  const begin = { src: WEB, dst: SERVICE, sport: 40000, dport: 80, seq: 100, flags: 'S', time: BEGIN };
  const behind = { ...begin, dst: '10.0.2.11', dport: 8080, time: BEGIN + 0.001 };
  const masqueraded = { ...begin, src: NODE, sport: 51000, dst: API, dport: 8080, time: BEGIN + 0.001 };
  const open = compileText(CLUSTER);
  const oneClosed = compileText(CLUSTER, API_ONE_CLOSED);
  const later = (packet: Sent): Sent => ({ ...packet, flags: 'A', seq: 101, time: BEGIN + 10 });

  it('a connection to a service is asked about with the pod that it reached', async () => {
    const list = [begin, behind, later(begin), { ...later(behind), time: BEGIN + 10.001 }];
    const { lines, summary } = await told(list, open, from(list, 2, oneClosed, true));
    expect(lines.map(({ verdict }) => verdict)).toEqual(['allowed', 'allowed', 'allowed', 'allowed']);
    expect(new Set(lines.map(({ connection }) => connection)).size).toBe(1);
    expect(summary.changes).toEqual([{ firstPacket: 3, time: '2023-11-14T22:13:30.000000000Z', asked: 1, changed: 0 }]);
  });

  it('one that nobody saw arrive is undecided where its backends differ then', async () => {
    const list = [begin, later(begin)];
    const { lines } = await told(list, open, from(list, 1, oneClosed, true));
    expect(lines.map(({ verdict, reason }) => `${verdict} ${reason}`)).toEqual([
      'allowed no-policy',
      'undecided ambiguous-policy',
    ]);
  });

  it('one behind a masquerade comes from who began it, and not from the node', async () => {
    const list = [begin, masqueraded, later(begin), { ...later(masqueraded), time: BEGIN + 10.001 }];
    const { lines } = await told(list, open, from(list, 2, oneClosed, true));
    expect(lines.map(({ verdict }) => verdict)).toEqual(['allowed', 'allowed', 'dropped', 'dropped']);
    expect(lines.map(({ ingress }) => ingress?.subject)).toEqual(Array(4).fill('shop/api-1'));
    const alone = [begin, masqueraded, { ...later(masqueraded), time: BEGIN + 500 }];
    // The entry of what was sent is gone by then, and so is its own.
    const { lines: last } = await told(alone, open, from(alone, 2, oneClosed, true));
    expect(last[2]!.verdict).toBe('dropped');
  });

  it('who had an address is told of connections that began then, and who has it now of others', async () => {
    const moved = compileText(
      CLUSTER.replace(
        'name: db, namespace: shop, labels: { app: db }',
        'name: moved, namespace: shop, labels: { app: mv }',
      ),
      DB_CLOSED,
    );
    const first = { src: OUTSIDE, dst: DB, sport: 40001, dport: 5432, seq: 0, flags: 'UDP', time: BEGIN };
    const list = [first, { ...first, time: BEGIN + 5 }, { ...first, sport: 40002, time: BEGIN + 6 }];
    const kept = await told(list, compileText(CLUSTER, DB_CLOSED), from(list, 1, moved, false));
    expect(kept.lines.map(({ verdict, ingress }) => `${verdict} ${ingress?.subject}`)).toEqual([
      'dropped shop/db',
      'dropped shop/db',
      'allowed shop/moved',
    ]);
    expect(kept.summary.denied.map(({ destination, packets }) => [destination.workload, packets])).toEqual([
      ['shop/db', 2],
    ]);
    const asked = await told(list, compileText(CLUSTER, DB_CLOSED), from(list, 1, moved, true));
    expect(asked.lines.map(({ verdict, ingress }) => `${verdict} ${ingress?.subject}`)).toEqual([
      'dropped shop/db',
      'allowed shop/moved',
      'allowed shop/moved',
    ]);
  });

  it('what no connection is decided by any more is let go of, and nothing of it is missing at the end', async () => {
    const first = { src: OUTSIDE, dst: DB, sport: 40001, dport: 5432, seq: 0, flags: 'UDP', time: BEGIN };
    const list = Array.from({ length: 40 }, (_, i) => ({ ...first, sport: 40000 + i, time: BEGIN + 400 * i }));
    let next = 1;
    const changes: PolicyChanges = {
      reevaluates: true,
      times: list.slice(1).map(({ time }) => time),
      take(seconds) {
        if (next === list.length || seconds < list[next]!.time) return null;
        return compiled[next++ % 2 === 0 ? 4 : 8]!;
      },
    };
    const { lines, summary, context } = await told(list, compiled[4]!, changes);
    expect(lines.every(({ verdict }) => verdict === 'dropped')).toBe(true);
    const decisions = context.decisions.map((_, i) => i);
    expect(() => context.of(decisions[0]!)).toThrow('let go of');
    expect(context.of(decisions.at(-1)!)).toBe(context.current());
    expect(summary.changes).toHaveLength(39);
    expect(summary.packets.dropped).toBe(40);
    expect(summary.denied.map(({ packets, ingress }) => [ingress!.policies[0], packets])).toEqual([
      ['shop/closed', 20],
      ['shop/db', 20],
    ]);
    expect(summary.policies.map(({ policy, hits }) => [policy, hits.packets])).toEqual([
      ['shop/db', 20],
      ['shop/closed', 20],
    ]);
  });
});

/** Where it says so its connection was refused, and from there on it was. */
function expectRefused(lines: readonly Line[], i: number, bits: readonly number[]): void {
  const { connection, refusedAt } = lines[i]!;
  const from = refusedAt! - 1;
  expect(from).toBeLessThanOrEqual(i);
  const isChange = from > 0 && bits[from] !== bits[from - 1];
  expect(isChange || lines[from]!.connection === connection).toBe(true);
  for (let at = from; at <= i; at++)
    if (lines[at]!.connection === connection) expect(lines[at]!.verdict).toBe('dropped');
}

/** The summary counts what the lines say. */
function expectCounted(lines: readonly Line[], { packets: counts, denied, changes: told, policies }: Summary): void {
  for (const verdict of ['allowed', 'dropped', 'undecided'] as const) {
    expect(counts[verdict]).toBe(lines.filter(line => line.verdict === verdict).length);
  }
  const refused = lines.filter(({ connection, verdict }) => verdict === 'dropped' && connection !== null).length;
  expect(denied.reduce((sum, it) => sum + it.packets, 0)).toBe(refused);
  expect(new Set(policies.map(({ kind, policy }) => `${kind} ${policy}`)).size).toBe(policies.length);
  expect(told === undefined || told.length > 0).toBe(true);
}
