/**
 * Policies that change on the way, on random clusters with traffic that is hard to judge: what every packet is told is what a
 * replay under the policies of its connection tells; asked again, under those in force.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameSource } from '../../src/capture/frame.js';
import { type Compiled, compile } from '../../src/compile.js';
import { FRAG_LATER, FRAGMENT, STRIDE } from '../../src/packet/row.js';
import { type PolicyChanges, replay } from '../../src/replay.js';
import type { Report } from '../../src/report/report.js';
import { withRules } from '../kept/rulesets.js';
import { scramble } from '../kept/traffic.js';
import { documentsOf } from '../suggest/run.js';
import { createWorld } from '../suggest/world.js';
import { createRecorder, type PacketRecord } from '../support/replay.js';
import { seed } from '../support/seed.js';

const anySeed = fc.integer({ min: 1, max: 2 ** 30 });
const OUTSIDE = ['203.0.113.7', '198.51.100.1', '2001:db8::7'];

function compileObjects(objects: readonly object[]): Compiled {
  const { compiled, problems } = compile(documentsOf(objects));
  if (compiled === null) throw new Error(JSON.stringify(problems));
  return compiled;
}

async function recordsOf(
  source: FrameSource,
  compiled: Compiled,
  changes?: PolicyChanges,
): Promise<readonly PacketRecord[]> {
  const recorder = createRecorder();
  const options = { captures: ['test'], maxConnections: 4096, ...(changes && { changes }) };
  await replay(source, compiled, options, [recorder]);
  source.close();
  return recorder.records;
}

/** Packets behind the first fragment of their datagram. */
async function fragmentsOf(source: FrameSource, compiled: Compiled): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  const looking: Report = {
    begin() {},
    batch(_frames, { rows, count }, _verdicts, first) {
      for (let i = 0; i < count; i++) if ((rows[i * STRIDE + FRAGMENT]! & FRAG_LATER) !== 0) found.add(first + i);
    },
    end() {},
  };
  await replay(source, compiled, { captures: ['test'], maxConnections: 4096 }, [looking]);
  source.close();
  return found;
}

async function timesOf(source: FrameSource): Promise<number[]> {
  const times: number[] = [];
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    for (let i = 0; i < batch.count; i++) times.push(batch.seconds[i]! + batch.nanoseconds[i]! / 1e9);
  }
  return times;
}

/** From the first packet on that is not older than packet `at`. */
function changeAt(times: readonly number[], at: number, by: Compiled, reevaluates: boolean) {
  const time = times[at]!;
  let isTaken = false;
  const changes: PolicyChanges = {
    reevaluates,
    times: [time],
    take(seconds) {
      if (isTaken || seconds < time) return null;
      isTaken = true;
      return by;
    },
  };
  return { changes, first: times.findIndex(it => it >= time) };
}

/** What random traffic must have met. */
const met = new Map<string, number>();
const meet = (what: string): void => {
  met.set(what, (met.get(what) ?? 0) + 1);
};

describe('policies that change, on traffic that is hard to judge', () => {
  const given = fc.record({ world: anySeed, rules: fc.tuple(anySeed, anySeed), at: fc.nat() });

  const prepared = ({ world, rules }: { world: number; rules: readonly [number, number] }) => {
    const { objects, frames } = createWorld(world);
    const bare = compileObjects(objects);
    const { open } = scramble(world, [...frames, ...frames], [...bare.inventory.byAddress.keys(), ...OUTSIDE]);
    return { open, before: withRules(bare, rules[0]), after: withRules(bare, rules[1]) };
  };

  it('connections keep what they were told', async () => {
    await fc.assert(
      fc.asyncProperty(given, async it => {
        const { open, before, after } = prepared(it);
        const times = await timesOf(open());
        const { changes, first } = changeAt(times, it.at % times.length, after, false);
        const [old, fresh] = [await recordsOf(open(), before), await recordsOf(open(), after)];
        const records = await recordsOf(open(), before, changes);
        const openedBehind = new Map<number, boolean>();
        records.forEach((record, i) => {
          const { connection } = record;
          if (connection > 0 && !openedBehind.has(connection)) openedBehind.set(connection, i >= first);
          const isBehind = connection > 0 ? openedBehind.get(connection)! : i >= first;
          if (i >= first && !isBehind) meet(`kept ${record.marks}`);
          expect(record).toEqual((isBehind ? fresh : old)[i]);
        });
      }),
      { seed, numRuns: 60, endOnFailure: true },
    );
    expect([...met.keys()].some(key => key.includes('translated'))).toBe(true);
  });

  it('connections that are asked again are told what the policies in force say', async () => {
    await fc.assert(
      fc.asyncProperty(given, async it => {
        const { open, before, after } = prepared(it);
        const times = await timesOf(open());
        const { changes, first } = changeAt(times, it.at % times.length, after, true);
        const [old, fresh] = [await recordsOf(open(), before), await recordsOf(open(), after)];
        const records = await recordsOf(open(), before, changes);
        const later = await fragmentsOf(open(), before);
        records.forEach((record, i) => {
          // A datagram has one verdict: that of its first fragment, which may have come before.
          if (later.has(record.packet) && JSON.stringify(record) === JSON.stringify(old[i])) return;
          // A copy shares the verdict of the first one.
          const decided = record.marks.includes('duplicate') ? record.refusedAt - 1 : i;
          const expected = (decided >= first ? fresh : old)[i]!;
          const untold = (it: PacketRecord): unknown => ({ ...it, refusedAt: 0 });
          const isSame = JSON.stringify(untold(record)) === JSON.stringify(untold(expected));
          const isService = (expected.decision?.service ?? -1) >= 0;
          meet(isSame ? (isService ? 'service' : 'same') : 'other backend');
          // Where the pod that it reached is seen no more all backends are asked: no other verdict, or none.
          if (!isSame && isService) expect([expected.verdict, 'undecided']).toContain(record.verdict);
          else expect(untold(record)).toEqual(untold(expected));
        });
      }),
      { seed, numRuns: 60, endOnFailure: true },
    );
    expect(met.get('service')! > 4 * (met.get('other backend') ?? 0)).toBe(true);
  });
});
